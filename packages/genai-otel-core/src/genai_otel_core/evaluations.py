"""Builds the operation for a judgement on an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genai_otel_core.attributes import usable
from genai_otel_core.operations import Evaluation, Failure
from genai_otel_core.plain import clip, finite

_MAX_BYTES = 1024


def evaluation(
    name: str,
    score: float | None,
    label: str | None,
    explanation: str | None,
    response_id: str | None,
    error_type: str | None,
    attributes: Mapping[str, Any] | None,
) -> Evaluation:
    """Check what was given; return it as an operation.

    Raises:
        TypeError, ValueError: naming the argument.
    """
    if not isinstance(name, str) or not name:
        raise TypeError("name must be a text that is not empty")
    texts = {"label": label, "explanation": explanation, "response_id": response_id, "error_type": error_type}
    for argument, given in texts.items():
        if given is not None and not isinstance(given, str):
            raise TypeError(f"{argument} must be a text or None, not {type(given).__name__}")
    value = float(score) if isinstance(score, bool) else finite(score)
    if score is not None and value is None:
        raise TypeError("score must be a finite number or None")
    if score is None and label is None and explanation is None and error_type is None:
        raise ValueError("one of score, label, explanation and error_type must be given")
    if attributes is not None and not isinstance(attributes, Mapping):
        raise TypeError(f"attributes must be a mapping or None, not {type(attributes).__name__}")
    return Evaluation(
        name=clip(name, _MAX_BYTES),
        score=None if value is None else float(value),
        label=None if label is None else clip(label, _MAX_BYTES),
        explanation=explanation,
        response_id=response_id,
        failure=None if error_type is None else Failure(clip(error_type, _MAX_BYTES), error_type),
        attributes={} if attributes is None else usable(attributes),
    )
