"""Notices the ends of runs that LangChain tells nobody of: cancelled calls, dropped streams, what a handler stopped."""

from __future__ import annotations

import asyncio

from genai_otel_core import Telemetry
from genai_otel_core.guard import attempt
from genai_otel_core.operations import ABANDONED, Operation
from genai_otel_core.runs import Run
from genai_otel_core.watch import when_dropped, when_gone
from genai_otel_langchain._peek import Caller


def watch(telemetry: Telemetry, run: Run, op: Operation | None, seen: Caller) -> None:
    """End `run`, if nobody else has, when what runs it is gone."""
    if seen.is_plain:
        pass  # it lasts as long as the run
    elif op is not None and seen.runs_as_coroutine:
        when_gone(
            seen.frame, lambda: telemetry.fail(run.id, asyncio.CancelledError()), seen.task, run.is_open
        )
    elif seen.event_stream is not None:
        when_dropped(seen.event_stream, lambda: telemetry.fail(run.id, GeneratorExit()), run.is_open)
    if (manager := seen.stoppable) is not None:
        attempt(
            "watch.manager", when_dropped, manager, lambda: telemetry.finish(run.id, ABANDONED), run.is_open
        )
