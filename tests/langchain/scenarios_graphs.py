"""Scenarios: LangGraph graphs, nodes, interrupts."""

from __future__ import annotations

import asyncio
import operator
import threading
from typing import Annotated, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, Send, interrupt
from models import LONG_S

from scenarios import HI, model, scenario, user


@scenario("""
invoke_workflow flow
  n
    chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
    in node after
""")
async def node_wait_for(h, cfg):
    m = model(delay_s=LONG_S)

    async def node(s, config: RunnableConfig):  # before Python 3.11 it must be passed on by hand
        try:
            await asyncio.wait_for(m.ainvoke("x", config), LONG_S / 3)
        except asyncio.TimeoutError:
            pass
        with user("in node after"):
            pass
        return {"messages": [("ai", "x")]}

    g = StateGraph(MessagesState).add_node("n", node).add_edge(START, "n").compile(name="flow")
    await g.ainvoke({"messages": []}, cfg)


@scenario("""
invoke_workflow flow
  a
    ua
      chat scripted-1 CLIENT
  b
    chat scripted-1 CLIENT
""")
def graph_named(h, cfg):
    m = model()

    def a(s):
        with user("ua"):
            return {"messages": [m.invoke("q")]}

    def b(s):
        return {"messages": [m.invoke("q")]}

    def route(s):
        return "b"

    g = (
        StateGraph(MessagesState)
        .add_node("a", a)
        .add_node("b", b)
        .add_edge(START, "a")
        .add_conditional_edges("a", route, ["b"])
        .compile(name="flow")
    )
    g.invoke(HI, cfg)


@scenario("""
invoke_workflow
  work
    w
      chat scripted-1 CLIENT
  work
    w
      chat scripted-1 CLIENT
  work
    w
      chat scripted-1 CLIENT
""")
def graph_send(h, cfg):
    class St(TypedDict):
        xs: Annotated[list, operator.add]

    m = model()

    def work(s):
        with user("w"):
            m.invoke("q")
        return {"xs": [1]}

    g = (
        StateGraph(St)
        .add_node("work", work)
        .add_conditional_edges(START, lambda s: [Send("work", {"i": i}) for i in range(3)], ["work"])
        .compile()
    )
    g.invoke({"xs": []}, cfg)


@scenario("""
invoke_workflow flow
  sub
    invoke_agent researcher
      i
        chat scripted-1 CLIENT
  sub2
    invoke_workflow
      i2
        chat scripted-1 CLIENT
""")
def subgraph(h, cfg):
    m = model()
    inner = (
        StateGraph(MessagesState)
        .add_node("i", lambda s: {"messages": [m.invoke("q")]})
        .add_edge(START, "i")
        .compile(name="researcher")
    )
    inner2 = (
        StateGraph(MessagesState)
        .add_node("i2", lambda s: {"messages": [m.invoke("q")]})
        .add_edge(START, "i2")
        .compile()
    )
    g = (
        StateGraph(MessagesState)
        .add_node("sub", inner)
        .add_node("sub2", inner2)
        .add_edge(START, "sub")
        .add_edge("sub", "sub2")
        .compile(name="flow")
    )
    g.invoke(HI, cfg)


@scenario("""
invoke_workflow flow interrupted
  n interrupted
invoke_workflow flow
  n
""")
def interrupts(h, cfg):
    def n(s):
        v = interrupt("ask")
        return {"messages": [("ai", v)]}

    g = (
        StateGraph(MessagesState)
        .add_node("n", n)
        .add_edge(START, "n")
        .compile(name="flow", checkpointer=InMemorySaver())
    )
    c = {**cfg, "configurable": {"thread_id": "t"}}
    g.invoke(HI, c)
    g.invoke(Command(resume="yes"), c)


@scenario("""
invoke_workflow flow
  a
    invoke_agent inner
      i
  b
""")
def handoff(h, cfg):
    def inner_n(s):
        return Command(goto="b", graph=Command.PARENT)

    inner = StateGraph(MessagesState).add_node("i", inner_n).add_edge(START, "i").compile(name="inner")
    g = (
        StateGraph(MessagesState)
        .add_node("a", inner)
        .add_node("b", lambda s: {"messages": [("ai", "x")]})
        .add_edge(START, "a")
        .compile(name="flow")
    )
    g.invoke(HI, cfg)


@scenario("""
invoke_workflow flow !ValueError
  n !ValueError
""")
def node_error(h, cfg):
    def n(s):
        raise ValueError("secret text")

    g = StateGraph(MessagesState).add_node("n", n).add_edge(START, "n").compile(name="flow")
    try:
        g.invoke(HI, cfg)
    except ValueError:
        pass


@scenario("""
invoke_workflow flow
  n
    chat scripted-1 CLIENT
""")
async def fire_and_forget(h, cfg):
    m = model(delay_s=0.02)
    ts = []

    async def n(s, config: RunnableConfig):
        ts.append(asyncio.create_task(m.ainvoke("q", config)))
        return {"messages": [("ai", "x")]}

    g = StateGraph(MessagesState).add_node("n", n).add_edge(START, "n").compile(name="flow")
    await g.ainvoke(HI, cfg)
    await ts[0]


@scenario("""
invoke_workflow flow
  n
    chat scripted-1 CLIENT
""")
def thread_no_ctx(h, cfg):
    m = model()

    def n(s, config):
        r = []
        t = threading.Thread(target=lambda: r.append(m.invoke("q", config)))
        t.start()
        t.join()
        return {"messages": [r[0]]}

    n.__annotations__ = {"config": RunnableConfig}
    g = StateGraph(MessagesState).add_node("n", n).add_edge(START, "n").compile(name="flow")
    g.invoke(HI, cfg)


@scenario("""
chat scripted-1 CLIENT
invoke_workflow flow
  n
    chat scripted-1 CLIENT
""")
def explicit_cb_in_node(h, cfg):
    m = model()

    def n(s):
        return {"messages": [m.invoke("q", {"callbacks": [h]})]}

    g = StateGraph(MessagesState).add_node("n", n).add_edge(START, "n").compile(name="flow")
    g.invoke(HI, {})
    g.invoke(HI, cfg)


@scenario("""
invoke_workflow flow
  t1
    chat scripted-1 CLIENT
""")
def functional(h, cfg):

    m = model()

    @task
    def t1(x):
        return m.invoke(x).content

    @entrypoint()
    def flow(x):
        return t1(x).result()

    flow.invoke("x", cfg)
