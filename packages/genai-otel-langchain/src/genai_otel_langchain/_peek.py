"""Looks at who called: the callbacks do not say which runnable runs, but the caller's frame does.

Nothing is patched. LangChain's managers call a handler from a method of the runnable, so the first frame
outside the callback machinery holds it as `self`, and its code tells whether a consumer reads a stream.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Hashable
from types import FrameType
from typing import Any

_GENERATOR = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_MACHINERY = ("langchain_core.callbacks", "genai_otel_")
_MAX_FRAMES = 16


class Caller:
    """The framework's frame that reports a run."""

    __slots__ = ("frame",)

    def __init__(self, frame: FrameType) -> None:
        self.frame = frame

    @property
    def runnable(self) -> Any:
        """The model, tool, retriever or runnable that runs, if the frame has one."""
        return self.frame.f_locals.get("self")

    @property
    def origin(self) -> Hashable:
        """Equal for runs that one call starts together."""
        return id(self.frame), self.frame.f_code

    @property
    def is_stream(self) -> bool:
        """Whether it is a generator, so that its context is its reader's."""
        return bool(self.frame.f_code.co_flags & _GENERATOR)

    @property
    def is_async_stream(self) -> bool:
        """Whether it is an async generator."""
        return bool(self.frame.f_code.co_flags & inspect.CO_ASYNC_GENERATOR)

    @property
    def is_coroutine(self) -> bool:
        """Whether it is a coroutine."""
        return bool(self.frame.f_code.co_flags & inspect.CO_COROUTINE)

    @property
    def is_read_by_application(self) -> bool:
        """Whether code outside the framework reads the stream, and not `Pregel.invoke` or its like."""
        if not self.is_stream:
            return False
        reader = self.frame.f_back
        if reader is None or reader.f_code.co_name not in ("invoke", "ainvoke"):
            return True
        return not str(reader.f_globals.get("__name__", "")).startswith("langgraph.")


def caller() -> Caller | None:
    """Return the first frame outside the callback machinery."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_MAX_FRAMES):
        if frame is None:
            return None
        if not str(frame.f_globals.get("__name__", "")).startswith(_MACHINERY):
            return Caller(frame)
        frame = frame.f_back
    return None
