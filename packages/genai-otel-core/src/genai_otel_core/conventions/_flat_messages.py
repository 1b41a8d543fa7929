"""Messages, tools and documents flattened into one attribute per leaf, as OpenInference writes them.

https://github.com/Arize-ai/openinference/tree/main/spec
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from genai_otel_core import messages as m
from genai_otel_core.conventions import _chat_format as chat
from genai_otel_core.conventions import _encode as encode
from genai_otel_core.conventions._base import Attributes
from genai_otel_core.operations import Inference, Retrieval
from genai_otel_core.plain import to_json

LIMIT = 60
"""How many leaves one span gets: an SDK keeps 128 attributes and drops the oldest beyond that.

`input.value` and `output.value` are complete; the messages that do not fit are the oldest ones.
"""

INFERENCE_NAMES = (
    "llm.input_messages.{i}.message.role",
    "llm.input_messages.{i}.message.name",
    "llm.input_messages.{i}.message.content",
    "llm.input_messages.{i}.message.contents.{i}.message_content.type",
    "llm.input_messages.{i}.message.contents.{i}.message_content.text",
    "llm.input_messages.{i}.message.contents.{i}.message_content.image.image.url",
    "llm.input_messages.{i}.message.contents.{i}.message_content.audio.audio.url",
    "llm.input_messages.{i}.message.contents.{i}.message_content.audio.audio.mime_type",
    "llm.input_messages.{i}.message.contents.{i}.message_content.video.video.url",
    "llm.input_messages.{i}.message.contents.{i}.message_content.document.document.id",
    "llm.input_messages.{i}.message.contents.{i}.message_content.document.document.url",
    "llm.input_messages.{i}.message.contents.{i}.message_content.document.document.mime_type",
    "llm.input_messages.{i}.message.tool_call_id",
    "llm.input_messages.{i}.message.tool_calls.{i}.tool_call.id",
    "llm.input_messages.{i}.message.tool_calls.{i}.tool_call.function.name",
    "llm.input_messages.{i}.message.tool_calls.{i}.tool_call.function.arguments",
    "llm.output_messages.{i}.message.role",
    "llm.output_messages.{i}.message.content",
    "llm.output_messages.{i}.message.contents.{i}.message_content.type",
    "llm.output_messages.{i}.message.contents.{i}.message_content.text",
    "llm.output_messages.{i}.message.tool_calls.{i}.tool_call.id",
    "llm.output_messages.{i}.message.tool_calls.{i}.tool_call.function.name",
    "llm.output_messages.{i}.message.tool_calls.{i}.tool_call.function.arguments",
    "llm.prompts.{i}.prompt.text",
    "llm.choices.{i}.completion.text",
    "llm.tools.{i}.tool.json_schema",
)
DOCUMENT_NAMES = (
    "retrieval.documents.{i}.document.id",
    "retrieval.documents.{i}.document.score",
    "retrieval.documents.{i}.document.content",
    "retrieval.documents.{i}.document.metadata",
)


def inference(op: Inference, content: bool) -> Attributes:
    """The messages and tools of a model call; nothing without `content`."""
    if not content:
        return {}
    groups: tuple[tuple[str, list[Attributes]], ...]
    if op.kind == "text_completion":
        groups = (
            ("llm.choices", _texts(op.output_messages, "completion.text")),
            ("llm.prompts", _texts(op.input_messages, "prompt.text")),
        )
    else:
        said = m.Message("system", list(op.system_instructions)) if op.system_instructions else None
        asked = [*([said] if said else ()), *(op.input_messages or ())]
        groups = (
            ("llm.output_messages", _flat(op.output_messages)),
            ("llm.tools", _tools(op.tool_definitions)),
            ("llm.input_messages", _flat(asked)),
        )
    found: Attributes = {}
    for prefix, leaves in groups:
        for index, item in enumerate(_newest(leaves, LIMIT - len(found))):
            found.update({f"{prefix}.{index}.{name}": value for name, value in item.items()})
    return found


def documents(op: Retrieval, content: bool) -> Attributes:
    """A retrieval's documents in order: ids and scores, with `content` their text and metadata."""
    found: Attributes = {}
    for index, item in enumerate(op.documents or ()):
        leaves = {"document.id": item.id, "document.score": _score(item.score)}
        if content:
            leaves["document.content"] = item.content
            leaves["document.metadata"] = None if item.metadata is None else to_json(item.metadata)
        present = {name: value for name, value in leaves.items() if value is not None}
        if len(found) + len(present) > LIMIT:
            break
        found.update({f"retrieval.documents.{index}.{name}": value for name, value in present.items()})
    return found


