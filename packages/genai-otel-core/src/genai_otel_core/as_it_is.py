"""Content that is recorded as it is: all of an operation is surveyed at once, and nothing in it is to be treated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from genai_otel_core.cutting import Prepared
from genai_otel_core.operations import Operation, ToolExecution
from genai_otel_core.survey import FAILURES, Survey, Surveyed, UnknownError

_SHARED = frozenset({"system_instructions", "tool_definitions"})
"""What an agent has of its first model call."""


def prepare(op: Operation, fields: Iterable[str], limit: int) -> float | None:
    """Prepare the content of `op` if it is recorded as it is; return how many bytes it has at most.

    None, and nothing is done, if any of it is to be treated, or all together may be more than `limit`.
    """
    survey = Survey(limit)
    prepared: list[tuple[str, Any]] = []
    try:
        for name in fields:
            value = getattr(op, name)
            if value is None:
                continue
            if type(value) is Prepared:
                survey.room -= value.size
            else:
                prepared.append((name, _READ[name](survey, value)))
        size, is_clean = survey.result()
    except FAILURES:
        return None
    # Data of tools may come from anywhere; that of messages has been read as plain data before.
    if not is_clean or survey.has_media or (type(op) is ToolExecution and not survey.is_plain()):
        return None
    for name, value in prepared:
        if name in _SHARED:
            value.size = min(value.size, size)
        setattr(op, name, value)
    return size


def _messages(survey: Survey, value: list[Any]) -> Prepared:
    survey.messages(value)
    return Prepared(value)


def _objects(survey: Survey, value: list[Any]) -> Prepared:
    found = Prepared(value)
    if type(value) is Surveyed:
        found.size = value.size
        survey.room -= value.size
    else:
        survey.objects(value)
    return found


def _data(survey: Survey, value: Any) -> Any:
    if type(value) is not dict:
        raise UnknownError
    return survey.data(value)


def _text(survey: Survey, value: str) -> str:
    survey.value(value)
    return value


_READ: dict[str, Callable[[Survey, Any], Any]] = {
    "input_messages": _messages,
    "output_messages": _messages,
    "system_instructions": _objects,
    "tool_definitions": _objects,
    "documents": _objects,
    "arguments": _data,
    "result": _data,
    "description": _text,
    "query": _text,
    "explanation": _text,
}
