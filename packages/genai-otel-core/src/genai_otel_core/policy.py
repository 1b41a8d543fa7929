"""The content policy applied to an ended operation: removed, or masked, referenced and bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from operator import attrgetter
from typing import Any

from opentelemetry.trace import INVALID_SPAN, Span

from genai_otel_core import as_it_is, media
from genai_otel_core import messages as m
from genai_otel_core.content import Mode
from genai_otel_core.cutting import Prepared, bare, cut_and_count, fit_as_written, fitted
from genai_otel_core.guard import report
from genai_otel_core.keeping import Keeper
from genai_otel_core.masking import Masking
from genai_otel_core.masks import Mask
from genai_otel_core.operations import (
    AgentInvocation,
    Evaluation,
    Failure,
    Inference,
    Operation,
    Request,
    Retrieval,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.plain import plain
from genai_otel_core.survey import MEDIA
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

_parts = attrgetter("parts")
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
        is_recording = span.is_recording()
        if self._keeper is not None and mode.captures and not isinstance(op, Evaluation):
            if is_recording:
                self._prepare(op, span)
                op.content_uri = self._safely(self._keep, op, span)
            self._remove(op)
        elif not (mode.on_event or (mode.on_span and is_recording)):
            self._remove(op)
        elif self._prepare(op, span) > self._limit and self._written is not None:
            fit_as_written(op, _FIELDS.get(type(op), ()), self._limit, self._written)

    def _keep(self, op: Operation, span: Span) -> str | None:
        assert self._keeper is not None
        return self._keeper.keep(op, span, _FIELDS.get(type(op), ()))

    def _remove(self, op: Operation) -> None:
        """Leave no content in `op`."""
        for name in _FIELDS.get(type(op), ()):
            value = getattr(op, name)
            if value is not None:
                setattr(op, name, bare(value, self._limit))
        request, failure = getattr(op, "request", None), op.failure
        if request is not None:
            request.stop_sequences = None
        if failure is not None and _quotes(failure):
            op.failure = _without_quotes(failure)

    def _prepare(self, op: Operation, span: Span) -> float:
        """Make the content of `op` fit to be recorded; return how many bytes it has at most, as far as known."""
        fields = _FIELDS.get(type(op), ())
        size = as_it_is.prepare(op, fields, self._limit) if self._masking.is_off else None
        if size is None:
            size = sum([self._treat(op, name, span) for name in fields])
        request, failure = getattr(op, "request", None), op.failure
        if request is not None and request.stop_sequences is not None:
            request.stop_sequences, more = self._safely(self._stops, request, op) or (None, 0)
            size += more
        if failure is not None and _quotes(failure):
            op.failure = self._safely(self._failure, failure, op) or _without_quotes(failure)
        return size

    def _treat(self, op: Operation, name: str, span: Span) -> float:
        value = getattr(op, name)
        if value is None or type(value) is Prepared:
            return 0 if value is None else value.size
        shown, size = self._safely(_HANDLERS[name], self, name, value, op, span) or (None, 0)
        setattr(op, name, shown)
        return size

    def _safely(self, func: Callable[..., Any], *args: Any) -> Any:
        try:
            return func(*args)
        except Exception as error:  # noqa: BLE001 - what could not be made safe is not recorded
            report("content policy", error)
            return None

    def text(
        self, name: str, value: str, op: Operation, span: Span | None = None
    ) -> tuple[str | None, float]:
        """Make a text fit to be recorded."""
        kept, size = cut_and_count(name, value, self._limit)
        if self._masking.is_off:
            return kept, size
        masked = self._masking.text(name, kept, op)
        return (None, 0) if masked is None else fitted(name, masked, self._limit)

    def data(self, name: str, value: Any, op: Operation, span: Span) -> tuple[Any, float]:
        """Make an object fit to be recorded."""
        kept, size = cut_and_count(name, plain(value, 2 * self._limit), self._limit)
        if self._masking.is_off:
            return kept, size
        masked = self._masking.objects(name, kept, op)
        return (None, 0) if masked is None else fitted(name, masked, self._limit)

    def lists(
        self, name: str, value: list[Any], op: Operation, span: Span | None = None
    ) -> tuple[Prepared, float]:
        """Make a list of objects of ours fit to be recorded."""
        kept, size = cut_and_count(name, value, self._limit)
        if not self._masking.is_off:
            kept, size = fitted(name, _MASKS[name](self._masking, name, kept, op), self._limit)
        shown = Prepared(kept)
        shown.size = size
        return shown, size

    def messages(
        self, name: str, value: list[m.Message], op: Operation, span: Span
    ) -> tuple[Prepared, float]:
        """Make messages fit to be recorded."""
        if MEDIA.isdisjoint(map(type, chain.from_iterable(map(_parts, value)))):
            return self.lists(name, value, op)
        pending: _Pending = {}
        value = [replace(message, parts=self._referenced(message.parts, span, pending)) for message in value]
        shown, size = self.lists(name, value, op)
        self._keep_media(pending, [part for message in shown for part in message.parts])
        return shown, size

    def parts(self, name: str, value: list[m.Part], op: Operation, span: Span) -> tuple[Prepared, float]:
        """Make parts fit to be recorded."""
        pending: _Pending = {}
        shown, size = self.lists(name, self._referenced(value, span, pending), op)
        self._keep_media(pending, shown)
        return shown, size

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

    def _stops(self, request: Request, op: Operation) -> tuple[list[str], float]:
        masked = [self.text("stop_sequences", text, op)[0] for text in request.stop_sequences or ()]
        return fitted("request.stop_sequences", [text for text in masked if text is not None], self._limit)

    def _failure(self, failure: Failure, op: Operation) -> Failure:
        message, trace = failure.message, failure.stacktrace
        return replace(
            failure,
            message=None if message is None else self.text("exception_message", message, op)[0],
            stacktrace=None if trace is None else self.text("exception_stacktrace", trace, op)[0],
        )


def _quotes(failure: Failure) -> bool:
    return failure.message is not None or failure.stacktrace is not None


def _without_quotes(failure: Failure) -> Failure:
    return replace(failure, message=None, stacktrace=None)


_HANDLERS: dict[str, Callable[[Policy, str, Any, Any, Any], tuple[Any, float]]] = {
    "input_messages": Policy.messages,
    "output_messages": Policy.messages,
    "system_instructions": Policy.parts,
    "tool_definitions": Policy.lists,
    "arguments": Policy.data,
    "result": Policy.data,
    "description": Policy.text,
    "query": Policy.text,
    "explanation": Policy.text,
    "documents": Policy.lists,
}
_MASKS: dict[str, Callable[[Masking, str, Any, Any], list[Any]]] = {
    "input_messages": Masking.messages,
    "output_messages": Masking.messages,
    "system_instructions": Masking.parts,
    "tool_definitions": Masking.definitions,
    "documents": Masking.documents,
}
"""How lists are masked."""
