"""Every test runs strict, without network, and fails if our guard had to catch something it did not expect."""

from __future__ import annotations

import gc
import os

os.environ["GENAI_OTEL_STRICT"] = "1"
os.environ.setdefault("LANGSMITH_TRACING", "false")

from collections.abc import Iterator
from weakref import WeakSet

import pytest
from hypothesis import HealthCheck, settings
from opentelemetry import context
from opentelemetry.context.context import Context

from genai_otel_core import cost, counters, guard, sharing
from genai_otel_core.testing import Capture, capture

# A shared machine can be slow at any moment; that is no property of the code under test.
settings.register_profile(
    "unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "guard_may_catch: the test provokes errors that our guard catches")
    config.addinivalue_line("markers", "bundled_prices: the test is about the price list of the extra [cost]")


@pytest.fixture
def seen() -> Iterator[Capture]:
    """What the code under test emits."""
    with capture() as captured:
        yield captured


@pytest.fixture(autouse=True)
def _no_bundled_prices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    # Spans are compared whole, and are not to depend on what else is installed.
    if request.node.get_closest_marker("bundled_prices") is None:
        monkeypatch.setattr(cost, "bundled_list", lambda: None)


@pytest.fixture(autouse=True)
def _no_others_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    # A telemetry of an earlier test that is not collected yet remembers runs with the same ids.
    monkeypatch.setattr(sharing, "alive", WeakSet())


@pytest.fixture(autouse=True)
def _no_guarded_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    context.attach(Context())  # what a test leaves open is not the next one's
    may_catch = request.node.get_closest_marker("guard_may_catch") is not None
    counters.clear()
    if may_catch:
        os.environ.pop("GENAI_OTEL_STRICT", None)
    yield
    os.environ["GENAI_OTEL_STRICT"] = "1"
    if not may_catch:
        assert guard.failure_counts() == {}


def pytest_collection_finish() -> None:
    # What is imported by now stays; a collection that a test asks for need not look at it.
    gc.collect()
    gc.freeze()
