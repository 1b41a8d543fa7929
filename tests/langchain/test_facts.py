"""The application's own facts through LangChain: tenants, cost, prompts, conversations, feedback."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from agents import make_agent
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langchain_core.tracers.context import collect_runs
from models import USAGE, ScriptedModel, asks
from opentelemetry import trace

from genai_otel_core import conversation
from genai_otel_core.feedback import handle_of, record_evaluation
from genai_otel_core.handles import from_handle
from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler
from scenarios import HI


def answering(**metadata: Any) -> AIMessage:
    """An answer with usage and what else the provider says."""
    return AIMessage("fine", usage_metadata=USAGE, response_metadata={"model_name": "m-1", **metadata})


def test_a_tenant_is_on_all_spans_of_the_run(seen: Capture) -> None:
    """Allowed metadata and tags are on every span of an agent's run, the framework's own keys on none."""

    @tool
    def look(where: str) -> str:
        """Look."""
        trace.get_current_span().set_attribute("app.feature", "look-up")
        return "seen"

    handler = Handler(
        metadata_attributes=["tenant.id", "blue"], metric_attributes=["tenant.id"], **seen.providers
    )
    agent = make_agent(ScriptedModel(answers=[asks("look", where="x"), "done"]), [look])
    agent.invoke(
        {"messages": [("user", "go")]},
        {"callbacks": [handler], "metadata": {"tenant.id": "acme", "other": "x"}, "tags": ["blue", "red"]},
    )
    assert len(seen.spans) == 4
    for span in seen.spans:
        assert (span.attributes["tenant.id"], span.attributes["blue"]) == ("acme", True), span.name
        assert not {"other", "red"} & span.attributes.keys()
        assert not [key for key in span.attributes if key.startswith(("langgraph_", "ls_"))]
    assert [span.name for span in seen.spans if "app.feature" in span.attributes] == ["execute_tool look"]
    points = seen.metrics()["gen_ai.client.operation.duration"]
    assert [point["attributes"]["tenant.id"] for point in points] == ["acme"]
    assert "blue" not in points[0]["attributes"]


def test_two_tenants_through_one_handler(seen: Capture) -> None:
    """Each call's spans carry their own tenant only."""
    handler = Handler(metadata_attributes=["tenant.id"], **seen.providers)
    chain = RunnableLambda(lambda text: ScriptedModel(answers=["fine"]).invoke(text))
    for tenant in ("a", "b"):
        chain.invoke("x", {"callbacks": [handler], "metadata": {"tenant.id": tenant}})
    chain.invoke("x", {"callbacks": [handler]})
    found = [(span.name.split()[0], span.attributes.get("tenant.id")) for span in seen.spans]
    assert found == [(name, tenant) for tenant in ("a", "b", None) for name in ("chat", "invoke_workflow")]


