"""The metrics of the conventions under development: tokens by modality, a duration per kind of operation.

https://github.com/open-telemetry/semantic-conventions-genai at 6fd0d763 (main of 2026-10-09).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from genai_otel_core.conventions import _points as points
from genai_otel_core.conventions._base import MetricSpec
from genai_otel_core.conventions._rows import CLIENT_DIMENSIONS
from genai_otel_core.operations import (
    AgentInvocation,
    Embeddings,
    Inference,
    Operation,
    Retrieval,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.usage import Usage

Points = points.Points

AGENT_BUCKETS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6)
WORKFLOW_BUCKETS = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0)
CALL_BUCKETS = tuple(float(2**power) for power in range(8))

_MODALITY = "gen_ai.token.modality"
_UNKNOWN = {_MODALITY: "unknown"}


def _by_modality(total: int | None, **parts: int | None) -> Points:
    """A total, split by what is known of it; what no part explains is of unknown modality."""
    if total is None:
        return
    known = {modality: count for modality, count in parts.items() if count}
    rest = total - sum(known.values())
    if rest < 0:
        # The parts contradict the total: then only the total is said.
        known, rest = {}, total
    for modality, count in known.items():
        yield count, {_MODALITY: modality}
    if rest or not known:
        yield rest, _UNKNOWN


def _input(usage: Usage) -> Points:
    return _by_modality(
        usage.input_tokens,
        text=usage.input_text_tokens,
        image=usage.input_image_tokens,
        audio=usage.input_audio_tokens,
    )


def _output(usage: Usage) -> Points:
    return _by_modality(
        usage.output_tokens,
        text=usage.output_text_tokens,
        image=usage.output_image_tokens,
        audio=usage.output_audio_tokens,
    )


def _one(value: float | None) -> Points:
    return () if value is None else ((value, {}),)


def _seconds(
    name: str,
    description: str,
    operations: tuple[type[Operation], ...],
    dimensions: tuple[str, ...],
    buckets: tuple[float, ...] = points.DURATION_BUCKETS,
) -> MetricSpec:
    labels = (*dimensions, "error.type")
    return MetricSpec(name, "histogram", "s", description, operations, labels, points.duration, buckets)


def _counter(name: str, description: str, of: Callable[[Usage], Points]) -> MetricSpec:
    return MetricSpec(
        name=f"gen_ai.client.inference.usage.{name}",
        instrument="counter",
        unit="{token}",
        description=description,
        operations=(Inference,),
        dimensions=CLIENT_DIMENSIONS,
        points=lambda op: of(op.usage),
        extra_dimensions=(_MODALITY,),
    )


def _histogram(
    name: str,
    unit: str,
    description: str,
    operation: type[Operation],
    dimensions: tuple[str, ...],
    of: Callable[[Any], Points],
    buckets: tuple[float, ...],
) -> MetricSpec:
    return MetricSpec(name, "histogram", unit, description, (operation,), dimensions, of, buckets)


METRICS = (
    _seconds(
        "gen_ai.client.operation.duration",
        "GenAI operation duration.",
        (Embeddings, Retrieval),
        CLIENT_DIMENSIONS,
    ),
    _seconds(
        "gen_ai.client.inference.duration",
        "GenAI client inference operation duration.",
        (Inference,),
        CLIENT_DIMENSIONS,
    ),
    _histogram(
        "gen_ai.client.inference.time_to_first_chunk",
        "s",
        "Time to receive the first chunk, measured from when the client issues the generation request"
        " to when the first chunk is received in the response stream.",
        Inference,
        CLIENT_DIMENSIONS,
        points.first_chunk,
        points.DURATION_BUCKETS,
    ),
    _histogram(
        "gen_ai.client.inference.time_per_output_chunk",
        "s",
        "Time per output chunk, recorded for each chunk received after the first one, measured as the"
        " time elapsed from the end of the previous chunk to the end of the current chunk.",
        Inference,
        CLIENT_DIMENSIONS,
        points.chunk_intervals,
        points.DURATION_BUCKETS,
    ),
    _counter("input_tokens", "The number of input (prompt) tokens used, including cached tokens.", _input),
    _counter(
        "output_tokens", "The number of output (completion) tokens used, including reasoning tokens.", _output
    ),
    _counter(
        "cache_read.input_tokens",
        "The number of input tokens served from a provider-managed cache.",
        lambda usage: _by_modality(usage.cache_read_tokens),
    ),
    _counter(
        "cache_write.input_tokens",
        "The number of input tokens written to a provider-managed cache.",
        lambda usage: _by_modality(usage.cache_write_tokens),
    ),
    _counter(
        "reasoning.output_tokens",
        "The number of output tokens used for reasoning (e.g. chain-of-thought, extended thinking).",
        lambda usage: _by_modality(usage.reasoning_tokens),
    ),
    _histogram(
        "gen_ai.client.inference.operation.input_tokens",
        "{token}",
        "The number of input (prompt) tokens used per inference operation.",
        Inference,
        CLIENT_DIMENSIONS,
        lambda op: _one(op.usage.input_tokens),
        points.TOKEN_BUCKETS,
    ),
    _histogram(
        "gen_ai.client.inference.operation.output_tokens",
        "{token}",
        "The number of output (completion) tokens used per inference operation.",
        Inference,
        CLIENT_DIMENSIONS,
        lambda op: _one(op.usage.output_tokens),
        points.TOKEN_BUCKETS,
    ),
    _seconds(
        "gen_ai.invoke_agent.duration",
        "The end-to-end duration of a single in-process agent invocation, from the moment the invocation"
        " starts until the agent emits the last chunk of its final response or terminates with an error.",
        (AgentInvocation,),
        ("gen_ai.agent.name", "gen_ai.request.model"),
        AGENT_BUCKETS,
    ),
    _histogram(
        "gen_ai.invoke_agent.inference_calls",
        "{inference_call}",
        "The number of inference (model) calls a GenAI agent makes during a single invocation.",
        AgentInvocation,
        ("gen_ai.agent.name",),
        lambda op: _one(op.inference_calls),
        CALL_BUCKETS,
    ),
    _histogram(
        "gen_ai.invoke_agent.tool_calls",
        "{tool_call}",
        "The number of tool calls a GenAI agent makes during a single invocation.",
        AgentInvocation,
        ("gen_ai.agent.name",),
        lambda op: _one(op.tool_calls),
        CALL_BUCKETS,
    ),
    _seconds(
        "gen_ai.execute_tool.duration",
        "The duration of a single tool execution.",
        (ToolExecution,),
        ("gen_ai.tool.name", "gen_ai.tool.type", "gen_ai.agent.name"),
    ),
    _seconds(
        "gen_ai.invoke_workflow.duration",
        "Records duration of GenAI workflow.",
        (WorkflowInvocation,),
        ("gen_ai.workflow.name",),
        WORKFLOW_BUCKETS,
    ),
)
