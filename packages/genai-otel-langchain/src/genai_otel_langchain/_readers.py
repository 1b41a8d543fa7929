"""Who reads an asynchronous stream, and whether a cancellation means that nobody reads it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import FrameType
from typing import Any

from genai_otel_core.frames import module_of
from genai_otel_core.guard import attempt
from genai_otel_core.readers import is_served, reader_left, serves
from genai_otel_core.waiting import awaiting, suspended

# `astream_events` and `astream_log` read the stream in a task of their own, and cancel it when they are left.
_EVENTS = "langchain_core.tracers."
_EVENT_HANDLERS = ("event_streamer", "stream")


def left_by_reader(frame: FrameType) -> Callable[[], bool]:
    """Return what tells at a cancellation of the stream made by `frame` whether only its reader has left."""
    if is_served(frame.f_back):
        return _always
    task = asyncio.current_task()
    outermost = None if task is None else next(suspended(task), None)
    if task is None or outermost is None or not module_of(outermost).startswith(_EVENTS):
        return _never
    # A web server may be gone by then: it does not wait for what it has cancelled.
    if attempt("served events", _serves_events, outermost):
        return _always
    return lambda: reader_left(task)


def _serves_events(writer: FrameType) -> bool:
    # The reader waits for the first event, in the queue that the task's code fills.
    held: dict[str, Any] = writer.f_locals
    handler = next((held[name] for name in _EVENT_HANDLERS if name in held), None)
    queue = getattr(getattr(handler, "receive_stream", None), "_queue", None)
    readers = [awaiting(future) for future in getattr(queue, "_getters", ())]
    return any(serves(reader) for reader in readers if reader is not None)


def _always() -> bool:
    return True


def _never() -> bool:
    return False
