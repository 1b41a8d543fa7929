"""What the adapter remembers of a run, and how runs are found by it."""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from genai_otel_core import Telemetry, placing
from genai_otel_core.messages import Message
from genai_otel_core.runs import Run
from genai_otel_llamaindex._classify import Role
from genai_otel_llamaindex._kinds import Kind

ORIGIN = "llama_index"
"""Where our runs start from. Their parents are always named, so others around them are another telemetry's views."""
_TRANSPARENT = (Role.HIDDEN, Role.MERGED)


class Owner(Protocol):
    """What starts runs: the dispatcher's side of a handler, or the callbacks' side."""

    telemetry: Telemetry


@dataclass(slots=True)
class Note:
    """The adapter's note on one run."""

    role: Role
    kind: Kind
    method: str
    owner: Owner
    """Who started the run: of two handlers that see it, one reports on it."""
    instance: weakref.ref[Any] | None = None
    tool: str | None = None
    """The name of the tool that it executes."""
    target: Hashable | None = None
    """The run whose operation it is part of."""
    stream: weakref.ref[Any] | None = None
    """The generator that it returned and that is yet to be read."""
    reports: bool = False
    """Events tell of its chunks and its end."""
    answered: bool = False
    """Its response has been read."""
    chunks_of: Hashable | None = None
    """Which of the runs that are one operation reports its chunks."""
    stream_done: bool = False
    stream_error: BaseException | None = None
    """How the latest model's stream below it ended."""
    stream_left: bool = False
    """What streamed below it was given up since it returned its own."""
    said: list[Message] | None = None
    """What it said; content."""
    entered_by_caller: bool = False
    """A workflow's run, entered in the code that calls it and not in the task that runs it."""
    member: Hashable | None = None
    member_name: str | None = None
    """The run and name of the agent, of a group, that works now."""
    cancelled: bool = False

    def is_of(self, instance: Any) -> bool:
        """Whether the run is one of `instance`."""
        return instance is not None and self.instance is not None and self.instance() is instance


def note_of(run: Run | None) -> Note | None:
    """Return the note on a run, None for another adapter's."""
    return run.note if run is not None and isinstance(run.note, Note) else None


def note_for(run: Run | None, telemetry: Telemetry) -> Note | None:
    """Return the note on a run of `telemetry`'s: two handlers with telemetry of their own see no runs in common."""
    note = note_of(run)
    return None if note is None or note.owner.telemetry is not telemetry else note


def upwards(run: Run | None) -> Iterator[tuple[Run, Note]]:
    """The run and those above it, up to the first that is another adapter's or another telemetry's."""
    first = note_of(run)
    note = first
    while run is not None and note is not None and first is not None:
        yield run, note
        run = run.parent
        note = note_for(run, first.owner.telemetry)


def innermost(telemetry: Telemetry) -> Run | None:
    """The run that the calling code is in, of whichever framework, in `telemetry`'s own view if it has one."""
    for run in placing.around():
        own = telemetry.find(run.id)
        if own is not None and own.ended_ns is None:
            return own
        if note_of(run) is None:
            return run  # another framework's, which does not report to us
    return None


def nearest(run: Run | None) -> tuple[Run, Note] | None:
    """The nearest run, from `run` upwards, that is an operation or a step."""
    return next(((r, n) for r, n in upwards(run) if n.role not in _TRANSPARENT), None)


def reference(instance: Any) -> weakref.ref[Any] | None:
    """A weak reference, None for what cannot have one."""
    try:
        return None if instance is None else weakref.ref(instance)
    except TypeError:
        return None
