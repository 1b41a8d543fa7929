"""Content stays where it belongs: strings planted in every field that bears it are looked for in all telemetry."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import pytest
from agents import make_agent
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from models import USAGE, ScriptedModel
from opentelemetry import baggage

from genai_otel_core import capture_content
from genai_otel_core.conventions import available
from genai_otel_core.testing import capture
from genai_otel_langchain import Handler, trace_embeddings
from planting import (
    MASKED,
    WORD,
    PlantedError,
    Telltale,
    any_shape,
    check_kept_apart,
    dropping,
    each_convention,
    emitted,
    listening,
    planted,
    planted_baggage,
    raising,
    same,
)

DEFAULT = planted("default")


@dataclass
class Shape:
    """One conversation: what the user says, how the model and the tool answer, and how the model is called."""

    content: Any
    system: bool = True
    history: list[Any] = field(default_factory=list)
    answer: Any = field(default_factory=lambda: planted("answer"))
    tool_fails: str = "no"
    streamed: bool = False
    in_tasks: bool = False


def blocks() -> st.SearchStrategy[Any]:
    """A message's content in the forms that providers have."""
    inline = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
    known = [
        {"type": "text", "text": planted("user-text")},
        {"type": "image_url", "image_url": {"url": f"https://i.example/{WORD}-image.png"}},
        {"type": "image", "url": f"https://i.example/{WORD}-image.png?token={WORD}"},
        {"type": "image", "base64": "QUJD", "mime_type": "image/png"},
        {"type": "image", "source": {"type": "url", "url": f"https://i.example/{WORD}"}},
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
        {"type": "file", "file_id": f"{WORD}-file"},
        {"type": "thinking", "thinking": planted("thinking")},
        {"type": "text-plain", "text": planted("plain")},
        {"type": f"{WORD}-kind", "data": {planted("key"): planted("value")}},
        inline,
    ]
    block = st.one_of(st.sampled_from(known), st.just(planted("text-block")))
    text = st.text(max_size=8).map(lambda around: around + planted("user") + around)
    return st.one_of(text, st.lists(block, min_size=1, max_size=4))


def history() -> st.SearchStrategy[list[Any]]:
    """Earlier turns, with tool calls and answers of any kind."""
    asked = AIMessage(
        planted("earlier-answer"),
        name=planted("name"),
        additional_kwargs={"reasoning_content": planted("reasoning")},
        tool_calls=[{"name": "look", "args": {planted("arg-key"): planted("arg")}, "id": "c0"}],
        invalid_tool_calls=[{"name": "look", "args": planted("broken"), "id": "c1", "error": planted("why")}],
    )
    turns = [
        [HumanMessage(planted("earlier"), name=planted("who"))],
        [
            asked,
            ToolMessage(
                [{"type": "text", "text": planted("result")}], tool_call_id="c0", artifact=Telltale()
            ),
        ],
        [SystemMessage(planted("late-system"))],
        [ChatMessage(planted("role-text"), role=f"{WORD}-role")],
    ]
    return st.lists(st.sampled_from(turns), max_size=3).map(
        lambda found: [one for turn in found for one in turn]
    )


shapes = st.builds(
    Shape,
    content=blocks(),
    system=st.booleans(),
    history=history(),
    answer=st.sampled_from([planted("answer"), [{"type": "text", "text": planted("answer-block")}]]),
    tool_fails=st.sampled_from(["no", "raises", "says so"]),
    streamed=st.booleans(),
    in_tasks=st.booleans(),
)


PLAIN = Shape(content=planted("user"), history=[HumanMessage(planted("earlier"))], tool_fails="raises")


class Planted(BaseRetriever):
    """Finds documents that tell."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [
            Document(planted("document"), id="d1", metadata={planted("key"): planted("meta"), "score": 0.5})
        ]


class Vectors(Embeddings):
    """Turns any text into the same vector."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[0.5, 0.5] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return [0.5, 0.5]


class Memory(TypedDict):
    """A graph's state."""

    messages: list[Any]
    secret: Any


def tools(shape: Shape, seen_baggage: list[Any]) -> list[Any]:
    """A tool that looks around, and tells by its schema and description."""

    @tool(description=planted("tool-description"))
    def look(where: str, deep: Any = DEFAULT) -> str:
        """Not shown."""
        seen_baggage.append(dict(baggage.get_all()))
        if shape.tool_fails == "raises":
            raise PlantedError(planted("tool-error"))
        if shape.tool_fails == "says so":
            raise ToolException(planted("tool-error"))
        return planted("tool-result")

    look.handle_tool_error = lambda error: planted("handled")
    return [look]


