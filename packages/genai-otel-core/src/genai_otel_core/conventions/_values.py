"""Readers and points that several conventions share: how a value is taken from an operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from genai_otel_core.conventions._base import Attributes, Event, Kind, OpT, Row
from genai_otel_core.operations import COMPLETED, Embeddings, Inference, Operation

Points = Iterable[tuple[float, Mapping[str, Any]]]

DURATION_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKEN_BUCKETS = tuple(float(4**power) for power in range(14))

WARN = 13
"""Severity number of exception events."""


def float_or_none(value: float | None) -> float | None:
    """A parameter whose type is `double`, also where the framework gave an int."""
    return None if value is None else float(value)


def named(operation: str, name: str | None) -> str:
    """The span name `{operation} {name}`, or `{operation}` where there is no name."""
    return f"{operation} {name}" if name else operation


def client(op: Operation) -> Kind:
    """CLIENT, but INTERNAL for a model that runs in this process."""
    return Kind.INTERNAL if op.in_process else Kind.CLIENT


def internal(op: Operation) -> Kind:
    """INTERNAL, always."""
    return Kind.INTERNAL


def error_type(op: Operation) -> str | None:
    """Why the operation failed; absent on success."""
    return None if op.failure is None else op.failure.type


def outcome(op: Operation) -> str | None:
    """What ended an operation that neither completed nor failed."""
    return None if op.outcome == COMPLETED or op.failure is not None else op.outcome


def server_port(op: Operation) -> int | None:
    """The port, which says nothing without an address."""
    return None if op.server_address is None else op.server_port


def choice_count(op: Any) -> int | None:
    """The number of choices asked for, where it is not the usual one."""
    return None if op.request.choice_count == 1 else op.request.choice_count


def service_tier(tier: str | None) -> str | None:
    """The requested service tier, unless it is `auto`."""
    return None if tier == "auto" else tier


def token_points(op: Inference | Embeddings) -> Points:
    """Input and output tokens, where they are known."""
    if op.usage.input_tokens is not None:
        yield op.usage.input_tokens, {"gen_ai.token.type": "input"}
    if op.usage.output_tokens is not None:
        yield op.usage.output_tokens, {"gen_ai.token.type": "output"}


def duration_points(op: Operation) -> Points:
    """The operation's duration, in seconds."""
    return () if op.duration_s is None else ((op.duration_s, {}),)


def first_chunk_points(op: Inference) -> Points:
    """The time to the first chunk of a stream, in seconds."""
    first = op.response.time_to_first_chunk_s
    return () if first is None else ((first, {}),)


def chunk_interval_points(op: Inference) -> Points:
    """The times between the chunks of a stream, in seconds."""
    return ((seconds, {}) for seconds in op.response.chunk_intervals_s)


def read_rows(rows: Iterable[Row[OpT]], op: OpT) -> Attributes:
    """Evaluate rows; absent values are left out."""
    found = {}
    for row in rows:
        value = row.value(op)
        if value is not None:
            found[row.name] = value
    return found


def exception_event(op: Operation, content: bool) -> Iterable[Event]:
    """The exception that failed a client operation: its type; its text only where content is wanted."""
    if op.failure is None:
        return
    attributes: Attributes = {"exception.type": op.failure.exception_type}
    if content:
        if op.failure.message is not None:
            attributes["exception.message"] = op.failure.message
        if op.failure.stacktrace is not None:
            attributes["exception.stacktrace"] = op.failure.stacktrace
    yield Event("gen_ai.client.operation.exception", attributes, severity=WARN)
