"""Where contestants send to, the same for all: nowhere when timed, into memory to compare what they emit."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Destination(NamedTuple):
    """The SDK's providers, and what reads them."""

    tracer_provider: TracerProvider
    meter_provider: MeterProvider
    logger_provider: LoggerProvider
    spans: InMemorySpanExporter | None
    metrics: InMemoryMetricReader

    @property
    def providers(self) -> dict[str, Any]:
        """The providers, as every contestant's options name them."""
        return {
            "tracer_provider": self.tracer_provider,
            "meter_provider": self.meter_provider,
            "logger_provider": self.logger_provider,
        }


def dropping() -> Destination:
    """Spans are made, ended and forgotten; points are aggregated. No exporter's cost is measured."""
    return _destination(SpanProcessor(), None)


def keeping() -> Destination:
    """Spans are kept, to be compared."""
    exporter = InMemorySpanExporter()
    return _destination(SimpleSpanProcessor(exporter), exporter)


def _destination(processor: SpanProcessor, exporter: InMemorySpanExporter | None) -> Destination:
    traces = TracerProvider()
    traces.add_span_processor(processor)
    reader = InMemoryMetricReader()
    return Destination(traces, MeterProvider([reader]), LoggerProvider(), exporter, reader)


def emitted(destination: Destination) -> dict[str, Any]:
    """What arrived, as comparable data: spans with name, kind, parent and attributes; points with labels."""
    finished = destination.spans.get_finished_spans() if destination.spans is not None else ()
    names = {span.context.span_id: span.name for span in finished if span.context is not None}
    points: list[list[Any]] = []
    recorded = 0
    data = destination.metrics.get_metrics_data()
    for resource in data.resource_metrics if data is not None else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    count = getattr(point, "count", 1)
                    recorded += count
                    total = None if metric.unit == "s" else getattr(point, "sum", None)
                    points.append([metric.name, metric.unit, _plain(point.attributes), count, total])
    return {
        "spans": len(finished),
        "attributes": sum(len(span.attributes or ()) for span in finished),
        "points": recorded,
        "span_data": sorted((_span(span, names) for span in finished), key=json.dumps),
        "point_data": sorted(points, key=json.dumps),
    }


def _span(span: ReadableSpan, names: dict[int, str]) -> list[Any]:
    parent = names.get(span.parent.span_id, "?") if span.parent is not None else None
    return [span.name, span.kind.name, parent, span.status.status_code.name, _plain(span.attributes)]


def _plain(attributes: Any) -> dict[str, Any]:
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in sorted((attributes or {}).items())
    }
