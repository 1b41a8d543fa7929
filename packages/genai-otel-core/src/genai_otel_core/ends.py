"""Long lists are read at their ends only, as they would be cut: ten megabytes of messages cost what the bound costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, TypeVar

from genai_otel_core import messages as m
from genai_otel_core.plain import omitted

T = TypeVar("T")

_MESSAGE, _PART, _TOOL = 48, 32, 32
"""About what a message, a part and a tool take in JSON at least."""
_MARKER = re.compile(r"\[omitted (\d+) (?:messages|parts|tools)\]")


def messages(given: Sequence[Any], limit: int, read: Callable[[Any, int], m.Message]) -> list[m.Message]:
    """Read messages, of which `limit` bytes are recorded at most; a marker stands for those that are not read.

    `read` gets a message and how many bytes it may have.
    """
    return _ends(given, limit, _MESSAGE, read, _no_messages)


def parts(given: Sequence[Any], limit: int, read: Callable[[Any, int], m.Part | None]) -> list[m.Part]:
    """Read the parts of one message likewise; `read` gives None for what is none."""
    return _ends(given, limit, _PART, read, _no_parts)


def definitions(
    given: Sequence[Any], limit: int, read: Callable[[Any, int], m.ToolDefinition | None]
) -> list[m.ToolDefinition]:
    """Read tool definitions likewise."""
    return _ends(given, limit, _TOOL, read, _no_tools)


def _ends(
    given: Sequence[Any],
    limit: int,
    least: int,
    read: Callable[[Any, int], T | None],
    marker: Callable[[int], T],
) -> list[T]:
    gone = len(given) - max(3, limit // least)
    kept = given if gone <= 0 else [given[0], *given[gone + 1 :]]
    found = [item for item in map(read, kept, repeat(limit)) if item is not None]
    if gone > 0:
        found.insert(1, marker(gone))
    return found


def _no_messages(gone: int) -> m.Message:
    return m.Message("omitted", [m.Text(omitted(gone, "messages"))])


def _no_parts(gone: int) -> m.Part:
    return m.Text(omitted(gone, "parts"))


def _no_tools(gone: int) -> m.ToolDefinition:
    return m.ToolDefinition(omitted(gone, "tools"), type="omitted")


def omitted_before(given: Sequence[m.Message | m.Part | m.ToolDefinition]) -> int:
    """How many more the marker in a list that was read so stands for than for itself."""
    marker = _MARKER.fullmatch(_said(given[1])) if len(given) > 1 else None
    return 0 if marker is None else int(marker[1]) - 1


def _said(item: m.Message | m.Part | m.ToolDefinition) -> str:
    if isinstance(item, m.ToolDefinition):
        return item.name
    part = item.parts[0] if isinstance(item, m.Message) and item.role == "omitted" and item.parts else item
    return part.content if isinstance(part, m.Text) else ""
