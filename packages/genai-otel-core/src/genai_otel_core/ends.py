"""Long lists are read at their ends only, as they would be cut: ten megabytes of messages cost what the bound costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from genai_otel_core import messages as m
from genai_otel_core.plain import omitted

T = TypeVar("T")

_MESSAGE, _PART, _TOOL = 48, 32, 32
"""About what a message, a part and a tool take in JSON at least."""
_MARKER = re.compile(r"\[omitted (\d+) (?:messages|parts|tools)\]")


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


def definitions(
    given: Sequence[Any], limit: int, read: Callable[[Any], m.ToolDefinition | None]
) -> list[m.ToolDefinition]:
    """Read tool definitions likewise."""
    kept, gone = _ends(given, max(3, limit // _TOOL))
    found = [tool for tool in map(read, kept) if tool is not None]
    return _marked(found, gone, m.ToolDefinition(omitted(gone, "tools"), type="omitted"))


def _ends(given: Sequence[T], most: int) -> tuple[Sequence[T], int]:
    gone = len(given) - most
    return (given, 0) if gone <= 0 else ([given[0], *given[gone + 1 :]], gone)


def _marked(found: list[Any], gone: int, marker: Any) -> list[Any]:
    if gone > 0:
        found.insert(min(1, len(found)), marker)
    return found


def omitted_before(given: Sequence[m.Message | m.Part | m.ToolDefinition]) -> int:
    """How many more the marker in a list that was read so stands for than for itself."""
    marker = _MARKER.fullmatch(_said(given[1])) if len(given) > 1 else None
    return 0 if marker is None else int(marker[1]) - 1


def _said(item: m.Message | m.Part | m.ToolDefinition) -> str:
    if isinstance(item, m.ToolDefinition):
        return item.name
    part = item.parts[0] if isinstance(item, m.Message) and item.role == "omitted" and item.parts else item
    return part.content if isinstance(part, m.Text) else ""
