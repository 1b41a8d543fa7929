"""What no convention has a word for, in our namespace `genai_otel.`: outcomes, attempts, resumption, steps.

Every convention carries these beside its own rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genai_otel_core.conventions import _cost as cost
from genai_otel_core.conventions import _values as values
from genai_otel_core.conventions._base import Event, Level, MetricSpec, Row
from genai_otel_core.conventions._points import Values
from genai_otel_core.conventions._reader import field
from genai_otel_core.operations import Inference, Operation, Step, ToolExecution

PREFIXES = ("genai_otel.", "ai.cost.")
"""What our names begin with."""

_INTERRUPT_IDS = "genai_otel.interrupt.ids"

ENDED: tuple[Row[Any], ...] = (
    Row("genai_otel.outcome", field("outcome", values.outcome)),
    Row("genai_otel.attempt.number", field("attempt"), Level.IDENTITY, at_start=True),
    Row("genai_otel.fallback.from", field("fallback_from"), at_start=True),
    Row(_INTERRUPT_IDS, field("interrupt_ids")),
    Row("genai_otel.resume.wait", field("resumed_after_s"), at_start=True),
    Row("genai_otel.cache.hit", field("cached", values.if_true)),
    Row("genai_otel.embeddings.input.count", field("input_count")),
    Row("genai_otel.content.uri", field("content_uri")),
    *cost.ROWS,
)
"""On every span: how it ended, which attempt it was, what it resumed."""


def _of_fallback(value: Any, op: Step) -> Any:
    return value if op.failed and op.kind == "fallback" else None


STEP: tuple[Row[Step], ...] = (
    Row("genai_otel.step.kind", field("kind"), at_start=True),
    Row("genai_otel.attempt.count", field("attempt_count", values.if_true)),
    Row("genai_otel.fallback.failed", field("failed", _of_fallback)),
    Row("genai_otel.fallback.used", field("used", _of_fallback)),
)
"""On steps: of what kind, and for a retry or fallback how often, for a fallback what failed and what came next."""


def _once(number: int, op: Operation) -> int:  # noqa: ARG001 - whichever attempt it is, it is one more
    return 1


METRICS = (
    MetricSpec(
        "genai_otel.attempts",
        "counter",
        "{attempt}",
        "Attempts at operations that are retried or have a fallback, by number and error.",
        (Inference, ToolExecution, Step),
        (
            "gen_ai.operation.name",
            "gen_ai.provider.name",
            "gen_ai.system",
            "gen_ai.request.model",
            "gen_ai.tool.name",
            "llm.provider",
            "llm.model_name",
            "tool.name",
            "error.type",
            "genai_otel.attempt.number",
        ),
        Values((field("attempt", _once), {})),
    ),
    cost.METRIC,
)

SELF_SITE = "genai_otel.self.site"
"""Where in this library something was counted: the dimension of its own metrics."""


def self_metric(count: str) -> str:
    """The name of a metric about this library itself."""
    return f"genai_otel.self.{count}"


OMITTED_ATTRIBUTES = "genai_otel.omitted_attributes"
"""How many attributes the span had no room for."""


def is_usage(name: str) -> bool:
    """Whether an attribute says what a call used or cost."""
    return "max_tokens" not in name and any(word in name for word in ("usage", "token", "cost"))


START_EVENT = "genai_otel.operation.start"
INTERRUPT_EVENT = "genai_otel.operation.interrupt"


def start_event(attributes: Mapping[str, Any]) -> Event:
    """The event that an operation has started, with its start attributes, for those who watch long runs."""
    return Event(START_EVENT, dict(attributes))


def interrupt_event(attributes: Mapping[str, Any], op: Operation) -> Event:
    """The event that an agent or workflow waits for somebody, with its start attributes and what it waits for."""
    return Event(INTERRUPT_EVENT, {**attributes, _INTERRUPT_IDS: op.interrupt_ids or ()})
