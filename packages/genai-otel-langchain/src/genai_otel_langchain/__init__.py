"""LangChain and LangGraph to OpenTelemetry, in the GenAI convention the user chooses."""

from __future__ import annotations

from importlib.metadata import version as _version

from genai_otel_langchain._handler import Handler
from genai_otel_langchain._instrumentor import LangChainInstrumentor

__all__ = ["Handler", "LangChainInstrumentor"]
__version__ = _version("genai-otel-langchain")
