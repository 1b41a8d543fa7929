"""Feedback and evaluation: what somebody thinks of an answer, tied to its span, at any time and in any process.

with capture() as captured:
    answer = chain.invoke(question)
save(answer, captured.handle)          # a short text: into a page, a queue, a database
...
record_evaluation(handle, "user_feedback", label="thumbs_up")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import context as context_api
from opentelemetry import trace

from genai_otel_core import placing, sharing
from genai_otel_core.handles import Captured, capturing, of_run, run_ids, to_handle
from genai_otel_core.sharing import shared_telemetry
from genai_otel_core.telemetry import Telemetry

__all__ = ["Captured", "capture", "current_handle", "handle_of", "record_evaluation"]


def current_handle() -> str | None:
    """Return a handle of what runs here: the innermost operation of ours, else the current span.

    It names the trace and span, and the provider's id of the latest answer below the operation. None if
    nothing is traced here. `handle_of` gives that of a framework's run, also just after its end; `capture` that of
    calls without knowing their ids.
    """
    handle = of_run(placing.innermost())
    if handle is not None:
        return handle
    around = trace.get_current_span().get_span_context()
    return to_handle(around) if around.is_valid else None


def handle_of(run: object, telemetry: Telemetry | None = None) -> str | None:
    """Return a handle of a framework's run that is open or has ended lately; None if there is none of it.

    Args:
        run: the run's id, also as text, or an object that has it as its `id` or `run_id`: a run that a tracer
            has finished, a message or response that a model answered with. The provider's id of an answer will do,
            too.
        telemetry: whose run it is; default that of any in this process. The latest 2000 runs are remembered:
            `capture` needs no luck.
    """
    among = [telemetry] if telemetry is not None else list(sharing.alive)
    for run_id in run_ids(run):  # the surest first: a provider's id may be in use elsewhere
        for one in among:
            handle = one.handle(run_id)
            if handle is not None:
                return handle
    return None


@contextmanager
def capture() -> Iterator[Captured]:
    """Capture the handles of the calls that are made in this block, in this task or thread and those it starts."""
    captured = Captured()
    token = context_api.attach(capturing(captured))
    try:
        yield captured
    finally:
        context_api.detach(token)


def record_evaluation(
    handle: str,
    name: str,
    score: float | None = None,
    label: str | None = None,
    explanation: str | None = None,
    *,
    response_id: str | None = None,
    error_type: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    telemetry: Telemetry | None = None,
) -> None:
    """Emit the event that an answer was judged, on the trace and span that `handle` names.

    Args:
        handle: names the judged operation. It is enough: the process that made it may be long gone, and the
            trace need not have been sampled.
        name: what was judged, in few words of low cardinality: `user_feedback`, `relevance`.
        score: how it came out, as a number; `True` is 1.
        label: how it came out, as a word of low cardinality: `thumbs_up`, `pass`.
        explanation: why, in free text. Content: recorded only where content goes on events, and masked.
        response_id: the provider's id of the answer; default the one in the handle.
        error_type: why there is no result, if the evaluation itself failed.
        attributes: attributes of your own for the event.
        telemetry: with whose providers and options; default those of `Telemetry()`.

    Raises:
        TypeError, ValueError: if the handle is none, or no result is given.
    """
    (telemetry or shared_telemetry(Telemetry, {})).record_evaluation(
        handle,
        name,
        score,
        label,
        explanation,
        response_id=response_id,
        error_type=error_type,
        attributes=attributes,
    )
