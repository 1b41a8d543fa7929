"""Attaches one handler to LlamaIndex's root dispatcher, which every part of the framework reports to."""

from __future__ import annotations

import threading
from typing import Any

from genai_otel_core.sharing import own_options
from genai_otel_llamaindex._handler import Handler

_lock = threading.RLock()
_attached: list[Handler] = []


class LlamaIndexInstrumentor:
    """Instruments every LlamaIndex call of the process, without patching anything.

    LlamaIndexInstrumentor().instrument(convention="1.41")
    """

    def instrument(self, telemetry: Any = None, **options: Any) -> None:
        """Attach a handler; a second call replaces it.

        Args:
            telemetry: a `Telemetry`, or
            **options: the options of `Telemetry`.
        """
        handler = Handler(telemetry, **own_options(options))
        with _lock:
            self._detach()
            _attached.append(handler.attach())

    def uninstrument(self, **_: Any) -> None:
        """Detach the handler and end what is open."""
        with _lock:
            self._detach()

    def _detach(self) -> None:
        while _attached:
            _attached.pop().detach()
