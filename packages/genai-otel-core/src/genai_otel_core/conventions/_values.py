"""Readers that several conventions share: names, kinds, and what becomes of a value."""

from __future__ import annotations

from typing import Any

from genai_otel_core.conventions import _encode as encode
from genai_otel_core.conventions._base import Kind
from genai_otel_core.operations import COMPLETED, Failure, Operation, Retrieval
from genai_otel_core.plain import to_json

# Whose models speak OpenAI's protocol by definition; others' fields of the same name mean their own thing.
_OPENAI = ("openai", "azure.ai.openai")


def as_float(value: float, _: Operation) -> float:
    """A parameter whose type is `double`, also where the framework gave an int."""
    return float(value)


def as_int(value: float, _: Operation) -> int:
    """A parameter whose type is `int`, also where the framework gave a float."""
    return int(value)


def if_true(value: Any, _: Operation) -> Any:
    """A value that says nothing if it is false, zero or empty."""
    return value or None


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


def error_type(value: Failure, _: Operation) -> str:
    """Why the operation failed; absent on success."""
    return value.type


def outcome(value: str, op: Operation) -> str | None:
    """What ended an operation that neither completed nor failed."""
    return None if value == COMPLETED or op.failure is not None else value


def server_port(value: int, op: Operation) -> int | None:
    """The port, which says nothing without an address."""
    return None if op.server_address is None else value


def choice_count(value: int, _: Operation) -> int | None:
    """The number of choices asked for, where it is not the usual one."""
    return None if value == 1 else value


def service_tier(value: str, op: Operation) -> str | None:
    """OpenAI's requested service tier, unless it is `auto`."""
    return None if value == "auto" else of_openai(value, op)


def of_openai(value: str, op: Operation) -> str | None:
    """A value of OpenAI's own, absent for other providers' models."""
    return value if op.provider in _OPENAI else None


def document_ids(op: Retrieval) -> str | None:
    """Which documents were found, by id and score, as JSON text; not what they say."""
    found = encode.documents(op.documents, content=False)
    return None if found is None else to_json(found)
