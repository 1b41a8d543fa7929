"""Which `Telemetry` a handler gets: equal options share one in a process, so that two handlers make one span."""

from __future__ import annotations

import os
import threading
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from genai_otel_core.settings import ENV_CAPTURE, ENV_CONVENTION, ENV_STABILITY

if TYPE_CHECKING:
    from genai_otel_core.telemetry import Telemetry

_PROVIDERS = {"tracer_provider": "get_tracer", "meter_provider": "get_meter", "logger_provider": "get_logger"}
_ENV = (ENV_CONVENTION, ENV_STABILITY, ENV_CAPTURE)
_shared: WeakValueDictionary[Hashable, Telemetry] = WeakValueDictionary()
_lock = threading.Lock()


def check_providers(tracer: object, meter: object, logger: object) -> None:
    """Raise a TypeError that names the option if a provider is none."""
    for (option, method), value in zip(_PROVIDERS.items(), (tracer, meter, logger)):
        if value is not None and not callable(getattr(value, method, None)):
            raise TypeError(
                f"{option} must be a provider with {method}(), or None, not {type(value).__name__}"
            )


def shared_telemetry(cls: type[Telemetry], options: dict[str, Any]) -> Telemetry:
    """Return the process's telemetry with these options, made at the first call."""
    key = _key(cls, options)
    if key is None:
        return cls(**options)
    with _lock:
        found = _shared.get(key)
        if found is None:
            found = _shared[key] = cls(**options)
        return found


def _key(cls: type[Telemetry], options: dict[str, Any]) -> Hashable | None:
    frozen = []
    for name, value in sorted(options.items()):
        if name in _PROVIDERS:
            frozen.append((name, id(value)))
            continue
        item = tuple(value) if isinstance(value, list) else value
        try:
            hash(item)
        except TypeError:
            return None
        frozen.append((name, item))
    return cls, tuple(frozen), tuple(os.environ.get(name) for name in _ENV)
