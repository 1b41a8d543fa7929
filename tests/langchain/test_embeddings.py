"""Embeddings and reranking: drop-in stand-ins that report what LangChain reports to nobody."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import VectorStore
from langchain_openai import AzureOpenAIEmbeddings, OpenAIEmbeddings
from models import ScriptedModel
from opentelemetry import baggage, context, trace
from pydantic import BaseModel, ConfigDict

from genai_otel_core import Telemetry
from genai_otel_core.testing import Capture, whole
from genai_otel_langchain import Handler, LangChainInstrumentor, trace_embeddings, trace_reranker
from stub_server import serving

METHODS = ["embed_documents", "embed_query", "aembed_documents", "aembed_query"]


class HouseEmbeddings(Embeddings):
    """An application's own: sync and async of its own, extra arguments, state, errors on demand."""

    def __init__(self, model: str | None = "house-1") -> None:
        self.model = model
        self.asked: list[Any] = []
        self.error: BaseException | None = None
        self.delay_s = 0.0

    def embed_documents(self, texts: list[str], chunk_size: int = 1000) -> list[list[float]]:
        self.asked.append((texts, chunk_size, trace.get_current_span().get_span_context().span_id))
        if self.error is not None:
            raise self.error
        return [[0.5, 0.25, 0.125] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]

    async def aembed_documents(self, texts: list[str], chunk_size: int = 1000) -> list[list[float]]:
        await asyncio.sleep(self.delay_s)
        return self.embed_documents(texts, chunk_size)

    async def aembed_query(self, text: str) -> list[float]:
        return (await self.aembed_documents([text]))[0]


class PlainEmbeddings(Embeddings):
    """Has the base class's own asynchronous methods."""

    size: int = 3

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[0.5] * self.size for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return [0.5] * self.size


class Store(VectorStore):
    """Embeds what it is asked, and answers with all that it has."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._texts: list[str] = []

    def add_texts(self, texts: Any, metadatas: Any = None, **_: Any) -> list[str]:
        self._texts += texts
        self._embeddings.embed_documents(self._texts)
        return self._texts

    def similarity_search(self, query: str, k: int = 4, **_: Any) -> list[Document]:
        self._embeddings.embed_query(query)
        return [Document(page_content=text) for text in self._texts[:k]]

    async def asimilarity_search(self, query: str, k: int = 4, **_: Any) -> list[Document]:
        await self._embeddings.aembed_query(query)
        return [Document(page_content=text) for text in self._texts[:k]]

    @classmethod
    def from_texts(cls, texts: Any, embedding: Embeddings, metadatas: Any = None, **_: Any) -> Store:
        store = cls(embedding)
        store.add_texts(texts)
        return store


class KeepFirst(BaseDocumentCompressor):
    """A reranker that keeps the first document, and asks `judge` if there is one."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    model: str | None = "rerank-1"
    judge: Any = None
    error: Any = None

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Any = None
    ) -> Sequence[Document]:
        if self.error is not None:
            raise self.error
        if self.judge is not None:
            self.judge.invoke(query, {"callbacks": callbacks})
        return documents[:1]


def handler(seen: Capture, **options: Any) -> Handler:
    return Handler(**seen.providers, **options)


def call(embeddings: Embeddings, method: str) -> Any:
    given = ["a", "b"] if method.endswith("documents") else "a"
    result = getattr(embeddings, method)(given)
    return asyncio.run(result) if method.startswith("a") else result


def retriever(embeddings: Embeddings) -> Any:
    return Store.from_texts(["a", "b"], embeddings).as_retriever(search_kwargs={"k": 2})


@pytest.mark.parametrize("method", METHODS)
def test_each_method_is_one_span(method: str, seen: Capture) -> None:
    """A batch is one call; the span has model, dimensions and number of inputs, and the result is the same."""
    inner = HouseEmbeddings()
    found = call(trace_embeddings(inner, handler(seen)), method)
    vector = [0.5, 0.25, 0.125]
    many = method.endswith("documents")
    assert found == ([vector, vector] if many else vector)
    assert [whole(span) for span in seen.spans] == [
        {
            "name": "embeddings house-1",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.embeddings.dimension.count": 3,
                "gen_ai.operation.name": "embeddings",
                "gen_ai.request.model": "house-1",
                "genai_otel.embeddings.input.count": 2 if many else 1,
            },
        }
    ]
    assert seen.metrics()["gen_ai.client.operation.duration"][0]["count"] == 1
    assert len(inner.asked) == 1
    assert seen.spans[0].context is not None
    assert inner.asked[0][2] == seen.spans[0].context.span_id, "it is current inside the call"
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_default_method_that_calls_another_is_one_span(seen: Capture) -> None:
    """`aembed_documents` of LangChain's base class runs the synchronous one in a thread."""
    call(trace_embeddings(PlainEmbeddings(), handler(seen)), "aembed_documents")
    assert seen.tree() == "embeddings"


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_inside_a_vector_store_it_lies_below_the_retrieval(asynchronous: bool, seen: Capture) -> None:
    """The retriever's own span is its parent, also where LangChain's variable names the chain above."""
    handled = handler(seen)
    found = retriever(trace_embeddings(HouseEmbeddings(), handled))
    seen.clear()
    chain = RunnableLambda(found.invoke, afunc=found.ainvoke).with_config(run_name="ask")
    for runnable in (found, chain):
        settings = {"callbacks": [handled]}
        if asynchronous:
            asyncio.run(runnable.ainvoke("a", settings))
        else:
            runnable.invoke("a", settings)
    lone = "retrieval\n  embeddings house-1"
    assert seen.tree() == f"{lone}\ninvoke_workflow ask\n  retrieval\n    embeddings house-1"


