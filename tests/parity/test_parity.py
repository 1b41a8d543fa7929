"""The same work through both adapters gives the same operations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever as LangChainRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.tools import FunctionTool
from llama_models import ScriptedLLM
from llama_models import asks as llama_asks
from models import ScriptedModel, asks

import genai_otel_langchain
import genai_otel_llamaindex
from genai_otel_core.testing import capture, walk, whole
from langchain.agents import create_agent

Spans = list[tuple[int, dict[str, Any]]]
# What the frameworks decide: LlamaIndex has no name for a query engine's run that is the application's.
VOLATILE = ("gen_ai.response.time_to_first_chunk",)


class Bare(ScriptedLLM):
    """A LlamaIndex model that says of an answer what the LangChain one does."""

    def _whole(self) -> Any:
        return _bare(super()._whole())

    def _chunks(self, answer: ChatMessage) -> Any:
        return map(_bare, super()._chunks(answer))


def _bare(response: Any) -> Any:
    response.raw = {key: value for key, value in response.raw.items() if key in ("choices", "usage")}
    return response


def langchain_model(*answers: Any) -> ScriptedModel:
    """A LangChain model of no known provider."""
    return ScriptedModel(answers=list(answers), provider="")


def langchain(run: Callable[[dict[str, Any]], Any], **options: Any) -> Spans:
    """The spans of work through LangChain."""
    with capture() as seen:
        _ignoring_errors(
            lambda: run({"callbacks": [genai_otel_langchain.Handler(**seen.providers, **options)]})
        )
        return [(depth, comparable(span)) for depth, span in walk(seen.spans)]


def llamaindex(run: Callable[[], Any], **options: Any) -> Spans:
    """The spans of work through LlamaIndex."""
    with capture() as seen:
        handler = genai_otel_llamaindex.Handler(**seen.providers, **options).attach()
        try:
            _ignoring_errors(run)
        finally:
            handler.detach()
        return [(depth, comparable(span)) for depth, span in walk(seen.spans)]


def _ignoring_errors(run: Callable[[], Any]) -> None:
    try:
        run()
    except ValueError:
        return


def comparable(span: Any) -> dict[str, Any]:
    """A span without how long it took, and of its links to what asked for it, which are ids, how many."""
    found = whole(span, VOLATILE)
    return {**found, "links": len(found["links"])} if "links" in found else found


@pytest.fixture(params=["none", "span"])
def content(request: pytest.FixtureRequest) -> str:
    """Content off and on."""
    return str(request.param)


SAID = [ChatMessage("hi")]


def test_chat(content: str) -> None:
    """One call of a model."""
    ours = llamaindex(lambda: Bare(answers=["hello there"]).chat(SAID), capture_content=content)
    theirs = langchain(
        lambda config: langchain_model("hello there").invoke("hi", config), capture_content=content
    )
    assert ours == theirs != []


def test_stream(content: str) -> None:
    """A stream that is read to its end."""
    ours = llamaindex(lambda: list(Bare(answers=["a b"]).stream_chat(SAID)), capture_content=content)
    theirs = langchain(
        lambda config: list(langchain_model("a b").stream("hi", config)), capture_content=content
    )
    assert ours == theirs != []


def test_stream_left(content: str) -> None:
    """A stream that is left after its first words; LangChain's first chunk has none, so it reads one more."""

    def leave(stream: Any, after: int) -> None:
        for _ in range(after):
            next(stream)
        stream.close()

    ours = llamaindex(lambda: leave(Bare(answers=["a b c"]).stream_chat(SAID), 2), capture_content=content)
    theirs = langchain(
        lambda config: leave(langchain_model("a b c").stream("hi", config), 3), capture_content=content
    )
    assert ours == theirs != []


