"""Interrupted graphs, however they stop and wherever they stand, and what resumes them."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from agents import make_agent
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from models import ScriptedModel, asks

from genai_otel_core.testing import Capture, capture
from genai_otel_langchain import Handler

ASK = {"messages": [("user", "hi")]}


def config(seen: Capture, **options: Any) -> dict[str, Any]:
    handler = Handler(**seen.providers, **options)
    return {"callbacks": [handler], "configurable": {"thread_id": "t1"}}


def asking(name: str | None = "approval") -> Any:
    def ask(_: Any) -> Any:
        return {"messages": [("ai", interrupt("sure?"))]}

    graph = StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask")
    return graph.compile(name=name, checkpointer=InMemorySaver())


def graphs(seen: Capture, name: str = "invoke_workflow approval") -> list[Any]:
    return [span for span in seen.spans if span.name == name]


def assert_resumed(first: Any, second: Any) -> None:
    """The second goes on with the first."""
    assert first.attributes["genai_otel.outcome"] == "interrupted"
    assert first.attributes["genai_otel.interrupt.ids"]
    assert first.status.is_unset
    assert [link.context.span_id for link in second.links] == [first.context.span_id]
    assert "genai_otel.outcome" not in second.attributes


def test_a_reader_who_stops_at_the_interrupt(seen: Capture) -> None:
    """Breaking out of the stream where the interrupt is seen leaves the graph interrupted, not abandoned."""
    graph, here = asking(), config(seen)
    for update in graph.stream(ASK, here):
        if "__interrupt__" in update:
            break
    graph.invoke(Command(resume="yes"), here)
    assert_resumed(*graphs(seen))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="LangGraph's interrupt() needs 3.11 here")
async def test_an_async_reader_who_stops_at_the_interrupt(seen: Capture) -> None:
    """The same where the stream is asynchronous and closed."""
    graph, here = asking(), config(seen)
    stream = graph.astream(ASK, here)
    async for update in stream:
        if "__interrupt__" in update:
            break
    await stream.aclose()
    await graph.ainvoke(Command(resume="yes"), here)
    assert_resumed(*graphs(seen))


def test_a_graph_inside_a_chain_is_resumed_inside_a_chain(seen: Capture) -> None:
    """It is the graph that was interrupted and is resumed, not what stands around it."""
    graph, here = asking(), config(seen)
    for value in (ASK, Command(resume="yes")):
        around = RunnableLambda(lambda _, value=value: graph.invoke(value)).with_config(run_name="request")
        around.invoke("x", here)
    assert_resumed(*graphs(seen, "invoke_agent approval"))
    assert all(not span.links for span in graphs(seen, "invoke_workflow request"))


def test_nested_graphs_are_resumed_as_one(seen: Capture) -> None:
    """The link goes from the outermost resumed graph to the outermost interrupted one."""
    outer = StateGraph(MessagesState).add_node("sub", _without_checkpointer()).add_edge(START, "sub")
    graph, here = outer.compile(name="approval", checkpointer=InMemorySaver()), config(seen)
    graph.invoke(ASK, here)
    graph.invoke(Command(resume="yes"), here)
    assert_resumed(*graphs(seen))
    assert all(not span.links for span in seen.spans if span.name == "invoke_agent inner")


def _without_checkpointer() -> Any:
    def ask(_: Any) -> Any:
        return {"messages": [("ai", interrupt("sure?"))]}

    return StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask").compile(name="inner")


@pytest.mark.parametrize("shared", [False, True])
def test_what_has_been_resumed_is_not_resumed_again(shared: bool, seen: Capture, tmp_path: Any) -> None:
    """A later command in the same conversation links to nothing, and the store has let go of it."""
    graph, here = asking(), config(seen, resume_store=tmp_path if shared else None)
    for value in (ASK, Command(resume="yes"), Command(goto="ask")):
        graph.invoke(value, here)
    first, second, third = graphs(seen)
    assert_resumed(first, second)
    assert third.links == ()
    if shared:
        assert len(list(tmp_path.iterdir())) == 1  # the third waits


@pytest.mark.parametrize("times", [1, 2])
def test_a_tool_of_a_run_resumed_in_another_process(times: int, seen: Capture, tmp_path: Any) -> None:
    """It links to the model call that asked for it, which neither process but the first has seen."""

    @tool
    def approve(x: int) -> str:
        """Ask a person."""
        return "".join(interrupt(f"sure? {index}") for index in range(times))

    model, saver = ScriptedModel(answers=[asks("approve", "c-9", x=1), "done"]), InMemorySaver()
    here = {"configurable": {"thread_id": "t1"}}
    for given in (ASK, *[Command(resume="yes")] * times):
        with capture() as process:
            handler = Handler(**process.providers, resume_store=tmp_path)
            agent = make_agent(model, [approve], name="boss", checkpointer=saver)
            agent.invoke(given, {**here, "callbacks": [handler]})
            if given is ASK:
                asked = process.span("chat scripted-1").context
        (link,) = process.span("execute_tool approve").links
        assert (link.context.trace_id, link.context.span_id) == (asked.trace_id, asked.span_id)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "gone", "00-1-2 3", "00-x-y-01 1.0 a", "00-1-2-01 soon a"])
def test_a_store_that_has_lost_the_text(text: str, seen: Capture) -> None:
    """What is no text of ours is as good as none."""

    class Store:
        def save(self, conversation_id: str, text: str) -> None:
            pass

        def load(self, conversation_id: str) -> str | None:
            return text

    graph, here = asking(), config(seen, resume_store=Store())
    graph.invoke(ASK, here)
    graph.invoke(Command(resume="yes"), here)
    assert [span.links for span in graphs(seen)] == [(), ()]


def test_several_graphs_wait_in_one_conversation(seen: Capture) -> None:
    """Each goes on with its own interrupted run, in whatever order, also below one span of the application."""
    first, second, here = asking("first"), asking("second"), config(seen)
    with seen.tracer_provider.get_tracer("app").start_as_current_span("request"):
        first.invoke(ASK, here)
        second.invoke(ASK, here)
    first.invoke(Command(resume="yes"), here)
    second.invoke(Command(resume="yes"), here)
    for name in ("first", "second"):
        assert_resumed(*graphs(seen, f"invoke_workflow {name}"))


def test_a_graph_that_is_called_otherwise_the_second_time(seen: Capture) -> None:
    """The only one that waits is what is resumed, whatever its run is called."""
    graph, here = asking(), config(seen)
    graph.invoke(ASK, here)
    graph.invoke(Command(resume="yes"), {**here, "run_name": "approval again"})
    assert_resumed(*graphs(seen), *graphs(seen, "invoke_workflow approval again"))


def test_a_resumption_that_fails_can_be_repeated(seen: Capture) -> None:
    """What is resumed once more still goes on with the interrupted run."""
    answers: list[str] = []

    def ask(_: Any) -> Any:
        answers.append(interrupt("sure?"))
        if len(answers) == 1:
            raise ConnectionError("gone")
        return {"messages": [("ai", answers[-1])]}

    graph = StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask")
    graph, here = graph.compile(name="approval", checkpointer=InMemorySaver()), config(seen)
    graph.invoke(ASK, here)
    with pytest.raises(ConnectionError):
        graph.invoke(Command(resume="yes"), here)
    graph.invoke(None, here)
    first, failed, repeated = graphs(seen)
    assert [link.context.span_id for link in failed.links] == [first.context.span_id]
    assert_resumed(first, repeated)


def test_several_interrupts_at_once_are_all_told(seen: Capture) -> None:
    """Each of the nodes that wait adds its id."""
    graph = StateGraph(MessagesState)
    for name in ("a", "b"):
        graph.add_node(name, lambda _: {"messages": [("ai", interrupt("sure?"))]}).add_edge(START, name)
    graph, here = graph.compile(name="approval", checkpointer=InMemorySaver()), config(seen)
    graph.invoke(ASK, here)
    waiting = [one.id for task in graph.get_state(here).tasks for one in task.interrupts]
    (span,) = graphs(seen)
    assert sorted(span.attributes["genai_otel.interrupt.ids"]) == sorted(waiting)


def test_a_chain_without_input_resumes_nothing(seen: Capture) -> None:
    """Only graphs go on with nothing as their input."""
    graph, here = asking(), config(seen)
    graph.invoke(ASK, here)
    RunnableLambda(lambda _: "x").with_config(run_name="other").invoke(None, here)
    assert seen.span("invoke_workflow other").links == ()


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("where", [{"interrupt_before": ["second"]}, {"interrupt_after": ["first"]}])
def test_a_graph_that_stands_at_a_breakpoint(where: Any, asynchronous: bool, seen: Capture) -> None:
    """A breakpoint is an interrupt without an id, also where LangGraph does not tell callbacks of it."""
    graph = StateGraph(MessagesState)
    for name in ("first", "second"):
        graph.add_node(name, lambda _: {"messages": []})
    graph.add_edge(START, "first").add_edge("first", "second")
    stops = graph.compile(name="approval", checkpointer=InMemorySaver(), **where)
    here = config(seen)
    for given in (ASK, None):
        if asynchronous:
            asyncio.run(stops.ainvoke(given, here))
        else:
            stops.invoke(given, here)
    first, second = graphs(seen)
    assert first.attributes["genai_otel.outcome"] == "interrupted"
    assert "genai_otel.interrupt.ids" not in first.attributes
    assert [link.context.span_id for link in second.links] == [first.context.span_id]
    assert "genai_otel.outcome" not in second.attributes
