"""LangChain's messages and whatever chains are given and give, as messages of plain parts. Content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from genai_otel_core import ends
from genai_otel_core import messages as m
from genai_otel_core.plain import clip, plain, to_json
from genai_otel_langchain._response import finish_reason, finish_reason_in

_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant", "function": "tool"}
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?[^,]{0,100},", re.ASCII)
_MODALITIES = ("image", "audio", "video", "document")
# Input and output keys by which chains pass a plain text or messages.
_TEXT_KEYS = ("input", "question", "query", "human_input", "output", "answer", "result", "text", "messages")


def chat_messages(messages: Iterable[Any], limit: int) -> list[m.Message]:
    """Translate messages of any form LangChain takes."""
    given = messages if isinstance(messages, (list, tuple)) else list(messages)
    return ends.messages(given, limit, message)


def message(item: Any, limit: int) -> m.Message:
    """Translate one message: a `BaseMessage`, a `(role, text)` pair, a mapping, or text."""
    if isinstance(item, BaseMessage):
        return _base_message(item, limit)
    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):
        return m.Message(role=_role(item[0]), parts=content_parts(item[1], limit))
    if isinstance(item, Mapping) and "role" in item:
        return m.Message(role=_role(str(item["role"])), parts=content_parts(item.get("content"), limit))
    return m.Message(role="user", parts=content_parts(item, limit))


def _base_message(item: BaseMessage, limit: int, says_its_end: bool = True) -> m.Message:
    if isinstance(item, ToolMessage):
        response, shown = _answer(item.content, limit)
        return m.Message("tool", [m.ToolResponse(response, item.tool_call_id), *shown], item.name)
    kind = item.type
    role = _ROLES.get(kind, kind) if kind != "chat" else str(getattr(item, "role", "user"))
    out = m.Message(role, content_parts(item.content, limit), item.name)
    if isinstance(item, AIMessage):
        if says_its_end:
            out.finish_reason = finish_reason_in(item.response_metadata)
        _complete_answer(out, item, limit)
    return out


def _complete_answer(out: m.Message, item: AIMessage, limit: int) -> None:
    extra = item.additional_kwargs
    if extra:
        thought = _thought_beside(extra)
        if thought:
            out.parts.insert(0, m.Reasoning(clip(thought, limit)))
        out.parts += _beside_content(extra, limit)
    calls: list[Any] = [*item.tool_calls, *item.invalid_tool_calls]
    if extra and not calls:
        legacy = extra.get("function_call")
        if legacy is not None and isinstance(legacy, Mapping):
            calls = [{"name": legacy.get("name"), "args": legacy.get("arguments")}]
    if calls:
        out.parts += ends.parts(calls, limit, _call)


def _beside_content(extra: Mapping[str, Any], limit: int) -> list[m.Part]:
    """What OpenAI's chat API answers beside the content, where its newer one has blocks."""
    found: list[m.Part] = []
    refusal = extra.get("refusal")
    if isinstance(refusal, str) and refusal:
        found.append(m.Generic("refusal", {"refusal": clip(refusal, limit)}))
    audio = extra.get("audio")
    if audio is not None and isinstance(audio, Mapping):
        said, media = audio.get("transcript"), _media("audio", audio)
        found += [m.Text(clip(said, limit))] if isinstance(said, str) and said else []
        found += [] if media is None else [media]
    return found


def _call(call: Mapping[str, Any], limit: int) -> m.Part:
    arguments = call.get("args")
    return m.ToolCall(
        str(call.get("name")), call.get("id"), None if arguments is None else plain(arguments, limit)
    )


def generation_message(generation: Any, limit: int) -> m.Message:
    """Translate one choice of a model's answer."""
    answer = getattr(generation, "message", None)
    if isinstance(answer, BaseMessage):
        out = _base_message(answer, limit, says_its_end=False)  # the generation does, too
    else:
        out = m.Message("assistant", content_parts(getattr(generation, "text", None), limit))
    out.finish_reason = finish_reason(generation)
    return out


def content_parts(content: Any, limit: int) -> list[m.Part]:
    """Translate a message's content: text, or a list of blocks in any provider's form."""
    if isinstance(content, str):
        return [m.Text(clip(content, limit))] if content else []
    if isinstance(content, list):
        return ends.parts(content, limit, _block)
    if content is None:
        return []
    return [m.Text(clip(to_json(plain(content, limit)), limit))]


def _block(block: Any, limit: int) -> m.Part | None:
    if isinstance(block, str):
        return m.Text(clip(block, limit))
    if not isinstance(block, Mapping):
        return m.Text(clip(to_json(plain(block, limit)), limit))
    kind = str(block.get("type", ""))
    if kind in (
        "tool_use",
        "tool_call",
        "function_call",
        "tool_call_chunk",
        "input_json_delta",
        "invalid_tool_call",
    ):
        return None  # said once, by the message's `tool_calls`
    if kind in ("text", "output_text", "input_text", "text-plain", "text_delta") and isinstance(
        block.get("text"), str
    ):
        return m.Text(clip(block["text"], limit))
    if kind in ("reasoning", "thinking", "reasoning_content"):
        return _reasoning(block, limit)
    if kind in ("server_tool_call", "server_tool_use"):
        call = plain(block.get("args", block.get("input")), limit)
        return m.ServerToolCall(
            str(block.get("name")), {"type": str(block.get("name")), "arguments": call}, block.get("id")
        )
    if kind in ("server_tool_result", "web_search_tool_result"):
        return m.ServerToolResponse({"type": kind, **_fields(block, limit)}, block.get("tool_call_id"))
    return _media(kind, block) or m.Generic(kind or "unknown", _fields(block, limit))


