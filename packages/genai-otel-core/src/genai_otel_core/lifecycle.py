"""The life cycle of runs: start, chunks, and an end that happens exactly once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from opentelemetry.trace import NonRecordingSpan

from genai_otel_core import agents, attempts, counters, errors, runs, watch
from genai_otel_core.causes import Causes
from genai_otel_core.emitter import Emitter
from genai_otel_core.guard import attempt
from genai_otel_core.inherited import Inheritance
from genai_otel_core.operations import (
    ABANDONED,
    CANCELLED,
    COMPLETED,
    EVICTED,
    INTERRUPTED,
    Failure,
    Inference,
    Operation,
)
from genai_otel_core.resume import Resumption
from genai_otel_core.routing import Routing
from genai_otel_core.runs import Run, RunStore
from genai_otel_core.settings import Settings
from genai_otel_core.settlement import Settlement
from genai_otel_core.spans import wall_ns
from genai_otel_core.starting import Starting
from genai_otel_core.streams import Stream
from genai_otel_core.usage import Usage

_READ = (COMPLETED, ABANDONED)
"""Outcomes of a stream that its reader may have left."""


class Lifecycle(Starting):
    """What adapters drive: the methods of `Telemetry` that start runs and end them."""

    def __init__(self, settings: Settings, emitter: Emitter, providers: Mapping[str, Any]) -> None:
        self._settings = settings
        self._routing = Routing(emitter, providers, settings.conventions, settings.provider_for)
        self._causes = Causes()
        self._resumption = Resumption(settings.resume_store, self._causes)
        self._inheritance = Inheritance(settings.mode, settings.custom)
        self._settlement = Settlement(settings)
        self._runs = RunStore(settings.max_runs, settings.max_run_age_s, self._evict)

    def interrupt(self, run_id: Hashable, interrupt_ids: Sequence[str] = ()) -> None:
        """Mark an open run as interrupted, by these ids; it ends without failure later."""
        op = self.operation(run_id)
        if op is not None:
            op.outcome = INTERRUPTED
            op.interrupt_ids = list(dict.fromkeys([*interrupt_ids, *(op.interrupt_ids or ())])) or None

    def chunk(
        self,
        run_id: Hashable,
        *,
        bears_content: bool = True,
        text: str | None = None,
        usage: Usage | None = None,
    ) -> None:
        """Report a chunk of a stream.

        Args:
            run_id: the run that streams.
            bears_content: whether it is a chunk in time; role, usage and end markers are not.
            text: its text, kept in case the stream is left early, if content is captured.
            usage: the usage that it reports.
        """
        run = self._runs.get(run_id)
        if run is None or not isinstance(run.operation, Inference):
            return
        stream = run.stream
        if stream is None:
            stream = run.stream = Stream()
            run.operation.request.stream = True
        if bears_content:
            stream.take_time(run.operation, run.started_ns, runs.now_ns())
        if text and run.wants_content:
            stream.take_text(text, self._settings.max_content_bytes)
        if usage is not None:
            stream.take_usage(usage)

    def sleep(self, run_id: Hashable) -> None:
        """Stop a run from being current before its end: its request is out, its reader's code comes next."""
        run = self._runs.get(run_id)
        if run is not None and run.activation is not None:
            run.activation.asleep = True

    def finish(self, run_id: Hashable, outcome: str = COMPLETED) -> None:
        """End a run without failure; a second end does nothing.

        A stream that ends while models below still stream was left; a synchronous one waits for their end.
        """
        run = self._runs.get(run_id)
        if run is None:
            return
        stream = run.nearest_stream
        if stream is not None and not stream.in_locking and watch.later(lambda: self.finish(run_id, outcome)):
            return
        if run.streamed and outcome in _READ and self._streams_below(run):
            outcome = ABANDONED
            if run.left is None:
                run.waits = True
                if run.activation is not None:
                    run.activation.close()
                return
        popped = self._runs.pop(run_id)
        if popped is not None:
            self._end(popped, outcome, None)

    def _streams_below(self, run: Run) -> bool:
        return any(below.stream is not None for below in self._runs.below(run))

    def fail(self, run_id: Hashable, error: BaseException) -> None:
        """End a run with an error, and what is still open below it with the same.

        `GeneratorExit` is no failure: the consumer stopped reading. Nor is a stream's cancellation by what reads
        it for somebody who has gone, such as a web server.
        """
        run = self._runs.get(run_id)
        if run is None or (
            isinstance(error, GeneratorExit) and watch.later(lambda: self.fail(run_id, error))
        ):
            return
        below = self._runs.below(run)
        if isinstance(error, GeneratorExit) or (run.left and errors.is_cancellation(error) and run.left()):
            outcome, failure = ABANDONED, None
        else:
            outcome = CANCELLED if errors.is_cancellation(error) else COMPLETED
            shown = any(one.wants_content for one in (run, *below))
            failure = errors.describe(error, shown)
        # A cancelled model or tool gets no end of its own, so it ends with what is above it.
        for ended in [self._runs.pop(one.id) for one in below]:
            if ended is not None:
                self._end(ended, outcome, failure)
        popped = self._runs.pop(run_id)
        if popped is not None:
            self._end(popped, outcome, failure)

    def _evict(self, run: Run) -> None:
        counters.add(counters.EVICTED)
        self._end(run, EVICTED, None)

    def _end(self, run: Run, outcome: str, failure: Failure | None) -> None:
        run.ended_ns = ended_ns = wall_ns()
        if run.activation is not None:
            run.activation.close()
        if run.operation is not None:
            self._complete(run, run.operation, outcome, failure, ended_ns)
        if run.nearest_stream is None and outcome != ABANDONED:
            self._emit(run)
        else:
            self._end_beside_reader(run, outcome)

    def _complete(
        self, run: Run, op: Operation, outcome: str, failure: Failure | None, ended_ns: int
    ) -> None:
        if outcome == ABANDONED or (run.streamed and run.left is None):
            run.ended_ns = _within_parent(run, outcome, ended_ns)
        op.duration_s = (runs.now_ns() - run.started_ns) / 1e9
        if op.outcome != INTERRUPTED or outcome != ABANDONED:  # who sees an interrupt reads no further
            op.outcome = outcome
        op.failure = op.failure or failure
        if run.stream is not None and isinstance(op, Inference):
            attempt("stream.settle", run.stream.settle, op)
        if run.cover is not None and run.cover.joins:
            attempt("dedupe.enrich", run.cover.enrich, op)

    def _end_beside_reader(self, run: Run, outcome: str) -> None:
        """Emit a run that is read as a stream or lies below one: its reader may be who ended it."""
        teller = self._who_tells(run) if outcome == CANCELLED else None
        if teller is not None and teller.ended_ns is None:
            # The stream's reader may be who stopped it; its end will tell.
            teller.held = [*teller.held, *run.held, run]
            return
        by_reader = outcome == ABANDONED or teller is not None
        if by_reader or run.held:
            self._let_go(run, by_reader)
        self._emit(run)
        above = run.stream_above
        if above is not None and above.waits and not self._streams_below(above):
            waiting = self._runs.pop(above.id)
            if waiting is not None:
                self._end(waiting, ABANDONED, None)

    def _who_tells(self, run: Run) -> Run | None:
        """The stream above of which the end tells, or has told, that its reader has cancelled what is below."""
        above = run.stream_above
        while above is not None and self._runs.get(above.id) is not above and above.left is not _by_reader:
            above = above.stream_above
        return above

    def _let_go(self, run: Run, by_reader: bool) -> None:
        """Emit what has waited for the end of a run; what its reader has cancelled has not failed."""
        held, run.held = run.held, ()
        for ended in (*held, run) if by_reader else ():
            if ended.operation is not None:
                ended.operation.failure = None
            if ended.streamed:
                ended.left = _by_reader
        for waited in held:
            self._emit(waited)

    def _emit(self, run: Run) -> None:
        op, span = run.operation, run.span
        if op is None:
            return
        if op.outcome == INTERRUPTED or op.resumed_after_s is not None:
            attempt("resume.settle", self._resumption.settle, run, op)
        elif isinstance(op, Inference):
            self._causes.remember(run, op)
        attempts.record(run, op)
        mode = run.inherited.mode
        self._settlement.settle(run, op)
        if run.parent is not None and run.parent.agent is not None:
            attempt("agents.roll_up", agents.roll_up, run.parent.agent, op)
        assert run.emitter is not None
        if span is not None:
            run.emitter.finish(op, span, run.start_keys, mode, run.ended_ns)
            # A late child still finds its parent; the finished span and its content are let go.
            run.span = NonRecordingSpan(span.get_span_context())
        elif not any(layer.measures for layer in run.observers):
            run.emitter.measure(op)
        run.operation = run.activation = run.stream = run.cover = None


def _within_parent(run: Run, outcome: str, ended_ns: int) -> int:
    above = None if run.parent is None else run.parent.visible
    if above is None or above.ended_ns is None or (outcome != ABANDONED and above.left is not _by_reader):
        return ended_ns
    # The parent's end came first, in the same call: a stream closed from the outside in. What only then began is late.
    late = (getattr(run.span, "start_time", None) or 0) > above.ended_ns
    return ended_ns if late else min(ended_ns, above.ended_ns)


def _by_reader() -> bool:
    """That a stream's reader has left, and nobody else has cancelled it."""
    return True
