"""Agents and workflows that hand over, fail, are cancelled or run beside each other; see `llama_scenarios`."""

from __future__ import annotations

import asyncio
import gc

from llama_index.core.agent.workflow import AgentWorkflow, CodeActAgent, FunctionAgent, ReActAgent
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import (
    Context,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from llama_index.core.workflow.retry_policy import ConstantDelayRetryPolicy
from llama_models import ScriptedLLM, asks, llm
from llama_scenarios import ADD, FAILS, SAID, VERSION, Made, scenario, user


async def until_asked(model: ScriptedLLM) -> None:
    """Wait until a model is at work."""
    for _ in range(10_000):
        if model.asked:
            return
        await asyncio.sleep(0.001)
    raise TimeoutError


def group() -> AgentWorkflow:
    """Two agents, of which the first hands over to the second."""
    first = llm(asks("handoff", to_agent="b", reason="r"))
    second = llm(asks("add", a=1, b=2), "3")
    a = FunctionAgent(name="a", description="a", tools=[ADD], llm=first, can_handoff_to=["b"])
    b = FunctionAgent(name="b", description="b", tools=[ADD], llm=second)
    return AgentWorkflow(agents=[a, b], root_agent="a")


class Par3(Workflow):
    def __init__(self) -> None:
        super().__init__()
        self.ended, self.others_ended = 0, asyncio.Event()

    @step
    async def fan(self, ctx: Context, ev: StartEvent) -> Made | None:
        for index in range(3):
            ctx.send_event(Made(i=index))
        return None

    @step(num_workers=3)
    async def work(self, ev: Made) -> StopEvent | None:
        with user(f"w{ev.i}"):
            if ev.i == 0:  # its end stops the others
                await self.others_ended.wait()
            await llm(model=f"m{ev.i}").achat(SAID)
        self.ended += 1
        if self.ended == 2:
            asyncio.get_running_loop().call_soon(self.others_ended.set)
        return StopEvent() if ev.i == 0 else None


@scenario("""
invoke_workflow
  invoke_agent a
    chat scripted-1 CLIENT
    execute_tool handoff
  invoke_agent b
    chat scripted-1 CLIENT
    execute_tool add
      adding
    chat scripted-1 CLIENT
consumer
chat scripted-1 CLIENT
consumer
chat scripted-1 CLIENT
""")
async def group_streamed() -> None:
    h = group().run(user_msg="go")
    n = 0
    async for ev in h.stream_events():
        n += 1
        if n in (1, 5):
            with user("consumer"):
                pass
            await llm().achat(SAID)
    await h


@scenario("""
invoke_workflow
  invoke_agent a
    chat scripted-1 CLIENT
    execute_tool handoff
  invoke_agent b
    chat scripted-1 CLIENT
    execute_tool handoff
  invoke_agent a
    chat scripted-1 CLIENT
""")
async def group_back() -> None:
    a = FunctionAgent(
        name="a",
        description="a",
        tools=[ADD],
        llm=llm(asks("handoff", to_agent="b", reason="r"), "done"),
        can_handoff_to=["b"],
    )
    b = FunctionAgent(
        name="b",
        description="b",
        tools=[ADD],
        llm=llm(asks("handoff", to_agent="a", reason="r")),
        can_handoff_to=["a"],
    )
    await AgentWorkflow(agents=[a, b], root_agent="a").run(user_msg="go")


@scenario("""
invoke_workflow !ValueError
  invoke_agent a
    chat scripted-1 CLIENT
    execute_tool handoff
  invoke_agent b !ValueError
    chat scripted-1 CLIENT !ValueError
""")
async def group_error() -> None:
    a = FunctionAgent(
        name="a",
        description="a",
        tools=[ADD],
        llm=llm(asks("handoff", to_agent="b", reason="r")),
        can_handoff_to=["b"],
    )
    b = FunctionAgent(name="b", description="b", tools=[ADD], llm=llm(ValueError("no")))
    try:
        await AgentWorkflow(agents=[a, b], root_agent="a").run(user_msg="go")
    except Exception:
        return


@scenario("""
invoke_workflow cancelled
  invoke_agent a
    chat scripted-1 CLIENT
    execute_tool handoff
  invoke_agent b cancelled
    chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
""")
async def group_cancelled() -> None:
    a = FunctionAgent(
        name="a",
        description="a",
        tools=[ADD],
        llm=llm(asks("handoff", to_agent="b", reason="r")),
        can_handoff_to=["b"],
    )
    slow = llm("x", delay_s=10)
    b = FunctionAgent(name="b", description="b", tools=[ADD], llm=slow)
    h = AgentWorkflow(agents=[a, b], root_agent="a").run(user_msg="go")
    await until_asked(slow)
    await h.cancel_run()
    try:
        await h
    except BaseException:
        return
    await asyncio.sleep(0.02)


@scenario("""
invoke_agent x cancelled
  chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
""")
async def agent_cancelled() -> None:
    slow = llm("x", delay_s=10)
    h = FunctionAgent(name="x", tools=[ADD], llm=slow).run("go")
    await until_asked(slow)
    await h.cancel_run()
    try:
        await h
    except BaseException:
        return
    await asyncio.sleep(0.02)


@scenario("""
invoke_agent x !asyncio.exceptions.CancelledError
  chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
""")
async def agent_task_cancelled() -> None:
    slow = llm("x", delay_s=10)

    async def go():
        await FunctionAgent(name="x", tools=[ADD], llm=slow).run("go")

    t = asyncio.ensure_future(go())
    await until_asked(slow)
    t.cancel()
    try:
        await t
    except BaseException:
        return
    await asyncio.sleep(0.02)


@scenario("""
invoke_agent x
  chat scripted-1 CLIENT
  execute_tool add
    adding
  execute_tool add
    adding
  chat scripted-1 CLIENT
""")
async def multi_tool() -> None:
    first, second = asks("add", "call_1", a=1, b=1), asks("add", "call_2", a=2, b=2)
    first.additional_kwargs["tool_calls"] += second.additional_kwargs["tool_calls"]
    await FunctionAgent(name="x", tools=[ADD], llm=llm(first, "done")).run("go")


@scenario("""
invoke_agent outer
  chat scripted-1 CLIENT
  execute_tool delegate
    invoke_agent inner
      chat scripted-1 CLIENT
      execute_tool add
        adding
      chat scripted-1 CLIENT
  chat scripted-1 CLIENT
""")
async def tool_calls_agent() -> None:
    inner = FunctionAgent(name="inner", tools=[ADD], llm=llm(asks("add", a=1, b=2), "3"))

    async def delegate(q: str) -> str:
        "d"
        return str(await inner.run(q))

    await FunctionAgent(
        name="outer",
        tools=[FunctionTool.from_defaults(async_fn=delegate)],
        llm=llm(asks("delegate", q="x"), "done"),
    ).run("go")


@scenario("""
a
  invoke_agent a
    chat scripted-1 CLIENT
    execute_tool add
      adding
    chat scripted-1 CLIENT
b
  invoke_agent b
    chat scripted-1 CLIENT
    execute_tool add
      adding
    chat scripted-1 CLIENT
""")
async def agents_gathered() -> None:
    async def one(n):
        with user(n):
            await FunctionAgent(name=n, tools=[ADD], llm=llm(asks("add", a=1, b=2), "x", delay_s=0.01)).run(
                "go"
            )

    await asyncio.gather(one("a"), one("b"))


@scenario("""
invoke_agent s
  chat scripted-1 CLIENT
invoke_agent s
  chat scripted-1 CLIENT
""")
async def same_agent_gathered() -> None:
    ag = FunctionAgent(name="s", tools=[ADD], llm=llm("x", delay_s=0.01))
    await asyncio.gather(ag.run("go"), ag.run("go"))


@scenario("""
invoke_agent s
  chat scripted-1 CLIENT
invoke_agent s
  chat scripted-1 CLIENT
""")
async def ctx_reused() -> None:
    ag = FunctionAgent(name="s", tools=[ADD], llm=llm("x"))
    c = Context(ag)
    await ag.run("go", ctx=c)
    await ag.run("again", ctx=c)


@scenario("""
invoke_workflow Par3
  fan
  work
    w0
      chat m0 CLIENT
  work
    w1
      chat m1 CLIENT
  work
    w2
      chat m2 CLIENT
""")
async def par3() -> None:
    await Par3().run()


@scenario("""
invoke_workflow R
  go !ValueError
  go !ValueError
  go
""")
async def retried_step() -> None:
    class R(Workflow):
        n = 0

        @step(retry_policy=ConstantDelayRetryPolicy(delay=0.01, maximum_attempts=3))
        async def go(self, ev: StartEvent) -> StopEvent:
            self.n += 1
            if self.n < 3:
                raise ValueError("no")
            return StopEvent()

    await R().run()


@scenario(
    """
invoke_workflow H
  ask interrupted
  ask
    chat scripted-1 CLIENT
""",
    before_0_14="""
invoke_workflow H
  ask
    chat scripted-1 CLIENT
""",
)
async def hitl() -> None:
    class H(Workflow):
        @step
        async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await ctx.wait_for_event(HumanResponseEvent, waiter_event=InputRequiredEvent(prefix="?"))
            await llm().achat(SAID)
            return StopEvent()

    h = H().run()
    async for ev in h.stream_events():
        if isinstance(ev, InputRequiredEvent):
            h.ctx.send_event(HumanResponseEvent(response="x"))
    await h


@scenario("""
invoke_workflow E2 !ValueError
  fan
  work !ValueError
  work !asyncio.exceptions.CancelledError
    chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
""")
async def step_error_other_running() -> None:
    class E2(Workflow):
        @step
        async def fan(self, ctx: Context, ev: StartEvent) -> Made | None:
            ctx.send_event(Made(i=0))
            ctx.send_event(Made(i=1))
            return None

        @step(num_workers=2)
        async def work(self, ev: Made) -> StopEvent:
            if ev.i == 0:
                await until_asked(slow)
                raise ValueError("no")
            await slow.achat(SAID)
            return StopEvent()

    slow = llm(delay_s=10)
    try:
        await E2().run()
    except Exception:
        return
    await asyncio.sleep(0.02)


@scenario("""
invoke_workflow T !workflows.errors.WorkflowTimeoutError
  go !asyncio.exceptions.CancelledError
    chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
""")
async def timeout() -> None:
    class T(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            await llm(delay_s=10).achat(SAID)
            return StopEvent()

    try:
        await T(timeout=0.5).run()
    except Exception:
        return
    await asyncio.sleep(0.02)


@scenario("""
invoke_workflow St
  go
    chat scripted-1 CLIENT
    tok
    tok
    tok
consumer
consumer
consumer
consumer
""")
async def wf_stream_in_step() -> None:
    class St(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            async for c in await llm("a b").astream_chat(SAID):
                ctx.write_event_to_stream(Made(d=c.delta))
                with user("tok"):
                    pass
            return StopEvent()

    h = St().run()
    async for ev in h.stream_events():
        with user("consumer"):
            pass
    await h


@scenario("""
invoke_workflow Th
  go
    chat scripted-1 CLIENT
""")
async def wf_in_thread_step() -> None:
    class Th(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await asyncio.to_thread(lambda: llm().chat(SAID))
            return StopEvent()

    await Th().run()


@scenario("""
invoke_workflow N
  go
    invoke_agent x
      chat scripted-1 CLIENT
      execute_tool add
        adding
      chat scripted-1 CLIENT
""")
async def nested_agent_in_wf() -> None:
    class N(Workflow):
        @step
        async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
            await FunctionAgent(name="x", tools=[ADD], llm=llm(asks("add", a=1, b=2), "x")).run("go")
            return StopEvent()

    await N().run()


@scenario(
    """
invoke_agent x
  chat scripted-1 CLIENT
  execute_tool ask interrupted
  execute_tool ask
    answered
  chat scripted-1 CLIENT
""",
    before_0_14="""
invoke_agent x
  chat scripted-1 CLIENT
  execute_tool ask
    answered
  chat scripted-1 CLIENT
""",
)
async def tool_that_asks_a_human() -> None:
    async def ask(ctx: Context) -> str:
        question = InputRequiredEvent(prefix="?")
        answer = await ctx.wait_for_event(HumanResponseEvent, waiter_event=question)
        with user("answered"):
            return answer.response

    ask.__annotations__["ctx"] = Context  # LlamaIndex takes it as it is written
    tools = [FunctionTool.from_defaults(async_fn=ask)]
    running = FunctionAgent(name="x", tools=tools, llm=llm(asks("ask"), "done")).run("go")
    async for event in running.stream_events():
        if isinstance(event, InputRequiredEvent):
            running.ctx.send_event(HumanResponseEvent(response="x"))
    await running


def sync_add(a: int, b: int) -> int:
    """Add."""
    with user("syncadd"):
        return a + b


async def agent_with_a_synchronous_tool() -> None:
    tools = [FunctionTool.from_defaults(sync_add)]
    await FunctionAgent(name="x", tools=tools, llm=llm(asks("sync_add", a=1, b=2), "x")).run("go")


if VERSION >= (0, 14):  # before, LlamaIndex runs it in a thread that knows of no context
    scenario("""
invoke_agent x
  chat scripted-1 CLIENT
  execute_tool sync_add
    syncadd
  chat scripted-1 CLIENT
""")(agent_with_a_synchronous_tool)


@scenario("""
invoke_agent r !ValueError
  chat scripted-1 CLIENT !ValueError
""")
async def react_streamed_error() -> None:
    try:
        await ReActAgent(name="r", tools=[ADD], llm=llm(ValueError("no"))).run("q")
    except Exception:
        return


@scenario("""
invoke_agent r
  chat scripted-1 CLIENT
  execute_tool fails !ValueError
  chat scripted-1 CLIENT
""")
async def react_fail_tool() -> None:
    thought = "Thought: f\nAction: fails\nAction Input: {}"
    await ReActAgent(
        name="r",
        tools=[FAILS],
        llm=llm(thought, "Thought: I can answer without using any more tools.\nAnswer: 3"),
    ).run("q")


@scenario("""
invoke_agent
  chat scripted-1 CLIENT
  execute_tool execute
    exec
  chat scripted-1 CLIENT
""")
async def code_act() -> None:

    async def ex(code: str):
        with user("exec"):
            return "1"

    await CodeActAgent(
        code_execute_fn=ex, tools=[ADD], llm=llm("<execute>\nprint(1)\n</execute>", "done")
    ).run("go")


@scenario("""
invoke_agent x
  chat scripted-1 CLIENT
""")
async def early_stop() -> None:
    async def brk():
        h = FunctionAgent(name="x", tools=[ADD], llm=llm("a b c", delay_s=0.01)).run("go")
        async for e in h.stream_events():
            break
        await h

    await brk()


@scenario("""
invoke_workflow Slow !asyncio.exceptions.CancelledError
  go !asyncio.exceptions.CancelledError
    chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
""")
def loop_closed_over_a_workflow() -> None:
    class Slow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            await model.achat(SAID)
            return StopEvent()

    async def main() -> None:
        Slow().run()
        await until_asked(model)

    model = llm(delay_s=10)
    asyncio.run(main())
    gc.collect()  # before workflows 2.16 its end is noticed when what would tell it is gone
