"""Whatever the framework hands over, the application's result is the same and the span ends."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import logging
import multiprocessing
import pickle
import tracemalloc
from collections.abc import Callable
from types import GeneratorType
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import Generation, LLMResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from models import ScriptedModel
from opentelemetry import context, trace
from opentelemetry.context.context import Context
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from genai_otel_core import Telemetry, guard
from genai_otel_core.current import Activation
from genai_otel_core.testing import Capture, capture
from genai_otel_langchain import Handler
from hostile import Hostile


def cyclic() -> dict[str, Any]:
    found: dict[str, Any] = {"a": 1}
    found["self"] = found
    return found


WILD = st.one_of(
    st.none(),
    st.integers(),
    st.booleans(),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.builds(Hostile),
    st.builds(cyclic),
    st.just(object()),
    st.just(10**5000),
    st.just("\ud800"),
    st.just([[None]]),
    st.just({"messages": Hostile()}),
    st.just({1: 2, None: 3, (1, 2): Hostile()}),
    st.lists(st.text(max_size=3), max_size=3),
    st.builds(lambda: LLMResult(generations=[[Generation(text="x")]])),
)
STARTS = {
    "on_llm_start": ("on_llm_end", "on_llm_error"),
    "on_chat_model_start": ("on_llm_end", "on_llm_error"),
    "on_tool_start": ("on_tool_end", "on_tool_error"),
    "on_retriever_start": ("on_retriever_end", "on_retriever_error"),
    "on_chain_start": ("on_chain_end", "on_chain_error"),
}
EXTRAS = ("name", "tags", "metadata", "invocation_params", "options", "inputs", "tool_call_id", "run_type")


@pytest.mark.guard_may_catch
@pytest.mark.parametrize("capture_content", ["none", "span_and_event"])
@pytest.mark.parametrize("start", STARTS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_argument_of_any_callback(start: str, capture_content: str, data: st.DataObject) -> None:
    """No callback raises, and the run is gone when it has ended."""
    with capture() as seen:
        context.attach(Context())
        handler = Handler(**seen.providers, capture_content=capture_content, detail="everything")
        run_id = uuid4()
        extras = {name: data.draw(WILD) for name in EXTRAS if data.draw(st.booleans())}
        if start == "on_chain_start":
            extras.pop("inputs", None)  # its own second argument
        getattr(handler, start)(data.draw(WILD), data.draw(WILD), run_id=run_id, parent_run_id=None, **extras)
        handler.on_llm_new_token(data.draw(WILD), chunk=data.draw(WILD), run_id=run_id)
        end, error = STARTS[start]
        if data.draw(st.booleans()):
            getattr(handler, end)(data.draw(WILD), run_id=run_id)
        else:
            getattr(handler, error)(ValueError("x"), run_id=run_id, response=data.draw(WILD))
        assert handler.telemetry.open_runs == 0
        assert len(seen.spans) == 1
        assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.guard_may_catch
@pytest.mark.parametrize("capture_content", ["none", "span_and_event"])
def test_hostile_states_change_nothing(
    capture_content: str, seen: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    """A graph over objects that raise at everything runs as without us, and at most one line is logged per site."""
    handler = Handler(**seen.providers, capture_content=capture_content)
    step = RunnableLambda(lambda state: state)
    hostile = Hostile()
    with caplog.at_level(logging.WARNING):
        for state in (hostile, {"a": hostile}, [hostile], cyclic(), None, 7):
            for _ in range(3):
                assert step.invoke(state, {"callbacks": [handler]}) is state
    sites = [record.getMessage() for record in caplog.records]
    assert len(sites) == len(set(sites))
    assert len(seen.spans) == 18
    assert handler.telemetry.open_runs == 0


def test_a_large_state_costs_what_the_bound_costs(seen: Capture) -> None:
    """10 MB of state give attributes within the bound, and memory of about the bound is touched."""
    handler = Handler(**seen.providers, capture_content="span", max_content_bytes=1024)
    state = {"rows": [{"text": "x" * 1000} for _ in range(10_000)], "blob": "y" * 1_000_000}
    step = RunnableLambda(lambda s: "done")
    step.invoke({"rows": []}, {"callbacks": [handler]})
    tracemalloc.start()
    step.invoke(state, {"callbacks": [handler]})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000
    for value in seen.spans[-1].attributes.values():
        assert len(str(value)) < 3000


def _calls(handler: Handler) -> Callable[[int], None]:
    """A call of some kind: one of six is left, one fails."""
    config = {"callbacks": [handler]}
    model = ScriptedModel(answers=["a b c"])
    fine = RunnableLambda(lambda x: x) | ScriptedModel(answers=["x"])

    def call(index: int) -> None:
        kind = index % 6
        if kind == 0:
            for _ in model.stream("x", config):
                break
        elif kind == 1:
            with contextlib.suppress(ValueError):
                ScriptedModel(answers=[ValueError("boom")]).invoke("x", config)
        else:
            fine.invoke("x", config)

    return call


async def _cancelled(handler: Handler) -> None:
    slow = ScriptedModel(answers=["x"], delay_s=5)
    for _ in range(200):
        work = asyncio.create_task(
            (RunnableLambda(lambda x: x) | slow).ainvoke("x", {"callbacks": [handler]})
        )
        bare = asyncio.create_task(slow.ainvoke("x", {"callbacks": [handler]}))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        for running in (work, bare):
            running.cancel()
        await asyncio.gather(work, bare, return_exceptions=True)


def test_ten_thousand_runs_of_which_a_third_go_wrong_leave_nothing() -> None:
    """The run store is empty, and memory does not grow with the number of runs."""
    handler = Handler(Telemetry())
    call = _calls(handler)

    def rounds(count: int) -> int:
        for index in range(count):
            call(index)
        asyncio.run(_cancelled(handler))
        gc.collect()
        return len(gc.get_objects())

    rounds(600)
    first = rounds(300)
    growth = rounds(3_400) - first  # a chain's call is three runs
    assert handler.telemetry.open_runs == 0
    assert growth < 1_000


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_garbage_that_is_collected_within_the_sdk(steps: int, seen: Capture) -> None:
    """A stream that was dropped in a cycle may be closed while the SDK holds its locks: its runs end after that."""

    class Collecting(SpanProcessor):
        def on_end(self, span: Any) -> None:
            if span.name == "application":
                gc.collect()

    seen.tracer_provider.add_span_processor(Collecting())
    handler = Handler(**seen.providers)
    model = ScriptedModel(answers=["a b c"])
    source = [model, model | StrOutputParser(), RunnableLambda(lambda x: x) | model | StrOutputParser()][
        steps - 1
    ]
    stream: Any = source.stream("hi", {"callbacks": [handler]})
    next(stream)
    cycle = [stream]
    cycle.append(cycle)
    gc.disable()  # until the SDK is at it
    try:
        del stream, cycle
        seen.tracer_provider.get_tracer("application").start_span("application").end()
    finally:
        gc.enable()
    assert seen.tree() == "application"
    assert handler.telemetry.open_runs > 0
    model.invoke("hi", {"callbacks": [handler]})
    assert handler.telemetry.open_runs == 0
    left, outcome = seen.spans[1:-1], "genai_otel.outcome"
    assert seen.spans[-1].attributes.get(outcome) is None
    assert [span.attributes.get(outcome) for span in left[-1:]] == ["abandoned"]
    assert all(span.status.is_unset for span in left)


def test_garbage_is_collected_in_any_order(seen: Capture) -> None:
    """A dropped chain is abandoned also where its parts are closed before it, which then read to their end."""
    handler, parser = Handler(**seen.providers), StrOutputParser()
    chain = RunnableLambda(lambda x: x) | ScriptedModel(answers=["a b c"]) | parser
    stream: Any = chain.stream("hi", {"callbacks": [handler]})
    next(stream)
    of_the_parser = [
        one
        for one in gc.get_objects()
        if isinstance(one, GeneratorType) and one.gi_frame and one.gi_frame.f_locals.get("self") is parser
    ]
    assert of_the_parser
    for one in of_the_parser:
        one.close()
    assert [span.name for span in seen.spans] == ["chat scripted-1"]
    stream.close()
    assert seen.span("invoke_workflow").attributes["genai_otel.outcome"] == "abandoned"
    assert handler.telemetry.open_runs == 0


def test_unended_runs_are_bounded_and_marked(seen: Capture) -> None:
    """Runs whose end is never reported are ended when there are too many of them."""
    handler = Handler(**seen.providers, max_runs=10)
    for _ in range(25):
        handler.on_tool_start({"name": "t"}, "x", run_id=uuid4())
    assert handler.telemetry.open_runs == 10
    assert [span.attributes["genai_otel.outcome"] for span in seen.spans] == ["evicted"] * 15


def test_metrics_are_right_when_the_span_is_sampled_out() -> None:
    """Nothing is exported as a span, and every point is there."""
    with capture(sampler=ALWAYS_OFF) as seen:
        ScriptedModel(answers=["x"]).invoke("hi", {"callbacks": [Handler(**seen.providers)]})
        assert seen.spans == []
        assert [
            (p["sum"], p["attributes"]["gen_ai.token.type"])
            for p in seen.metrics()["gen_ai.client.token.usage"]
        ] == [
            (10, "input"),
            (5, "output"),
        ]


def test_handlers_are_copied_and_pickled(seen: Capture) -> None:
    """Copies are the handler itself; a pickled one reconnects to the process's providers."""
    handler = Handler(**seen.providers)
    assert copy.copy(handler) is handler
    assert copy.deepcopy({"callbacks": [handler]})["callbacks"][0] is handler
    again = pickle.loads(pickle.dumps(handler))
    assert again.telemetry is handler.telemetry
    options = pickle.loads(pickle.dumps(Handler(convention="1.41", detail="operations")))
    assert options.telemetry.settings.detail == "operations"


