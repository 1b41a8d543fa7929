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
from genai_otel_core.conventions._reader import Constant, Field, Reader, read_row
from genai_otel_core.conventions._registry import available, resolve

__all__ = [
    "Constant",
    "Convention",
    "Event",
    "EventSpec",
    "Field",
    "Kind",
    "Level",
    "MetricSpec",
    "Reader",
    "Row",
    "SpanSpec",
    "available",
    "build_events",
    "combine",
    "read_row",
    "resolve",
]