def test_in_a_chains_code_it_lies_below_the_chain(seen: Capture) -> None:
    """A call in a chain's function belongs to the chain, and to the application's span around it."""
    handled = handler(seen)
    traced = trace_embeddings(HouseEmbeddings(), handled)
    tracer = seen.tracer_provider.get_tracer("app")

    def ask(text: str) -> str:
        traced.embed_query(text)
        with tracer.start_as_current_span("own"):
            traced.embed_query(text)
        return text

    RunnableLambda(ask).with_config(run_name="ask").invoke("a", {"callbacks": [handled]})
    assert seen.tree() == ("invoke_workflow ask\n  embeddings house-1\n  own\n    embeddings house-1")


async def test_concurrent_calls_do_not_see_each_other(seen: Capture) -> None:
    """Calls gathered in one task group are siblings, each current in its own code."""
    inner = HouseEmbeddings()
    inner.delay_s = 0.001
    traced = trace_embeddings(inner, handler(seen))
    with seen.tracer_provider.get_tracer("app").start_as_current_span("own") as own:
        await asyncio.gather(*(traced.aembed_query(text) for text in "abc"))
        assert trace.get_current_span() is own
    assert seen.tree() == "own\n" + "\n".join(["  embeddings house-1"] * 3)
    ids = {span.context.span_id for span in seen.spans[:3] if span.context}
    assert {asked[2] for asked in inner.asked} == ids


async def test_a_cancelled_call_ends_its_span(seen: Capture) -> None:
    """A timeout inside the call leaves a failed span, and nothing current."""
    inner = HouseEmbeddings()
    inner.delay_s = 60
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(trace_embeddings(inner, handler(seen)).aembed_query("a"), 0.1)
    (span,) = seen.spans
    assert span.status.status_code.name == "ERROR"
    assert (span.attributes or {})["error.type"] == "asyncio.exceptions.CancelledError"
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("error", [ValueError("no"), StopIteration("odd"), KeyboardInterrupt()], ids=repr)
def test_errors_pass_as_they_are(error: BaseException, method: str, seen: Capture) -> None:
    """What the call raises is raised, the same object, and the span has its type."""
    inner = HouseEmbeddings()
    inner.error = error
    if method.startswith("a") and isinstance(error, StopIteration):
        inner.error = error = LookupError("a coroutine cannot raise StopIteration")
    with pytest.raises(type(error)) as raised:
        call(trace_embeddings(inner, handler(seen)), method)
    assert raised.value is error
    (span,) = seen.spans
    assert (span.attributes or {})["error.type"] == type(error).__name__


def test_it_is_what_it_stands_for(seen: Capture) -> None:
    """Attributes are read from and written to the traced object; arguments and results are the same objects."""
    inner = HouseEmbeddings()
    traced: Any = trace_embeddings(inner, handler(seen))
    assert isinstance(traced, Embeddings)
    assert trace_embeddings(traced) is traced
    assert traced.model == "house-1"
    traced.model = "house-2"
    assert inner.model == "house-2"
    del traced.asked
    assert not hasattr(inner, "asked")
    inner.asked = []
    texts = ["a", "b"]
    traced.embed_documents(texts, chunk_size=7)
    assert inner.asked[0][0] is texts
    assert inner.asked[0][1] == 7
    assert "model" in dir(traced)
    assert repr(traced) == f"trace_embeddings({inner!r})"
    with pytest.raises(AttributeError, match="missing"):
        _ = traced.missing


