"""Recorded calls: what the recorder makes once through a real client, and tests replay with the network off."""

from __future__ import annotations

import asyncio
import inspect
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock


@dataclass(frozen=True)
class RecordedCall:
    """A call of a client: `function(base_url, config)`."""

    function: Callable[[str, Any], Any]
    fails: bool
    """The server answers with an error, which the client raises."""
    calls_tools: bool
    """The model cannot call tools by itself: recorded through the front that makes it."""

    def make(self, base_url: str, config: Any, run: Callable[[Any], Any] = asyncio.run) -> Any:
        """Make the call; `run` runs its coroutine if it is asynchronous."""
        if inspect.iscoroutinefunction(self.function):
            return run(self.function(base_url, config))
        return self.function(base_url, config)


@contextmanager
def no_network() -> Iterator[None]:
    """Refuse every connection."""

    def refuse(self: Any, address: Any) -> None:
        raise AssertionError(f"a connection to {address}")

    with (
        mock.patch.object(socket.socket, "connect", refuse),
        mock.patch.object(socket.socket, "connect_ex", refuse),
    ):
        yield
