"""Which `Telemetry` a handler gets: equal options share one in a process, so that two handlers make one span."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from genai_otel_core.content import ENV_CAPTURE
from genai_otel_core.settings import ENV_CONVENTION, ENV_STABILITY

if TYPE_CHECKING:
    from genai_otel_core.telemetry import Telemetry

_PROVIDERS = {"tracer_provider": "get_tracer", "meter_provider": "get_meter", "logger_provider": "get_logger"}
_ENV = (ENV_CONVENTION, ENV_STABILITY, ENV_CAPTURE)
_shared: WeakValueDictionary[Hashable, Telemetry] = WeakValueDictionary()
_by_token: WeakValueDictionary[str, Telemetry] = WeakValueDictionary()
_lock = threading.Lock()


def check_providers(tracer: object, meter: object, logger: object) -> None:
    """Raise a TypeError that names the option if a provider is none."""
    for (option, method), value in zip(_PROVIDERS.items(), (tracer, meter, logger), strict=True):
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


def remember(telemetry: Telemetry) -> str:
    """Return a token by which this process finds `telemetry` again after pickling."""
    token = uuid.uuid4().hex
    _by_token[token] = telemetry
    return token


def reconnect(cls: type[Telemetry], token: str, options: dict[str, Any]) -> Telemetry:
    """Unpickle: the same telemetry in the same process, one on the process's own providers elsewhere."""
    return _by_token.get(token) or shared_telemetry(cls, options)


def without_providers(options: dict[str, Any]) -> dict[str, Any]:
    """The options that mean something in another process."""
    return {name: value for name, value in options.items() if name not in _PROVIDERS}


def _key(cls: type[Telemetry], options: dict[str, Any]) -> Hashable | None:
    frozen: list[tuple[str, Any]] = []
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
