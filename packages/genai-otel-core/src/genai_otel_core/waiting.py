"""Who waits for a task: where the frames of running code end at the event loop, the task's awaiter goes on."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Iterator
from types import FrameType
from typing import Any

_MAX_FUTURES = 4
_MAX_FRAMES = 100


def awaiting(future: asyncio.Future[Any], depth: int = _MAX_FUTURES) -> asyncio.Task[Any] | None:
    """Return the task that awaits `future`, also through `gather` and `shield`; None if nothing tells.

    asyncio keeps it where it calls back: as the task to wake up, or as a future that is settled with this one.
    """
    for entry in getattr(future, "_callbacks", None) or ():
        callback = entry[0] if isinstance(entry, tuple) else entry
        owner: asyncio.Task[Any] | None = getattr(callback, "__self__", None)
        if hasattr(owner, "get_coro"):
            return owner  # a task, of whichever class the loop makes
        for cell in getattr(callback, "__closure__", None) or ():
            held = _content(cell)
            if asyncio.isfuture(held) and held is not future and depth:
                found = awaiting(held, depth - 1)
                if found is not None:
                    return found
    return None


def _content(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def suspended(task: asyncio.Task[Any]) -> Iterator[FrameType]:
    """The frames of a suspended task, the outermost first, as far as they show; at most 100."""
    running: Any = task.get_coro()
    for _ in range(_MAX_FRAMES):
        if inspect.iscoroutine(running):
            frame, running = running.cr_frame, running.cr_await
        elif inspect.isgenerator(running):
            frame, running = running.gi_frame, running.gi_yieldfrom
        elif inspect.isasyncgen(running):
            frame, running = running.ag_frame, running.ag_await
        else:
            # A step of an async generator does not say of which, but Python's garbage collector knows.
            frame, running = None, next(filter(inspect.isasyncgen, gc.get_referents(running)), None)
            if running is None:
                return
        if frame is not None:
            yield frame


def awaiting_this() -> asyncio.Task[Any] | None:
    """Return the task that awaits the current one; None if nothing tells, and outside of tasks."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no running loop
        return None
    return None if task is None else awaiting(task)


def awaiting_frames() -> list[FrameType]:
    """The frames of the task that awaits the current one, the innermost first; none outside of tasks."""
    above = awaiting_this()
    return [] if above is None else list(suspended(above))[::-1]
