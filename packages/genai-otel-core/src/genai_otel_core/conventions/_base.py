"""What a convention is: a value made of rows, one table per operation type, and how rows are read."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from genai_otel_core.conventions._reader import Field, Reader
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
    CONTENT give nested data: as it is on events, as JSON text on spans. A row with `on_span=False`
    is a metric dimension and nothing else, where a version has it on its metrics only.
    """

    name: str
    value: Callable[[OpT], Any]
    level: Level = Level.DETAIL
    at_start: bool = False
    structured: bool = False
    on_span: bool = True


@dataclass(frozen=True)
class SpanSpec(Generic[OpT]):
    """How one operation type becomes a span. `name` gives the span name, `kind` its kind."""

    operation: type[OpT]
    name: Callable[[OpT], str]
    kind: Callable[[OpT], Kind]
    rows: tuple[Row[OpT], ...] = ()
    expand: Callable[[OpT, bool], Attributes] | None = None
    """For flattened vocabularies: attributes that no fixed row names; the flag says if content is wanted."""
    expand_names: tuple[str, ...] = ()
    """The names that `expand` may give, with `{i}` for an index."""
    identity_rows: tuple[Row[OpT], ...] = field(init=False)
    """What may be a metric dimension."""
    at_start: Reader = field(init=False)
    facts: Reader = field(init=False)
    """Reads everything but content."""
    start_names: frozenset[str] = field(init=False)
    not_on_span: frozenset[str] = field(init=False)
    content: Reader = field(init=False)
    structured: frozenset[str] = field(init=False)
    """Content that is nested data: JSON text on a span."""

    def __post_init__(self) -> None:
        plain = [row for row in self.rows if row.level < Level.CONTENT]
        first = [row for row in plain if row.at_start and row.on_span]
        names = frozenset(row.name for row in plain)
        set_once = object.__setattr__
        set_once(self, "identity_rows", tuple(row for row in plain if row.level is Level.IDENTITY))
        set_once(self, "at_start", Reader(self.operation, first))
        # Where a name is both on the span and a mere dimension, the span's value is the one.
        set_once(self, "facts", Reader(self.operation, sorted(plain, key=lambda row: row.on_span)))
        set_once(self, "start_names", frozenset(row.name for row in first))
        set_once(self, "not_on_span", names - {row.name for row in plain if row.on_span})
        content = [row for row in self.rows if row.level is Level.CONTENT]
        set_once(self, "content", Reader(self.operation, content))
        set_once(self, "structured", frozenset(row.name for row in content if row.structured))


@dataclass(frozen=True)
class MetricSpec:
    """One instrument: its definition, the operations it measures and its points.

    `instrument` is `histogram` or `counter`. `points` gives `(value, extra dimensions)` pairs for an
    operation; `dimensions` names the identity rows that label them. `schema_url` is that of the
    convention, unless given.
    """

    name: str
    instrument: str
    unit: str
    description: str
    operations: tuple[type[Operation], ...]
    dimensions: tuple[str, ...]
    points: Callable[[Any], Iterable[tuple[float, Mapping[str, Any]]]]
    buckets: tuple[float, ...] | None = None
    extra_dimensions: tuple[str, ...] = ()
    """The names that `points` adds, for the documentation."""
    schema_url: str | None = None


@dataclass(frozen=True)
class Event:
    """One event to emit; `body` and `severity` are those of a log record."""

    name: str
    attributes: Attributes = field(default_factory=dict)
    body: Any = None
    severity: int | None = None


@dataclass(frozen=True)
class EventSpec:
    """How an ended operation becomes events: log records, or with `on_span` events of its span.

    `build` gets the operation and whether content is wanted, and gives the events; content is wanted on
    log records if the policy says `event`, on span events if it says `span` or `event`. `needs_content`
    specs are asked only where it is. `names` are the events it may give.
    """

    names: tuple[str, ...]
    operations: tuple[type[Operation], ...]
    build: Callable[[Any, bool], Iterable[Event]]
    needs_content: bool = False
    on_span: bool = False
    schema_url: str | None = None


@dataclass(frozen=True)
class Convention:
    """A vocabulary: names, kinds, metrics and events for all operations, and its schema URL.

    Make one of your own from rows and pass it as `Telemetry(convention=...)`, or register a function
    that returns it (or the value) in the entry point group `genai_otel_convention`. An operation type
    without a `SpanSpec` gets a plain span that says its name and how it ended.
    """

    name: str
    schema_url: str | None
    spans: tuple[SpanSpec[Any], ...]
    metrics: tuple[MetricSpec, ...] = ()
    events: tuple[EventSpec, ...] = ()
    by_type: Mapping[type[Operation], SpanSpec[Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        url = self.schema_url or ""
        set_once = object.__setattr__
        set_once(self, "metrics", tuple(_with_url(spec, url) for spec in self.metrics))
        set_once(self, "events", tuple(_with_url(spec, url) for spec in self.events))
        set_once(self, "by_type", _Specs({spec.operation: spec for spec in self.spans}))

    def __or__(self, other: Convention) -> Convention:
        """Both on one span; see `combine`."""
        from genai_otel_core.conventions._combine import combine  # noqa: PLC0415 - it imports this module

        return combine((self, other))


SpecT = TypeVar("SpecT", MetricSpec, EventSpec)


def _with_url(spec: SpecT, url: str) -> SpecT:
    return replace(spec, schema_url=url) if spec.schema_url is None else spec


class _Specs(dict[type[Operation], SpanSpec[Any]]):
    def __missing__(self, kind: type[Operation]) -> SpanSpec[Any]:
        self[kind] = spec = unknown(kind)
        return spec


_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")


def unknown(kind: type[Operation]) -> SpanSpec[Any]:
    """The span of an operation type that a convention has no table for."""
    word = _WORD_START.sub("_", kind.__name__).lower()
    return SpanSpec(
        operation=kind,
        name=lambda op: f"{word} {op.name}" if op.name else word,
        kind=lambda op: Kind.INTERNAL,
        rows=(
            Row("error.type", Field("failure", lambda value, op: value.type), Level.IDENTITY),
            Row("server.address", Field("server_address"), Level.IDENTITY, at_start=True),
            Row(
                "server.port",
                Field("server_port", lambda value, op: value if op.server_address is not None else None),
                Level.IDENTITY,
                at_start=True,
            ),
        ),
    )
