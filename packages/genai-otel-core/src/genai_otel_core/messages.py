"""Messages and their parts, as plain data: what was said, by whom, in no vocabulary's spelling.

The part types follow the message schemas of the OpenTelemetry GenAI semantic conventions
(text, reasoning, tool call, tool response, blob, uri, file, generic); how they are written
down is a convention's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Text:
    """Plain text."""

    content: str


@dataclass(slots=True)
class Reasoning:
    """Text of a model's reasoning ("thinking"), as far as the provider shows it."""

    content: str


@dataclass(slots=True)
class ToolCall:
    """A model's request to run a tool."""

    name: str
    id: str | None = None
    arguments: Any = None


@dataclass(slots=True)
class ToolResponse:
    """What a tool answered, as sent back to the model."""

    response: Any
    id: str | None = None


@dataclass(slots=True)
class ServerToolCall:
    """A call of a tool that the provider itself runs (web search, code interpreter)."""

    name: str
    call: Any
    id: str | None = None


@dataclass(slots=True)
class ServerToolResponse:
    """The answer of a tool that the provider itself ran."""

    response: Any
    id: str | None = None


@dataclass(slots=True)
class Blob:
    """Inline media; `content` is base64 text exactly as the framework had it."""

    modality: str
    content: str
    mime_type: str | None = None


@dataclass(slots=True)
class Uri:
    """Media by reference."""

    modality: str
    uri: str
    mime_type: str | None = None


@dataclass(slots=True)
class File:
    """Media by the provider's file id."""

    modality: str
    file_id: str
    mime_type: str | None = None


@dataclass(slots=True)
class Generic:
    """A part of a kind that no schema names; `type` is the framework's word for it."""

    type: str
    data: dict[str, Any] = field(default_factory=dict)


Part = (
    Text
    | Reasoning
    | ToolCall
    | ToolResponse
    | ServerToolCall
    | ServerToolResponse
    | Blob
    | Uri
    | File
    | Generic
)


@dataclass(slots=True)
class Message:
    """One message of a conversation.

    `role` is `system`, `user`, `assistant`, `tool` or the framework's own word.
    `finish_reason` is set on output messages only, and only if the provider gave one.
    """

    role: str
    parts: list[Part] = field(default_factory=list)
    name: str | None = None
    finish_reason: str | None = None


@dataclass(slots=True)
class ToolDefinition:
    """A tool offered to a model; `parameters` is its JSON schema."""

    name: str
    description: str | None = None
    parameters: Any = None
    type: str = "function"


@dataclass(slots=True)
class Document:
    """A retrieved document. `id` and `score` identify it; `content` and `metadata` are content."""

    id: str | None = None
    score: float | None = None
    content: str | None = None
    metadata: dict[str, Any] | None = None
