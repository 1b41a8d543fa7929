"""The hard cases, where they apply to LlamaIndex; `docs/what-happens-when.md` names these tests."""

from __future__ import annotations

import asyncio
import gc
import pickle
from typing import Any

import pytest
from llama_index.core import MockEmbedding
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from llama_index_instrumentation.dispatcher import instrument_tags
from llama_models import ScriptedLLM, asks, llm
from llama_scenarios import ADD, INDEX
from llama_scenarios_flows import until_asked
from opentelemetry import baggage, context, trace
from opentelemetry.instrumentation.utils import is_http_instrumentation_enabled, suppress_http_instrumentation

from genai_otel_core import RootRun, conversation, suppress
from genai_otel_core.testing import Capture, capture
from genai_otel_llamaindex import Handler
from serving import serve_who_leaves

SAID = [ChatMessage("hi")]


def of(seen: Capture, *names: str) -> list[tuple[Any, ...]]:
    """These attributes of each span, by start."""
    spans = sorted(seen.spans, key=lambda span: span.start_time)
    return [tuple((span.attributes or {}).get(name) for name in names) for span in spans]


def test_each_tool_links_to_the_call_that_asked_for_it(seen: Capture, handler: Handler) -> None:
    """Two calls of one answer, and a later one: each execution has a link to its chat span."""
    both, second = asks("add", "call_1", a=1, b=1), asks("add", "call_2", a=2, b=2)
    both.additional_kwargs["tool_calls"] += second.additional_kwargs["tool_calls"]
    later = asks("add", "call_3", a=3, b=3)

    async def main() -> None:
        await FunctionAgent(name="x", tools=[ADD], llm=llm(both, later, "done")).run("go")

    asyncio.run(main())
    chats = [span for span in seen.spans if span.name == "chat scripted-1"]
    found = {
        span.attributes["gen_ai.tool.call.id"]: [link.context.span_id for link in span.links]
        for span in seen.spans
        if span.name == "execute_tool add"
    }
    assert found == {
        "call_1": [chats[0].context.span_id],
        "call_2": [chats[0].context.span_id],
        "call_3": [chats[1].context.span_id],
    }


def test_a_cancelled_run_says_so(seen: Capture, handler: Handler) -> None:
    """`cancel_run` is the application's wish and no failure of the agents; what it cut off was cancelled."""

    async def main() -> None:
        model = llm(delay_s=60)
        slow = FunctionAgent(name="slow", description="d", tools=[ADD], llm=model)
        running = AgentWorkflow(agents=[slow], root_agent="slow").run(user_msg="go")
        await until_asked(model)
        await running.cancel_run()
        with pytest.raises(Exception) as raised:
            await running
        assert type(raised.value).__name__ == "WorkflowCancelledByUser"
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert of(seen, "gen_ai.operation.name", "genai_otel.outcome", "error.type") == [
        ("invoke_workflow", "cancelled", None),
        ("invoke_agent", "cancelled", None),
        ("chat", None, "asyncio.exceptions.CancelledError"),
    ]


async def test_a_client_that_disconnects_leaves_no_error(seen: Capture, handler: Handler) -> None:
    """A served stream whose client has gone is abandoned, and every span has ended."""

    async def words() -> Any:
        async for chunk in await llm("a b c d e f g h", delay_s=0.005).astream_chat(SAID):
            yield chunk.delta

    await serve_who_leaves(words, handler.telemetry)
    assert handler.telemetry.open_runs == 0
    assert of(seen, "genai_otel.outcome", "error.type") == [("abandoned", None)]


def test_opt_out_by_tags_covers_exactly_that_call(seen: Capture, handler: Handler) -> None:
    """Nothing of a query with that tag is reported, and all of the next one."""
    engine = INDEX.as_query_engine(llm=llm("a b"), streaming=True)
    with instrument_tags({"genai_otel.enabled": False}):
        list(engine.query("q").response_gen)
    assert seen.spans == []
    engine.query("q").get_response()
    assert len(seen.spans) == 5


def test_opt_out_by_context_covers_exactly_that_block(seen: Capture, handler: Handler) -> None:
    """`suppress()` inside a tool leaves out what the tool does in it."""

    def quietly(q: str) -> str:
        with suppress():
            llm().chat(SAID)
        return str(llm(model="loud").chat(SAID).message.content)

    FunctionTool.from_defaults(quietly)(q="x")
    assert seen.tree() == "execute_tool quietly\n  chat loud"


