"""Rows name fields by their paths, which no type checker reads."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import pytest

from genai_otel_core.conventions import Field, available, resolve
from genai_otel_core.operations import (
    AgentInvocation,
    Embeddings,
    Evaluation,
    Inference,
    Operation,
    Retrieval,
    Step,
    ToolExecution,
    WorkflowInvocation,
)

OPERATIONS: tuple[Operation, ...] = (
    AgentInvocation(),
    Embeddings(),
    Evaluation(),
    Inference(),
    Retrieval(),
    Step(),
    ToolExecution(),
    WorkflowInvocation(),
)


def leads_somewhere(path: str, op: Any) -> bool:
    """Whether an operation has the field."""
    try:
        attrgetter(path)(op)
    except AttributeError:
        return False
    return True


@pytest.mark.parametrize("name", available())
def test_every_path_leads_to_a_field(name: str) -> None:
    """Rows that several operations share name a field of one of them; what an operation has is read to its end."""
    (convention,) = resolve(name)
    for spec in convention.spans:
        (own,) = [op for op in OPERATIONS if type(op) is spec.operation]
        for read in [row.value for row in spec.rows if isinstance(row.value, Field)]:
            assert any(leads_somewhere(read.path, op) for op in OPERATIONS), read.path
            assert leads_somewhere(read.path, own) or not hasattr(own, read.first), read.path
