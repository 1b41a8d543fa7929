"""OpenAI's Responses API through LangChain: its answers have a status and no finish reason."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from models import ScriptedModel

from genai_otel_core.testing import Capture, whole
from genai_otel_langchain import Handler

CALL = {"name": "add", "args": {"a": 1}, "id": "call_1"}
ENDED: dict[str, tuple[dict[str, Any], list[Any], str]] = {
    "said": ({"status": "completed", "incomplete_details": None}, [], "stop"),
    "asked for a tool": ({"status": "completed"}, [CALL], "tool_call"),
    "too long": (
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        [],
        "length",
    ),
}


@pytest.mark.parametrize("name", ENDED)
def test_how_it_ended(name: str, seen: Capture) -> None:
    """The finish reason is what the status says, on the span and in the message."""
    said, calls, reason = ENDED[name]
    answer = AIMessage("Hi", tool_calls=calls, response_metadata={"object": "response", **said})
    handler = Handler(**seen.providers, capture_content="span")
    ScriptedModel(answers=[answer]).invoke("hi", config={"callbacks": [handler]})
    found = whole(seen.spans[0])["attributes"]
    assert found["gen_ai.response.finish_reasons"] == [reason]
    assert found["gen_ai.output.messages"][0]["finish_reason"] == reason
