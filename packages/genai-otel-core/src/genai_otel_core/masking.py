"""Applies a mask to an operation: once per message part, before anything of it is set anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from genai_otel_core import counters, guard
from genai_otel_core import messages as m
from genai_otel_core.masks import Mask
from genai_otel_core.plain import clip, keep_clear_of_cut, number, sayable, to_json

MASK_FAILED = "[mask failed]"
_ROLES = ("system", "developer", "user", "assistant", "tool", "omitted")


class Masking:
    """One mask, called safely: where it raises, the text becomes `[mask failed]` and the error is counted."""

    def __init__(self, mask: Mask | None) -> None:
        self._mask = mask
        self.is_off = mask is None
        self._has_failed = False
        self._each_text = bool(getattr(mask, "each_text", False))

    def text(self, field: str, text: str, op: Any) -> str | None:
        """Return what is to be recorded for `text`; None drops it."""
        if self._mask is None:
            return text
        try:
            masked = self._mask(field, text, op)
            if masked is not None and not isinstance(masked, str):
                raise TypeError(f"mask must return a text or None, not {type(masked).__name__}")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 - the user's own code
            counters.add(counters.MASK_FAILURES)
            guard.report("mask", error, is_first=not self._has_failed)
            self._has_failed = True
            return MASK_FAILED
        # What was cut in two is no longer recognised: nothing right before a cut is shown.
        return None if masked is None else keep_clear_of_cut(sayable(str.__str__(masked)))

    def data(self, field: str, value: Any, op: Any) -> Any:
        """Return what is to be recorded for JSON data; None drops it."""
        if self._mask is None or value is None:
            return value
        if isinstance(value, str):
            return self.text(field, value, op)
        if self._each_text:
            return self._leaves(field, value, op)
        given = to_json(value)
        masked = self.text(field, given, op)
        if masked is None or masked == given:
            return None if masked is None else value
        try:
            return json.loads(masked, parse_int=_int, parse_float=_float, parse_constant=str)
        except ValueError:
            return masked

    def _leaves(self, field: str, value: Any, op: Any) -> Any:
        if isinstance(value, str):
            return self.text(field, value, op)
        if isinstance(value, Mapping):
            found = {}
            for key, item in value.items():
                name, kept = self.text(field, str(key), op), self._leaves(field, item, op)
                if name is not None and (kept is not None or item is None):
                    found[name] = kept
            return found
        if isinstance(value, (list, tuple)):
            both = [(self._leaves(field, item, op), item) for item in value]
            return [new for new, item in both if new is not None or item is None]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            given = str(value)
            masked = self.text(field, given, op)
            return value if masked == given else masked
        return value

    def objects(self, field: str, value: Any, op: Any) -> Any:
        """Return what is to be recorded for data that must stay a JSON object; None drops it."""
        masked = self.data(field, value, op)
        return masked if masked is None or isinstance(masked, dict) else {"content": masked}

    def messages(self, field: str, value: list[m.Message], op: Any) -> list[m.Message]:
        """Return messages with masked parts."""
        if self._mask is None:
            return value
        return [self._message(field, message, op) for message in value]

    def _message(self, field: str, message: m.Message, op: Any) -> m.Message:
        name = message.name
        if name is not None and message.role != "tool":
            name = self.text(field, name, op)
        role = message.role
        if role not in _ROLES:
            role = self.text(field, role, op) or "unknown"
        return m.Message(role, self.parts(field, message.parts, op), name, message.finish_reason)

    def parts(self, field: str, value: list[m.Part], op: Any) -> list[m.Part]:
        """Return masked parts, without those that the mask dropped."""
        if self._mask is None:
            return value
        found = (_PARTS[type(part)](self, field, part, op) for part in value)
        return [part for part in found if part is not None]

    def definitions(self, field: str, value: list[m.ToolDefinition], op: Any) -> list[m.ToolDefinition]:
        """Return tool definitions with masked description and schema."""
        if self._mask is None:
            return value
        return [self._definition(field, tool, op) for tool in value]

    def _definition(self, field: str, tool: m.ToolDefinition, op: Any) -> m.ToolDefinition:
        if self._each_text:
            said = None if tool.description is None else self.text(field, tool.description, op)
            return m.ToolDefinition(tool.name, said, self.data(field, tool.parameters, op), tool.type)
        shown = {"description": tool.description, "parameters": tool.parameters}
        masked = self.data(field, {key: item for key, item in shown.items() if item is not None}, op)
        if isinstance(masked, dict):
            described = masked.get("description")
            text = described if isinstance(described, str) else None
            return m.ToolDefinition(tool.name, text, masked.get("parameters"), tool.type)
        return m.ToolDefinition(tool.name, None if masked is None else str(masked), None, tool.type)

    def documents(self, field: str, value: list[m.Document], op: Any) -> list[m.Document]:
        """Return documents with masked text and metadata."""
        if self._mask is None:
            return value
        return [
            m.Document(
                found.id,
                found.score,
                None if found.content is None else self.text(field, found.content, op),
                self.objects(field, found.metadata, op),
            )
            for found in value
        ]

    def said(self, field: str, part: m.Text | m.Reasoning, op: Any) -> m.Part | None:
        """Return a text, masked."""
        text = self.text(field, part.content, op)
        return None if text is None else type(part)(text)

    def call(self, field: str, part: m.ToolCall, op: Any) -> m.Part | None:
        """Return a tool call, masked."""
        return m.ToolCall(part.name, part.id, self.data(field, part.arguments, op))

    def response(self, field: str, part: m.ToolResponse, op: Any) -> m.Part | None:
        """Return a tool's answer, masked."""
        masked = self.data(field, part.response, op)
        return None if masked is None and part.response is not None else m.ToolResponse(masked, part.id)

    def server_call(self, field: str, part: m.ServerToolCall, op: Any) -> m.Part | None:
        """Return a call of a provider's tool, masked."""
        masked = self.data(field, part.call, op)
        return None if masked is None else m.ServerToolCall(part.name, _typed(masked, part.call), part.id)

    def server_response(self, field: str, part: m.ServerToolResponse, op: Any) -> m.Part | None:
        """Return an answer of a provider's tool, masked."""
        masked = self.data(field, part.response, op)
        return None if masked is None else m.ServerToolResponse(_typed(masked, part.response), part.id)

    def media(self, field: str, part: m.Uri | m.File, op: Any) -> m.Part | None:
        """Return media by reference, masked."""
        reference = part.uri if isinstance(part, m.Uri) else part.file_id
        text = self.text(field, reference, op)
        return None if text is None else type(part)(part.modality, text, part.mime_type)

    def generic(self, field: str, part: m.Generic, op: Any) -> m.Part | None:
        """Return another part, masked."""
        # Its type is any word that the application may have chosen.
        masked = self.objects(field, {"type": part.type, **part.data}, op)
        if masked is None:
            return None
        kind = masked.pop("type", None)
        return m.Generic(kind if isinstance(kind, str) else "unknown", masked)


def _int(digits: str) -> Any:
    return number(int(digits))


def _float(digits: str) -> Any:
    return number(float(digits))


def _typed(masked: Any, original: Any) -> Any:
    # The schema wants an object that says its type.
    kind = original.get("type") if isinstance(original, Mapping) else None
    if isinstance(masked, dict):
        return {**masked, "type": kind} if kind is not None else masked
    return {"type": kind if kind is not None else "unknown", "content": clip(str(masked), 1 << 20)}


_PARTS: dict[type, Callable[[Masking, str, Any, Any], m.Part | None]] = {
    m.Text: Masking.said,
    m.Reasoning: Masking.said,
    m.ToolCall: Masking.call,
    m.ToolResponse: Masking.response,
    m.ServerToolCall: Masking.server_call,
    m.ServerToolResponse: Masking.server_response,
    m.Blob: lambda masking, field, part, op: part,
    m.Uri: Masking.media,
    m.File: Masking.media,
    m.Generic: Masking.generic,
}