def test_a_tenants_whole_tree_goes_to_its_providers() -> None:
    """Spans and points of a run, a stream read later included, go where `provider_for` sends its root."""
    with capture() as acme, capture() as other:

        def provider_for(root: RootRun) -> Any:
            return acme.providers if root.metadata.get("tenant.id") == "acme" else None

        handler = Handler(**other.providers, provider_for=provider_for).attach()
        engine = INDEX.as_query_engine(llm=llm("a b"), streaming=True)
        for tenant in ("acme", "zeta"):
            with instrument_tags({"tenant.id": tenant}):
                response = engine.query("q")
            list(response.response_gen)
        handler.detach()
        assert acme.tree() == other.tree()
        assert len(acme.spans) == 5
        for seen in (acme, other):
            names = [p["attributes"]["gen_ai.operation.name"] for p in seen.metrics()[DURATION]]
            assert sorted(names) == ["chat", "embeddings"]


DURATION = "gen_ai.client.operation.duration"


def test_tags_and_baggage_become_attributes_if_allowed() -> None:
    """Of an application's tags those that are listed are on all spans of the run, and no others."""
    with capture() as seen:
        handler = Handler(**seen.providers, metadata_attributes=["tenant.id", "user.tier"]).attach()
        token = context.attach(baggage.set_baggage("user.tier", "gold"))
        with instrument_tags({"tenant.id": "acme", "other": "x"}):
            INDEX.as_query_engine(llm=llm()).query("q")
        context.detach(token)
        handler.detach()
        assert set(of(seen, "tenant.id", "user.tier", "other")) == {("acme", "gold", None)}


def test_tags_speak_for_an_agents_run_too() -> None:
    """Whose it is, where its content goes and whether it is told at all holds for the run, not only for its calls."""

    async def main() -> None:
        await FunctionAgent(name="x", tools=[ADD], llm=llm("done")).run("go")

    for tags, expected in (
        ({"genai_otel.enabled": False}, set()),
        ({"genai_otel.capture_content": "never", "tenant.id": "acme"}, {("acme", None, False)}),
        ({"tenant.id": "acme", "session_id": "s-1"}, {("acme", "s-1", True)}),
    ):
        with capture() as seen, capture() as acme:

            def provider_for(root: RootRun, acme: Capture = acme) -> Any:
                return acme.providers if root.metadata.get("tenant.id") == "acme" else None

            options = {"capture_content": "span", "metadata_attributes": ["tenant.id"]}
            handler = Handler(**seen.providers, provider_for=provider_for, **options).attach()
            with instrument_tags(tags):
                asyncio.run(main())
            handler.detach()
            names = "tenant.id", "gen_ai.conversation.id", "gen_ai.input.messages"
            found = {(tenant, talk, said is not None) for tenant, talk, said in of(acme, *names)}
            assert (seen.spans, found, len(acme.spans)) == ([], expected, 2 * len(expected))


def test_an_agents_counts_are_its_own() -> None:
    """An agent that a tool calls has its own tokens and calls, and they are not the outer one's."""
    with capture() as seen:
        handler = Handler(**seen.providers, convention="dev").attach()
        inner = FunctionAgent(name="inner", tools=[ADD], llm=llm(asks("add", a=1, b=2), "3"))

        async def delegate(q: str) -> str:
            return str(await inner.run(q))

        tools = [FunctionTool.from_defaults(async_fn=delegate)]
        outer = FunctionAgent(name="outer", tools=tools, llm=llm(asks("delegate", q="x"), "done"))

        async def main() -> None:
            await outer.run("go")

        asyncio.run(main())
        handler.detach()
        for name in ("inner", "outer"):
            attributes = seen.span(f"invoke_agent {name}").attributes
            assert attributes["gen_ai.usage.input_tokens"] == 20
        for name in ("inference_calls", "tool_calls"):
            points = seen.metrics()[f"gen_ai.invoke_agent.{name}"]
            sums = {p["attributes"]["gen_ai.agent.name"]: p["sum"] for p in points}
            assert sums == dict.fromkeys(("inner", "outer"), 2 if name == "inference_calls" else 1)


def test_what_the_application_set_reaches_the_call(seen: Capture, handler: Handler) -> None:
    """Baggage and suppressed HTTP in a step hold in the model call made there; attributes land on its span."""
    found: list[Any] = []

    class Looking(ScriptedLLM):
        def _next(self) -> ChatMessage:
            found.append((baggage.get_baggage("tenant"), is_http_instrumentation_enabled()))
            trace.get_current_span().set_attribute("app.in_call", "yes")
            return super()._next()

    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            trace.get_current_span().set_attribute("app.in_step", "yes")
            token = context.attach(baggage.set_baggage("tenant", "acme"))
            with suppress_http_instrumentation():
                await Looking(answers=["x"]).achat(SAID)
            context.detach(token)
            return StopEvent()

    async def main() -> None:
        await Flow().run()

    asyncio.run(main())
    assert found == [("acme", False)]
    assert seen.span("go").attributes["app.in_step"] == "yes"
    assert seen.span("chat scripted-1").attributes["app.in_call"] == "yes"


