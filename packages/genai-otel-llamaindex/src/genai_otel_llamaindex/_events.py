"""The dispatcher's events: what only they tell of a model's stream and of cancelled steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from genai_otel_core.errors import is_cancellation
from genai_otel_core.frames import running
from genai_otel_core.guard import attempt
from genai_otel_core.readers import is_served
from genai_otel_llamaindex import _calls, _response
from genai_otel_llamaindex._notes import note_of
from genai_otel_llamaindex._spans import Spans


class Events:
    """Takes events for the runs of `spans`."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._telemetry = spans.telemetry
        self._handlers: dict[str, Callable[[Any], None]] = {
            "LLMChatStartEvent": self._started,
            "LLMCompletionStartEvent": self._started,
            "LLMChatInProgressEvent": self._chunk,
            "LLMCompletionInProgressEvent": self._chunk,
            "LLMChatEndEvent": self._ended,
            "LLMCompletionEndEvent": self._ended,
            "ExceptionEvent": self._failed,
            "SpanCancelledEvent": self._cancelled,
        }

    def take(self, event: Any) -> None:
        """Take one event; those of no interest cost a look-up."""
        handler = self._handlers.get(type(event).__name__)
        if handler is not None:
            handler(event)

    def _started(self, event: Any) -> None:
        found = self._spans.inference(event.span_id)
        if found is not None:
            found.note.reports = found.main.reports = True

    def _chunk(self, event: Any) -> None:
        found = self._spans.inference(event.span_id)
        if found is None:
            return
        response = event.response
        attempt("chunk of a stream", _response.read_response, found.op, response)
        if found.main.chunks_of is None:
            found.main.chunks_of = event.span_id
        if found.main.chunks_of != event.span_id:
            return  # the same chunk, passed on
        delta = getattr(response, "delta", None)
        self._telemetry.chunk(
            found.target,
            bears_content=_response.bears_content(response),
            text=delta if isinstance(delta, str) else None,
        )

    def _ended(self, event: Any) -> None:
        found = self._spans.inference(event.span_id)
        if found is None:
            return
        shown = self._telemetry.captures(found.target)
        attempt("response", _calls.read_response, found.op, event.response, shown, self._spans.limit)
        found.note.answered = True
        if found.note.stream is not None:  # else the span's exit follows
            self._spans.stream_ended(found, None)

    def _failed(self, event: Any) -> None:
        found = self._spans.inference(event.span_id)
        if found is None or found.note.stream is None:
            return
        error = event.exception
        if is_cancellation(error) and is_served(next(running())):
            error = GeneratorExit()  # the client of a web server has gone
        self._spans.stream_ended(found, error)

    def _cancelled(self, event: Any) -> None:
        note = note_of(self._telemetry.find(event.span_id))
        if note is not None:
            note.cancelled = True
