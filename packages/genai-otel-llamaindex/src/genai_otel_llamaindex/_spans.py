"""The dispatcher's spans: each is classified, translated, and handed over to `Telemetry`."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from inspect import BoundArguments
from typing import Any, NamedTuple

from genai_otel_core import Telemetry, errors
from genai_otel_core.guard import attempt
from genai_otel_core.operations import (
    ABANDONED,
    CANCELLED,
    COMPLETED,
    EVICTED,
    INTERRUPTED,
    Inference,
    Operation,
    ToolExecution,
)
from genai_otel_core.runs import Run
from genai_otel_core.suppression import is_left_out
from genai_otel_core.watch import when_dropped
from genai_otel_llamaindex import _calls, _compat, _context, _operations, _workflows
from genai_otel_llamaindex._classify import Role, SpanStart, classify
from genai_otel_llamaindex._kinds import kind_of
from genai_otel_llamaindex._notes import ORIGIN, Note, nearest, note_of, reference, upwards
from genai_otel_llamaindex._places import Places
from genai_otel_llamaindex._streaming import Streams, is_inside, is_over, stream_of

_UUID = 37  # with the dash before it
_STREAMED = (Role.INFERENCE, Role.MERGED, Role.WORKFLOW, Role.STEP, Role.AGENT)
_STEPS = (Role.STEP, Role.TOOL)


class Model(NamedTuple):
    """A model's span: its run, and the run and operation that it is (part of)."""

    run: Run
    note: Note
    target: Hashable
    main: Note
    op: Inference


