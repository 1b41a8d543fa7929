"""Callback managers: what callbacks tell is observed, and with the dispatcher each operation is one span."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core import MockEmbedding, VectorStoreIndex, get_response_synthesizer
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index_instrumentation.dispatcher import instrument_tags
from llama_models import ScriptedLLM, asks, llm
from opentelemetry import trace
from pydantic import BaseModel

from genai_otel_core.testing import Capture, whole
from genai_otel_llamaindex import Handler

SAID = [ChatMessage("hi")]
QUERY = """\
invoke_workflow
  retrieval
    embeddings
  CompactAndRefine
    chat scripted-1"""


class City(BaseModel):
    """A city."""

    name: str


@pytest.fixture
def manager(seen: Capture) -> CallbackManager:
    """A callback manager with a handler that is not on the dispatcher."""
    return CallbackManager([Handler(**seen.providers)])


def observed(manager: CallbackManager, *answers: object) -> ScriptedLLM:
    """A model that reports to `manager`."""
    return llm(*answers, callback_manager=manager)


def test_it_is_a_callback_handler(manager: CallbackManager) -> None:
    """Applications that check its type see a handler."""
    assert isinstance(manager.handlers[0], BaseCallbackHandler)


def test_chat(seen: Capture, manager: CallbackManager) -> None:
    """A model's call is the span that the dispatcher would give: the caller's frame has the model."""
    observed(manager).chat(SAID)
    assert whole(seen.spans[0]) == {
        "name": "chat scripted-1",
        "kind": "CLIENT",
        "status": "UNSET",
        "attributes": {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "scripted-1",
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.response.model": "scripted-1-0613",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 5,
        },
    }


def test_stream(seen: Capture, manager: CallbackManager) -> None:
    """A stream's span ends with it, and is not current in its reader's code."""
    before = trace.get_current_span().get_span_context()
    for _ in observed(manager, "a b").stream_chat(SAID):
        assert seen.spans == []
        assert trace.get_current_span().get_span_context() == before
    assert [span.name for span in seen.spans] == ["chat scripted-1"]
    assert seen.spans[0].attributes["gen_ai.request.stream"] is True
    assert seen.spans[0].attributes["gen_ai.usage.output_tokens"] == 5


def test_stream_left(seen: Capture, manager: CallbackManager) -> None:
    """A reader who stops is no failure."""
    for _ in observed(manager, "a b").stream_chat(SAID):
        break
    gc.collect()
    assert seen.spans[0].attributes["genai_otel.outcome"] == "abandoned"


def test_error(seen: Capture, manager: CallbackManager) -> None:
    """A failing call says so."""
    with pytest.raises(ValueError, match="no"):
        observed(manager, ValueError("no")).chat(SAID)
    assert seen.spans[0].attributes["error.type"] == "ValueError"


def test_query(seen: Capture, manager: CallbackManager) -> None:
    """Nested events are a tree, of the components that report to the manager."""
    index = VectorStoreIndex(
        [TextNode(text="x")],
        embed_model=MockEmbedding(embed_dim=3, callback_manager=manager),
        callback_manager=manager,
    )
    seen.clear()
    synthesizer = get_response_synthesizer(llm=observed(manager), callback_manager=manager)
    RetrieverQueryEngine(index.as_retriever(), synthesizer, callback_manager=manager).query("q")
    assert seen.tree() == QUERY
    assert manager.handlers[0].telemetry.open_runs == 0


def asked_as_a_stream(seen: Capture, manager: CallbackManager, *answers: object) -> Any:
    """The streamed answer of a query of which only callbacks tell."""
    embeddings = MockEmbedding(embed_dim=3)
    index = VectorStoreIndex([TextNode(text="x")], embed_model=embeddings, callback_manager=manager)
    seen.clear()
    synthesizer = get_response_synthesizer(
        llm=observed(manager, *answers), callback_manager=manager, streaming=True
    )
    engine = RetrieverQueryEngine(index.as_retriever(), synthesizer, callback_manager=manager)
    return engine.query("q")


def test_streamed_query(seen: Capture) -> None:
    """A streamed answer's query is one trace, from the question to the last word, as the dispatcher's."""
    manager = CallbackManager([Handler(**seen.providers, capture_content="span")])
    before = trace.get_current_span()
    answer = asked_as_a_stream(seen, manager, "a b")
    for _ in answer.response_gen:
        assert trace.get_current_span() is before
    assert seen.tree() == QUERY
    said = whole(seen.span("invoke_workflow"))["attributes"]["gen_ai.output.messages"]
    assert [message["parts"] for message in said] == [[{"type": "text", "content": "a b"}]]
    assert [span.attributes.get("genai_otel.outcome") for span in seen.spans] == [None] * 5
    assert manager.handlers[0].telemetry.open_runs == 0


@pytest.mark.parametrize("started", [False, True])
def test_streamed_query_left(started: bool, seen: Capture, manager: CallbackManager) -> None:
    """An answer that nobody reads to its end is given up when it is dropped, with all that it is made of."""
    answer = asked_as_a_stream(seen, manager, "a b")
    if started:
        next(answer.response_gen)
    del answer
    gc.collect()
    outcomes = {span.name: span.attributes.get("genai_otel.outcome") for span in seen.spans}
    # Before 0.14 the model is asked before anybody reads.
    assert outcomes.pop("chat scripted-1", None if started else "abandoned") == "abandoned"
    assert outcomes == {
        "invoke_workflow": "abandoned",
        "retrieval": None,
        "embeddings": None,
        "CompactAndRefine": "abandoned",
    }
    assert manager.handlers[0].telemetry.open_runs == 0


def test_streamed_query_that_fails(seen: Capture, manager: CallbackManager) -> None:
    """What fails while an answer is read fails the query."""
    answer = asked_as_a_stream(seen, manager, ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        list(answer.response_gen)
    failed = {span.name: span.attributes.get("error.type") for span in seen.spans}
    assert failed == {
        "invoke_workflow": "ValueError",
        "retrieval": None,
        "embeddings": None,
        "CompactAndRefine": "ValueError",
        "chat scripted-1": "ValueError",
    }


def test_both_ways_make_one_span(seen: Capture, manager: CallbackManager) -> None:
    """What the dispatcher tells is not told again by callbacks, by the same handler or by another."""
    handler = Handler(**seen.providers).attach()
    # Not the one of `Settings`, to which the index would give the manager for good.
    embeddings = MockEmbedding(embed_dim=3)
    index = VectorStoreIndex([TextNode(text="x")], embed_model=embeddings, callback_manager=manager)
    seen.clear()
    index.as_query_engine(llm=observed(manager)).query("q")
    observed(manager).complete("hi")
    list(observed(manager, "a b").stream_chat(SAID))
    handler.detach()
    assert seen.tree() == f"{QUERY}\nchat scripted-1\nchat scripted-1"


async def read(stream: Any) -> None:
    """Read a stream that is promised."""
    [_ async for _ in await stream]


NESTED: dict[str, tuple[Callable[[CallbackManager], Any], str]] = {
    "mock": (lambda told: MockLLM(max_tokens=2, callback_manager=told).chat(SAID), "chat"),
    "mock stream": (
        lambda told: list(MockLLM(max_tokens=2, callback_manager=told).stream_chat(SAID)),
        "chat",
    ),
    "complete": (lambda told: observed(told).complete("hi"), "chat scripted-1"),
    "acomplete": (lambda told: asyncio.run(observed(told).acomplete("hi")), "chat scripted-1"),
    "stream": (lambda told: list(observed(told, "a b").stream_complete("hi")), "chat scripted-1"),
    "astream": (
        lambda told: asyncio.run(read(observed(told, "a b").astream_complete("hi"))),
        "chat scripted-1",
    ),
    "structured": (
        lambda told: observed(told, asks("City", name="Paris")).as_structured_llm(City).chat(SAID),
        "chat scripted-1",
    ),
}


@pytest.mark.parametrize("attached", [False, True])
@pytest.mark.parametrize("case", NESTED)
def test_nested_model_calls_are_one_span(
    case: str, attached: bool, seen: Capture, manager: CallbackManager
) -> None:
    """A completion made of a chat, or the reverse, and a structured model's model are one call."""
    call, name = NESTED[case]
    handler = Handler(**seen.providers)
    if attached:
        handler.attach()
    call(manager)
    handler.detach()
    assert [span.name for span in seen.spans] == [name]
    assert seen.spans[0].attributes.get("gen_ai.usage.output_tokens") == (5 if "scripted" in name else None)
    assert manager.handlers[0].telemetry.open_runs == 0


