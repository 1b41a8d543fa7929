"""LlamaIndex's chat messages and blocks, and whatever workflows are given and give, as messages. Content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from genai_otel_core import ends
from genai_otel_core import messages as m
from genai_otel_core.plain import clip, omitted, plain, to_json

_ROLES = {"function": "tool", "chatbot": "assistant", "model": "assistant", "developer": "system"}
_MEDIA = {"image": "image", "audio": "audio", "video": "video", "document": "data"}
_MIME = ("image_mimetype", "video_mimetype", "document_mimetype")
_MAX_ITEMS = 1000


def chat_messages(messages: Any, limit: int) -> list[m.Message] | None:
    """Translate messages of any form LlamaIndex takes."""
    if isinstance(messages, (str, Mapping)) or not isinstance(messages, Iterable):
        messages = [messages]
    if not isinstance(messages, (list, tuple)):
        return None  # an iterator is the host's to read
    return ends.messages(messages, limit, message)


def message(item: Any, limit: int, role: str = "user") -> m.Message:
    """Translate one message: a `ChatMessage`, a prompt, or text."""
    blocks = getattr(item, "blocks", None)
    if not isinstance(blocks, list) or not hasattr(item, "role"):
        return m.Message(role=role, parts=data_parts(item, limit))
    own = getattr(item, "additional_kwargs", None)
    extra: Mapping[str, Any] = own if isinstance(own, Mapping) else {}
    role = _role(item.role)
    name = extra.get("name")
    out = m.Message(role=role, name=name if isinstance(name, str) else None)
    found = ends.parts(blocks, limit, _block)
    if role == "tool":
        shown = [part for part in found if isinstance(part, (m.Blob, m.Uri, m.Generic))]
        out.parts = [_tool_response(found, extra), *shown]
        return out
    out.parts = found
    if not any(isinstance(part, m.ToolCall) for part in found):
        out.parts += _tool_calls(extra.get("tool_calls"), limit)
    return out


def with_images(messages: list[m.Message], images: Any, limit: int) -> list[m.Message]:
    """Add the images, blocks or nodes, that a multi-modal model is given beside its prompt."""
    if messages and isinstance(images, (list, tuple)):
        messages[-1].parts += [
            part for part in (_image(item, limit) for item in islice(images, _MAX_ITEMS)) if part is not None
        ]
    return messages


def response_message(response: Any, limit: int, finish_reason: str | None) -> m.Message | None:
    """Translate a model's answer: a `ChatResponse` or a `CompletionResponse`."""
    answer = getattr(response, "message", None)
    if answer is None:
        text = getattr(response, "text", None)
        if not isinstance(text, str):
            return None
        out = m.Message(role="assistant", parts=[m.Text(clip(text, limit))] if text else [])
    else:
        out = message(answer, limit, role="assistant")
    out.finish_reason = finish_reason
    return out


def data_parts(value: Any, limit: int) -> list[m.Part]:
    """Text as it is, anything else as bounded JSON."""
    if value is None or value == "":
        return []
    return [m.Text(clip(value if isinstance(value, str) else to_json(plain(value, limit)), limit))]


def spoken(value: Any, role: str, limit: int) -> list[m.Message] | None:
    """Translate what a query, workflow or agent was given or gave."""
    if value is None or (isinstance(value, (str, dict)) and not value):
        return None
    held = getattr(value, "__dict__", None)
    held = held if isinstance(held, dict) else {}  # a response with a structure has any attribute
    if "blocks" in held and "role" in held:
        return [message(value, limit, role)]
    for name in ("query_str", "response"):  # a query bundle; a response, an agent's output
        inner = held.get(name)
        if isinstance(inner, str) or (inner is not None and "source_nodes" in held):
            return [m.Message(role=role, parts=data_parts(inner, limit))]
        if hasattr(inner, "blocks"):
            said = message(inner, limit, role)
            said.parts += data_parts(held.get("structured_response"), limit)  # of an agent with `output_cls`
            return [said]
    if (
        isinstance(value, list)
        and value
        and all(hasattr(item, "blocks") for item in islice(value, _MAX_ITEMS))
    ):
        return chat_messages(value, limit)
    return [m.Message(role=role, parts=data_parts(value, limit))]


