"""Cost: the GenAI conventions have no word for it yet, so these names are ours and the same in all of them.

`ai.cost.usd` is what the field's examples call it. Model calls only: what an agent cost is the sum over its
model calls, and would be counted twice on the agent.
"""

from __future__ import annotations

from typing import Any

from genai_otel_core.conventions._base import MetricSpec, Row
from genai_otel_core.conventions._points import Values
from genai_otel_core.conventions._reader import field
from genai_otel_core.operations import Embeddings, Inference, Operation
from genai_otel_core.usage import Cost

_BUCKETS = (1e-6, 1e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 100.0)


def _total(value: Cost, _: Operation) -> float:
    return value.total_usd


def _source(value: Cost, _: Operation) -> str:
    return value.source


def _of_input(value: Cost, _: Operation) -> float | None:
    return value.input_usd


def _of_output(value: Cost, _: Operation) -> float | None:
    return value.output_usd


ROWS: tuple[Row[Any], ...] = (
    Row("ai.cost.usd", field("cost", _total)),
    Row("ai.cost.source", field("cost", _source)),
)
"""What it cost in US dollars, and who says so: `provider`, or `local` for a computed one."""

OPENINFERENCE: tuple[Row[Any], ...] = (
    Row("llm.cost.total", field("cost", _total)),
    Row("llm.cost.prompt", field("cost", _of_input)),
    Row("llm.cost.completion", field("cost", _of_output)),
)
"""The words of the one vocabulary that has some, for model calls."""

METRIC = MetricSpec(
    "ai.cost.usd",
    "histogram",
    "{USD}",
    "Cost of model calls in US dollars.",
    (Inference, Embeddings),
    (
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.system",
        "gen_ai.request.model",
        "gen_ai.response.model",
        "llm.provider",
        "llm.model_name",
        "server.address",
        "server.port",
        "error.type",
    ),
    Values((field("cost", _total), {})),
    _BUCKETS,
)
"""With the dimensions of the duration metric, by whatever name a convention has them."""
