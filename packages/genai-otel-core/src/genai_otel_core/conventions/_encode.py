"""Messages, tools and documents as the plain JSON data that the GenAI message schemas describe.

Source: gen-ai-input-messages.json and its siblings in the semantic conventions. Values that are not
JSON by nature (a tool's arguments, a graph's state) are bounded by the content policy before they get here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from genai_otel_core import messages as m

Encoded = dict[str, Any]


def _with_given(out: Encoded, *fields: tuple[str, Any]) -> Encoded:
    for name, value in fields:
        if value is not None:
            out[name] = value
    return out


def _text(item: m.Text) -> Encoded:
    return {"type": "text", "content": item.content}


def _tool_call(item: m.ToolCall) -> Encoded:
    return _with_given(
        {"type": "tool_call"}, ("id", item.id), ("name", item.name), ("arguments", item.arguments)
    )


def _tool_response(item: m.ToolResponse) -> Encoded:
    if item.id is None:
        return {"type": "tool_call_response", "response": item.response}
    return {"type": "tool_call_response", "id": item.id, "response": item.response}


def _media(kind: str, item: m.Blob | m.Uri | m.File, name: str, value: str) -> Encoded:
    return _with_given(
        {"type": kind}, ("mime_type", item.mime_type), ("modality", item.modality), (name, value)
    )


_PARTS: dict[type, Callable[[Any], Encoded]] = {
    m.Text: _text,
    m.Reasoning: lambda p: {"type": "reasoning", "content": p.content},
    m.ToolCall: _tool_call,
    m.ToolResponse: _tool_response,
    m.ServerToolCall: lambda p: _with_given(
        {"type": "server_tool_call"}, ("id", p.id), ("name", p.name), ("server_tool_call", p.call)
    ),
    m.ServerToolResponse: lambda p: _with_given(
        {"type": "server_tool_call_response"}, ("id", p.id), ("server_tool_call_response", p.response)
    ),
    m.Blob: lambda p: _media("blob", p, "content", p.content),
    m.Uri: lambda p: _media("uri", p, "uri", p.uri),
    m.File: lambda p: _media("file", p, "file_id", p.file_id),
    m.Generic: lambda p: {**p.data, "type": p.type},
}


def part(item: m.Part) -> Encoded:
    """A part as a schema object."""
    return _PARTS[type(item)](item)


def parts(items: Iterable[m.Part] | None) -> list[Encoded] | None:
    """Parts as schema objects, for `gen_ai.system_instructions`."""
    return None if items is None else [*map(part, items)]


def _message(item: m.Message) -> Encoded:
    out: Encoded = {"role": item.role, "parts": [*map(part, item.parts)]}
    if item.name is not None:
        out["name"] = item.name
    return out


def input_messages(items: Iterable[m.Message] | None) -> list[Encoded] | None:
    """Messages as `ChatMessage` objects."""
    return None if items is None else [*map(_message, items)]


FINISH_WORDS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "STOP": "stop",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "ERROR_TOXIC": "content_filter",
}
"""Providers' words in OpenAI's and the schema's, which differ in those for tools; a word that is in no row is kept."""
_FINISH_WORDS = {
    **FINISH_WORDS,
    "tool_calls": "tool_call",
    "tool_use": "tool_call",
    "function_call": "tool_call",
    "TOOL_CALL": "tool_call",
}


def output_messages(
    items: Iterable[m.Message] | None, finish_reason_required: bool = True
) -> list[Encoded] | None:
    """Messages as `OutputMessage` objects.

    1.37 to 1.41 require a `finish_reason`: where the provider gave none, it is the empty string there,
    because no other word would be true.
    """
    if items is None:
        return None
    found = []
    for item in items:
        out = _message(item)
        reason = item.finish_reason
        if reason is not None:
            out["finish_reason"] = _FINISH_WORDS.get(reason, reason)
        elif finish_reason_required:
            out["finish_reason"] = ""
        found.append(out)
    return found


def tool_definitions(items: Iterable[m.ToolDefinition] | None) -> list[Encoded] | None:
    """Tool definitions as schema objects."""
    if items is None:
        return None
    return [
        _with_given(
            {"type": item.type, "name": item.name},
            ("description", item.description),
            ("parameters", item.parameters),
        )
        for item in items
    ]


def documents(items: Iterable[m.Document] | None, content: bool) -> list[Encoded] | None:
    """Documents by id and score; with `content` also their text and metadata.

    Without content, documents that have neither id nor score say nothing and the value is absent.
    """
    if items is None:
        return None
    kept = [item for item in items if content or item.id is not None or item.score is not None]
    if not kept and not content:
        return None
    found = []
    for item in kept:
        out = _with_given({}, ("id", item.id), ("score", item.score))
        if content:
            _with_given(out, ("content", item.content), ("metadata", item.metadata))
        found.append(out)
    return found
