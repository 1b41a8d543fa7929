"""Content stays where it belongs: strings planted in every field that bears it are looked for in all telemetry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypedDict

import pytest
from agents import make_agent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import ToolException, tool
from langgraph.graph import END, START, StateGraph
from models import USAGE, ScriptedModel
from opentelemetry import baggage

from genai_otel_core import capture_content
from genai_otel_core.conventions import available
from genai_otel_core.testing import Capture, capture
from genai_otel_langchain import Handler

WORD = "canary"


def planted(place: str) -> str:
    """A string that is found wherever it ends up."""
    return f"{WORD}-{place} sk-{WORD}-{place}-1234567890"


DEFAULT = planted("default")


class Telltale:
    """An object that would tell by its representation, in any form."""

    def __repr__(self) -> str:
        return planted("repr")

    __str__ = __repr__


class PlantedError(RuntimeError):
    """An error that tells by its text and by its representation."""

    def __repr__(self) -> str:
        return planted("error-repr")


@dataclass
class Shape:
    """One conversation: what the user says, how the model and the tool answer, and how the model is called."""

    content: Any
    system: bool = True
    history: list[Any] = field(default_factory=list)
    answer: Any = field(default_factory=lambda: planted("answer"))
    tool_fails: str = "no"
    streamed: bool = False


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
)


class Planted(BaseRetriever):
    """Finds documents that tell."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [
            Document(planted("document"), id="d1", metadata={planted("key"): planted("meta"), "score": 0.5})
        ]


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

    def node(state: Memory) -> Any:
        said: list[BaseMessage] = [SystemMessage(planted("system"))] if shape.system else []
        said += [*shape.history, HumanMessage(shape.content)]
        Planted().invoke(planted("query"))
        if shape.streamed:
            list(direct.stream(said))
        else:
            direct.invoke(said)
        agent.invoke({"messages": [HumanMessage(shape.content)]})
        return {"messages": [planted("node-output")], "secret": Telltale()}

    graph = StateGraph(Memory)
    graph.add_node("work", node)
    graph.add_edge(START, "work")
    graph.add_edge("work", END)
    config = {
        "callbacks": [handler],
        "metadata": {"note": planted("metadata"), planted("key"): "x"},
        "tags": [planted("tag")],
        "configurable": {"secret": planted("configurable")},
    }
    state = {"messages": [planted("state")], "secret": Telltale()}
    try:
        graph.compile().invoke(state, config)
    except PlantedError:
        assert shape.tool_fails == "raises"
    failing = RunnableLambda(lambda value: (_ for _ in ()).throw(PlantedError(planted("error"))))
    with pytest.raises(PlantedError):
        failing.invoke(Telltale(), config)
    with pytest.raises(PlantedError):
        ScriptedModel(answers=[PlantedError(planted("model-error"))]).invoke(planted("prompt"), config)


def emitted(seen: Capture) -> Iterator[str]:
    """All that left the process, as text."""
    for span in seen.spans:
        yield json.dumps([span.name, span.status.description, dict(span.attributes)], ensure_ascii=False)
        yield from (json.dumps([event.name, dict(event.attributes)]) for event in span.events)
        yield from (json.dumps(dict(link.attributes or {})) for link in span.links)
    for record in seen.logs():
        yield str((record.event_name, record.body, dict(record.attributes or {})))
    for name, points in seen.metrics().items():
        yield str((name, [point["attributes"] for point in points]))


def leaks(shape: Shape, **options: Any) -> tuple[list[str], str]:
    """Have the conversation; return what of the planted strings was emitted, and all that was."""
    with capture() as seen:
        seen_baggage: list[Any] = []
        converse(shape, Handler(detail="everything", **seen.providers, **options), seen_baggage)
        texts = [*emitted(seen), *map(str, seen_baggage)]
        assert len(seen.spans) > 6
        return [text for text in texts if WORD in text], "\n".join(texts)


def same(field: str, text: str, operation: Any) -> str:
    """A mask for the planted strings."""
    return text.replace(WORD, "MASKED")


def raising(field: str, text: str, operation: Any) -> str:
    """A mask that fails, and tells by its error."""
    raise PlantedError(text)


each_convention = pytest.mark.parametrize("convention", [*available(), ["1.41", "openinference"]], ids=str)
few = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@each_convention
@pytest.mark.parametrize("capture", ["none", "never"])
@given(shape=shapes)
@few
def test_off_means_off(convention: Any, capture: str, shape: Shape) -> None:
    """With content off, nothing of what was planted anywhere is in anything that is emitted."""
    found, _ = leaks(shape, convention=convention, capture_content=capture)
    assert found == []


@each_convention
@given(shape=shapes)
@few
def test_never_is_not_talked_round(convention: Any, shape: Shape) -> None:
    """A hard off holds also where the code around asks for content."""
    with capture_content("span_and_event"):
        found, _ = leaks(shape, convention=convention, capture_content="never")
    assert found == []


@each_convention
@given(shape=shapes)
@few
def test_with_a_mask_only_masked_text(convention: Any, shape: Shape) -> None:
    """With content on and a mask, masked text is emitted and nothing else of what was planted."""
    found, everything = leaks(shape, convention=convention, capture_content="span_and_event", mask=same)
    assert found == []
    assert "MASKED-tool-arg" in everything


@pytest.mark.guard_may_catch
@each_convention
@given(shape=shapes)
@few
def test_a_failing_mask_leaks_nothing(convention: Any, shape: Shape) -> None:
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


def test_per_call_by_metadata() -> None:
    """Metadata of one call asks for its content and for that of all below it, and for no other call's."""
    with capture() as seen:
        handler = Handler(**seen.providers)
        chain = RunnableLambda(lambda text: ScriptedModel(answers=["fine"]).invoke(text))
        asked = {"callbacks": [handler], "metadata": {"genai_otel.capture_content": "span"}}
        chain.invoke("first", asked)
        chain.invoke("second", {"callbacks": [handler]})
        texts = "\n".join(emitted(seen))
        assert "first" in texts
        assert "second" not in texts
        assert texts.count("gen_ai.input.messages") == 2
