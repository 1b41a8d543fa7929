"""What LlamaIndex's own runs emit is what each official version defines, through the handler as through the core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core import MockEmbedding
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from llama_models import ScriptedLLM, asks, llm
from llama_scenarios import INDEX, SAID

from core.conventions import checks
from core.conventions.played import Played
from genai_otel_core.testing import capture
from genai_otel_llamaindex import Handler


def weather(city: str) -> str:
    """The weather of a city."""
    if city == "Atlantis":
        raise ValueError(city)
    return "sunny"


WEATHER = FunctionTool.from_defaults(weather)


class Tuned(ScriptedLLM):
    """A model with parameters of its own."""

    temperature: float = 0.0
    max_tokens: int = 5


def chat() -> None:
    """One call."""
    llm().chat(SAID)


def parameters() -> None:
    """A call with parameters."""
    Tuned(answers=["hello"]).chat(SAID, stop=["END"], n=1, seed=3, response_format={"type": "json_object"})


def streamed() -> None:
    """A stream, read to its end."""
    assert list(llm("hello you there").stream_chat(SAID))


def failed() -> None:
    """A call that raises."""
    with pytest.raises(ConnectionError):
        llm(ConnectionError("down")).chat(SAID)


def embedded() -> None:
    """A batch of texts."""
    MockEmbedding(embed_dim=3, model_name="mock-3").get_text_embedding_batch(["a", "b"])


def queried() -> None:
    """A query engine, streamed."""
    assert list(INDEX.as_query_engine(llm=llm("a b"), streaming=True).query("q").response_gen)


def tool_called() -> None:
    """A tool by itself."""
    WEATHER(city="Paris")


def failed_tool() -> None:
    """A tool that raises."""
    with pytest.raises(ValueError, match="Atlantis"):
        WEATHER(city="Atlantis")


def agents() -> None:
    """Agents with a tool, in a conversation."""
    model = llm(asks("weather", city="Paris"), "sunny")
    guide = FunctionAgent(
        name="guide", description="Knows.", system_prompt="Be kind.", tools=[WEATHER], llm=model
    )
    memory = ChatMemoryBuffer.from_defaults(chat_store_key="t-1", llm=llm())

    async def main() -> None:
        await AgentWorkflow(agents=[guide], root_agent="guide").run(user_msg="?", memory=memory)

    asyncio.run(main())


def workflow() -> None:
    """A workflow of which a step fails."""

    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            await llm().achat(SAID)
            raise ValueError("no")

    async def main() -> None:
        with pytest.raises(Exception, match="no"):
            await Flow().run()

    asyncio.run(main())


RUNS: dict[str, Callable[[], Any]] = {
    run.__name__: run
    for run in (
        chat,
        parameters,
        streamed,
        failed,
        embedded,
        queried,
        tool_called,
        failed_tool,
        agents,
        workflow,
    )
}


@pytest.mark.parametrize("content", ["none", "span_and_event"])
@pytest.mark.parametrize("version", checks.VERSIONS)
@pytest.mark.parametrize("run", RUNS)
def test_emits_what_the_version_defines(run: str, version: str, content: str) -> None:
    """Spans, metrics and events have that version's names, types, units, buckets and required attributes."""
    starts = checks.Starts()
    with capture(sampler=starts) as seen:
        telemetry = Played(convention=version, capture_content=content, **seen.providers)
        handler = Handler(telemetry).attach()
        try:
            RUNS[run]()
        finally:
            handler.detach()
        assert telemetry.played
        checks.check(version, seen, telemetry.played, starts.seen)
