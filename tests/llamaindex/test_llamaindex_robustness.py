"""Whatever the framework hands over, the application's result is the same, and nothing is left behind."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.instrumentation.events.exception import ExceptionEvent
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMChatInProgressEvent
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from llama_index_instrumentation import get_dispatcher
from llama_models import ScriptedLLM, llm
from llama_scenarios import INDEX
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from genai_otel_core import Telemetry, guard
from genai_otel_core.testing import Capture, capture
from genai_otel_llamaindex import Handler, LlamaIndexInstrumentor
from hostile import Hostile

SAID = [ChatMessage("hi")]


GARBAGE = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.builds(Hostile),
    st.dictionaries(st.text(max_size=5), st.builds(Hostile), max_size=2),
    st.lists(st.one_of(st.none(), st.builds(Hostile)), max_size=2),
)


class Garbled(ScriptedLLM):
    """A model whose answers' provider data is given."""

    answer: Any = None

    def _whole(self) -> ChatResponse:
        return ChatResponse.model_construct(
            message=ChatMessage("x", role="assistant"), raw=self.answer, additional_kwargs=self.answer
        )


@pytest.mark.guard_may_catch
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(answer=GARBAGE, given_tools=GARBAGE, temperature=GARBAGE)
def test_garbage_in_a_model_call(answer: Any, given_tools: Any, temperature: Any) -> None:
    """The call gives what it gives, and its span ends."""
    with capture() as seen:
        handler = Handler(**seen.providers, capture_content="span").attach()
        try:
            model = Garbled(answers=[])
            model.answer = answer
            response = model.chat(SAID, tools=given_tools, temperature=temperature)
            assert response.raw is answer
        finally:
            handler.detach()
        assert [span.name for span in seen.spans] == ["chat scripted-1"]
        assert handler.telemetry.open_runs == 0


@pytest.mark.guard_may_catch
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    span_id=st.one_of(st.text(max_size=50), st.none(), st.integers()),
    instance=GARBAGE,
    parent=GARBAGE,
    tags=GARBAGE,
    result=GARBAGE,
)
def test_garbage_from_the_dispatcher(
    span_id: Any, instance: Any, parent: Any, tags: Any, result: Any
) -> None:
    """No callback raises, whatever it is called with, and nothing stays open."""
    bound = inspect.signature(lambda: None).bind()
    with capture() as seen:
        handler = Handler(**seen.providers, capture_content="span", detail="everything")
        handler.span_enter(span_id, bound, instance, parent, tags)
        handler.handle(result)
        handler.span_exit(span_id, bound, instance, result)
        handler.span_drop(span_id, bound, instance, None)
        handler.on_event_start(result, None, span_id, parent)
        handler.on_event_end(result, None, span_id)
        handler.close()
        assert handler.telemetry.open_runs == 0


@pytest.mark.guard_may_catch
def test_garbage_events(handler: Handler) -> None:
    """Events of spans that nobody knows, or without what they should have, are nothing."""
    for kind in (LLMChatInProgressEvent, LLMChatEndEvent, ExceptionEvent):
        handler.handle(kind.model_construct())
        handler.handle(kind.model_construct(span_id="unknown", response=Hostile(), exception=Hostile()))
    assert handler.telemetry.open_runs == 0


