"""Interrupted runs and the runs that resume them, linked through the conversation they share."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from opentelemetry.trace import SpanContext, TraceFlags

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


@runtime_checkable
class ResumeStore(Protocol):
    """Keeps one short text per interrupted conversation, until it is resumed.

    The text holds a trace and span id and a time, no content; it is empty when nothing waits any more. Both
    methods may be called from any thread; errors are guarded.
    """

    def save(self, conversation_id: str, text: str) -> None:
        """Keep `text`, in place of an earlier one."""

    def load(self, conversation_id: str) -> str | None:
        """Return what was kept last, or None."""


class MemoryResumeStore:
    """Links runs of one process; the default. Keeps the latest 10000 conversations."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

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

    def __init__(self, store: ResumeStore) -> None:
        self._store = store

    def settle(self, run: Run, op: Operation) -> None:
        """Remember an interrupted run, and forget the one that a run has resumed and completed.

        Of nested ones the outermost ends last and is what stays: that is what will be resumed.
        """
        if op.conversation_id is None or not isinstance(op, (AgentInvocation, WorkflowInvocation)):
            return
        if op.outcome == INTERRUPTED and run.span is not None:
            self._store.save(op.conversation_id, _to_text(run.span.get_span_context()))
        elif op.outcome == COMPLETED and op.failure is None:
            self._store.save(op.conversation_id, "")

    def resume(self, op: Operation) -> list[SpanContext]:
        """Return what `op` goes on with, and note how long that had waited."""
        text = None if op.conversation_id is None else self._store.load(op.conversation_id)
        found = None if not text else _from_text(text)
        if found is None:
            return []
        context, at = found
        op.resumed_after_s = max(0.0, time.time() - at)
        return [context]


def _to_text(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x} {time.time():.3f}"


def _from_text(text: str) -> tuple[SpanContext, float] | None:
    try:
        traceparent, at = text.split(" ")
        _, trace_id, span_id, flags = traceparent.split("-")
        return SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16))), float(at)
    except ValueError:
        return None


def store_for(option: object) -> ResumeStore:
    """Return the store that the option `resume_store` means: a store, a directory, or None for memory.

    Raises:
        TypeError: for anything else.
    """
    if option is None:
        return MemoryResumeStore()
    if isinstance(option, (str, os.PathLike)):
        return DirectoryResumeStore(option)
    if isinstance(option, ResumeStore):
        return option
    raise TypeError(
        "resume_store must be a directory, an object with save() and load(), or None, "
        f"not {type(option).__name__}"
    )