def test_nested_retrieval_is_one_span(seen: Capture, manager: CallbackManager) -> None:
    """A retriever whose own code tells of the retrieval a second time retrieves once."""

    class Telling(BaseRetriever):
        def _retrieve(self, query_bundle: Any) -> list[NodeWithScore]:
            with self.callback_manager.event(CBEventType.RETRIEVE) as event:
                event.on_end(payload={EventPayload.NODES: []})
            return []

    Telling(callback_manager=manager).retrieve("q")
    assert [span.name for span in seen.spans] == ["retrieval"]


def test_what_is_around_a_failure_fails(seen: Capture, manager: CallbackManager) -> None:
    """Of nested events the framework tells only the innermost why it ends; nothing stays open."""

    class Failing(BaseRetriever):
        def _retrieve(self, query_bundle: Any) -> list[NodeWithScore]:
            raise KeyError("x")

    synthesizer = get_response_synthesizer(llm=observed(manager), callback_manager=manager)
    engine = RetrieverQueryEngine(Failing(callback_manager=manager), synthesizer, callback_manager=manager)
    with pytest.raises(KeyError):
        engine.query("q")
    with pytest.raises(NotImplementedError):
        observed(manager).as_structured_llm(City).stream_complete("hi")
    assert [(span.name, span.attributes["error.type"]) for span in seen.spans] == [
        ("retrieval", "KeyError"),
        ("invoke_workflow", "KeyError"),
    ]
    assert manager.handlers[0].telemetry.open_runs == 0


