"""Double instrumentation: with the client library observed too, a model call is one span and one measurement."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import openai
import pytest
from agents import make_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from opentelemetry import baggage, context, trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

from genai_otel_core import inner_layers
from genai_otel_core.operations import Embeddings, Inference
from genai_otel_core.testing import Capture
from genai_otel_core.version import SCOPE
from genai_otel_langchain import Handler, trace_embeddings
from instrumented import INSTRUMENTATIONS, NATIVE, instrumented, points, scopes
from stub_server import serving

# The instrumentations' own, and those of what they import.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")

MODELS = {"openai": "gpt-4o", "anthropic": "claude-haiku-4-5"}
ONE_CALL = {
    "gen_ai.client.operation.duration": 1,
    "gen_ai.client.token.usage": 2,
    "input": 7,
    "output": 3,
}
LAYERS = [*INSTRUMENTATIONS, NATIVE]
OPENAI = [name for name in INSTRUMENTATIONS if name.endswith("openai")]
QUIET = "suppress_language_model_instrumentation"


@pytest.fixture
def port() -> Iterator[int]:
    """A model server's port, another for each test: integrations share clients, and their event loop, by URL."""
    with serving() as found:
        yield found


@pytest.fixture
def inner(seen: Capture, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Switches an instrumentation on, in `with`."""
    return lambda name: instrumented(name, seen, monkeypatch)


def model(layer: str, port: int, **options: Any) -> Any:
    if "anthropic" in layer:
        url = f"http://127.0.0.1:{port}"
        return ChatAnthropic(model=MODELS["anthropic"], base_url=url, api_key="k", max_retries=0, **options)
    url = f"http://127.0.0.1:{port}/v1"
    options = {"stream_usage": True, **options}
    return ChatOpenAI(model=MODELS["openai"], base_url=url, api_key="k", max_retries=0, **options)


def name_of(layer: str) -> str:
    return f"chat {MODELS['anthropic' if 'anthropic' in layer else 'openai']}"


def config(seen: Capture, **options: Any) -> dict[str, Any]:
    return {"callbacks": [Handler(**seen.providers, **options)]}


async def read_all(stream: AsyncIterator[Any]) -> None:
    async for _ in stream:
        pass


HOW: dict[str, Callable[[Any, Any], Any]] = {
    "invoke": lambda model, settings: model.invoke("hi", settings),
    "ainvoke": lambda model, settings: asyncio.run(model.ainvoke("hi", settings)),
    "stream": lambda model, settings: list(model.stream("hi", settings)),
    "astream": lambda model, settings: asyncio.run(read_all(model.astream("hi", settings))),
}
ways = pytest.mark.parametrize("how", HOW)


class TerseModel(BaseChatModel):
    """Calls the client and tells LangChain nothing but the text; `between` runs inside the call."""

    port: int
    between: Any = None

    @property
    def _llm_type(self) -> str:
        return "terse"

    def _get_ls_params(self, stop: Any = None, **_: Any) -> Any:
        return {}

    def _ask(self, **options: Any) -> Any:
        if self.between is not None:
            self.between()
        return client(self.port).chat.completions.create(model="gpt-4o", messages=HI, **options)

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        text = self._ask().choices[0].message.content
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **_: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self._ask(stream=True, stream_options={"include_usage": True}):
            if chunk.choices and chunk.choices[0].delta.content:
                part = ChatGenerationChunk(message=AIMessageChunk(chunk.choices[0].delta.content))
                if run_manager:
                    run_manager.on_llm_new_token(part.text, chunk=part)
                yield part


HI: list[Any] = [{"role": "user", "content": "hi"}]


def client(port: int) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="k", max_retries=0)


@ways
@pytest.mark.parametrize("layer", LAYERS)
def test_outer_keeps_ours_alone(layer: str, how: str, port: int, inner: Any, seen: Capture) -> None:
    """By default the inner layer adds no span and no point."""
    with inner(layer):
        HOW[how](model(layer, port), config(seen))
    assert seen.tree() == name_of(layer)
    assert scopes(seen) == [SCOPE]
    assert points(seen) == ONE_CALL


@ways
@pytest.mark.parametrize("layer", LAYERS)
def test_inner_leaves_the_call_to_theirs(layer: str, how: str, port: int, inner: Any, seen: Capture) -> None:
    """Their span stays alone; the tokens are measured once, by us where they do not."""
    with inner(layer):
        HOW[how](model(layer, port), config(seen, dedupe="inner"))
    assert len(seen.spans) == 1
    assert SCOPE not in scopes(seen)
    assert points(seen)["gen_ai.client.token.usage"] == 2


@pytest.mark.parametrize("layer", LAYERS)
def test_off_changes_nothing(layer: str, port: int, inner: Any, seen: Capture) -> None:
    """Both report the call, theirs below ours."""
    with inner(layer):
        model(layer, port).invoke("hi", config(seen, dedupe="off"))
    assert len(seen.spans) == 2
    assert sorted(scope == SCOPE for scope in scopes(seen)) == [False, True]
    assert seen.tree().startswith(f"{name_of(layer)}\n  ")


@pytest.mark.parametrize("kind", ["responses", "text_completion"])
@pytest.mark.parametrize("layer", OPENAI)
@pytest.mark.parametrize("mode", ["outer", "inner"])
def test_other_apis(mode: str, layer: str, kind: str, port: int, inner: Any, seen: Capture) -> None:
    """The Responses API and text completions are one span and one measurement, whoever covers them."""
    url = f"http://127.0.0.1:{port}/v1"
    with inner(layer):
        if kind == "responses":
            asked: Any = model(layer, port, use_responses_api=True, stream_usage=False)
        else:
            asked = OpenAI(model="gpt-3.5-turbo-instruct", base_url=url, api_key="k", max_retries=0)
        asked.invoke("hi", config(seen, dedupe=mode))
    assert len(seen.spans) == 1
    assert points(seen)["gen_ai.client.token.usage"] == 2


@pytest.mark.parametrize("how", ["invoke", "stream"])
def test_what_only_the_inner_layer_knows_is_on_ours(how: str, port: int, inner: Any, seen: Capture) -> None:
    """An integration that tells nothing gets all from the instrumentation that joins our context."""
    with inner("genai-openai"):
        HOW[how](TerseModel(port=port), config(seen))
    (span,) = seen.spans
    attributes = dict(span.attributes or {})
    attributes.pop("gen_ai.response.time_to_first_chunk", None)
    only = (
        {"gen_ai.request.stream": True} if how == "stream" else {"openai.response.system_fingerprint": "fp_1"}
    )
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 3,
        "openai.response.service_tier": "default",
        "server.address": "127.0.0.1",
        "server.port": port,
        **only,
    }
    assert points(seen) == ONE_CALL


def test_what_the_framework_said_stays(port: int, inner: Any, seen: Capture) -> None:
    """The instrumentation completes our span and changes nothing that the integration told."""

    class Told(TerseModel):
        def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
            return {"ls_provider": "ours", "ls_model_name": "m"}

        def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
            result = super()._generate(*args, **kwargs)
            told = {"input_tokens": 1, "output_tokens": 0, "total_tokens": 1}
            result.generations[0].message.usage_metadata = told  # type: ignore[attr-defined]
            return result

    with inner("genai-openai"):
        Told(port=port).invoke("hi", config(seen))
    attributes = seen.span("chat m").attributes or {}
    assert attributes["gen_ai.provider.name"] == "ours"
    assert attributes["gen_ai.request.model"] == "m"
    assert attributes["gen_ai.usage.input_tokens"] == 1
    assert attributes["gen_ai.usage.output_tokens"] == 3, "a 0 beside what the client saw was a miss"
    assert attributes["gen_ai.response.id"] == "chatcmpl-1"


def test_a_failed_call_is_one_failed_span(port: int, inner: Any, seen: Capture) -> None:
    """An error of the provider is reported once, with its type."""
    with inner("genai-openai"), pytest.raises(openai.NotFoundError):
        model("openai", port).bind(model="missing").invoke("hi", config(seen))
    (span,) = seen.spans
    assert (span.attributes or {})["error.type"] == "model_not_found"
    assert points(seen) == {"gen_ai.client.operation.duration": 1}


@pytest.mark.parametrize("layer", ["genai-openai", "openllmetry-openai", "openinference-openai"])
def test_the_readers_own_calls_are_reported(layer: str, port: int, inner: Any, seen: Capture) -> None:
    """Between two chunks, and after the end, the application's own calls are theirs as ever."""
    with inner(layer):
        for _ in TerseModel(port=port).stream("hi", config(seen)):
            client(port).chat.completions.create(model="read", messages=HI)
        client(port).chat.completions.create(model="after", messages=HI)
    ours = [span for span, scope in zip(seen.spans, scopes(seen), strict=True) if scope == SCOPE]
    assert len(ours) == 1
    assert len(seen.spans) > 2
    assert {span.parent for span in seen.spans} == {None}, "none of them is part of our call"
    # What the reader's calls found is not ours.
    assert "read" not in (ours[0].attributes or {}).values()


def test_a_context_kept_beyond_the_call_is_not_quiet(port: int, inner: Any, seen: Capture) -> None:
    """What the model's code made of its context silences nobody once the call has ended."""
    kept: list[Any] = []

    def keep() -> None:
        kept.append(context.set_value("own", 1))
        kept.append(context.get_current())

    with inner("genai-openai"), inner("openinference-openai"):
        TerseModel(port=port, between=keep).invoke("hi", config(seen))
        assert scopes(seen) == [SCOPE]
        for one in kept:
            seen.clear()
            token = context.attach(one)
            client(port).chat.completions.create(model="gpt-4o", messages=HI)
            context.detach(token)
            assert len(seen.spans) == 2, "both instrumentations are back"
            assert SCOPE not in scopes(seen)
            assert not context.get_value(QUIET, one)


def test_contexts_of_the_application_stay_as_they_are(port: int, inner: Any, seen: Capture) -> None:
    """Baggage and the keys that the application set reach the client's code, and are there afterwards."""
    found: list[Any] = []

    def look() -> None:
        found.append((baggage.get_baggage("tenant"), context.get_value("own"), context.get_value(QUIET)))

    token = context.attach(baggage.set_baggage("tenant", "t1", context.set_value("own", "mine")))
    quiet = context.attach(context.set_value(QUIET, "by the application"))
    try:
        with inner("openllmetry-openai"):
            TerseModel(port=port, between=look).invoke("hi", config(seen))
        assert found == [("t1", "mine", "by the application")]
        assert context.get_value(QUIET) == "by the application"
    finally:
        context.detach(quiet)
        context.detach(token)
    assert scopes(seen) == [SCOPE]


def test_http_clients_are_not_silenced(port: int, seen: Capture) -> None:
    """The keys that silence model clients leave HTTP spans where they belong, below ours."""
    HTTPXClientInstrumentor().instrument(tracer_provider=seen.tracer_provider)
    try:
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        ask = lambda: httpx.post(url, json={"model": "gpt-4o"})  # noqa: E731
        TerseModel(port=port, between=ask).invoke("hi", config(seen))
    finally:
        HTTPXClientInstrumentor().uninstrument()
    assert seen.tree().startswith("chat\n  POST")


@pytest.mark.parametrize("mode", ["outer", "inner"])
@pytest.mark.parametrize(
    "layer", ["genai-openai", "openllmetry-openai", "openinference-openai", "anthropic-sdk"]
)
def test_an_agents_sums_are_right(mode: str, layer: str, port: int, inner: Any, seen: Capture) -> None:
    """Whoever reports the calls, the agent's span has their sum."""
    with inner(layer):
        agent = make_agent(model(layer, port), [], "helper")
        agent.invoke({"messages": [("user", "hi")]}, config(seen, dedupe=mode))
    attributes = seen.span("invoke_agent helper").attributes or {}
    assert attributes["gen_ai.usage.input_tokens"] == 7
    assert attributes["gen_ai.usage.output_tokens"] == 3
    assert len(seen.spans) == 2
    assert points(seen)["gen_ai.client.token.usage"] == 2


def test_inner_keeps_what_nobody_else_reports(port: int, inner: Any, seen: Capture) -> None:
    """An instrumentation of one provider's client changes nothing for the others, nor for custom models."""
    with inner("genai-openai"):
        model("anthropic", port).invoke("hi", config(seen, dedupe="inner"))
        TerseModel(port=port, between=None).invoke("hi", config(seen, dedupe="inner"))
    model("openai", port).invoke("hi", config(seen, dedupe="inner"))
    assert [
        name for name, scope in zip([s.name for s in seen.spans], scopes(seen), strict=True) if scope == SCOPE
    ] == [
        name_of("anthropic"),
        "chat",
        name_of("openai"),
    ]


@pytest.mark.parametrize("mode", ["outer", "inner"])
@pytest.mark.parametrize("layer", OPENAI)
def test_embeddings_are_reported_once(mode: str, layer: str, port: int, inner: Any, seen: Capture) -> None:
    """The same holds for embeddings; their tokens, which LangChain throws away, come from the inner layer."""
    found = OpenAIEmbeddings(
        model="text-embedding-3-small",
        base_url=f"http://127.0.0.1:{port}/v1",
        api_key="k",
        max_retries=0,
        check_embedding_ctx_length=False,
    )
    with inner(layer):
        handler = Handler(**seen.providers, dedupe=mode)
        assert trace_embeddings(found, handler).embed_documents(["a", "b"]) == [[0.5, 0.25], [0.5, 0.25]]
    (span,) = seen.spans
    assert (scopes(seen) == [SCOPE]) == (mode == "outer")
    if layer == "genai-openai":
        assert (span.attributes or {})["gen_ai.usage.input_tokens"] == 7
        assert points(seen)["input"] == 7


class Deaf:
    """Stands for opentelemetry-instrumentation-openai-v2, which heeds no key and excludes the newer packages."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seen: Capture) -> None:
        from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

        def instrumentation_dependencies(self: Any) -> tuple[str, ...]:
            return ("openai >= 1.26.0",)

        module = "opentelemetry.instrumentation.openai_v2"
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
        members: dict[str, Any] = {
            "__module__": module,
            "instrumentation_dependencies": instrumentation_dependencies,
            "_instrument": lambda self, **_: None,
            "_uninstrument": lambda self, **_: None,
        }
        self.instrumentor: Any = type("OpenAIInstrumentor", (BaseInstrumentor,), members)()
        tracer = seen.tracer_provider.get_tracer(module)
        original = openai.resources.chat.completions.Completions.create

        def create(*args: Any, **kwargs: Any) -> Any:
            with tracer.start_as_current_span("theirs"):
                return original(*args, **kwargs)

        create._self_wrapper = self  # as wrapt keeps it
        monkeypatch.setattr(openai.resources.chat.completions.Completions, "create", create)


def test_what_cannot_be_silenced_stays_alone(
    port: int, seen: Capture, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Two spans would be counted twice, so ours gives way, and a warning says so once."""
    inner_layers._tell_once.cache_clear()
    deaf = Deaf(monkeypatch, seen)
    deaf.instrumentor.instrument()
    try:
        for _ in range(2):
            model("openai", port).invoke("hi", config(seen))
    finally:
        deaf.instrumentor.uninstrument()
    assert seen.tree() == "theirs\ntheirs"
    assert points(seen)["gen_ai.client.token.usage"] == 4
    assert points(seen)["input"] == 14
    assert [record.levelname for record in caplog.records if record.name == "genai_otel"] == ["WARNING"]
    seen.clear()
    model("openai", port, use_responses_api=True, stream_usage=False).invoke("hi", config(seen))
    assert scopes(seen) == [SCOPE], "it does not know that API"


def test_what_cannot_be_silenced_and_measures_is_not_measured_again(
    port: int, seen: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its newer way of wrapping, which is told by its name, measures tokens itself."""
    deaf = Deaf(monkeypatch, seen)
    deaf.__qualname__ = "chat_completions_create_v_new.<locals>.traced_method"
    deaf.instrumentor.instrument()
    try:
        model("openai", port).invoke("hi", config(seen))
    finally:
        deaf.instrumentor.uninstrument()
    assert seen.tree() == "theirs"
    assert points(seen) == {}


def test_a_library_that_needs_its_span_gets_it(
    port: int, seen: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version of the Anthropic SDK to which a span refused would be an error is left alone."""

    def start_api_call_span(tracer: Any, *_: Any) -> Any:
        return tracer.start_span("native")

    native = SimpleNamespace(start_api_call_span=start_api_call_span)
    assert not inner_layers._goes_on_without_span.__wrapped__(native)
    real = sys.modules.get("anthropic._tracing")
    if real is not None:
        assert inner_layers._goes_on_without_span(real)
    monkeypatch.setattr(inner_layers, "_goes_on_without_span", lambda module: False)
    with instrumented(NATIVE, seen, monkeypatch):
        model(NATIVE, port).invoke("hi", config(seen))
    assert seen.tree() == f"{name_of(NATIVE)}\n  anthropic.messages.create"


def test_the_sdks_own_switch(port: int, inner: Any, seen: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told by its environment variable to report nothing, the Anthropic SDK leaves the call to us."""
    monkeypatch.setenv("ANTHROPIC_OPEN_TELEMETRY", "false")
    with inner(NATIVE):
        model(NATIVE, port).invoke("hi", config(seen, dedupe="inner"))
    assert scopes(seen) == [SCOPE]


def test_values_do_not_leave_the_process(seen: Capture) -> None:
    """A pickled context has nothing that silences anybody."""
    handler = Handler(**seen.providers)
    run = handler.telemetry.start("run", Inference())
    assert run is not None
    assert context.get_value(QUIET)
    copied = pickle.loads(pickle.dumps(context.set_value("own", 1)[QUIET]))
    elsewhere = pickle.loads(pickle.dumps(context.get_current()))
    handler.telemetry.finish("run")
    assert not copied
    assert not elsewhere.get(QUIET)
    assert not context.get_value(QUIET)
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_only_model_calls_silence(seen: Capture) -> None:
    """An agent's, tool's or step's own code is not a model call: what it asks of a client is reported."""
    from genai_otel_core.operations import AgentInvocation, Retrieval, Step, ToolExecution, WorkflowInvocation

    telemetry = Handler(**seen.providers).telemetry
    for number, op in enumerate(
        [AgentInvocation(), Retrieval(), Step(), ToolExecution(), WorkflowInvocation()]
    ):
        telemetry.start(number, op)
        assert not context.get_value(QUIET)
    for number, op in enumerate([Inference(), Embeddings()], start=10):
        telemetry.start(number, op)
        assert context.get_value(QUIET)
        telemetry.finish(number)
    for number in range(5):
        telemetry.finish(number)


@pytest.mark.parametrize("wrong", ["Outer", "none", True])
def test_a_wrong_mode_is_named(wrong: object) -> None:
    """The error names the option and its values."""
    with pytest.raises((ValueError, TypeError), match="dedupe must be one of 'outer', 'inner', 'off'"):
        Handler(dedupe=wrong)
