"""Why a tool ran: the model call that asked for it, found again by the tool call's id."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable

from opentelemetry.trace import SpanContext

from genai_otel_core.operations import Inference, ToolExecution
from genai_otel_core.runs import Run

_REMEMBERED = 4096
"""How many requested tool calls are remembered, the latest."""
_MOST_WAITING = 16
"""How many of them an interrupted run leaves to whoever resumes it."""


class Causes:
    """Requested tool calls, per run tree and, for a resumed one, per conversation."""

    def __init__(self) -> None:
        self._ran: OrderedDict[tuple[Hashable, str], None] = OrderedDict()
        self._asked: OrderedDict[tuple[Hashable, str], SpanContext] = OrderedDict()
        self._lock = threading.RLock()

    def remember(self, run: Run, op: Inference) -> None:
        """Keep which span asked for these calls."""
        if not op.requested_calls or run.span is None:
            return
        asked = run.span.get_span_context()
        scopes = [run.root.id] if op.conversation_id is None else [run.root.id, op.conversation_id]
        with self._lock:
            for call_id in op.requested_calls:
                # Small servers number the calls of each answer anew.
                self._ran.pop((run.root.id, call_id), None)
                for scope in scopes:
                    self._asked[scope, call_id] = asked
            while len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)

    def of(self, run: Run, op: ToolExecution) -> SpanContext | None:
        """Return the span that asked for this execution, if it is known, and note that it runs."""
        if op.call_id is None:
            return None
        with self._lock:
            self._ran[run.root.id, op.call_id] = None
            if len(self._ran) > _REMEMBERED:
                self._ran.popitem(last=False)
        found = self._asked.get((run.root.id, op.call_id))
        conversation = op.conversation_id
        if found is None and conversation is not None:
            found = self._asked.get((conversation, op.call_id))
            if found is None:
                found = self._asked.get((_recalled(conversation), short_hash(op.call_id)))
        return found

    def waiting(self, conversation_id: str) -> list[tuple[str, SpanContext]]:
        """Return hashes of the call ids that a conversation asked for lately, and which span asked for each."""
        with self._lock:
            latest = [key for key in self._asked if key[0] in (conversation_id, _recalled(conversation_id))]
            latest = latest[-_MOST_WAITING:]
            return [
                (call_id if scope != conversation_id else short_hash(call_id), self._asked[scope, call_id])
                for scope, call_id in latest
            ]

    def recall(self, conversation_id: str, waiting: Iterable[tuple[str, SpanContext]]) -> None:
        """Take over what another process had `waiting`."""
        with self._lock:
            for call_id, asked in waiting:
                self._asked[_recalled(conversation_id), call_id] = asked

    def has_run(self, run: Run, call_id: str) -> bool:
        """Whether this call has been executed in the tree of `run`."""
        return (run.root.id, call_id) in self._ran


def _recalled(conversation_id: str) -> Hashable:
    return conversation_id, "recalled"


def short_hash(text: str) -> str:
    """What tells one name or id from another where it must not be read."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
