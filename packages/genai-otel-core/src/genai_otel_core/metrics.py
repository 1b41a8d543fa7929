"""The only place that creates instruments and records points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry import metrics
from opentelemetry.metrics import Meter, MeterProvider

from genai_otel_core.conventions import Convention, MetricSpec
from genai_otel_core.operations import Operation
from genai_otel_core.spans import read_row
from genai_otel_core.version import SCOPE, VERSION


class _Measure:
    """One instrument with its definition; `record` hides which of the two methods it has."""

    __slots__ = ("record", "spec")

    def __init__(self, spec: MetricSpec, meter: Meter) -> None:
        self.spec = spec
        if spec.instrument == "histogram":
            histogram = meter.create_histogram(
                spec.name,
                unit=spec.unit,
                description=spec.description,
                explicit_bucket_boundaries_advisory=spec.buckets,
            )
            self.record = histogram.record
        else:
            counter = meter.create_counter(spec.name, unit=spec.unit, description=spec.description)
            self.record = counter.add


class Metrics:
    """Metric points of operations, in every convention chosen; a name that two share is recorded once."""

    def __init__(self, meter_provider: MeterProvider | None, conventions: tuple[Convention, ...]) -> None:
        self._conventions = conventions
        self._measures: dict[tuple[int, type[Operation]], list[_Measure]] = {}
        taken: set[str] = set()
        for index, convention in enumerate(conventions):
            meter = metrics.get_meter(SCOPE, VERSION, meter_provider, schema_url=convention.schema_url or "")
            for spec in convention.metrics:
                if spec.name not in taken:
                    taken.add(spec.name)
                    self._add(index, _Measure(spec, meter))

    def _add(self, index: int, measure: _Measure) -> None:
        for operation in measure.spec.operations:
            self._measures.setdefault((index, operation), []).append(measure)

    def finish(self, op: Operation) -> None:
        """Record the points of an ended operation."""
        for index, convention in enumerate(self._conventions):
            measures = self._measures.get((index, type(op)))
            if measures:
                identity = _identity(convention, op)
                for measure in measures:
                    labels = _labels(measure.spec, identity)
                    for value, extra in measure.spec.points(op):
                        measure.record(value, {**labels, **extra} if extra else labels)


def _identity(convention: Convention, op: Operation) -> Mapping[str, Any]:
    found = {}
    for row in convention.by_type[type(op)].identity_rows:
        value = read_row(row, op)
        if value is not None:
            found[row.name] = value
    return found


def _labels(spec: MetricSpec, identity: Mapping[str, Any]) -> dict[str, Any]:
    return {name: identity[name] for name in spec.dimensions if name in identity}
