"""Cost: as the provider says, by a price table, or by the bundled list; never invented."""

from __future__ import annotations

import importlib.machinery
import subprocess
import sys
import threading
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_otel_core import Telemetry, cost
from genai_otel_core.cost import Price, reported
from genai_otel_core.operations import AgentInvocation, Embeddings, Inference, Request, Response
from genai_otel_core.testing import Capture
from genai_otel_core.usage import Cost, Usage

PRICES = {
    "mine": {"input": 1.0, "output": 2.0, "cache_read": 0.1, "cache_write": 1.5},
    "openai/mine": {"input": 10.0, "output": 20.0},
    "family-*": {"input": 4.0},
}


def call(
    model: str | None, usage: Usage | None = None, provider: str | None = "acme", **fields: Any
) -> Inference:
    """A model call that has ended."""
    return Inference(
        provider=provider,
        request=Request(model="asked-for"),
        response=Response(model=model),
        usage=usage or Usage(input_tokens=1_000_000, output_tokens=500_000),
        **fields,
    )


def costs(op: Any, seen: Capture, **options: Any) -> tuple[Any, Any, list[Any]]:
    """Run an operation; return the cost on its span, its source, and the points of the metric."""
    seen.clear()
    telemetry = Telemetry(**{"prices": PRICES, **options}, **seen.providers)
    telemetry.start(1, op)
    telemetry.finish(1)
    attributes = seen.spans[-1].attributes
    return (
        attributes.get("ai.cost.usd"),
        attributes.get("ai.cost.source"),
        seen.metrics().get("ai.cost.usd", []),
    )


def test_a_price_table(seen: Capture) -> None:
    """The response's model decides; the span and the histogram say the same, with the duration's dimensions."""
    total, source, (point,) = costs(call("mine", server_address="api.acme.example", server_port=443), seen)
    assert (total, source) == (2.0, "local")
    assert (point["sum"], point["count"], point["unit"]) == (2.0, 1, "{USD}")
    (duration,) = seen.metrics()["gen_ai.client.operation.duration"]
    assert point["attributes"] == duration["attributes"]
    assert point["attributes"]["gen_ai.response.model"] == "mine"


def test_custom_dimensions(seen: Capture) -> None:
    """The allowed custom dimensions label the cost too."""
    _, _, (point,) = costs(
        call("mine"), seen, attributes={"tenant.id": "acme"}, metric_attributes=["tenant.id"]
    )
    assert point["attributes"]["tenant.id"] == "acme"


@pytest.mark.parametrize(
    ("op", "total"),
    [
        (call("mine", provider="openai"), 20.0),
        (call("family-2"), 4.0),
        (call(None), None),
        (call("asked-for", usage=Usage(input_tokens=5)), None),
        (call("mine", usage=Usage(input_tokens=5)), None),
        (call("mine", usage=Usage(output_tokens=5)), None),
        (call("mine", usage=Usage(input_tokens=0, output_tokens=0)), 0.0),
        (call("unheard-of"), None),
        (call("mine", cached=True), None),
        (call("mine", cached=True, cost=Cost(0.0, "provider")), None),
        (Embeddings(request=Request(model="mine"), usage=Usage(input_tokens=2_000_000)), 2.0),
        (AgentInvocation(usage=Usage(input_tokens=5, output_tokens=5)), None),
    ],
)
def test_what_has_a_cost(op: Any, total: float | None, seen: Capture) -> None:
    """An unknown model, unknown usage and a cached answer have no cost; a free call costs 0."""
    found, _, points = costs(op, seen)
    assert found == total
    assert len(points) == (0 if total is None else 1)


def test_cached_tokens_cost_their_own_price() -> None:
    """Cache reads and writes are part of the input and have their own prices, or else that of the input."""
    usage = Usage(
        input_tokens=1_000_000, cache_read_tokens=600_000, cache_write_tokens=100_000, output_tokens=0
    )
    assert Price(1.0, 2.0, 0.1, 1.5).of(usage).total_usd == pytest.approx(0.3 + 0.06 + 0.15)
    assert Price(1.0, 2.0).of(usage).total_usd == pytest.approx(1.0)
    few = Usage(input_tokens=12, output_tokens=7, cache_read_tokens=4)
    assert Price(1.0, 10.0, 0.5).of(few).total_usd == 0.00008  # not 0.00007999999999999999


@given(*[st.integers(0, 10**9)] * 4)
def test_a_computed_cost_is_the_sum_of_its_parts(fresh: int, read: int, write: int, out: int) -> None:
    """Input and output add up to the total, which no cache discount makes negative or dearer."""
    usage = Usage(fresh + read + write, out, cache_read_tokens=read, cache_write_tokens=write)
    full, cheaper = Price(3.0, 15.0).of(usage), Price(3.0, 15.0, 0.3, 3.0).of(usage)
    assert full.input_usd + full.output_usd == pytest.approx(full.total_usd)
    assert 0 <= cheaper.total_usd <= full.total_usd + 1e-9


