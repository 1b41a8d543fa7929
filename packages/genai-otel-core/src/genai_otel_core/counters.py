"""Counts of what went wrong in our own house, for whoever wants to see them as metrics."""

from __future__ import annotations

import threading
from collections import Counter

ERRORS = "errors"
EVICTED = "evicted_runs"
OMITTED_BYTES = "omitted_bytes"
MASK_FAILURES = "mask_failures"
DROPPED_UPLOADS = "dropped_uploads"
"""Names of counts. `errors` is also counted per site."""

_lock = threading.RLock()
_counts: Counter[tuple[str, str]] = Counter()


def add(name: str, amount: int = 1, site: str = "") -> int:
    """Add to a count; return what it was before."""
    with _lock:
        before = _counts[name, site]
        _counts[name, site] = before + amount
    return before


def read(name: str) -> dict[str, int]:
    """The counts with this name, by site; the site is empty where there is none."""
    with _lock:
        return {site: amount for (counted, site), amount in _counts.items() if counted == name}


def clear() -> None:
    """Forget all counts; for tests."""
    with _lock:
        _counts.clear()
