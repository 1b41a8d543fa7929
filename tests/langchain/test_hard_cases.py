"""The truth in the hard cases: retries, fallbacks, interrupts, opt-outs, routing, causes, caches, announcements."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from agents import make_agent
from langchain_core.caches import InMemoryCache
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from models import USAGE, ScriptedModel, asks
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

from genai_otel_core import RootRun, suppress
from genai_otel_core.testing import Capture, capture, walk
from genai_otel_langchain import Handler

HI = {"messages": [("user", "hi")]}


def config(seen: Capture, **options: Any) -> dict[str, Any]:
    return {"callbacks": [Handler(**seen.providers, **options)]}


def attributes(seen: Capture, *names: str) -> list[tuple[Any, ...]]:
    """These attributes of the spans that have the first, in the order of the tree."""
    return [
        tuple(span.attributes.get(name) for name in names)
        for _, span in walk(seen.spans)
        if names[0] in span.attributes
    ]


def call(runnable: Any, given: Any, settings: dict[str, Any], asynchronous: bool) -> Any:
    if asynchronous:
        return asyncio.run(runnable.ainvoke(given, settings))
    return runnable.invoke(given, settings)


both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@both
def test_a_retried_model_is_one_operation_with_numbered_attempts(asynchronous: bool, seen: Capture) -> None:
    """The logical parent is no error, each attempt has its number and error, and points count each."""
    model = ScriptedModel(answers=[ValueError("a"), ValueError("b"), "ok"])
    call(model.with_retry(wait_exponential_jitter=False), "x", config(seen), asynchronous)
    assert seen.tree() == "retry\n  chat scripted-1\n  chat scripted-1\n  chat scripted-1"
    assert attributes(seen, "genai_otel.attempt.number", "error.type") == [
        (1, "ValueError"),
        (2, "ValueError"),
        (3, None),
    ]
    parent = seen.span("retry")
    assert parent.status.is_unset
    assert dict(parent.attributes) == {"genai_otel.attempt.count": 3, "genai_otel.step.kind": "retry"}
    points = seen.metrics()["genai_otel.attempts"]
    numbered = {p["attributes"]["genai_otel.attempt.number"]: p["value"] for p in points}
    assert numbered == {1: 1, 2: 1, 3: 1}


def test_a_retried_chain_shows_each_attempt(seen: Capture) -> None:
    """What would be plumbing elsewhere is an attempt below a retry."""
    chain = (
        ChatPromptTemplate.from_template("{q}")
        | ScriptedModel(answers=[ValueError("a"), "ok"])
        | StrOutputParser()
    )
    chain.with_retry(wait_exponential_jitter=False).invoke({"q": "x"}, config(seen))
    assert seen.tree() == "retry\n  attempt\n    chat scripted-1\n  attempt\n    chat scripted-1"
    assert attributes(seen, "genai_otel.attempt.number", "error.type") == [(1, "ValueError"), (2, None)]


@both
def test_a_fallback_names_what_failed_and_what_came_next(asynchronous: bool, seen: Capture) -> None:
    """The second model says what it stands in for, and the step above lists both."""
    first = ScriptedModel(answers=[ValueError("a")], model="first")
    second = ScriptedModel(answers=["ok"], model="second")
    call(first.with_fallbacks([second]), "x", config(seen), asynchronous)
    assert seen.tree() == "fallback\n  chat first\n  chat second"
    assert seen.span("chat second").attributes["genai_otel.fallback.from"] == "first"
    step = seen.span("fallback")
    assert step.status.is_unset
    assert step.attributes["genai_otel.fallback.failed"] == ("first",)
    assert step.attributes["genai_otel.fallback.used"] == "second"


def test_all_attempts_failing_fail_the_operation(seen: Capture) -> None:
    """The parent has the error that reached the application."""
    model = ScriptedModel(answers=[ValueError("a")])
    with pytest.raises(ValueError, match="a"):
        model.with_retry(wait_exponential_jitter=False, stop_after_attempt=2).invoke("x", config(seen))
    assert seen.span("retry").attributes["error.type"] == "ValueError"


def test_a_failed_calls_tokens_are_kept(seen: Capture) -> None:
    """A stream that fails after its usage came still counts what it used."""
    from langchain_core.messages import AIMessageChunk
    from langchain_core.outputs import ChatGenerationChunk

    class Breaks(ScriptedModel):
        def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
            chunk = ChatGenerationChunk(message=AIMessageChunk("partial", usage_metadata=USAGE))
            if run_manager:
                run_manager.on_llm_new_token("partial", chunk=chunk)
            yield chunk
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        list(Breaks(answers=["x"]).stream("hi", config(seen)))
    span = seen.span("chat scripted-1")
    assert span.attributes["error.type"] == "ConnectionError"
    assert span.attributes["gen_ai.usage.output_tokens"] == 5
    assert [p["sum"] for p in seen.metrics()["gen_ai.client.token.usage"]] == [10, 5]


def _asking_graph(checkpointer: Any) -> Any:
    def ask(state: Any) -> Any:
        return {"messages": [("ai", interrupt("sure?"))]}

    graph = StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask")
    return graph.compile(name="approval", checkpointer=checkpointer)


@pytest.mark.parametrize(
    "asynchronous",
    [
        False,
        pytest.param(
            True,
            marks=pytest.mark.skipif(
                sys.version_info < (3, 11), reason="LangGraph's interrupt() needs 3.11 here"
            ),
        ),
    ],
    ids=["sync", "async"],
)
def test_a_resumed_run_links_to_the_interrupted_one(asynchronous: bool, seen: Capture) -> None:
    """The interrupted run is marked and no error; the resumed one has its link and how long it waited."""
    graph = _asking_graph(InMemorySaver())
    settings = {**config(seen), "configurable": {"thread_id": "t-1"}}
    call(graph, HI, settings, asynchronous)
    call(graph, Command(resume="yes"), settings, asynchronous)
    first, second = [span for _, span in walk(seen.spans) if span.name == "invoke_workflow approval"]
    assert first.attributes["genai_otel.outcome"] == "interrupted"
    assert first.status.is_unset
    assert "error.type" not in first.attributes
    assert [link.context.span_id for link in second.links] == [first.context.span_id]
    assert second.attributes["genai_otel.resume.wait"] >= 0
    assert "genai_otel.outcome" not in second.attributes
    assert first.links == ()
    (waits,) = seen.logs()
    assert (waits.event_name, waits.span_id) == ("genai_otel.operation.interrupt", first.context.span_id)
    assert waits.attributes["gen_ai.workflow.name"] == "approval"
    ids = first.attributes["genai_otel.interrupt.ids"]
    assert tuple(waits.attributes["genai_otel.interrupt.ids"]) == ids


def test_a_run_resumed_in_another_process_links_too(tmp_path: Path) -> None:
    """Two handlers that share nothing but a directory link through it."""
    saver = InMemorySaver()
    thread = {"configurable": {"thread_id": "t-2"}}
    with capture() as before:
        _asking_graph(saver).invoke(HI, {**config(before, resume_store=str(tmp_path)), **thread})
        interrupted = before.span("invoke_workflow approval").context
    with capture() as after:
        _asking_graph(saver).invoke(Command(resume="yes"), {**config(after, resume_store=tmp_path), **thread})
        (link,) = after.span("invoke_workflow approval").links
    assert (link.context.trace_id, link.context.span_id) == (interrupted.trace_id, interrupted.span_id)


def test_a_new_message_in_a_conversation_resumes_nothing(seen: Capture) -> None:
    """Only a run that goes on with the graph is linked."""
    graph = _asking_graph(InMemorySaver())
    settings = {**config(seen), "configurable": {"thread_id": "t-3"}}
    graph.invoke(HI, settings)
    graph.invoke(HI, settings)
    assert [span.links for span in seen.spans] == [()] * 4


def test_an_exception_that_is_only_called_graph_interrupt_is_an_error(seen: Capture) -> None:
    """Control flow is told by type, not by name."""

    class GraphInterrupt(Exception):
        pass

    def step(x: Any) -> Any:
        raise GraphInterrupt("mine")

    with pytest.raises(GraphInterrupt):
        RunnableLambda(step).invoke("x", config(seen))
    assert seen.span("invoke_workflow step").attributes["error.type"].endswith("GraphInterrupt")


@tool
def look(x: int) -> str:
    """Look something up."""
    return f"found {x}"


def test_a_tool_that_does_not_exist_is_a_failed_execution(seen: Capture) -> None:
    """The framework answers the call itself; the span is there, failed, and the agent recovers."""
    agent = make_agent(ScriptedModel(answers=[asks("nope", "n1", x=1), "sorry"]), [look], name="helper")
    agent.invoke(HI, config(seen))
    assert seen.tree() == "invoke_agent helper\n  chat scripted-1\n  execute_tool nope\n  chat scripted-1"
    span = seen.span("execute_tool nope")
    assert span.attributes["error.type"] == "tool_error"
    assert span.attributes["gen_ai.tool.call.id"] == "n1"
    assert seen.span("invoke_agent helper").status.is_unset


@pytest.mark.guard_may_catch
def test_our_own_troubles_are_metrics_when_asked_for(seen: Capture) -> None:
    """Caught errors and evicted runs are counted; without the option there is no such metric."""
    handler = Handler(**seen.providers, self_metrics=True, max_runs=1)
    runs = [uuid4() for _ in range(3)]
    for run_id in runs:
        handler.on_tool_start({"name": "t"}, "x", run_id=run_id)
    handler.on_tool_end("x", run_id=runs[-1])
    handler.on_chain_start({}, {})
    metrics = seen.metrics()
    assert metrics["genai_otel.self.evicted_runs"] == [{"attributes": {}, "unit": "{run}", "value": 2}]
    assert [p["value"] for p in metrics["genai_otel.self.errors"]] == [1]


@pytest.mark.parametrize("name", ["ModelRetryMiddleware", "ToolRetryMiddleware"])
def test_retry_middleware_numbers_what_it_tries_again(name: str, seen: Capture) -> None:
    """Each attempt has its number, and the agent is no error."""
    middleware = getattr(pytest.importorskip("langchain.agents.middleware"), name, None)
    if middleware is None:
        pytest.skip("this LangChain has no such middleware")
    failures = iter([ValueError("a"), ValueError("b")])

    @tool
    def flaky(x: int) -> str:
        """Fail twice."""
        if name == "ToolRetryMiddleware":
            for failure in failures:
                raise failure
        return "ok"

    answers = [asks("flaky", x=1), "done"]
    if name == "ModelRetryMiddleware":
        answers = [*failures, "done"]
    agent = make_agent(
        ScriptedModel(answers=answers), [flaky], "helper", middleware=[middleware(initial_delay=0.001)]
    )
    agent.invoke(HI, config(seen))
    tried = "chat scripted-1" if name == "ModelRetryMiddleware" else "execute_tool flaky"
    found = [span.attributes for _, span in walk(seen.spans) if span.name == tried]
    assert [one.get("genai_otel.attempt.number") for one in found] == [1, 2, 3]
    assert [one.get("error.type") for one in found] == ["ValueError", "ValueError", None]
    assert seen.span("invoke_agent helper").status.is_unset


@both
def test_fallback_middleware_says_what_a_model_stands_in_for(asynchronous: bool, seen: Capture) -> None:
    """The model that answers names the one that failed, and both are numbered."""
    found = getattr(pytest.importorskip("langchain.agents.middleware"), "ModelFallbackMiddleware", None)
    if found is None:
        pytest.skip("this LangChain has no such middleware")
    second = ScriptedModel(answers=["ok"], model="second")
    first = ScriptedModel(answers=[ValueError("a")], model="first")
    call(make_agent(first, [], "helper", middleware=[found(second)]), HI, config(seen), asynchronous)
    told = ("genai_otel.attempt.number", "genai_otel.fallback.from", "error.type")
    assert attributes(seen, *told) == [(1, None, "ValueError"), (2, "first", None)]
    assert seen.span("invoke_agent helper").status.is_unset


def test_two_telemetries_below_each_other_keep_their_providers(seen: Capture) -> None:
    """A run below another handler's run is its child, and goes to its own handler's providers."""
    with capture() as other:
        model = ScriptedModel(answers=["x"])

        def step(x: Any) -> Any:
            return model.invoke(x, config(other))

        RunnableLambda(step).invoke("x", config(seen))
        assert seen.tree() == "invoke_workflow step"
        (below,) = other.spans
        assert below.parent.span_id == seen.spans[0].context.span_id


def test_a_stream_left_inside_a_run_of_another_handler(seen: Capture) -> None:
    """What is open above, of whichever handler, changes nothing about how an abandoned stream ends."""
    with capture() as other:
        chain = ChatPromptTemplate.from_template("{q}") | ScriptedModel(answers=["a b c"]) | StrOutputParser()

        def step(x: Any) -> str:
            stream = chain.stream({"q": x}, config(other))
            return next(chunk for chunk in stream if chunk)

        RunnableLambda(step).invoke("x", config(seen))
        assert [span.name for span in other.spans] == ["chat scripted-1", "invoke_workflow"]
        assert other.span("invoke_workflow").attributes["genai_otel.outcome"] == "abandoned"


@both
def test_each_tool_links_to_the_call_that_asked_for_it(asynchronous: bool, seen: Capture) -> None:
    """Two model calls that ask for two tools each: four links, each to the right chat span."""

    def two(first: str, second: str) -> Any:
        answer = asks("look", first, x=1)
        answer.tool_calls.append({"name": "look", "args": {"x": 2}, "id": second, "type": "tool_call"})
        return answer

    model = ScriptedModel(answers=[two("a1", "a2"), two("b1", "b2"), "done"])
    call(make_agent(model, [look], name="helper"), HI, config(seen), asynchronous)
    chats = [span.context.span_id for _, span in walk(seen.spans) if span.name.startswith("chat")]
    linked = {
        span.attributes["gen_ai.tool.call.id"]: [link.context.span_id for link in span.links]
        for span in seen.spans
        if span.name == "execute_tool look"
    }
    assert linked == {"a1": [chats[0]], "a2": [chats[0]], "b1": [chats[1]], "b2": [chats[1]]}


def test_a_tool_of_a_resumed_run_links_to_the_call_before_the_interrupt(seen: Capture) -> None:
    """The call was asked for in the interrupted run and is made in the resumed one."""

    @tool
    def approve(x: int) -> str:
        """Ask a person."""
        return interrupt("sure?")

    agent = make_agent(
        ScriptedModel(answers=[asks("approve", "c-9", x=1), "done"]),
        [approve],
        name="boss",
        checkpointer=InMemorySaver(),
    )
    settings = {**config(seen, convention="dev"), "configurable": {"thread_id": "t-4"}}
    agent.invoke(HI, settings)
    agent.invoke(Command(resume="yes"), settings)
    points = seen.metrics()
    assert [p["count"] for p in points["gen_ai.execute_tool.duration"]] == [1], "it was one execution"
    assert [p["sum"] for p in points["gen_ai.invoke_agent.tool_calls"]] == [1]
    asked = next(span.context.span_id for _, span in walk(seen.spans) if span.name.startswith("chat"))
    tools = [span for span in seen.spans if span.name == "execute_tool approve"]
    assert [[link.context.span_id for link in span.links] for span in tools] == [[asked], [asked]]
    assert [span.attributes.get("genai_otel.outcome") for span in tools] == ["interrupted", None]


@pytest.mark.parametrize("key", ["genai_otel.enabled", "otel"])
def test_opt_out_by_metadata_covers_exactly_that_call(key: str, seen: Capture) -> None:
    """`genai_otel.enabled: False`, for short `otel: False`, silences a call and what is below it, and nothing else."""
    model = ScriptedModel(answers=["x"])

    def node(state: Any) -> Any:
        model.invoke("quiet", {"metadata": {key: False}})
        return {"messages": [model.invoke("loud")]}

    graph = StateGraph(MessagesState).add_node("n", node).add_edge(START, "n").compile(name="flow")
    graph.invoke(HI, config(seen))
    graph.invoke(HI, {**config(seen), "metadata": {key: False}})
    assert seen.tree() == "invoke_workflow flow\n  n\n    chat scripted-1"
    assert [p["count"] for p in seen.metrics()["gen_ai.client.operation.duration"]] == [1]


@both
def test_opt_out_by_context_covers_exactly_that_block(asynchronous: bool, seen: Capture) -> None:
    """`suppress()` works with `with` and `async with`, and ends with its block."""
    model = ScriptedModel(answers=["x"])
    settings = config(seen)

    async def main() -> None:
        async with suppress():
            await model.ainvoke("quiet", settings)
        await model.ainvoke("loud", settings)

    if asynchronous:
        asyncio.run(main())
    else:
        with suppress():
            model.invoke("quiet", settings)
        model.invoke("loud", settings)
    assert seen.tree() == "chat scripted-1"


def test_a_tenants_whole_tree_goes_to_its_providers() -> None:
    """Spans and points of a run, late children included, go where `provider_for` sends its root."""
    late: list[Any] = []
    model = ScriptedModel(answers=["x"], delay_s=0.01)

    async def node(state: Any, config: RunnableConfig) -> Any:
        late.append(asyncio.create_task(model.ainvoke("late", config)))
        return {"messages": [await model.ainvoke("hi", config)]}

    graph = StateGraph(MessagesState).add_node("n", node).add_edge(START, "n").compile(name="flow")
    with capture() as acme, capture() as other:

        def provider_for(root: RootRun) -> Any:
            return acme.providers if root.metadata.get("tenant.id") == "acme" else None

        handler = Handler(**other.providers, provider_for=provider_for)

        async def main() -> None:
            for tenant in ("acme", "zeta"):
                await graph.ainvoke(HI, {"callbacks": [handler], "metadata": {"tenant.id": tenant}})
            await asyncio.gather(*late)

        asyncio.run(main())
        tree = "invoke_workflow flow\n  n\n    chat scripted-1\n    chat scripted-1"
        assert acme.tree() == tree
        assert other.tree() == tree
        for seen in (acme, other):
            assert [p["count"] for p in seen.metrics()["gen_ai.client.operation.duration"]] == [2]


def test_a_late_child_in_a_busy_process_finds_its_parent(seen: Capture) -> None:
    """A thousand runs that have ended meanwhile are no reason to forget whose child it is."""
    kept: list[contextvars.Context] = []
    model, settings = ScriptedModel(answers=["x"]), config(seen)
    step = RunnableLambda(lambda given: kept.append(contextvars.copy_context()))
    step.with_config(run_name="step").invoke("x", settings)
    (handler,) = settings["callbacks"]
    for run_id in [uuid4() for _ in range(1000)]:
        handler.on_tool_start({"name": "busy"}, "x", run_id=run_id)
        handler.on_tool_end("x", run_id=run_id)
    kept[0].run(model.invoke, "late")
    late = seen.span("chat scripted-1")
    assert late.parent.span_id == seen.span("invoke_workflow step").context.span_id


@pytest.mark.guard_may_catch
def test_a_provider_for_that_fails_sends_to_the_default(seen: Capture) -> None:
    """The application's routing mistake costs no telemetry."""

    def provider_for(root: RootRun) -> Any:
        raise KeyError("tenant")

    ScriptedModel(answers=["x"]).invoke("hi", config(seen, provider_for=provider_for))
    assert seen.tree() == "chat scripted-1"


