"""Who reads a stream: what cancels it on behalf of a reader who has gone means no failure."""

from __future__ import annotations

import asyncio
from types import FrameType

from genai_otel_core.frames import module_of
from genai_otel_core.guard import attempt
from genai_otel_core.waiting import awaiting, suspended

_SERVERS = (
    "starlette.responses",
    "sse_starlette",
    "litestar.response",
    "quart.wrappers",
    "quart.asgi",
    "sanic.",
    "aiohttp.web",
    "django.core.handlers",
    "hypercorn",
    "uvicorn",
)
_MAX_FRAMES = 60


def is_served(frame: FrameType | None) -> bool:
    """Whether `frame` was called, through whatever generators, by a web server's response."""
    for _ in range(_MAX_FRAMES):
        if frame is None:
            return False
        if _serves(frame):
            return True
        frame = frame.f_back
    return False


def reader_left(task: asyncio.Task[object]) -> bool:
    """Whether a `task` that reads a stream for another was cancelled because that one stopped, and is well.

    The other awaits its end then. Before Python 3.11 a task does not tell that it is being cancelled: there
    only web servers are known to have gone.
    """
    return attempt("reader_left", _reader_left, task) or False


def _reader_left(task: asyncio.Task[object]) -> bool:
    reader = awaiting(task)
    if reader is None:
        return False
    cancelling = getattr(reader, "cancelling", None)
    return (cancelling is not None and not cancelling()) or serves(reader)


def serves(task: asyncio.Task[object]) -> bool:
    """Whether a suspended task runs a web server's response."""
    return any(map(_serves, suspended(task)))


def _serves(frame: FrameType) -> bool:
    return module_of(frame).startswith(_SERVERS)
