"""Messages in OpenAI's chat format, which the GenAI conventions up to 1.36 write them in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from genai_otel_core import messages as m
from genai_otel_core.conventions import _encode as encode
from genai_otel_core.plain import sayable, to_json

_FINISH_WORDS = {**encode.FINISH_WORDS, "tool_call": "tool_calls", "tool_use": "tool_calls"}


def finish_reason(word: str | None) -> str | None:
    """The provider's word in OpenAI's (`stop`, `length`, ...); one in no row is kept."""
    return None if word is None else _FINISH_WORDS.get(word) or sayable(word)


def content(parts: Iterable[m.Part]) -> Any:
    """What was said: the text if that is all, else a list of items; None if only tools were called."""
    said = [part for part in parts if not isinstance(part, (m.ToolCall, m.ToolResponse))]
    if not said:
        return None
    if len(said) == 1 and isinstance(said[0], m.Text):
        return said[0].content
    return [_item(part) for part in said]


def _item(part: m.Part) -> dict[str, Any]:
    if isinstance(part, m.Text):
        return {"type": "text", "text": part.content}
    if isinstance(part, m.File):
        return {"type": "file", "file": {"file_id": part.file_id}}
    if isinstance(part, (m.Blob, m.Uri)) and part.modality == "image":
        return {"type": "image_url", "image_url": {"url": media_url(part)}}
    if isinstance(part, m.Blob) and part.modality == "audio":
        named = {} if part.mime_type is None else {"format": part.mime_type.rpartition("/")[2]}
        return {"type": "input_audio", "input_audio": {"data": part.content, **named}}
    return encode.part(part)


def media_url(part: m.Blob | m.Uri) -> str:
    """Where the media is: its address, or itself as a `data:` URL."""
    if isinstance(part, m.Uri):
        return part.uri
    return f"data:{part.mime_type or ''};base64,{part.content}"


def tool_calls(parts: Iterable[m.Part], arguments_as_text: bool) -> list[dict[str, Any]]:
    """The tools that a model asks for; OpenAI itself writes their arguments as JSON text."""
    return [_tool_call(part, arguments_as_text) for part in parts if isinstance(part, m.ToolCall)]


def _tool_call(call: m.ToolCall, arguments_as_text: bool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": call.name}
    if call.arguments is not None:
        function["arguments"] = text(call.arguments) if arguments_as_text else call.arguments
    found: dict[str, Any] = {} if call.id is None else {"id": call.id}
    return {**found, "type": "function", "function": function}


def text(value: Any) -> str:
    """A value as text: itself if it is one, else as JSON."""
    return value if isinstance(value, str) else to_json(value)


def messages(
    items: Iterable[m.Message] | None, instructions: Sequence[m.Part] | None = None
) -> list[dict[str, Any]] | None:
    """Messages as OpenAI's chat API takes them, separate instructions first; None if there are none."""
    found = [{"role": "system", "content": content(instructions)}] if instructions else []
    for item in items or ():
        found.extend(_message(item))
    return found if found or items is not None else None


def _message(item: m.Message) -> Iterable[dict[str, Any]]:
    answers = [part for part in item.parts if isinstance(part, m.ToolResponse)]
    for answer in answers:
        named = {} if answer.id is None else {"tool_call_id": answer.id}
        yield {"role": "tool", **named, "content": text(answer.response)}
    said, calls = content(item.parts), tool_calls(item.parts, arguments_as_text=True)
    if said is None and not calls and answers:
        return
    found: dict[str, Any] = {"role": item.role}
    if item.name is not None:
        found["name"] = item.name
    found["content"] = said
    if calls:
        found["tool_calls"] = calls
    yield found
