"""How an answer of OpenAI's Responses API ended, from what it says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from genai_otel_core import responses_api
from genai_otel_core.operations import Failure

ENDED: list[tuple[dict[str, Any], bool, str | None]] = [
    ({"status": "completed"}, False, "stop"),
    ({"status": "completed"}, True, "tool_call"),
    ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, False, "length"),
    ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, True, "content_filter"),
    ({"status": "incomplete", "incomplete_details": SimpleNamespace(reason="other")}, False, "other"),
    ({"status": "incomplete", "incomplete_details": None}, False, "incomplete"),
    ({"status": "failed"}, False, "error"),
    ({"status": "cancelled"}, False, "error"),
    ({"status": "in_progress"}, False, None),
    ({"status": "queued"}, False, None),
    ({"status": ["completed"]}, False, None),
    ({}, False, None),
]


@pytest.mark.parametrize(("said", "calls_tools", "reason"), ENDED)
def test_finish_reason(said: dict[str, Any], calls_tools: bool, reason: str | None) -> None:
    """The status tells, and what is missing if it is incomplete."""
    assert responses_api.finish_reason({"object": "response", **said}.get, calls_tools) == reason


def test_other_answers_have_none() -> None:
    """A status in another provider's answer is its own affair."""
    assert responses_api.finish_reason({"status": "completed"}.get, False) is None
    assert responses_api.failure({"status": "failed"}.get, True) is None


def test_failure() -> None:
    """The provider's code says what failed; its text is content."""
    failed = {"object": "response", "status": "failed", "error": {"code": "server_error", "message": "m"}}
    assert responses_api.failure(failed.get, True) == Failure("server_error", "server_error", "m")
    assert responses_api.failure(failed.get, False) == Failure("server_error", "server_error")
    assert responses_api.failure({**failed, "error": None}.get, True) == Failure("failed", "failed")
    assert responses_api.failure({**failed, "status": "completed"}.get, True) is None


def test_calls_tools() -> None:
    """Tools that the application executes count, and those that the provider executes do not."""
    assert responses_api.calls_tools({"output": [{"type": "message"}, {"type": "function_call"}]}.get)
    assert responses_api.calls_tools({"output": [SimpleNamespace(type="custom_tool_call")]}.get)
    assert not responses_api.calls_tools({"output": [{"type": "web_search_call"}, 3]}.get)
    assert not responses_api.calls_tools({"output": "function_call"}.get)
