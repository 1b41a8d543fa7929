"""Uploads: content goes to its store in the background, in bounded amounts, and what is lost is counted."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from genai_otel_core import counters
from genai_otel_core.guard import report
from genai_otel_core.store import ContentStore
from genai_otel_core.suppression import everything_suppressed

_MAX_ITEMS = 1024
_MAX_BYTES = 64 * 1024 * 1024
_AT_EXIT_S = 5.0
_IDLE_S = 2.0


class _Upload(NamedTuple):
    name: str
    content: Callable[[], bytes]
    content_type: str
    size: int
    lost: Callable[[], None] | None


class Uploads:
    """Writes to one store from one thread. At most 1024 items and about 64 MB wait; more are dropped."""

    def __init__(self, store: ContentStore) -> None:
        self._store = store
        self._has_failed = False
        self.begin()
        _flush_at_exit(self)
        _all.add(self)

    def begin(self) -> None:
        """Begin with nothing waiting."""
        self._waiting: deque[_Upload] = deque()
        self._bytes = 0
        self._busy = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def uri(self, name: str) -> str:
        """Return where `name` will be found."""
        return self._store.uri(name)

    def submit(
        self,
        name: str,
        content: Callable[[], bytes],
        content_type: str,
        size: int,
        lost: Callable[[], None] | None = None,
    ) -> bool:
        """Let `content()`, of about `size` bytes, be written under `name`; both happen in the background.

        Returns whether it will be tried; `lost` is called if it then fails.
        """
        with self._changed:
            full = len(self._waiting) >= _MAX_ITEMS or self._bytes + size > _MAX_BYTES
            if full or not self._has_thread():
                counters.add(counters.DROPPED_UPLOADS)
                return False
            self._waiting.append(_Upload(name, content, content_type, size, lost))
            self._bytes += size
            self._changed.notify_all()
        return True

    def _has_thread(self) -> bool:
        if self._thread is None or not self._thread.is_alive():
            self._busy = False
            thread = threading.Thread(target=self._run, name="genai-otel-uploads", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter ends, or has no more threads
                return False
            self._thread = thread
        return True

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is written, at most so long; return whether it is."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while self._waiting or self._busy:
                if self._thread is None or not self._thread.is_alive():
                    return False
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def _run(self) -> None:
        with everything_suppressed():  # the store's own HTTP calls are nobody's
            while True:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
                    if not self._waiting and not self._changed.wait_for(lambda: self._waiting, _IDLE_S):
                        self._thread = None  # the next upload begins another
                        return
                    upload = self._waiting.popleft()
                    self._bytes -= upload.size
                    self._busy = True
                self._write(upload)

    def _write(self, upload: _Upload) -> None:
        try:
            self._store.write(upload.name, upload.content(), upload.content_type)
        except Exception as error:  # noqa: BLE001 - the store's own
            counters.add(counters.DROPPED_UPLOADS)
            report("content store", error, is_first=not self._has_failed)
            self._has_failed = True
            if upload.lost is not None:
                upload.lost()


def _flush_at_exit(uploads: Uploads) -> None:
    kept = weakref.ref(uploads)

    def flush() -> None:
        found = kept()
        if found is not None:
            found.flush(_AT_EXIT_S)

    atexit.register(flush)
    # By itself a finalizer runs at exit too, and then before this flush.
    weakref.finalize(uploads, atexit.unregister, flush).atexit = False


_all: weakref.WeakSet[Uploads] = weakref.WeakSet()


def _begin_anew() -> None:
    # In a forked child the thread is the parent's, what waits is its to write, and it may have held the lock.
    for uploads in _all:
        uploads.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
