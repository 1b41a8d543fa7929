"""The demo with LangChain: an agent with a tool that asks the database."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.messages import AIMessageChunk
from langchain_core.tools import tool
from opentelemetry.trace import TracerProvider

from examples.demo.scripted import ScriptedModel
from examples.demo.shop import best_sellers_of
from genai_otel_core import Telemetry
from genai_otel_langchain import Handler
from langchain.agents import create_agent


def run(
    options: argparse.Namespace,
    telemetry: Telemetry,
    tracer_provider: TracerProvider,
    say: Callable[[str], None],
) -> None:
    """Ask the agent once; `say` gets the answer, piece by piece if it is streamed."""
    agent = create_agent(
        ScriptedModel() if options.model is None else init_chat_model(options.model),
        [tool(best_sellers_of(tracer_provider))],
        system_prompt="Answer questions about album sales with the tool.",
        name="sales_assistant",
    )
    request: Any = {"messages": [{"role": "user", "content": options.question}]}
    config: Any = {"callbacks": [Handler(telemetry)]}
    if not options.stream:
        say(str(agent.invoke(request, config=config)["messages"][-1].content))
        return
    for message, _ in agent.stream(request, config=config, stream_mode="messages"):
        if isinstance(message, AIMessageChunk):
            say(str(message.content))
