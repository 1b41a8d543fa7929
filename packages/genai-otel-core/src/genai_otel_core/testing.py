r"""For tests of applications and of this project: in-memory capture, whole-span comparison, fixed ids and clock.

Needs the SDK: `pip install genai-otel-core[testing]`.

    with capture() as seen:
        chain.invoke(x, config={"callbacks": [Handler(**seen.providers)]})
    assert seen.tree() == "invoke_workflow\n  chat gpt-4o"
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler

from genai_otel_core import runs

try:
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter
except ImportError:  # before SDK 1.39
    from opentelemetry.sdk._logs.export import InMemoryLogExporter as InMemoryLogRecordExporter


class SequentialIds(IdGenerator):
    """Span ids 1, 2, 3, ... and trace ids likewise: the same run gives the same ids."""

    def __init__(self) -> None:
        self._spans = itertools.count(1)
        self._traces = itertools.count(1)

    def generate_span_id(self) -> int:
        """Return the next."""
        return next(self._spans)

    def generate_trace_id(self) -> int:
        """Return the next."""
        return next(self._traces)


class Clock:
    """A monotonic clock that moves by `step_s` at each reading; install it with `capture(clock=...)`."""

    def __init__(self, step_s: float = 0.001) -> None:
        self._step_ns = int(step_s * 1e9)
        self._now_ns = 0

    def __call__(self) -> int:
        """Read it, in nanoseconds."""
        self._now_ns += self._step_ns
        return self._now_ns

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_ns += int(seconds * 1e9)


class Capture:
    """What was emitted: spans in the order they ended, metric points, log records."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self.span_exporter = InMemorySpanExporter()
        self.log_exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]  # the SDK's own
        self.metric_reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider(sampler=sampler, id_generator=SequentialIds())
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.span_exporter))
        self.logger_provider = LoggerProvider()
        self.logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self.log_exporter))
        self.meter_provider = MeterProvider(metric_readers=[self.metric_reader])

    @property
    def providers(self) -> dict[str, Any]:
        """The providers as options of `Telemetry` and `Handler`."""
        return {
            "tracer_provider": self.tracer_provider,
            "meter_provider": self.meter_provider,
            "logger_provider": self.logger_provider,
        }

    @property
    def spans(self) -> list[ReadableSpan]:
        """The ended spans, in the order they ended."""
        return list(self.span_exporter.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        """The one span with this name."""
        found = [span for span in self.spans if span.name == name]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} spans named {name!r} among {[s.name for s in self.spans]}")
        return found[0]

    def logs(self) -> list[Any]:
        """The log records emitted so far."""
        return [data.log_record for data in self.log_exporter.get_finished_logs()]

    def metrics(self) -> dict[str, list[dict[str, Any]]]:
        """Metric points by instrument: `attributes`, and `sum` with `count` and `bounds`, or `value`."""
        data = self.metric_reader.get_metrics_data()
        found: dict[str, list[dict[str, Any]]] = {}
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    points = found.setdefault(metric.name, [])
                    points.extend(_point(point, metric.unit) for point in metric.data.data_points)
        return found

    def tree(self) -> str:
        """The span names as an indented tree, oldest first."""
        return "\n".join(f"{'  ' * depth}{span.name}" for depth, span in walk(self.spans))

    def clear(self) -> None:
        """Forget spans and logs."""
        self.span_exporter.clear()
        self.log_exporter.clear()


def _point(point: Any, unit: str | None) -> dict[str, Any]:
    attributes = dict(point.attributes or {})
    if hasattr(point, "bucket_counts"):
        bounds = list(point.explicit_bounds)
        return {
            "attributes": attributes,
            "unit": unit,
            "sum": point.sum,
            "count": point.count,
            "bounds": bounds,
        }
    return {"attributes": attributes, "unit": unit, "value": point.value}


def walk(spans: list[ReadableSpan]) -> Iterator[tuple[int, ReadableSpan]]:
    """Spans with their depth, parents before children, siblings by start time."""
    known = {_id(span) for span in spans}
    below: dict[int | None, list[ReadableSpan]] = {}
    for span in sorted(spans, key=lambda s: (s.start_time or 0, _id(s))):
        parent = span.parent.span_id if span.parent is not None else None
        below.setdefault(parent if parent in known else None, []).append(span)
    pending = [(0, span) for span in reversed(below.get(None, []))]
    while pending:
        depth, span = pending.pop()
        yield depth, span
        pending.extend((depth + 1, child) for child in reversed(below.get(_id(span), [])))


def _id(span: ReadableSpan) -> int:
    assert span.context is not None
    span_id: int = span.context.span_id
    return span_id


def whole(span: ReadableSpan, volatile: tuple[str, ...] = ()) -> dict[str, Any]:
    """A span as comparable data: name, kind, status, sorted attributes (JSON texts decoded), events, links.

    `volatile` names attributes whose values are replaced by their type's name.
    """
    attributes = {key: _plain(value) for key, value in sorted((span.attributes or {}).items())}
    for key in volatile:
        if key in attributes:
            attributes[key] = f"<{type(attributes[key]).__name__}>"
    found: dict[str, Any] = {
        "name": span.name,
        "kind": span.kind.name,
        "status": span.status.status_code.name,
        "attributes": attributes,
    }
    if span.status.description:
        found["description"] = span.status.description
    if span.events:
        found["events"] = [(event.name, _mapping(event.attributes)) for event in span.events]
    if span.links:
        found["links"] = [(link.context.span_id, _mapping(link.attributes)) for link in span.links]
    return found


def _mapping(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: _plain(value) for key, value in sorted((values or {}).items())}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


@contextmanager
def capture(clock: Clock | None = None, sampler: Sampler = ALWAYS_ON) -> Iterator[Capture]:
    """Capture what is emitted through `Capture.providers`; with `clock`, durations come from it."""
    original = runs.now_ns
    if clock is not None:
        runs.now_ns = clock
    seen = Capture(sampler)
    try:
        yield seen
    finally:
        runs.now_ns = original
        seen.tracer_provider.shutdown()
        seen.meter_provider.shutdown()
        seen.logger_provider.shutdown()
