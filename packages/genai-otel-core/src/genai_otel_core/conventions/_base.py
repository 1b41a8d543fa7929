"""What a convention is: a value made of rows, one table per operation type, and how rows are read."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from genai_otel_core.operations import Operation

OpT = TypeVar("OpT", bound=Operation)
Attributes = dict[str, Any]


class Level(enum.IntEnum):
    """What a row's value may be used for.

    `IDENTITY` values are low-cardinality and may be metric dimensions; `DETAIL` values go on spans
    and events only; `CONTENT` values appear only under the content policy.
    """

    IDENTITY = 0
    DETAIL = 1
    CONTENT = 2


class Kind(enum.Enum):
    """Span kinds, so that conventions need not know the tracing API."""

    CLIENT = "client"
    INTERNAL = "internal"


@dataclass(frozen=True)
class Row(Generic[OpT]):
    """One attribute: its name and how to read it from an operation; `None` means absent.

    `at_start` rows are set when the span is created, for samplers. `structured` rows of level
    CONTENT give nested data: as it is on events, as JSON text on spans.
    """

    name: str
    value: Callable[[OpT], Any]
    level: Level = Level.DETAIL
    at_start: bool = False
    structured: bool = False


@dataclass(frozen=True)
class SpanSpec(Generic[OpT]):
    """How one operation type becomes a span. `name` gives the span name, `kind` its kind."""

    operation: type[OpT]
    name: Callable[[OpT], str]
    kind: Callable[[OpT], Kind]
    rows: tuple[Row[OpT], ...] = ()
    expand: Callable[[OpT, bool], Attributes] | None = None
    """For flattened vocabularies: attributes that no fixed row names; the flag says if content is wanted."""
    start_rows: tuple[Row[OpT], ...] = field(init=False)
    end_rows: tuple[Row[OpT], ...] = field(init=False)
    content_rows: tuple[Row[OpT], ...] = field(init=False)
    identity_rows: tuple[Row[OpT], ...] = field(init=False)

    def __post_init__(self) -> None:
        plain = [row for row in self.rows if row.level < Level.CONTENT]
        set_once = object.__setattr__
        set_once(self, "start_rows", tuple(row for row in plain if row.at_start))
        set_once(self, "end_rows", tuple(row for row in plain if not row.at_start))
        set_once(self, "content_rows", tuple(row for row in self.rows if row.level is Level.CONTENT))
        set_once(self, "identity_rows", tuple(row for row in plain if row.level is Level.IDENTITY))


@dataclass(frozen=True)
class MetricSpec:
    """One instrument: its definition, the operations it measures and its points.

    `points` gives `(value, extra dimensions)` pairs for an operation; `dimensions` names the identity
    rows that label them.
    """

    name: str
    instrument: str
    unit: str
    description: str
    operations: tuple[type[Operation], ...]
    dimensions: tuple[str, ...]
    points: Callable[[Any], Iterable[tuple[float, Mapping[str, Any]]]]
    buckets: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Event:
    """One event to emit: a log record (`on_span=False`) or a span event."""

    name: str
    attributes: Attributes = field(default_factory=dict)
    body: Any = None
    severity: int | None = None
    on_span: bool = False


@dataclass(frozen=True)
class EventSpec:
    """How an ended operation becomes events.

    `build` gets the operation and whether content is wanted on events, and gives the events;
    `needs_content` specs are asked only where it is.
    """

    operations: tuple[type[Operation], ...]
    build: Callable[[Any, bool], Iterable[Event]]
    needs_content: bool = False


@dataclass(frozen=True)
class Convention:
    """A vocabulary: names, kinds, metrics and events for all operations, and its schema URL.

    Make one of your own from rows and pass it as `Telemetry(convention=...)`, or register a function
    that returns it (or the value) in the entry point group `genai_otel_convention`.
    """

    name: str
    schema_url: str | None
    spans: tuple[SpanSpec[Any], ...]
    metrics: tuple[MetricSpec, ...] = ()
    events: tuple[EventSpec, ...] = ()
    by_type: Mapping[type[Operation], SpanSpec[Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_type", {spec.operation: spec for spec in self.spans})
