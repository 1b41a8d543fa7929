"""What a run emitted, drawn as a tree that a scenario can say."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace

from genai_otel_core.testing import Capture, walk


def render(seen: Capture) -> str:
    """The tree with kind CLIENT, error type and outcome where there is one."""
    return "\n".join(f"{'  ' * depth}{_line(span)}" for depth, span in walk(seen.spans))


def _line(span: Any) -> str:
    words = [span.name]
    if span.kind is trace.SpanKind.CLIENT:
        words.append("CLIENT")
    if span.status.status_code is trace.StatusCode.ERROR:
        words.append(f"!{span.attributes['error.type']}")
    if "genai_otel.outcome" in span.attributes:
        words.append(span.attributes["genai_otel.outcome"])
    return " ".join(words)
