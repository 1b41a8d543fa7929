"""What the application does inside an operation belongs to it: its spans, HTTP calls, logs and baggage."""

from __future__ import annotations

import asyncio
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from agents import make_agent
from langchain_core.callbacks.manager import atrace_as_chain_group, trace_as_chain_group
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from models import ScriptedModel, asks
from opentelemetry import baggage, context, trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.utils import suppress_http_instrumentation, suppress_instrumentation

from genai_otel_core.testing import Capture, capture, walk
from genai_otel_langchain import Handler, LangChainInstrumentor


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.headers_seen.append(dict(self.headers))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Any:
    http = HTTPServer(("127.0.0.1", 0), _Server)
    http.headers_seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield http
    http.shutdown()
    http.server_close()


class HttpModel(ScriptedModel):
    """A model whose provider is behind an instrumented HTTP client."""

    url: str

    def _client(self) -> dict[str, Any]:
        return {"trust_env": False}

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        with httpx.Client(**self._client()) as client:
            client.get(self.url)
        logging.getLogger("provider").warning("called")
        return super()._generate(*args, **kwargs)

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        async with httpx.AsyncClient(**self._client()) as client:
            await client.get(self.url)
        return await super()._agenerate(*args, **kwargs)

    def _stream(self, *args: Any, **kwargs: Any) -> Any:
        with httpx.Client(**self._client()) as client:
            client.get(self.url)
        yield from super()._stream(*args, **kwargs)

    async def _astream(self, *args: Any, **kwargs: Any) -> Any:
        async with httpx.AsyncClient(**self._client()) as client:
            await client.get(self.url)
        async for chunk in super()._astream(*args, **kwargs):
            yield chunk


@pytest.fixture
def http_seen() -> Any:
    with capture() as seen:
        instrumentor = HTTPXClientInstrumentor()
        instrumentor.instrument(tracer_provider=seen.tracer_provider, meter_provider=seen.meter_provider)
        yield seen
        instrumentor.uninstrument()


def url(server: Any) -> str:
    return f"http://127.0.0.1:{server.server_port}/"


TREE = """\
invoke_agent helper
  chat scripted-1
    GET
  execute_tool look
    lookup
      GET
  chat scripted-1
    GET"""


@pytest.mark.parametrize("mode", ["invoke", "ainvoke", "stream", "astream", "messages", "amessages"])
def test_http_calls_and_spans_hang_under_what_made_them(mode: str, server: Any, http_seen: Capture) -> None:
    """A model's HTTP call is below its chat span, a tool's span and HTTP call below the tool."""
    tracer = http_seen.tracer_provider.get_tracer("application")

    @tool
    def look(x: int) -> str:
        """Look it up."""
        with tracer.start_as_current_span("lookup"), httpx.Client(trust_env=False) as client:
            return client.get(url(server)).text

    model = HttpModel(answers=[asks("look", x=1), "it is ok"], url=url(server))
    agent = make_agent(model, [look], name="helper")
    config = {"callbacks": [Handler(**http_seen.providers)]}
    given = {"messages": [("user", "hi")]}
    kind = {"stream_mode": "messages"} if mode.endswith("messages") else {}

    async def main() -> None:
        if mode == "ainvoke":
            await agent.ainvoke(given, config)
        else:
            async for _ in agent.astream(given, config, **kind):
                assert trace.get_current_span() is trace.INVALID_SPAN

    if mode == "invoke":
        agent.invoke(given, config)
    elif mode in ("stream", "messages"):
        for _ in agent.stream(given, config, **kind):
            assert trace.get_current_span() is trace.INVALID_SPAN
    else:
        asyncio.run(main())
    assert http_seen.tree() == TREE


def test_a_model_stream_keeps_its_request_and_not_its_reader(server: Any, http_seen: Capture) -> None:
    """Between two chunks the reader's span is current, and what it opens is its own."""
    tracer = http_seen.tracer_provider.get_tracer("application")
    model = HttpModel(answers=["a b c"], url=url(server))
    with tracer.start_as_current_span("request") as request:
        for _ in model.stream("hi", {"callbacks": [Handler(**http_seen.providers)]}):
            assert trace.get_current_span() is request
            tracer.start_span("reader").end()
    tree = http_seen.tree().splitlines()
    assert tree[:3] == ["request", "  chat scripted-1", "    GET"]
    assert set(tree[3:]) == {"  reader"}


