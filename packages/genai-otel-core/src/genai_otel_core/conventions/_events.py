"""Events that several conventions share."""

from __future__ import annotations

from collections.abc import Iterable

from genai_otel_core.conventions._base import Attributes, Event
from genai_otel_core.operations import Operation

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


EXCEPTION = "gen_ai.client.operation.exception"
DETAILS = "gen_ai.client.inference.operation.details"
