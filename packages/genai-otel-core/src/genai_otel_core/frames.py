"""The Python frames that run now: what callbacks do not say, the code that makes them often does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType

_MAX_FRAMES = 1000


def running(most: int = _MAX_FRAMES) -> Iterator[FrameType]:
    """The frames of this thread from the caller's on, the innermost first; at most `most`."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the one way to look at who called
    for _ in range(most):
        if frame is None:
            return
        yield frame
        frame = frame.f_back


def first_outside(modules: tuple[str, ...], most: int) -> FrameType | None:
    """The innermost of the caller's frames whose module's name begins with none of `modules`."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the one way to look at who called
    for _ in range(most):
        # As `running` and `module_of` would tell, but asked at every start of a run.
        if frame is None or not str(frame.f_globals.get("__name__", "")).startswith(modules):
            break
        frame = frame.f_back
    else:
        return None
    return frame


def module_of(frame: FrameType) -> str:
    """The name of the module whose code the frame runs."""
    return str(frame.f_globals.get("__name__", ""))
