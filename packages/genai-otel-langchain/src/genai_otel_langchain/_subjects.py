"""What a run works on, by which another attempt is told from another thing."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from genai_otel_core import subjects


def of_prompt(prompt: Sequence[Any]) -> Hashable:
    """A model call's: its last message, and who asks."""
    return subjects.of_prompt(prompt[-1] if prompt else None)


def of_tool(call_id: str | None, input_str: object) -> Hashable:
    """A tool's, where no call id tells one call from another."""
    return (subjects.strand(), input_str) if call_id is None and isinstance(input_str, str) else None


def of_node(metadata: object) -> Hashable:
    """A graph node's: its task, which `RetryPolicy` runs again and `Send` makes many of."""
    found = metadata.get("langgraph_checkpoint_ns") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, str) and found else None
