"""The only place that creates instruments and records points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from opentelemetry import metrics
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation
from opentelemetry.trace import Span, set_span_in_context

from genai_otel_core import counters
from genai_otel_core.conventions import Convention, MetricSpec, _own
from genai_otel_core.conventions._points import Values
from genai_otel_core.conventions._reader import Shown
from genai_otel_core.operations import Operation
from genai_otel_core.version import SCOPE, VERSION


class _Measure:
    """One instrument with its definition; `record` hides which of the two methods it has."""

    __slots__ = ("dimensions", "points", "record")

    def __init__(self, spec: MetricSpec, meter: Meter) -> None:
        self.points = spec.points
        self.dimensions = frozenset(spec.dimensions)
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

    def reads(self, operation: type[Operation]) -> list[_Read]:
        """How its points are read from operations of a type."""
        if not isinstance(self.points, Values):
            return [(self, self.points, None, None)]
        return [
            (self, attrgetter(field.path), field.shown, extra)
            for field, extra in self.points.fields
            if field.is_of(operation)
        ]


_Read = tuple[_Measure, Callable[[Any], Any], Shown | None, Mapping[str, Any] | None]
"""A measure, what reads a value, what becomes of it, and its own dimensions; without these, it reads all points."""


class Metrics:
    """Metric points of operations, in the convention chosen."""

    def __init__(self, meter_provider: MeterProvider | None, convention: Convention) -> None:
        self._reads: dict[type[Operation], list[_Read]] = {}
        self._dimensions: dict[type[Operation], frozenset[str]] = {}
        """Of all the metrics of an operation together."""
        for spec in (*convention.metrics, *_own.METRICS):
            meter = metrics.get_meter(SCOPE, VERSION, meter_provider, schema_url=spec.schema_url or "")
            measure = _Measure(spec, meter)
            for operation in spec.operations:
                self._reads.setdefault(operation, []).extend(measure.reads(operation))
                known = {row.name for row in convention.by_type[operation].identity_rows}
                shared = known.intersection(spec.dimensions)
                self._dimensions[operation] = self._dimensions.get(operation, frozenset()) | shared

    def finish(self, op: Operation, facts: Mapping[str, Any], span: Span | None) -> None:
        """Record the points of an ended operation, labelled with those of `facts` that are their dimensions.

        Its `span`, if it has one, is what exemplars lead to: by now another one is current, or none.
        """
        reads = self._reads.get(type(op))
        if reads is None:
            return
        known = {name: facts[name] for name in self._dimensions[type(op)] & facts.keys()}
        names, own = known.keys(), op.dimensions
        context: Context | None = None
        for measure, read, shown, extra in reads:
            value = read(op)
            if value is None or value == ():
                continue
            if context is None and span is not None and span.is_recording():
                context = set_span_in_context(span)
            labels = known
            if not names <= measure.dimensions:
                labels = {name: known[name] for name in measure.dimensions & names}
            if extra is None:
                for one, more in value:
                    measure.record(one, {**own, **labels, **more}, context)
                continue
            if extra or own:
                labels = {**own, **labels, **extra}
            measure.record(value if shown is None else shown(value, op), labels, context)


_OURS = (
    (counters.ERRORS, "{error}", "Errors of the telemetry itself that were caught, by site."),
    (counters.EVICTED, "{run}", "Runs whose end was never reported and that were given up."),
    (counters.OMITTED_BYTES, "By", "Content that a bound left out."),
    (counters.MASK_FAILURES, "{failure}", "Masks that raised."),
    (counters.DROPPED_UPLOADS, "{upload}", "Content that a store did not take."),
)


def observe_ourselves(meter_provider: MeterProvider | None) -> None:
    """Report the process's counts about this library itself as `genai_otel.self.*` counters."""
    meter = metrics.get_meter(SCOPE, VERSION, meter_provider)
    for name, unit, description in _OURS:
        meter.create_observable_counter(
            _own.self_metric(name), [_observer(name)], unit=unit, description=description
        )


def _observer(name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observe(_: CallbackOptions) -> Iterable[Observation]:
        for site, amount in counters.read(name).items():
            yield Observation(amount, {_own.SELF_SITE: site} if site else {})

    return observe
