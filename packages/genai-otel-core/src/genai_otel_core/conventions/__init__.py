"""The conventions that there are, by name."""

from __future__ import annotations

from genai_otel_core.conventions._base import (
    Convention,
    Event,
    EventSpec,
    Kind,
    Level,
    MetricSpec,
    Row,
    SpanSpec,
)
from genai_otel_core.conventions._combine import build_events, combine
from genai_otel_core.conventions._registry import available, resolve
from genai_otel_core.conventions._values import read_row

__all__ = [
    "Convention",
    "Event",
    "EventSpec",
    "Kind",
    "Level",
    "MetricSpec",
    "Row",
    "SpanSpec",
    "available",
    "build_events",
    "combine",
    "read_row",
    "resolve",
]