def test_what_only_callbacks_tell(seen: Capture, manager: CallbackManager) -> None:
    """A component that reports nothing to the dispatcher is observed although a handler is attached."""
    handler = Handler(**seen.providers).attach()
    with manager.event(CBEventType.QUERY, payload={EventPayload.QUERY_STR: "q"}) as query:
        with manager.event(CBEventType.RETRIEVE, payload={EventPayload.QUERY_STR: "q"}) as retrieval:
            retrieval.on_end(payload={EventPayload.NODES: []})
        observed(manager).chat(SAID)
        query.on_end(payload={EventPayload.RESPONSE: "a"})
    handler.detach()
    assert seen.tree() == "invoke_workflow\n  retrieval\n  chat scripted-1"


def test_function_call(seen: Capture) -> None:
    """A function call is a tool, with its content where that is wanted."""
    from llama_index.core.tools import ToolMetadata

    manager = CallbackManager([Handler(**seen.providers, capture_content="span")])
    payload = {EventPayload.FUNCTION_CALL: {"a": 1}, EventPayload.TOOL: ToolMetadata("Add.", name="add")}
    with manager.event(CBEventType.FUNCTION_CALL, payload=payload) as event:
        event.on_end(payload={EventPayload.FUNCTION_OUTPUT: "3"})
    assert whole(seen.spans[0])["attributes"] == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "add",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.arguments": {"input": {"a": 1}},
        "gen_ai.tool.call.result": {"content": "3"},
    }


def test_tags_hold_for_what_callbacks_tell(seen: Capture) -> None:
    """What `instrument_tags` says around a call does not depend on who reports it."""
    handler = Handler(**seen.providers, capture_content="span", metadata_attributes=["tenant.id"])
    model = observed(CallbackManager([handler]))
    with instrument_tags({"genai_otel.enabled": False}):
        model.chat(SAID)
    assert seen.spans == []
    with instrument_tags({"genai_otel.capture_content": "never", "tenant.id": "acme", "session_id": "s-1"}):
        model.chat(SAID)
    names = "tenant.id", "gen_ai.conversation.id", "gen_ai.input.messages"
    assert [tuple((span.attributes or {}).get(name) for name in names) for span in seen.spans] == [
        ("acme", "s-1", None)
    ]
