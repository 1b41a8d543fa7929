"""Looks at who called: the callbacks do not say which runnable runs, but the caller's frame does.

Nothing is patched. LangChain's managers call a handler from a method of the runnable, so the first frame
outside the callback machinery holds it as `self`, and its code tells whether a consumer reads a stream.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Mapping
from types import FrameType, GeneratorType
from typing import Any

from langchain_core.callbacks import manager

from genai_otel_core.frames import FirstOutside, module_of
from genai_otel_core.guard import attempt
from genai_otel_core.waiting import awaiting_frames, awaiting_this

_GENERATOR = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
# Event streaming "v3" of chat models starts a run in plain functions and hands a stream object out.
_EVENT_STREAM = "ensure_started"
_ASYNC_EVENT_STREAM = "_achat_model_stream_v3"
_EVENT_STREAMS = (_EVENT_STREAM, _ASYNC_EVENT_STREAM)
_GENERATE, _INVOKE = ("generate", "agenerate"), ("invoke", "ainvoke")
# What starts the runs of a text model has a frame of its own before Python 3.12.
_COMPREHENSION = "<listcomp>"
_STREAMS = "_transform_stream_with_config"
# LangGraph's sequences have their runs started by a function that returns before they run.
_HANDS_OUT = ("_start", "_astart")
_SEVERAL = 2
_PERFORMS_ACTION = ("_perform_agent_action", "_aperform_agent_action")


class Caller:
    """The framework's frame that reports a run."""

    __slots__ = ("_locals", "frame", "is_plain", "is_stream", "runnable")

    in_a_task_of_its_own = False
    """Whether it waits while the run is reported in another task, as `abatch` does."""
    task: asyncio.Task[Any] | None = None
    """The task that it runs in, if only the callback runs in another; None for the current one."""

    def __init__(self, frame: FrameType) -> None:
        self.frame = frame
        code = frame.f_code
        self.is_stream = code.co_flags & _GENERATOR != 0 or code.co_name in _EVENT_STREAMS
        """Whether it is a generator or makes a stream, so that its context is its reader's."""
        self.is_plain = not (self.is_stream or code.co_flags & inspect.CO_COROUTINE)
        """Whether it is a function that lasts as long as the run, and neither a stream nor a coroutine."""
        # Before Python 3.13 a new copy of all the frame's variables each time, so it is asked for once.
        held: Mapping[str, Any] = frame.f_locals
        self._locals = held
        self.runnable: Any = held.get("self")
        """The model, tool, retriever or runnable that runs, if the frame has one."""

    @property
    def tool_call_id(self) -> Any:
        """The id of the tool call being run: langchain-core before 1.1 does not pass it to the callback.

        An `AgentExecutor` does not pass it to the tool either, but its action has it.
        """
        asked, above = self._locals.get("tool_call_id"), self.frame.f_back
        if asked is None and above is not None and above.f_code.co_name in _PERFORMS_ACTION:
            return getattr(above.f_locals.get("agent_action"), "tool_call_id", None)
        return asked

    @property
    def tool_failed(self) -> bool:
        """Whether the tool that has run answers with an error that it handled."""
        return self.frame.f_code.co_name in ("run", "arun") and self._locals.get("status") == "error"

    @property
    def config(self) -> Any:
        """What the runnable was called with, if the frame has it, or the one above that a model's answers."""
        asked, frame = self._locals.get("config"), self.frame
        if asked is not None:
            return asked
        if frame.f_code.co_name == _COMPREHENSION and frame.f_back is not None:
            frame = frame.f_back
        if frame.f_code.co_name not in _GENERATE:
            return None
        # `invoke` calls `generate_prompt`, and that `generate`
        between = frame.f_back
        above = None if between is None else between.f_back
        return None if above is None or above.f_code.co_name not in _INVOKE else above.f_locals.get("config")

    @property
    def is_left(self) -> bool:
        """Whether it ends a synchronous stream that was not read to its end, which LangChain tells of like any end."""
        if self.frame.f_code.co_name != _STREAMS:
            return False
        source = self._locals.get("iterator")
        return isinstance(source, GeneratorType) and source.gi_frame is not None

    @property
    def loop(self) -> Any:
        """The loop of a graph that has run, if the frame has one."""
        return self._locals.get("loop")

    @property
    def is_async_stream(self) -> bool:
        """Whether it is an async generator."""
        return bool(self.frame.f_code.co_flags & inspect.CO_ASYNC_GENERATOR)

    @property
    def streams_from_a_task(self) -> bool:
        """Whether it returns a stream that a task of its own fills."""
        return self.frame.f_code.co_name == _ASYNC_EVENT_STREAM

    @property
    def event_stream(self) -> Any:
        """The stream that it hands out and that runs only as far as it is read."""
        return self._locals.get("stream") if self.frame.f_code.co_name == _EVENT_STREAM else None

    @property
    def runs_as_coroutine(self) -> bool:
        """Whether it is a coroutine that lasts as long as the run."""
        if self.is_plain or self.in_a_task_of_its_own or self.streams_from_a_task:
            return False
        return bool(self.frame.f_code.co_flags & inspect.CO_COROUTINE)

    @property
    def stoppable(self) -> Any:
        """Its callback manager, gone when it is, if another handler may raise: whoever comes after is not told.

        Neither is then of the end of what a handler before it stops, nor of that of what one after it stops.
        """
        held = self._locals
        manager = held.get("callback_manager") or held.get("cm")
        handlers = getattr(manager, "handlers", ())
        if len(handlers) < _SEVERAL or self.frame.f_code.co_name in _HANDS_OUT:
            return None
        return manager if any(getattr(handler, "raise_error", False) for handler in handlers) else None

    @property
    def is_read_by_application(self) -> bool:
        """Whether code outside the framework reads the stream, and not `Pregel.invoke` or its like."""
        if not self.is_stream:
            return False
        reader = self.frame.f_back
        if reader is None or reader.f_code.co_name not in ("invoke", "ainvoke"):
            return True
        return not str(reader.f_globals.get("__name__", "")).startswith("langgraph.")