@pytest.mark.guard_may_catch
def test_an_error_of_ours_does_not_reach_the_application(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call succeeds and the error is counted."""

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr(handler.telemetry, "start", broken)
    assert llm("x").chat(SAID).message.content == "x"
    assert guard.failure_counts() == {"Handler.span_enter": 1}


def test_nothing_of_the_host_is_changed(seen: Capture) -> None:
    """Arguments, responses and the stream's object are the application's own."""
    handler = Handler(**seen.providers, capture_content="span").attach()
    response = INDEX.as_query_engine(llm=llm("a b"), streaming=True).query("q")
    generator = response.response_gen
    list(generator)
    handler.detach()
    assert response.response_gen is generator
    assert generator.gi_code.co_filename.startswith(sys.prefix)


def flow(fail: bool) -> Workflow:
    """A workflow of one step."""

    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            await llm().achat(SAID)
            if fail:
                raise ValueError("no")
            return StopEvent()

    return Flow()


def test_no_leak(handler: Handler) -> None:
    """Hundreds of runs, of which a third is broken, left or never read, leave nothing open and nothing held."""
    model = llm("a b c")
    fails = FunctionTool.from_defaults(lambda: 1 / 0, name="fails")
    for number in range(150):
        model.chat(SAID)
        list(model.stream_chat(SAID))
        model.stream_chat(SAID)
        stream = model.stream_chat(SAID)
        next(stream)
        if number % 3 == 0:
            with pytest.raises(ZeroDivisionError):
                fails()
    for _ in range(10):
        list(INDEX.as_query_engine(llm=model, streaming=True).query("q").response_gen)
        INDEX.as_query_engine(llm=model, streaming=True).query("q")

    async def main() -> None:
        for number in range(10):
            if number % 3 == 0:
                with pytest.raises(Exception, match="no"):
                    await flow(fail=True).run()
            else:
                await flow(fail=False).run()
        for _ in range(50):
            task = asyncio.ensure_future(llm(delay_s=60).achat(SAID))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            await model.astream_chat(SAID)

    asyncio.run(main())
    del stream
    gc.collect()
    assert handler.telemetry.open_runs == 0
    assert len(handler._spans.streams) == 0


def test_cancelled_workflow(seen: Capture, handler: Handler) -> None:
    """A task that is cancelled leaves no span open, and they say so."""

    class Slow(Workflow):
        @step
        async def wait(self, ev: StartEvent) -> StopEvent:
            await llm(delay_s=60).achat(SAID)
            return StopEvent()

    async def main() -> None:
        with pytest.raises(Exception, match="imed out"):
            await Slow(timeout=0.5).run()

    asyncio.run(main())
    assert handler.telemetry.open_runs == 0
    assert {span.name: span.attributes.get("error.type") for span in seen.spans} == {
        "invoke_workflow Slow": "workflows.errors.WorkflowTimeoutError",
        "wait": seen.span("wait").attributes.get("error.type"),
        "chat scripted-1": "asyncio.exceptions.CancelledError",
    }


def test_a_large_state_costs_what_the_bound_costs(seen: Capture) -> None:
    """Of what a workflow is given and gives, the limit's worth is looked at."""
    touched: list[int] = []

    class Counting(list[str]):
        def __iter__(self) -> Any:
            for item in super().__iter__():
                touched.append(1)
                yield item

    class Flow(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=Counting(["y" * 1000] * 10_000))

    async def main() -> None:
        await Flow().run(big=Counting(["x" * 1000] * 10_000))

    handler = Handler(**seen.providers, capture_content="span", max_content_bytes=2000).attach()
    asyncio.run(main())
    handler.detach()
    found = seen.span("invoke_workflow Flow").attributes
    assert 0 < len(touched) < 5000
    assert all(0 < len(found[f"gen_ai.{way}.messages"]) < 4000 for way in ("input", "output"))


def test_two_handlers_make_one_span(seen: Capture, handler: Handler) -> None:
    """A second handler with the same options sees the same runs, of which the first reports."""
    second = Handler(**seen.providers).attach()
    list(llm("a b").stream_chat(SAID))
    second.detach()
    assert [span.name for span in seen.spans] == ["chat scripted-1"]
    (point,) = seen.metrics()["gen_ai.client.operation.time_per_output_chunk"]
    assert point["count"] == 1


def test_attach_once_detach_ends() -> None:
    """Attaching twice is attaching once; detaching ends what is open and leaves the dispatcher as it was."""
    root = get_dispatcher()
    before = list(root.span_handlers), list(root.event_handlers)
    with capture() as seen:
        handler = Handler(**seen.providers).attach().attach()
        assert (len(root.span_handlers), len(root.event_handlers)) == (len(before[0]) + 1, len(before[1]) + 1)
        stream = llm().stream_chat(SAID)
        next(stream)
        handler.detach()
        assert (root.span_handlers, root.event_handlers) == before
        assert [span.attributes["genai_otel.outcome"] for span in seen.spans] == ["evicted"]
        list(stream)
        assert handler.telemetry.open_runs == 0


def test_added_by_hand(seen: Capture) -> None:
    """The dispatcher's own methods take the handler too."""
    root = get_dispatcher()
    handler = Handler(**seen.providers)
    root.add_span_handler(handler)
    root.add_event_handler(handler)
    llm().chat(SAID)
    handler.detach()
    assert [span.name for span in seen.spans] == ["chat scripted-1"]


def test_instrumentor(seen: Capture) -> None:
    """It attaches one handler, replaces it, and detaches it."""
    root = get_dispatcher()
    before = list(root.span_handlers)
    instrumentor = LlamaIndexInstrumentor()
    instrumentor.instrument(**seen.providers)
    instrumentor.instrument(**seen.providers)
    llm().chat(SAID)
    LlamaIndexInstrumentor().uninstrument()
    llm().chat(SAID)
    assert [span.name for span in seen.spans] == ["chat scripted-1"]
    assert root.span_handlers == before


@pytest.mark.parametrize("word", ["skip_dep_check", "raise_exception_on_conflict"])
def test_instrumentor_of_the_command(word: str, seen: Capture) -> None:
    """What versions of the `opentelemetry-instrument` command pass besides is no option of ours."""
    LlamaIndexInstrumentor().instrument(**{word: True}, **seen.providers)
    llm().chat(SAID)
    LlamaIndexInstrumentor().uninstrument()
    assert [span.name for span in seen.spans] == ["chat scripted-1"]


def test_copies_and_pickles(handler: Handler) -> None:
    """A copy is the handler itself, and pickling finds its telemetry again."""
    assert copy.copy(handler) is handler
    assert copy.deepcopy({"h": handler})["h"] is handler
    assert pickle.loads(pickle.dumps(handler)).telemetry is handler.telemetry


def test_wrong_options_are_named() -> None:
    """What is wrong is said when the handler is made."""
    with pytest.raises(TypeError, match="telemetry must be a Telemetry or None, not str"):
        Handler("x")
    with pytest.raises(TypeError, match="detail cannot be added"):
        Handler(Telemetry(), detail="steps")
    with pytest.raises(ValueError, match="detail must be one of"):
        Handler(detail="all")


def test_suppressed(seen: Capture, handler: Handler) -> None:
    """`suppress_instrumentation` holds."""
    with suppress_instrumentation():
        INDEX.as_query_engine(llm=llm()).query("q")
    assert seen.spans == []
    assert handler.telemetry.open_runs == 0


def test_unsampled_spans_have_metrics() -> None:
    """What is sampled out is counted all the same, and no content is translated for it."""
    with capture(sampler=ALWAYS_OFF) as seen:
        handler = Handler(**seen.providers, capture_content="span").attach()
        llm().chat(SAID)
        handler.detach()
        assert seen.spans == []
        (point,) = seen.metrics()["gen_ai.client.operation.duration"]
        assert point["count"] == 1


def test_dispatcher_shutdown_leaves_the_providers(seen: Capture) -> None:
    """Closing ends what is open; what is emitted later is still taken."""
    handler = Handler(**seen.providers).attach()
    stream = llm().stream_chat(SAID)
    get_dispatcher().shutdown()
    assert [span.name for span in seen.spans] == ["chat scripted-1"]
    llm().chat(SAID)
    handler.detach()
    del stream
    assert len(seen.spans) == 2


def test_importing_costs_little() -> None:
    """The handler does not import the framework's core, which takes seconds."""
    code = (
        "import sys, genai_otel_llamaindex as g; g.Handler().attach().detach();"
        "assert 'llama_index.core' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("detail", "names"),
    [
        ("operations", {"invoke_workflow", "retrieval", "embeddings", "chat scripted-1"}),
        ("steps", {"invoke_workflow", "retrieval", "embeddings", "CompactAndRefine", "chat scripted-1"}),
    ],
)
def test_detail(detail: str, names: set[str], seen: Capture) -> None:
    """Steps are there or not; everything has the plumbing too."""
    handler = Handler(**seen.providers, detail=detail).attach()
    INDEX.as_query_engine(llm=llm()).query("q")
    handler.detach()
    assert {span.name for span in seen.spans} == names
    seen.clear()
    handler = Handler(**seen.providers, detail="everything").attach()
    INDEX.as_query_engine(llm=llm()).query("q")
    handler.detach()
    assert names < {span.name for span in seen.spans}
    assert "RetrieverQueryEngine._query" in {span.name for span in seen.spans}
