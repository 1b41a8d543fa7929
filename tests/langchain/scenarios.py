"""The registry of scenarios: what applications do with LangChain and LangGraph, each with the tree it must give.

A scenario gets the handler and a config that holds it; `test_trees` runs them. `user(name)` opens a span of
the application's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from langchain_core.prompts import ChatPromptTemplate
from models import ScriptedModel
from opentelemetry.trace import Tracer

from genai_otel_langchain import Handler

SCENARIOS: dict[str, tuple[Callable[..., Any], str]] = {}
_tracers: list[Tracer] = []


def scenario(tree: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a scenario with the tree that it must give."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        SCENARIOS[function.__name__] = (function, tree.strip())
        return function

    return register


def use_tracer(tracer: Tracer) -> None:
    """Set the application's own tracer for the next scenario."""
    _tracers[:] = [tracer]


def user(name: str) -> AbstractContextManager[Any]:
    """Open a span of the application's own."""
    return _tracers[0].start_as_current_span(name)


def model(*answers: Any, **options: Any) -> ScriptedModel:
    """A model that gives these answers in turn."""
    return ScriptedModel(answers=list(answers) or ["hello there"], **options)


async def until_over(handler: Handler) -> None:
    """Let the loop end what was left behind, which takes it some turns."""
    for _ in range(1_000):
        if handler.telemetry.open_runs == 0:
            return
        await asyncio.sleep(0.005)


PROMPT = ChatPromptTemplate.from_messages([("user", "{q}")])
Q = {"q": "x"}
HI = {"messages": [("user", "hi")]}
