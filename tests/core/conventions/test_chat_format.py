"""Content as 1.27 and 1.36 write it: OpenAI's chat format, in a span event or a record per message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.conventions.runs import Stage
from genai_otel_core import Telemetry
from genai_otel_core import messages as m
from genai_otel_core.conventions import _chat_format as chat
from genai_otel_core.operations import Inference, Response
from genai_otel_core.testing import capture

CALL = m.ToolCall("hours", "call_1", {"day": "Monday"})
WRITTEN = {"id": "call_1", "type": "function", "function": {"name": "hours", "arguments": {"day": "Monday"}}}

CONTENT: list[tuple[list[m.Part], Any]] = [
    ([], None),
    ([m.Text("hi")], "hi"),
    ([m.Text("")], ""),
    ([m.Text("a"), m.Text("b")], [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
    ([CALL], None),
    ([CALL, m.Text("so")], "so"),
    ([m.Reasoning("hm")], [{"type": "reasoning", "content": "hm"}]),
    ([m.Uri("image", "https://e.com/i")], [{"type": "image_url", "image_url": {"url": "https://e.com/i"}}]),
    (
        [m.Blob("image", "QQ==", "image/png")],
        [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}],
    ),
    (
        [m.Blob("audio", "QQ==", "audio/wav")],
        [{"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}],
    ),
    ([m.Blob("audio", "QQ==")], [{"type": "input_audio", "input_audio": {"data": "QQ=="}}]),
    ([m.File("document", "file-1")], [{"type": "file", "file": {"file_id": "file-1"}}]),
    (
        [m.Uri("video", "https://e.com/v")],
        [{"type": "uri", "modality": "video", "uri": "https://e.com/v"}],
    ),
]


@pytest.mark.parametrize(("parts", "expected"), CONTENT)
def test_what_was_said(parts: list[m.Part], expected: Any) -> None:
    """Text alone is a string, anything else a list of items, tool calls are not content."""
    assert chat.content(parts) == expected


MESSAGES: list[tuple[m.Message, list[dict[str, Any]]]] = [
    (m.Message("user", [m.Text("hi")], name="ada"), [{"role": "user", "name": "ada", "content": "hi"}]),
    (m.Message("assistant", []), [{"role": "assistant", "content": None}]),
    (
        m.Message("assistant", [CALL]),
        [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {**WRITTEN, "function": {"name": "hours", "arguments": '{"day":"Monday"}'}},
                ],
            }
        ],
    ),
    (
        m.Message("user", [m.ToolResponse({"open": True}, "call_1"), m.Text("and?")]),
        [
            {"role": "tool", "tool_call_id": "call_1", "content": '{"open":true}'},
            {"role": "user", "content": "and?"},
        ],
    ),
    (m.Message("tool", [m.ToolResponse("9-5")]), [{"role": "tool", "content": "9-5"}]),
]


@pytest.mark.parametrize(("message", "expected"), MESSAGES)
def test_messages_of_the_chat_api(message: m.Message, expected: list[dict[str, Any]]) -> None:
    """A message with tool answers is several there; arguments are JSON text, as OpenAI has them."""
    assert chat.messages([message]) == expected


def test_no_messages_and_none() -> None:
    """Nobody's messages are absent, an empty conversation is empty, instructions come first."""
    assert chat.messages(None) is None
    assert chat.messages([]) == []
    assert chat.messages(None, [m.Text("be kind")]) == [{"role": "system", "content": "be kind"}]


def records(op: Inference) -> list[tuple[str, Any]]:
    """The records of a model call under 1.36."""
    with capture() as seen:
        Stage(Telemetry(convention="1.36", capture_content="event", **seen.providers)).one(op)
        return [(record.event_name, record.body) for record in seen.logs()]


INPUTS: list[tuple[m.Message, list[tuple[str, dict[str, Any]]]]] = [
    (m.Message("system", [m.Text("a")]), [("gen_ai.system.message", {"content": "a"})]),
    (
        m.Message("developer", [m.Text("a")]),
        [("gen_ai.system.message", {"content": "a", "role": "developer"})],
    ),
    (m.Message("user", [m.Text("a")]), [("gen_ai.user.message", {"content": "a"})]),
    (m.Message("critic", [m.Text("a")]), [("gen_ai.user.message", {"content": "a", "role": "critic"})]),
    (m.Message("assistant", [CALL]), [("gen_ai.assistant.message", {"tool_calls": [WRITTEN]})]),
    (
        m.Message("user", [m.ToolResponse({"open": True}, "call_1"), m.Text("and?")]),
        [
            ("gen_ai.tool.message", {"id": "call_1", "content": {"open": True}}),
            ("gen_ai.user.message", {"content": "and?"}),
        ],
    ),
    (
        m.Message("tool", [m.ToolResponse("9-5", "call_1")]),
        [("gen_ai.tool.message", {"id": "call_1", "content": "9-5"})],
    ),
]


@pytest.mark.parametrize(("message", "expected"), INPUTS)
def test_a_record_per_message(message: m.Message, expected: list[tuple[str, dict[str, Any]]]) -> None:
    """A message is a record by its role, which is said only where it does not go without saying."""
    assert records(Inference(input_messages=[message])) == expected


def test_a_record_per_choice() -> None:
    """A choice has its index and finish reason in OpenAI's words, from the message or else the response."""
    op = Inference(
        response=Response(finish_reasons=["stop", "MAX_TOKENS"]),
        output_messages=[
            m.Message("assistant", [CALL], finish_reason="tool_use"),
            m.Message("assistant", [m.Text("so")]),
            m.Message("critic", [m.Text("no")]),
        ],
    )
    assert records(op) == [
        (
            "gen_ai.choice",
            {"index": 0, "finish_reason": "tool_calls", "message": {}, "tool_calls": [WRITTEN]},
        ),
        ("gen_ai.choice", {"index": 1, "finish_reason": "length", "message": {"content": "so"}}),
        ("gen_ai.choice", {"index": 2, "message": {"content": "no", "role": "critic"}}),
    ]


def test_content_is_in_span_events_under_1_27() -> None:
    """The prompt and the completion are JSON text of OpenAI's messages."""
    op = Inference(
        system_instructions=[m.Text("be kind")],
        input_messages=[m.Message("user", [m.Text("hi")])],
        output_messages=[m.Message("assistant", [m.Text("hello")], finish_reason="stop")],
    )
    with capture() as seen:
        Stage(Telemetry(convention="1.27", capture_content="event", **seen.providers)).one(op)
    prompt, completion = seen.spans[0].events
    assert json.loads(prompt.attributes["gen_ai.prompt"]) == [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "hi"},
    ]
    assert json.loads(completion.attributes["gen_ai.completion"]) == [
        {"role": "assistant", "content": "hello"}
    ]