def test_what_the_provider_says_wins(seen: Capture) -> None:
    """A reported cost comes before the table, also where it is 0."""
    assert costs(call("mine", cost=Cost(0.5, "provider")), seen)[:2] == (0.5, "provider")
    assert costs(call("mine", cost=Cost(0.0, "provider")), seen)[:2] == (0.0, "provider")


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ([{"cost": 0.25}], Cost(0.25, "provider")),
        ([{}, {"total_cost": 3, "input_cost": 1, "output_cost": 2}], Cost(3.0, "provider", 1.0, 2.0)),
        ([{"cost": {"total_cost": 0.5, "request_cost": 0.1}}], Cost(0.5, "provider")),
        (
            [
                {"cost": True},
                {"cost": -1},
                {"cost": "5"},
                {"cost": None},
                {"cost": float("nan")},
                {"cost": float("inf")},
            ],
            None,
        ),
        ([], None),
    ],
)
def test_reported_costs(sources: list[dict[str, Any]], found: Cost | None) -> None:
    """Providers report a number, or a mapping with a total; what is no amount is no cost."""
    assert reported(sources) == found


def test_openinference_has_its_own_words(seen: Capture) -> None:
    """Under OpenInference the cost has that vocabulary's names too."""
    costs(call("mine"), seen, convention="openinference")
    attributes = seen.spans[-1].attributes
    assert [attributes[f"llm.cost.{part}"] for part in ("total", "prompt", "completion")] == [2.0, 1.0, 1.0]


@pytest.mark.bundled_prices
@pytest.mark.parametrize(
    ("provider", "model", "server", "usage", "total"),
    [
        ("openai", "gpt-4o", None, Usage(1000, 100, cache_read_tokens=800), 0.0025),
        ("azure.ai.openai", "gpt-4o", "x.openai.azure.com", Usage(1000, 100), 0.0035),
        (
            "anthropic",
            "claude-sonnet-4-5",
            "api.anthropic.com",
            Usage(1000, 100, cache_read_tokens=800),
            0.00234,
        ),
        ("gcp.gemini", "gemini-2.5-flash", None, Usage(1000, 100), 0.00055),
        ("x_ai", "grok-4", None, Usage(1000, 100), 0.0045),
        ("openai", "openai/gpt-4o", "openrouter.ai", Usage(1000, 100), 0.0035),
        ("openai", "gpt-4o", "localhost", Usage(1000, 100), None),
        ("openai", "no-such-model", None, Usage(1000, 100), None),
        ("nobody", "gpt-4o", None, Usage(1000, 100), None),
        (None, "gpt-4o", None, Usage(1000, 100), None),
    ],
)
def test_the_bundled_list(
    provider: str | None, model: str, server: str | None, usage: Usage, total: float | None, seen: Capture
) -> None:
    """The list knows providers by id and by address; what it does not know, and what runs here, has no cost."""
    op = call(model, usage, provider, server_address=server)
    assert cost.bundled_list()._is_ready()  # or else it is still being loaded when the next test begins
    for _ in range(2):
        found, source, _ = costs(op, seen)
        assert found == (None if total is None else pytest.approx(total))
        assert source == (None if total is None else "local")
        op.cost = None


@pytest.mark.bundled_prices
@pytest.mark.guard_may_catch
def test_a_list_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch, seen: Capture) -> None:
    """Without the list, or with a broken one, a table still counts and nothing else has a cost."""
    monkeypatch.setattr(cost, "_bundled", [])
    broken = types.ModuleType("genai_prices")
    broken.__spec__ = importlib.machinery.ModuleSpec("genai_prices", None)
    monkeypatch.setitem(sys.modules, "genai_prices", broken)
    assert costs(call("gpt-4o", provider="openai"), seen)[0] is None
    assert costs(call("mine"), seen)[0] == 2.0
    monkeypatch.setattr(cost, "_bundled", [])
    monkeypatch.setattr(cost.importlib.util, "find_spec", lambda name: None)
    assert costs(call("gpt-4o", provider="openai"), seen)[0] is None


def test_the_first_calls_may_end_in_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is given a loading thread to wait for that has not started."""
    seen: list[object] = []
    prices = cost.PriceList()

    class Watched(threading.Thread):
        def start(self) -> None:
            seen.append(prices._loading)
            super().start()

    monkeypatch.setattr(cost.threading, "Thread", Watched)
    monkeypatch.setattr(prices, "_load", lambda: None)
    prices.expect()
    assert seen == [None]


def test_the_list_is_loaded_when_a_call_starts_and_not_before() -> None:
    """Making a telemetry imports no price list."""
    code = (
        "import sys, genai_otel_core as g; t = g.Telemetry(); assert 'genai_prices' not in sys.modules;"
        "assert 'pydantic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("prices", "error", "word"),
    [
        ([], TypeError, "prices"),
        ({"": {}}, TypeError, "prices"),
        ({"m": 5}, TypeError, "'m'"),
        ({"m": {}}, ValueError, "input"),
        ({"m": {"prompt": 1}}, ValueError, "prompt"),
        ({"m": {"input": -1}}, ValueError, "input"),
        ({"m": {"input": "1"}}, ValueError, "input"),
        ({"m": {"input": True}}, ValueError, "input"),
        ({"m": {"input": float("nan")}}, ValueError, "input"),
        ({"m": {"input": float("inf")}}, ValueError, "input"),
    ],
)
def test_wrong_tables_raise(prices: Any, error: type[Exception], word: str) -> None:
    """A wrong price table is named with the entry that is wrong."""
    with pytest.raises(error, match=word):
        Telemetry(prices=prices)
