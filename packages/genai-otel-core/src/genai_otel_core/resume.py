"""Interrupted runs and the runs that resume them, linked through the conversation they share."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from opentelemetry.trace import SpanContext, TraceFlags

from genai_otel_core.callables import not_awaited
from genai_otel_core.causes import Causes, short_hash
from genai_otel_core.operations import (
    COMPLETED,
    INTERRUPTED,
    AgentInvocation,
    Operation,
    WorkflowInvocation,
)

if TYPE_CHECKING:
    from genai_otel_core.runs import Run

_REMEMBERED = 10_000
_MOST_WAITING = 16
"""How many graphs of one conversation may wait at once."""


@runtime_checkable
class ResumeStore(Protocol):
    """Keeps one short text per interrupted conversation, until it is resumed.

    The text holds trace and span ids, times and hashes (of the graphs' names and the tool calls' ids), no content;
    it is empty when nothing waits any more. Both methods may be called from any thread; errors are guarded.
    """

    def save(self, conversation_id: str, text: str) -> None:
        """Keep `text`, in place of an earlier one."""

    def load(self, conversation_id: str) -> str | None:
        """Return what was kept last, or None."""


class MemoryResumeStore:
    """Links runs of one process; the default. Keeps the latest 10000 conversations."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.RLock()

    def save(self, conversation_id: str, text: str) -> None:
        """Keep `text`, in place of an earlier one."""
        with self._lock:
            if not text:
                self._texts.pop(conversation_id, None)
                return
            self._texts[conversation_id] = text
            self._texts.move_to_end(conversation_id)
            if len(self._texts) > _REMEMBERED:
                self._texts.popitem(last=False)

    def load(self, conversation_id: str) -> str | None:
        """Return what was kept last, or None."""
        return self._texts.get(conversation_id)


class DirectoryResumeStore:
    """Links runs of all processes that share a directory: one small file per interrupted conversation."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = Path(directory)
        self._directory.mkdir(parents=True, exist_ok=True)

    def _path(self, conversation_id: str) -> Path:
        # An id may hold anything; a hash is a file name everywhere.
        return self._directory / hashlib.sha256(conversation_id.encode("utf-8", "replace")).hexdigest()

    def save(self, conversation_id: str, text: str) -> None:
        """Keep `text`, in place of an earlier one; readers see the old or the new one, whole."""
        if not text:
            self._path(conversation_id).unlink(missing_ok=True)
            return
        descriptor, name = tempfile.mkstemp(dir=self._directory)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
        Path(name).replace(self._path(conversation_id))

    def load(self, conversation_id: str) -> str | None:
        """Return what was kept last, or None."""
        try:
            return self._path(conversation_id).read_text(encoding="ascii")
        except FileNotFoundError:
            return None


class Resumption:
    """Finds the interrupted run of a conversation again."""

    def __init__(self, store: ResumeStore, causes: Causes) -> None:
        self._store = store
        self._causes = causes
        self._lock = threading.RLock()

    def settle(self, run: Run, op: Operation) -> None:
        """Remember an interrupted run, and forget the one that a run has resumed and completed.

        Of nested ones the outermost ends last and is what stays: that is what will be resumed.
        """
        if op.conversation_id is None or not isinstance(op, (AgentInvocation, WorkflowInvocation)):
            return
        with self._lock:
            waiting, _ = _from_text(self._store.load(op.conversation_id))
            if op.outcome == INTERRUPTED and run.span is not None:
                context, now = run.span.get_span_context(), time.time()
                began = now - (op.duration_s or 0.0)
                waiting = [
                    one
                    for one in waiting
                    if one.name != _key(op) and (one.context.trace_id != context.trace_id or one.at < began)
                ]
                waiting.append(_Waiting(context, now, _key(op)))
            elif op.outcome == COMPLETED and op.failure is None:
                resumed = _waiting_for(op, waiting)
                waiting = [one for one in waiting if one is not resumed]
            else:
                return
            calls = self._causes.waiting(op.conversation_id) if waiting else []
            self._store.save(op.conversation_id, _to_text(waiting[-_MOST_WAITING:], calls))

    def resume(self, op: Operation) -> list[SpanContext]:
        """Return what `op` goes on with, and note how long that had waited."""
        if op.conversation_id is None:
            return []
        waiting, calls = _from_text(self._store.load(op.conversation_id))
        found = _waiting_for(op, waiting)
        if found is None:
            return []
        self._causes.recall(op.conversation_id, calls)
        op.resumed_after_s = max(0.0, time.time() - found.at)
        return [found.context]


_Call = tuple[str, SpanContext]


class _Waiting(NamedTuple):
    """An interrupted run. Several graphs may share a conversation, so it is found by its `name` there."""

    context: SpanContext
    at: float
    name: str


def _waiting_for(op: Operation, waiting: Sequence[_Waiting]) -> _Waiting | None:
    """What `op` goes on with: the run of its name, or the only one, which may have been called otherwise."""
    named = [one for one in waiting if one.name == _key(op)]
    return named[-1] if named else waiting[0] if len(waiting) == 1 else None


def _key(op: Operation) -> str:
    return short_hash(op.name or "")


def _to_text(waiting: Sequence[_Waiting], calls: Sequence[_Call]) -> str:
    runs = [f"{_traceparent(one.context)} {one.at:.6f} {one.name}" for one in waiting]
    return "\n".join([*runs, *(f"{_traceparent(asked)} {call_id}" for call_id, asked in calls)])


def _traceparent(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def _from_text(text: str | None) -> tuple[list[_Waiting], list[_Call]]:
    """The runs that wait, and the tool calls that were asked for in them."""
    waiting: list[_Waiting] = []
    calls: list[_Call] = []
    try:
        for line in (text or "").splitlines():
            traceparent, *at, name = line.split(" ")
            _, trace_id, span_id, flags = traceparent.split("-")
            context = SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)))
            if at:
                waiting.append(_Waiting(context, float(at[0]), name))
            else:
                calls.append((name, context))
    except ValueError:  # not written by us
        return [], []
    return waiting, calls


def store_for(option: object) -> ResumeStore:
    """Return the store that the option `resume_store` means: a store, a directory, or None for memory.

    Raises:
        TypeError, ValueError: for anything else.
    """
    if option is None:
        return MemoryResumeStore()
    if isinstance(option, (str, os.PathLike)):
        if not os.fsdecode(option):
            raise ValueError("resume_store must be the path of a directory, not an empty text")
        try:
            return DirectoryResumeStore(option)
        except OSError as error:
            raise ValueError(f"resume_store must be a directory that can be made: {error}") from error
    if isinstance(option, ResumeStore) and not isinstance(option, type):
        not_awaited("resume_store.save", option.save)
        not_awaited("resume_store.load", option.load)
        return option
    raise TypeError(
        "resume_store must be a directory, an object with save() and load(), or None, "
        f"not {type(option).__name__}"
    )
