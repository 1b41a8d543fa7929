"""Handles: short texts that name an operation, for whoever judges it later and elsewhere.

A handle is a W3C `traceparent`, and after a dot the provider's response id in URL-safe base64, where it is
known: nothing in it needs quoting in a URL, a form, a queue or a file name.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, TraceFlags

from genai_otel_core.operations import Inference, Operation

if TYPE_CHECKING:
    from genai_otel_core.runs import Run

_HANDLE = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:\.([A-Za-z0-9_-]{1,400}))?")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_MAX_ID_BYTES = 256
_MAX_CAPTURED = 1000
_KEY = context_api.create_key("genai-otel-captured-runs")


class Named(NamedTuple):
    """What a handle names."""

    context: SpanContext
    response_id: str | None


def to_handle(context: SpanContext, response_id: str | None = None) -> str:
    """Return the handle of a span and, if known, of the answer that it stands for."""
    text = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    encoded = b"" if response_id is None else response_id.encode("utf-8", "replace")
    if not 0 < len(encoded) <= _MAX_ID_BYTES:
        return text
    return f"{text}.{base64.urlsafe_b64encode(encoded).rstrip(b'=').decode('ascii')}"


def from_handle(handle: object) -> Named:
    """Read a handle.

    Raises:
        TypeError, ValueError: if it is none; the text is not repeated, since it may come from anywhere.
    """
    if not isinstance(handle, str):
        raise TypeError(f"handle must be a text, not {type(handle).__name__}")
    match = _HANDLE.fullmatch(handle.strip())
    context = None
    if match is not None:
        ids = int(match[1], 16), int(match[2], 16)
        context = SpanContext(*ids, is_remote=True, trace_flags=TraceFlags(int(match[3], 16)))
    if match is None or context is None or not context.is_valid:
        raise ValueError("handle is not one that this library made")
    return Named(context, None if match[4] is None else _decoded(match[4]))


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("handle is not one that this library made") from error


def of_run(run: Run | None) -> str | None:
    """Return the handle of a run, or of the nearest one above it that has a span."""
    shown = None if run is None else run.visible
    if shown is None or shown.span is None or not shown.span.get_span_context().is_valid:
        return None
    return to_handle(shown.span.get_span_context(), shown.response_id)


def run_ids(run: object) -> Iterator[Hashable]:
    """Yield the ids that may name a run: what was given, what it has as id, a UUID in a text, the answer's id."""
    # LangChain keeps what the provider says in the first, LlamaIndex in the second.
    answers = (getattr(run, name, None) for name in ("response_metadata", "raw"))
    answer_ids = [one.get("id") if isinstance(one, dict) else getattr(one, "id", None) for one in answers]
    for given in (run, getattr(run, "id", None), getattr(run, "run_id", None), *answer_ids):
        if isinstance(given, (str, uuid.UUID)):
            yield given
        found = _UUID.search(given) if isinstance(given, str) else None
        if found is not None:
            yield uuid.UUID(found.group())


class Captured:
    """The calls that were made in a `capture` block."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    @property
    def handle(self) -> str | None:
        """The handle of the last call, None if there was none."""
        return of_run(self._runs[-1]) if self._runs else None

    @property
    def handles(self) -> list[str]:
        """The handles of all calls, in the order in which they started; the first thousand."""
        return [handle for handle in map(of_run, self._runs) if handle is not None]

    def take(self, run: Run) -> None:
        """Take a run that starts, unless it belongs to one taken before."""
        if len(self._runs) < _MAX_CAPTURED and not any(run.is_within(taken) for taken in self._runs[-8:]):
            self._runs.append(run)


def capturing(captured: Captured) -> Context:
    """Return the current context with `captured` to take what starts in it."""
    return context_api.set_value(_KEY, captured)


def notice(run: Run, context: Context) -> None:
    """Take notice of a run with an operation that starts in `context`, as it is `shown`."""
    captured = dict.get(context, _KEY)
    if isinstance(captured, Captured):
        captured.take(run)


def remember_answer(run: Run, op: Operation) -> None:
    """Let an ended model call's response id stand for it and for all runs above it: the last answer counts."""
    response_id = op.response.id if isinstance(op, Inference) else None
    above: Run | None = None if response_id is None else run
    while above is not None:
        above.response_id = response_id
        above = above.parent
