"""Streams: operations that are over when the generator they returned is, whoever reads it.

A span's exit comes when the generator is returned. Until it has been read its operation stays open, and is
current in the generator's own code only: the frames that run tell which code that is.
"""

from __future__ import annotations

import inspect
import threading
import weakref
from collections.abc import Callable, Hashable, Iterator
from types import FrameType
from typing import Any

from genai_otel_core.frames import running
from genai_otel_core.watch import when_dropped
from genai_otel_llamaindex._notes import Note

_RESPONSE_FIELDS = ("response_gen", "chat_stream", "achat_stream")


def stream_of(result: Any) -> Any:
    """The generator that a result is, or that it brings, None if it is complete."""
    if getattr(type(result), "__name__", None) == "StopEvent":
        result = getattr(result, "result", None)  # what a workflow, and its last step, give
    if is_generator(result):
        return result
    held = getattr(result, "__dict__", None)
    if not isinstance(held, dict):
        return None
    # Not the properties of the same names: they make generators.
    return next((held[name] for name in _RESPONSE_FIELDS if is_generator(held.get(name))), None)


def is_generator(value: Any) -> bool:
    """Whether it is a generator or an async generator."""
    return inspect.isgenerator(value) or inspect.isasyncgen(value)


def is_over(stream: Any) -> bool:
    """Whether a generator is exhausted or closed."""
    return _frame(stream) is None


def is_inside(note: Note) -> bool:
    """Whether the code that runs now belongs to a run: to its call, or to the generator that it returned."""
    if note.stream is None:
        return True
    stream = note.stream()
    if stream is None or (inspect.isgenerator(stream) and not stream.gi_running):
        return False
    wanted = _frame(stream)
    return wanted is not None and any(frame is wanted for frame in running())


def _frame(stream: Any) -> FrameType | None:
    found = getattr(stream, "gi_frame", None)
    return found if found is not None else getattr(stream, "ag_frame", None)


def _read_by(stream: Any) -> Iterator[Any]:
    frame = _frame(stream)
    return iter(()) if frame is None else filter(is_generator, frame.f_locals.values())


class Streams:
    """The generators that open runs returned; `over` is called for each run when its generator is."""

    def __init__(self, over: Callable[[Hashable], None]) -> None:
        self._over = over
        self._held: dict[int, tuple[weakref.ref[Any], list[Hashable]]] = {}
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, stream: Any, run_id: Hashable) -> None:
        """Keep the run until `stream` has been read or dropped; of several runs the first ends first."""
        key = id(stream)
        with self._lock:
            known = self._held.get(key)
            if known is not None:
                known[1].append(run_id)
                return
            self._held[key] = (weakref.ref(stream), [run_id])
        when_dropped(stream, lambda: self._dropped(key))
        for inner in _read_by(stream):
            # It is let go when the stream has come to its end, which the application may keep for long.
            when_dropped(inner, lambda: self._check(key))

    def read_here(self) -> Hashable | None:
        """The innermost run in whose generator the calling code is, whichever context that is read in."""
        held = list(self._held.values())
        if not held:
            return None
        runs = {}
        for ref, run_ids in held:
            stream = ref()
            frame = None if stream is None else _frame(stream)
            if frame is not None and run_ids:
                runs[frame] = run_ids[0]
        return next((runs[frame] for frame in running() if frame in runs), None)

    def sweep(self) -> None:
        """End the runs whose generators are exhausted or closed, though still referred to."""
        for key in list(self._held):
            self._check(key)

    def _check(self, key: int) -> None:
        ref, _ = self._held.get(key, (None, ()))
        stream = None if ref is None else ref()
        if stream is not None and is_over(stream):
            self._end(key)

    def _dropped(self, key: int) -> None:
        self._end(key)
        # It was read by another generator, perhaps, which is at its end when it lets go.
        self.sweep()

    def _end(self, key: int) -> None:
        _, run_ids = self._held.pop(key, (None, ()))
        for run_id in run_ids:
            self._over(run_id)
