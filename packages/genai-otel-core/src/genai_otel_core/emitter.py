"""Spans, metrics and events of one set of providers: an operation in, telemetry out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry._logs import LoggerProvider
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TracerProvider

from genai_otel_core.content import Mode
from genai_otel_core.conventions import Convention, combine
from genai_otel_core.events import Events
from genai_otel_core.guard import attempt
from genai_otel_core.metrics import Metrics
from genai_otel_core.operations import (
    EVICTED,
    INTERRUPTED,
    AgentInvocation,
    Evaluation,
    Operation,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.spans import Spans


class Emitter:
    """The three signals of operations. Each is guarded by itself: one that fails leaves the others."""

    def __init__(
        self,
        tracer_provider: TracerProvider | None,
        meter_provider: MeterProvider | None,
        logger_provider: LoggerProvider | None,
        conventions: tuple[Convention, ...],
    ) -> None:
        convention = combine(conventions)
        self._specs = convention.by_type
        self._spans = Spans(tracer_provider, convention)
        self._metrics = Metrics(meter_provider, convention)
        self._events = Events(logger_provider, convention)

    def start(
        self, op: Operation, context: Context, links: Sequence[SpanContext] = (), announce: bool = False
    ) -> tuple[Span, frozenset[str]]:
        """Start the operation's span; also return the names of the attributes it was given.

        With `announce`, an event says so at once: the span itself is exported only when it ends.
        """
        span, given = self._spans.start(op, context, links)
        if announce:
            attempt("events.start", self._events.start, op, span)
        return span, given

    def measure(self, op: Operation) -> None:
        """Record the points of an ended operation that has no span of ours."""
        self._measure(op, self._specs[type(op)].facts(op), None)

    def _measure(self, op: Operation, facts: dict[str, Any], span: Span | None) -> None:
        # An interrupted tool runs again when it is resumed, and counts then.
        if op.outcome != EVICTED and not (op.outcome == INTERRUPTED and isinstance(op, ToolExecution)):
            attempt("metrics.finish", self._metrics.finish, op, facts, span)

    def evaluate(self, op: Evaluation, judged: SpanContext, mode: Mode) -> None:
        """Emit an evaluation of the operation whose span is `judged`."""
        attempt("events.evaluate", self._events.finish, op, NonRecordingSpan(judged), mode.on_event, False)

    def finish(
        self, op: Operation, span: Span, given: frozenset[str], mode: Mode, end_ns: int | None
    ) -> None:
        """Record the points of an ended operation, emit its events, fill and end its span."""
        facts = self._specs[type(op)].facts(op)
        self._measure(op, facts, span)
        if op.outcome == INTERRUPTED and isinstance(op, (AgentInvocation, WorkflowInvocation)):
            attempt("events.interrupt", self._events.interrupt, op, span)
        on_span, on_event = mode.on_span, mode.on_event
        events = attempt("events.finish", self._events.finish, op, span, on_event, on_span) or ()
        attempt("spans.finish", self._spans.finish, span, op, facts, given, on_span, events, end_ns)
