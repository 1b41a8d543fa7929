"""The event that an answer was judged: as the GenAI conventions have it since 1.38, in every convention."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genai_otel_core.conventions import _values as values
from genai_otel_core.conventions._base import Event, EventSpec, Level, Row
from genai_otel_core.operations import Evaluation

RESULT = "gen_ai.evaluation.result"

_ROWS: tuple[Row[Any], ...] = (
    Row("gen_ai.evaluation.name", lambda op: op.name),
    Row("gen_ai.evaluation.score.value", lambda op: op.score),
    Row("gen_ai.evaluation.score.label", lambda op: op.label),
    Row("gen_ai.response.id", lambda op: op.response_id),
    Row("error.type", values.error_type),
    Row("gen_ai.evaluation.explanation", lambda op: op.explanation, Level.CONTENT),
)


def _result(op: Evaluation, content: bool) -> Iterable[Event]:
    wanted = [row for row in _ROWS if content or row.level is not Level.CONTENT]
    yield Event(RESULT, {**op.attributes, **values.read_rows(wanted, op)})


EVALUATION = EventSpec(
    (RESULT,), (Evaluation,), _result, schema_url="https://opentelemetry.io/schemas/1.41.1"
)
