"""Workflows: whose step a span is, in every generation of the engine, and which agent of a group works.

Up to workflows 2.15 a run's span is entered by the caller, whose context then keeps the run's id, and a run
that fails exits as if it had not; synchronous steps may run in threads that know of no run.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import BoundArguments
from typing import Any

from genai_otel_core import Telemetry, placing
from genai_otel_core.operations import COMPLETED, AgentInvocation
from genai_otel_core.runs import Run
from genai_otel_llamaindex import _messages, _operations
from genai_otel_llamaindex._classify import Role
from genai_otel_llamaindex._kinds import Kind
from genai_otel_llamaindex._notes import Note, Owner, innermost, note_of, reference

RUNNERS = (Kind.WORKFLOW, Kind.AGENT, Kind.AGENT_WORKFLOW)


def is_run(note: Note | None) -> bool:
    """Whether a note is that of a workflow's or workflow agent's run."""
    return note is not None and note.kind in RUNNERS and note.method == "run"


def place(parent: Run | None, instance: Any, method: str) -> Run | None:
    """The run that a span really belongs to: runs that are over stand for what is above them.

    A context that keeps the id of a run which was only called there is not inside it.
    """
    while parent is not None:
        note = note_of(parent)
        if note is None:
            return parent
        foreign = note.entered_by_caller and not (note.is_of(instance) and method != "run")
        if parent.ended_ns is None and not foreign:
            return parent
        parent = parent.parent
    return None


def is_step(parent: Run | None, instance: Any, method: str) -> bool:
    """Whether a span directly below `parent` is a step that the workflow engine runs."""
    note = note_of(parent)
    if note is None or not is_run(note) or method == "run":
        return False
    return instance is None or note.is_of(instance)


def gives_anything(run: Run) -> bool:
    """Whether it is a workflow's run or step, which may give any stream."""
    note = note_of(run)
    if note is None or is_run(note):
        return note is not None
    return is_step(run.parent, None if note.instance is None else note.instance(), note.method)


class Groups:
    """The agents of a group, each one run from its first step to the hand-off."""

    def __init__(self, telemetry: Telemetry, owner: Owner) -> None:
        self._telemetry = telemetry
        self._owner = owner

    def worker(self, run: Run, call: BoundArguments) -> Run:
        """The run that a step of `run` belongs to: the agent that works now, in a group, else `run`."""
        note = note_of(run)
        if note is None or note.kind is not Kind.AGENT_WORKFLOW:
            return run
        event = call.arguments.get("ev")
        name = getattr(event, "current_agent_name", None)
        if isinstance(name, str) and name != note.member_name:
            self.leave(note)
            self._start(run, note, name, event)
        member = None if note.member is None else self._telemetry.find(note.member)
        return run if member is None else member

    def leave(self, note: Note, outcome: str = COMPLETED) -> None:
        """End the agent that works now: it has handed over, or the group is done."""
        if note.member is not None:
            self._telemetry.finish(note.member, outcome)
            note.member = note.member_name = None

    def answer(self, run: Run, result: Any) -> None:
        """Keep what an agent's step gave as the agent's answer, so far."""
        op = run.operation
        message = getattr(result, "response", None)
        if run.wants_content and isinstance(op, AgentInvocation) and message is not None:
            op.output_messages = _messages.spoken(
                message, "assistant", self._telemetry.settings.max_content_bytes
            )

    def _start(self, run: Run, note: Note, name: str, event: Any) -> None:
        group = None if note.instance is None else note.instance()
        agents = getattr(group, "agents", None)
        agent = agents.get(name) if isinstance(agents, Mapping) else None
        op = AgentInvocation(name=name) if agent is None else _operations.agent(agent)
        member = (run.id, name, object())
        own = Note(Role.AGENT, Kind.AGENT, "run", self._owner, reference(agent))
        started = self._telemetry.start(member, op, parent_id=run.id, attach=False, note=own)
        note.member, note.member_name = member, name
        if started is not None and started.wants_content:
            limit = self._telemetry.settings.max_content_bytes
            op.input_messages = _messages.spoken(getattr(event, "input", None), "user", limit)
            if agent is not None:
                _operations.add_agent_content(op, agent, limit)


def enter(run: Run, telemetry: Telemetry) -> None:
    """Make the nearest operation of `run` current where its step runs, if it is not."""
    visible = run.visible
    if visible is None:
        return
    inner = innermost(telemetry)
    if inner is None or not inner.is_within(visible):
        placing.enter(visible)
