"""Scenarios: streams, read and left."""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from importlib.metadata import version

from agents import make_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableGenerator, RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph
from models import LONG_S, ScriptedModel

from scenarios import HI, PROMPT, Q, model, scenario, until_over, user


@scenario("""
invoke_workflow abandoned
  chat scripted-1 CLIENT
""")
def stream_break(h, cfg):
    for x in (PROMPT | model("a b c d") | StrOutputParser()).stream(Q, cfg):
        if x:
            break


@scenario("""
invoke_workflow abandoned
  first
  last abandoned
""")
def stream_of_functions_break(h, cfg):
    def words(parts):
        for part in parts:
            yield from part.split()

    first = RunnableLambda(lambda x: f"{x} {x}", name="first")
    for _ in (first | RunnableGenerator(words, name="last")).stream("a", cfg):
        break


@scenario("""
invoke_workflow
  first
  last
""")
def stream_of_functions(h, cfg):
    first = RunnableLambda(lambda x: f"{x} {x}", name="first")
    list((first | RunnableLambda(str.split, name="last")).stream("a", cfg))


@scenario("""
chat scripted-1 CLIENT abandoned
""")
def llm_stream_break(h, cfg):
    for x in model("a b c d").stream("x", cfg):
        if x.content:
            break


@scenario("""
invoke_workflow abandoned
  chat scripted-1 CLIENT
""")
def stream_gc(h, cfg):
    it = (PROMPT | model("a b c d") | StrOutputParser()).stream(Q, cfg)
    next(it)
    del it
    gc.collect()


@scenario("""
invoke_workflow abandoned
  chat scripted-1 CLIENT abandoned
""")
async def astream_break(h, cfg):
    async for x in (PROMPT | model("a b c d", delay_s=0.001) | StrOutputParser()).astream(Q, cfg):
        if x:
            break
    await until_over(h)


@scenario("""
invoke_workflow abandoned
  chat scripted-1 CLIENT abandoned
""")
async def astream_aclose(h, cfg):
    it = (PROMPT | model("a b c d", delay_s=0.001) | StrOutputParser()).astream(Q, cfg)
    async for x in it:
        if x:
            break
    await it.aclose()


@scenario("""
invoke_workflow !asyncio.exceptions.CancelledError
  chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
""")
async def wait_for_astream(h, cfg):
    async def go():
        async for x in (PROMPT | model("a b c", delay_s=LONG_S) | StrOutputParser()).astream(Q, cfg):
            pass

    try:
        await asyncio.wait_for(go(), LONG_S / 3)
    except asyncio.TimeoutError:
        pass


@scenario("""
invoke_agent ag abandoned
  chat scripted-1 CLIENT cancelled
""")
async def agent_astream_break(h, cfg):
    ag = make_agent(
        model("a b c d", delay_s=0.005),
        [],
        name="ag",
    )
    async for x in ag.astream(HI, cfg, stream_mode="messages"):
        break
    await until_over(h)


@scenario("""
invoke_agent ag abandoned
  chat scripted-1 CLIENT
""")
def agent_stream_break(h, cfg):
    ag = make_agent(model("a b c d e f", delay_s=0.005), [], name="ag")
    for x in ag.stream(HI, cfg, stream_mode="messages"):
        break


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
invoke_workflow
  chat scripted-1 CLIENT
""")
async def two_streams(h, cfg):
    c = PROMPT | model("a b c") | StrOutputParser()
    a = c.astream(Q, cfg)
    b = c.astream(Q, cfg)
    await anext(a)
    await anext(b)
    async for _ in a:
        pass
    async for _ in b:
        pass


@scenario("""
chat scripted-1 CLIENT
chat scripted-1 CLIENT
""")
def two_streams_sync(h, cfg):
    m = model("a b c")
    a = m.stream("x", cfg)
    b = m.stream("y", cfg)
    next(a)
    next(b)
    list(a)
    list(b)


@scenario("""
invoke_workflow flow
  n
    writer
      chat scripted-1 CLIENT
    consumer
