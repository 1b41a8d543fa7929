"""The only place that knows which versions and optional packages are there."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

from genai_otel_core.errors import is_cancellation


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


def failure_of_run(step_errors: Collection[BaseException]) -> BaseException:
    """Why a run failed that exits as if it had not: a step's error, or the timeout that cancelled them."""
    for error in step_errors:
        if not is_cancellation(error):
            return error
    timeout = getattr(sys.modules.get("workflows.errors"), "WorkflowTimeoutError", TimeoutError)
    return timeout() if issubclass(timeout, BaseException) else TimeoutError()


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
