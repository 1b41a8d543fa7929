"""A stream that a web server sends to a client that is gone before its end."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

from starlette.responses import StreamingResponse

from genai_otel_core import Telemetry


async def serve_who_leaves(body: Callable[[], Any], telemetry: Telemetry, version: str = "2.3") -> None:
    """Send what `body` gives to a client that soon goes, until `telemetry` has no open run.

    How a server learns that its client is gone depends on its `version`.
    """
    sent: list[Any] = []
    gone = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 6:
            gone.set()
            if version == "2.4":
                raise OSError

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/", "asgi": {"spec_version": version}}
    try:
        await StreamingResponse(body())(scope, receive, send)
    except Exception:
        assert version == "2.4"
    for _ in range(500):
        gc.collect()  # the error that the server raised holds the stream in a cycle
        if telemetry.open_runs == 0:
            return
        await asyncio.sleep(0.01)
