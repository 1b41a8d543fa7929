"""Other callback handlers are told what they would be told without ours."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models.llms import LLM
from langchain_core.prompts import PromptTemplate
from models import LONG_S, pass_time

from drawing import render
from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler


class Told(BaseCallbackHandler):
    """Keeps the names of what it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def on_llm_start(self, *args: Any, **kwargs: Any) -> None:
        """Keep it."""
        self.events.append("start")

    def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        """Keep it."""
        self.events.append("end")


class InlineTold(Told):
    """The same, in the caller's task."""

    run_inline = True


class Text(LLM):
    """A text model."""

    delay_s: float = 0.0

    @property
    def _llm_type(self) -> str:
        return "text"

    def _call(self, *args: Any, **kwargs: Any) -> str:
        return "fine"

    async def _acall(self, *args: Any, **kwargs: Any) -> str:
        await pass_time(self.delay_s)
        return "fine"


@pytest.mark.parametrize("kind", [Told, InlineTold])
async def test_others_are_told_of_async_text_models(kind: type[Told], seen: Capture) -> None:
    """Each call starts and ends once for both handlers; several prompts are siblings."""
    told = kind()
    config: Any = {"callbacks": [told, Handler(**seen.providers), Handler(**seen.providers)]}
    await (PromptTemplate.from_template("{q}") | Text()).ainvoke({"q": "x"}, config)
    await Text().agenerate(["x", "y"], callbacks=config["callbacks"])
    assert told.events == ["start", "end", "start", "start", "end", "end"]
    assert render(seen) == (
        "invoke_workflow\n  text_completion CLIENT\ntext_completion CLIENT\ntext_completion CLIENT"
    )


async def test_events_of_async_text_models(seen: Capture) -> None:
    """`astream_events`, a handler itself, gives the same events with and without ours."""

    async def events(*callbacks: BaseCallbackHandler) -> list[str]:
        chain = PromptTemplate.from_template("{q}") | Text()
        stream = chain.astream_events({"q": "x"}, {"callbacks": list(callbacks)}, version="v2")
        return [event["event"] async for event in stream]

    assert await events(Handler(**seen.providers)) == await events()
    assert render(seen) == "invoke_workflow\n  text_completion CLIENT"


async def test_a_cancelled_async_text_model_ends_beside_others(seen: Capture) -> None:
    """The end that LangChain does not tell is seen in the task that runs the model."""
    handler = Handler(**seen.providers)
    call = Text(delay_s=LONG_S).ainvoke("x", {"callbacks": [Told(), handler]})
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(call, LONG_S / 3)
    assert render(seen) == "text_completion CLIENT !asyncio.exceptions.CancelledError"
    assert handler.telemetry.open_runs == 0
