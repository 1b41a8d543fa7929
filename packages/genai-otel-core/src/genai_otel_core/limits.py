"""Attribute limits: the SDK gives up the oldest attribute for a new one, so what matters least is not set at all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from opentelemetry.trace import Span

from genai_otel_core.conventions import Level, Row
from genai_otel_core.conventions._own import OMITTED_ATTRIBUTES, is_usage

MIN_CONTENT_BYTES = 256
"""A message with a marker for what is left out needs this much."""
_ENV = ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT")
_ENV_LENGTH = ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
_DEFAULT = 128


def within(span: Span, attributes: dict[str, Any], rows: Sequence[Row[Any]]) -> dict[str, Any]:
    """Return those of `attributes` for which the span has room: identity first, then usage, details, content.

    For identity and usage, the application's own attributes give way: they were set first.
    """
    limit = _limit(span)
    if limit is None:
        return attributes
    held = getattr(span, "attributes", None)
    room = limit if held is None else limit - len(held)
    if len(attributes) <= room:
        return attributes
    held = held or {}
    fresh = [name for name in attributes if name not in held]
    if len(fresh) <= room:
        return attributes
    levels: dict[str, int] = {}
    for row in rows:
        levels.setdefault(row.name, row.level)

    def rank(name: str) -> tuple[int, bool]:
        level = levels.get(name, Level.CONTENT)
        return 2 * level - (level == Level.DETAIL and is_usage(name)), "cost" in name

    ranked = sorted(fresh, key=rank)
    needed = sum(rank(name)[0] < 2 * Level.DETAIL for name in ranked)
    giving_way = sum(1 for _ in takewhile(lambda name: name not in levels, held))
    kept = set(ranked[: max(0, room - 1, min(needed, room - 1 + giving_way))])
    shown = {name: value for name, value in attributes.items() if name in held or name in kept}
    if room + giving_way > 0:
        shown[OMITTED_ATTRIBUTES] = len(fresh) - len(kept)
    return shown


def _limit(span: Span) -> int | None:
    limits = getattr(span, "_limits", None)
    if limits is not None and hasattr(limits, "max_span_attributes"):
        limit: int | None = limits.max_span_attributes
        return limit
    return _number(_ENV, os.environ) or _DEFAULT


def content_bytes(wanted: int, env: Mapping[str, str]) -> int:
    """Return the bound of content: the SDK cuts longer values, and half a JSON text is none."""
    length = _number(_ENV_LENGTH, env)
    return wanted if length is None else max(MIN_CONTENT_BYTES, min(wanted, length))


def _number(names: Sequence[str], env: Mapping[str, str]) -> int | None:
    texts = (env.get(name, "").strip() for name in names)
    return next((int(text) for text in texts if text.isdigit()), None)
