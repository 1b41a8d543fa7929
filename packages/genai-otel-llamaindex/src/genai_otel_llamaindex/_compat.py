"""The only place that knows which versions and optional packages are there."""

from __future__ import annotations

import sys
from typing import Any


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
