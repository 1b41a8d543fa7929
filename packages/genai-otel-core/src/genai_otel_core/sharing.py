"""Which `Telemetry` a handler gets: equal options share one in a process, so that two handlers make one span."""

from __future__ import annotations

import logging
import os
import pickle
import sys
import threading
import uuid
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet, WeakValueDictionary

from genai_otel_core.content import ENV_CAPTURE
from genai_otel_core.settings import ENV_CONVENTION, ENV_STABILITY

if TYPE_CHECKING:
    from genai_otel_core.telemetry import Telemetry

_log = logging.getLogger("genai_otel")

_PROVIDERS = {"tracer_provider": "get_tracer", "meter_provider": "get_meter", "logger_provider": "get_logger"}
_OF_CONTENT = frozenset({"mask", "content_store"})
_OF_THE_COMMAND = frozenset({"skip_dep_check", "raise_exception_on_conflict"})
_ENV = (ENV_CONVENTION, ENV_STABILITY, ENV_CAPTURE)
_shared: WeakValueDictionary[Hashable, Telemetry] = WeakValueDictionary()
alive: WeakSet[Telemetry] = WeakSet()
"""Every telemetry of the process."""
_by_token: WeakValueDictionary[str, Telemetry] = WeakValueDictionary()
_lock = threading.RLock()


def check_providers(tracer: object, meter: object, logger: object) -> None:
    """Raise a TypeError that names the option if a provider is none."""
    for (option, method), value in zip(_PROVIDERS.items(), (tracer, meter, logger), strict=True):
        if value is not None and not callable(getattr(value, method, None)):
            raise TypeError(
                f"{option} must be a provider with {method}(), or None, not {type(value).__name__}"
            )


def own_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an instrumentor's options without what the `opentelemetry-instrument` command adds, by its version."""
    return {name: value for name, value in given.items() if name not in _OF_THE_COMMAND}


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


def portable(options: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the options that another process can have, and the names of those that cannot be pickled."""
    carried = {name: _carried(value) for name, value in without_providers(options).items()}
    missing = tuple(name for name, value in carried.items() if value is None)
    return {name: value for name, value in carried.items() if value is not None}, missing


def _carried(value: object) -> Any:
    # Whoever pickles functions by value (Ray, Dask, Spark) does so with cloudpickle.
    return _pickled(pickle, value) or _pickled(sys.modules.get("cloudpickle"), value)


def _pickled(pickler: Any, value: object) -> _Carried | None:
    try:
        return None if pickler is None else _Carried(pickler.dumps(value))
    except Exception:  # noqa: BLE001 - lambdas cannot be pickled, and what is raised then differs
        return None


class _Carried(NamedTuple):
    text: bytes


def reconnect(
    cls: type[Telemetry], token: str, carried: dict[str, _Carried], missing: tuple[str, ...] = ()
) -> Telemetry:
    """Unpickle: the same telemetry in the same process, one on the process's own providers elsewhere.

    What could not be pickled is missing there. Without its mask or its store, content is not captured at all.
    """
    found = _by_token.get(token)
    if found is not None:
        return found
    options, missing = _unpickled(carried, missing)
    if missing:
        _log.warning(
            "without what cannot be pickled, telemetry of another process has no %s", ", ".join(missing)
        )
    if not _OF_CONTENT.isdisjoint(missing):
        options["capture_content"] = "never"
    if "attributes" in missing:
        options["attributes"] = no_attributes
    return shared_telemetry(cls, options)


def _unpickled(
    carried: dict[str, _Carried], missing: tuple[str, ...]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    options = {}
    for name, value in carried.items():
        try:
            options[name] = pickle.loads(value.text)  # noqa: S301 - it came within a pickle
        except Exception:  # noqa: BLE001, PERF203 - its module may not be here
            missing = (*missing, name)
    return options, missing


def no_attributes() -> None:
    """Stands for a callable that could not be pickled."""


def without_providers(options: dict[str, Any]) -> dict[str, Any]:
    """The options that mean something in another process."""
    return {name: value for name, value in options.items() if name not in _PROVIDERS}


def _key(cls: type[Telemetry], options: dict[str, Any]) -> Hashable | None:
    usual = cls.__init__.__kwdefaults__ or {}
    told = set()
    try:
        for name, value in options.items():
            frozen = id(value) if name in _PROVIDERS and value is not None else _frozen(value)
            if name not in usual or frozen != _frozen(usual[name]):
                told.add((name, frozen))
    except (TypeError, RecursionError):  # something in it cannot be compared
        return None
    return cls, frozenset(told), tuple(os.environ.get(name) for name in _ENV)


def _frozen(value: object) -> Hashable:
    """Return what equals that of another value if both mean the same option; `True` and `1` do not."""
    if isinstance(value, Mapping):
        return Mapping, frozenset((key, _frozen(held)) for key, held in value.items())
    if isinstance(value, (list, tuple)):
        return Sequence, tuple(map(_frozen, value))
    hash(value)
    return type(value), value
