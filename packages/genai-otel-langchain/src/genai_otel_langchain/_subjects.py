"""What a run works on: the same once more, after a failure, is another attempt; anything else is another thing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Hashable, Mapping, Sequence
from typing import Any


class _Same:
    """Equal for the same object only, which it keeps from being another's address."""

    __slots__ = ("_held",)

    def __init__(self, held: object) -> None:
        self._held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._held is self._held

    def __hash__(self) -> int:
        return id(self._held)


def of_prompt(prompt: Sequence[Any]) -> Hashable:
    """A model call's: its last message, and the task or thread that asks, for calls side by side are no attempts."""
    last = prompt[-1] if prompt else None
    content = last if isinstance(last, str) else getattr(last, "content", None)
    return _strand(), content if isinstance(content, str) else _Same(content)


def of_tool(call_id: str | None, input_str: object) -> Hashable:
    """A tool's, where no call id tells one call from another."""
    return (_strand(), input_str) if call_id is None and isinstance(input_str, str) else None


def of_node(metadata: object) -> Hashable:
    """A graph node's: its task, which `RetryPolicy` runs again and `Send` makes many of."""
    found = metadata.get("langgraph_checkpoint_ns") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, str) and found else None


def _strand() -> tuple[int, int | None]:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no running loop
        task = None
    return threading.get_ident(), None if task is None else id(task)
