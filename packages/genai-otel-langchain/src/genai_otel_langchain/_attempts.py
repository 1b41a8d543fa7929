"""Which attempt a call is, where what calls it tells: `with_retry`, an agent's middleware, a node's retry policy."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from genai_otel_core.frames import module_of
from genai_otel_core.operations import Inference, Operation, Step, ToolExecution
from genai_otel_langchain._classify import Role
from genai_otel_langchain._compat import ASYNC_CONTEXT_REACHES_CODE
from genai_otel_langchain._peek import Caller

_TAG = "retry:attempt:"
_NODE = Role.NODE.value
_NUMBERED = (Inference, ToolExecution, Step)
_MIDDLEWARE = "langchain.agents.middleware"
_TRYING = frozenset(f"{_MIDDLEWARE}.{name}" for name in ("model_retry", "tool_retry", "model_fallback"))
_AGENTS = "langgraph.pregel"
# Beyond these, it is the call around this one that is tried.
_OUTERMOST = {
    "langchain.agents.factory": frozenset({"model_node", "amodel_node"}),
    "langchain_core.tools.base": frozenset({"run", "arun"}),
    "langgraph.prebuilt.tool_node": frozenset({"_run_one", "_arun_one"}),
}
_FRAMEWORK = ("langchain", "langgraph")
_IN_A_GRAPH = "langgraph_node"
_passed: dict[int, dict[str, Any]] = {}
"""The globals of the framework's modules that were met and say nothing, by their address."""
_NODE_TRIERS = ("run_with_retry", "arun_with_retry")
_FRAMES_OF_A_NODE = 3
_MAX_FRAMES = 60


def number(op: Operation, place: Mapping[str, Any], is_root: bool, seen: Caller | None) -> int | None:
    """Return the attempt's number: `with_retry` tells it from the second on, others are known by their frames.

    It cannot be seen who calls a synchronous tool of an asynchronous agent, which runs in a thread.
    """
    for tag in place["tags"]:
        if isinstance(tag, str) and tag.startswith(_TAG) and tag[len(_TAG) :].isdecimal():
            return int(tag[len(_TAG) :])
    if seen is None or not isinstance(op, _NUMBERED):
        return None
    if isinstance(op, Step):
        return _attempt_of_node(seen.frame.f_back) if op.kind == _NODE else None
    if _MIDDLEWARE not in sys.modules:
        return None
    if ASYNC_CONTEXT_REACHES_CODE and (is_root or _IN_A_GRAPH not in (place["metadata"] or ())):
        return None  # middleware works in an agent
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
        if id(frame.f_globals) not in _passed:
            module = module_of(frame)
            if module in _TRYING:
                return True
            if frame.f_code.co_name in _OUTERMOST.get(module, ()) or module.startswith(_AGENTS):
                return False
            if module.startswith(_FRAMEWORK) and module not in _OUTERMOST:  # asked for every call of an agent
                _passed[id(frame.f_globals)] = frame.f_globals
        frame = frame.f_back
    return False
