"""Content kept apart from spans, through LangChain: an agent's run leaves documents, and spans their addresses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from agents import make_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from models import ScriptedModel, asks

from genai_otel_core import masks
from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler

QUESTION = [
    {"type": "text", "text": "What does jane@example.com see here?"},
    {"type": "image", "base64": "QUJD", "mime_type": "image/png"},
]
URI = "genai_otel.content.uri"


@tool
def look(where: str) -> dict[str, Any]:
    """Look somewhere."""
    return {"seen": "a cat of joe@example.com", "api_key": "sk-1"}


def agent() -> Any:
    return make_agent(ScriptedModel(answers=[asks("look", where="there"), "a cat"]), [look])


def images(folder: Path) -> list[Path]:
    """The images in a folder."""
    return list(folder.rglob("*.png"))


def documents(seen: Capture) -> dict[str, Any]:
    """What each span's address leads to, by the span's name; the last of those that share one."""
    return {
        span.name: json.loads(Path(span.attributes[URI].removeprefix("file://")).read_text(encoding="utf-8"))
        for span in seen.spans
        if URI in span.attributes
    }


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_agent_s_content_is_in_the_store(tmp_path: Path, seen: Capture, streamed: bool) -> None:
    """Questions, answers, tools and media of an agent's run are in a folder, masked; on spans there is no word."""
    handler = Handler(
        capture_content="span", content_store=str(tmp_path), mask=masks.common(), **seen.providers
    )
    given, config = {"messages": [HumanMessage(QUESTION)]}, {"callbacks": [handler]}
    if streamed:
        [chunk async for chunk in agent().astream(given, config)]
    else:
        agent().invoke(given, config)
    assert handler.telemetry.flush()
    kept = documents(seen)
    assert kept["execute_tool look"]["arguments"] == {"where": "there"}
    assert kept["execute_tool look"]["result"] == {"content": '{"seen": "a cat of [e-mail]"}'}
    chat = kept["chat scripted-1"]
    assert chat["output_messages"][0]["parts"] == [{"type": "text", "content": "a cat"}]
    text, image = chat["input_messages"][0]["parts"]
    assert text["content"] == "What does [e-mail] see here?"
    assert [(path.as_uri(), path.read_bytes()) for path in images(tmp_path)] == [(image["uri"], b"ABC")]
    everything = str([(span.name, dict(span.attributes), span.events) for span in seen.spans])
    for word in ("cat", "there", "see here", "QUJD", "example.com"):
        assert word not in everything


def test_one_call_asks_for_it(tmp_path: Path, seen: Capture) -> None:
    """With content off, a call whose metadata asks for content has documents, and no other has."""
    handler = Handler(content_store=str(tmp_path), **seen.providers)
    model = ScriptedModel(answers=["fine"])
    model.invoke("first", {"callbacks": [handler]})
    model.invoke("second", {"callbacks": [handler], "metadata": {"genai_otel.capture_content": "span"}})
    assert handler.telemetry.flush()
    assert [URI in span.attributes for span in seen.spans] == [False, True]
    (file,) = tmp_path.rglob("*.json")
    assert "second" in file.read_text(encoding="utf-8")
