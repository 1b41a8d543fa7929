"""Reranking: LangChain reports document compressors to no callback, so the object that reranks is wrapped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document

from genai_otel_core import Telemetry
from genai_otel_core.guard import attempt
from genai_otel_core.operations import Step, rerank
from genai_otel_langchain._calls import Call, checked_telemetry
from genai_otel_langchain._embeddings import model_name
from genai_otel_langchain._handler import Handler


def trace_reranker(
    reranker: BaseDocumentCompressor, telemetry: Telemetry | Handler | None = None
) -> TracedReranker:
    """Return a stand-in for a document compressor that reports each call as a `rerank` step.

        ContextualCompressionRetriever(base_compressor=trace_reranker(CohereRerank()), base_retriever=...)

    Args:
        reranker: any LangChain document compressor; one that is traced already is returned as it is.
        telemetry: as for `trace_embeddings`.

    Raises:
        TypeError: for a wrong argument.
    """
    if isinstance(reranker, TracedReranker):
        return reranker
    if not isinstance(reranker, BaseDocumentCompressor):
        raise TypeError(f"reranker must be a LangChain document compressor, not {type(reranker).__name__}")
    return TracedReranker(reranker, checked_telemetry(telemetry))


class TracedReranker(BaseDocumentCompressor):
    """What `trace_reranker` returns; its attributes are those of what it stands for."""

    # Pydantic keeps what begins with an underscore apart from the fields.
    _traced: Any
    _telemetry: Any

    def __init__(self, traced: BaseDocumentCompressor, telemetry: Telemetry | None) -> None:
        super().__init__()
        self._traced = traced
        self._telemetry = telemetry

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks = None, **kwargs: Any
    ) -> Sequence[Document]:
        """Rerank documents."""
        with self._call():
            ranked: Sequence[Document] = self._traced.compress_documents(
                documents, query, callbacks, **kwargs
            )
        return ranked

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks = None, **kwargs: Any
    ) -> Sequence[Document]:
        """Rerank documents asynchronously."""
        with self._call():
            ranked: Sequence[Document] = await self._traced.acompress_documents(
                documents, query, callbacks, **kwargs
            )
        return ranked

    def _call(self) -> Call:
        return Call(
            self._telemetry, attempt("reranking step", _step, self._traced), self._traced, between=True
        )

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)  # type: ignore[misc]  # pydantic hides it from type checkers
        except AttributeError:
            if name.startswith("_"):
                raise
            return getattr(self._traced, name)

    def __repr__(self) -> str:
        return f"trace_reranker({self._traced!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TracedReranker, (self._traced, self._telemetry)


def _step(reranker: object) -> Step:
    return rerank(model_name(reranker))
