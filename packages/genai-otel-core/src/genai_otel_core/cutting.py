"""Cuts the content of an operation to its bound: field by field, and again where a convention writes more of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from genai_otel_core import bounds, counters, secret_keys
from genai_otel_core import messages as m
from genai_otel_core.conventions import _encode as encode
from genai_otel_core.operations import Operation
from genai_otel_core.survey import surveyed
from genai_otel_core.written import Written

# The most that a convention writes for one message or tool beside what the schema's own encoding has.
_SLACK = 40
_SMALLEST = 64
"""No cut is smaller than the one for so many bytes."""


class Prepared(list[Any]):
    """A list that the policy is done with: an agent shares those of its first model call."""

    size: float = inf
    """How many bytes it has at most, however it is written, as far as that is known."""


def cut(name: str, value: Any, limit: int) -> Any:
    """Return the value of a field in at most `limit` bytes."""
    return _CUTS.get(name, bounds.data)(value, limit)


def fitted(name: str, value: Any, limit: int) -> tuple[Any, float]:
    """Return the value of a field in at most `limit` bytes, and how many it has at most, however it is written."""
    found = surveyed(value, limit)
    return (cut(name, value, limit), inf) if found is None else (value, found[0])


def cut_and_count(name: str, value: Any, limit: int) -> tuple[Any, float]:
    """Return the value of a field in at most `limit` bytes without secrets by name, and count what is left out.

    Also return how many bytes it has at most, however it is written, as far as that is known.
    """
    found = surveyed(value, limit)
    if found is not None:
        size, is_clean = found
        return value if is_clean else secret_keys.without(value), size
    kept = cut(name, value, limit)
    if gone := bounds.left_out(value, kept):
        counters.add(counters.OMITTED_BYTES, gone)
    return secret_keys.without(kept), inf


def fit_as_written(op: Operation, fields: Iterable[str], limit: int, written: Written) -> None:
    """Cut prepared fields further until no value that a convention makes of them has more than `limit` bytes."""
    names = [name for name in fields if getattr(op, name) is not None]
    request = getattr(op, "request", None)
    room, size = limit, written.largest(op)
    while size > limit and room > _SMALLEST:
        room = max(_SMALLEST, int(room * min(0.9, 0.95 * limit / size)))
        for name in names:
            value = getattr(op, name)
            kept = cut(name, value, room)
            setattr(op, name, Prepared(kept) if isinstance(value, Prepared) else kept)
        if request is not None and request.stop_sequences is not None:
            request.stop_sequences = list(bounds.data(request.stop_sequences, room))
        size = written.largest(op)
    for name in names if size > limit else ():
        setattr(op, name, bare(getattr(op, name), limit))
        if written.largest(op) <= limit:
            return


def bare(value: Any, limit: int) -> Any:
    """Return what is left of a field without its content."""
    if isinstance(value, list) and value and isinstance(value[0], m.Document):
        return cut("documents", [m.Document(found.id, found.score) for found in value], limit)
    return None


def size_of_messages(value: list[m.Message]) -> int:
    """The bytes of messages by the schema, and a little more."""
    return bounds.json_bytes(encode.output_messages(value)) + _SLACK * len(value)


def size_of_parts(value: list[m.Part]) -> int:
    """The bytes of parts by the schema."""
    return bounds.json_bytes(encode.parts(value))


def size_of_definitions(value: list[m.ToolDefinition]) -> int:
    """The bytes of tool definitions by the schema, and a little more."""
    return bounds.json_bytes(encode.tool_definitions(value)) + _SLACK


def size_of_documents(value: list[m.Document]) -> int:
    """The bytes of documents by the schema."""
    return bounds.json_bytes(encode.documents(value, content=True))


_CUTS: dict[str, Callable[[Any, int], Any]] = {
    "input_messages": lambda value, limit: bounds.messages(value, limit, size_of_messages),
    "output_messages": lambda value, limit: bounds.messages(value, limit, size_of_messages),
    "system_instructions": lambda value, limit: bounds.parts(value, limit, size_of_parts),
    "tool_definitions": lambda value, limit: bounds.definitions(value, limit, size_of_definitions),
    "documents": lambda value, limit: bounds.documents(value, limit, size_of_documents),
    **dict.fromkeys(
        (
            "description",
            "query",
            "explanation",
            "exception_message",
            "exception_stacktrace",
            "stop_sequences",
        ),
        bounds.text,
    ),
}
"""How fields are cut that are not plain data. The stop sequences are texts one by one."""
