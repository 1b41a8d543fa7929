"""Streams that a web server sends, to a client that goes before their end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from models import ScriptedModel

from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler
from serving import serve_who_leaves


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


@pytest.mark.parametrize("version", ["2.3", "2.4"])
@pytest.mark.parametrize("body", [events, chunks, synchronous])
async def test_a_client_that_goes_leaves_no_error(body: Any, version: str, seen: Capture) -> None:
    """Cancelled or dropped by the server: the stream is abandoned, and what lies below it ends within it."""
    handler = Handler(**seen.providers)
    await serve_who_leaves(lambda: body({"callbacks": [handler]}), handler.telemetry, version)
    assert handler.telemetry.open_runs == 0
    assert seen.tree() == "invoke_workflow\n  chat scripted-1"
    chat, workflow = seen.span("chat scripted-1"), seen.span("invoke_workflow")
    assert workflow.attributes["genai_otel.outcome"] == "abandoned"
    assert all(span.status.is_unset and "error.type" not in span.attributes for span in (chat, workflow))
    assert chat.end_time <= workflow.end_time
