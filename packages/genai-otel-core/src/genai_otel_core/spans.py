"""The only place that starts, fills and ends spans."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from genai_otel_core import guard
from genai_otel_core.conventions import Convention, Event, Kind, Row, SpanSpec
from genai_otel_core.operations import Operation
from genai_otel_core.plain import to_json
from genai_otel_core.version import SCOPE, VERSION

_KINDS = {Kind.CLIENT: SpanKind.CLIENT, Kind.INTERNAL: SpanKind.INTERNAL}


class Spans:
    """Spans of operations, in the conventions chosen; the first one gives name and kind."""

    def __init__(self, tracer_provider: TracerProvider | None, conventions: tuple[Convention, ...]) -> None:
        self._tracer = trace.get_tracer(
            SCOPE, VERSION, tracer_provider, schema_url=conventions[0].schema_url or ""
        )
        self._conventions = conventions

    def start(self, op: Operation, context: Context) -> tuple[Span, frozenset[str]]:
        """Start the span of `op`; also return which attributes it was given, so that none is set twice."""
        specs = self._specs(op)
        attributes = read(specs, "start_rows", op)
        span = self._tracer.start_span(
            specs[0].name(op), context=context, kind=_KINDS[specs[0].kind(op)], attributes=attributes
        )
        return span, frozenset(attributes)

    def finish(
        self,
        span: Span,
        op: Operation,
        given: frozenset[str],
        content: bool,
        span_events: Iterable[Event],
        end_ns: int | None,
    ) -> None:
        """Fill the span with what is known at the end, and end it. A non-recording span computes nothing."""
        try:
            if span.is_recording():
                self._fill(span, op, given, content)
                for event in span_events:
                    span.add_event(event.name, event.attributes)
        finally:
            span.end(end_ns)

    def _fill(self, span: Span, op: Operation, given: frozenset[str], content: bool) -> None:
        specs = self._specs(op)
        late = read(specs, "start_rows", op, given)
        if late:
            # Known only by now (a model's name, an agent's provider): the name may say it too.
            span.set_attributes(late)
            span.update_name(specs[0].name(op))
        attributes = read(specs, "end_rows", op)
        if content:
            attributes.update(encoded(specs, op))
        for spec in specs:
            if spec.expand is not None:
                attributes.update(spec.expand(op, content))
        span.set_attributes(attributes)
        failure = op.failure
        if failure is not None:
            text = failure.exception_type
            if content and failure.message:
                text = failure.message
            span.set_status(Status(StatusCode.ERROR, text))

    def _specs(self, op: Operation) -> list[SpanSpec[Any]]:
        kind = type(op)
        return [c.by_type[kind] for c in self._conventions if kind in c.by_type]


def read(
    specs: list[SpanSpec[Any]], rows: str, op: Operation, skip: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Read the named rows of all specs; where one raises, only that attribute is lost."""
    found: dict[str, Any] = {}
    for spec in specs:
        for row in getattr(spec, rows):
            if row.name in skip:
                continue
            value = read_row(row, op)
            if value is not None:
                found[row.name] = value
    return found


def read_row(row: Row[Any], op: Operation) -> Any:
    """Read one row; an error of its own is reported and leaves it absent."""
    try:
        return row.value(op)
    except Exception as error:
        guard.report(f"convention row {row.name}", error)
        return None


def encoded(specs: list[SpanSpec[Any]], op: Operation) -> dict[str, Any]:
    """Content rows as span attributes: structured ones as JSON text."""
    found: dict[str, Any] = {}
    for spec in specs:
        for row in spec.content_rows:
            value = read_row(row, op)
            if value is not None:
                found[row.name] = to_json(value) if row.structured else value
    return found


def wall_ns() -> int:
    """Wall-clock nanoseconds, as span timestamps are."""
    return time.time_ns()
