"""How large content gets when conventions write it: some put several fields into one value, or escape them twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genai_otel_core.bounds import json_bytes
from genai_otel_core.conventions import Convention, build_events
from genai_otel_core.guard import attempt
from genai_otel_core.operations import Operation
from genai_otel_core.spans import encoded


class Written:
    """What a convention writes of an operation's content."""

    def __init__(self, convention: Convention) -> None:
        self._convention = convention

    def largest(self, op: Operation) -> int:
        """Return the bytes of the largest value that is made of the operation's content."""
        return max(map(_bytes, self._values(op)), default=0)

    def _values(self, op: Operation) -> Iterator[Any]:
        spec = self._convention.by_type[type(op)]
        yield from encoded(spec, op).values()
        if spec.expand is not None:
            yield from (attempt("convention expand", spec.expand, op, True) or {}).values()
        specs = [one for one in self._convention.events if type(op) in one.operations]
        for _, event in build_events(specs, op, on_event=True, on_span=True):
            yield from event.attributes.values()
            if event.body is not None:
                yield event.body


def _bytes(value: Any) -> int:
    return len(value.encode("utf-8", "replace")) if isinstance(value, str) else json_bytes(value)
