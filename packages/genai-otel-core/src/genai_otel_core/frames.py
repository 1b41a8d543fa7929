"""The Python frames that run now: what callbacks do not say, the code that makes them often does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

_MAX_FRAMES = 1000


def running(most: int = _MAX_FRAMES) -> Iterator[FrameType]:
    """The frames of this thread from the caller's on, the innermost first; at most `most`."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the one way to look at who called
    for _ in range(most):
        if frame is None:
            return
        yield frame
        frame = frame.f_back


class FirstOutside:
    """Finds the innermost of some frames whose module's name begins with none of `modules`.

    A module's name is looked at once, and later its globals are recognised.
    """

    def __init__(self, modules: tuple[str, ...], most: int) -> None:
        self._modules = modules
        self._most = most
        self._inside: dict[int, dict[str, Any]] = {}

    def __call__(self, frame: FrameType | None) -> FrameType | None:
        """Return the first such frame from `frame` on, None if there is none among so many."""
        inside = self._inside
        for _ in range(self._most):
            if frame is None:
                return None
            if id(frame.f_globals) not in inside:
                if not module_of(frame).startswith(self._modules):
                    return frame
                # Kept, so that no other module's globals can ever be at this address.
                inside[id(frame.f_globals)] = frame.f_globals
            frame = frame.f_back
        return None


def module_of(frame: FrameType) -> str:
    """The name of the module whose code the frame runs."""
    return str(frame.f_globals.get("__name__", ""))
