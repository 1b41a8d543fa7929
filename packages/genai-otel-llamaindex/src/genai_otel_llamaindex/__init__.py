"""LlamaIndex to OpenTelemetry, in the GenAI convention the user chooses."""

from __future__ import annotations

from importlib.metadata import version as _version

from genai_otel_llamaindex._handler import Handler
from genai_otel_llamaindex._instrumentor import LlamaIndexInstrumentor

__all__ = ["Handler", "LlamaIndexInstrumentor"]
__version__ = _version("genai-otel-llamaindex")