def _in_child(config: dict[str, Any]) -> str:
    return ScriptedModel(answers=["x"]).invoke("hi", config).content


def test_a_config_with_a_handler_reaches_a_spawned_process() -> None:
    """`multiprocessing` spawn unpickles the handler in a new interpreter, and it works there."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_in_child, ({"callbacks": [Handler(detail="steps")]},)) == "x"


def test_two_handlers_make_one_span(seen: Capture) -> None:
    """A handler on the constructor and one on the call see the same run."""
    model = ScriptedModel(answers=["x"], callbacks=[Handler(**seen.providers)])
    model.invoke("hi", {"callbacks": [Handler(**seen.providers)]})
    assert seen.tree() == "chat scripted-1"


OPTIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"attributes": {"app": "a", "rows": [1, 2]}}, {"attributes": {"rows": [1, 2], "app": "a"}}),
    ({"prices": {"m": {"input": 1.0}}}, {"prices": {"m": {"input": 1.0}}}),
    ({"metadata_attributes": {"tenant": "tenant.id"}}, {"metadata_attributes": {"tenant": "tenant.id"}}),
    ({"metadata_attributes": ["tenant"]}, {"metadata_attributes": ("tenant",)}),
    ({}, {"detail": "steps", "capture_content": None, "metric_attributes": [], "logger_provider": None}),
]


@pytest.mark.parametrize(("first", "second"), OPTIONS)
def test_handlers_with_equal_options_share_their_telemetry(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    """Also options that are mappings, and those that say what holds anyway."""
    one = Handler(**first)
    assert Handler(**second).telemetry is one.telemetry


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"attributes": {"app": 1}}, {"attributes": {"app": True}}),
        ({"attributes": {"app": 1}}, {"attributes": {"app": 1.0}}),
        ({"prices": {"m": {"input": 1.0}}}, {"prices": {"m": {"output": 1.0}}}),
    ],
)
def test_handlers_with_other_options_have_another_telemetry(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    """What Python takes for equal need not be the same attribute."""
    one = Handler(**first)
    assert Handler(**second).telemetry is not one.telemetry


def test_a_wrong_option_raises_beside_a_handler_that_has_a_right_one() -> None:
    """`1` is not `True`, an unknown option is none, and options that contain themselves are no equals."""
    one = Handler(start_events=True), Handler()
    with pytest.raises(TypeError, match="start_events"):
        Handler(start_events=1)
    with pytest.raises(TypeError, match="nothing"):
        Handler(nothing=None)
    loop: dict[str, Any] = {"app": "a"}
    loop["loop"] = loop
    assert Handler(attributes=loop).telemetry not in [handler.telemetry for handler in one]


@pytest.mark.guard_may_catch
def test_our_own_errors_never_reach_the_application(
    seen: Capture, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An exporter or provider that raises is logged once and changes nothing."""
    handler = Handler(**seen.providers)
    monkeypatch.setattr(handler.telemetry._routing._default._spans, "_tracer", None)
    with caplog.at_level(logging.WARNING, logger="genai_otel"):
        for _ in range(5):
            assert ScriptedModel(answers=["x"]).invoke("hi", {"callbacks": [handler]}).content == "x"
    assert list(guard.failure_counts().values()) == [5]
    assert len(caplog.records) == 1
    assert handler.telemetry.open_runs == 0


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"capture_content": "yes"}, ValueError, ("capture_content", "'span_and_event'")),
        ({"capture_content": True}, TypeError, ("capture_content", "'none'")),
        ({"convention": "2.0"}, ValueError, ("convention", "1.41")),
        ({"convention": 1.41}, TypeError, ("convention",)),
        ({"convention": []}, ValueError, ("convention",)),
        ({"detail": "all"}, ValueError, ("detail", "'operations'", "'everything'")),
        ({"max_content_bytes": 10}, ValueError, ("max_content_bytes", "256")),
        ({"max_content_bytes": "1k"}, TypeError, ("max_content_bytes", "256")),
        ({"max_runs": 0}, ValueError, ("max_runs",)),
        ({"max_run_age": -1}, ValueError, ("max_run_age",)),
        ({"tracer_provider": "console"}, TypeError, ("tracer_provider", "get_tracer")),
        ({"tracing": True}, TypeError, ("tracing",)),
        ({"telemetry": "x"}, TypeError, ("telemetry",)),
    ],
)
def test_wrong_options_raise_at_construction(
    options: dict[str, Any], error: type[Exception], words: Any
) -> None:
    """The error names the option and the allowed values."""
    with pytest.raises(error) as caught:
        Handler(**options)
    assert all(word in str(caught.value) for word in words)


@tool
def failing(x: int) -> str:
    """Fail."""
    raise KeyError("secret")


def test_the_hosts_own_exceptions_are_untouched(seen: Capture) -> None:
    """The exception that reaches the application is the very one that was raised."""
    with pytest.raises(KeyError, match="secret"):
        failing.invoke({"x": 1}, {"callbacks": [Handler(**seen.providers)]})
    span = seen.span("execute_tool failing")
    assert span.status.description == "KeyError"
    assert span.attributes["error.type"] == "KeyError"


def test_nothing_waits_for_the_collector(seen: Capture) -> None:
    """What an ended call was made current with is freed with it: the application's collections do not grow."""
    model, config = ScriptedModel(answers=["hi"]), {"callbacks": [Handler(**seen.providers)]}

    def ended() -> list[Activation]:
        return [one for one in gc.get_objects() if isinstance(one, Activation) and not one.open]

    model.invoke("x", config)
    gc.collect()
    gc.disable()
    try:
        of_earlier_tests = ended()
        for _ in range(5):
            model.invoke("x", config)
        assert len(ended()) == len(of_earlier_tests)
    finally:
        gc.enable()
