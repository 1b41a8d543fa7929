"""What is known of a stream before it ends: chunk times, usage and text so far."""

from __future__ import annotations

from genai_otel_core.messages import Message, Text
from genai_otel_core.operations import Inference
from genai_otel_core.usage import Usage

_MAX_INTERVALS = 100_000


class Stream:
    """The progress of one streaming model call."""

    __slots__ = ("_cumulative", "_intervals", "_last_ns", "_size", "_texts", "_usage", "_usage_chunks")

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._intervals: list[float] = []
        self._texts: list[str] = []
        self._size = 0
        self._usage: Usage | None = None
        self._usage_chunks = 0
        self._cumulative = True

    def take_time(self, op: Inference, started_ns: int, now_ns: int) -> None:
        """Take the time of a content-bearing chunk."""
        response = op.response
        if self._last_ns is None:
            response.time_to_first_chunk_s = (now_ns - started_ns) / 1e9
            response.chunk_intervals_s = self._intervals
        elif len(self._intervals) < _MAX_INTERVALS:
            self._intervals.append((now_ns - self._last_ns) / 1e9)
        self._last_ns = now_ns

    def take_text(self, text: str, limit: int) -> None:
        """Keep text for the case that the stream is left early; about `limit` characters of it. Content."""
        if self._size < limit:
            self._texts.append(text)
            self._size += len(text)

    def take_usage(self, usage: Usage) -> None:
        """Take the usage that a chunk reports: a part of the total, or a total that grows with each chunk."""
        self._usage_chunks += 1
        last = self._usage
        if last is None:
            self._usage = usage
            return
        same_input = bool(usage.input_tokens) and usage.input_tokens == last.input_tokens
        grows = (usage.output_tokens or 0) >= (last.output_tokens or 0)
        if self._cumulative and same_input and grows:
            self._usage = usage
        else:
            self._cumulative = False
            last.add(usage)

    def settle(self, op: Inference) -> None:
        """Complete an ending operation with what only the chunks said.

        Frameworks add up the usage of chunks, which is wrong where a provider repeats a growing total.
        """
        if self._usage is not None and (not op.usage or (self._cumulative and self._usage_chunks > 1)):
            op.usage = self._usage
        if not self._texts:
            return
        if not op.output_messages:
            op.output_messages = [Message("assistant", [Text("".join(self._texts))])]
        elif len(op.output_messages) == 1 and not any(
            isinstance(part, Text) for part in op.output_messages[0].parts
        ):
            # What the stream ended with has not what it began with.
            op.output_messages[0].parts.insert(0, Text("".join(self._texts)))
