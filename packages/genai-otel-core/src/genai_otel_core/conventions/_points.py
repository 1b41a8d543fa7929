"""Points that several conventions' metrics share: which values an ended operation adds, and their buckets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from genai_otel_core.operations import Embeddings, Inference, Operation

Points = Iterable[tuple[float, Mapping[str, Any]]]

DURATION_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKEN_BUCKETS = tuple(float(4**power) for power in range(14))

TYPE_OF_TOKENS = "gen_ai.token.type"
_INPUT, _OUTPUT = {TYPE_OF_TOKENS: "input"}, {TYPE_OF_TOKENS: "output"}


def duration(op: Operation) -> Points:
    """The operation's duration, in seconds."""
    return () if op.duration_s is None else ((op.duration_s, {}),)


def tokens(op: Inference | Embeddings) -> Points:
    """Input and output tokens by `gen_ai.token.type`, where they are known."""
    if op.usage.input_tokens is not None:
        yield op.usage.input_tokens, _INPUT
    if op.usage.output_tokens is not None:
        yield op.usage.output_tokens, _OUTPUT


def first_chunk(op: Inference) -> Points:
    """The time to the first chunk of a stream, in seconds."""
    first = op.response.time_to_first_chunk_s
    return () if first is None else ((first, {}),)


def chunk_intervals(op: Inference) -> Points:
    """The times between the chunks of a stream, in seconds."""
    return ((seconds, {}) for seconds in op.response.chunk_intervals_s)