def test_what_a_provider_for_does_not_name_goes_to_the_telemetrys_own(seen: Capture) -> None:
    """A tenant with a tracer provider alone has its spans there, and its points where all points go."""
    with capture() as acme:

        def provider_for(root: RootRun) -> Any:
            return {"tracer_provider": acme.tracer_provider}

        ScriptedModel(answers=["x"]).invoke("hi", config(seen, provider_for=provider_for))
        assert acme.tree() == "chat scripted-1"
        assert seen.spans == []
        assert acme.metrics() == {}
        assert set(seen.metrics()) == {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}


def test_samplers_see_who_it_is_at_the_start() -> None:
    """Operation, provider, model, agent name and conversation are there for `should_sample`."""
    asked: dict[str, dict[str, Any]] = {}

    class Recording(Sampler):
        def should_sample(
            self, parent_context: Any, trace_id: int, name: str, *args: Any, **kwargs: Any
        ) -> Any:
            given = kwargs.get("attributes") or (args[1] if len(args) > 1 else {})
            asked.setdefault(name, dict(given or {}))
            return SamplingResult(Decision.DROP)

        def get_description(self) -> str:
            return "recording"

    with capture(sampler=Recording()) as seen:
        agent = make_agent(ScriptedModel(answers=[asks("look", x=1), "done"]), [look], name="helper")
        agent.invoke(HI, {**config(seen), "configurable": {"thread_id": "t-5"}})
        assert seen.spans == []
        assert [p["sum"] for p in seen.metrics()["gen_ai.client.token.usage"]] == [20, 10]
    assert asked["invoke_agent helper"] == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "helper",
        "gen_ai.conversation.id": "t-5",
    }
    assert asked["chat scripted-1"] == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "scripted-1",
        "gen_ai.conversation.id": "t-5",
    }
    assert asked["execute_tool look"] == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "look",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_1",
    }


