"""Objects that no telemetry should touch."""

from __future__ import annotations

from typing import Any


class Hostile:
    """Raises at whatever is asked of it."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__

    def __iter__(self) -> Any:
        raise RuntimeError("no iter")

    def __len__(self) -> int:
        raise RuntimeError("no len")

    def __bool__(self) -> bool:
        raise RuntimeError("no bool")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no eq")

    __hash__ = object.__hash__

    def __deepcopy__(self, memo: Any) -> Any:
        raise RuntimeError("no copy")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no attributes")
