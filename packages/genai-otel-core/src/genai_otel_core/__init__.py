"""Shared core of genai-otel: GenAI operations to OpenTelemetry, in the convention the user chooses."""

from __future__ import annotations

from genai_otel_core.content import capture_content
from genai_otel_core.conventions import Convention
from genai_otel_core.inherited import conversation
from genai_otel_core.routing import RootRun
from genai_otel_core.suppression import suppress
from genai_otel_core.telemetry import Telemetry
from genai_otel_core.version import VERSION as __version__

__all__ = [
    "Convention",
    "RootRun",
    "Telemetry",
    "__version__",
    "capture_content",
    "conversation",
    "suppress",
]
