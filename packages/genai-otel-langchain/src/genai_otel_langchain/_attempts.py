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
_MIDDLEWARE = "langchain.agents.middleware"
_TRYING = frozenset(f"{_MIDDLEWARE}.{name}" for name in ("model_retry", "tool_retry", "model_fallback"))
_AGENTS, _TOOLS = "langgraph.pregel", "langchain_core.tools.base"
_FRAMEWORK = ("langchain", "langgraph")
_OTHER, _TRIES, _RUNS_AGENTS, _RUNS_TOOLS = "other", "tries", "runs agents", "runs tools"
_modules: dict[int, tuple[str, dict[str, Any]]] = {}
"""What the framework's modules that were met do, by the address of their globals, which are kept with it."""
_NODE_TRIERS = ("run_with_retry", "arun_with_retry")
_FRAMES_OF_A_NODE = 3
_MAX_FRAMES = 60


def number(op: Operation, kwargs: Mapping[str, Any], seen: Caller | None) -> int | None:
    """Return the attempt's number: `with_retry` tells it from the second on, others are known by their frames.

    It cannot be seen who calls a synchronous tool of an asynchronous agent, which runs in a thread.
    """
    tags = kwargs.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str) and tag.startswith(_TAG) and tag[len(_TAG) :].isdecimal():
            return int(tag[len(_TAG) :])
    if seen is None:
        return None
    if isinstance(op, Step) and op.kind == Role.NODE.value:
        return _attempt_of_node(seen.frame.f_back)
    if not isinstance(op, (Inference, ToolExecution)) or _MIDDLEWARE not in sys.modules:
        return None
    if ASYNC_CONTEXT_REACHES_CODE and kwargs.get("parent_run_id") is None:
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
    known = _modules
    for _ in range(_MAX_FRAMES):
        if frame is None:
            return False
        found, _ = known.get(id(frame.f_globals)) or _module(frame)
        if found is not _OTHER:
            if found is _TRIES:
                return True
            # Beyond these, it is the call around this one that is tried.
            if found is _RUNS_AGENTS or frame.f_code.co_name in ("run", "arun"):
                return False
        frame = frame.f_back
    return False


def _module(frame: FrameType) -> tuple[str, dict[str, Any]]:
    name = module_of(frame)
    found = _OTHER
    if name in _TRYING:
        found = _TRIES
    elif name.startswith(_AGENTS):
        found = _RUNS_AGENTS
    elif name == _TOOLS:
        found = _RUNS_TOOLS
    told = found, frame.f_globals
    if name.startswith(_FRAMEWORK):  # asked for every call of an agent
        _modules[id(frame.f_globals)] = told
    return told