def test_what_cannot_be_counted_is_passed_on(seen: Capture) -> None:
    """An iterator of texts is not consumed, an odd result not touched, and no number is invented."""

    class Odd(HouseEmbeddings):
        def embed_documents(self, texts: Any, chunk_size: int = 1) -> Any:
            return iter([[1.0] for _ in texts])

    result = trace_embeddings(Odd(None), handler(seen)).embed_documents(iter(["a", "b"]))  # type: ignore[arg-type]
    assert list(result) == [[1.0], [1.0]]
    assert whole(seen.spans[0])["attributes"] == {"gen_ai.operation.name": "embeddings"}
    assert trace_embeddings(HouseEmbeddings(), handler(seen)).embed_documents([]) == []


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_report_too(copied: Any, seen: Capture) -> None:
    """A copy, deep copy or pickle of it is traced by the same telemetry, if what it stands for can be copied."""
    again = copied(trace_embeddings(PlainEmbeddings(), handler(seen)))
    assert again.size == 3
    assert len(again.embed_query("a")) == 3
    assert seen.tree() == "embeddings"


def test_a_pydantic_field_takes_it(seen: Capture) -> None:
    """Where LangChain validates a field's type, the stand-in passes."""

    class Holder(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        embeddings: Embeddings
        reranker: BaseDocumentCompressor

    traced = trace_embeddings(HouseEmbeddings(), handler(seen))
    reranker = trace_reranker(KeepFirst(), handler(seen))
    held = Holder(embeddings=traced, reranker=reranker)
    assert held.embeddings is traced
    assert held.reranker is reranker


def test_provider_model_and_server(seen: Capture) -> None:
    """Known integrations tell their provider by class, also to subclasses, and their server by their client."""

    class Ours(OpenAIEmbeddings):
        pass

    with serving() as port:
        url = f"http://127.0.0.1:{port}/v1"
        settings = {"api_key": "k", "max_retries": 0, "check_embedding_ctx_length": False}
        openai = Ours(model="text-embedding-3-small", base_url=url, **settings)
        azure = AzureOpenAIEmbeddings(
            model="text-embedding-3-small",
            azure_endpoint="https://house.openai.azure.com",
            api_version="2024-02-01",
            **settings,
        )
        trace_embeddings(openai, handler(seen)).embed_documents(["a", "b"])
    attributes = dict(seen.spans[0].attributes or {})
    assert attributes == {
        "gen_ai.embeddings.dimension.count": 2,
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "text-embedding-3-small",
        "genai_otel.embeddings.input.count": 2,
        "server.address": "127.0.0.1",
        "server.port": port,
    }
    seen.clear()
    with pytest.raises(Exception, match=r"."):
        trace_embeddings(azure, handler(seen)).embed_query(object())  # type: ignore[arg-type]
    attributes = dict(seen.spans[0].attributes or {})
    assert attributes["gen_ai.provider.name"] == "azure.ai.openai"
    assert attributes["server.address"] == "house.openai.azure.com"


def test_usage_of_a_result_that_tells_it(seen: Capture) -> None:
    """Vectors that carry their usage have it on the span and in the token metric."""

    class Vectors(list[Any]):
        usage = {"prompt_tokens": 11, "total_tokens": 11}  # noqa: RUF012  # as a response has it

    class Telling(HouseEmbeddings):
        def embed_documents(self, texts: list[str], chunk_size: int = 1) -> list[list[float]]:
            return Vectors([1.0] for _ in texts)

    trace_embeddings(Telling(), handler(seen)).embed_documents(["a"])
    assert (seen.spans[0].attributes or {})["gen_ai.usage.input_tokens"] == 11
    assert [point["sum"] for point in seen.metrics()["gen_ai.client.token.usage"]] == [11]


def test_it_keeps_to_the_runs_that_are_left_out(seen: Capture) -> None:
    """Below a run that the application opted out, and under suppression, nothing is reported."""
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    handled = handler(seen)
    traced = trace_embeddings(HouseEmbeddings(), handled)
    chain = RunnableLambda(traced.embed_query)
    chain.invoke("a", {"callbacks": [handled], "metadata": {"genai_otel.enabled": False}})
    with suppress_instrumentation():
        traced.embed_query("a")
    assert seen.spans == []


def test_baggage_reaches_the_call(seen: Capture) -> None:
    """The context inside the call is the application's, with our span in it."""
    found: list[Any] = []

    class Looking(HouseEmbeddings):
        def embed_documents(self, texts: list[str], chunk_size: int = 1) -> list[list[float]]:
            found.append(baggage.get_baggage("tenant"))
            return super().embed_documents(texts, chunk_size)

    token = context.attach(baggage.set_baggage("tenant", "t1"))
    trace_embeddings(Looking(), handler(seen)).embed_query("a")
    context.detach(token)
    assert found == ["t1"]


@pytest.mark.parametrize("given", ["telemetry", "handler", "instrumentor"])
def test_where_it_reports_to(given: str, seen: Capture) -> None:
    """A telemetry, a handler, or what instruments the process at the time of the call."""
    if given == "telemetry":
        traced = trace_embeddings(HouseEmbeddings(), Telemetry(**seen.providers))
    elif given == "handler":
        traced = trace_embeddings(HouseEmbeddings(), handler(seen))
    else:
        traced = trace_embeddings(HouseEmbeddings())
        LangChainInstrumentor().instrument(**seen.providers)
    try:
        traced.embed_query("a")
    finally:
        LangChainInstrumentor().uninstrument()
    assert seen.tree() == "embeddings house-1"


def test_without_telemetry_it_goes_to_the_global_providers(
    seen: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default is the process's own providers, as of the call."""
    traced = trace_embeddings(HouseEmbeddings())
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", seen.tracer_provider)
    traced.embed_query("a")
    assert seen.tree() == "embeddings house-1"


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (trace_embeddings, ("text",), "embeddings must be LangChain Embeddings, not str"),
        (
            trace_embeddings,
            (HouseEmbeddings(), "text"),
            "telemetry must be a Telemetry, a Handler or None, not str",
        ),
        (trace_reranker, (HouseEmbeddings(),), "reranker must be a LangChain document compressor"),
        (trace_reranker, (KeepFirst(), 1), "telemetry must be a Telemetry, a Handler or None, not int"),
    ],
)
def test_wrong_arguments_are_named(function: Any, arguments: tuple[Any, ...], message: str) -> None:
    """A wrong argument is an error at once."""
    with pytest.raises(TypeError, match=message):
        function(*arguments)


