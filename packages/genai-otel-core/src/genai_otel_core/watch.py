"""Notices that a coroutine is gone: a cancelled model call tells nobody, but its coroutine dies."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any

from genai_otel_core.guard import attempt

_watched: set[weakref.ref[Any]] = set()


def when_gone(frame: FrameType, gone: Callable[[], None]) -> None:
    """Call `gone()` when the coroutine that runs `frame` in the current task has ended, however it ended.

    The coroutine object cannot be had from its running frame, so the task's await chain is walked once it
    is suspended; if it never is, there is nothing to miss. Does nothing outside a task.
    """
    try:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
    except RuntimeError:
        return
    if task is not None:
        loop.call_soon(_watch, task, frame, gone)


def _watch(task: asyncio.Task[Any], frame: FrameType, gone: Callable[[], None]) -> None:
    coroutine: Any = task.get_coro()
    while coroutine is not None:
        if getattr(coroutine, "cr_frame", None) is frame:
            _watched.add(weakref.ref(coroutine, lambda ref: _report(ref, gone)))
            return
        coroutine = getattr(coroutine, "cr_await", None)
    if not task.done():
        # Behind something that is no coroutine (an asend, a future): the task's own end must do.
        task.add_done_callback(lambda _: attempt("watch.task", gone))


def _report(ref: weakref.ref[Any], gone: Callable[[], None]) -> None:
    _watched.discard(ref)
    attempt("watch.coroutine", gone)