def converse(shape: Shape, handler: Handler, seen_baggage: list[Any]) -> None:
    """Have the whole conversation: a graph with a state that tells, an agent with a tool, a retriever, errors."""
    asks = AIMessage(
        planted("asks"),
        tool_calls=[{"name": "look", "args": {"where": planted("tool-arg")}, "id": "call_1"}],
        usage_metadata=USAGE,
        response_metadata={"finish_reason": "tool_calls", planted("key"): planted("response-metadata")},
    )
    final = AIMessage(shape.answer, usage_metadata=USAGE, response_metadata={"finish_reason": "stop"})
    model = ScriptedModel(answers=[asks, final])
    schema = {"type": "object", "properties": {planted("field"): {"description": planted("schema")}}}
    direct = ScriptedModel(answers=[final]).bind(
        stop=[planted("stop")], response_format={"type": "json_schema", "json_schema": {"schema": schema}}
    )
    agent = make_agent(model, tools(shape, seen_baggage))

    def node(state: Memory, config: RunnableConfig) -> Any:
        said: list[BaseMessage] = [SystemMessage(planted("system"))] if shape.system else []
        said += [*shape.history, HumanMessage(shape.content)]
        # Handed on, since before Python 3.11 no context reaches a function that a task runs in a thread.
        Planted().invoke(planted("query"), config)
        if shape.streamed:
            list(direct.stream(said, config))
        else:
            direct.invoke(said, config)
        agent.invoke({"messages": [HumanMessage(shape.content)]}, config)
        return {"messages": [planted("node-output")], "secret": Telltale()}

    graph = StateGraph(Memory)
    graph.add_node("work", node)
    graph.add_edge(START, "work")
    graph.add_edge("work", END)
    config = {
        "callbacks": [handler],
        "metadata": {"note": planted("metadata"), planted("key"): "x", "tenant.id": "acme"},
        "tags": [planted("tag")],
        "configurable": {"secret": planted("configurable"), "thread_id": "t-1"},
    }
    state, app = {"messages": [planted("state")], "secret": Telltale()}, graph.compile()
    try:
        asyncio.run(app.ainvoke(state, config)) if shape.in_tasks else app.invoke(state, config)
    except PlantedError:
        assert shape.tool_fails == "raises"
    others(handler, config)
    failing = RunnableLambda(lambda value: (_ for _ in ()).throw(PlantedError(planted("error"))))
    with pytest.raises(PlantedError):
        failing.invoke(Telltale(), config)
    with pytest.raises(PlantedError):
        ScriptedModel(answers=[PlantedError(planted("model-error"))]).invoke(planted("prompt"), config)


def others(handler: Handler, config: Any) -> None:
    """What else there is: an interrupted graph, a text model, embeddings, retries and fallbacks."""

    def ask(state: Memory) -> Any:
        return {"messages": [interrupt({planted("key"): planted("interrupt")})]}

    graph = StateGraph(Memory)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    asking = graph.compile(checkpointer=InMemorySaver())
    asking.invoke({"messages": [planted("state")]}, config)
    asking.invoke(Command(resume=planted("resume")), config)
    FakeListLLM(responses=[planted("text-answer")]).invoke(planted("text-prompt"), config)
    trace_embeddings(Vectors(), handler.telemetry).embed_query(planted("embedded"))
    broken = ScriptedModel(answers=[PlantedError(planted("fallback-error"))])
    reliable = ScriptedModel(answers=[planted("fallback-answer")])
    broken.with_retry(stop_after_attempt=2, wait_exponential_jitter=False).with_fallbacks([reliable]).invoke(
        planted("fallback-prompt"), config
    )


def leaks(shape: Shape, **options: Any) -> tuple[list[str], str]:
    """Have the conversation; return what of the planted strings was emitted, and all that was."""
    with capture() as seen, listening() as said, planted_baggage():
        seen_baggage: list[Any] = []
        handler = Handler(
            detail="everything",
            start_events=True,
            self_metrics=True,
            metadata_attributes=["tenant.id"],
            metric_attributes=["tenant.id"],
            **seen.providers,
            **options,
        )
        converse(shape, handler, seen_baggage)
        assert handler.telemetry.flush()
        texts = [*emitted(seen), *said.texts]
        assert len(seen.spans) > 12
        assert all(found == {"note": planted("baggage")} for found in seen_baggage)
        return [text for text in texts if WORD in text], "\n".join(texts)


