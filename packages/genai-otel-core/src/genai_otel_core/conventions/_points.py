"""Points that several conventions' metrics share: which values an ended operation adds, and their buckets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from genai_otel_core.conventions._reader import Field
from genai_otel_core.operations import Inference, Operation

Points = Iterable[tuple[float, Mapping[str, Any]]]

DURATION_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKEN_BUCKETS = tuple(float(4**power) for power in range(14))

TYPE_OF_TOKENS = "gen_ai.token.type"
_INPUT, _OUTPUT = {TYPE_OF_TOKENS: "input"}, {TYPE_OF_TOKENS: "output"}


class Values:
    """Points at fields of an operation: of each that has a value, the value and the dimensions that it adds."""

    def __init__(self, *fields: tuple[Field, Mapping[str, Any]]) -> None:
        self.fields = fields

    def __call__(self, op: Operation) -> Points:
        """Return the points of an ended operation."""
        for field, extra in self.fields:
            value = field(op)
            if value is not None:
                yield value, extra


duration = Values((Field("duration_s"), {}))
"""The operation's duration, in seconds."""

tokens = Values((Field("usage.input_tokens"), _INPUT), (Field("usage.output_tokens"), _OUTPUT))
"""Input and output tokens by `gen_ai.token.type`, where they are known."""

first_chunk = Values((Field("response.time_to_first_chunk_s"), {}))
"""The time to the first chunk of a stream, in seconds."""


def chunk_intervals(op: Inference) -> Points:
    """The times between the chunks of a stream, in seconds."""
    return [(seconds, {}) for seconds in op.response.chunk_intervals_s]