""")
def stream_in_node(h, cfg):
    c = (PROMPT | model("a b c") | StrOutputParser()).with_config(run_name="writer")

    def n(s):
        stream = c.stream(Q)
        next(stream)
        with user("consumer"):
            pass
        list(stream)
        return {"messages": [("ai", "x")]}

    g = StateGraph(MessagesState).add_node("n", n).add_edge(START, "n").compile(name="flow")
    g.invoke(HI, cfg)


if hasattr(BaseCallbackHandler, "on_stream_event"):  # langchain-core 1.4 and later

    @scenario("""
chat scripted-1 CLIENT
""")
    async def async_events_v3(h, cfg):
        m = model("a b c")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # LangChain calls it beta
            s = await m.astream_events("x", cfg, version="v3")
        async for e in s:
            pass


def _slow_graph():
    async def work(state, config):
        return {"messages": [await model("a b c d", delay_s=0.005).ainvoke(state["messages"], config)]}

    return StateGraph(MessagesState).add_node("work", work).add_edge(START, "work").compile(name="g")


async def _read_until_the_model_streams(cfg):
    async for event in _slow_graph().astream_events(HI, cfg, version="v2"):
        if event["event"] == "on_chat_model_stream":
            return


# What a node is told that is cut off: before LangGraph 1.2 nothing, so that it ends with its graph.
CUT_OFF = "cancelled" if version("langgraph") >= "1.2" else "abandoned"

# Before Python 3.11 a task does not tell that it is being cancelled.
if sys.version_info >= (3, 11):

    @scenario(f"""
invoke_workflow g abandoned
  work {CUT_OFF}
    chat scripted-1 CLIENT cancelled
""")
    async def astream_events_break(h, cfg):
        await _read_until_the_model_streams(cfg)
        await until_over(h)

    @scenario(f"""
invoke_workflow g abandoned
  work {CUT_OFF}
    chat scripted-1 CLIENT cancelled
""")
    async def astream_events_aclose(h, cfg):
        events = _slow_graph().astream_events(HI, cfg, version="v2")
        async for event in events:
            if event["event"] == "on_chat_model_stream":
                break
        await events.aclose()


@scenario("""
invoke_workflow g !asyncio.exceptions.CancelledError
  work !asyncio.exceptions.CancelledError
    chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
""")
async def astream_events_cancelled(h, cfg):
    streams = asyncio.Event()

    async def read():
        async for event in _slow_graph().astream_events(HI, cfg, version="v2"):
            if event["event"] == "on_chat_model_stream":
                streams.set()

    task = asyncio.create_task(read())
    await streams.wait()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


@scenario("""
invoke_workflow g
  work
    chat scripted-1 CLIENT
""")
async def astream_events_read(h, cfg):
    async for _ in _slow_graph().astream_events(HI, cfg, version="v2"):
        pass


if hasattr(ScriptedModel, "stream_events"):

    @scenario("""
chat scripted-1 CLIENT abandoned
""")
    def llm_event_stream_dropped(h, cfg):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # still in beta
            stream = model("a b c d").stream_events("x", cfg, version="v3")
            next(iter(stream))
            del stream
        gc.collect()


@scenario("""
invoke_workflow g !asyncio.exceptions.CancelledError
  work !asyncio.exceptions.CancelledError
    inner !asyncio.exceptions.CancelledError
      chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
""")
async def stream_in_a_stream_cancelled(h, cfg):
    streams = asyncio.Event()

    async def work(state, config):
        chain = (PROMPT | model("a b c d", delay_s=0.005)).with_config(run_name="inner")
        async for _ in chain.astream(Q, config):
            streams.set()
        return {"messages": []}

    async def read():
        graph = StateGraph(MessagesState).add_node("work", work).add_edge(START, "work").compile(name="g")
        async for _ in graph.astream(HI, cfg):
            pass

    task = asyncio.create_task(read())
    await streams.wait()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
