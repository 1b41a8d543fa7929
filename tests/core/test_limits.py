"""Small attribute limits of the SDK: what identifies an operation and what it used survive."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import get_current_span

from genai_otel_core import Telemetry
from genai_otel_core import messages as m
from genai_otel_core.operations import Inference, Request, Response
from genai_otel_core.testing import Capture
from genai_otel_core.usage import Usage


def inference() -> Inference:
    """An inference with many details, a long conversation and eighty tools."""
    return Inference(
        provider="openai",
        request=Request(model="m", temperature=0.1, max_tokens=5, top_p=0.2, seed=3, frequency_penalty=0.5),
        response=Response(model="m-1", id="r", finish_reasons=["stop"]),
        usage=Usage(input_tokens=3, output_tokens=4),
        input_messages=[m.Message("user", [m.Text(f"line {index}")]) for index in range(60)],
        tool_definitions=[m.ToolDefinition(f"tool-{index}", "does it") for index in range(80)],
    )


def attributes(limit: int | None, convention: str, seen: Capture) -> dict[str, Any]:
    """Run the inference under a limit; return the attributes that its span kept."""
    provider = TracerProvider(span_limits=SpanLimits(max_span_attributes=limit))
    provider.add_span_processor(SimpleSpanProcessor(seen.span_exporter))
    telemetry = Telemetry(capture_content="span", convention=convention, tracer_provider=provider)
    telemetry.start(1, inference())
    get_current_span().set_attribute("app.own", "kept")
    telemetry.finish(1)
    (span,) = seen.spans
    assert span.dropped_attributes == 0
    return dict(span.attributes)


ESSENTIAL = {
    "1.41": {
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.response.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
    },
    "openinference": {
        "openinference.span.kind",
        "llm.provider",
        "llm.model_name",
        "llm.token_count.prompt",
        "llm.token_count.completion",
    },
}


@pytest.mark.parametrize("convention", ESSENTIAL)
@pytest.mark.parametrize("limit", [10, 32, 128])
def test_what_matters_survives(limit: int, convention: str, seen: Capture) -> None:
    """Identity, usage and the application's own attributes stay; the number of the others is told."""
    whole = attributes(None, convention, seen)
    seen.clear()
    kept = attributes(limit, convention, seen)
    assert len(kept) <= limit
    assert {*ESSENTIAL[convention], "app.own"} <= kept.keys()
    if len(whole) <= limit:
        assert kept == whole
    else:
        assert kept["genai_otel.omitted_attributes"] == len(whole) - len(kept) + 1


@pytest.mark.parametrize("limit", [10, 16])
def test_usage_comes_before_many_attributes_of_the_application(limit: int, seen: Capture) -> None:
    """The application's own attributes do not crowd out who was called and what was used."""
    provider = TracerProvider(span_limits=SpanLimits(max_span_attributes=limit))
    provider.add_span_processor(SimpleSpanProcessor(seen.span_exporter))
    own = {f"app.{index}": index for index in range(20)}
    telemetry = Telemetry(attributes=own, tracer_provider=provider)
    telemetry.start(1, inference())
    telemetry.finish(1)
    kept = seen.spans[0].attributes
    assert kept.keys() >= ESSENTIAL["1.41"]
    assert kept["genai_otel.omitted_attributes"] > 0


def test_no_room_at_all(seen: Capture) -> None:
    """A span that is full already is left as it is."""
    kept = attributes(4, "1.41", seen)
    assert kept.keys() == {"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "app.own"}


def test_the_length_limit_of_the_sdk_bounds_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Content is cut by us where the SDK would cut its JSON text in two."""
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1000")
    assert Telemetry().settings.max_content_bytes == 1000
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "20")
    assert Telemetry().settings.max_content_bytes == 256
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100000")
    assert Telemetry().settings.max_content_bytes == 32768
