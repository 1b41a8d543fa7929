"""What an application gives to be called is a plain function: nothing here awaits."""

from __future__ import annotations

import inspect


def not_awaited(option: str, given: object) -> None:
    """Check that calling `given` does what it is for, and does not just make a coroutine.

    Raises:
        TypeError: naming the option.
    """
    if inspect.iscoroutinefunction(given) or inspect.iscoroutinefunction(getattr(given, "__call__", None)):  # noqa: B004
        raise TypeError(f"{option} must be a plain function, not a coroutine function: it is not awaited")
