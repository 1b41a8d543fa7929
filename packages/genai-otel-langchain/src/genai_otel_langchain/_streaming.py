"""Streams: which chunks carry content, and what is known of a stream before it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from genai_otel_core import Telemetry
from genai_otel_core.messages import Message, Text
from genai_otel_core.operations import Inference
from genai_otel_core.runs import Run
from genai_otel_core.usage import Usage
from genai_otel_langchain._response import usage_of_message


class StreamNote:
    """What was seen of one stream so far."""

    __slots__ = ("cumulative", "read_outside", "size", "texts", "token_seen", "usage", "usage_chunks")

    def __init__(self, read_outside: bool) -> None:
        self.read_outside = read_outside
        self.token_seen = False
        self.texts: list[str] = []
        self.size = 0
        self.usage: Usage | None = None
        self.usage_chunks = 0
        self.cumulative = True


def take_chunk(telemetry: Telemetry, run_id: UUID, token: Any, chunk: Any, limit: int) -> None:
    """Take one `on_llm_new_token`; chunks without content (role, usage, end marker) are no chunks in time."""
    run = telemetry.find(run_id)
    if run is None or not isinstance(run.operation, Inference) or not isinstance(run.note, StreamNote):
        return
    note, op = run.note, run.operation
    note.token_seen = True
    op.request.stream = True
    message = getattr(chunk, "message", None)
    if message is not None and getattr(message, "usage_metadata", None):
        _take_usage(note, usage_of_message(message))
    if _has_content(token, message):
        telemetry.chunk(run_id)
        if telemetry.captures_content and isinstance(token, str) and note.size < limit:
            note.texts.append(token)
            note.size += len(token)
    if note.read_outside:
        # The request is out; what runs between this chunk and the next is the reader's code.
        telemetry.sleep(run_id)


def take_event(telemetry: Telemetry, run_id: UUID, event: Any) -> None:
    """Take one `on_stream_event`; streams that also report tokens are counted by those alone."""
    run = telemetry.find(run_id)
    if run is None or not isinstance(run.operation, Inference) or not isinstance(run.note, StreamNote):
        return
    run.operation.request.stream = True
    kind = event.get("event") if isinstance(event, Mapping) else None
    if not run.note.token_seen and kind == "content-block-delta":
        telemetry.chunk(run_id)


def settle(run: Run) -> None:
    """Put what the chunks said on the operation, for a stream that may never say more."""
    note, op = run.note, run.operation
    if not isinstance(note, StreamNote) or not isinstance(op, Inference):
        return
    if note.usage is not None:
        op.usage = note.usage
    if note.texts and op.output_messages is None:
        op.output_messages = [Message("assistant", [Text("".join(note.texts))])]


def correct_usage(run: Run) -> None:
    """Undo LangChain's sum where a provider repeats growing totals with each chunk."""
    note = run.note
    if isinstance(note, StreamNote) and isinstance(run.operation, Inference):
        if note.usage is not None and note.usage_chunks > 1 and note.cumulative:
            run.operation.usage = note.usage


def _take_usage(note: StreamNote, usage: Usage | None) -> None:
    if usage is None:
        return
    note.usage_chunks += 1
    last = note.usage
    if last is None:
        note.usage = usage
        return
    same_input = bool(usage.input_tokens) and usage.input_tokens == last.input_tokens
    grows = (usage.output_tokens or 0) >= (last.output_tokens or 0)
    if note.cumulative and same_input and grows:
        note.usage = usage
    else:
        note.cumulative = False
        last.add(usage)


def _has_content(token: Any, message: Any) -> bool:
    if isinstance(token, str):
        if token:
            return True
    elif token:
        return True
    if message is None:
        return False
    extra = getattr(message, "additional_kwargs", None)
    return bool(
        getattr(message, "content", None)
        or getattr(message, "tool_call_chunks", None)
        or (isinstance(extra, Mapping) and extra.get("reasoning_content"))
    )
