"""The demo with LlamaIndex: an agent with a tool that asks the database, and one that queries an index (RAG)."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

from llama_index.core import VectorStoreIndex
from llama_index.core.agent.workflow import AgentStream, FunctionAgent
from llama_index.core.schema import TextNode
from llama_index.core.tools import FunctionTool, QueryEngineTool
from opentelemetry.trace import TracerProvider

from examples.demo.llamaindex_scripted import ScriptedLLM, WordsEmbedding
from examples.demo.shop import LINER_NOTES, best_sellers_of
from genai_otel_core import Telemetry
from genai_otel_llamaindex import Handler


def run(
    options: argparse.Namespace,
    telemetry: Telemetry,
    tracer_provider: TracerProvider,
    say: Callable[[str], None],
) -> None:
    """Ask the agent once; `say` gets the answer, piece by piece if it is streamed."""
    llm = ScriptedLLM() if options.model is None else _model(options.model)
    notes = [TextNode(id_=album, text=text) for album, text in LINER_NOTES.items()]
    index = VectorStoreIndex(notes, embed_model=WordsEmbedding(model_name="words-1"))
    agent = FunctionAgent(
        name="sales_assistant",
        system_prompt="Answer questions about albums with the tools.",
        tools=[
            FunctionTool.from_defaults(best_sellers_of(tracer_provider)),
            QueryEngineTool.from_defaults(
                index.as_query_engine(llm=llm, similarity_top_k=1),
                name="liner_notes",
                description="Says who recorded an album, and when.",
            ),
        ],
        llm=llm,
        streaming=options.stream,
    )
    handler = Handler(telemetry).attach()
    try:
        asyncio.run(_ask(agent, options, say))
    finally:
        handler.detach()


async def _ask(agent: FunctionAgent, options: argparse.Namespace, say: Callable[[str], None]) -> None:
    running = agent.run(options.question)
    if options.stream:
        async for event in running.stream_events():
            if isinstance(event, AgentStream):
                say(event.delta)
        await running
    else:
        say(str(await running))


def _model(name: str) -> Any:
    # LlamaIndex has a package and a class for each provider.
    provider, _, model = name.partition(":")
    module = import_module(f"llama_index.llms.{provider}")
    wanted = provider.replace("_", "")
    cls = next(getattr(module, found) for found in dir(module) if found.lower() == wanted)
    return cls(model=model)
