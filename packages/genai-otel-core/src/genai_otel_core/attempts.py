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

_UNNAMED = (RETRY, FALLBACK, ATTEMPT)


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
    step = _retries(above)
    last = above.tries.get(_thing(op, step)) if above.tries else None
    if last is None:
        if step is not None and op.attempt is None:
            op.attempt = 1
    elif step is not None or last.error_type is not None:
        # An adapter may know of a try that it is one, and not which.
        op.attempt = op.attempt if (op.attempt or 1) > 1 else last.number + 1
        if last.error_type is not None and _is_another(op, last, step):
            op.fallback_from = last.label


def record(run: Run, op: Operation) -> None:
    """Remember how an operation ended, for the next attempt and for the step above that stands for all of them."""
    above = run.parent
    if above is None:
        return
    if isinstance(op, Inference) and above.visible is not None:
        around = above.visible.operation
        if isinstance(around, Step) and around.kind in _UNNAMED:
            around.model = _model(op) or around.model
    failed = None if op.failure is None else op.failure.type
    step = _retries(above)
    thing = _thing(op, step)
    if thing is None:
        return
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


def _is_another(op: Operation, last: Try, step: Step | None) -> bool:
    if step is not None and step.kind == RETRY:
        return False
    return (last.label, last.model) != (_label(op), _model(op))


def _thing(op: Operation, step: Step | None) -> Hashable:
    """What is tried, the same for each try; None if nothing tells one try from another thing's."""
    if step is not None:
        return ATTEMPT
    if isinstance(op, ToolExecution):
        return "tool", op.name, op.call_id or op.subject
    if isinstance(op, Inference):
        return "inference", op.subject
    return None if op.subject is None else ("step", op.subject)


def _model(op: Operation) -> str | None:
    return op.request.model if isinstance(op, Inference) else None


def _label(op: Operation) -> str | None:
    if isinstance(op, Inference):
        return op.request.model or op.kind
    if isinstance(op, Step) and op.kind in _UNNAMED and op.name in (None, op.kind):
        # Nobody named it, so what it asked says more.
        return op.model or op.name
    return op.name
