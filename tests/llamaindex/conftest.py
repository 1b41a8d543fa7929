"""What every LlamaIndex test needs: a handler on the dispatcher, and patience with warnings."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from llama_warnings import OF_THE_FRAMEWORK

from genai_otel_core.testing import Capture
from genai_otel_llamaindex import Handler


def pytest_configure(config: pytest.Config) -> None:
    """Add what is ignored to the project's own list."""
    for line in OF_THE_FRAMEWORK:
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session", autouse=True)
def _collected_while_warnings_are_ignored() -> Iterator[None]:
    # What the framework's import left is no test's: looking at it at each collection takes most of the time.
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    gc.collect()


@pytest.fixture
def handler(seen: Capture) -> Iterator[Handler]:
    """A handler on the dispatcher, while the test lasts."""
    made = Handler(**seen.providers).attach()
    yield made
    made.detach()
