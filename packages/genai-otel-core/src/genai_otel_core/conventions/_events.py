"""Events that several conventions share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from genai_otel_core.conventions._base import Attributes, Event, Level, Row
from genai_otel_core.conventions._reader import Reader
from genai_otel_core.operations import Inference, Operation

DEBUG = 5
WARN = 13
"""Severity numbers of the logs data model."""


def exception_attributes(op: Operation, content: bool) -> Attributes:
    """What failed an operation: the exception's type; its text and stack trace where content is wanted."""
    if op.failure is None:
        return {}
    found: Attributes = {"exception.type": op.failure.exception_type}
    if content:
        if op.failure.message is not None:
            found["exception.message"] = op.failure.message
        if op.failure.stacktrace is not None:
            found["exception.stacktrace"] = op.failure.stacktrace
    return found


def exception_record(op: Operation, content: bool) -> Iterable[Event]:
    """`gen_ai.client.operation.exception`, the log record of a failed client operation (1.41 and later)."""
    if op.failure is not None:
        yield Event(EXCEPTION, exception_attributes(op, content), severity=WARN)


def details_of(
    rows: Sequence[Row[Any]], severity: int | None = None
) -> Callable[[Inference, bool], Iterable[Event]]:
    """Return what builds `gen_ai.client.inference.operation.details` of `rows`, with content where it is wanted."""
    everything = Reader(Inference, rows)
    facts = Reader(Inference, [row for row in rows if row.level is not Level.CONTENT])

    def build(op: Inference, content: bool) -> Iterable[Event]:
        yield Event(DETAILS, (everything if content else facts)(op), severity=severity)

    return build


EXCEPTION = "gen_ai.client.operation.exception"
DETAILS = "gen_ai.client.inference.operation.details"
