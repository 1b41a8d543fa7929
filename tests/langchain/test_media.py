"""Media in messages, in every form that providers have, is told by its hash; a tool's too."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from models import ScriptedModel

from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler

BYTES = b"media" * 200
DATA = base64.b64encode(BYTES).decode()
HASH = hashlib.sha256(BYTES).hexdigest()


def reference(modality: str, mime_type: str) -> dict[str, Any]:
    """What stands for the media."""
    return {
        "type": "blob",
        "modality": modality,
        "mime_type": mime_type,
        "content": "",
        "sha256": HASH,
        "size": len(BYTES),
        "omitted": f"[omitted {len(BYTES)} bytes]",
    }


@pytest.mark.parametrize(
    ("block", "modality", "mime_type"),
    [
        ({"type": "image", "base64": DATA, "mime_type": "image/png"}, "image", "image/png"),
        (
            {"type": "image", "source_type": "base64", "data": DATA, "mime_type": "image/png"},
            "image",
            "image/png",
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}},
            "image",
            "image/png",
        ),
        ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}}, "image", "image/png"),
        ({"type": "image_url", "image_url": f"data:image/png;base64,{DATA}"}, "image", "image/png"),
        ({"type": "input_audio", "input_audio": {"data": DATA, "format": "wav"}}, "audio", "audio/wav"),
        (
            {
                "type": "file",
                "file": {"file_data": f"data:application/pdf;base64,{DATA}", "filename": "a.pdf"},
            },
            "document",
            "application/pdf",
        ),
        ({"type": "media", "mime_type": "video/mp4", "data": DATA}, "video", "video/mp4"),
        ({"type": "media", "mime_type": "application/pdf", "data": DATA}, "document", "application/pdf"),
    ],
)
def test_media_of_a_message(block: Any, modality: str, mime_type: str, seen: Capture) -> None:
    """However a provider has it, inline media becomes hash, size and type."""
    handler = Handler(capture_content="span", **seen.providers)
    ScriptedModel(answers=["a"]).invoke([HumanMessage([block])], {"callbacks": [handler]})
    (span,) = seen.spans
    (message,) = json.loads(span.attributes["gen_ai.input.messages"])
    assert message["parts"] == [reference(modality, mime_type)]
    assert DATA[:40] not in str(dict(span.attributes))


def test_media_of_a_tool(seen: Capture) -> None:
    """An image that a tool answers with is a reference in messages, and no data in its result."""
    block = {"type": "image", "base64": DATA, "mime_type": "image/png"}

    @tool
    def draw(what: str) -> Any:
        """Draw."""
        return [block]

    handler = Handler(capture_content="span", **seen.providers)
    call = {"type": "tool_call", "id": "c1", "name": "draw", "args": {"what": "a cat"}}
    answer = draw.invoke(call, {"callbacks": [handler]})
    assert isinstance(answer, ToolMessage)
    asked = AIMessage("", tool_calls=[{"name": "draw", "args": {"what": "a cat"}, "id": "c1"}])
    ScriptedModel(answers=["a"]).invoke([HumanMessage("x"), asked, answer], {"callbacks": [handler]})
    executed, chat = seen.spans
    left_out = {"type": "image", "base64": f"[omitted {len(BYTES)} bytes]", "mime_type": "image/png"}
    assert json.loads(executed.attributes["gen_ai.tool.call.result"]) == {"content": [left_out]}
    response, image = json.loads(chat.attributes["gen_ai.input.messages"])[-1]["parts"]
    assert (response["type"], response["id"]) == ("tool_call_response", "c1")
    assert f"[omitted {len(BYTES)} bytes]" in str(
        response["response"]
    )  # in a form that depends on the version
    assert image == reference("image", "image/png")
    assert DATA[:40] not in str([dict(span.attributes) for span in seen.spans])
