"""Which calls are attempts at the same thing, and which merely come after one that failed."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step
from llama_index.core.workflow.retry_policy import ConstantDelayRetryPolicy
from llama_models import asks, llm
from llama_scenarios import SAID

from genai_otel_core.testing import Capture
from genai_otel_llamaindex import Handler
from tries import shown


def run(flow: Workflow) -> None:
    """Run a workflow to its end."""

    async def main() -> None:
        await flow.run()

    asyncio.run(main())


class Made(Event):
    """Something was made."""

    number: int


RETRY = ConstantDelayRetryPolicy(delay=0.001, maximum_attempts=3)


def test_a_retried_step_is_numbered(seen: Capture, handler: Handler) -> None:
    """Each try is a span with its number and error; the workflow that succeeds in the end is none."""
    failures = [ValueError("a"), ValueError("b")]

    class Retrying(Workflow):
        @step(retry_policy=RETRY)
        async def go(self, ev: StartEvent) -> StopEvent:
            if failures:
                raise failures.pop(0)
            return StopEvent()

    run(Retrying())
    assert shown(seen) == "invoke_workflow Retrying\n  go !ValueError\n  go #2 !ValueError\n  go #3"


def test_a_step_beside_one_that_failed_is_no_attempt(seen: Capture, handler: Handler) -> None:
    """The same step for another event is another thing; only what is done again is numbered."""
    failures = [ValueError("a")]

    class Parallel(Workflow):
        @step
        async def fan(self, ctx: Context, ev: StartEvent) -> Made | None:
            for number in range(3):
                ctx.send_event(Made(number=number))
            return None

        @step(num_workers=1, retry_policy=RETRY)
        async def work(self, ctx: Context, ev: Made) -> StopEvent | None:
            if ev.number == 0 and failures:
                raise failures.pop()
            return StopEvent() if ctx.collect_events(ev, [Made] * 3) else None

    run(Parallel())
    lines = sorted(shown(seen).splitlines())
    assert lines == [
        "  fan",
        "  work",
        "  work",
        "  work !ValueError",
        "  work #2",
        "invoke_workflow Parallel",
    ]


def test_code_that_asks_another_model_the_same_falls_back(seen: Capture, handler: Handler) -> None:
    """An application's own `except` counts."""

    def ask(question: str) -> str:
        try:
            return llm(ValueError("a"), model="first").complete(question).text
        except ValueError:
            return llm("b", model="second").complete(question).text

    FunctionTool.from_defaults(ask)(question="x")
    assert shown(seen) == "execute_tool ask\n  chat first !ValueError\n  chat second #2 for first"


def test_another_question_is_no_attempt(seen: Capture, handler: Handler) -> None:
    """What is asked next, after a call that failed, is another thing."""

    def ask(question: str) -> str:
        with pytest.raises(ValueError, match="a"):
            llm(ValueError("a")).chat(SAID)
        return llm("b").complete(question).text

    FunctionTool.from_defaults(ask)(question="x")
    assert shown(seen) == "execute_tool ask\n  chat scripted-1 !ValueError\n  chat scripted-1"


def test_a_tool_that_is_called_again_is_numbered(seen: Capture, handler: Handler) -> None:
    """With the same arguments; with others it is another call."""
    failures = [ValueError("a")]

    def look(where: str) -> str:
        if failures:
            raise failures.pop()
        return where

    tool = FunctionTool.from_defaults(look)

    def outer(q: str) -> str:
        with pytest.raises(ValueError, match="a"):
            tool(where="here")
        tool(where="there")
        return str(tool(where="here"))

    FunctionTool.from_defaults(outer)(q="x")
    assert shown(seen) == (
        "execute_tool outer\n  execute_tool look !ValueError\n  execute_tool look\n  execute_tool look #2"
    )


def test_a_model_that_asks_again_for_a_tool_tries_nothing_again(seen: Capture, handler: Handler) -> None:
    """Another call id is another call, whatever came of the first."""

    def look() -> str:
        raise ValueError("a")

    model = llm(asks("look", "c1"), asks("look", "c2"), "done")

    async def main() -> None:
        await FunctionAgent(name="x", tools=[FunctionTool.from_defaults(look)], llm=model).run("go")

    asyncio.run(main())
    assert [line for line in shown(seen).splitlines() if "look" in line] == [
        "  execute_tool look !ValueError"
    ] * 2
