"""Attempts: which try of the same thing an operation is, and what a retry or fallback came to."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from genai_otel_core.operations import Inference, Operation, Step, ToolExecution
from genai_otel_core.runs import Run

RETRY = "retry"
FALLBACK = "fallback"
ATTEMPT = "attempt"
"""Kinds of steps: the logical operation over several attempts, and an attempt that has no span type."""


@dataclass(slots=True)
class Try:
    """The latest try of one thing below a run."""

    number: int
    label: str | None
    model: str | None
    error_type: str | None = None


def number(run: Run, op: Operation) -> None:
    """Number an operation that starts, if it is an attempt: below a retry or fallback, or after one that failed."""
    above = run.parent
    if above is None:
        return
    last = above.tries.get(_thing(op)) if above.tries else None
    retries = _retries(above)
    if last is None:
        if retries and op.attempt is None:
            op.attempt = 1
    elif retries or last.error_type is not None:
        op.attempt = op.attempt or last.number + 1
        if last.error_type is not None and (last.label, last.model) != (_label(op), _model(op)):
            op.fallback_from = last.label


def record(run: Run, op: Operation) -> None:
    """Remember how an operation ended, for the next attempt and for the step above that stands for all of them."""
    above = run.parent
    if above is None:
        return
    failed = None if op.failure is None else op.failure.type
    thing = _thing(op)
    step = _retries(above)
    if step is None and failed is None:
        if above.tries:
            above.tries.pop(thing, None)
        return
    if above.tries is None:
        above.tries = {}
    above.tries[thing] = Try(op.attempt or 1, _label(op), _model(op), failed)
    if step is not None:
        step.attempt_count += 1
        if failed is not None:
            step.failed.append(_label(op) or failed)
        else:
            step.used = _label(op)


def _retries(run: Run) -> Step | None:
    op = run.operation
    return op if isinstance(op, Step) and op.kind in (RETRY, FALLBACK) else None


def _thing(op: Operation) -> Hashable:
    if isinstance(op, ToolExecution):
        return "tool", op.name, op.call_id
    return "inference" if isinstance(op, Inference) else "other"


def _model(op: Operation) -> str | None:
    return op.request.model if isinstance(op, Inference) else None


def _label(op: Operation) -> str | None:
    return (_model(op) or op.kind) if isinstance(op, Inference) else op.name
