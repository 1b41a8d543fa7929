"""Every scenario gives its tree, leaves the context as it was, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
from collections.abc import Callable
from typing import Any

import pytest
import scenarios_agents
import scenarios_chains
import scenarios_graphs
import scenarios_streams
from opentelemetry import context, trace

from drawing import render
from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler
from scenarios import SCENARIOS, use_tracer

assert scenarios_agents
assert scenarios_chains
assert scenarios_graphs
assert scenarios_streams


def run(function: Callable[..., Any], handler: Handler, check: Callable[[], None]) -> None:
    config = {"callbacks": [handler]}
    if inspect.iscoroutinefunction(function):

        async def main() -> None:
            await function(handler, config)
            check()

        asyncio.run(main())
    else:
        function(handler, config)
    check()


@pytest.mark.parametrize("outer", [False, True], ids=["root", "in-a-span"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_tree(name: str, outer: bool, seen: Capture, caplog: pytest.LogCaptureFixture) -> None:
    """The spans, their parents, kinds, errors and outcomes are the scenario's."""
    function, tree = SCENARIOS[name]
    tracer = seen.tracer_provider.get_tracer("application")
    use_tracer(tracer)
    handler = Handler(**seen.providers)
    before_span, before = trace.get_current_span(), dict(context.get_current())

    def unchanged() -> None:
        assert trace.get_current_span() is before_span
        assert dict(context.get_current()) == before

    with caplog.at_level(logging.WARNING):
        if outer:
            with tracer.start_as_current_span("request") as request:
                before_span, before = request, dict(context.get_current())
                run(function, handler, unchanged)
            tree = "request\n" + "\n".join(f"  {line}" for line in tree.splitlines())
        else:
            run(function, handler, unchanged)
    gc.collect()
    assert render(seen) == tree
    assert handler.telemetry.open_runs == 0
    ours = [
        r
        for r in caplog.records
        if r.name.startswith(("genai_otel", "opentelemetry", "langchain_core.callbacks"))
    ]
    assert ours == []


def test_children_lie_within_their_parents_in_time(seen: Capture) -> None:
    """No span of an abandoned stream ends after the one above it."""
    use_tracer(seen.tracer_provider.get_tracer("application"))
    for name in (
        "stream_break",
        "stream_of_functions_break",
        "astream_break",
        "astream_aclose",
        "agent_stream_break",
        "agent_astream_break",
    ):
        seen.clear()
        run(SCENARIOS[name][0], Handler(**seen.providers), lambda: None)
        ends = {span.context.span_id: span.end_time for span in seen.spans}
        for span in seen.spans:
            if span.parent is not None:
                assert span.end_time <= ends[span.parent.span_id]
