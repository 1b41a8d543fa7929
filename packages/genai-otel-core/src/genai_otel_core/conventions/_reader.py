"""How rows read an operation: a field by its path, a constant or any function; and a table's rows in one go."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genai_otel_core import guard

if TYPE_CHECKING:
    from genai_otel_core.conventions._base import Attributes, OpT, Row
    from genai_otel_core.operations import Operation

Shown = Callable[[Any, Any], Any]
"""What becomes of a value that is there: of the value and its operation the value to record, None for absent."""


@dataclass(frozen=True, slots=True)
class Field:
    """Reads an operation's field by its path (`request.model`); absent for an operation that has no such field."""

    path: str
    shown: Shown | None = None

    def __post_init__(self) -> None:
        if not all(name.isidentifier() for name in self.path.split(".")):
            raise ValueError(f"a field's path must be names with dots between, not {self.path!r}")

    @property
    def first(self) -> str:
        """The name of the operation's own field."""
        return self.path.partition(".")[0]

    def is_of(self, operation: type[Operation]) -> bool:
        """Whether operations of this type have it."""
        return any(one.name == self.first for one in dataclasses.fields(operation))

    def __call__(self, op: Any) -> Any:
        value = op
        for name in self.path.split("."):
            value = getattr(value, name, None)
        return value if value is None or self.shown is None else self.shown(value, op)


field = Field


@dataclass(frozen=True, slots=True)
class Constant:
    """Reads the same from every operation."""

    value: Any

    def __call__(self, op: Operation) -> Any:
        return self.value


class Reader:
    """Reads a table's rows from an operation, as attributes.

    The rows are compiled into one function when the table is made, as a dataclass is: a call reads some forty
    fields at its end, and asking each row by itself takes four times as long.
    """

    __slots__ = ("_read", "_rows")

    def __init__(self, operation: type[Operation], rows: Sequence[Row[Any]]) -> None:
        self._rows = [row for row in rows if not isinstance(row.value, Field) or row.value.is_of(operation)]
        self._read = _compiled(self._rows)

    def __call__(self, op: Operation) -> Attributes:
        """Read all; where one raises, only that attribute is lost."""
        try:
            return self._read(op)
        except Exception:  # noqa: BLE001  # a row may be the user's own; `read_row` tells which it is
            return read_rows(self._rows, op)


def _compiled(rows: Sequence[Row[Any]]) -> Callable[[Operation], Attributes]:
    # Names and functions come in as arguments; only checked field names are part of the text.
    given: dict[str, Any] = {}
    lines = ["def read(op):", " found = {}"]
    for number, row in enumerate(rows):
        name, value = f"name{number}", f"value{number}"
        given[name], given[value] = row.name, row.value
        if isinstance(row.value, Constant):
            given[value] = row.value.value
            lines.append(f" found[{name}] = {value}")
            continue
        if not isinstance(row.value, Field):
            lines += [f" v = {value}(op)", " if v is not None:"]
        else:
            lines += [f" v = op.{row.value.path}", " if v is not None:"]
            if row.value.shown is not None:
                given[value] = row.value.shown
                lines += [f"  v = {value}(v, op)", " if v is not None:"]
        lines.append(f"  found[{name}] = v")
    lines.append(" return found")
    exec("\n".join(lines), given)  # noqa: S102
    read: Callable[[Operation], Attributes] = given["read"]
    return read


def read_row(row: Row[Any], op: Operation) -> Any:
    """Read one row; an error of its own is reported and leaves it absent."""
    try:
        return row.value(op)
    except Exception as error:  # noqa: BLE001 - a row may be the user's own
        guard.report(f"convention row {row.name}", error)
        return None


def read_rows(rows: Iterable[Row[OpT]], op: OpT) -> Attributes:
    """Read rows one by one; absent values are left out."""
    found = {}
    for row in rows:
        value = read_row(row, op)
        if value is not None:
            found[row.name] = value
    return found
