"""Finds a convention by name: the built-in ones, then the entry point group `genai_otel_convention`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from genai_otel_core.conventions._base import Convention

ENTRY_POINT_GROUP = "genai_otel_convention"

_BUILT_IN = {
    "1.27": "genai_otel_core.conventions.v1_27:V1_27",
    "1.36": "genai_otel_core.conventions.v1_36:V1_36",
    "1.41": "genai_otel_core.conventions.v1_41:V1_41",
    "dev": "genai_otel_core.conventions.dev:DEV",
    "openinference": "genai_otel_core.conventions.openinference:OPENINFERENCE",
}


def available() -> list[str]:
    """The names that `Telemetry(convention=...)` takes."""
    return [*_BUILT_IN, *sorted(_entry_points().keys() - _BUILT_IN.keys())]


def resolve(chosen: str | Convention | Sequence[str | Convention]) -> tuple[Convention, ...]:
    """Return the conventions for a name, a value, or a sequence of both.

    Raises:
        TypeError: if a choice is neither a name nor a `Convention`.
        ValueError: if a name is unknown, or nothing is chosen.
    """
    choices = [chosen] if isinstance(chosen, (str, Convention)) else chosen
    if not isinstance(choices, (list, tuple)):
        raise TypeError(f"convention must be a name, a Convention or a list of them, not {choices!r}")
    found = [_resolve_one(choice) for choice in choices]
    if not found:
        raise ValueError(f"convention must name at least one of {', '.join(available())}")
    unique = {convention.name: convention for convention in reversed(found)}
    return tuple(convention for convention in found if unique.pop(convention.name, None) is not None)


def _resolve_one(choice: object) -> Convention:
    if isinstance(choice, Convention):
        return choice
    if not isinstance(choice, str):
        raise TypeError(f"convention must be a name or a Convention, not {choice!r}")
    target = _BUILT_IN.get(choice)
    if target is not None:
        module, _, attribute = target.partition(":")
        loaded = getattr(importlib.import_module(module), attribute)
    elif choice in (points := _entry_points()):
        loaded = points[choice].load()
        loaded = loaded() if callable(loaded) else loaded
    else:
        raise ValueError(f"convention {choice!r} is unknown; there are {', '.join(available())}")
    if not isinstance(loaded, Convention):
        raise TypeError(f"convention {choice!r} of group {ENTRY_POINT_GROUP} is not a Convention: {loaded!r}")
    return loaded


def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
