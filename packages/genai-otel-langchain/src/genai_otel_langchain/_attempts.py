"""Which attempt a call is, where what calls it tells: `with_retry`, an agent's middleware, a node's retry policy."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from genai_otel_core.frames import module_of
from genai_otel_core.operations import Inference, Operation, Step, ToolExecution
from genai_otel_langchain._classify import Role
from genai_otel_langchain._compat import ASYNC_CONTEXT_REACHES_CODE
from genai_otel_langchain._context import tags_of
from genai_otel_langchain._peek import Caller

_tried_again = re.compile(r"retry:attempt:(\d+)").fullmatch
_NODE = Role.NODE.value
_NUMBERED = (Inference, ToolExecution, Step)
_MIDDLEWARE = "langchain.agents.middleware"
_TRYING = frozenset(f"{_MIDDLEWARE}.{name}" for name in ("model_retry", "tool_retry", "model_fallback"))
_AGENTS = "langgraph.pregel"
# The functions whose frames tell something, and the module of those that make what may be tried: beyond, it is the
# call around this one that is.
_TELLING = {
    **dict.fromkeys(("wrap_model_call", "awrap_model_call", "wrap_tool_call", "awrap_tool_call"), _AGENTS),
    **dict.fromkeys(("run_with_retry", "arun_with_retry", "tick", "atick"), _AGENTS),
    **dict.fromkeys(("model_node", "amodel_node"), "langchain.agents.factory"),
    **dict.fromkeys(("_run_one", "_arun_one"), "langgraph.prebuilt.tool_node"),
    **dict.fromkeys(("run", "arun"), "langchain_core.tools.base"),
}
_IN_A_GRAPH = "langgraph_node"
_NODE_TRIERS = ("run_with_retry", "arun_with_retry")
_FRAMES_OF_A_NODE = 3
_MAX_FRAMES = 60


def number(op: Operation, place: Mapping[str, Any], is_root: bool, seen: Caller | None) -> int | None:
    """Return the attempt's number: `with_retry` tells it from the second on, others are known by their frames.

    It cannot be seen who calls a synchronous tool of an asynchronous agent, which runs in a thread.
    """
    for found in filter(None, map(_tried_again, tags_of(place))):
        return int(found[1])
    if seen is None or not isinstance(op, _NUMBERED):
        return None
    if isinstance(op, Step):
        return _attempt_of_node(seen.frame.f_back) if op.kind == _NODE else None
    # Middleware works in an agent.
    if ASYNC_CONTEXT_REACHES_CODE and (is_root or _IN_A_GRAPH not in (place["metadata"] or ())):
        return None
    if _MIDDLEWARE not in sys.modules:
        return None
    return 1 if _is_tried(seen.frame.f_back) else None


def _attempt_of_node(frame: FrameType | None) -> int | None:
    """Which attempt LangGraph makes at a node that has a retry policy, if that is what called `frame`."""
    for _ in range(_FRAMES_OF_A_NODE):
        if frame is None:
            return None
        if frame.f_code.co_name in _NODE_TRIERS:
            variables = frame.f_locals
            failed = variables.get("attempts")
            return failed + 1 if variables.get("retry_policy") and isinstance(failed, int) else None
        frame = frame.f_back
    return None


def _is_tried(frame: FrameType | None) -> bool:
    """Whether middleware called `frame` that may do so again, or call something else instead."""
    for _ in range(_MAX_FRAMES):
        if frame is None:
            return False
        if frame.f_code.co_name in _TELLING:
            module = module_of(frame)
            if module in _TRYING:
                return True
            if module.startswith(_TELLING[frame.f_code.co_name]):
                return False
        frame = frame.f_back
    return False
