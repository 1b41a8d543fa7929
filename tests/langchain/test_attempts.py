"""Which calls are attempts at the same thing, and which merely come after one that failed."""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy, Send
from models import ScriptedModel

from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler
from tries import shown

PROMPT = ChatPromptTemplate.from_template("{q}")


class State(TypedDict):
    done: Annotated[list[int], operator.add]


def config(seen: Capture) -> dict[str, Any]:
    return {"callbacks": [Handler(**seen.providers)]}


def retried(model: Any) -> Any:
    return model.with_retry(wait_exponential_jitter=False, stop_after_attempt=3)


async def test_a_retry_within_abatch_is_a_retry(seen: Capture) -> None:
    """`abatch` reports its items in tasks of their own; what runs them is found all the same."""
    model = ScriptedModel(answers=["a", ValueError("b"), "c"])
    await (PROMPT | retried(model) | StrOutputParser()).abatch([{"q": "1"}, {"q": "2"}], config(seen))
    assert shown(seen) == (
        "invoke_workflow\n  retry\n    chat scripted-1 #1\n"
        "invoke_workflow\n  retry\n    chat scripted-1 #1 !ValueError\n    chat scripted-1 #2"
    )


async def test_a_fallback_within_abatch_is_a_fallback(seen: Capture) -> None:
    """The same for `with_fallbacks`."""
    first = ScriptedModel(answers=[ValueError("a")], model="first")
    await first.with_fallbacks([ScriptedModel(answers=["b"], model="second")]).abatch(["x"], config(seen))
    assert shown(seen) == "fallback\n  chat first #1 !ValueError\n  chat second #2 for first"


@pytest.mark.parametrize("nested", [False, True])
def test_a_chain_that_falls_back_is_told_by_its_model(nested: bool, seen: Capture) -> None:
    """Chains that nobody named: what each asked says which it was."""
    first = PROMPT | ScriptedModel(answers=[ValueError("a")], model="first")
    chain = first.with_fallbacks([PROMPT | ScriptedModel(answers=["b"], model="second")])
    if nested:
        chain = RunnableLambda(lambda x: x) | chain
    chain.invoke({"q": "x"}, config(seen))
    below = "attempt #1 !ValueError\n  chat first !ValueError\nattempt #2 for first\n  chat second"
    tree = ["invoke_workflow", "  fallback"] if nested else ["fallback"]
    indent = "  " * len(tree)
    assert shown(seen) == "\n".join([*tree, *(f"{indent}{line}" for line in below.splitlines())])
    step = seen.span("fallback").attributes
    assert step["genai_otel.fallback.failed"] == ("first",)
    assert step["genai_otel.fallback.used"] == "second"


def test_a_retry_of_each_alternative(seen: Capture) -> None:
    """A retry that gave up is what the next one stands in for."""
    first = ScriptedModel(answers=[ValueError("a")], model="first")
    second = ScriptedModel(answers=[ValueError("b"), "c"], model="second")
    retried(first).with_fallbacks([retried(second)]).invoke("x", config(seen))
    assert shown(seen).splitlines() == [
        "fallback",
        "  retry #1 !ValueError",
        *(f"    chat first #{number} !ValueError" for number in (1, 2, 3)),
        "  retry #2 for first",
        "    chat second #1 !ValueError",
        "    chat second #2",
    ]


def test_code_that_asks_another_model_the_same_falls_back(seen: Capture) -> None:
    """An application's own `except` counts as well."""

    def ask(question: str) -> Any:
        try:
            return ScriptedModel(answers=[ValueError("a")], model="first").invoke(question)
        except ValueError:
            return ScriptedModel(answers=["b"], model="second").invoke(question)

    RunnableLambda(ask).with_config(run_name="mine").invoke("x", config(seen))
    assert shown(seen) == "invoke_workflow mine\n  chat first !ValueError\n  chat second #2 for first"


def test_another_question_is_no_attempt(seen: Capture) -> None:
    """A batch goes on after an item that failed: the next one is not its second try."""

    def ask(_: str) -> int:
        model = ScriptedModel(answers=[ValueError("a"), "b", "c"])
        return len(model.batch(["1", "2", "3"], {"max_concurrency": 1}, return_exceptions=True))

    RunnableLambda(ask).with_config(run_name="mine").invoke("x", config(seen))
    assert shown(seen) == (
        "invoke_workflow mine\n  chat scripted-1 !ValueError\n  chat scripted-1\n  chat scripted-1"
    )


async def test_the_same_question_side_by_side_is_no_attempt(seen: Capture) -> None:
    """Many answers to one question, some of which fail: none stands for another."""

    async def ask(question: str) -> int:
        model, one_by_one = ScriptedModel(answers=[ValueError("a"), "b", "c"]), asyncio.Semaphore(1)

        async def answer() -> Any:
            async with one_by_one:
                return await model.ainvoke(question, config(seen))

        return len(await asyncio.gather(*(answer() for _ in range(3)), return_exceptions=True))

    await RunnableLambda(ask).with_config(run_name="mine").ainvoke("x", config(seen))
    assert shown(seen) == (
        "invoke_workflow mine\n  chat scripted-1 !ValueError\n  chat scripted-1\n  chat scripted-1"
    )


def test_a_node_that_its_policy_runs_again_is_an_attempt(seen: Capture) -> None:
    """Of the nodes that `Send` makes many of, only the one that failed is tried again."""
    tries: list[int] = []

    def work(state: Any) -> Any:
        tries.append(state["item"])
        if state["item"] == 0 and tries.count(0) == 1:
            raise ConnectionError("gone")
        return {"done": [state["item"]]}

    graph = StateGraph(State)
    graph.add_node("work", work, retry_policy=RetryPolicy(initial_interval=0.001, jitter=False))
    graph.add_conditional_edges(START, lambda _: [Send("work", {"item": n}) for n in (0, 1)], ["work"])
    graph.compile(name="map").invoke({"done": []}, {**config(seen), "max_concurrency": 1})
    assert shown(seen) == "invoke_workflow map\n  work #1 !ConnectionError\n  work #2\n  work #1"


def test_a_node_beside_one_that_failed_is_no_attempt(seen: Capture) -> None:
    """Neither a second try nor a fallback."""

    def fails(_: Any) -> Any:
        raise ValueError("a")

    graph = StateGraph(State).add_node("a", fails).add_node("b", lambda _: {"done": [1]})
    graph.add_edge(START, "a").add_edge(START, "b")
    with pytest.raises(ValueError, match="a"):
        graph.compile(name="both").invoke({"done": []}, {**config(seen), "max_concurrency": 1})
    assert shown(seen) == "invoke_workflow both !ValueError\n  a !ValueError\n  b"
