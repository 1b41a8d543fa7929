"""Every scenario gives its tree, leaves the context as it was, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
from collections.abc import Callable
from typing import Any

import llama_scenarios_engines
import llama_scenarios_flows
import pytest
from llama_scenarios import SCENARIOS, use_tracer
from opentelemetry import context, trace

from drawing import render
from genai_otel_core.testing import Capture
from genai_otel_llamaindex import Handler

MODULES = (llama_scenarios_engines, llama_scenarios_flows)  # they add their own to the table


def outliving(seen: Capture) -> list[tuple[str, str]]:
    """Parents and children of which the child begins before or ends after the parent."""
    by_id = {span.context.span_id: span for span in seen.spans}
    found = []
    for span in seen.spans:
        above = by_id.get(span.parent.span_id) if span.parent else None
        if above is not None and not above.start_time <= span.start_time <= span.end_time <= above.end_time:
            found.append((above.name, span.name))
    return found


def run(function: Callable[..., Any], check: Callable[[], None]) -> None:
    """Run a scenario, in a loop of its own if it is asynchronous, and `check` in the caller's context."""
    if inspect.iscoroutinefunction(function):

        async def main() -> None:
            await function()
            check()

        asyncio.run(main())
    else:
        function()
    check()


@pytest.mark.parametrize("outer", [False, True], ids=["root", "in-a-span"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_tree(name: str, outer: bool, seen: Capture, caplog: pytest.LogCaptureFixture) -> None:
    """The spans, their parents, kinds, errors and outcomes are the scenario's."""
    function, tree = SCENARIOS[name]
    tracer = seen.tracer_provider.get_tracer("application")
    use_tracer(tracer)
    before_span, before = trace.get_current_span(), dict(context.get_current())
    handler = Handler(**seen.providers).attach()

    def unchanged() -> None:
        assert trace.get_current_span() is before_span
        assert dict(context.get_current()) == before

    try:
        with caplog.at_level(logging.WARNING, "opentelemetry"):
            if outer:
                with tracer.start_as_current_span("request") as request:
                    before_span, before = request, dict(context.get_current())
                    run(function, unchanged)
                tree = "request\n" + "\n".join(f"  {line}" for line in tree.splitlines())
            else:
                run(function, unchanged)
        gc.collect()
        assert render(seen) == tree
        assert outliving(seen) == []
        assert handler.telemetry.open_runs == 0
        assert [
            record for record in caplog.records if record.name.startswith(("opentelemetry", "genai"))
        ] == []
    finally:
        handler.detach()
