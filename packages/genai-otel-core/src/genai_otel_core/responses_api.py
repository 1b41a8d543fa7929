"""OpenAI's Responses API has no finish reason: how an answer ended is told by its status and what it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from genai_otel_core.operations import Failure

Get = Callable[[str], Any]

_OBJECT = "response"
_EVENTS = "response."
# The words that the GenAI conventions have for what other APIs call the same.
_INCOMPLETE = {"max_output_tokens": "length"}
_FAILED = ("failed", "cancelled")


def finish_reason(answer: Get, calls_tools: bool) -> str | None:
    """Return why an answer ended; None while it has not, and for what is no answer of that API.

    Args:
        answer: reads a field of it.
        calls_tools: whether it asks for tools that the application executes.
    """
    if answer("object") != _OBJECT:
        return None
    status = answer("status")
    if status == "completed":
        return "tool_call" if calls_tools else "stop"
    if status == "incomplete":
        reason = _field(answer("incomplete_details"), "reason")
        return _INCOMPLETE.get(reason, reason) if isinstance(reason, str) else "incomplete"
    return "error" if status in _FAILED else None


def failure(answer: Get, content: bool) -> Failure | None:
    """Return why an answer failed that came without an exception."""
    if answer("object") != _OBJECT or answer("status") != "failed":
        return None
    error = answer("error")
    code, message = _field(error, "code"), _field(error, "message")
    kind = code if isinstance(code, str) and code else "failed"
    return Failure(kind, kind, message if content and isinstance(message, str) else None)


def calls_tools(answer: Get) -> bool:
    """Whether an answer's items ask for tools that the application executes."""
    output = answer("output")
    if not isinstance(output, (list, tuple)):
        return False
    return any(
        _field(item, "type") in ("function_call", "custom_tool_call", "computer_call") for item in output
    )


def is_event(kind: object) -> bool:
    """Whether `kind` is that of an event of a stream."""
    return isinstance(kind, str) and kind.startswith(_EVENTS)


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)
