"""Several conventions as one: one span with the attributes of all, nothing recorded twice under one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from genai_otel_core.conventions._base import (
    Attributes,
    Convention,
    Event,
    EventSpec,
    Level,
    MetricSpec,
    Row,
    SpanSpec,
)
from genai_otel_core.operations import Operation

Built = tuple[EventSpec, Event]


def combine(conventions: Sequence[Convention]) -> Convention:
    """Return one convention that emits all of `conventions`.

    The first gives span name, span kind and the tracer's schema URL. An attribute that several name has
    the value of the first that has one. A metric that several name is recorded once, labelled with the
    dimensions of all: the sums stay right, and a dashboard of either vocabulary finds its labels. Metrics
    and events keep their own convention's schema URL.
    """
    first = conventions[0]
    if len(conventions) == 1:
        return first
    types = {spec.operation: None for convention in conventions for spec in convention.spans}
    return Convention(
        name=" | ".join(convention.name for convention in conventions),
        schema_url=first.schema_url,
        spans=tuple(_span(kind, conventions) for kind in types),
        metrics=tuple(_metrics(conventions)),
        events=tuple(spec for convention in conventions for spec in convention.events),
    )


def _span(kind: type[Operation], conventions: Sequence[Convention]) -> SpanSpec[Any]:
    first = conventions[0].by_type[kind]
    rest = [spec for convention in conventions[1:] for spec in convention.spans if spec.operation is kind]
    specs = [first, *rest]
    expanding = [spec.expand for spec in reversed(specs) if spec.expand is not None]

    def expand(op: Operation, content: bool) -> Attributes:
        found: Attributes = {}
        for one in expanding:
            found.update(one(op, content))
        return found

    return SpanSpec(
        operation=kind,
        name=first.name,
        kind=first.kind,
        rows=tuple(_rows(specs)),
        expand=expand if expanding else None,
        expand_names=tuple(dict.fromkeys(name for spec in specs for name in spec.expand_names)),
    )


def _rows(specs: Sequence[SpanSpec[Any]]) -> Iterator[Row[Any]]:
    owner: dict[str, SpanSpec[Any]] = {}
    same: dict[tuple[str, bool], list[Row[Any]]] = {}
    for spec in specs:
        for row in spec.rows:
            if row.on_span:
                # What the first that names it has as content is shown nowhere else.
                key = (row.name, row.level is Level.CONTENT)
                if owner.setdefault(row.name, spec) is spec or key in same:
                    same.setdefault(key, []).append(row)
    merged = [_row(rows) for rows in same.values()]
    yield from merged
    labelled = {row.name for row in merged if row.level is Level.IDENTITY}
    for spec in specs:
        for row in spec.rows:
            if not row.on_span and row.name not in labelled:
                labelled.add(row.name)
                yield row


def _row(rows: Sequence[Row[Any]]) -> Row[Any]:
    first = rows[0]
    readers = list(dict.fromkeys(row.value for row in rows if row.structured is first.structured))
    return replace(
        first,
        value=readers[0] if len(readers) == 1 else _first_of(readers),
        # A detail of one may be a dimension of another's metrics, or be wanted by its samplers.
        level=min(row.level for row in rows),
        at_start=any(row.at_start for row in rows),
    )


def _first_of(readers: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def value(op: Operation) -> Any:
        found = (reader(op) for reader in readers)
        return next((one for one in found if one is not None), None)

    return value


def _metrics(conventions: Sequence[Convention]) -> Iterator[MetricSpec]:
    merged: dict[str, list[MetricSpec]] = {}
    for convention in conventions:
        for spec in convention.metrics:
            same = merged.setdefault(spec.name, [])
            if same and (same[0].instrument, same[0].unit) != (spec.instrument, spec.unit):
                continue  # another measure under a name that is taken
            same[:] = [_labelled(one, spec) for one in same]
            known = {operation for one in same for operation in one.operations}
            more = tuple(operation for operation in spec.operations if operation not in known)
            if more:
                same.append(_defined(replace(spec, operations=more), same))
    return (spec for same in merged.values() for spec in same)


def _labelled(spec: MetricSpec, other: MetricSpec) -> MetricSpec:
    if not set(spec.operations) & set(other.operations):
        return spec
    return replace(spec, dimensions=tuple(dict.fromkeys((*spec.dimensions, *other.dimensions))))


def _defined(spec: MetricSpec, same: Sequence[MetricSpec]) -> MetricSpec:
    if not same:
        return spec
    one = same[0]
    return replace(spec, description=one.description, buckets=one.buckets, schema_url=one.schema_url)


def build_events(specs: Iterable[EventSpec], op: Operation, on_event: bool, on_span: bool) -> list[Built]:
    """Build the events of an ended operation; the flags say where content is wanted.

    Of conventions that share an event's name, the first emits it, with what the others' attributes add.
    """
    built: list[Built] = []
    owners: dict[tuple[str, bool], tuple[EventSpec, list[Event]]] = {}
    for spec in specs:
        content = on_event or (on_span and spec.on_span)
        if spec.needs_content and not content:
            continue
        events = list(spec.build(op, content))
        if events:
            _take(events, spec, owners, built)
    return built


def _take(
    events: Sequence[Event],
    spec: EventSpec,
    owners: dict[tuple[str, bool], tuple[EventSpec, list[Event]]],
    built: list[Built],
) -> None:
    position: Counter[str] = Counter()
    for event in events:
        owner, mine = owners.setdefault((event.name, spec.on_span), (spec, []))
        if owner is spec:
            mine.append(event)
            built.append((spec, event))
        elif position[event.name] < len(mine):
            kept = mine[position[event.name]].attributes
            kept.update({name: value for name, value in event.attributes.items() if name not in kept})
        position[event.name] += 1
