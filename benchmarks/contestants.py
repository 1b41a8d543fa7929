"""Who is timed: each contestant is a context that gives what it adds to a call's config while it observes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, NamedTuple

from langchain_core.callbacks import BaseCallbackHandler

from emitted import Destination

Observe = Callable[[Destination], AbstractContextManager[dict[str, Any]]]


class Contestant(NamedTuple):
    """One way to observe LangChain, and whether it is meant to emit anything."""

    observe: Observe
    emits: bool = True


class NoOpHandler(BaseCallbackHandler):
    """Does nothing, in the caller's own task and thread as the other handlers here."""

    run_inline = True


@contextmanager
def nothing(_destination: Destination) -> Iterator[dict[str, Any]]:
    """No handler: what LangChain itself takes."""
    yield {}


@contextmanager
def no_op(_destination: Destination) -> Iterator[dict[str, Any]]:
    """The price of any callback handler."""
    yield {"callbacks": [NoOpHandler()]}


@contextmanager
def by_hand(destination: Destination, *, content: bool) -> Iterator[dict[str, Any]]:
    """What the genai-otel handler emits, written by hand."""
    from floor import FloorHandler  # noqa: PLC0415  # imports this module

    yield {"callbacks": [FloorHandler(destination.tracer_provider, destination.meter_provider, content)]}


@contextmanager
def genai_otel(destination: Destination, *, content: bool) -> Iterator[dict[str, Any]]:
    """The genai-otel handler."""
    from genai_otel_langchain import Handler  # noqa: PLC0415  # not in the official package's environment

    capture = "span" if content else "none"
    yield {"callbacks": [Handler(**destination.providers, convention="1.41", capture_content=capture)]}


@contextmanager
def official(destination: Destination, *, content: bool) -> Iterator[dict[str, Any]]:
    """opentelemetry-instrumentation-genai-langchain, which patches LangChain while it is on."""
    from opentelemetry.instrumentation.genai.langchain import (  # noqa: PLC0415  # only in its environment
        LangChainInstrumentor,
    )

    capture = "SPAN_ONLY" if content else "NO_CONTENT"
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = capture
    LangChainInstrumentor().instrument(**destination.providers)
    try:
        yield {}
    finally:
        LangChainInstrumentor().uninstrument()


HERE = {
    "nothing": Contestant(nothing, emits=False),
    "no-op handler": Contestant(no_op, emits=False),
    "by hand": Contestant(partial(by_hand, content=False)),
    "genai-otel": Contestant(partial(genai_otel, content=False)),
    "by hand, content": Contestant(partial(by_hand, content=True)),
    "genai-otel, content": Contestant(partial(genai_otel, content=True)),
}
"""In this environment."""

THERE = {
    "nothing": Contestant(nothing, emits=False),
    "official": Contestant(partial(official, content=False)),
    "official, content": Contestant(partial(official, content=True)),
}
"""In the official package's environment."""
