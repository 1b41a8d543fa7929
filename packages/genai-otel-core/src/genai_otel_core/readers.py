"""Who reads a stream: a web server that cancels it when its client has gone is a reader who left, no failure."""

from __future__ import annotations

from types import FrameType

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
        if str(frame.f_globals.get("__name__", "")).startswith(_SERVERS):
            return True
        frame = frame.f_back
    return False