@pytest.mark.parametrize(
    "metadata",
    [
        {"token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.25}},
        {"usage": {"cost": {"total_cost": 0.25, "currency": "USD"}}},
        {"cost": 0.25},
    ],
)
def test_a_cost_that_the_provider_reports(metadata: dict[str, Any], seen: Capture) -> None:
    """A gateway's own figure is passed through, before any price list."""
    handler = Handler(prices={"m-1": {"input": 1, "output": 1}}, **seen.providers)
    ScriptedModel(answers=[answering(**metadata)]).invoke("x", {"callbacks": [handler]})
    (span,) = seen.spans
    assert (span.attributes["ai.cost.usd"], span.attributes["ai.cost.source"]) == (0.25, "provider")


def test_a_computed_cost_is_on_model_calls_only(seen: Capture) -> None:
    """A price table's cost is on the call's span and in the histogram, once, and not on what is above."""
    handler = Handler(prices={"m-1": {"input": 1.0, "output": 2.0}}, **seen.providers)
    chain = RunnableLambda(lambda text: ScriptedModel(answers=[answering()]).invoke(text))
    chain.invoke("x", {"callbacks": [handler]})
    assert [span.name for span in seen.spans if "ai.cost.usd" in span.attributes] == ["chat scripted-1"]
    (point,) = seen.metrics()["ai.cost.usd"]
    assert (point["count"], point["sum"]) == (1, pytest.approx(20e-6))


def test_an_answer_from_the_cache_costs_nothing(seen: Capture) -> None:
    """A second, cached answer has no cost attribute and adds no point."""
    handler = Handler(prices={"m-1": {"input": 1.0, "output": 2.0}}, **seen.providers)
    model = ScriptedModel(answers=[answering()], cache=InMemoryCache())
    for _ in range(2):
        model.invoke("x", {"callbacks": [handler]})
    assert ["ai.cost.usd" in span.attributes for span in seen.spans] == [True, False]
    assert seen.metrics()["ai.cost.usd"][0]["count"] == 1


@pytest.mark.parametrize(("convention", "name", "version"), [("dev", "support", "7"), ("1.41", None, None)])
def test_prompts_have_names(convention: str, name: str | None, version: str | None, seen: Capture) -> None:
    """A prompt's name and version are on the call where the convention has words for them, with content off."""
    handler = Handler(convention=convention, **seen.providers)
    chain = RunnableLambda(lambda text: ScriptedModel(answers=["fine"]).invoke(text))
    chain.invoke("x", {"callbacks": [handler], "metadata": {"prompt_name": "support", "prompt_version": 7}})
    span = seen.span("chat scripted-1")
    assert span.attributes.get("gen_ai.prompt.name") == name
    assert span.attributes.get("gen_ai.prompt.version") == version


def prompt(name: str | None = None, **metadata: str) -> ChatPromptTemplate:
    """A prompt as the application makes it, or pulls it from the LangChain Hub."""
    template = ChatPromptTemplate.from_messages([("user", "{x}")])
    template.name, template.metadata = name, metadata or None
    return template


HUB = {"lc_hub_owner": "acme", "lc_hub_repo": "support", "lc_hub_commit_hash": "a1b2"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (prompt(**HUB), ("acme/support", "a1b2")),
        (prompt(**{**HUB, "lc_hub_owner": "-"}), ("support", "a1b2")),
        (prompt("greeting"), ("greeting", None)),
        (prompt("greeting", **HUB), ("acme/support", "a1b2")),
        (prompt(), (None, None)),
    ],
)
@pytest.mark.parametrize("detail", ["operations", "everything"])
def test_prompts_that_have_names(template: Any, expected: Any, detail: str, seen: Capture) -> None:
    """A prompt that the application named or pulled from the Hub is the one of the calls after it."""
    handler = Handler(convention="dev", detail=detail, **seen.providers)
    (template | ScriptedModel(answers=["fine"])).invoke({"x": "secret"}, {"callbacks": [handler]})
    attributes = seen.span("chat scripted-1").attributes
    assert (attributes.get("gen_ai.prompt.name"), attributes.get("gen_ai.prompt.version")) == expected
    assert "secret" not in str(dict(attributes))


async def test_each_call_has_the_prompt_before_it(seen: Capture) -> None:
    """Of several prompts in a chain each names its own call, branches do not mix, and the call's own name wins."""
    handler = Handler(convention="dev", **seen.providers)
    model = ScriptedModel(answers=["fine"])
    both = prompt("one") | model | (lambda message: {"x": message.content}) | prompt("two") | model
    branches = {"a": prompt("left") | model, "b": prompt("right") | model, "c": prompt() | model}
    chain = both | (lambda message: [("user", "x")]) | RunnableParallel(c=model)
    await chain.ainvoke({"x": "1"}, {"callbacks": [handler]})
    names = [span.attributes.get("gen_ai.prompt.name") for span in seen.spans if "chat" in span.name]
    assert names == ["one", "two", "two"]
    await RunnableParallel(branches).ainvoke({"x": "1"}, {"callbacks": [handler]})
    names = [span.attributes.get("gen_ai.prompt.name") for span in seen.spans if "chat" in span.name][3:]
    assert set(names) == {None, "left", "right"}
    metadata = {"prompt_name": "mine"}
    await (prompt("one") | model).ainvoke({"x": "1"}, {"callbacks": [handler], "metadata": metadata})
    assert [span for span in seen.spans if "chat" in span.name][-1].attributes["gen_ai.prompt.name"] == "mine"


@pytest.mark.parametrize("key", ["thread_id", "session_id", "conversation_id"])
@pytest.mark.parametrize("how", ["metadata", "configurable"])
def test_a_conversation_by_what_a_chain_is_called_with(how: str, key: str, seen: Capture) -> None:
    """The root's conversation is that of the calls below, also where LangChain does not copy it to metadata."""
    chain = ChatPromptTemplate.from_template("{x}") | ScriptedModel(answers=["hi"])
    chain.invoke({"x": "hi"}, {"callbacks": [Handler(**seen.providers)], how: {key: "c-8"}})
    (chat,) = [span for span in seen.spans if span.name == "chat scripted-1"]
    assert chat.attributes["gen_ai.conversation.id"] == "c-8"


