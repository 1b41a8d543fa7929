"""Shared core of genai-otel: GenAI operations to OpenTelemetry, in the convention the user chooses."""

from __future__ import annotations

from genai_otel_core.conventions import Convention
from genai_otel_core.telemetry import Telemetry
from genai_otel_core.version import VERSION as __version__

__all__ = ["Convention", "Telemetry", "__version__"]
