"""Ten megabytes cost what the bound costs: counted in calls, since a clock tells another story on each machine."""

from __future__ import annotations

import base64
import gc
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from models import ScriptedModel
from pydantic import BaseModel

from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler

SMALL, LARGE = 100_000, 10_000_000


class State(BaseModel):
    """A state as a model."""

    fields: dict[str, str]


STATES: dict[str, Callable[[int], Any]] = {
    "one text": lambda size: "word " * (size // 5),
    "a message": lambda size: {"messages": [HumanMessage("é" * (size // 2))]},
    "many messages": lambda size: {"messages": [HumanMessage("x" * 100)] * (size // 100)},
    "many pairs": lambda size: {"messages": [("user", "x" * 100)] * (size // 100)},
    "many blocks": lambda size: {"messages": [HumanMessage([{"type": "text", "text": "x"}] * (size // 30))]},
    "data": lambda size: {f"key{index}": "value" * 10 for index in range(size // 60)},
    "a list": lambda size: list(range(size // 8)),
    "rows": lambda size: {"rows": [{"cells": ["c" * 20] * 5}] * (size // 100)},
    "a model": lambda size: State(fields={f"key{index}": "v" * 50 for index in range(size // 60)}),
    "JSON": lambda size: json.dumps([{"key": "v" * 20}] * (size // 40)),
    "an image": lambda size: {"messages": [HumanMessage([image(base64.b64encode(b"a" * size).decode())])]},
    "bytes": lambda size: {"data": b"x" * size},
}


def image(encoded: str) -> dict[str, Any]:
    """A block as OpenAI has it."""
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}}


def calls(func: Callable[[], Any]) -> int:
    """How many Python functions are called."""
    count = 0

    def profile(_frame: Any, event: str, _arg: Any) -> None:
        nonlocal count
        count += event == "call"

    gc.collect()
    gc.disable()  # what earlier tests left is not to be counted
    sys.setprofile(profile)
    try:
        func()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


@pytest.mark.parametrize("name", STATES)
def test_large_content_costs_what_the_bound_costs(name: str, seen: Capture) -> None:
    """What goes through a chain is a hundred times as much, and the work is about the same."""
    handler = Handler(capture_content="span_and_event", **seen.providers)
    chain = RunnableLambda(lambda value: value)
    small, large = STATES[name](SMALL), STATES[name](LARGE)
    chain.invoke(small, {"callbacks": [handler]})  # what is done once
    cost = calls(lambda: chain.invoke(small, {"callbacks": [handler]}))
    assert calls(lambda: chain.invoke(large, {"callbacks": [handler]})) < 1.5 * cost
    sizes = [len(str(value).encode()) for value in seen.spans[-1].attributes.values()]
    assert max(sizes) <= 32768


def test_many_tools_and_calls_cost_what_the_bound_costs(seen: Capture) -> None:
    """Ten thousand tools are offered, as many calls are answered, and as many rows a tool gives."""
    handler = Handler(capture_content="span", **seen.providers)

    @tool
    def rows(count: int) -> list[dict[str, str]]:
        """Give rows."""
        return [{"text": "x" * 80}] * count

    def ask(count: int) -> None:
        offered = [{"type": "function", "function": {"name": f"tool_{index}"}} for index in range(count)]
        called = [{"name": "rows", "args": {"text": "x" * 80}, "id": str(index)} for index in range(count)]
        given = [HumanMessage("x"), AIMessage("", tool_calls=called)]
        ScriptedModel(answers=["x"]).bind(tools=offered).invoke(given, {"callbacks": [handler]})
        rows.invoke({"count": count}, {"callbacks": [handler]})

    ask(2_000)
    small, large = calls(lambda: ask(2_000)), calls(lambda: ask(10_000))
    assert large < 1.5 * small
    shown = json.loads(seen.spans[-2].attributes["gen_ai.tool.definitions"])
    assert shown[-1]["name"] == "tool_9999"
    assert shown[1]["name"] == f"[omitted {10_000 - len(shown) + 1} tools]"


@pytest.mark.parametrize("bound", [512, 4096])
def test_what_lies_between_is_counted(bound: int, seen: Capture) -> None:
    """Of very many messages the first and the last ones are shown, and how many are not."""
    handler = Handler(capture_content="span", max_content_bytes=bound, **seen.providers)
    given = [HumanMessage(f"question {index}") for index in range(5_000)]
    RunnableLambda(lambda _: None).invoke({"messages": given}, {"callbacks": [handler]})
    shown = json.loads(seen.spans[0].attributes["gen_ai.input.messages"])
    texts = [message["parts"][0]["content"] for message in shown]
    assert texts[-1] == "question 4999"
    (marker,) = [text for text in texts if "omitted" in text]
    assert marker == f"[omitted {5_000 - len(texts) + 1} messages]"
