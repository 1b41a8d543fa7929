"""A tree of spans as text, with what it tells of attempts."""

from __future__ import annotations

from typing import Any

from genai_otel_core.testing import Capture, walk


def shown(seen: Capture) -> str:
    """The tree, with number of the attempt, what it stands in for and its error."""
    return "\n".join(f"{'  ' * depth}{_line(span)}" for depth, span in walk(seen.spans))


def _line(span: Any) -> str:
    found = span.attributes
    words = [span.name]
    if "genai_otel.attempt.number" in found:
        words.append(f"#{found['genai_otel.attempt.number']}")
    if "genai_otel.fallback.from" in found:
        words.append(f"for {found['genai_otel.fallback.from']}")
    if "error.type" in found:
        words.append(f"!{found['error.type']}")
    return " ".join(words)
