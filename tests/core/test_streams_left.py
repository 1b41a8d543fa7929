"""Streams that their readers leave: what is cancelled in the wake of that has not failed, whenever it is told."""

from __future__ import annotations

import asyncio

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from genai_otel_core import Telemetry
from genai_otel_core.operations import Step, WorkflowInvocation
from genai_otel_core.testing import Capture


def nested(telemetry: Telemetry) -> None:
    """A stream within a stream, of which the inner one is cancelled."""
    telemetry.start("outer", WorkflowInvocation(name="outer"), streamed=True)
    telemetry.start("inner", Step(name="inner"), parent_id="outer", streamed=True)
    telemetry.fail("inner", asyncio.CancelledError())


def outcomes(seen: Capture) -> dict[str, tuple[str | None, str | None]]:
    """Outcome and error of each span."""
    found = {span.name: span.attributes or {} for span in seen.spans}
    return {name: (a.get("genai_otel.outcome"), a.get("error.type")) for name, a in found.items()}


@pytest.mark.parametrize("told", ["before", "after"])
def test_what_a_left_stream_had_begun(told: str, seen: Capture) -> None:
    """Its tasks go on for a while, below what has ended, and are cancelled before or after it is known why."""
    telemetry = Telemetry(**seen.providers)
    nested(telemetry)
    telemetry.start("late", Step(name="late"), parent_id="inner")
    if told == "before":
        telemetry.fail("late", asyncio.CancelledError())
    telemetry.fail("outer", GeneratorExit())
    if told == "after":
        telemetry.start("later", Step(name="later"), parent_id="late")
        telemetry.fail("late", asyncio.CancelledError())
    found = outcomes(seen)
    assert found.pop("invoke_workflow outer") == ("abandoned", None)
    assert set(found.values()) == {("cancelled", None)}
    assert len(found) == (3 if told == "after" else 2)


def test_what_a_cancelled_stream_had_begun(seen: Capture) -> None:
    """Where the reader was cancelled itself, or timed out, all of it failed."""
    telemetry = Telemetry(**seen.providers)
    nested(telemetry)
    telemetry.start("late", Step(name="late"), parent_id="inner")
    telemetry.fail("late", asyncio.CancelledError())
    telemetry.fail("outer", asyncio.CancelledError())
    telemetry.start("later", Step(name="later"), parent_id="inner")
    telemetry.fail("later", asyncio.CancelledError())
    found = outcomes(seen)
    assert set(found) == {"invoke_workflow outer", "inner", "late", "later"}
    assert {error for _, error in found.values()} == {"asyncio.exceptions.CancelledError"}


@pytest.mark.parametrize("how", ["finished", "left"])
def test_no_span_ends_before_it_began(how: str, seen: Capture) -> None:
    """A stream that is closed from the outside in lies within its parent, unless it began only after that."""
    telemetry = Telemetry(**seen.providers)
    telemetry.start("outer", WorkflowInvocation(name="outer"), streamed=True)
    telemetry.start("inner", Step(name="inner"), parent_id="outer", streamed=True)
    telemetry.finish("outer", "abandoned")
    telemetry.start("late", Step(name="late"), parent_id="outer", streamed=True)
    for run in ("inner", "late"):
        if how == "finished":
            telemetry.finish(run)
        else:
            telemetry.fail(run, GeneratorExit())
    outer, inner, late = (seen.span(name) for name in ("invoke_workflow outer", "inner", "late"))
    assert inner.end_time == outer.end_time
    assert late.start_time <= late.end_time


def test_a_processor_that_works_itself(seen: Capture) -> None:
    """What is left within the SDK's own code ends at the next start outside of it, and not in between."""
    telemetry = Telemetry(**seen.providers)

    class Working(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            if span.name == "first":
                telemetry.start("left", Step(name="left"))
                telemetry.fail("left", GeneratorExit())
            elif span.name == "second":
                telemetry.start("read", Step(name="read"))
                telemetry.finish("read")

    seen.tracer_provider.add_span_processor(Working())
    for name in ("first", "second"):
        seen.tracer_provider.get_tracer("application").start_span(name).end()
    assert telemetry.open_runs == 1
    telemetry.start("next", Step(name="next"))
    telemetry.finish("next")
    assert telemetry.open_runs == 0
    assert outcomes(seen)["left"] == ("abandoned", None)
