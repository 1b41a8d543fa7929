"""The one guard: an error of ours is logged once per site and counted, and never reaches the host."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from genai_otel_core import counters

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger("genai_otel")


def strict() -> bool:
    """Whether errors of ours are re-raised: `GENAI_OTEL_STRICT=1`, for this project's own tests."""
    return os.environ.get("GENAI_OTEL_STRICT") == "1"


def failure_counts() -> dict[str, int]:
    """How often each guarded site has failed in this process."""
    return counters.read(counters.ERRORS)


def report(site: str, error: Exception, is_first: bool | None = None) -> None:
    """Count an error of ours at `site` and log it the first time: in this process, unless the caller knows better."""
    before = counters.add(counters.ERRORS, site=site)
    if not before if is_first is None else is_first:
        # The exception's text may quote the host's data, so only its type is logged; DEBUG has the rest.
        _log.warning("telemetry error in %s: %s (logged once)", site, type(error).__name__)
        _log.debug("telemetry error in %s", site, exc_info=error)


def attempt(site: str, func: Callable[..., R | None], *args: Any) -> R | None:
    """Call `func(*args)`; on an error, report it under `site` and return None."""
    try:
        return func(*args)
    except Exception as error:
        report(site, error)
        return None


def guarded(func: Callable[P, R]) -> Callable[P, R | None]:
    """Wrap an entry point that the host calls: it returns None instead of raising an `Exception`."""
    site = func.__qualname__

    @functools.wraps(func)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return func(*args, **kwargs)
        except Exception as error:
            report(site, error)
            if strict():
                raise
            return None

    return wrapper
