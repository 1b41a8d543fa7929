"""Chain runs: the callback's arguments and the caller's runnable to an operation, or to none for plumbing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genai_otel_core import Telemetry
from genai_otel_core.operations import AgentInvocation, Operation, Step, WorkflowInvocation
from genai_otel_core.plain import mapping
from genai_otel_core.runs import Run
from genai_otel_langchain import _context, _prompts
from genai_otel_langchain._classify import (
    GRAPHS,
    PLUMBING,
    PLUMBING_TYPES,
    ChainStart,
    Decision,
    Role,
    classify,
)
from genai_otel_langchain._context import run_above
from genai_otel_langchain._peek import Caller
from genai_otel_langchain._runnables import NOTHING, facts_of
from genai_otel_langchain._subjects import of_node


def plumbing(telemetry: Telemetry, kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how a run starts that is hidden by its type alone, so that its caller need not be looked at."""
    run_type = _text(kwargs.get("run_type"))
    if run_type == "prompt":
        _prompts.take(telemetry, kwargs)
    if run_type not in PLUMBING_TYPES or telemetry.settings.detail == "everything":
        return None
    place = _context.parentage(telemetry, kwargs)
    place["note"] = PLUMBING
    return place


def named(kwargs: Mapping[str, Any], serialized: object) -> Mapping[str, Any]:
    """Return the callback's arguments with the run's name, which a chain group tells as a serialized chain would."""
    if kwargs.get("name") is None and isinstance(serialized, Mapping):
        return {**kwargs, "name": serialized.get("name")}
    return kwargs


def is_node(run: Run) -> bool:
    """Whether a run is a node of a graph, shown or not."""
    return isinstance(run.note, Decision) and run.note.is_node


def resumes(note: Decision | None, inputs: object) -> bool:
    """Whether a run that starts goes on with an interrupted graph."""
    return note is not None and note.rule in GRAPHS and _context.is_resumption(inputs)


def operation(
    telemetry: Telemetry, kwargs: Mapping[str, Any], seen: Caller | None
) -> tuple[Operation | None, Decision]:
    """Classify a chain run that starts; return its operation, None if it gets no span."""
    decision = classify(_chain_start(telemetry, kwargs, seen))
    detail = telemetry.settings.detail
    if decision.role is Role.AGENT:
        return AgentInvocation(name=decision.name), decision
    if decision.role is Role.WORKFLOW:
        return WorkflowInvocation(name=decision.name), decision
    if detail == "everything" or (detail == "steps" and decision.role is not Role.HIDDEN):
        step = Step(name=decision.name or _text(kwargs.get("name")), kind=decision.role.value)
        if decision.role is Role.NODE:
            step.subject = of_node(kwargs.get("metadata"))
        return step, decision
    return None, decision


def _chain_start(telemetry: Telemetry, kwargs: Mapping[str, Any], seen: Caller | None) -> ChainStart:
    parent = telemetry.find(run_above(telemetry, kwargs.get("parent_run_id")))
    above = None if parent is None else parent.note
    tags = kwargs.get("tags")
    return ChainStart(
        name=_text(kwargs.get("name")),
        root=parent is None,
        run_type=_text(kwargs.get("run_type")),
        tags=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else (),
        metadata=mapping(kwargs.get("metadata")),
        above=above.rule if isinstance(above, Decision) else None,
        facts=NOTHING if seen is None else facts_of(seen.runnable),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
