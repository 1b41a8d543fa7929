"""Streams: what LangChain's token callbacks and stream events say of a chunk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from genai_otel_core import Telemetry
from genai_otel_langchain._response import usage_of_message


class StreamNote:
    """What the adapter remembers of one model run."""

    __slots__ = ("read_outside", "token_seen")

    def __init__(self, read_outside: bool) -> None:
        self.read_outside = read_outside
        self.token_seen = False


def take_chunk(telemetry: Telemetry, run_id: UUID, token: Any, chunk: Any) -> None:
    """Take one `on_llm_new_token`; role, usage and end markers bear no content."""
    note = _note(telemetry, run_id)
    if note is None:
        return
    note.token_seen = True
    message = getattr(chunk, "message", None)
    telemetry.chunk(
        run_id,
        bears_content=_has_content(token, message),
        text=token if isinstance(token, str) else None,
        usage=usage_of_message(message) if getattr(message, "usage_metadata", None) else None,
    )
    if note.read_outside:
        telemetry.sleep(run_id)


def take_event(telemetry: Telemetry, run_id: UUID, event: Any) -> None:
    """Take one `on_stream_event`; streams that also report tokens are counted by those alone."""
    note = _note(telemetry, run_id)
    if note is None or note.token_seen:
        return
    kind = event.get("event") if isinstance(event, Mapping) else None
    telemetry.chunk(run_id, bears_content=kind == "content-block-delta")


def _note(telemetry: Telemetry, run_id: UUID) -> StreamNote | None:
    run = telemetry.find(run_id)
    return run.note if run is not None and isinstance(run.note, StreamNote) else None


def _has_content(token: Any, message: Any) -> bool:
    if _is_filled(token):
        return True
    if message is None:
        return False
    extra = getattr(message, "additional_kwargs", None)
    return bool(
        _is_filled(getattr(message, "content", None))
        or getattr(message, "tool_call_chunks", None)
        or (isinstance(extra, Mapping) and extra.get("reasoning_content"))
    )


def _is_filled(content: Any) -> bool:
    # Blocks also tell that one opens or closes: which it is, and no word of it.
    return any(map(_block_is_filled, content)) if isinstance(content, list) else bool(content)


def _block_is_filled(block: Any) -> bool:
    if isinstance(block, Mapping):
        return any(value for key, value in block.items() if key not in ("type", "id", "index"))
    return bool(block)
