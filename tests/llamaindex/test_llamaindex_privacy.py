"""Content stays where it belongs: strings planted in every field that bears it are looked for in all telemetry."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from llama_index.core import PromptTemplate
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.base.llms import types
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.callbacks import CallbackManager
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context, StartEvent, StopEvent, Workflow, step
from llama_index_instrumentation.dispatcher import instrument_tags
from llama_models import asks, llm
from opentelemetry import baggage
from pydantic import BaseModel, Field

from genai_otel_core import capture_content
from genai_otel_core.conventions import available
from genai_otel_core.testing import capture
from genai_otel_llamaindex import Handler
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


@dataclass
class Shape:
    """One conversation: what the user says, how the model and the tool answer, and how the model is called."""

    content: Any
    system: bool = True
    history: list[Any] = field(default_factory=list)
    tool_fails: bool = False
    streamed: bool = False


def _blocks() -> list[Any]:
    known: list[Any] = [
        TextBlock(text=planted("user-text")),
        ImageBlock(url=f"https://i.example/{WORD}-image.png?token={WORD}"),
        ImageBlock(image=b"iVBORw0KGgo=", image_mimetype="image/png"),
        types.AudioBlock(url=f"https://i.example/{WORD}.wav"),
    ]
    made = {  # which blocks there are depends on the version
        "DocumentBlock": {"url": f"https://i.example/{WORD}.pdf", "title": planted("title")},
        "VideoBlock": {"url": f"https://i.example/{WORD}.mp4"},
        "ThinkingBlock": {"content": planted("thinking")},
        "ToolCallBlock": {
            "tool_call_id": "c9",
            "tool_name": "look",
            "tool_kwargs": {planted("key"): planted("arg")},
        },
        "CitableBlock": {
            "title": planted("title"),
            "source": planted("source"),
            "content": [TextBlock(text=planted("cited"))],
        },
    }
    for name, fields in made.items():
        cls = getattr(types, name, None)
        if cls is not None:
            known.append(cls(**fields))
    return known


def content() -> st.SearchStrategy[Any]:
    """What the user says: text, or blocks of any kind."""
    text = st.text(max_size=8).map(lambda around: around + planted("user") + around)
    return st.one_of(text, st.lists(st.sampled_from(_blocks()), min_size=1, max_size=4))


def history() -> st.SearchStrategy[list[Any]]:
    """Earlier turns, with tool calls and answers."""
    asked = asks("look", "c0", **{planted("arg-key"): planted("arg")})
    asked.additional_kwargs["reasoning"] = planted("reasoning")
    turns = [
        [ChatMessage(planted("earlier"), role="user", additional_kwargs={"name": planted("who")})],
        [asked, ChatMessage(planted("result"), role="tool", additional_kwargs={"tool_call_id": "c0"})],
        [ChatMessage(planted("late-system"), role="system")],
    ]
    return st.lists(st.sampled_from(turns), max_size=3).map(
        lambda found: [one for turn in found for one in turn]
    )


shapes = st.builds(
    Shape,
    content=content(),
    system=st.booleans(),
    history=history(),
    tool_fails=st.booleans(),
    streamed=st.booleans(),
)


class Planted(BaseRetriever):
    """Finds documents that tell."""

    def _retrieve(self, query_bundle: Any) -> list[NodeWithScore]:
        node = TextNode(id_="d1", text=planted("document"), metadata={planted("key"): planted("meta")})
        return [NodeWithScore(node=node, score=0.5)]


class Answer(BaseModel):
    """An answer that is asked for in a structure, of which the description tells: canary-schema."""

    told: str = Field(description=planted("schema"))


def tool(shape: Shape, seen_baggage: list[Any]) -> FunctionTool:
    """A tool that looks around, and tells by its schema and description."""

    def look(where: str, deep: str = planted("default")) -> str:
        seen_baggage.append(dict(baggage.get_all()))
        if shape.tool_fails:
            raise PlantedError(planted("tool-error"))
        return planted("tool-result")

    async def alook(where: str, deep: str = planted("default")) -> str:
        return look(where, deep)

    return FunctionTool.from_defaults(look, async_fn=alook, description=planted("tool-description"))


def messages(shape: Shape) -> list[ChatMessage]:
    """What is said to the model."""
    said = [ChatMessage(planted("system"), role="system")] if shape.system else []
    return [*said, *shape.history, ChatMessage(role="user", content=shape.content)]


def call_models(shape: Shape) -> None:
    """Each way to ask a model."""
    options = {"stop": [planted("stop")], "response_format": {"type": "json_schema", "name": planted("f")}}
    model = llm(planted("answer"), additional_kwargs={"user": planted("user-id")})
    if shape.streamed:
        list(model.stream_chat(messages(shape), **options))
        for _ in model.stream_chat(messages(shape)):
            break
    else:
        model.chat(messages(shape), **options)
    model.complete(planted("prompt"))
    structured = llm(asks("Answer", told=planted("told")))
    structured.structured_predict(Answer, PromptTemplate("{q}"), q=planted("predicted"))
    with pytest.raises(PlantedError):
        llm(PlantedError(planted("model-error"))).chat(messages(shape))


async def run_flows(shape: Shape, seen_baggage: list[Any]) -> None:
    """A workflow whose events and state tell, an agent and a group of agents; a step that fails."""

    class Telling(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            if ev.fails:
                raise PlantedError(planted("step-error"))
            return StopEvent(result={planted("key"): Telltale(), "text": planted("output")})

    await Telling().run(fails=False, note=planted("start-event"), held=Telltale())
    with pytest.raises(Exception, match="canary-step-error"):
        await Telling().run(fails=True)
    for made in (False, True):
        agent = FunctionAgent(
            name="helper",
            description=planted("agent-description"),
            system_prompt=planted("agent-system"),
            tools=[tool(shape, seen_baggage)],
            llm=llm(asks("look", where=planted("tool-arg")), planted("final")),
        )
        runner: Any = AgentWorkflow(agents=[agent], root_agent="helper") if made else agent
        await runner.run(user_msg=planted("agent-question"))


def converse(shape: Shape, handler: Handler, seen_baggage: list[Any]) -> None:
    """Have the whole conversation."""
    with instrument_tags({"note": planted("metadata"), planted("key"): "x", "tenant.id": "acme"}):
        call_models(shape)
        engine = RetrieverQueryEngine.from_args(
            Planted(), llm=llm(planted("answer")), callback_manager=CallbackManager([handler])
        )
        engine.query(planted("query"))
        look = tool(shape, seen_baggage)
        if shape.tool_fails:
            with pytest.raises(PlantedError):
                look(where=planted("tool-arg"))
        else:
            look(where=planted("tool-arg"))
        asyncio.run(run_flows(shape, seen_baggage))


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
        ).attach()
        try:
            converse(shape, handler, seen_baggage)
        finally:
            handler.detach()
        assert handler.telemetry.flush()
        texts = [*emitted(seen), *said.texts]
        assert len(seen.spans) > 20
        assert all(found == {"note": planted("baggage")} for found in seen_baggage)
        return [text for text in texts if WORD in text], "\n".join(texts)


PLAIN = Shape(content=planted("user"), history=[ChatMessage(role="user", content=planted("earlier"))])
over_shapes = any_shape(shapes, PLAIN, drawn=3)


@over_shapes
def test_off_means_off(shape: Shape, convention: Any) -> None:
    """With content off, nothing of what was planted anywhere is in anything that is emitted."""
    found, _ = leaks(shape, convention=convention, capture_content="none")
    assert found == []


@over_shapes
def test_never_is_not_talked_round(shape: Shape, convention: Any) -> None:
    """A hard off holds also where the code around asks for content."""
    with capture_content("span_and_event"):
        found, _ = leaks(shape, convention=convention, capture_content="never")
    assert found == []


@over_shapes
def test_with_a_mask_only_masked_text(shape: Shape, convention: Any) -> None:
    """With content on and a mask, masked text is emitted and nothing else of what was planted."""
    found, everything = leaks(shape, convention=convention, capture_content="span_and_event", mask=same)
    assert found == []
    assert f"{MASKED}-tool-arg" in everything


@over_shapes
def test_a_mask_that_drops_leaves_nothing(shape: Shape, convention: Any) -> None:
    """With a mask that gives nothing back, nothing of what was planted is emitted."""
    found, _ = leaks(shape, convention=convention, capture_content="span_and_event", mask=dropping)
    assert found == []


@pytest.mark.guard_may_catch
@over_shapes
def test_a_failing_mask_leaks_nothing(shape: Shape, convention: Any) -> None:
    """With a mask that raises, a marker stands for each part."""
    found, everything = leaks(shape, convention=convention, capture_content="span_and_event", mask=raising)
    assert found == []
    assert "[mask failed]" in everything


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


@pytest.mark.parametrize("convention", available())
def test_on_means_on(convention: str) -> None:
    """The planted strings are found where content is wanted, so that their absence above says something."""
    earlier = asks("look", "c0", a=planted("arg"))
    shape = Shape(content=[TextBlock(text=planted("user-text"))], history=[earlier], tool_fails=False)
    _, everything = leaks(shape, convention=convention, capture_content="span_and_event")
    _, failing = leaks(Shape("x", tool_fails=True), convention=convention, capture_content="span_and_event")
    places = ["user-text", "answer", "model-error", "system", "arg"]
    if convention not in ("1.27", "1.36"):  # they have no word for these
        places += ["tool-arg", "tool-result", "query", "tool-description", "document", "stop", "agent-system"]
    for place in places:
        assert f"{WORD}-{place}" in everything, place
    assert f"{WORD}-tool-error" in failing


def test_per_call_by_tags() -> None:
    """Tags of one call ask for its content and for that of all below it, and for no other call's."""
    with capture() as seen:
        handler = Handler(**seen.providers).attach()
        with instrument_tags({"genai_otel.capture_content": "span"}):
            RetrieverQueryEngine.from_args(Planted(), llm=llm("fine")).query("first")
        RetrieverQueryEngine.from_args(Planted(), llm=llm("fine")).query("second")
        handler.detach()
        texts = "\n".join(emitted(seen))
        assert "first" in texts
        assert "second" not in texts