@pytest.mark.parametrize("capture", ["none", "never"])
@any_shape(shapes, PLAIN)
def test_off_means_off(capture: str, shape: Shape, convention: Any) -> None:
    """With content off, nothing of what was planted anywhere is in anything that is emitted."""
    found, _ = leaks(shape, convention=convention, capture_content=capture)
    assert found == []


@any_shape(shapes, PLAIN)
def test_never_is_not_talked_round(shape: Shape, convention: Any) -> None:
    """A hard off holds also where the code around asks for content."""
    with capture_content("span_and_event"):
        found, _ = leaks(shape, convention=convention, capture_content="never")
    assert found == []


@any_shape(shapes, PLAIN)
def test_with_a_mask_only_masked_text(shape: Shape, convention: Any) -> None:
    """With content on and a mask, masked text is emitted and nothing else of what was planted."""
    found, everything = leaks(shape, convention=convention, capture_content="span_and_event", mask=same)
    assert found == []
    assert f"{MASKED}-tool-arg" in everything


@any_shape(shapes, PLAIN)
def test_a_mask_that_drops_leaves_nothing(shape: Shape, convention: Any) -> None:
    """With a mask that gives nothing back, nothing of what was planted is emitted."""
    found, _ = leaks(shape, convention=convention, capture_content="span_and_event", mask=dropping)
    assert found == []


@each_convention
def test_content_kept_apart_is_nowhere_else(convention: Any, tmp_path: Path) -> None:
    """With a content store, all that was planted is masked there, and nothing of it is in any signal."""
    found, everything = leaks(
        Shape(content=planted("user"), streamed=True),
        convention=convention,
        capture_content="span_and_event",
        content_store=str(tmp_path),
        mask=same,
    )
    check_kept_apart(found, everything, tmp_path)


@pytest.mark.guard_may_catch
@any_shape(shapes, PLAIN)
def test_a_failing_mask_leaks_nothing(shape: Shape, convention: Any) -> None:
    """With a mask that raises, a marker stands for each part."""
    found, everything = leaks(shape, convention=convention, capture_content="span_and_event", mask=raising)
    assert found == []
    assert "[mask failed]" in everything


@pytest.mark.parametrize("convention", available())
def test_on_means_on(convention: str) -> None:
    """The planted strings are found where content is wanted, so that their absence above says something."""
    earlier = AIMessage(
        planted("earlier-answer"), tool_calls=[{"name": "look", "args": {"a": planted("arg")}, "id": "c0"}]
    )
    shape = Shape(content=[{"type": "text", "text": planted("user-text")}], history=[earlier])
    _, everything = leaks(shape, convention=convention, capture_content="span_and_event")
    places = ["user-text", "answer", "error", "system", "earlier-answer", "arg"]
    if convention not in ("1.27", "1.36"):  # they have no word for these
        places += ["tool-arg", "tool-result", "query", "tool-description", "document", "stop"]
    for place in places:
        assert f"{WORD}-{place}" in everything, place


@each_convention
@pytest.mark.parametrize("mask", [None, same])
def test_per_call_by_metadata(convention: Any, mask: Any) -> None:
    """Metadata of one call asks for its content and for that of all below it, and for no other call's."""
    with capture() as seen:
        handler = Handler(convention=convention, mask=mask, **seen.providers)
        chain = RunnableLambda(lambda text: ScriptedModel(answers=[planted("fine")]).invoke(text))
        chain.invoke(planted("second"), {"callbacks": [handler]})
        before = "\n".join(emitted(seen))
        asked = {"genai_otel.capture_content": "span_and_event"}
        chain.invoke(planted("first"), {"callbacks": [handler], "metadata": asked})
        with capture_content("span_and_event"):
            chain.invoke(planted("third"), {"callbacks": [handler]})
        chain.invoke(planted("fourth"), {"callbacks": [handler]})
        texts = "\n".join(emitted(seen))
    shown = WORD if mask is None else MASKED
    assert (WORD in before, MASKED in before) == (False, False)
    assert (f"{shown}-first" in texts, f"{shown}-third" in texts) == (True, True)
    assert [
        word for word in ("second", "fourth") if f"{WORD}-{word}" in texts or f"{MASKED}-{word}" in texts
    ] == []
    assert mask is None or WORD not in texts