def _role(role: Any) -> str:
    word = getattr(role, "value", role)
    return _ROLES.get(word, word) if isinstance(word, str) else "user"


def _block(block: Any, limit: int) -> m.Part | None:
    kind = getattr(block, "block_type", None)
    if kind == "text":
        text = getattr(block, "text", None)
        return m.Text(clip(text, limit)) if isinstance(text, str) and text else None
    if kind == "thinking":
        text = getattr(block, "content", None)
        return m.Reasoning(clip(text, limit)) if isinstance(text, str) and text else None
    if kind == "tool_call":
        return m.ToolCall(
            str(block.tool_name), _text(block.tool_call_id), _arguments(block.tool_kwargs, limit)
        )
    if kind in _MEDIA:
        return _media(block, kind)
    if kind == "cache":
        return None  # says where a cache may start, and nothing to the model
    fields = plain(block, limit)
    data = {k: v for k, v in fields.items() if k != "block_type"} if isinstance(fields, dict) else {}
    return m.Generic(kind if isinstance(kind, str) else type(block).__name__, data)


def _media(block: Any, kind: str) -> m.Part:
    mime = next((w for w in (getattr(block, name, None) for name in _MIME) if isinstance(w, str)), None)
    form = getattr(block, "format", None)
    if mime is None and isinstance(form, str) and form:
        mime = f"{kind}/{form}"
    data = getattr(block, _MEDIA[kind], None)
    if isinstance(data, (bytes, str)) and data:
        # LlamaIndex keeps inline media as base64 already.
        return m.Blob(kind, data if isinstance(data, str) else data.decode("ascii", "replace"), mime)
    for name in ("url", "path"):
        where = getattr(block, name, None)
        if where is not None:
            return m.Uri(kind, str(where), mime)
    return m.Generic(kind, {"content": omitted(1, "stream")} if data is not None else {})


def _image(item: Any, limit: int) -> m.Part | None:
    if hasattr(item, "block_type"):
        return _block(item, limit)
    mime, data = getattr(item, "image_mimetype", None), getattr(item, "image", None)
    mime = mime if isinstance(mime, str) else None
    if isinstance(data, str) and data:
        return m.Blob("image", data, mime)
    where = getattr(item, "image_path", None) or getattr(item, "image_url", None)
    return None if where is None else m.Uri("image", str(where), mime)


def _tool_response(parts: list[m.Part], extra: Mapping[str, Any]) -> m.ToolResponse:
    texts = [part.content for part in parts if isinstance(part, m.Text)]
    return m.ToolResponse("\n".join(texts), id=_text(extra.get("tool_call_id")))


def _tool_calls(calls: Any, limit: int) -> list[m.Part]:
    if not isinstance(calls, (list, tuple)):
        return []
    found: list[m.Part] = []
    for call in islice(calls, _MAX_ITEMS):
        function = _field(call, "function") or call
        name = _field(function, "name") or _field(call, "tool_name")
        if isinstance(name, str):
            given = next(
                (
                    v
                    for v in (_field(function, key) for key in ("arguments", "input", "args"))
                    if v is not None
                ),
                None,
            )
            call_id = _text(_field(call, "call_id")) or _text(_field(call, "id"))
            found.append(m.ToolCall(name, call_id, _arguments(given, limit)))
    return found


def _arguments(given: Any, limit: int) -> Any:
    if isinstance(given, str) and len(given) <= limit:
        try:
            given = json.loads(given)
        except ValueError:
            return given
    return None if given is None else plain(given, limit)


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