def test_log_records_carry_the_chat_span(server: Any, http_seen: Capture) -> None:
    """A record logged inside a model call has the trace and span id of its chat span."""
    spans: list[Any] = []

    class Recorder(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            spans.append(trace.get_current_span().get_span_context())

    recorder = Recorder()
    logging.getLogger("provider").addHandler(recorder)
    try:
        HttpModel(answers=["x"], url=url(server)).invoke(
            "hi", {"callbacks": [Handler(**http_seen.providers)]}
        )
    finally:
        logging.getLogger("provider").removeHandler(recorder)
    assert spans == [http_seen.span("chat scripted-1").get_span_context()]


def _graph(node: Any) -> Any:
    return StateGraph(MessagesState).add_node("n", node).add_edge(START, "n").compile(name="flow")


def test_baggage_set_in_a_node_reaches_the_call(server: Any, http_seen: Capture) -> None:
    """Our context is layered on the application's, never put in its place."""
    model = HttpModel(answers=["x"], url=url(server))

    def node(state: Any) -> Any:
        token = context.attach(baggage.set_baggage("tenant", "t2"))
        try:
            return {"messages": [model.invoke("hi")]}
        finally:
            context.detach(token)

    _graph(node).invoke({"messages": []}, {"callbacks": [Handler(**http_seen.providers)]})
    assert [headers["baggage"] for headers in server.headers_seen] == ["tenant=t2"]


def test_suppression_of_http_set_in_a_node_reaches_the_call(server: Any, http_seen: Capture) -> None:
    """`suppress_http_instrumentation` around a model call holds inside it."""
    model = HttpModel(answers=["x"], url=url(server))

    def node(state: Any) -> Any:
        with suppress_http_instrumentation():
            return {"messages": [model.invoke("hi")]}

    _graph(node).invoke({"messages": []}, {"callbacks": [Handler(**http_seen.providers)]})
    assert http_seen.tree() == "invoke_workflow flow\n  n\n    chat scripted-1"


def test_suppress_instrumentation_silences_exactly_its_subtree(seen: Capture) -> None:
    """What runs inside `suppress_instrumentation` leaves no span, also below an agent that does."""
    model = ScriptedModel(answers=["x"])

    def node(state: Any) -> Any:
        with suppress_instrumentation():
            model.invoke("quiet")
        return {"messages": [model.invoke("loud")]}

    handler = Handler(**seen.providers)
    _graph(node).invoke({"messages": []}, {"callbacks": [handler]})
    with suppress_instrumentation():
        model.invoke("quiet", {"callbacks": [handler]})
    assert seen.tree() == "invoke_workflow flow\n  n\n    chat scripted-1"
    assert handler.telemetry.open_runs == 0


def test_attributes_set_on_the_current_span_land_on_the_operation(seen: Capture) -> None:
    """`trace.get_current_span().set_attribute` in a tool and a node lands on the tool's and node's span."""

    @tool
    def mark(x: int) -> str:
        """Mark."""
        trace.get_current_span().set_attribute("app.feature", "tool")
        return "ok"

    def node(state: Any) -> Any:
        trace.get_current_span().set_attribute("app.feature", "node")
        mark.invoke({"x": 1})
        trace.get_current_span().set_attribute("app.after", True)
        return {"messages": []}

    _graph(node).invoke({"messages": []}, {"callbacks": [Handler(**seen.providers)]})
    assert seen.span("execute_tool mark").attributes["app.feature"] == "tool"
    assert seen.span("n").attributes["app.feature"] == "node"
    assert seen.span("n").attributes["app.after"] is True


def test_the_current_span_is_the_sdks_own(seen: Capture) -> None:
    """Code that looks at the current span sees the SDK's span, not a stand-in."""
    found: list[Any] = []

    def step(x: Any) -> Any:
        found.append(trace.get_current_span())
        copied = context.set_value("application", 1)
        found.append(trace.get_current_span(copied).get_span_context().span_id)
        return x

    RunnableLambda(step).invoke("x", {"callbacks": [Handler(**seen.providers)]})
    span = seen.span("invoke_workflow step")
    assert found[0].name == span.name
    assert found[1] == span.get_span_context().span_id


def test_a_context_captured_inside_heals_when_the_operation_ends(seen: Capture) -> None:
    """A context kept beyond the end answers with what was below it, and mutations do no harm."""
    kept: list[context.Context] = []
    tracer = seen.tracer_provider.get_tracer("application")

    def step(x: Any) -> Any:
        kept.extend([context.get_current(), context.set_value("application", 1)])
        return x

    with tracer.start_as_current_span("request") as request:
        RunnableLambda(step).invoke("x", {"callbacks": [Handler(**seen.providers)]})
    assert trace.get_current_span(kept[0]) is request
    assert trace.get_current_span(kept[1]).get_span_context() == request.get_span_context()
    assert dict(kept[0]) == dict(trace.set_span_in_context(request))
    tracer.start_span("late", context=kept[1]).end()
    assert seen.span("late").parent.span_id == request.get_span_context().span_id


def test_an_asynchronous_agent_of_an_instrumented_process(seen: Capture) -> None:
    """It is heard of on every Python, also where LangChain hands no callbacks to its model."""
    agent = make_agent(ScriptedModel(answers=["hi"]), [], name="ag")
    LangChainInstrumentor().instrument(**seen.providers)
    try:
        asyncio.run(agent.ainvoke({"messages": [("user", "hi")]}))
    finally:
        LangChainInstrumentor().uninstrument()
    found = [(depth, span.name) for depth, span in walk(seen.spans)]
    assert found == [(0, "invoke_agent ag"), (1, "chat scripted-1")]


@pytest.mark.parametrize("word", ["skip_dep_check", "raise_exception_on_conflict"])
def test_the_command_instruments_the_process(word: str, seen: Capture) -> None:
    """What versions of the `opentelemetry-instrument` command pass besides is no option of ours."""
    LangChainInstrumentor().instrument(**{word: True}, **seen.providers)
    try:
        ScriptedModel(answers=["hi"]).invoke("hi")
    finally:
        LangChainInstrumentor().uninstrument()
    assert [span.name for span in seen.spans] == ["chat scripted-1"]


def test_a_group_of_calls_that_the_application_makes(seen: Capture) -> None:
    """LangChain's chain groups are a workflow of their name, current as long as the block, sync and async."""
    model = ScriptedModel(answers=["hi"])

    async def ask_in_group() -> None:
        async with atrace_as_chain_group("later") as group:
            await model.ainvoke("hi", {"callbacks": group})

    LangChainInstrumentor().instrument(**seen.providers)
    try:
        with trace_as_chain_group("first") as group:
            model.invoke("hi", {"callbacks": group})
        asyncio.run(ask_in_group())
    finally:
        LangChainInstrumentor().uninstrument()
    assert not trace.get_current_span().get_span_context().is_valid
    assert seen.tree().splitlines() == [
        "invoke_workflow first",
        "  chat scripted-1",
        "invoke_workflow later",
        "  chat scripted-1",
    ]
