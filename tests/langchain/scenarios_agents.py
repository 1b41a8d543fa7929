"""Scenarios: agents and tools."""

from __future__ import annotations

import asyncio
import sys

from agents import make_agent, make_executor
from langchain_core.tools import ToolException, tool
from models import asks

from scenarios import HI, model, scenario, user


@tool
def boom(x: int) -> str:
    "boom"
    raise ValueError("secret")


@tool
def handled(x: int) -> str:
    "handled"
    raise ToolException("bad")


handled.handle_tool_error = True


@scenario("""
execute_tool boom !ValueError
execute_tool handled !tool_error
execute_tool handled !pydantic_core._pydantic_core.ValidationError
""")
def tool_errors(h, cfg):
    try:
        boom.invoke({"x": 1}, cfg)
    except ValueError:
        pass
    handled.invoke({"type": "tool_call", "name": "handled", "args": {"x": 1}, "id": "c9"}, cfg)
    try:
        handled.invoke({"type": "tool_call", "name": "handled", "args": {"x": "no"}, "id": "c9"}, cfg)
    except Exception:
        pass


@scenario("""
invoke_agent ag
  chat scripted-1 CLIENT
  execute_tool handled !tool_error
  chat scripted-1 CLIENT
""")
def agent_handled(h, cfg):
    ag = make_agent(model(asks("handled", x=1), "sorry"), [handled], name="ag")
    ag.invoke(HI, cfg)


EXECUTOR = """
invoke_agent
  chat scripted-1 CLIENT
  execute_tool handled !tool_error
  chat scripted-1 CLIENT
"""


@scenario(EXECUTOR)
def executor(h, cfg):
    make_executor(model(asks("handled", x=1), "sorry"), [handled]).invoke({"input": "hi"}, cfg)


@scenario(EXECUTOR)
def executor_stream(h, cfg):
    list(make_executor(model(asks("handled", x=1), "sorry"), [handled]).stream({"input": "hi"}, cfg))


@scenario(EXECUTOR)
async def executor_astream(h, cfg):
    async for _ in make_executor(model(asks("handled", x=1), "sorry"), [handled]).astream(
        {"input": "hi"}, cfg
    ):
        pass


@scenario("""
invoke_agent ag
  chat scripted-1 CLIENT
  execute_tool sub
    chat scripted-1 CLIENT
  chat scripted-1 CLIENT
""")
def tool_calls_model(h, cfg):
    m = model()

    @tool
    def sub(x: int) -> str:
        "sub"
        return m.invoke("q").content

    make_agent(model(asks("sub", x=1), "done"), [sub], name="ag").invoke(HI, cfg)


@scenario("""
invoke_agent boss
  chat scripted-1 CLIENT
  execute_tool ask_inner
    invoke_agent inner
      chat scripted-1 CLIENT
  chat scripted-1 CLIENT
""")
def agent_as_tool(h, cfg):
    inner = make_agent(model("inner"), [], name="inner")

    @tool
    def ask_inner(x: int) -> str:
        "sub"
        return inner.invoke({"messages": [("user", "q")]})["messages"][-1].content

    make_agent(model(asks("ask_inner", x=1), "done"), [ask_inner], name="boss").invoke(HI, cfg)


if sys.version_info >= (3, 11):  # before, LangChain does not know in an async tool which run it is in

    @scenario("""
invoke_agent boss
  chat scripted-1 CLIENT
  execute_tool ask_inner
    in tool
      invoke_agent
        chat scripted-1 CLIENT
  chat scripted-1 CLIENT
""")
    async def agent_as_tool_async(h, cfg):
        inner = make_agent(model("inner"), [])

        @tool
        async def ask_inner(x: int) -> str:
            "sub"
            with user("in tool"):
                r = await inner.ainvoke({"messages": [("user", "q")]})
            return r["messages"][-1].content

        await make_agent(model(asks("ask_inner", x=1), "done"), [ask_inner], name="boss").ainvoke(HI, cfg)


@scenario("""
invoke_agent ag !asyncio.exceptions.CancelledError
  chat scripted-1 CLIENT
  execute_tool slow !asyncio.exceptions.CancelledError
""")
async def tool_cancel(h, cfg):
    started = asyncio.Event()

    @tool
    async def slow(x: int) -> str:
        "Take long."
        started.set()
        await asyncio.sleep(60)

    agent = make_agent(model(asks("slow", x=1), "done"), [slow], name="ag")
    work = asyncio.create_task(agent.ainvoke(HI, cfg))
    await started.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