def _reasoning(block: Mapping[str, Any], limit: int) -> m.Part:
    said = _thought(block)
    return m.Generic("reasoning", _fields(block, limit)) if said is None else m.Reasoning(clip(said, limit))


def _thought_beside(extra: Mapping[str, Any]) -> str | None:
    said = extra.get("reasoning_content")
    if said is None:
        said = extra.get("reasoning")  # langchain-openai's before its messages had blocks of it
    if isinstance(said, Mapping):
        return _thought(said)
    return said if isinstance(said, str) else None


def _thought(block: Mapping[str, Any]) -> str | None:
    for key in ("reasoning", "thinking", "text"):
        if isinstance(block.get(key), str):
            return str(block[key])
    inner = block.get("reasoning_content")  # Bedrock's
    if isinstance(inner, Mapping) and isinstance(inner.get("text"), str):
        return str(inner["text"])
    for key in ("summary", "content"):  # OpenAI's Responses API's
        items = block.get(key)
        steps = islice(items, 1000) if isinstance(items, list) else ()
        said = [
            step["text"] for step in steps if isinstance(step, Mapping) and isinstance(step.get("text"), str)
        ]
        if said:
            return "\n\n".join(said)
    return None


def _media(kind: str, block: Mapping[str, Any]) -> m.Part | None:
    mime = block.get("mime_type")
    modality = _modality(kind, mime)
    if modality is None:
        return None
    source = block.get("source") if isinstance(block.get("source"), Mapping) else block.get(kind)
    inner: Mapping[str, Any] = source if isinstance(source, Mapping) else block
    mime = mime or inner.get("media_type") or inner.get("mime_type")
    mime = mime if isinstance(mime, str) else _mime_of(modality, inner.get("format"))
    url = source if isinstance(source, str) else inner.get("url")
    if isinstance(url, str):
        return _from_url(modality, url, mime) or m.Uri(modality, url, mime)
    for key in ("base64", "data", "file_data"):
        if isinstance(inner.get(key), str):
            return _from_url(modality, inner[key], mime) or m.Blob(modality, inner[key], mime)
    for key in ("file_id", "id"):
        if isinstance(inner.get(key), str):
            return m.File(modality, inner[key], mime)
    return None


def _modality(kind: str, mime: object) -> str | None:
    if kind == "media":  # Google's: only the type of the data says what it is
        kind = mime if isinstance(mime, str) else ""
        return next((word for word in _MODALITIES if kind.startswith(word)), "document")
    return next((word for word in _MODALITIES if word in kind), "document" if kind == "file" else None)


def _mime_of(modality: str, form: object) -> str | None:
    return f"{modality}/{form}" if modality != "document" and isinstance(form, str) and form else None


def _from_url(modality: str, url: str, mime: str | None) -> m.Part | None:
    data = _DATA_URL.match(url)
    return None if data is None else m.Blob(modality, url[data.end() :], mime or data.group(1))


def _fields(block: Mapping[str, Any], limit: int) -> dict[str, Any]:
    found = plain(block, limit)
    return {key: value for key, value in found.items() if key != "type"} if isinstance(found, dict) else {}


def _answer(content: Any, limit: int) -> tuple[Any, list[m.Part]]:
    """A tool's answer as data, and the media in it."""
    if isinstance(content, str):
        return clip(content, limit), []
    shown = [
        part
        for block in (islice(content, 1000) if isinstance(content, list) else ())
        if isinstance(block, Mapping) and (part := _media(str(block.get("type", "")), block)) is not None
    ]
    return plain(content, limit), shown


def _role(name: str) -> str:
    return _ROLES.get(name, name)


def chain_messages(value: Any, role: str, limit: int) -> list[m.Message] | None:
    """Translate what a chain, graph or agent was given or gave: messages where there are some, else its data."""
    if value is None or value == "":
        return None
    if type(value) is dict or isinstance(value, Mapping):
        return _from_mapping(value, role, limit)
    if isinstance(value, BaseMessage):
        return [message(value, limit)]
    if isinstance(value, list) and value and all(_is_message(item) for item in islice(value, 1000)):
        return chat_messages(value, limit)
    nested = getattr(value, "messages", None)  # a prompt value, a state object
    if isinstance(nested, list) and nested and all(_is_message(item) for item in islice(nested, 1000)):
        return chat_messages(nested, limit)
    return [m.Message(role=role, parts=_data_parts(value, limit))]


def _from_mapping(value: Mapping[str, Any], role: str, limit: int) -> list[m.Message] | None:
    nested = value.get("messages")
    if isinstance(nested, (list, BaseMessage)) and nested:
        found = nested if isinstance(nested, list) else [nested]
        if role == "assistant":
            found = found[-1:]  # a state holds the whole conversation; the answer is its end
        return chat_messages(found, limit)
    for key in _TEXT_KEYS:
        text = value.get(key)
        if isinstance(text, (str, BaseMessage)) and text and len(value) == 1:
            return (
                [message(text, limit)]
                if isinstance(text, BaseMessage)
                else [m.Message(role, content_parts(text, limit))]
            )
    return [m.Message(role=role, parts=_data_parts(value, limit))] if value else None


def _data_parts(value: Any, limit: int) -> list[m.Part]:
    return [m.Text(clip(value if isinstance(value, str) else to_json(plain(value, limit)), limit))]


def _is_message(item: Any) -> bool:
    if isinstance(item, BaseMessage):
        return True
    return (isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)) or (
        isinstance(item, Mapping) and "role" in item and "content" in item
    )
