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
from genai_otel_core.conventions._registry import available, resolve

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
    "resolve",
]
