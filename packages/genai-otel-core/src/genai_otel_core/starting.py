"""How runs start: below which run, in which context, with which providers, and with what they inherit."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from opentelemetry.context import Context

from genai_otel_core import agents, attempts, current, dedupe, placing, runs, watch
from genai_otel_core.guard import attempt
from genai_otel_core.lookup import Lookup
from genai_otel_core.operations import AgentInvocation, Operation, ToolExecution, WorkflowInvocation
from genai_otel_core.resume import Resumption
from genai_otel_core.routing import Routing
from genai_otel_core.runs import Run
from genai_otel_core.settlement import Settlement
from genai_otel_core.suppression import is_suppressed

# Operations that may run for long, so that their start is news.
_LONG = (AgentInvocation, WorkflowInvocation, ToolExecution)


class Starting(Lookup):
    """The methods of `Telemetry` that start runs."""

    _routing: Routing
    _resumption: Resumption
    _settlement: Settlement

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
                `placing.place`.
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
        if self._runs.get(run_id) is not None:
            return None
        named = None if parent_id is None else self._runs.find_parent(parent_id)
        if operation is None and named is not None and not (streamed or self._inheritance.is_news(metadata)):
            return self._hide(run_id, named, note, suppressed)
        here = placing.here()
        context, parent = _place(named, origin, here)
        said = current.shown(context)
        run = Run(run_id, parent, runs.now_ns())
        run.origin, run.note, run.streamed, run.left = origin, note, streamed, left
        run.in_locking = streamed and watch.in_locking_code()
        run.suppressed = run.suppressed or suppressed or is_suppressed(here)
        run.inherited = self._inheritance.of(parent.inherited if parent else None, metadata, tags, said)
        self._route(run, operation, metadata, tags)
        if operation is not None and not run.suppressed:
            self._start_span(run, operation, context, said, resumes, library)
            if attach:
                _activate(run, context, here, visible)
        self._runs.add(run)
        return run

    def _hide(self, run_id: Hashable, parent: Run, note: object, suppressed: bool) -> Run:
        # It only stands for its parent: those below it look at their own surroundings.
        run = Run(run_id, parent, runs.now_ns())
        run.note = note
        run.suppressed = run.suppressed or suppressed
        run.stream_above = parent.nearest_stream
        self._runs.add(run)
        return run

    def _route(
        self, run: Run, op: Operation | None, metadata: Mapping[str, Any] | None, tags: Sequence[str]
    ) -> None:
        parent = run.parent
        if parent is not None and self._runs.find_parent(parent.id) is parent:
            run.stream_above = parent.nearest_stream
        else:
            # A new tree; or below another telemetry's run, whose providers are not ours.
            run.emitter = self._routing.emitter(op, metadata, tags)

    def _start_span(
        self, run: Run, op: Operation, context: Context, said: Context, resumes: bool, library: str | None
    ) -> None:
        above = run.parent.visible if run.parent is not None else None
        if op.conversation_id is None and above is not None and above.operation is not None:
            op.conversation_id = above.operation.conversation_id
        self._inheritance.give(op, run.inherited, said)
        self._settlement.expect(run, op, said)
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
        if library is not None:
            run.observers = dedupe.observers(self._settings.dedupe, op, library)
            if run.observers:
                return
        run.cover = dedupe.cover(self._settings.dedupe, op)
        run.span, run.start_keys = run.emitter.start(op, context, links, announce)
        if isinstance(op, AgentInvocation):
            run.agent = run


def _activate(run: Run, context: Context, here: Context, visible: Callable[[Run], bool] | None) -> None:
    if run.span is not None:
        seen = None if visible is None else lambda: visible(run)
        run.activation = placing.activate(run, run.span, context, here, seen)


def _place(named: Run | None, origin: Hashable | None, here: Context) -> tuple[Context, Run | None]:
    above = None if named is None else named.visible
    context, parent = placing.place(above, origin, here)
    if named is not None and (above is None or parent is above):
        parent = named
    return context, parent
