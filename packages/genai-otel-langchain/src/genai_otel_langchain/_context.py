"""Where a run belongs: its parent, whether its reader shares its context, its conversation, and what is no failure."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from langchain_core.runnables.config import var_child_runnable_config

from genai_otel_core import Telemetry
from genai_otel_core.guard import attempt
from genai_otel_core.operations import (
    ABANDONED,
    COMPLETED,
    INTERRUPTED,
    AgentInvocation,
    WorkflowInvocation,
)
from genai_otel_core.plain import mapping
from genai_otel_core.runs import Run
from genai_otel_core.suppression import is_left_out
from genai_otel_langchain._compat import (
    ASYNC_CONTEXT_REACHES_CODE,
    GRAPHS_TELL_INTERRUPTS,
    control_flow_types,
)
from genai_otel_langchain._libraries import client_library
from genai_otel_langchain._peek import Caller, caller, is_read_by_framework
from genai_otel_langchain._readers import left_by_reader

_GRAPHS = (AgentInvocation, WorkflowInvocation)
_CONVERSATION_KEYS = ("thread_id", "session_id", "conversation_id")
_CONVERSATION_NAMES = frozenset(_CONVERSATION_KEYS)
_TOLD = ("parent_run_id", "metadata", "tags")
_NOTHING: Mapping[str, Any] = {}


def parentage(telemetry: Telemetry, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Telemetry.start` that the callback alone tells."""
    named, metadata, tags = map(kwargs.get, _TOLD)
    known = mapping(metadata) or None
    above = run_of_this_code()
    if named is not None and above is not named:
        above = named if above is None else run_above(telemetry, named)
    return {
        "parent_id": above,
        "metadata": known,
        "tags": tags if isinstance(tags, list) else (),
        "suppressed": known is not None and is_left_out(known),
    }


def tags_of(place: Mapping[str, Any]) -> Sequence[str]:
    """A run's tags, as far as they are texts."""
    return [tag for tag in place["tags"] if isinstance(tag, str)]


def add_caller(place: dict[str, Any], telemetry: Telemetry, seen: Caller | None, is_model: bool) -> None:
    """Add to the arguments of `Telemetry.start` what the caller tells of where a run belongs."""
    if seen is None:
        return
    frame = seen.frame
    # Equal for runs that one call starts together.
    place["origin"] = id(frame), frame.f_code
    if is_model:
        place["library"] = client_library(seen.runnable)
    if not seen.is_stream or not seen.is_read_by_application:
        return
    place["streamed"] = True
    if seen.is_async_stream:
        place["left"] = left_by_reader(frame)
    # The reader of a stream shares the generator's context; the code inside has LangChain's variable.
    if seen.streams_from_a_task:
        reader = _task()
        place["visible"] = lambda run: _task() is not reader
    elif is_model:
        pass  # current until its first chunk: the request is made before the reader sees anything
    elif seen.is_async_stream and not ASYNC_CONTEXT_REACHES_CODE:
        place["attach"] = False
    else:
        place["visible"] = lambda run: _is_inside(telemetry, run)


def run_above(telemetry: Telemetry, parent_run_id: object) -> Any:
    """The id of the run that a run is really a child of, given what LangChain names as such.

    `with_fallbacks` reports its own run, and then runs what it wraps as children of the run above, if any.
    """
    inside = run_of_this_code()
    found = None if inside is None else telemetry.find(inside)
    if found is None or getattr(found.note, "rule", None) != "fallback":
        return parent_run_id
    above = None if found.parent is None else found.parent.id
    return inside if above == parent_run_id or parent_run_id is None else parent_run_id


def leave_stream_above(run: Run | None, error: BaseException | None = None) -> None:
    """Note that the reader of the stream that `run` is part of has gone, if `run` was closed and not from within.

    Garbage is closed in any order, so the outer stream may end after its parts, as if it were complete. What
    feeds a part that is closed, LangChain reads to its end, which then is no error.
    """
    above = None if run is None else run.stream_above
    if above is None or above.left is not None or above.operation is None or run_of_this_code() is not None:
        return
    if is_read_by_framework() if error is None else isinstance(error, GeneratorExit):
        above.operation.outcome = ABANDONED


def _task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no running loop: a thread
        return None


def run_of_this_code() -> Any:
    """The id of the LangChain run whose code is running, None outside of one."""
    config = var_child_runnable_config.get()
    return None if config is None else getattr(mapping(config).get("callbacks"), "parent_run_id", None)


def _is_inside(telemetry: Telemetry, run: Run) -> bool:
    found = telemetry.find(run_of_this_code())
    return found is not None and found.is_within(run)


def is_resumption(inputs: object) -> bool:
    """Whether a graph is called to go on: with a `Command`, or with nothing."""
    return inputs is None or type(inputs).__name__ == "Command"


def outcome(run: Run) -> str:
    """How a chain's run that ends without error has ended; older graphs tell of a breakpoint only in their loop."""
    op = run.operation
    if op is None:
        return COMPLETED
    if run.streamed and op.outcome == COMPLETED and attempt("left stream", _is_left):
        return ABANDONED
    if GRAPHS_TELL_INTERRUPTS or op.outcome != COMPLETED or not isinstance(op, _GRAPHS):
        return op.outcome
    return INTERRUPTED if attempt("breakpoint", _stands_at_breakpoint) else COMPLETED


def _is_left() -> bool:
    seen = caller()
    return seen is not None and seen.is_left


def _stands_at_breakpoint() -> bool:
    seen = caller()
    status = None if seen is None else getattr(seen.loop, "status", None)
    return isinstance(status, str) and status.startswith("interrupt")


def interrupt_ids(interrupts: object) -> list[str]:
    """The ids of LangGraph's interrupts, older ones under their older name."""
    waiting = interrupts if isinstance(interrupts, (list, tuple)) else ()
    ids = [getattr(one, "id", None) or getattr(one, "interrupt_id", None) for one in waiting]
    return [one for one in ids if isinstance(one, str)]


def conversation_id(metadata: Mapping[str, Any] | None, is_root: bool, seen: Caller | None) -> str | None:
    """The conversation that the application named, if it did; runs below have it from the root."""
    told = _NOTHING if metadata is None or _CONVERSATION_NAMES.isdisjoint(metadata) else metadata
    if seen is None or not (is_root or told):
        return _conversation_in(told)
    # What configures a run newer versions do not copy to its metadata, and older graphs only the first time,
    # to metadata that they keep (https://github.com/langchain-ai/langgraph/issues/7441).
    configured = mapping(seen.config).get("configurable")
    asked = _NOTHING if configured is None else mapping(configured)
    return _conversation_in(told or asked, asked)


def _conversation_in(known: Mapping[str, Any], rather: Mapping[str, Any] = _NOTHING) -> str | None:
    for key in _CONVERSATION_KEYS if known else ():
        if key in known:
            found = _as_id(rather.get(key)) or _as_id(known[key])
            if found is not None:
                return found
    return None


def _as_id(value: object) -> str | None:
    if isinstance(value, (int, UUID)) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def control_flow(error: BaseException) -> str | None:
    """Return the outcome of an error that is none: LangGraph leaves nodes by raising. None for real errors."""
    types = control_flow_types()
    if types is None or not isinstance(error, types[0]):
        return None
    return COMPLETED if types[1] is not None and isinstance(error, types[1]) else INTERRUPTED
