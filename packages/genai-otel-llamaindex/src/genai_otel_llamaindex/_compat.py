"""The only place that knows which versions and optional packages are there."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from genai_otel_core.frames import module_of, running

_ENGINES = ("llama_index_instrumentation.", "workflows.")
_TO_THE_CALLBACK = 12
"""How many frames may lie between what the engine calls and us."""


def control_flow_types() -> tuple[type[BaseException], ...]:
    """The exceptions by which workflows leave a step on purpose, of the versions in use."""
    found = []
    for module, name in (
        ("workflows.errors", "WorkflowDone"),
        ("llama_index.core.workflow.errors", "WorkflowDone"),
        ("workflows.runtime.types.results", "WaitingForEvent"),
    ):
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type):
            found.append(kind)
    return tuple(found)


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


def _types(name: str) -> tuple[type[BaseException], ...]:
    found = getattr(sys.modules.get("workflows.errors"), name, None)
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
