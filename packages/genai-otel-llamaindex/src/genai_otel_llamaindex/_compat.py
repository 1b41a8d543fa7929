"""The only place that knows which versions and optional packages are there."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from genai_otel_core.frames import module_of, running
from genai_otel_core.operations import COMPLETED, INTERRUPTED

if TYPE_CHECKING:
    from llama_index.core.callbacks.base_handler import BaseCallbackHandler

    CallbackHandler = BaseCallbackHandler
else:
    # Importing the framework's takes seconds; `register_callback_handler` does without.
    CallbackHandler = object

_ENGINES = ("llama_index_instrumentation.", "workflows.")
_RESULTS = "workflows.runtime.types.results"
_TO_THE_CALLBACK = 12
"""How many frames may lie between what the engine calls and us."""


def control_flow(error: BaseException) -> str | None:
    """The outcome of a step that a workflow leaves on purpose, None for an error."""
    if isinstance(error, _types("WaitingForEvent", _RESULTS)):
        return INTERRUPTED  # the step runs again, from its start, when the event has come
    done = (*_types("WorkflowDone"), *_types("WorkflowDone", "llama_index.core.workflow.errors"))
    return COMPLETED if isinstance(error, done) else None


def waits_for_event() -> bool:
    """Whether the step whose end is reported right now, with nothing, is left to wait for an event.

    Since workflows 2.16 the engine keeps that from the span and raises it afterwards.
    """
    waiting = _types("WaitingForEvent", _RESULTS)
    return bool(waiting) and any(
        isinstance(frame.f_locals.get("captured_waiting"), waiting)
        for frame in running(_TO_THE_CALLBACK)
        if module_of(frame).startswith(_ENGINES)
    )


def error_of_run() -> BaseException | None:
    """Why a run failed whose end is reported right now as if it had not: what its future or task has.

    Before workflows 2.16 that is told by a callback of the future; the engine's wrapper around a step's error is
    left out.
    """
    for frame in running(_TO_THE_CALLBACK):
        if module_of(frame).startswith(_ENGINES):
            for name in ("future", "task"):
                held = frame.f_locals.get(name)
                if isinstance(held, asyncio.Future) and held.done():
                    error = asyncio.CancelledError() if held.cancelled() else held.exception()
                    wrapped = isinstance(error, _types("WorkflowRuntimeError"))
                    return error.__cause__ or error if wrapped and error is not None else error
    return None


def stopped_by_application(error: BaseException) -> bool:
    """Whether `error` says that the application cancelled the run by its handler, which is no failure."""
    return isinstance(error, _types("WorkflowCancelledByUser"))


def _types(name: str, module: str = "workflows.errors") -> tuple[type[BaseException], ...]:
    found = getattr(sys.modules.get(module), name, None)
    return (found,) if isinstance(found, type) else ()


def run_is_entered_by_caller(arguments: dict[str, Any]) -> bool:
    """Whether a workflow's run span is entered where `run()` is called, and not in the task that runs it.

    Before workflows 2.16 it is: what is made current there would be current in the caller's code.
    """
    return "init_state" not in arguments


def register_callback_handler(cls: type) -> None:
    """Make `cls` a `BaseCallbackHandler` for `isinstance`, without importing the framework for it."""
    base = getattr(sys.modules.get("llama_index.core.callbacks.base_handler"), "BaseCallbackHandler", None)
    if base is not None:
        base.register(cls)
