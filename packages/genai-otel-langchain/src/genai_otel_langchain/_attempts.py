"""Which attempt a call is, where LangChain or the code that calls it tells: `with_retry`, an agent's middleware."""

from __future__ import annotations

import sys
from types import FrameType

from genai_otel_core.operations import Inference, Operation, ToolExecution
from genai_otel_langchain._peek import Caller

_TAG = "retry:attempt:"
_MIDDLEWARE = "langchain.agents.middleware"
_TRYING = frozenset(f"{_MIDDLEWARE}.{name}" for name in ("model_retry", "tool_retry", "model_fallback"))
_AGENTS, _TOOLS = "langgraph.pregel", "langchain_core.tools.base"
_MAX_FRAMES = 60


def number(op: Operation, tags: object, seen: Caller | None) -> int | None:
    """Return the attempt's number: `with_retry` tells it from the second on, middleware is known by its frames.

    It cannot be seen who calls a synchronous tool of an asynchronous agent, which runs in a thread.
    """
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str) and tag.startswith(_TAG) and tag[len(_TAG) :].isdecimal():
            return int(tag[len(_TAG) :])
    if seen is None or _MIDDLEWARE not in sys.modules or not isinstance(op, (Inference, ToolExecution)):
        return None
    return 1 if _is_tried(seen.frame.f_back) else None


def _is_tried(frame: FrameType | None) -> bool:
    """Whether the call that `frame` reports is made by middleware that may try again, or something else."""
    for _ in range(_MAX_FRAMES):
        frame = None if frame is None else frame.f_back
        if frame is None:
            return False
        module = str(
            frame.f_globals.get("__name__")
        )  # not `module_of`: this is asked for every call of an agent
        if module in _TRYING:
            return True
        # Beyond these, it is the call around this one that is tried.
        if module.startswith(_AGENTS) or (module == _TOOLS and frame.f_code.co_name in ("run", "arun")):
            return False
    return False
