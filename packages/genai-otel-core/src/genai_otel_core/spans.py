"""The only place that starts, fills and ends spans."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TracerProvider

from genai_otel_core import guard
from genai_otel_core.conventions import Convention, Event, Kind, SpanSpec
from genai_otel_core.limits import within
from genai_otel_core.operations import Operation
from genai_otel_core.plain import sayable, to_json
from genai_otel_core.version import SCOPE, VERSION


class Spans:
    """Spans of operations, in the convention chosen."""

    def __init__(self, tracer_provider: TracerProvider | None, convention: Convention) -> None:
        self._tracer = trace.get_tracer(
            SCOPE, VERSION, tracer_provider, schema_url=convention.schema_url or ""
        )
        self._specs = convention.by_type

    def start(
        self, op: Operation, context: Context, links: Sequence[SpanContext] = ()
    ) -> tuple[Span, frozenset[str]]:
        """Start the span of `op`; also return which attributes it was given, so that none is set twice."""
        spec = self._specs[type(op)]
        known = spec.at_start(op)
        attributes = {**op.attributes, **known} if op.attributes else known
        span = self._tracer.start_span(
            sayable(spec.name(op)),
            context=context,
            kind=SpanKind.CLIENT if spec.kind(op) is Kind.CLIENT else SpanKind.INTERNAL,
            attributes=attributes,
            links=[Link(linked) for linked in links] if links else None,
        )
        return span, frozenset(known)

    def finish(
        self,
        span: Span,
        op: Operation,
        facts: dict[str, Any],
        given: frozenset[str],
        content: bool,
        span_events: Iterable[Event],
        end_ns: int | None,
    ) -> None:
        """Fill the span with what is known at the end, and end it. A non-recording span computes nothing."""
        try:
            if span.is_recording():
                self._fill(span, op, facts, given, content)
                for event in span_events:
                    span.add_event(event.name, event.attributes)
        finally:
            span.end(end_ns)

    def _fill(
        self, span: Span, op: Operation, facts: dict[str, Any], given: frozenset[str], content: bool
    ) -> None:
        spec = self._specs[type(op)]
        attributes = facts
        for name in given | spec.not_on_span:
            attributes.pop(name, None)
        if not attributes.keys().isdisjoint(spec.start_names):
            # Known only by now (a model's name, an agent's provider): the name may say it too.
            span.set_attributes({name: attributes.pop(name) for name in spec.start_names & attributes.keys()})
            span.update_name(sayable(spec.name(op)))
        if content:
            attributes.update(encoded(spec, op))
        if spec.expand is not None:
            attributes.update(guard.attempt("convention expand", spec.expand, op, content) or {})
        span.set_attributes(within(span, attributes, spec.rows))
        failure = op.failure
        if failure is not None:
            text = failure.exception_type
            if content and failure.message:
                text = failure.message
            span.set_status(Status(StatusCode.ERROR, text))


def encoded(spec: SpanSpec[Any], op: Operation) -> dict[str, Any]:
    """An operation's content as span attributes: structured values as JSON text."""
    found = spec.content(op)
    for name in spec.structured & found.keys():
        found[name] = to_json(found[name])
    return found


def wall_ns() -> int:
    """Wall-clock nanoseconds, as span timestamps are."""
    return time.time_ns()