class _Awaited(Caller):
    """A frame that waits for the task in which a run is reported."""

    __slots__ = ("in_a_task_of_its_own", "task")

    def __init__(self, frame: FrameType, in_a_task_of_its_own: bool, task: asyncio.Task[Any] | None) -> None:
        super().__init__(frame)
        self.in_a_task_of_its_own = in_a_task_of_its_own
        self.task = task


_MACHINERY = ("langchain_core.callbacks", "genai_otel_")
_FRAMEWORK = ("langchain", "langgraph")
_READS_STREAMS = "_transform_stream_with_config"
_MAX_READERS = 8
_first_outside = FirstOutside(_MACHINERY, most=20)
_managers = vars(manager)
_reporting: dict[int, dict[str, Any]] = {}
"""The globals of the framework's modules that were met outside the machinery, by their address."""


def caller(own: int = 2) -> Caller | None:
    """Return the first frame outside the callback machinery, if need be in the task that awaits this one.

    Args:
        own: how many frames there are from the asker's on to the callback machinery; if more, the search takes longer.
    """
    frame: FrameType | None = sys._getframe(own + 1)  # noqa: SLF001 - the one way to look at who called
    while frame is not None and frame.f_globals is _managers:
        frame = frame.f_back
    if frame is not None and id(frame.f_globals) in _reporting:
        return Caller(frame)
    return _caller_from(sys._getframe(1))  # noqa: SLF001 - the one way to look at who called


def _caller_from(asker: FrameType) -> Caller | None:
    frame = _first_outside(asker)
    if frame is None:
        return None
    name = module_of(frame)
    if not name.startswith("asyncio."):
        if name.startswith(_FRAMEWORK):
            _reporting[id(frame.f_globals)] = frame.f_globals
        return Caller(frame)
    by_machinery = False
    for waits in attempt("awaiting_frames", awaiting_frames) or ():
        if not module_of(waits).startswith(_MACHINERY):
            return _Awaited(waits, not by_machinery, awaiting_this() if by_machinery else None)
        by_machinery = True
    return Caller(frame)


def is_read_by_framework() -> bool:
    """Whether the stream that reports is read by the chain that it is part of."""
    frame = _first_outside(sys._getframe(1))  # noqa: SLF001 - the one way to look at who called
    for _ in range(_MAX_READERS):
        if frame is None:
            return False
        if frame.f_code.co_name == _READS_STREAMS:
            return True
        frame = frame.f_back
    return False
