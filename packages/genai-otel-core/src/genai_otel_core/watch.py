"""Notices that a coroutine or generator is gone: cancelled calls and unread streams tell nobody."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any

from genai_otel_core.frames import module_of, running
from genai_otel_core.guard import attempt

_watched: dict[int, weakref.ref[Any]] = {}  # by their own identity: not everything can be hashed
_late: deque[Callable[[], None]] = deque()
# Garbage may be collected at any bytecode, so also while one of these holds a lock that an end would need.
# Our own locks can be taken again by the thread that holds them.
_LOCKING = ("opentelemetry.sdk", "opentelemetry.exporter", "genai_otel_core.runs", "logging")


def later(report: Callable[[], None]) -> bool:
    """Whether this is no moment to end a run, since garbage is collected within a lock: `report` is called later."""
    if not in_locking_code():
        return False
    _late.append(report)
    return True


def when_dropped(held: Any, gone: Callable[[], None], is_due: Callable[[], bool] | None = None) -> None:
    """Call `gone()` when `held` is garbage, wherever that happens, unless `is_due()` says that nothing is left."""
    ref = weakref.ref(held, lambda ref: _report(ref, gone, is_due))
    _watched[id(ref)] = ref


def settle() -> None:
    """Report what was noticed at a moment that was not safe to report it at."""
    for _ in range(len(_late)):  # if this is no such moment either, they are noted again
        try:
            gone = _late.popleft()
        except IndexError:  # another thread was faster
            return
        attempt("watch.late", gone)


def when_gone(
    frame: FrameType,
    gone: Callable[[], None],
    task: asyncio.Task[Any] | None = None,
    is_due: Callable[[], bool] | None = None,
) -> None:
    """Call `gone()` when the coroutine that runs `frame` in `task`, the current one if None, has ended anyhow.

    With `is_due`, as `when_dropped` does. The coroutine object cannot be had from its running frame, so the task's
    await chain is walked once it is suspended; if it never is, there is nothing to miss. Does nothing outside a task.
    """
    try:
        loop = asyncio.get_running_loop()
        task = task or asyncio.current_task(loop)
    except RuntimeError:
        return
    if task is not None:
        loop.call_soon(_watch, task, frame, gone, is_due)


def _watch(
    task: asyncio.Task[Any], frame: FrameType, gone: Callable[[], None], is_due: Callable[[], bool] | None
) -> None:
    coroutine: Any = task.get_coro()
    while coroutine is not None:
        if getattr(coroutine, "cr_frame", None) is frame:
            when_dropped(coroutine, gone, is_due)
            return
        coroutine = getattr(coroutine, "cr_await", None)
    if not task.done():
        # Behind something that is no coroutine (an asend, a future): the task's own end must do.
        task.add_done_callback(lambda _: attempt("watch.task", gone))


def _report(ref: weakref.ref[Any], gone: Callable[[], None], is_due: Callable[[], bool] | None) -> None:
    _watched.pop(id(ref), None)
    # Asked first: most have ended as they should, and whether this is a safe moment takes a look at every frame.
    if (is_due is None or is_due()) and not later(gone):
        attempt("watch.gone", gone)


def in_locking_code() -> bool:
    """Whether the code that runs here was called by, or has interrupted, code that may hold a lock."""
    return any(module_of(frame).startswith(_LOCKING) for frame in running())
