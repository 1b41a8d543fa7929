"""Streams that a web server sends, to a client that goes before their end."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from models import ScriptedModel

from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler

responses = pytest.importorskip("starlette.responses")


def chain() -> Any:
    model = ScriptedModel(answers=["word " * 20], delay_s=0.002)
    return ChatPromptTemplate.from_template("{q}") | model | StrOutputParser()


async def events(config: Any) -> AsyncIterator[str]:
    async for event in chain().astream_events({"q": "x"}, config, version="v2"):
        yield event["event"]


async def chunks(config: Any) -> AsyncIterator[str]:
    async for chunk in chain().astream({"q": "x"}, config):
        yield chunk


def synchronous(config: Any) -> Iterator[str]:
    yield from chain().stream({"q": "x"}, config)


async def serve(body: Callable[[Any], Any], config: Any, version: str) -> None:
    """Send to a client that is gone after some chunks; how a server learns of it depends on its `version`."""
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
        await responses.StreamingResponse(body(config))(scope, receive, send)
    except Exception:
        assert version == "2.4"
    gc.collect()  # the error that the server raised holds the stream in a cycle
    await asyncio.sleep(0.1)


@pytest.mark.parametrize("version", ["2.3", "2.4"])
@pytest.mark.parametrize("body", [events, chunks, synchronous])
async def test_a_client_that_goes_leaves_no_error(body: Any, version: str, seen: Capture) -> None:
    """Cancelled or dropped by the server: the stream is abandoned, and what lies below it ends within it."""
    if body is events and version == "2.4" and sys.version_info < (3, 11):
        pytest.skip("here a dropped generator looks like a cancellation")
    handler = Handler(**seen.providers)
    await serve(body, {"callbacks": [handler]}, version)
    assert handler.telemetry.open_runs == 0
    assert seen.tree() == "invoke_workflow\n  chat scripted-1"
    chat, workflow = seen.span("chat scripted-1"), seen.span("invoke_workflow")
    assert workflow.attributes["genai_otel.outcome"] == "abandoned"
    assert all(span.status.is_unset and "error.type" not in span.attributes for span in (chat, workflow))
    assert chat.end_time <= workflow.end_time
