"""The only place that knows which versions and optional packages are there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import BaseCallbackHandler

if TYPE_CHECKING:
    GraphCallbackHandler = BaseCallbackHandler
else:
    try:
        # langgraph >= 1.1.10 tells interrupts and resumptions to subclasses of this only.
        from langgraph.callbacks import GraphCallbackHandler
    except Exception:  # an older or broken langgraph must not break the import
        GraphCallbackHandler = BaseCallbackHandler

GRAPHS_TELL_INTERRUPTS = GraphCallbackHandler is not BaseCallbackHandler

# Before 3.11 asyncio cannot run a task in a given context, so LangChain's own context variable does not
# reach the code inside a runnable.
ASYNC_CONTEXT_REACHES_CODE = sys.version_info >= (3, 11)


def control_flow_types() -> tuple[type[BaseException], type[BaseException] | None] | None:
    """Return LangGraph's `GraphBubbleUp` and `ParentCommand`, if LangGraph is in use."""
    errors = sys.modules.get("langgraph.errors")
    bubble_up: Any = getattr(errors, "GraphBubbleUp", None)
    if bubble_up is None:
        # langgraph 0.2 had no common base
        bubble_up = getattr(errors, "GraphInterrupt", None)
    if bubble_up is None:
        return None
    return bubble_up, getattr(errors, "ParentCommand", None)
