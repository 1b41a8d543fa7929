"""Double instrumentation: with the client library observed too, a model call is one span and one measurement."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAI, OpenAIResponses
from llama_index.llms.openai_like import OpenAILike

from genai_otel_core.testing import Capture
from genai_otel_core.version import SCOPE
from genai_otel_llamaindex import Handler
from genai_otel_llamaindex._libraries import client_library
from instrumented import INSTRUMENTATIONS, instrumented, points, scopes
from stub_server import serving

# The instrumentations' own, and those of what they import.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::RuntimeWarning",
    # LlamaIndex leaves its asynchronous clients open.
    "ignore::ResourceWarning",
    "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning",
)

SAID = [ChatMessage("hi")]
ONE_CALL = {
    "gen_ai.client.operation.duration": 1,
    "gen_ai.client.token.usage": 2,
    "input": 7,
    "output": 3,
}
LAYERS = list(INSTRUMENTATIONS)
OPENAI = [name for name in LAYERS if name.endswith("openai")]


@pytest.fixture
def port() -> Iterator[int]:
    """A model server's port; the clients that were left open are collected with it."""
    with serving() as found:
        yield found
    gc.collect()


@pytest.fixture
def inner(seen: Capture, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Switches an instrumentation on, in `with`."""
    return lambda name: instrumented(name, seen, monkeypatch)


@pytest.fixture
def attached(seen: Capture) -> Iterator[Callable[..., Handler]]:
    """Attaches a handler with the options given, while the test lasts."""
    made: list[Handler] = []

    def attach(**options: Any) -> Handler:
        made.append(Handler(**seen.providers, **options).attach())
        return made[-1]

    yield attach
    for handler in made:
        handler.detach()


def model(layer: str, port: int) -> Any:
    """A client of LlamaIndex's for the library that the layer instruments."""
    if "anthropic" in layer:
        name = "claude-3-haiku-20240307"
        return Anthropic(model=name, base_url=f"http://127.0.0.1:{port}", api_key="k", max_retries=0)
    usage = {"stream_options": {"include_usage": True}}
    url = f"http://127.0.0.1:{port}/v1"
    return OpenAI(model="gpt-4o", api_base=url, api_key="k", max_retries=0, additional_kwargs=usage)


def chat_model(layer: str, port: int) -> Any:
    """The same, for a call that is not streamed."""
    made = model(layer, port)
    if hasattr(made, "additional_kwargs"):
        made.additional_kwargs = {}
    return made


async def read_all(model: Any) -> None:
    """Read a stream to its end."""
    async for _ in await model.astream_chat(SAID):
        pass


HOW: dict[str, Callable[[str, int], Any]] = {
    "chat": lambda layer, port: chat_model(layer, port).chat(SAID),
    "achat": lambda layer, port: asyncio.run(chat_model(layer, port).achat(SAID)),
    "stream_chat": lambda layer, port: list(model(layer, port).stream_chat(SAID)),
    "astream_chat": lambda layer, port: asyncio.run(read_all(model(layer, port))),
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("layer", LAYERS)
def test_outer_keeps_ours_alone(
    layer: str, how: str, port: int, inner: Any, attached: Any, seen: Capture
) -> None:
    """By default the inner layer adds no span and no point."""
    attached()
    with inner(layer):
        HOW[how](layer, port)
    assert scopes(seen) == [SCOPE]
    assert points(seen)["gen_ai.client.operation.duration"] == 1
    # Before 0.14 LlamaIndex does not hand on what an Anthropic stream took.
    assert points(seen) == ONE_CALL or ("anthropic" in layer and "stream" in how)


@pytest.mark.parametrize("how", ["chat", "astream_chat"])
@pytest.mark.parametrize("layer", LAYERS)
def test_inner_leaves_the_call_to_theirs(
    layer: str, how: str, port: int, inner: Any, attached: Any, seen: Capture
) -> None:
    """Their span stays alone."""
    attached(dedupe="inner")
    with inner(layer):
        HOW[how](layer, port)
    assert len(seen.spans) == 1
    assert SCOPE not in scopes(seen)


@pytest.mark.parametrize("layer", LAYERS)
def test_off_changes_nothing(layer: str, port: int, inner: Any, attached: Any, seen: Capture) -> None:
    """Both report the call, theirs below ours."""
    attached(dedupe="off")
    with inner(layer):
        HOW["chat"](layer, port)
    assert sorted(scope == SCOPE for scope in scopes(seen)) == [False, True]
    assert seen.tree().count("\n  ") == 1


@pytest.mark.parametrize("mode", ["outer", "inner"])
@pytest.mark.parametrize("layer", OPENAI)
def test_embeddings_are_reported_once(
    mode: str, layer: str, port: int, inner: Any, attached: Any, seen: Capture
) -> None:
    """The same holds for embeddings; their tokens, which LlamaIndex throws away, come from the inner layer."""
    attached(dedupe=mode)
    url = f"http://127.0.0.1:{port}/v1"
    found = OpenAILikeEmbedding(model_name="text-embedding-3-small", api_base=url, api_key="k", max_retries=0)
    with inner(layer):
        found.get_text_embedding_batch(["a", "b"])
    (span,) = seen.spans
    assert (scopes(seen) == [SCOPE]) == (mode == "outer")
    if layer == "genai-openai":
        assert span.attributes["gen_ai.usage.input_tokens"] == 7


@pytest.mark.parametrize("layer", OPENAI)
@pytest.mark.parametrize("mode", ["outer", "inner"])
def test_responses_are_reported_once(
    mode: str, layer: str, port: int, inner: Any, attached: Any, seen: Capture
) -> None:
    """The Responses API is one span and one measurement, whoever covers it."""
    attached(dedupe=mode)
    url = f"http://127.0.0.1:{port}/v1"
    with inner(layer):
        OpenAIResponses(model="gpt-4o", api_base=url, api_key="k", max_retries=0).chat(SAID)
    assert len(seen.spans) == 1
    assert points(seen)["gen_ai.client.token.usage"] == 2


@pytest.mark.parametrize("mode", ["outer", "inner"])
def test_an_agents_sums_are_right(mode: str, port: int, inner: Any, attached: Any, seen: Capture) -> None:
    """Whoever reports the call, the agent's span has its tokens."""
    attached(dedupe=mode)

    async def main() -> None:
        agent = FunctionAgent(name="helper", tools=[], llm=chat_model("openai", port), streaming=False)
        await agent.run("hi")

    with inner("openllmetry-openai"):
        asyncio.run(main())
    attributes = seen.span("invoke_agent helper").attributes or {}
    assert attributes["gen_ai.usage.input_tokens"] == 7
    assert attributes["gen_ai.usage.output_tokens"] == 3
    assert len(seen.spans) == 2
    assert points(seen)["gen_ai.client.token.usage"] == 2


def test_inner_keeps_what_nobody_else_reports(port: int, inner: Any, attached: Any, seen: Capture) -> None:
    """An instrumentation of one provider's client changes nothing for the others."""
    attached(dedupe="inner")
    with inner("genai-openai"):
        HOW["chat"]("anthropic", port)
    assert scopes(seen) == [SCOPE]


def test_libraries() -> None:
    """The client library is that of the integration, or of the one that it inherits from."""

    class Own(OpenAILike):
        """An application's."""

    assert client_library(OpenAI(api_key="k")) == "openai"
    assert client_library(Own(model="m", api_key="k")) == "openai"
    assert client_library(OpenAIResponses(api_key="k")) == "openai/responses"
    assert client_library(Anthropic(api_key="k")) == "anthropic"
    assert client_library(object()) is None
