"""Chain runs: the callback's arguments and the caller's runnable to an operation, or to none for plumbing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genai_otel_core import Telemetry
from genai_otel_core.operations import AgentInvocation, Operation, Step, WorkflowInvocation
from genai_otel_core.runs import Run
from genai_otel_langchain import _context, _prompts
from genai_otel_langchain._classify import (
    GRAPHS,
    NODES,
    PLUMBING_TYPES,
    ChainStart,
    Decision,
    Role,
    classify,
)
from genai_otel_langchain._context import run_above, tags_of
from genai_otel_langchain._peek import Caller
from genai_otel_langchain._runnables import Facts
from genai_otel_langchain._subjects import of_node


def is_plumbing(telemetry: Telemetry, kwargs: Mapping[str, Any]) -> bool:
    """Whether a run that starts is hidden by its type alone, so that its caller need not be looked at."""
    run_type = kwargs.get("run_type")
    if not isinstance(run_type, str):
        return False
    if run_type == "prompt":
        _prompts.take(telemetry, kwargs)
    return run_type in PLUMBING_TYPES and telemetry.settings.detail != "everything"


def with_name(kwargs: Mapping[str, Any], serialized: object) -> Mapping[str, Any]:
    """Return the callback's arguments with the run's name, which a chain group tells as a serialized chain would."""
    if kwargs.get("name") is None and isinstance(serialized, Mapping):
        return {**kwargs, "name": serialized.get("name")}
    return kwargs


def is_node(run: Run) -> bool:
    """Whether a run is a node of a graph, shown or not."""
    note = run.note
    return isinstance(note, Decision) and note.rule in NODES


def resumes(note: Decision | None, inputs: object) -> bool:
    """Whether a run that starts goes on with an interrupted graph."""
    return note is not None and note.rule in GRAPHS and _context.is_resumption(inputs)


def operation(
    telemetry: Telemetry, kwargs: Mapping[str, Any], place: Mapping[str, Any], seen: Caller | None
) -> tuple[Operation | None, Decision]:
    """Classify a chain run that starts; return its operation, None if it gets no span."""
    decision = classify(_chain_start(telemetry, kwargs, place, seen))
    role, detail = decision.role, telemetry.settings.detail
    if role is Role.HIDDEN and detail != "everything":
        return None, decision
    if role is Role.AGENT:
        return AgentInvocation(decision.name), decision
    if role is Role.WORKFLOW:
        return WorkflowInvocation(decision.name), decision
    if detail not in ("everything", "steps"):
        return None, decision
    step = Step(name=decision.name or _text(kwargs.get("name")), kind=role.value)
    if role is Role.NODE:
        step.subject = of_node(place["metadata"])
    return step, decision


def _chain_start(
    telemetry: Telemetry, kwargs: Mapping[str, Any], place: Mapping[str, Any], seen: Caller | None
) -> ChainStart:
    # Code that runs inside a run may start another that LangChain does not name as its child.
    is_child = kwargs.get("parent_run_id") is not None
    named = place["parent_id"] if is_child else run_above(telemetry, None)
    parent = None if named is None else telemetry.find(named)
    above = None if parent is None else parent.note
    return ChainStart(
        _text(kwargs.get("name")),
        parent is None,
        _text(kwargs.get("run_type")),
        tags_of(place),
        place["metadata"],
        above.rule if isinstance(above, Decision) else None,
        Facts(None if seen is None else seen.runnable),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
