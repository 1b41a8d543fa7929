"""Under every official version, every run emits what that version defines, and all that it requires."""

from __future__ import annotations

from typing import Any

import pytest

from core.conventions import checks
from core.conventions.runs import RUNS, SECRET, Stage
from genai_otel_core import Telemetry
from genai_otel_core.conventions import available
from genai_otel_core.operations import AgentInvocation, Embeddings, Inference, Retrieval, ToolExecution
from genai_otel_core.operations import WorkflowInvocation as Workflow
from genai_otel_core.testing import Capture, capture

CONTENT = ("none", "span", "event", "span_and_event")


def play(run: str, convention: Any, content: str) -> tuple[Capture, Stage, checks.Starts]:
    """Play a run and return what came of it."""
    starts = checks.Starts()
    with capture(sampler=starts) as seen:
        stage = Stage(Telemetry(convention=convention, capture_content=content, **seen.providers))
        RUNS[run](stage)
        seen.metric_reader.collect()
        return seen, stage, starts


@pytest.mark.parametrize("content", CONTENT)
@pytest.mark.parametrize("version", checks.VERSIONS)
@pytest.mark.parametrize("run", RUNS)
def test_emits_what_the_version_defines(run: str, version: str, content: str) -> None:
    """Spans, metrics and events have that version's names, types, units, buckets and required attributes."""
    starts = checks.Starts()
    with capture(sampler=starts) as seen:
        stage = Stage(Telemetry(convention=version, capture_content=content, **seen.providers))
        RUNS[run](stage)
        checks.check(version, seen, stage.played, starts.seen)


@pytest.mark.parametrize("convention", available())
@pytest.mark.parametrize("run", RUNS)
def test_content_is_nowhere_unless_wanted(run: str, convention: str) -> None:
    """With content off, no span, event or metric has a word of it, not even of an error's text."""
    with capture() as seen:
        RUNS[run](Stage(Telemetry(convention=convention, **seen.providers)))
        emitted = [span.to_json() for span in seen.spans]
        emitted += [repr((record.attributes, record.body)) for record in seen.logs()]
        emitted.append(repr(seen.metrics()))
    assert SECRET not in "".join(emitted)


@pytest.mark.parametrize("convention", available())
@pytest.mark.parametrize("run", RUNS)
def test_content_is_only_where_it_is_wanted(run: str, convention: str) -> None:
    """Content for spans is on no log record, for events on no span but in its events, and never on metrics."""
    for_spans, _, _ = play(run, convention, "span")
    assert SECRET not in repr([(record.attributes, record.body) for record in for_spans.logs()])
    for_events, _, _ = play(run, convention, "event")
    assert SECRET not in repr([(span.attributes, span.status.description) for span in for_events.spans])
    assert SECRET not in repr([for_spans.metrics(), for_events.metrics()])


DURATIONS = "gen_ai.client.operation.duration", "gen_ai.client.token.usage"
STREAMING = "gen_ai.client.operation.time_to_first_chunk", "gen_ai.client.operation.time_per_output_chunk"
DEV_CHAT = (
    "gen_ai.client.inference.duration",
    "gen_ai.client.inference.usage.input_tokens",
    "gen_ai.client.inference.usage.output_tokens",
    "gen_ai.client.inference.operation.input_tokens",
    "gen_ai.client.inference.operation.output_tokens",
)
DEV_AGENT = (
    "gen_ai.invoke_agent.duration",
    "gen_ai.invoke_agent.inference_calls",
    "gen_ai.invoke_agent.tool_calls",
    "gen_ai.execute_tool.duration",
    "gen_ai.client.inference.usage.cache_read.input_tokens",
    "gen_ai.client.inference.usage.cache_write.input_tokens",
    "gen_ai.client.inference.usage.reasoning.output_tokens",
)
MEASURED = {
    ("plain", "1.27"): DURATIONS,
    ("plain", "1.36"): DURATIONS,
    ("plain", "1.41"): DURATIONS,
    ("plain", "dev"): DEV_CHAT,
    ("plain", "openinference"): (),
    ("failed_chat", "1.36"): DURATIONS[:1],
    ("failed_chat", "dev"): DEV_CHAT[:1],
    ("streamed", "1.36"): DURATIONS,
    ("streamed", "1.41"): (*DURATIONS, *STREAMING),
    ("streamed", "dev"): (
        *DEV_CHAT,
        "gen_ai.client.inference.time_to_first_chunk",
        "gen_ai.client.inference.time_per_output_chunk",
    ),
    ("embeddings", "1.27"): (),
    ("embeddings", "1.36"): DURATIONS,
    ("embeddings", "1.41"): DURATIONS,
    ("embeddings", "dev"): DURATIONS[:1],
    ("retrieval", "1.41"): (),
    ("retrieval", "dev"): DURATIONS[:1],
    ("agent", "1.36"): DURATIONS,
    ("agent", "1.41"): DURATIONS,
    ("agent", "dev"): (*DEV_CHAT, *DEV_AGENT),
    ("failed_agent", "dev"): (DEV_CHAT[0], *DEV_AGENT[:3]),
    ("workflow", "1.41"): DURATIONS,
    ("workflow", "dev"): (*DEV_CHAT, "gen_ai.invoke_workflow.duration"),
}


@pytest.mark.parametrize(("run", "version"), MEASURED)
def test_measures_what_the_version_defines(run: str, version: str) -> None:
    """A run has exactly the metrics that the version defines for its operations."""
    seen, _, _ = play(run, version, "none")
    assert set(seen.metrics()) == set(MEASURED[run, version])


