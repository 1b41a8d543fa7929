"""Feedback: handles that survive anything, and the event that ties a judgement to its span."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import types
import urllib.parse
import uuid
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext, TraceFlags

from genai_otel_core import Telemetry, capture_content
from genai_otel_core.conventions import available
from genai_otel_core.feedback import capture, current_handle, handle_of, record_evaluation
from genai_otel_core.handles import Named, from_handle, to_handle
from genai_otel_core.operations import AgentInvocation, Inference, Response, Step
from genai_otel_core.testing import Capture
from genai_otel_core.testing import capture as capture_telemetry

ids = st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans()
SPAN = SpanContext(0xA, 0xB, is_remote=True, trace_flags=TraceFlags(1))
HANDLE = to_handle(SPAN, "resp_1")


@given(*ids, st.none() | st.text(min_size=1, max_size=60))
def test_a_handle_survives_a_web_form(trace_id: int, span_id: int, sampled: bool, answer: str | None) -> None:
    """A handle needs no quoting, stays short, and gives back the span and the answer's id."""
    if answer is not None:
        answer = answer.encode("utf-8", "replace").decode()
    span = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(sampled))
    handle = to_handle(span, answer)
    assert urllib.parse.quote(handle, safe="") == handle
    assert handle.isascii()
    assert len(handle) <= 56 + 4 * (len((answer or "").encode()) // 3 + 1)
    assert from_handle(f" {handle}\n") == Named(span, answer)


@given(st.text() | st.from_regex(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01(\.[\w-]{0,9})?", fullmatch=True))
def test_anything_else_is_refused(text: str) -> None:
    """What is no handle raises; what is one reads as it is written."""
    try:
        named = from_handle(text)
    except ValueError:
        return
    assert from_handle(to_handle(*named)) == named


def test_what_is_refused_is_not_repeated() -> None:
    """A handle comes from anywhere, so the error does not quote it."""
    with pytest.raises(ValueError, match="handle") as caught:
        from_handle("<script>")
    assert "script" not in str(caught.value)


@pytest.mark.parametrize("wrong", [None, 5, b"00-"])
def test_a_handle_is_a_text(wrong: Any) -> None:
    """Another type is a mistake of the program."""
    with pytest.raises(TypeError, match="handle"):
        from_handle(wrong)


def test_a_long_response_id_is_left_out() -> None:
    """A handle stays short, whatever a provider calls its answers."""
    assert from_handle(to_handle(SPAN, "x" * 300)) == Named(SPAN, None)
    assert from_handle(to_handle(SPAN, "")) == Named(SPAN, None)


def converse(telemetry: Telemetry) -> dict[str, Any]:
    """An agent with two model calls; return the handles seen on the way."""
    seen: dict[str, Any] = {"before": current_handle()}
    telemetry.start("agent", AgentInvocation(name="a"))
    seen["early"] = current_handle()
    for answer in ("resp_1", "resp_2"):
        telemetry.start(answer, Inference(response=Response(id=answer)), parent_id="agent")
        telemetry.finish(answer)
    telemetry.start("hidden", None, parent_id="agent")
    telemetry.start("step", Step(name="s"), parent_id="hidden")
    seen["step"] = current_handle()
    telemetry.finish("step")
    seen["late"], seen["hidden"] = current_handle(), telemetry.handle("hidden")
    telemetry.finish("hidden")
    telemetry.finish("agent")
    seen["after"], seen["run"], seen["model"] = (
        current_handle(),
        telemetry.handle("agent"),
        telemetry.handle("resp_1"),
    )
    seen["unknown"] = telemetry.handle("nobody")
    return seen


def test_where_handles_come_from(seen: Capture) -> None:
    """Handles name the innermost operation, a run by its id also after its end, and the latest answer below."""
    found = converse(Telemetry(**seen.providers))
    spans = {span.name: span.context for span in seen.spans}
    named = {key: None if text is None else from_handle(text) for key, text in found.items()}
    agent = spans["invoke_agent a"].span_id
    assert {key: one and (one.context.span_id, one.response_id) for key, one in named.items()} == {
        "before": None,
        "early": (agent, None),
        "step": (spans["s"].span_id, None),
        "late": (agent, "resp_2"),
        "hidden": (agent, "resp_2"),
        "after": None,
        "run": (agent, "resp_2"),
        "model": (seen.spans[0].context.span_id, "resp_1"),
        "unknown": None,
    }
    assert {one.context.trace_id for one in named.values() if one} == {spans["s"].trace_id}


def test_a_handle_from_a_run(seen: Capture) -> None:
    """A run is named by its id, as text or UUID, by an object that has it, and only by the telemetry that ran it."""
    telemetry, other = Telemetry(**seen.providers), Telemetry(**seen.providers)
    run_id = uuid.uuid4()
    telemetry.start(run_id, Inference(response=Response(id="resp_1")))
    telemetry.finish(run_id)
    handle = telemetry.handle(run_id)
    assert handle is not None
    finished = types.SimpleNamespace(id=run_id), types.SimpleNamespace(run_id=str(run_id))
    message = types.SimpleNamespace(id=f"lc_run--{run_id}-0")
    for run in (run_id, str(run_id), *finished, message):
        assert handle_of(run) == handle_of(run, telemetry) == handle
        assert handle_of(run, other) is None
    for unknown in (None, 5, "x", uuid.uuid4(), object()):
        assert handle_of(unknown) is None


def test_a_handle_from_an_answers_id(seen: Capture) -> None:
    """A message with an id of the provider's own names the call that it answers, and not what is above that."""
    telemetry = Telemetry(**seen.providers)
    telemetry.start("agent", AgentInvocation(name="a"))
    for number in (1, 2):
        telemetry.start(number, Inference(response=Response(id=f"resp_{number}")), parent_id="agent")
        telemetry.finish(number)
    telemetry.finish("agent")
    message = types.SimpleNamespace(id="msg_7", response_metadata={"id": "resp_2"})
    raw = (
        types.SimpleNamespace(raw={"id": "resp_1"}),
        types.SimpleNamespace(raw=types.SimpleNamespace(id="resp_1")),
    )
    for answer, run_id in (("resp_1", 1), ("resp_2", 2), (message, 2), *((one, 1) for one in raw)):
        assert handle_of(answer) == telemetry.handle(run_id) is not None
    assert handle_of(types.SimpleNamespace(id="msg_7", response_metadata={"id": "resp_3"})) is None


def test_the_users_own_span_has_a_handle(seen: Capture) -> None:
    """Outside our operations, the current span is named."""
    with seen.tracer_provider.get_tracer("t").start_as_current_span("request") as span:
        handle = current_handle()
    assert handle is not None
    assert from_handle(handle).context.span_id == span.get_span_context().span_id


def test_captured_calls(seen: Capture) -> None:
    """A block captures the calls made in it, the outermost of each, and knows their answers when they have ended."""
    telemetry = Telemetry(**seen.providers)
    with capture() as captured:
        assert captured.handle is None
        converse(telemetry)
        telemetry.start("second", Inference(response=Response(id="resp_3")))
        telemetry.finish("second")
    converse(telemetry)
    named = [from_handle(handle) for handle in captured.handles]
    assert [one.response_id for one in named] == ["resp_2", "resp_3"]
    assert captured.handle == captured.handles[-1]
    assert (
        named[0].context.span_id == next(s for s in seen.spans if s.name == "invoke_agent a").context.span_id
    )


@pytest.mark.parametrize("convention", available())
def test_the_event(convention: str, seen: Capture) -> None:
    """The event is on the judged span's ids, in every convention, with what was given and nothing else."""
    telemetry = Telemetry(convention=convention, **seen.providers)
    record_evaluation(HANDLE, "user_feedback", 1, "thumbs_up", "because secret", telemetry=telemetry)
    record_evaluation(
        HANDLE,
        "relevance",
        error_type="timeout",
        response_id="other",
        attributes={"app.judge": "gpt", "app.token": "x"},
        telemetry=telemetry,
    )
    first, second = seen.logs()
    assert (first.event_name, first.trace_id, first.span_id, int(first.trace_flags)) == (
        "gen_ai.evaluation.result",
        0xA,
        0xB,
        1,
    )
    assert dict(first.attributes) == {
        "gen_ai.evaluation.name": "user_feedback",
        "gen_ai.evaluation.score.value": 1.0,
        "gen_ai.evaluation.score.label": "thumbs_up",
        "gen_ai.response.id": "resp_1",
    }
    assert isinstance(first.attributes["gen_ai.evaluation.score.value"], float)
    assert dict(second.attributes) == {
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.response.id": "other",
        "error.type": "timeout",
        "app.judge": "gpt",
    }
    assert seen.spans == []


@pytest.mark.parametrize(
    ("mode", "shown"),
    [("none", None), ("span", None), ("event", "of ***"), ("span_and_event", "of ***"), ("never", None)],
)
def test_the_explanation_is_content(mode: str, shown: str | None, seen: Capture) -> None:
    """Free text goes where content goes on events, masked and bounded."""
    calls = []

    def mask(field: str, text: str, operation: Any) -> str:
        calls.append((field, operation.name))
        return text.replace("jane", "***")

    telemetry = Telemetry(capture_content=mode, mask=mask, max_content_bytes=256, **seen.providers)
    telemetry.record_evaluation(HANDLE, "n", explanation="of jane")
    telemetry.record_evaluation(HANDLE, "n", explanation="x" * 1000)
    first, second = (record.attributes.get("gen_ai.evaluation.explanation") for record in seen.logs())
    assert first == shown
    assert calls == ([("explanation", "n")] * 2 if shown else [])
    assert second is None if shown is None else len(second) <= 256


def test_a_block_may_ask_for_the_explanation(seen: Capture) -> None:
    """The code around decides on an explanation too."""
    with capture_content("event"):
        record_evaluation(HANDLE, "n", explanation="why", telemetry=Telemetry(**seen.providers))
    assert seen.logs()[0].attributes["gen_ai.evaluation.explanation"] == "why"


def test_traces_that_were_not_sampled() -> None:
    """A handle of a trace that was sampled out still ties the event to it."""
    with capture_telemetry(sampler=ALWAYS_OFF) as seen:
        telemetry = Telemetry(**seen.providers)
        handle = converse(telemetry)["run"]
        telemetry.record_evaluation(handle, "n", label="bad")
        assert seen.spans == []
        (record,) = seen.logs()
        assert (record.trace_id, int(record.trace_flags)) == (from_handle(handle).context.trace_id, 0)
        assert record.attributes["gen_ai.response.id"] == "resp_2"


def test_another_process_and_days_later() -> None:
    """A process that knows nothing but the handle emits the event through its global providers."""
    code = """
import json, sys
from opentelemetry import _logs
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from genai_otel_core.testing import InMemoryLogRecordExporter
from genai_otel_core.feedback import record_evaluation
exporter, provider = InMemoryLogRecordExporter(), LoggerProvider()
provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
_logs.set_logger_provider(provider)
record_evaluation(sys.argv[1], "user_feedback", label="thumbs_down")
(record,) = [data.log_record for data in exporter.get_finished_logs()]
print(json.dumps([record.event_name, record.trace_id, record.span_id, dict(record.attributes)]))
"""
    done = subprocess.run([sys.executable, "-c", code, HANDLE], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [
        "gen_ai.evaluation.result",
        0xA,
        0xB,
        {
            "gen_ai.evaluation.name": "user_feedback",
            "gen_ai.evaluation.score.label": "thumbs_down",
            "gen_ai.response.id": "resp_1",
        },
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        (("x", "n", 1.0), ValueError, "handle"),
        ((HANDLE, "", 1.0), TypeError, "name"),
        ((HANDLE, "n"), ValueError, "score, label"),
        ((HANDLE, "n", "high"), TypeError, "score"),
        ((HANDLE, "n", float("nan")), TypeError, "score"),
        ((HANDLE, "n", 10**400), TypeError, "score"),
        ((HANDLE, "n", 1.0, 5), TypeError, "label"),
        ((to_handle(INVALID_SPAN_CONTEXT), "n", 1.0), ValueError, "handle"),
    ],
)
def test_wrong_arguments_raise(arguments: tuple[Any, ...], error: type[Exception], word: str) -> None:
    """What is wrong is named, so that a web handler can answer for it."""
    with pytest.raises(error, match=re.escape(word)):
        record_evaluation(*arguments)
    with pytest.raises(TypeError, match="attributes"):
        record_evaluation(HANDLE, "n", 1.0, attributes=["a"])


def test_scores_of_any_kind_of_number(seen: Capture) -> None:
    """What judges give is often no plain float: flags, whole numbers, and numbers of other libraries."""
    telemetry = Telemetry(**seen.providers)
    for score in (True, 0, 0.5, Fraction(1, 4)):
        record_evaluation(HANDLE, "relevance", score, telemetry=telemetry)  # type: ignore[arg-type]  # on purpose
    found = [dict(record.attributes)["gen_ai.evaluation.score.value"] for record in seen.logs()]
    assert found == [1.0, 0.0, 0.5, 0.25]
    assert {type(score) for score in found} == {float}


def test_a_runs_own_id_counts_before_an_answers(seen: Capture) -> None:
    """Other telemetries may have seen the same answer id, as from a cache or a test server: the run decides."""
    run_id, answer = uuid.uuid4(), Inference(response=Response(id="resp_1"))
    telemetry, *others = [Telemetry(**seen.providers) for _ in range(5)]
    for one in others:
        one.start("call", answer)
        one.finish("call")
    telemetry.start(run_id, answer)
    telemetry.finish(run_id)
    message = types.SimpleNamespace(id=f"lc_run--{run_id}-0", response_metadata={"id": "resp_1"})
    assert handle_of(message) == telemetry.handle(run_id) is not None