def _score(score: float | None) -> float | None:
    return None if score is None else float(score)


def text_of(items: Sequence[m.Message] | None) -> str | None:
    """The text, if there is a single message and it is text and nothing else."""
    if items is None or len(items) != 1 or len(items[0].parts) != 1:
        return None
    only = items[0].parts[0]
    return only.content if isinstance(only, m.Text) else None


def _newest(items: Sequence[Attributes], room: int) -> Sequence[Attributes]:
    first = len(items)
    while first and len(items[first - 1]) <= room:
        first -= 1
        room -= len(items[first])
    return items[first:]


def _tools(items: Iterable[m.ToolDefinition] | None) -> list[Attributes]:
    return [{"tool.json_schema": to_json(_tool(item))} for item in items or ()]


def _tool(item: m.ToolDefinition) -> dict[str, Any]:
    fields = {"name": item.name, "description": item.description, "parameters": item.parameters}
    return {
        "type": item.type,
        item.type: {name: value for name, value in fields.items() if value is not None},
    }


def _texts(items: Iterable[m.Message] | None, name: str) -> list[Attributes]:
    return [{name: part.content} for item in items or () for part in item.parts if isinstance(part, m.Text)]


def _flat(items: Iterable[m.Message] | None) -> list[Attributes]:
    return [leaves for item in items or () for leaves in _message(item)]


def _message(item: m.Message) -> Iterator[Attributes]:
    said: list[m.Part] = []
    calls: list[m.ToolCall] = []
    answered = False
    for part in item.parts:
        if isinstance(part, m.ToolResponse):
            answered = True
            yield _answer(part)
        elif isinstance(part, m.ToolCall):
            calls.append(part)
        else:
            said.append(part)
    if answered and not said and not calls:
        return
    leaves: Attributes = {"message.role": item.role}
    if item.name is not None:
        leaves["message.name"] = item.name
    leaves.update(_contents(said))
    for index, call in enumerate(calls):
        leaves.update({f"message.tool_calls.{index}.{name}": value for name, value in _call(call).items()})
    yield leaves


def _answer(part: m.ToolResponse) -> Attributes:
    leaves: Attributes = {"message.role": "tool", "message.content": chat.text(part.response)}
    return leaves if part.id is None else {**leaves, "message.tool_call_id": part.id}


def _call(call: m.ToolCall) -> Attributes:
    leaves: Attributes = {} if call.id is None else {"tool_call.id": call.id}
    leaves["tool_call.function.name"] = call.name
    if call.arguments is not None:
        leaves["tool_call.function.arguments"] = chat.text(call.arguments)
    return leaves


def _contents(said: Sequence[m.Part]) -> Attributes:
    if len(said) == 1 and isinstance(said[0], m.Text):
        return {"message.content": said[0].content}
    return {
        f"message.contents.{index}.message_content.{name}": value
        for index, part in enumerate(said)
        for name, value in _content(part).items()
    }


def _content(part: m.Part) -> Attributes:
    if isinstance(part, (m.Text, m.Reasoning)):
        return {"type": "text" if isinstance(part, m.Text) else "reasoning", "text": part.content}
    if isinstance(part, m.File):
        return {"type": "document", "document.document.id": part.file_id}
    if isinstance(part, (m.Blob, m.Uri)):
        return _MEDIA.get(part.modality, _document)(part)
    return {"type": "text", "text": to_json(encode.part(part))}


def _image(part: m.Blob | m.Uri) -> Attributes:
    return {"type": "image", "image.image.url": chat.media_url(part)}


def _audio(part: m.Blob | m.Uri) -> Attributes:
    leaves = {"type": "audio", "audio.audio.url": chat.media_url(part)}
    return leaves if part.mime_type is None else {**leaves, "audio.audio.mime_type": part.mime_type}


def _video(part: m.Blob | m.Uri) -> Attributes:
    return {"type": "video", "video.video.url": chat.media_url(part)}


def _document(part: m.Blob | m.Uri) -> Attributes:
    leaves = {"type": "document", "document.document.url": chat.media_url(part)}
    return leaves if part.mime_type is None else {**leaves, "document.document.mime_type": part.mime_type}


_MEDIA: dict[str, Callable[[m.Blob | m.Uri], Attributes]] = {
    "image": _image,
    "audio": _audio,
    "video": _video,
}
