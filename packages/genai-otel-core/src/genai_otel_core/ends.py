"""Long lists are read at their ends only, as they would be cut: ten megabytes of messages cost what the bound costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from genai_otel_core import messages as m
from genai_otel_core.plain import omitted

T = TypeVar("T")

_MESSAGE, _PART = 48, 32
"""About what a message and a part take in JSON at least."""
_MARKER = re.compile(r"\[omitted (\d+) (?:messages|parts)\]")


def messages(given: Sequence[Any], limit: int, read: Callable[[Any], m.Message]) -> list[m.Message]:
    """Read messages, of which `limit` bytes are recorded at most; a marker stands for those that are not read."""
    kept, gone = _ends(given, max(3, limit // _MESSAGE))
    found = [read(item) for item in kept]
    return _marked(found, gone, m.Message("omitted", [m.Text(omitted(gone, "messages"))]))


def parts(given: Sequence[Any], limit: int, read: Callable[[Any], m.Part | None]) -> list[m.Part]:
    """Read the parts of one message likewise; `read` gives None for what is none."""
    kept, gone = _ends(given, max(3, limit // _PART))
    found = [part for part in map(read, kept) if part is not None]
    return _marked(found, gone, m.Text(omitted(gone, "parts")))


def _ends(given: Sequence[T], most: int) -> tuple[Sequence[T], int]:
    gone = len(given) - most
    return (given, 0) if gone <= 0 else ([given[0], *given[gone + 1 :]], gone)


def _marked(found: list[Any], gone: int, marker: Any) -> list[Any]:
    if gone > 0:
        found.insert(min(1, len(found)), marker)
    return found


def omitted_before(given: Sequence[m.Message | m.Part]) -> int:
    """How many more the marker in a list that was read so stands for than for itself."""
    second = given[1] if len(given) > 1 else None
    if isinstance(second, m.Message):
        second = second.parts[0] if second.role == "omitted" and second.parts else None
    marker = _MARKER.fullmatch(second.content) if isinstance(second, m.Text) else None
    return 0 if marker is None else int(marker[1]) - 1
