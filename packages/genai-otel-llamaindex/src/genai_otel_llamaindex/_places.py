"""Where a span of the dispatcher stands: the run that it belongs below, and what is known of it by that."""

from __future__ import annotations

from inspect import BoundArguments
from typing import Any

from genai_otel_core import Telemetry
from genai_otel_core.runs import Run
from genai_otel_llamaindex import _operations, _workflows
from genai_otel_llamaindex._classify import SpanStart
from genai_otel_llamaindex._kinds import Kind
from genai_otel_llamaindex._notes import Note, innermost, nearest, note_of, upwards
from genai_otel_llamaindex._streaming import Streams

_STRUCTURED = (Kind.PROGRAM, Kind.STRUCTURED_LLM)


class Places:
    """Finds the places of spans among the runs of `telemetry`."""

    def __init__(self, telemetry: Telemetry, groups: _workflows.Groups, streams: Streams) -> None:
        self._telemetry = telemetry
        self._groups = groups
        self._streams = streams

    def of(
        self, parent_id: str | None, instance: Any, kind: Kind, method: str, call: BoundArguments
    ) -> tuple[Run | None, SpanStart]:
        """Return the run that a span which starts is below, and what classifies it."""
        parent = self._parent(parent_id, instance, kind, method)
        step = _workflows.is_step(parent, instance, method)
        if step and parent is not None:
            parent = self._groups.worker(parent, call)
            _workflows.enter(parent, self._telemetry)
        return parent, _facts(parent, kind, method, instance, call, step=step)

    def _parent(self, parent_id: str | None, instance: Any, kind: Kind, method: str) -> Run | None:
        named = None if parent_id is None else self._telemetry.find(parent_id)
        named = _workflows.place(named, instance, method)
        inner = innermost(self._telemetry)
        reading = self.reading()
        if reading is not None and (named is None or not named.is_within(reading)):
            return inner if inner is not None and inner.is_within(reading) else reading
        if named is None and inner is None and kind in _workflows.RUNNERS and method != "run":
            return self._run_of(instance)
        if inner is None or named is None:
            return inner or named
        note = note_of(inner)
        if note is not None and note.stream is not None and not named.is_within(inner):
            return inner  # in the generator that it returned, wherever that is read
        # Another framework, or the application, may run in between; of our own runs only one that is below.
        above = named if note is not None else named.visible
        between = above is not None and inner is not named.visible and inner.is_within(above)
        return inner if between else named

    def reading(self) -> Run | None:
        """The run in whose stream the calling code is, also where its reader knows of no run."""
        run_id = self._streams.read_here()
        return None if run_id is None else self._telemetry.find(run_id)

    def _run_of(self, instance: Any) -> Run | None:
        # A synchronous step in a thread that knows of no run: the latest of its workflow's.
        found = self._telemetry.open(lambda run: _is_run_of(run, instance))
        return found[-1] if found else None


def _facts(
    parent: Run | None, kind: Kind, method: str, instance: Any, call: BoundArguments, *, step: bool
) -> SpanStart:
    found = nearest(parent)
    above = None if found is None else found[1]
    return SpanStart(
        kind=Kind.OTHER if step else kind,
        method=method,
        root=parent is None or parent.visible is None,
        above=None if above is None else above.role,
        above_kind=None if above is None else above.kind,
        same_instance=above is not None and above.is_of(instance),
        same_tool=above is not None
        and above.tool is not None
        and above.tool == _operations.tool_name(instance),
        structured=any(_is_structured(note) for _, note in upwards(parent)),
        step=step,
        calls_tool=step and method == "call_tool" and "ev" in call.arguments,
        in_agent=step and above is not None and above.kind in (Kind.AGENT, Kind.AGENT_WORKFLOW),
    )


def _is_structured(note: Note) -> bool:
    return note.kind in _STRUCTURED or "structured_predict" in note.method


def _is_run_of(run: Run, instance: Any) -> bool:
    note = note_of(run)
    return note is not None and _workflows.is_run(note) and note.is_of(instance)
