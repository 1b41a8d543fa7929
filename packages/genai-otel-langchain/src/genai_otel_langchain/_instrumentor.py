"""Attaches one handler to every LangChain call of the process, through LangChain's public configure hook."""

from __future__ import annotations

import threading
from typing import Any

from langchain_core.tracers.context import register_configure_hook

from genai_otel_core.sharing import own_options
from genai_otel_langchain._handler import Handler


class _Switch:
    """The hook's variable: LangChain has no way to unregister one, so what it answers is switched."""

    def __init__(self) -> None:
        self.handler: Handler | None = None
        self._registered = False
        self._lock = threading.RLock()

    def set(self, handler: Handler | None) -> None:
        """Make `handler` (or none) the one that LangChain gets from now on, in every thread and task."""
        with self._lock:
            self.handler = handler
            if handler is not None and not self._registered:
                register_configure_hook(_Variable("genai_otel_langchain", self), inheritable=True)  # type: ignore[arg-type]
                self._registered = True


class _Variable:
    """Quacks like the ContextVar that the hook reads; a real one cannot be changed for other contexts."""

    def __init__(self, name: str, switch: _Switch) -> None:
        self.name = name
        self._switch = switch

    def get(self, default: Handler | None = None) -> Handler | None:
        return self._switch.handler or default


_switch = _Switch()


def current_handler() -> Handler | None:
    """Return the handler that is attached to the process, if one is."""
    return _switch.handler


class LangChainInstrumentor:
    """Instruments every LangChain and LangGraph call of the process, without patching anything.

    LangChainInstrumentor().instrument(convention="1.41")
    """

    def instrument(self, telemetry: Any = None, **options: Any) -> None:
        """Attach a handler; a second call replaces it.

        Args:
            telemetry: a `Telemetry`, or
            **options: the options of `Telemetry`.
        """
        _switch.set(Handler(telemetry, **own_options(options)))

    def uninstrument(self, **_: Any) -> None:
        """Detach the handler; runs under way still end."""
        _switch.set(None)