@pytest.mark.guard_may_catch
def test_errors_of_ours_cost_a_span_at_most(seen: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """If our code fails, the call goes on as if it were not traced."""
    handled = handler(seen)
    monkeypatch.setattr(handled.telemetry, "start", None)
    assert trace_embeddings(HouseEmbeddings(), handled).embed_query("a") == [0.5, 0.25, 0.125]
    assert trace_reranker(KeepFirst(), handled).compress_documents([Document("a")], "q") == [Document("a")]


DOCUMENTS = [Document("a"), Document("b")]


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_reranking_is_a_step(asynchronous: bool, seen: Capture) -> None:
    """A document compressor's call is a step with its model's name; the result is the same objects."""
    traced = trace_reranker(KeepFirst(), handler(seen))
    if asynchronous:
        found = asyncio.run(traced.acompress_documents(DOCUMENTS, "q"))
    else:
        found = traced.compress_documents(DOCUMENTS, "q")
    assert found[0] is DOCUMENTS[0]
    assert [whole(span) for span in seen.spans] == [
        {
            "name": "rerank rerank-1",
            "kind": "INTERNAL",
            "status": "UNSET",
            "attributes": {"genai_otel.step.kind": "rerank"},
        }
    ]


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_what_a_reranker_asks_lies_below_it(asynchronous: bool, seen: Capture) -> None:
    """A model that judges inside the reranker is a child of the step, and the step one of the retrieval."""
    retrievers = pytest.importorskip("langchain_classic.retrievers", reason="a package since LangChain 1.0")
    handled = handler(seen)
    reranker = KeepFirst(judge=ScriptedModel(answers=["yes"]))
    found = retrievers.ContextualCompressionRetriever(
        base_compressor=trace_reranker(reranker, handled),
        base_retriever=retriever(trace_embeddings(HouseEmbeddings(), handled)),
    )
    seen.clear()
    settings = {"callbacks": [handled]}
    ranked = asyncio.run(found.ainvoke("q", settings)) if asynchronous else found.invoke("q", settings)
    assert len(ranked) == 1
    assert seen.tree() == (
        "retrieval\n  retrieval\n    embeddings house-1\n  rerank rerank-1\n    chat scripted-1"
    )


def test_a_failed_reranking(seen: Capture) -> None:
    """Its error is raised as it is, and on the step."""
    error = ValueError("no")
    with pytest.raises(ValueError, match="no") as raised:
        trace_reranker(KeepFirst(error=error, model=None), handler(seen)).compress_documents(DOCUMENTS, "q")
    assert raised.value is error
    assert (seen.span("rerank").attributes or {})["error.type"] == "ValueError"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_of_rerankers_report_too(copied: Any, seen: Capture) -> None:
    """A copy of the stand-in has the traced one's attributes and telemetry."""
    again = copied(trace_reranker(KeepFirst(), handler(seen)))
    assert again.model == "rerank-1"
    assert repr(again).startswith("trace_reranker(KeepFirst(")
    assert trace_reranker(again) is again
    again.compress_documents(DOCUMENTS, "q")
    assert seen.tree() == "rerank rerank-1"
    with pytest.raises(AttributeError, match="missing"):
        _ = again.missing
