"""The life cycle of runs: start, chunks, and an end that happens exactly once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan

from genai_otel_core import agents, attempts, counters, current, dedupe, errors, watch
from genai_otel_core.causes import Causes
from genai_otel_core.emitter import Emitter
from genai_otel_core.guard import attempt
from genai_otel_core.inherited import Inheritance
from genai_otel_core.lookup import Lookup
from genai_otel_core.operations import (
    ABANDONED,
    CANCELLED,
    COMPLETED,
    EVICTED,
    INTERRUPTED,
    AgentInvocation,
    Failure,
    Inference,
    Operation,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.resume import Resumption
from genai_otel_core.routing import RootRun, Routing
from genai_otel_core.runs import Run, RunStore, now_ns
from genai_otel_core.settings import Settings
from genai_otel_core.settlement import Settlement
from genai_otel_core.spans import wall_ns
from genai_otel_core.streams import Stream
from genai_otel_core.suppression import is_suppressed
from genai_otel_core.usage import Usage

# Operations that may run for long, so that their start is news.
_LONG = (AgentInvocation, WorkflowInvocation, ToolExecution)


class Lifecycle(Lookup):
    """What adapters drive: the methods of `Telemetry` that start runs and end them."""

    def __init__(self, settings: Settings, emitter: Emitter) -> None:
        self._settings = settings
        self._routing = Routing(emitter, settings.conventions, settings.provider_for)
        self._resumption = Resumption(settings.resume_store)
        self._causes = Causes()
        self._inheritance = Inheritance(settings.mode, settings.custom)
        self._settlement = Settlement(settings)
        self._runs = RunStore(settings.max_runs, settings.max_run_age_s, self._evict)

    def start(
        self,
        run_id: Hashable,
        operation: Operation | None,
        *,
        parent_id: Hashable | None = None,
        visible: Callable[[Run], bool] | None = None,
        origin: Hashable | None = None,
        attach: bool = True,
        streamed: bool = False,
        left: Callable[[], bool] | None = None,
        note: object = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        resumes: bool = False,
        suppressed: bool = False,
        library: str | None = None,
    ) -> Run | None:
        """Start a run; without `operation` a hidden one, which stands for its parent.

        Args:
            run_id: the framework's id; a run that is already open is left alone, so that two handlers
                which see the same run make one span.
            operation: what starts, to be completed until it ends; None hides the run.
            parent_id: the framework's parent id, if it gave one.
            visible: asked whether the code that runs now is inside the run, for a run whose start is also
                seen by a stream's consumer.
            origin: where the framework starts it from, if several runs may start there as siblings; see
                `current.place`.
            attach: make the operation's span current in the calling context.
            streamed: code outside the run reads its output as a stream, and may stop reading.
            left: of an asynchronous stream: asked at a cancellation if that code has merely stopped reading.
            note: kept with the run for the adapter.
            metadata: what the application gave the framework for this run.
            tags: the same.
            suppressed: the application wants no telemetry of this run and what is below it.
            resumes: it goes on with the interrupted run of its conversation.
            library: the client library through which a model is called, by its distribution's name; after a
                slash its API, for those that have several (`openai/responses`).
        """
        watch.settle()
        if run_id in self._runs:
            return None
        named = None if parent_id is None else self._runs.find_parent(parent_id)
        above = None if named is None else named.visible
        context, parent = current.place(above, origin)
        if named is not None and (above is None or parent is above):
            parent = named
        run = Run(run_id, parent, now_ns())
        run.origin, run.note, run.streamed, run.left = origin, note, streamed, left
        run.suppressed = run.suppressed or suppressed or is_suppressed()
        handed = run.parent.inherited if run.parent is not None else None
        run.inherited = self._inheritance.of(handed, metadata, tags, context)
        self._route(run, operation, metadata, tags)
        if operation is not None and not run.suppressed:
            self._start_span(run, operation, context, resumes, library)
            if attach and run.span is not None:
                seen = None if visible is None else lambda: visible(run)
                run.activation = current.activate(run, run.span, context, seen)
        self._runs.add(run)
        return run

    def _route(
        self, run: Run, op: Operation | None, metadata: Mapping[str, Any] | None, tags: Sequence[str]
    ) -> None:
        parent = run.parent
        if parent is not None and self._runs.find_parent(parent.id) is parent:
            run.stream_above = parent if parent.streamed else parent.stream_above
        else:
            # A new tree; or below another telemetry's run, whose providers are not ours.
            run.emitter = self._routing.emitter(RootRun(op, metadata or {}, tags))

    def _start_span(
        self, run: Run, op: Operation, context: Context, resumes: bool, library: str | None
    ) -> None:
        above = run.parent.visible if run.parent is not None else None
        if op.conversation_id is None and above is not None and above.operation is not None:
            op.conversation_id = above.operation.conversation_id
        self._inheritance.give(op, run.inherited, context)
        self._settlement.expect(run, op, context)
        if op.agent_name is None and run.agent is not None:
            op.agent_name = agents.name_of(run.agent.operation)
        attempts.number(run, op)
        asked = self._causes.of(run, op) if isinstance(op, ToolExecution) else None
        links = [] if asked is None else [asked]
        if resumes:
            links.extend(attempt("resume.load", self._resumption.resume, op) or ())
        announce = self._settings.start_events and isinstance(op, _LONG)
        assert run.emitter is not None
        run.operation = op
        run.observers = dedupe.observers(self._settings.dedupe, op, library)
        if run.observers:
            return
        run.cover = dedupe.cover(self._settings.dedupe, op)
        run.span, run.start_keys = run.emitter.start(op, context, links, announce)
        if isinstance(op, AgentInvocation):
            run.agent = run

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
            stream.take_time(run.operation, run.started_ns, now_ns())
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
        if run is not None and run.streamed and outcome == COMPLETED and self._streams_below(run):
            outcome = ABANDONED
            if run.left is None:
                run.waits = True
                if run.activation is not None:
                    run.activation.close()
                return
        run = self._runs.pop(run_id)
        if run is not None:
            self._end(run, outcome, None)

    def _streams_below(self, run: Run) -> bool:
        return any(below.stream is not None for below in self._runs.below(run))

    def fail(self, run_id: Hashable, error: BaseException) -> None:
        """End a run with an error, and what is still open below it with the same.

        `GeneratorExit` is no failure: the consumer stopped reading. Nor is a stream's cancellation by what reads
        it for somebody who has gone, such as a web server.
        """
        run = self._runs.get(run_id)
        if run is None:
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
        op = run.operation
        run.ended_ns = wall_ns()
        if run.activation is not None:
            run.activation.close()
        if op is not None:
            above = None if run.parent is None else run.parent.visible
            if outcome == ABANDONED and above is not None and above.ended_ns is not None:
                # The parent's end came first, in the same call: a stream closed from the outside in.
                run.ended_ns = min(run.ended_ns, above.ended_ns)
            op.duration_s = (now_ns() - run.started_ns) / 1e9
            if op.outcome != INTERRUPTED or outcome != ABANDONED:  # who sees an interrupt reads no further
                op.outcome = outcome
            op.failure = op.failure or failure
            if run.stream is not None and isinstance(op, Inference):
                attempt("stream.settle", run.stream.settle, op)
            if run.cover is not None:
                attempt("dedupe.enrich", run.cover.enrich, op)
        above = run.stream_above
        if outcome == CANCELLED and above is not None and self._runs.get(above.id) is above:
            # The stream's reader may be who stopped it; its end will tell.
            above.held += [*run.held, run]
            return
        stopped_by_reader = outcome == ABANDONED
        for held in run.held:
            if stopped_by_reader and held.operation is not None:
                held.operation.failure = None
            self._emit(held)
        run.held = []
        self._emit(run)
        if above is not None and above.waits and not self._streams_below(above):
            waiting = self._runs.pop(above.id)
            if waiting is not None:
                self._end(waiting, ABANDONED, None)

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
        attempt("agents.roll_up", agents.roll_up, run)
        assert run.emitter is not None
        if span is not None:
            run.emitter.finish(op, span, run.start_keys, mode, run.ended_ns)
            # A late child still finds its parent; the finished span and its content are let go.
            run.span = NonRecordingSpan(span.get_span_context())
        elif not any(layer.measures for layer in run.observers):
            run.emitter.measure(op)
        run.operation = run.activation = run.stream = run.cover = None