@both
def test_metric_points_lead_to_the_span_they_are_of(asynchronous: bool, seen: Capture) -> None:
    """An exemplar has the ids of the operation's own span, which is no longer current when it ends."""
    chain = ChatPromptTemplate.from_template("{q}") | ScriptedModel(answers=["x"])
    call(chain, {"q": "x"}, config(seen), asynchronous)
    reported = seen.metric_reader.get_metrics_data()
    assert reported is not None
    (scope,) = reported.resource_metrics[0].scope_metrics
    found = {
        (exemplar.trace_id, exemplar.span_id)
        for metric in scope.metrics
        for point in metric.data.data_points
        for exemplar in point.exemplars
    }
    span = seen.span("chat scripted-1").context
    assert found == {(span.trace_id, span.span_id)}


def test_a_cache_hit_is_marked_and_not_billed(seen: Capture) -> None:
    """The second answer comes from LangChain's cache: no tokens on the span, none in the metric."""
    model = ScriptedModel(answers=["x"], cache=InMemoryCache())
    for _ in range(2):
        model.invoke("hi", config(seen))
    paid, cached = seen.spans
    assert "genai_otel.cache.hit" not in paid.attributes
    assert cached.attributes["genai_otel.cache.hit"] is True
    assert "gen_ai.usage.input_tokens" not in cached.attributes
    assert [(p["sum"], p["count"]) for p in seen.metrics()["gen_ai.client.token.usage"]] == [(10, 1), (5, 1)]


