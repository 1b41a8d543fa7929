"""The only place that emits log records."""

from __future__ import annotations

import time

from opentelemetry import _logs, trace
from opentelemetry._logs import Logger, LoggerProvider, LogRecord, SeverityNumber
from opentelemetry.trace import Span

from genai_otel_core.conventions import Convention, Event, EventSpec, build_events
from genai_otel_core.conventions._evaluation import EVALUATION
from genai_otel_core.conventions._own import interrupt_event, start_event
from genai_otel_core.operations import Operation
from genai_otel_core.version import SCOPE, VERSION


class Events:
    """Events of operations, in the convention chosen."""

    def __init__(self, logger_provider: LoggerProvider | None, convention: Convention) -> None:
        self._by_type = convention.by_type
        self._own_logger = _logs.get_logger(
            SCOPE, VERSION, logger_provider, schema_url=convention.schema_url or ""
        )
        self._specs: dict[type[Operation], list[EventSpec]] = {}
        self._loggers: dict[str, Logger] = {}
        for spec in (*convention.events, EVALUATION):
            url = spec.schema_url or ""
            if not spec.on_span and url not in self._loggers:
                self._loggers[url] = _logs.get_logger(SCOPE, VERSION, logger_provider, schema_url=url)
            for operation in spec.operations:
                self._specs.setdefault(operation, []).append(spec)

    def start(self, op: Operation, span: Span) -> None:
        """Emit that an operation has started, with the attributes that its span starts with."""
        event = start_event(self._by_type[type(op)].at_start(op))
        self._emit(self._own_logger, event, span)

    def interrupt(self, op: Operation, span: Span) -> None:
        """Emit that an agent or workflow waits, by which interrupts."""
        event = interrupt_event(self._by_type[type(op)].at_start(op), op)
        self._emit(self._own_logger, event, span)

    def finish(self, op: Operation, span: Span, on_event: bool, on_span: bool) -> list[Event]:
        """Emit the log records of an ended operation; return the events that belong on its span.

        The flags say where content is wanted.
        """
        specs = self._specs.get(type(op))
        span_events = []
        for spec, event in build_events(specs, op, on_event, on_span) if specs else ():
            if spec.on_span:
                span_events.append(event)
            else:
                self._emit(self._loggers[spec.schema_url or ""], event, span)
        return span_events

    def _emit(self, logger: Logger, event: Event, span: Span) -> None:
        now = time.time_ns()
        logger.emit(
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
