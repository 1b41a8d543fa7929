"""LangChain and LangGraph to OpenTelemetry, in the GenAI convention the user chooses."""

from __future__ import annotations

from importlib.metadata import version as _version

from genai_otel_langchain._embeddings import trace_embeddings
from genai_otel_langchain._handler import Handler
from genai_otel_langchain._instrumentor import LangChainInstrumentor
from genai_otel_langchain._reranking import trace_reranker

__all__ = ["Handler", "LangChainInstrumentor", "trace_embeddings", "trace_reranker"]
__version__ = _version("genai-otel-langchain")
