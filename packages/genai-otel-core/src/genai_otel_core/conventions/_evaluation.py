"""The event that an answer was judged: as the GenAI conventions have it since 1.38, in every convention."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genai_otel_core.conventions import _values as values
from genai_otel_core.conventions._base import Event, EventSpec, Level, Row
from genai_otel_core.conventions._reader import field, read_rows
from genai_otel_core.operations import Evaluation

RESULT = "gen_ai.evaluation.result"

_ROWS: tuple[Row[Any], ...] = (
    Row("gen_ai.evaluation.name", field("name")),
    Row("gen_ai.evaluation.score.value", field("score")),
    Row("gen_ai.evaluation.score.label", field("label")),
    Row("gen_ai.response.id", field("response_id")),
    Row("error.type", field("failure", values.error_type)),
    Row("gen_ai.evaluation.explanation", field("explanation"), Level.CONTENT),
)


def _result(op: Evaluation, content: bool) -> Iterable[Event]:
    wanted = [row for row in _ROWS if content or row.level is not Level.CONTENT]
    yield Event(RESULT, {**op.attributes, **read_rows(wanted, op)})


EVALUATION = EventSpec(
    (RESULT,), (Evaluation,), _result, schema_url="https://opentelemetry.io/schemas/1.41.1"
)