class Spans:
    """Follows spans from their enter to their exit or drop, or to the end of the stream they returned."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self.limit = telemetry.settings.max_content_bytes
        self.streams = Streams(self._stream_is_over)
        self._groups = _workflows.Groups(telemetry, self)
        self.places = Places(telemetry, self._groups, self.streams)

    def enter(
        self,
        id_: str,
        call: BoundArguments,
        instance: Any,
        parent_id: str | None,
        tags: Mapping[str, Any] | None,
    ) -> None:
        """Start a run for a span."""
        self.sweep()
        if tags is None:  # since workflows 2.16, of a run
            tags = attempt("tags of a run", _context.tags_around)
        label = id_[:-_UUID] if len(id_) > _UUID else id_
        method, kind = label.rpartition(".")[2], kind_of(instance)
        parent, start = self.places.of(parent_id, instance, kind, method, call)
        role = classify(start).role
        op = self._new_operation(role, start, instance, call, label, tags)
        note = Note(role, kind, method, self, reference(instance))
        note.tool = op.name if isinstance(op, ToolExecution) else None
        note.target = _target_above(parent) if role is Role.MERGED else None
        note.entered_by_caller = _workflows.is_run(note) and _compat.run_is_entered_by_caller(call.arguments)
        metadata = _context.metadata(tags)
        run = self.telemetry.start(
            id_,
            op,
            parent_id=None if parent is None else parent.id,
            visible=lambda run: is_inside(note),
            origin=ORIGIN,
            attach=not note.entered_by_caller,
            metadata=metadata,
            suppressed=is_left_out(metadata),
            library=attempt("client library", _calls.library, op, instance),
            note=note,
        )
        if run is not None:
            self._started(run, note, op, instance, call)

    def _started(
        self, run: Run, note: Note, op: Operation | None, instance: Any, call: BoundArguments
    ) -> None:
        if note.entered_by_caller:
            # What is to tell its end keeps the call, and may be gone with the event loop.
            when_dropped(call, lambda: self._lost(run.id))
        if note.role is Role.MERGED:
            attempt("content of a tool", self._describe, run.id, note, instance)
        if op is None:
            return
        run.between = True  # what another framework starts in it is below it
        if run.wants_content:
            attempt("content of a call", _calls.add_content, op, instance, call, self.limit)

    def _describe(self, id_: Hashable, note: Note, instance: Any) -> None:
        op = self._operation(id_, note)
        if isinstance(op, ToolExecution) and op.description is None and self.shows(id_, note):
            op.description = _operations.tool_description(instance)

    def _lost(self, id_: Hashable) -> None:
        run = self.telemetry.find(id_)
        note = note_of(run)
        if run is not None and note is not None and run.ended_ns is None and note.stream is None:
            self.telemetry.fail(id_, asyncio.CancelledError())

    def _new_operation(
        self, role: Role, start: SpanStart, instance: Any, call: BoundArguments, label: str, tags: Any
    ) -> Operation | None:
        op = _calls.operation(self.telemetry.settings.detail, role, start, instance, call, label)
        if op is not None:
            op.conversation_id = attempt("conversation id", _context.conversation_id, instance, call, tags)
            op.subject = attempt("subject of a call", _calls.subject, op, start, call)
        return op

    def close(self) -> None:
        """End what is open: nobody will tell its end."""
        self.sweep()
        mine = self.telemetry.open(lambda run: _is_owned(run, self))
        for run in reversed(mine):
            self.telemetry.finish(run.id, EVICTED)

    def exit(self, id_: str, result: Any) -> None:
        """Complete the run of a span that ends without error, unless its result is yet to be read."""
        run = self.telemetry.find(id_)
        note = note_of(run)
        if run is None or note is None or note.owner is not self or run.ended_ns is not None:
            return
        if note.role in _STREAMED and self.goes_on(id_, note, result):
            return
        if result is None and note.role in _STEPS and _compat.waits_for_event():
            self.telemetry.finish(id_, INTERRUPTED)
            return
        op = self._operation(id_, note)
        if op is not None and not note.answered:
            shown = self.shows(id_, note)
            attempt("result of a call", _calls.read_result, op, result, shown, self.limit)
        attempt("answer of an agent", self._answer, run, note, result)
        error = _compat.error_of_run() if result is None and note.entered_by_caller else None
        if error is None and note.cancelled and not _workflows.is_run(note):
            error = asyncio.CancelledError()
        self._end_call(id_, note, error)
        self.sweep()

    def _end_call(self, id_: str, note: Note, error: BaseException | None) -> None:
        stopped = note.cancelled or (error is not None and _compat.stopped_by_application(error))
        if error is not None and not (stopped and _workflows.is_run(note)):
            self.telemetry.fail(id_, error)
            return
        self._groups.leave(note, CANCELLED if stopped else COMPLETED)
        self.telemetry.finish(id_, CANCELLED if stopped else COMPLETED)

    def drop(self, id_: str, error: BaseException | None) -> None:
        """End the run of a span that ends with an error, or that control flow left."""
        run = self.telemetry.find(id_)
        note = note_of(run)
        if run is None or note is None or note.owner is not self or run.ended_ns is not None:
            return
        error = error if error is not None else RuntimeError()
        outcome = _compat.control_flow(error)
        if outcome is not None:
            self.telemetry.finish(id_, outcome)
            return
        target = self._operation(id_, note)
        if note.role is Role.MERGED and isinstance(target, ToolExecution):
            # The step that calls the tool catches what it raises.
            target.failure = errors.describe(error, self.shows(id_, note))
        self.telemetry.fail(id_, error)

    def _answer(self, run: Run, note: Note, result: Any) -> None:
        if (
            note.method == "run_agent_step"
            and run.parent is not None
            and _workflows.is_run(note_of(run.parent))
        ):
            self._groups.answer(run.parent, result)

    def _operation(self, id_: Hashable, note: Note) -> Any:
        return self.telemetry.operation(id_ if note.target is None else note.target)

    def shows(self, id_: Hashable, note: Note) -> bool:
        """Whether the content of the operation that a run is (part of) is wanted."""
        return self.telemetry.captures(id_ if note.target is None else note.target)

    def goes_on(self, id_: Hashable, note: Note, result: Any) -> bool:
        """Whether a run's result is a stream: then it ends with that."""
        stream = stream_of(result)
        if stream is None:
            return False
        note.stream, note.stream_left = reference(stream), False
        if is_over(stream):
            self._stream_is_over(id_)
        else:
            self.streams.hold(stream, id_)
        return True

    def _stream_is_over(self, id_: Hashable) -> None:
        run = self.telemetry.find(id_)
        note = note_of(run)
        if run is None or note is None or run.ended_ns is not None:
            return
        if note.stream_error is not None:
            self.telemetry.fail(id_, note.stream_error)
            return
        outcome = COMPLETED if _was_read(run, note) else ABANDONED
        if outcome == ABANDONED:
            for _, above in upwards(run.parent):
                above.stream_left, above.stream_done = True, False
        # What it read from is closed right after it, and is to lie within it.
        for below in reversed(self.telemetry.open(lambda one: one is not run and one.is_within(run))):
            self.telemetry.finish(below.id, outcome)
        if outcome == COMPLETED and run.wants_content:
            _calls.add_said(run.operation, note.said)
        self.telemetry.finish(id_, outcome)

    def stream_ended(self, model: Model, error: BaseException | None) -> None:
        """End a model's run whose stream is over; what is being read above it goes on, or fails with it."""
        run = model.run
        if model.target != run.id:
            model.main.stream_done, model.main.stream_error = error is None, error
            self._end(run, error)
            outer = self.telemetry.find(model.target)
            if outer is None or not _same_stream(model.main, model.note):
                return  # it reports its own end, or lets its generator go
            run = outer
        above, said = list(upwards(run.parent)), model.op.output_messages
        for _, note in above:
            # Also those that have not returned yet: another thread may read what they are to return.
            note.stream_done, note.stream_error, note.said = error is None, error, said
        self._end(run, error)
        if error is not None:
            for reading, note in above:
                if note.stream is not None:
                    self.telemetry.fail(reading.id, error)

    def _end(self, run: Run, error: BaseException | None) -> None:
        if error is None:
            self.telemetry.finish(run.id)
        else:
            self.telemetry.fail(run.id, error)

    def sweep(self) -> None:
        """End the runs whose streams are over."""
        if len(self.streams):
            self.streams.sweep()

    def inference(self, id_: Hashable) -> Model | None:
        """The model call that a span is (part of)."""
        run = self.telemetry.find(id_)
        note = note_of(run)
        if run is None or note is None or note.owner is not self:
            return None
        target = id_ if note.target is None else note.target
        op = self.telemetry.operation(target)
        main = note_of(self.telemetry.find(target))
        return Model(run, note, target, main, op) if isinstance(op, Inference) and main is not None else None


def _was_read(run: Run, note: Note) -> bool:
    # A model that reports its end would have reported it. The application's own streams report nothing.
    if note.stream_done or (note.role is Role.INFERENCE and not note.reports):
        return True
    return _workflows.gives_anything(run) and not note.stream_left


def _same_stream(one: Note, other: Note) -> bool:
    return one.stream is not None and other.stream is not None and one.stream() is other.stream()


def _target_above(parent: Run | None) -> Hashable | None:
    found = nearest(parent)
    return None if found is None else found[0].id


def _is_owned(run: Run, owner: object) -> bool:
    note = note_of(run)
    return note is not None and note.owner is owner
