"""What LangChain cannot do on some Pythons is not asked of it."""

from __future__ import annotations

import sys

import pytest
from agents import create_agent

# Asynchronous agents whose model calls report to the handler that was given to the agent.
_ASYNCHRONOUS_AGENTS = (
    "test_an_agent_s_content_is_in_the_store[True]",
    "test_anthropic_agent_stream_async",
    "test_each_tool_links_to_the_call_that_asked_for_it[async]",
    "test_fallback_middleware_says_what_a_model_stands_in_for[async]",
    "test_http_calls_and_spans_hang_under_what_made_them[ainvoke]",
    "test_http_calls_and_spans_hang_under_what_made_them[amessages]",
    "test_http_calls_and_spans_hang_under_what_made_them[astream]",
    "test_openai_agent_async",
    "test_openai_agent_stream_async",
    "test_points_have_the_dimensions_of_their_spans[anthropic_agent_stream_async]",
    "test_points_have_the_dimensions_of_their_spans[openai_agent_stream_async]",
    "test_tree[agent_astream_break-",
    "test_tree[tool_cancel-",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip asynchronous agents of LangChain 1 before Python 3.11, where it hands no callbacks to their models."""
    if create_agent is None or sys.version_info >= (3, 11):
        return
    reason = "LangChain 1 hands no callbacks to the models of asynchronous agents before Python 3.11"
    for item in items:
        if item.name.startswith(_ASYNCHRONOUS_AGENTS):
            item.add_marker(pytest.mark.skip(reason=reason))
