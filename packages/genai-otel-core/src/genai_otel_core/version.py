"""The instrumentation scope and its version."""

from __future__ import annotations

SCOPE = "genai_otel_core"
VERSION = "0.1.0"
