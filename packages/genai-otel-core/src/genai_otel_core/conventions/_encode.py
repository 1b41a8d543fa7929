"""Messages, tools and documents as the plain JSON data that the GenAI message schemas describe.

Source: gen-ai-input-messages.json and its siblings in the semantic conventions. Values that are not
JSON by nature (a tool's arguments, a graph's state) are bounded by the content policy before they get here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from genai_otel_core import messages as m


def _without_none(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


_PARTS: dict[type, Callable[[Any], dict[str, Any]]] = {
    m.Text: lambda p: {"type": "text", "content": p.content},
    m.Reasoning: lambda p: {"type": "reasoning", "content": p.content},
    m.ToolCall: lambda p: {
        "type": "tool_call",
        **_without_none(id=p.id, name=p.name, arguments=p.arguments),
    },
    m.ToolResponse: lambda p: {
        "type": "tool_call_response",
        **_without_none(id=p.id),
        "response": p.response,
    },
    m.ServerToolCall: lambda p: {
        "type": "server_tool_call",
        **_without_none(id=p.id, name=p.name, server_tool_call=p.call),
    },
    m.ServerToolResponse: lambda p: {
        "type": "server_tool_call_response",
        **_without_none(id=p.id, server_tool_call_response=p.response),
    },
    m.Blob: lambda p: {
        "type": "blob",
        **_without_none(mime_type=p.mime_type, modality=p.modality, content=p.content),
    },
    m.Uri: lambda p: {
        "type": "uri",
        **_without_none(mime_type=p.mime_type, modality=p.modality, uri=p.uri),
    },
    m.File: lambda p: {
        "type": "file",
        **_without_none(mime_type=p.mime_type, modality=p.modality, file_id=p.file_id),
    },
    m.Generic: lambda p: {**p.data, "type": p.type},
}


def part(item: m.Part) -> dict[str, Any]:
    """A part as a schema object."""
    return _PARTS[type(item)](item)


def parts(items: Iterable[m.Part] | None) -> list[dict[str, Any]] | None:
    """Parts as schema objects, for `gen_ai.system_instructions`."""
    return None if items is None else [part(item) for item in items]


def input_messages(items: Iterable[m.Message] | None) -> list[dict[str, Any]] | None:
    """Messages as `ChatMessage` objects."""
    if items is None:
        return None
    return [
        {"role": item.role, "parts": parts(item.parts), **_without_none(name=item.name)} for item in items
    ]


FINISH_WORDS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "STOP": "stop",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
}
"""Providers' words in OpenAI's and the schema's, which differ in those for tools; a word that is in no row is kept."""
_FINISH_WORDS = {
    **FINISH_WORDS,
    "tool_calls": "tool_call",
    "tool_use": "tool_call",
    "function_call": "tool_call",
}


def output_messages(
    items: Iterable[m.Message] | None, finish_reason_required: bool = True
) -> list[dict[str, Any]] | None:
    """Messages as `OutputMessage` objects.

    1.37 to 1.41 require a `finish_reason`: where the provider gave none, it is the empty string there,
    because no other word would be true.
    """
    if items is None:
        return None
    encoded = input_messages(items) or []
    for item, out in zip(items, encoded, strict=True):
        if item.finish_reason is not None:
            out["finish_reason"] = _FINISH_WORDS.get(item.finish_reason, item.finish_reason)
        elif finish_reason_required:
            out["finish_reason"] = ""
    return encoded


def tool_definitions(items: Iterable[m.ToolDefinition] | None) -> list[dict[str, Any]] | None:
    """Tool definitions as schema objects."""
    if items is None:
        return None
    return [
        {
            "type": item.type,
            "name": item.name,
            **_without_none(description=item.description, parameters=item.parameters),
        }
        for item in items
    ]


def documents(items: Iterable[m.Document] | None, content: bool) -> list[dict[str, Any]] | None:
    """Documents by id and score; with `content` also their text and metadata.

    Without content, documents that have neither id nor score say nothing and the value is absent.
    """
    if items is None:
        return None
    kept = [item for item in items if content or item.id is not None or item.score is not None]
    if not kept and not content:
        return None
    extra = [_without_none(content=item.content, metadata=item.metadata) if content else {} for item in kept]
    return [
        {**_without_none(id=item.id, score=item.score), **more}
        for item, more in zip(kept, extra, strict=True)
    ]