def test_starts_are_announced_when_asked_for() -> None:
    """An event at the start of each workflow, agent and tool."""
    with capture() as seen:
        handler = Handler(**seen.providers, start_events=True).attach()
        agent = FunctionAgent(name="x", description="d", tools=[ADD], llm=llm(asks("add", a=1, b=2), "3"))

        async def main() -> None:
            await AgentWorkflow(agents=[agent], root_agent="x").run(user_msg="go")

        asyncio.run(main())
        handler.detach()
        names = [record.attributes["gen_ai.operation.name"] for record in seen.logs()]
        assert names == ["invoke_workflow", "invoke_agent", "execute_tool"]


def test_a_component_with_a_handler_is_pickled() -> None:
    """A callback manager's handler does not keep a component from being sent to another process."""
    manager = CallbackManager([Handler()])
    model = MockEmbedding(embed_dim=3, callback_manager=manager)
    sent = pickle.loads(pickle.dumps(model))
    assert sent.get_text_embedding("x") == model.get_text_embedding("x")


def test_the_block_names_the_conversation(seen: Capture, handler: Handler) -> None:
    """`conversation()` holds for any component."""
    with conversation("support-42"):
        INDEX.as_query_engine(llm=llm()).query("q")
    assert seen.span("chat scripted-1").attributes["gen_ai.conversation.id"] == "support-42"


def test_a_failed_calls_tokens_are_kept(seen: Capture, handler: Handler) -> None:
    """A stream that fails after its usage came has spent it: on the span, and in the metrics."""

    class Breaking(ScriptedLLM):
        def _chunks(self, answer: ChatMessage) -> Any:
            yield from super()._chunks(answer)
            raise ConnectionError("lost")

    with pytest.raises(ConnectionError):
        list(Breaking(answers=["a b"]).stream_chat(SAID))
    assert of(seen, "gen_ai.usage.input_tokens", "error.type") == [(10, "ConnectionError")]
    points = seen.metrics()["gen_ai.client.token.usage"]
    assert sorted(point["sum"] for point in points) == [5, 10]


def test_what_a_tool_leaves_behind_heals(seen: Capture, handler: Handler) -> None:
    """Code that a tool started, and that outlives it, is no child of what has ended."""
    captured: list[context.Context] = []
    FunctionTool.from_defaults(lambda q: captured.append(context.get_current()), name="keep")(q="x")
    token = context.attach(captured[0])
    llm().chat(SAID)
    context.detach(token)
    assert seen.tree() == "execute_tool keep\nchat scripted-1"


def test_a_workflows_streamed_answer_is_read_after_it(seen: Capture, handler: Handler) -> None:
    """Whoever reads it, in a context of its own: what answers is below the query, and all of it ends with it."""

    class Answering(Workflow):
        @step
        async def answer(self, ev: StartEvent) -> StopEvent:
            engine = INDEX.as_query_engine(llm=llm("a b"), streaming=True)
            return StopEvent(result=await engine.aquery("q"))

    async def main() -> None:
        answer = await Answering().run()
        assert {span.name for span in seen.spans} == {"embeddings", "retrieval"}
        async for _ in answer.async_response_gen():
            assert not trace.get_current_span().get_span_context().is_valid

    asyncio.run(main())
    assert (
        seen.tree()
        == """\
invoke_workflow Answering
  answer
    RetrieverQueryEngine
      retrieval
        embeddings
      CompactAndRefine
        chat scripted-1"""
    )
    assert [span.attributes.get("genai_otel.outcome") for span in seen.spans] == [None] * 7
    assert handler.telemetry.open_runs == 0


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize("asks_a_model", [True, False])
def test_what_a_workflow_gives_is_read_or_left(
    asks_a_model: bool, read: bool, seen: Capture, handler: Handler
) -> None:
    """A stream of the application's own is read like a query's; one that is dropped ends at once."""

    async def own() -> Any:
        yield "a"

    class Giving(Workflow):
        @step
        async def give(self, ev: StartEvent) -> StopEvent:
            await llm(model="before").achat(SAID)
            engine = INDEX.as_query_engine(llm=llm("a b"), streaming=True)
            return StopEvent(result=await engine.aquery("q") if asks_a_model else own())

    async def main() -> None:
        given = await Giving().run()
        stream = given.async_response_gen() if asks_a_model else given
        if read:
            [_ async for _ in stream]
        else:
            await stream.aclose()
        del given, stream
        gc.collect()

    asyncio.run(main())
    outcomes = {span.name: span.attributes.get("genai_otel.outcome") for span in seen.spans}
    left = None if read or not asks_a_model else "abandoned"
    assert (outcomes["invoke_workflow Giving"], outcomes["give"]) == (left, left)
    assert outcomes.get("RetrieverQueryEngine") == left
    assert handler.telemetry.open_runs == 0
