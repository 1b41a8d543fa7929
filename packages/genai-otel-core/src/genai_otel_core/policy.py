"""The content policy applied to an ended operation: removed, or masked, referenced and bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from opentelemetry.trace import INVALID_SPAN, Span

from genai_otel_core import bounds, media
from genai_otel_core import messages as m
from genai_otel_core.content import Mode
from genai_otel_core.cutting import Prepared, bare, cut, cut_and_count, fit_as_written
from genai_otel_core.guard import report
from genai_otel_core.keeping import Keeper
from genai_otel_core.masking import Masking
from genai_otel_core.masks import Mask
from genai_otel_core.operations import (
    AgentInvocation,
    Evaluation,
    Inference,
    Operation,
    Retrieval,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.plain import clip, plain
from genai_otel_core.written import Written

_MESSAGES = ("input_messages", "output_messages")
_FIELDS: dict[type[Operation], tuple[str, ...]] = {
    Inference: ("system_instructions", "tool_definitions", *_MESSAGES),
    AgentInvocation: ("description", "system_instructions", "tool_definitions", *_MESSAGES),
    WorkflowInvocation: _MESSAGES,
    ToolExecution: ("description", "arguments", "result"),
    Retrieval: ("query", "documents"),
    Evaluation: ("explanation",),
}
"""The fields of content by operation type; request and failure have some too."""

# What becomes a reference.
_MEDIA = (m.Blob, m.Uri)
_Pending = dict[str, media.Reference]


class Policy:
    """What becomes of content before it is set on anything.

    It is cut before it is masked, so that a mask has bounded work, and again after, since a mask may add.
    """

    def __init__(
        self, mask: Mask | None, limit: int, written: Written | None = None, keeper: Keeper | None = None
    ) -> None:
        self._masking = Masking(mask)
        self._limit = limit
        self._written = written
        self._keeper = keeper
        self._seen = media.SeenMedia()

    def apply(self, op: Operation, span: Span, mode: Mode) -> None:
        """Leave in `op` what may be recorded of its content, and nothing else."""
        try:
            self._apply(op, span, mode)
        except Exception as error:  # noqa: BLE001 - nothing of it is known to be safe
            report("content policy", error)
            self._apply(op, INVALID_SPAN, Mode.NONE)

    def _apply(self, op: Operation, span: Span, mode: Mode) -> None:
        wanted = mode.on_event or (mode.on_span and span.is_recording())
        apart = self._keeper is not None and mode.captures and not isinstance(op, Evaluation)
        self._prepare(op, span, span.is_recording() if apart else wanted)
        if apart:
            if span.is_recording():
                op.content_uri = self._safely(self._keep, op, span)
            self._prepare(op, INVALID_SPAN, wanted=False)
        elif wanted and self._written is not None:
            fit_as_written(op, _FIELDS.get(type(op), ()), self._limit, self._written)

    def _keep(self, op: Operation, span: Span) -> str | None:
        assert self._keeper is not None
        return self._keeper.keep(op, span, _FIELDS.get(type(op), ()))

    def _prepare(self, op: Operation, span: Span, wanted: bool) -> None:
        for name in _FIELDS.get(type(op), ()):
            value = getattr(op, name)
            if value is not None:
                shown = self._safely(self._field, name, value, op, span) if wanted else None
                setattr(op, name, shown if wanted else bare(value, self._limit))
        request = getattr(op, "request", None)
        if request is not None and request.stop_sequences is not None:
            stops = request.stop_sequences
            request.stop_sequences = (
                self._safely(self._stops, "stop_sequences", stops, op) if wanted else None
            )
        if op.failure is not None and (op.failure.message is not None or op.failure.stacktrace is not None):
            hidden = replace(op.failure, message=None, stacktrace=None)
            shown = self._safely(self._failure, "exception", op.failure, op) if wanted else None
            op.failure = shown or hidden

    def _safely(self, func: Callable[..., Any], *args: Any) -> Any:
        try:
            return func(*args)
        except Exception as error:  # noqa: BLE001 - what could not be made safe is not recorded
            report("content policy", error)
            return None

    def _field(self, name: str, value: Any, op: Operation, span: Span) -> Any:
        if isinstance(value, Prepared):
            return value
        return _HANDLERS[name](self, name, value, op, span)

    def text(self, name: str, value: str, op: Operation, span: Span | None = None) -> str | None:
        """Make a text fit to be recorded."""
        kept, _ = cut_and_count(name, value, self._limit)
        masked = self._masking.text(name, kept, op)
        return None if masked is None else clip(masked, self._limit)

    def data(self, name: str, value: Any, op: Operation, span: Span) -> Any:
        """Make an object fit to be recorded."""
        kept, _ = cut_and_count(name, plain(value, 2 * self._limit), self._limit)
        if self._masking.is_off:
            return kept
        masked = self._masking.objects(name, kept, op)
        return None if masked is None else bounds.data(masked, self._limit)

    def messages(self, name: str, value: list[m.Message], op: Operation, span: Span) -> list[m.Message]:
        """Make messages fit to be recorded."""
        pending: _Pending = {}
        shown = [self._with_references(message, span, pending) for message in value]
        prepared = self._fitted(name, shown, self._masking.messages, op)
        if pending:
            self._keep_media(pending, [part for message in prepared for part in message.parts])
        return prepared

    def _fitted(
        self, name: str, value: list[Any], mask: Callable[[str, Any, Any], Any], op: Operation
    ) -> Prepared:
        kept, size = cut_and_count(name, value, self._limit)
        if self._masking.is_off:
            return Prepared(kept, size)
        return Prepared(cut(name, mask(name, kept, op), self._limit))

    def _with_references(self, message: m.Message, span: Span, pending: _Pending) -> m.Message:
        for part in message.parts:
            if type(part) in _MEDIA:
                return replace(message, parts=self._referenced(message.parts, span, pending))
        return message

    def parts(self, name: str, value: list[m.Part], op: Operation, span: Span) -> list[m.Part]:
        """Make parts fit to be recorded."""
        pending: _Pending = {}
        shown = self._referenced(value, span, pending)
        prepared = self._fitted(name, shown, self._masking.parts, op)
        self._keep_media(pending, prepared)
        return prepared

    def _referenced(self, parts: list[m.Part], span: Span, pending: _Pending) -> list[m.Part]:
        return [self._reference(part, span, pending) for part in parts]

    def _reference(self, part: m.Part, span: Span, pending: _Pending) -> m.Part:
        part = media.as_blob(part)
        if not isinstance(part, m.Blob):
            return part
        found = media.reference(part)
        if self._keeper is None:
            return self._seen.described(part, found, span.get_span_context().trace_id)
        uri = self._keeper.media_uri(found)
        pending[uri] = found
        return m.Uri(part.modality, uri, part.mime_type)

    def _keep_media(self, pending: _Pending, shown: list[m.Part]) -> None:
        # Only what the mask has let through.
        for part in shown:
            if self._keeper is not None and isinstance(part, m.Uri) and part.uri in pending:
                self._keeper.keep_media(pending[part.uri])

    def definitions(
        self, name: str, value: list[m.ToolDefinition], op: Operation, span: Span
    ) -> list[m.ToolDefinition]:
        """Make tool definitions fit to be recorded."""
        return self._fitted(name, value, self._masking.definitions, op)

    def documents(self, name: str, value: list[m.Document], op: Operation, span: Span) -> list[m.Document]:
        """Make documents fit to be recorded."""
        found: list[m.Document] = self._fitted(name, value, self._masking.documents, op)
        return found

    def _stops(self, name: str, value: list[str], op: Operation) -> list[str]:
        masked = [self.text(name, text, op) for text in value]
        return list(bounds.data([text for text in masked if text is not None], self._limit))

    def _failure(self, name: str, value: Any, op: Operation) -> Any:
        message, trace = value.message, value.stacktrace
        return replace(
            value,
            message=None if message is None else self.text("exception_message", message, op),
            stacktrace=None if trace is None else self.text("exception_stacktrace", trace, op),
        )


_HANDLERS: dict[str, Callable[[Policy, str, Any, Any, Any], Any]] = {
    "input_messages": Policy.messages,
    "output_messages": Policy.messages,
    "system_instructions": Policy.parts,
    "tool_definitions": Policy.definitions,
    "arguments": Policy.data,
    "result": Policy.data,
    "description": Policy.text,
    "query": Policy.text,
    "explanation": Policy.text,
    "documents": Policy.documents,
}
