"""What engines and workflows answer in forms of the application's own is told whole, and nothing else is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, TextBlock
from llama_index.core.callbacks import CallbackManager
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import TextNode
from llama_index.core.tools import FunctionTool, QueryEngineTool, RetrieverTool
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from llama_models import asks, llm
from llama_scenarios import INDEX
from pydantic import BaseModel

from genai_otel_core.feedback import handle_of
from genai_otel_core.handles import from_handle
from genai_otel_core.testing import Capture, whole
from genai_otel_llamaindex import Handler

ONE = VectorStoreIndex([TextNode(text="one")])


class City(BaseModel):
    """A city."""

    name: str


class Scored(BaseModel):
    """What a workflow gives, with a field of the stop event's name."""

    result: int
    note: str


class Told(StopEvent):
    """A stop event of the application's own, which is its workflow's result."""

    answer: str
    pages: int


class Shouted(StopEvent):
    """One that carries no more than any other."""


class Gives(Workflow):
    """Ends with what it is made for."""

    def __init__(self, stop: StopEvent, **options: Any) -> None:
        super().__init__(**options)
        self.stop = stop

    @step
    async def only(self, ev: StartEvent) -> StopEvent:
        """End."""
        return self.stop


class GivesTold(Gives):
    """Ends with an event of the application's own."""

    @step
    async def only(self, ev: StartEvent) -> Told:
        """End."""
        return self.stop  # type: ignore[return-value]  # the test gives the right one


class GivesShouted(Gives):
    """Ends with an event of the application's own that has no fields."""

    @step
    async def only(self, ev: StartEvent) -> Shouted:
        """End."""
        return self.stop  # type: ignore[return-value]  # the test gives the right one


def said(seen: Capture, name: str) -> str:
    """The one text that a span says was answered."""
    ((part,),) = [
        message["parts"] for message in whole(seen.span(name))["attributes"]["gen_ai.output.messages"]
    ]
    text: str = part["content"]
    return text


@pytest.mark.parametrize("by_callbacks", [False, True], ids=["dispatcher", "callbacks"])
def test_an_answer_with_a_structure(by_callbacks: bool, seen: Capture) -> None:
    """The answer of a query engine with `output_cls` is the structure, without the texts it is drawn from."""
    handler = Handler(**seen.providers, capture_content="span")
    manager = CallbackManager([handler] if by_callbacks else [])
    if not by_callbacks:
        handler.attach()
    engine = RetrieverQueryEngine.from_args(
        INDEX.as_retriever(),
        llm=llm(asks("City", name="Paris")),
        output_cls=City,
        response_mode="compact",
        callback_manager=manager,
    )
    engine.query("q")
    handler.detach()
    assert said(seen, "invoke_workflow") == '{"name":"Paris"}'


@pytest.mark.parametrize(
    ("flow", "stop", "told"),
    [
        (GivesTold, Told(answer="yes", pages=2), '{"answer":"yes","pages":2}'),
        (GivesShouted, Shouted(result="yes"), "yes"),
        (Gives, StopEvent(result=Scored(result=5, note="n")), '{"result":5,"note":"n"}'),
        (Gives, StopEvent(result=0), "0"),
    ],
    ids=["own-event", "own-event-without-fields", "field-called-result", "zero"],
)
def test_what_a_workflow_gives(flow: type[Gives], stop: StopEvent, told: str, seen: Capture) -> None:
    """A stop event of the application's own is the result; any other's result is, whatever its fields are called."""
    handler = Handler(**seen.providers, capture_content="span").attach()

    async def main() -> None:
        await flow(stop).run()

    asyncio.run(main())
    handler.detach()
    assert said(seen, f"invoke_workflow {flow.__name__}") == told


def test_an_agents_answer_with_a_structure(seen: Capture) -> None:
    """What an agent with `output_cls` answers is its text and the structure."""
    handler = Handler(**seen.providers, capture_content="span").attach()

    async def main() -> None:
        model = llm("It is Paris.", asks("City", name="Paris"))
        await FunctionAgent(name="guide", tools=[], llm=model, output_cls=City).run("where?")

    asyncio.run(main())
    handler.detach()
    (message,) = whole(seen.span("invoke_agent guide"))["attributes"]["gen_ai.output.messages"]
    assert [part["content"] for part in message["parts"]] == ["It is Paris.", '{"name":"Paris"}']


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        (QueryEngineTool.from_defaults(INDEX.as_query_engine(llm=llm("a b")), name="t"), "a b"),
        (RetrieverTool.from_defaults(ONE.as_retriever(), name="t"), "one\n\n"),
        (
            FunctionTool.from_defaults(lambda city: TextBlock(text=city), name="t"),
            {"block_type": "text", "text": "q"},
        ),
        (FunctionTool.from_defaults(lambda city: City(name=city), name="t"), {"name": "q"}),
    ],
    ids=["query", "retriever", "block", "function"],
)
def test_what_a_tool_gives(tool: Any, told: Any, seen: Capture) -> None:
    """What the model is told, and not all that a response and its nodes hold; data of the application's own whole."""
    handler = Handler(**seen.providers, capture_content="span").attach()
    tool.call("q") if isinstance(tool, (QueryEngineTool, RetrieverTool)) else tool.call(city="q")
    handler.detach()
    result = whole(seen.span("execute_tool t"))["attributes"]["gen_ai.tool.call.result"]
    assert result == (told if isinstance(told, dict) else {"content": told})


def test_a_response_has_a_handle(seen: Capture) -> None:
    """A model's response names the call that gave it, for feedback."""
    handler = Handler(**seen.providers).attach()
    response = llm().chat([ChatMessage("hi")])
    handler.detach()
    call = seen.span("chat scripted-1").context
    named = from_handle(handle_of(response, handler.telemetry))
    found = named.context.trace_id, named.context.span_id, named.response_id
    assert found == (call.trace_id, call.span_id, "chatcmpl-1")
