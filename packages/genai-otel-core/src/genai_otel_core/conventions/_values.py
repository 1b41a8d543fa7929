"""Readers that several conventions share: how a value is taken from an operation, and how rows are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genai_otel_core import guard
from genai_otel_core.conventions import _encode as encode
from genai_otel_core.conventions._base import Attributes, Kind, OpT, Row
from genai_otel_core.operations import COMPLETED, AgentInvocation, Inference, Operation, Retrieval
from genai_otel_core.plain import to_json

# Whose models speak OpenAI's protocol by definition; others' fields of the same name mean their own thing.
_OPENAI = ("openai", "azure.ai.openai")


def float_or_none(value: float | None) -> float | None:
    """A parameter whose type is `double`, also where the framework gave an int."""
    return None if value is None else float(value)


def int_or_none(value: float | None) -> int | None:
    """A parameter whose type is `int`, also where the framework gave a float."""
    return None if value is None else int(value)


def named(operation: str, name: str | None) -> str:
    """The span name `{operation} {name}`, or `{operation}` where there is no name."""
    return f"{operation} {name}" if name else operation


def always_client(_: Operation) -> Kind:
    """CLIENT, always."""
    return Kind.CLIENT


def client(op: Operation) -> Kind:
    """CLIENT, but INTERNAL for a model that runs in this process."""
    return Kind.INTERNAL if op.in_process else Kind.CLIENT


def internal(_: Operation) -> Kind:
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


def choice_count(op: Inference | AgentInvocation) -> int | None:
    """The number of choices asked for, where it is not the usual one."""
    return None if op.request.choice_count == 1 else op.request.choice_count


def service_tier(op: Inference) -> str | None:
    """OpenAI's requested service tier, unless it is `auto`."""
    return None if op.request.service_tier == "auto" else of_openai(op, op.request.service_tier)


def of_openai(op: Operation, value: str | None) -> str | None:
    """A value of OpenAI's own, absent for other providers' models."""
    return value if op.provider in _OPENAI else None


def document_ids(op: Retrieval) -> str | None:
    """Which documents were found, by id and score, as JSON text; not what they say."""
    found = encode.documents(op.documents, content=False)
    return None if found is None else to_json(found)


def read_row(row: Row[Any], op: Operation) -> Any:
    """Read one row; an error of its own is reported and leaves it absent."""
    try:
        return row.value(op)
    except Exception as error:  # noqa: BLE001 - a row may be the user's own
        guard.report(f"convention row {row.name}", error)
        return None


def read_rows(rows: Iterable[Row[OpT]], op: OpT) -> Attributes:
    """Read rows; absent values are left out."""
    found = {}
    for row in rows:
        value = read_row(row, op)
        if value is not None:
            found[row.name] = value
    return found
