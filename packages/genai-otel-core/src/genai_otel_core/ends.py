"""Long lists are read at their ends only, as they would be cut: ten megabytes of messages cost what the bound costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

from genai_otel_core import messages as m
from genai_otel_core.plain import omitted

_MESSAGE, _PART, _TOOL = 48, 32, 32
"""About what a message, a part and a tool take in JSON at least."""
_MARKER = re.compile(r"\[omitted (\d+) (?:messages|parts|tools)\]")


def messages(given: Sequence[Any], limit: int, read: Callable[[Any, int], m.Message]) -> list[m.Message]:
    """Read messages, of which `limit` bytes are recorded at most; a marker stands for those that are not read.

    `read` gets a message and how many bytes it may have.
    """
    most = max(3, limit // _MESSAGE)
    if len(given) <= most:
        return [*map(read, given, repeat(limit))]
    found = [*map(read, _ends(given, most), repeat(limit))]
    found.insert(1, m.Message("omitted", [m.Text(omitted(len(given) - most, "messages"))]))
    return found


def parts(given: Sequence[Any], limit: int, read: Callable[[Any, int], m.Part | None]) -> list[m.Part]:
    """Read the parts of one message likewise; `read` gives None for what is none."""
    most = max(3, limit // _PART)
    kept = given if len(given) <= most else _ends(given, most)
    found = [part for part in map(read, kept, repeat(limit)) if part is not None]
    if kept is not given:
        found.insert(1, m.Text(omitted(len(given) - most, "parts")))
    return found


def definitions(
    given: Sequence[Any], limit: int, read: Callable[[Any, int], m.ToolDefinition | None]
) -> list[m.ToolDefinition]:
    """Read tool definitions likewise."""
    most = max(3, limit // _TOOL)
    kept = given if len(given) <= most else _ends(given, most)
    found = [tool for tool in map(read, kept, repeat(limit)) if tool is not None]
    if kept is not given:
        found.insert(1, m.ToolDefinition(omitted(len(given) - most, "tools"), type="omitted"))
    return found


def _ends(given: Sequence[Any], most: int) -> list[Any]:
    return [given[0], *given[len(given) - most + 1 :]]


def omitted_before(given: Sequence[m.Message | m.Part | m.ToolDefinition]) -> int:
    """How many more the marker in a list that was read so stands for than for itself."""
    marker = _MARKER.fullmatch(_said(given[1])) if len(given) > 1 else None
    return 0 if marker is None else int(marker[1]) - 1


def _said(item: m.Message | m.Part | m.ToolDefinition) -> str:
    if isinstance(item, m.ToolDefinition):
        return item.name
    part = item.parts[0] if isinstance(item, m.Message) and item.role == "omitted" and item.parts else item
    return part.content if isinstance(part, m.Text) else ""