def test_starts_are_announced_when_asked_for(seen: Capture) -> None:
    """Each agent and tool leaves an event at its start that carries its span's id; model calls do not."""
    told: list[int] = []

    @tool
    def look(x: int) -> str:
        """Look whether it is known by now."""
        told.append(len(seen.logs()))
        return "found"

    agent = make_agent(ScriptedModel(answers=[asks("look", x=1), "done"]), [look], name="helper")
    agent.invoke(HI, config(seen, start_events=True))
    assert told == [2], "a process that is killed in the tool has said so"
    started = [(log.attributes["gen_ai.operation.name"], log.span_id) for log in seen.logs()]
    assert started == [
        ("invoke_agent", seen.span("invoke_agent helper").context.span_id),
        ("execute_tool", seen.span("execute_tool look").context.span_id),
    ]
    assert {log.event_name for log in seen.logs()} == {"genai_otel.operation.start"}


def test_an_agents_counts_are_its_own(seen: Capture) -> None:
    """A nested agent's calls and tokens are its own, and each is counted once."""
    inner = make_agent(ScriptedModel(answers=[asks("look", "i1", x=1), "inner"]), [look], name="inner")

    @tool
    def ask_inner(x: int) -> str:
        """Ask the other agent."""
        return str(inner.invoke(HI)["messages"][-1].content)

    make_agent(
        ScriptedModel(answers=[asks("ask_inner", "o1", x=1), "done"]), [ask_inner], name="outer"
    ).invoke(HI, config(seen))
    assert seen.span("invoke_agent inner").attributes["gen_ai.usage.input_tokens"] == 20
    assert seen.span("invoke_agent outer").attributes["gen_ai.usage.input_tokens"] == 20
