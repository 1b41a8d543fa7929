"""Tools that fail without raising, and calls that no tool answers, however their node is named."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import make_agent, make_executor
from langchain_core.messages import AIMessage
from langchain_core.tools import ToolException, tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from models import ScriptedModel, asks

from genai_otel_core.testing import Capture, walk, whole
from genai_otel_langchain import Handler

both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@tool
def stock(item: str) -> str:
    """Look up how many there are."""
    if item == "gone":
        raise ToolException("the secret item is gone")
    return "12"


@tool
def untried(item: str) -> str:
    """Never called."""
    raise NotImplementedError


def call(runnable: Any, given: Any, settings: dict[str, Any], asynchronous: bool) -> Any:
    if asynchronous:
        return asyncio.run(runnable.ainvoke(given, settings))
    return runnable.invoke(given, settings)


@both
@pytest.mark.parametrize("mode", ["none", "span"])
@pytest.mark.parametrize("item", ["gone", "here"])
def test_a_handled_error_is_one_without_a_call_id_too(
    item: str, mode: str, asynchronous: bool, seen: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Called directly the tool answers with a mere text; that it is an error's is found all the same."""
    monkeypatch.setattr(stock, "handle_tool_error", True)
    handler = Handler(**seen.providers, capture_content=mode)
    call(stock, {"item": item}, {"callbacks": [handler]}, asynchronous)
    span = whole(seen.span("execute_tool stock"))
    assert span["status"] == ("ERROR" if item == "gone" else "UNSET")
    assert span["attributes"].get("error.type") == ("tool_error" if item == "gone" else None)
    told = "the secret item is gone" if mode == "span" else "tool_error"
    assert span.get("description") == (told if item == "gone" else None)


@both
@pytest.mark.parametrize("name", ["tools", "warehouse"])
def test_a_tool_node_of_any_name_shows_the_calls_that_no_tool_answers(
    name: str, asynchronous: bool, seen: Capture
) -> None:
    """The tool node is found by its type; an answer that is an error is a failed execution."""
    graph = StateGraph(MessagesState).add_node(name, ToolNode([stock, untried])).add_edge(START, name)
    calls = [{"name": n, "args": {"item": "x"}, "id": n} for n in ("stock", "missing")]
    given = {"messages": [AIMessage("", tool_calls=calls)]}
    call(graph.compile(name="g"), given, {"callbacks": [Handler(**seen.providers)]}, asynchronous)
    assert seen.tree() == f"invoke_workflow g\n  {name}\n    execute_tool stock\n    execute_tool missing"
    assert seen.span("execute_tool missing").attributes["error.type"] == "tool_error"


def test_other_nodes_answers_are_their_own(seen: Capture) -> None:
    """A node that writes an error message itself has run no tool."""

    def refuse(state: Any) -> Any:
        from langchain_core.messages import ToolMessage

        return {"messages": [ToolMessage("no", tool_call_id="c1", status="error")]}

    graph = StateGraph(MessagesState).add_node("refuse", refuse).add_edge(START, "refuse").compile(name="g")
    asked = AIMessage("", tool_calls=[{"name": "stock", "args": {}, "id": "c1"}])
    graph.invoke({"messages": [asked]}, {"callbacks": [Handler(**seen.providers)]})
    assert seen.tree() == "invoke_workflow g\n  refuse"


def test_call_ids_that_repeat_with_each_answer(seen: Capture) -> None:
    """Small servers number calls anew each time: every execution is shown, below the latest that asked."""
    again = [
        asks("missing", "call_0", item="x"),
        asks("stock", "call_0", item="x"),
        asks("missing", "call_0"),
    ]
    agent = make_agent(ScriptedModel(answers=[*again, "done"]), [stock], name="clerk")
    agent.invoke({"messages": [("user", "hi")]}, {"callbacks": [Handler(**seen.providers)]})
    spans = [span for _, span in walk(seen.spans)]
    assert [span.name for span in spans] == [
        "invoke_agent clerk",
        *("chat scripted-1", "execute_tool missing"),
        *("chat scripted-1", "execute_tool stock"),
        *("chat scripted-1", "execute_tool missing"),
        "chat scripted-1",
    ]
    for asked, done in zip(spans[1::2], spans[2::2], strict=False):
        assert [link.context.span_id for link in done.links] == [asked.context.span_id]


@both
def test_an_executor_does_not_pass_the_call_id_on(asynchronous: bool, seen: Capture) -> None:
    """The tool of LangChain's first kind of agent says which call of the model it answers."""
    model = ScriptedModel(answers=[asks("stock", call_id="call_7", item="here"), "12"])
    call(
        make_executor(model, [stock]),
        {"input": "how many?"},
        {"callbacks": [Handler(**seen.providers)]},
        asynchronous,
    )
    assert whole(seen.span("execute_tool stock"))["attributes"]["gen_ai.tool.call.id"] == "call_7"