def test_error(content: str) -> None:
    """A call that fails: the type, and with content the text."""
    ours = llamaindex(lambda: Bare(answers=[ValueError("no")]).chat(SAID), capture_content=content)
    theirs = langchain(
        lambda config: langchain_model(ValueError("no")).invoke("hi", config), capture_content=content
    )
    for (_, span), (_, other) in zip(ours, theirs, strict=True):
        for found in (span, other):
            for _, attributes in found.get("events", ()):
                attributes.pop("exception.stacktrace", None)
    assert ours == theirs != []


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def llama_add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def test_tool_agent() -> None:
    """An agent that calls a tool and answers."""

    def ours_() -> Any:
        tools = [FunctionTool.from_defaults(llama_add, name="add")]
        model = Bare(answers=[llama_asks("add", a=1, b=2), "3"])
        agent = FunctionAgent(name="calculator", tools=tools, llm=model, streaming=False)

        async def main() -> None:
            await agent.run(user_msg="1 + 2?")

        return asyncio.run(main())

    def theirs_(config: dict[str, Any]) -> Any:
        model = langchain_model(asks("add", a=1, b=2), "3")
        agent = create_agent(model, [add], name="calculator")
        return agent.invoke({"messages": [("user", "1 + 2?")]}, config)

    assert llamaindex(ours_) == langchain(theirs_) != []


class Two(BaseRetriever):
    """Two documents for LlamaIndex."""

    def _retrieve(self, query_bundle: Any) -> list[NodeWithScore]:
        return [NodeWithScore(node=TextNode(id_=name, text=name), score=0.5) for name in ("one", "two")]


class LangChainTwo(LangChainRetriever):
    """The same two for LangChain."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document(name, id=name, metadata={"score": 0.5}) for name in ("one", "two")]


def test_rag() -> None:
    """A query of a retriever, and an answer from what it found; steps are the frameworks' own."""

    def ours_() -> Any:
        return RetrieverQueryEngine.from_args(Two(), llm=Bare(answers=["x"])).query("q")

    def theirs_(config: dict[str, Any]) -> Any:
        prompt = ChatPromptTemplate.from_template("{documents}")
        retrieve = LangChainTwo() | RunnableLambda(lambda found: {"documents": str(found)})
        return (retrieve | prompt | langchain_model("x")).invoke("q", config)

    assert llamaindex(ours_, detail="operations") == langchain(theirs_, detail="operations") != []


def test_failing_rag() -> None:
    """Where the model fails, it and the whole are errors."""

    def ours_() -> Any:
        return RetrieverQueryEngine.from_args(Two(), llm=Bare(answers=[RuntimeError("no")])).query("q")

    def theirs_(config: dict[str, Any]) -> Any:
        prompt = ChatPromptTemplate.from_template("{documents}")
        retrieve = LangChainTwo() | RunnableLambda(lambda found: {"documents": str(found)})
        return (retrieve | prompt | langchain_model(RuntimeError("no"))).invoke("q", config)

    def quietly(run: Callable[..., Any], *args: Any) -> None:
        with pytest.raises(RuntimeError, match="no"):
            run(*args)

    ours = llamaindex(lambda: quietly(ours_), detail="operations")
    theirs = langchain(lambda config: quietly(theirs_, config), detail="operations")
    assert ours == theirs != []


def test_dimensions_of_metrics() -> None:
    """The points of the metrics are labelled alike."""
    with capture() as seen:
        handler = genai_otel_llamaindex.Handler(**seen.providers).attach()
        Bare(answers=["x"]).chat(SAID)
        handler.detach()
        ours = _labels(seen.metrics())
    with capture() as seen:
        langchain_model(
            AIMessage("x", usage_metadata={"input_tokens": 10, "output_tokens": 5, "total_tokens": 15})
        ).invoke("hi", {"callbacks": [genai_otel_langchain.Handler(**seen.providers)]})
        assert _labels(seen.metrics()) == ours != {}


def _labels(metrics: dict[str, list[dict[str, Any]]]) -> dict[str, list[Any]]:
    return {name: sorted(str(point["attributes"]) for point in points) for name, points in metrics.items()}
