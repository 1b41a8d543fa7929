"""Messages, tools and documents as the official JSON schemas want them, whatever was said in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from genai_otel_core import messages as m
from genai_otel_core.conventions import _encode as encode
from genai_otel_core.plain import to_json

SCHEMAS = {
    path.stem.removeprefix("gen-ai-"): json.loads(path.read_text())
    for path in (Path(__file__).parent / "schemas").glob("*.json")
}


def valid(schema: str, value: Any) -> None:
    """Check `value` after a round trip through JSON text, which is what a backend reads."""
    Draft202012Validator(SCHEMAS[schema]).validate(json.loads(to_json(value)))


def strictly_valid(part: dict[str, Any]) -> None:
    """Check a part against the definition of its own type: the schema's generic part would take anything."""
    definitions = SCHEMAS["input-messages"]["$defs"]
    named = {
        definition["properties"]["type"]["const"]: definition
        for definition in definitions.values()
        if "const" in definition.get("properties", {}).get("type", {})
    }
    schema = named.get(part["type"], definitions["GenericPart"])
    Draft202012Validator({**schema, "$defs": definitions}).validate(json.loads(to_json(part)))


texts = st.text(max_size=20)
maybe = st.none() | texts
data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(texts, data, max_size=3)
modalities = st.sampled_from(["image", "video", "audio", "document"])
server_data = st.builds(lambda more, kind: {**more, "type": kind}, objects, texts)
parts = st.one_of(
    st.builds(m.Text, texts),
    st.builds(m.Reasoning, texts),
    st.builds(m.ToolCall, texts, maybe, data),
    st.builds(m.ToolResponse, data, maybe),
    st.builds(m.ServerToolCall, texts, server_data, maybe),
    st.builds(m.ServerToolResponse, server_data, maybe),
    st.builds(m.Blob, modalities, texts, maybe),
    st.builds(m.Uri, modalities, texts, maybe),
    st.builds(m.File, modalities, texts, maybe),
    st.builds(m.Generic, texts.map(lambda word: f"x-{word}"), objects),
)
roles = st.sampled_from(["system", "user", "assistant", "tool"]) | texts
messages = st.lists(st.builds(m.Message, roles, st.lists(parts, max_size=3), maybe, maybe), max_size=3)
tools = st.lists(st.builds(m.ToolDefinition, texts, maybe, st.none() | objects), max_size=3)
scores = st.none() | st.floats(allow_nan=False, allow_infinity=False)
documents = st.lists(st.builds(m.Document, maybe, scores, maybe, st.none() | objects), max_size=4)


@given(parts)
def test_every_part_is_of_its_type(part: m.Part) -> None:
    """A part matches the schema of its own type, not only the generic one."""
    strictly_valid(encode.part(part))


@given(messages)
def test_input_messages_match_their_schema(items: list[m.Message]) -> None:
    """Any messages are valid input messages, as many and in the same order."""
    encoded = encode.input_messages(items)
    valid("input-messages", encoded)
    assert [item["role"] for item in encoded] == [item.role for item in items]


@given(messages, st.booleans())
def test_output_messages_match_their_schema(items: list[m.Message], required: bool) -> None:
    """Any messages are valid output messages; a finish reason is there if the version requires one."""
    encoded = encode.output_messages(items, required)
    valid("output-messages", encoded)
    for item, out in zip(items, encoded, strict=True):
        assert ("finish_reason" in out) == (required or item.finish_reason is not None)


@given(st.lists(st.builds(m.Text, texts), max_size=3))
def test_instructions_match_their_schema(items: list[m.Part]) -> None:
    """System instructions are parts, not messages."""
    valid("system-instructions", encode.parts(items))


@given(tools)
def test_tool_definitions_match_their_schema(items: list[m.ToolDefinition]) -> None:
    """Tool definitions are valid, and nothing is there that was not given."""
    encoded = encode.tool_definitions(items)
    valid("tool-definitions", encoded)
    for item, out in zip(items, encoded, strict=True):
        assert ("description" in out) == (item.description is not None)
        assert ("parameters" in out) == (item.parameters is not None)


@given(documents, st.booleans())
def test_documents_match_their_schema(items: list[m.Document], content: bool) -> None:
    """Documents are valid; their text and metadata are there with content only."""
    encoded = encode.documents(items, content)
    if encoded is not None:
        valid("retrieval-documents", encoded)
        allowed = {"id", "score", "content", "metadata"} if content else {"id", "score"}
        assert all(out.keys() <= allowed for out in encoded)


@pytest.mark.parametrize(
    ("encoder", "arguments"),
    [
        (encode.parts, ()),
        (encode.input_messages, ()),
        (encode.output_messages, ()),
        (encode.tool_definitions, ()),
        (encode.documents, (True,)),
        (encode.documents, (False,)),
    ],
)
def test_absent_is_absent_and_empty_is_empty(encoder: Any, arguments: tuple[Any, ...]) -> None:
    """None stays None; an empty list says that there were none, but not of documents without content."""
    assert encoder(None, *arguments) is None
    assert encoder([], *arguments) == (None if arguments == (False,) else [])


def test_documents_without_id_and_score_say_nothing() -> None:
    """Without content, only what identifies a document counts."""
    anonymous, scored = m.Document(content="text"), m.Document(score=0.0)
    assert encode.documents([anonymous], content=False) is None
    assert encode.documents([anonymous, scored], content=False) == [{"score": 0.0}]
    assert encode.documents([anonymous], content=True) == [{"content": "text"}]


FINISH = {
    "tool_calls": "tool_call",
    "tool_use": "tool_call",
    "function_call": "tool_call",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "STOP": "stop",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "ERROR_TOXIC": "content_filter",
    "TOOL_CALL": "tool_call",
    "stop": "stop",
    "pause_turn": "pause_turn",
}


@pytest.mark.parametrize("word", FINISH)
def test_finish_reasons_are_the_schema_s_words(word: str) -> None:
    """A provider's finish reason becomes the schema's word for it, and any other stays."""
    (out,) = encode.output_messages([m.Message("assistant", finish_reason=word)])
    assert out["finish_reason"] == FINISH[word]


def test_a_missing_finish_reason_is_not_invented() -> None:
    """Where a version requires a finish reason and the provider gave none, it is empty."""
    assert encode.output_messages([m.Message("assistant")])[0]["finish_reason"] == ""
    assert "finish_reason" not in encode.output_messages([m.Message("assistant")], False)[0]


def test_a_generic_part_keeps_its_type() -> None:
    """The data of a part of unknown kind cannot change what kind it is."""
    assert encode.part(m.Generic("citation", {"type": "text", "n": 1})) == {"type": "citation", "n": 1}
