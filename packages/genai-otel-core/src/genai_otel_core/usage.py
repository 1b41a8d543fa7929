"""Token usage of one or several model calls, with the parts that providers break it into."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter

_MOST = (1 << 63) - 1
"""What a metric point or attribute can hold."""


def count(value: object) -> int | None:
    """Return `value` if it is a token count (a non-negative int, or a float without fraction), else None.

    `True` is not a count: providers send booleans in the same mappings.
    """
    if type(value) is int:  # nearly always
        return value if 0 <= value <= _MOST else None
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and 0 <= value <= _MOST else None


@dataclass(slots=True)
class Usage:
    """Token counts; `None` means that nobody reported the number, `0` that somebody reported zero.

    `input_tokens` includes cache reads and writes, `output_tokens` includes reasoning
    (GenAI semantic conventions, `gen_ai.usage.*`).
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_image_tokens: int | None = None
    input_text_tokens: int | None = None
    output_text_tokens: int | None = None

    def __bool__(self) -> bool:
        if self.input_tokens is not None or self.output_tokens is not None:
            return True
        return any(getattr(self, name) is not None for name in _FIELDS)

    def add(self, other: Usage) -> None:
        """Add the counts of `other`; a number that only one of the two has is kept."""
        for name, more in zip(_FIELDS, _COUNTS(other), strict=True):
            if more is not None:
                setattr(self, name, (getattr(self, name) or 0) + more)


_FIELDS = tuple(f.name for f in fields(Usage))
_COUNTS = attrgetter(*_FIELDS)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call cost, in US dollars.

    `source` is `provider` (the provider said so) or `local` (computed from usage and a price list).
    `input_usd` and `output_usd` are its parts, where they are known.
    """

    total_usd: float
    source: str
    input_usd: float | None = None
    output_usd: float | None = None