def test_tokens_by_modality_add_up_to_the_total() -> None:
    """In `dev`, a counter's modalities sum up to what the histogram has; what is not explained is unknown."""
    seen, _, _ = play("modalities", "dev", "none")
    metrics = seen.metrics()

    def split(name: str) -> dict[str, int]:
        points = metrics[f"gen_ai.client.inference.usage.{name}"]
        return {point["attributes"]["gen_ai.token.modality"]: point["value"] for point in points}

    assert split("input_tokens") == {"audio": 60, "text": 40}
    assert split("output_tokens") == {"audio": 240, "unknown": 60}
    assert split("reasoning.output_tokens") == {"unknown": 50}
    assert split("cache_read.input_tokens") == {"unknown": 0}
    assert metrics["gen_ai.client.inference.operation.output_tokens"][0]["sum"] == 300


def test_parts_that_contradict_their_total_are_not_counted() -> None:
    """In `dev`, modalities that exceed the total leave the total, of unknown modality."""
    from core.conventions.runs import chat
    from genai_otel_core.usage import Usage

    with capture() as seen:
        usage = Usage(input_tokens=10, output_tokens=0, input_audio_tokens=60)
        Stage(Telemetry(convention="dev", **seen.providers)).one(chat(usage=usage))
        metrics = seen.metrics()
    for name, total in (("input_tokens", 10), ("output_tokens", 0)):
        (point,) = metrics[f"gen_ai.client.inference.usage.{name}"]
        assert point["attributes"]["gen_ai.token.modality"] == "unknown"
        assert point["value"] == total


EVENTS = {
    ("1.27", "none"): [],
    ("1.27", "span"): ["gen_ai.content.prompt", "gen_ai.content.completion"],
    ("1.27", "event"): ["gen_ai.content.prompt", "gen_ai.content.completion"],
    ("1.36", "none"): [],
    ("1.36", "span"): [],
    ("1.36", "event"): [
        "gen_ai.system.message",
        "gen_ai.user.message",
        "gen_ai.assistant.message",
        "gen_ai.tool.message",
        "gen_ai.tool.message",
        "gen_ai.user.message",
        "gen_ai.choice",
    ],
    ("1.41", "none"): [],
    ("1.41", "span"): [],
    ("1.41", "event"): ["gen_ai.client.inference.operation.details"],
    ("dev", "none"): ["gen_ai.client.inference.operation.details"],
    ("dev", "event"): ["gen_ai.client.inference.operation.details"],
}


@pytest.mark.parametrize(("version", "content"), EVENTS)
def test_events_of_the_version(version: str, content: str) -> None:
    """1.27 has span events, 1.36 a record per message and choice, later versions one record per call."""
    seen, _, _ = play("tool_calling", version, content)
    (span,) = seen.spans
    names = [event.name for event in span.events] + [record.event_name for record in seen.logs()]
    assert names == EVENTS[version, content]


@pytest.mark.parametrize("run", ["failed_chat", "failed_embeddings", "failed_retrieval", "failed_tool"])
@pytest.mark.parametrize("version", checks.VERSIONS)
def test_exceptions_are_records_since_1_41(run: str, version: str) -> None:
    """A failed client operation's exception is a log record where the version has one, and no tool's is."""
    seen, _, _ = play(run, version, "none")
    wanted = version in ("1.41", "dev") and run != "failed_tool"
    records = [record for record in seen.logs() if record.event_name == "gen_ai.client.operation.exception"]
    assert len(records) == wanted
    assert all(record.attributes.keys() == {"exception.type"} for record in records)


PROVIDERS = {
    ("vertex", "1.27"): "vertex_ai",
    ("vertex", "1.36"): "gcp.vertex_ai",
    ("vertex", "1.41"): "gcp.vertex_ai",
    ("xai", "1.27"): "xai",
    ("xai", "1.36"): "xai",
    ("xai", "1.41"): "x_ai",
    ("xai", "dev"): "x_ai",
    ("azure", "1.27"): "az.ai.openai",
    ("azure", "1.36"): "azure.ai.openai",
    ("azure", "dev"): "azure.ai.openai",
    ("unlisted_provider", "1.27"): "ollama",
    ("unlisted_provider", "dev"): "ollama",
    ("azure", "openinference"): "azure",
    ("vertex", "openinference"): "google",
    ("xai", "openinference"): "xai",
}


@pytest.mark.parametrize(("run", "version"), PROVIDERS)
def test_provider_in_the_spelling_of_the_version(run: str, version: str) -> None:
    """A provider has the name that the version gives it, on the span and on its metrics."""
    seen, _, _ = play(run, version, "none")
    key = {"1.27": "gen_ai.system", "1.36": "gen_ai.system", "openinference": "llm.provider"}.get(
        version, "gen_ai.provider.name"
    )
    assert seen.spans[0].attributes[key] == PROVIDERS[run, version]
    points = [point for points in seen.metrics().values() for point in points]
    assert {point["attributes"][key] for point in points} == ({PROVIDERS[run, version]} if points else set())


def test_every_operation_is_played() -> None:
    """The runs play every type of operation that a version defines."""
    played = {type(op) for run in RUNS for op in play(run, "1.41", "none")[1].played}
    assert played >= {Inference, Embeddings, Retrieval, ToolExecution, AgentInvocation, Workflow}