@pytest.mark.parametrize("how", ["metadata", "configurable"])
async def test_a_conversation_by_what_a_model_is_called_with(how: str, seen: Capture) -> None:
    """The same for a model that is called by itself, in each way."""
    model, config = (
        ScriptedModel(answers=["hi"]),
        {"callbacks": [Handler(**seen.providers)], how: {"thread_id": "c"}},
    )
    model.invoke("hi", config)
    await model.ainvoke("hi", config)
    list(model.stream("hi", config))
    async for _ in model.astream("hi", config):
        pass
    FakeListLLM(responses=["hi"]).invoke("hi", config)
    model.generate([[HumanMessage("hi")]], callbacks=config["callbacks"])
    found = [span.attributes.get("gen_ai.conversation.id") for span in seen.spans]
    assert found == ["c", "c", "c", "c", "c", None]


@pytest.mark.parametrize("how", ["metadata", "configurable"])
def test_a_conversation_whose_id_is_no_text(how: str, seen: Capture) -> None:
    """A UUID or a number is an id, too; a flag or an empty text is none."""
    chain = ChatPromptTemplate.from_template("{x}") | ScriptedModel(answers=["hi"])
    for thread in (UUID(int=7), 7, True, ""):
        chain.invoke({"x": "hi"}, {"callbacks": [Handler(**seen.providers)], how: {"thread_id": thread}})
    found = [span.attributes.get("gen_ai.conversation.id") for span in seen.spans if "chat" in span.name]
    assert found == ["00000000-0000-0000-0000-000000000007", "7", None, None]


def test_a_graph_that_remembers_the_conversation_of_another_call(seen: Capture) -> None:
    """Of the thread in what is bound to a graph and that of the call, the call's counts, and for all calls below."""
    config = {"callbacks": [Handler(**seen.providers)]}
    agent = make_agent(ScriptedModel(answers=["hi"]), [], name="agent")
    for thread in ("t-1", "t-2"):  # langgraph before 1.2 would keep the first in an agent's own metadata
        agent.invoke(HI, {**config, "configurable": {"thread_id": thread}})
    bound = agent.with_config({"metadata": {"thread_id": "bound"}})
    bound.invoke(HI, {**config, "configurable": {"thread_id": "t-3"}})
    bound.invoke(HI, config)
    named = [
        span.attributes["gen_ai.conversation.id"] for span in seen.spans if span.name == "invoke_agent agent"
    ]
    asked = [
        span.attributes["gen_ai.conversation.id"] for span in seen.spans if span.name == "chat scripted-1"
    ]
    assert named == asked == ["t-1", "t-2", "t-3", "bound"]


def test_a_conversation_by_a_block(seen: Capture) -> None:
    """A block around a call names its conversation; a thread id comes first."""
    handler = Handler(**seen.providers)
    model = ScriptedModel(answers=["fine"])
    with conversation("c-7"):
        model.invoke("x", {"callbacks": [handler]})
        model.invoke("x", {"callbacks": [handler], "metadata": {"thread_id": "t-1"}})
    assert [span.attributes["gen_ai.conversation.id"] for span in seen.spans] == ["c-7", "t-1"]


@pytest.mark.filterwarnings("ignore:The `copy` method is deprecated")  # langchain-core 0.3 in its collector
def test_feedback_on_an_answer_from_its_message(seen: Capture) -> None:
    """A message that a model answered with, and a finished run of a tracer, lead to the handle of the call."""
    handler = Handler(**seen.providers)
    with collect_runs() as collected:
        message = ScriptedModel(answers=[answering(id="resp_1")]).invoke("x", {"callbacks": [handler]})
    named = from_handle(handle_of(message))
    assert (named.context.span_id, named.response_id) == (seen.spans[0].context.span_id, "resp_1")
    assert handle_of(collected.traced_runs[0]) == handle_of(message)
    record_evaluation(handle_of(message), "user_feedback", label="thumbs_up", telemetry=handler.telemetry)
    (event,) = seen.logs()
    assert event.span_id == seen.spans[0].context.span_id
