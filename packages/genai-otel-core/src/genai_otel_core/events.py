"""The only place that emits log records."""

from __future__ import annotations

import time
from collections.abc import Iterator

from opentelemetry import _logs, trace
from opentelemetry._logs import LoggerProvider, LogRecord, SeverityNumber
from opentelemetry.trace import Span

from genai_otel_core.conventions import Convention, Event, EventSpec
from genai_otel_core.operations import Operation
from genai_otel_core.version import SCOPE, VERSION


class Events:
    """Events of operations, in every convention chosen; a name that two share is emitted once."""

    def __init__(self, logger_provider: LoggerProvider | None, conventions: tuple[Convention, ...]) -> None:
        self._logger = _logs.get_logger(
            SCOPE, VERSION, logger_provider, schema_url=conventions[0].schema_url or ""
        )
        self._specs: dict[type[Operation], list[EventSpec]] = {}
        for convention in conventions:
            for spec in convention.events:
                for operation in spec.operations:
                    self._specs.setdefault(operation, []).append(spec)

    def finish(self, op: Operation, span: Span, content: bool) -> list[Event]:
        """Emit the log records of an ended operation; return the events that belong on its span."""
        on_span = []
        for event in self._build(op, content):
            if event.on_span:
                on_span.append(event)
            else:
                self._emit(event, span)
        return on_span

    def _build(self, op: Operation, content: bool) -> Iterator[Event]:
        taken: dict[str, EventSpec] = {}
        for spec in self._specs.get(type(op), ()):
            if spec.needs_content and not content:
                continue
            for event in spec.build(op, content):
                if taken.setdefault(event.name, spec) is spec:
                    yield event

    def _emit(self, event: Event, span: Span) -> None:
        now = time.time_ns()
        self._logger.emit(
            LogRecord(
                timestamp=now,
                observed_timestamp=now,
                context=trace.set_span_in_context(span),
                severity_number=None if event.severity is None else SeverityNumber(event.severity),
                body=event.body,
                attributes=event.attributes,
                event_name=event.name,
            )
        )
