"""What a run works on: the same once more, after a failure, is another attempt; anything else is another thing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Hashable, Mapping
from typing import Any

_PLAIN = (str, int, float, bool, bytes, type(None))


class Same:
    """Equal for the same object only, which it keeps from being another's address."""

    __slots__ = ("_held",)

    def __init__(self, held: object) -> None:
        self._held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other._held is self._held

    def __hash__(self) -> int:
        return id(self._held)


def of_prompt(last: object) -> Hashable:
    """A model call's: its last message, and the task or thread that asks, for calls side by side are no attempts."""
    content = last if isinstance(last, str) else getattr(last, "content", None)
    if isinstance(content, str):
        return strand(), content
    return strand(), Same(last if content is None else content)


def of_arguments(arguments: Mapping[str, Any]) -> Hashable:
    """A tool's, where no call id tells one call from another: objects are equal only to themselves."""
    given = ((name, value if isinstance(value, _PLAIN) else Same(value)) for name, value in arguments.items())
    return strand(), frozenset(given)


def strand() -> tuple[int, int | None]:
    """The thread, and the task in it, that runs now."""
    # Asked first, since `current_task` raises where no loop runs, and raising is slow.
    loop = asyncio._get_running_loop()  # noqa: SLF001 - documented; None without a loop
    if loop is None:
        return threading.get_ident(), None
    task = asyncio.current_task(loop)
    return threading.get_ident(), None if task is None else id(task)
