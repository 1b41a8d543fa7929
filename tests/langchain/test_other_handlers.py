"""Other callback handlers are told what they would be told without ours."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models.llms import LLM
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnableLambda
from models import LONG_S, ScriptedModel, pass_time
from opentelemetry import context

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


class StoppedError(Exception):
    """A budget is used up, a word is forbidden."""


class Stops(BaseCallbackHandler):
    """Raises what reaches the application, where it is told of any `event`."""

    raise_error = True
    run_inline = True

    def __init__(self, event: str) -> None:
        def stop(*args: Any, **kwargs: Any) -> None:
            raise StoppedError

        for kind in ("chat_model", "llm", "chain"):
            setattr(self, f"on_{kind}_{event}", stop)


def _model(config: Any) -> None:
    ScriptedModel(answers=["x"]).invoke("x", config)


def _stream(config: Any) -> None:
    list(ScriptedModel(answers=["x"]).stream("x", config))


def _batch(config: Any) -> None:
    RunnableLambda(str).batch([1, 2], config)


def _chain(config: Any) -> None:
    RunnableLambda(str).invoke(1, config)


def _async(config: Any) -> None:
    asyncio.run(ScriptedModel(answers=["x"]).ainvoke("x", config))


@pytest.mark.parametrize("call", [_model, _stream, _batch, _chain, _async])
@pytest.mark.parametrize("event", ["start", "end"])
def test_what_another_handler_stops_is_left_behind(
    event: str, call: Callable[[Any], None], seen: Capture
) -> None:
    """LangChain tells nobody of its end: it ends with what ran it, and nothing later is below it."""
    ours, other = Handler(**seen.providers), Stops(event)
    before = dict(context.get_current())
    with contextlib.suppress(StoppedError):
        call({"callbacks": [ours, other] if event == "start" else [other, ours]})
    gc.collect()
    assert ours.telemetry.open_runs == 0
    assert dict(context.get_current()) == before
    # A coroutine that is gone looks like a cancelled one, from the inside.
    left = "!asyncio.exceptions.CancelledError" if (event, call) == ("end", _async) else "abandoned"
    assert all(line.endswith(left) for line in render(seen).splitlines())
    seen.clear()
    _model({"callbacks": [ours]})
    assert render(seen) == "chat scripted-1 CLIENT"


def test_a_handler_that_could_stop_a_run_does_not_end_it(seen: Capture) -> None:
    """Nothing changes where nothing is stopped."""
    config = {"callbacks": [Handler(**seen.providers), Stops("custom_event")]}
    _chain(config)
    _stream(config)
    _batch(config)
    assert render(seen) == (
        "invoke_workflow str\nchat scripted-1 CLIENT\ninvoke_workflow str\ninvoke_workflow str"
    )
