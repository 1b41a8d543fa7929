"""Embeddings: LangChain reports them to no callback, so the object that makes them is wrapped."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from langchain_core.embeddings import Embeddings as LangChainEmbeddings

from genai_otel_core import Telemetry
from genai_otel_core.endpoints import NOWHERE
from genai_otel_core.guard import attempt
from genai_otel_core.operations import Embeddings, Request
from genai_otel_core.usage_shapes import parse_usage
from genai_otel_langchain._calls import Call, checked_telemetry
from genai_otel_langchain._endpoints import endpoint_of_model
from genai_otel_langchain._handler import Handler

_MODEL_NAMES = ("model", "model_name", "model_id", "model_uri", "deployment", "repo_id")
_OWN = ("_traced", "_telemetry")

# Which provider an integration's class calls; None: the work is done in this process.
_PROVIDERS: dict[str, str | None] = {
    "AzureAIEmbeddingsModel": "azure.ai.inference",
    "AzureOpenAIEmbeddings": "azure.ai.openai",
    "BedrockEmbeddings": "aws.bedrock",
    "CohereEmbeddings": "cohere",
    "DeterministicFakeEmbedding": None,
    "FakeEmbeddings": None,
    "FastEmbedEmbeddings": None,
    "FireworksEmbeddings": "fireworks",
    "GPT4AllEmbeddings": None,
    "GoogleGenerativeAIEmbeddings": "gcp.gemini",
    "HuggingFaceEmbeddings": None,
    "HuggingFaceEndpointEmbeddings": "huggingface",
    "JinaEmbeddings": "jina",
    "LlamaCppEmbeddings": None,
    "MistralAIEmbeddings": "mistral_ai",
    "NVIDIAEmbeddings": "nvidia",
    "NomicEmbeddings": "nomic",
    "OllamaEmbeddings": "ollama",
    "OpenAIEmbeddings": "openai",
    "SentenceTransformerEmbeddings": None,
    "TogetherEmbeddings": "together",
    "VertexAIEmbeddings": "gcp.vertex_ai",
    "VoyageAIEmbeddings": "voyageai",
    "WatsonxEmbeddings": "ibm.watsonx.ai",
}


def trace_embeddings(
    embeddings: LangChainEmbeddings, telemetry: Telemetry | Handler | None = None
) -> TracedEmbeddings:
    """Return a stand-in for `embeddings` that reports each call, one span for a batch.

        store = InMemoryVectorStore(trace_embeddings(OpenAIEmbeddings()))

    It is used wherever `embeddings` would be, gives what that gives and raises what that raises. Inside a
    vector store's retriever its spans lie below the `retrieval`.

    Args:
        embeddings: any LangChain `Embeddings`; one that is traced already is returned as it is.
        telemetry: a `Telemetry` or a `Handler`; default that of `LangChainInstrumentor`, or else a shared one
            with default options.

    Raises:
        TypeError: for a wrong argument.
    """
    if isinstance(embeddings, TracedEmbeddings):
        return embeddings
    if not isinstance(embeddings, LangChainEmbeddings):
        raise TypeError(f"embeddings must be LangChain Embeddings, not {type(embeddings).__name__}")
    return TracedEmbeddings(embeddings, checked_telemetry(telemetry))


class TracedEmbeddings(LangChainEmbeddings):
    """What `trace_embeddings` returns; its attributes are those of what it stands for."""

    def __init__(self, traced: LangChainEmbeddings, telemetry: Telemetry | None) -> None:
        object.__setattr__(self, "_traced", traced)
        object.__setattr__(self, "_telemetry", telemetry)

    def embed_documents(self, texts: list[str], *args: Any, **kwargs: Any) -> list[list[float]]:
        """Embed texts, as one operation."""
        with self._call(texts) as call:
            found: list[list[float]] = self._traced.embed_documents(texts, *args, **kwargs)
            call.read(_read_vectors, found)
        return found

    def embed_query(self, text: str, *args: Any, **kwargs: Any) -> list[float]:
        """Embed one text."""
        with self._call() as call:
            found: list[float] = self._traced.embed_query(text, *args, **kwargs)
            call.read(_read_vector, found)
        return found

    async def aembed_documents(self, texts: list[str], *args: Any, **kwargs: Any) -> list[list[float]]:
        """Embed texts asynchronously, as one operation."""
        with self._call(texts) as call:
            found: list[list[float]] = await self._traced.aembed_documents(texts, *args, **kwargs)
            call.read(_read_vectors, found)
        return found

    async def aembed_query(self, text: str, *args: Any, **kwargs: Any) -> list[float]:
        """Embed one text asynchronously."""
        with self._call() as call:
            found: list[float] = await self._traced.aembed_query(text, *args, **kwargs)
            call.read(_read_vector, found)
        return found

    def _call(self, texts: object = None) -> Call:
        operation = attempt("embeddings of a call", _operation, self._traced, texts)
        return Call(self._telemetry, operation, self._traced)

    def __getattr__(self, name: str) -> Any:
        # Asked for by copying and pickling before there is anything to stand for.
        if name in _OWN or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        return getattr(self._traced, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._traced, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._traced, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self._traced)})

    def __repr__(self) -> str:
        return f"trace_embeddings({self._traced!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TracedEmbeddings, (self._traced, self._telemetry)


def _operation(embeddings: object, texts: object) -> Embeddings:
    known = [base.__name__ for base in type(embeddings).__mro__ if base.__name__ in _PROVIDERS]
    provider = _PROVIDERS[known[0]] if known else None
    found = attempt("endpoint_of_model", endpoint_of_model, embeddings)
    address, port = found or NOWHERE
    return Embeddings(
        provider=provider,
        server_address=address,
        server_port=port,
        in_process=bool(known) and provider is None,
        request=Request(model=model_name(embeddings)),
        input_count=1 if texts is None else len(texts) if isinstance(texts, Sized) else None,
    )


def model_name(model: object) -> str | None:
    """The model's name, whatever the integration calls it."""
    names = (getattr(model, name, None) for name in _MODEL_NAMES)
    return next((name for name in names if isinstance(name, str) and name), None)


def _read_vectors(op: Embeddings, vectors: Any) -> None:
    if isinstance(vectors, Sized) and len(vectors):
        _read_vector(op, vectors[0])  # type: ignore[index]  # what is sized and is embeddings is a sequence
    _read_usage(op, vectors)


def _read_vector(op: Embeddings, vector: Any) -> None:
    if isinstance(vector, Sized):
        op.dimension_count = len(vector)
    _read_usage(op, vector)


def _read_usage(op: Embeddings, result: Any) -> None:
    usage = parse_usage(getattr(result, "usage", None))
    if usage is not None:
        op.usage = usage
