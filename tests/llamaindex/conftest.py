"""What every LlamaIndex test needs: a handler on the dispatcher, and patience with warnings."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from genai_otel_core.testing import Capture
from genai_otel_llamaindex import Handler

_OF_THE_FRAMEWORK = (
    "ignore:The 'validate_default' attribute",  # 0.12 and 0.13 with a newer pydantic
    "ignore:ServiceManager is deprecated:DeprecationWarning",
    "ignore::DeprecationWarning:llama_index",
    # Workflows look at every attribute of an agent, pydantic's deprecated ones too.
    "ignore:The `__.*` attribute is deprecated:pydantic.warnings.PydanticDeprecatedSince20",
    "ignore:Accessing the 'model_.*' attribute on the instance is deprecated",
    # An agent's memory leaves its database to the garbage collector.
    "ignore:.*Connection object at .* was deleted before being closed:ResourceWarning",
    "ignore:unclosed database:ResourceWarning",
    "ignore:Exception ignored in. <function Connection:pytest.PytestUnraisableExceptionWarning",
    # Its synchronous methods leave event loops to the garbage collector.
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:unclosed event loop:ResourceWarning",
    "ignore:Exception ignored in. <(socket|function BaseEventLoop):pytest.PytestUnraisableExceptionWarning",
)


def pytest_configure(config: pytest.Config) -> None:
    """Add what is ignored to the project's own list."""
    for line in _OF_THE_FRAMEWORK:
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session", autouse=True)
def _collected_while_warnings_are_ignored() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def handler(seen: Capture) -> Iterator[Handler]:
    """A handler on the dispatcher, while the test lasts."""
    made = Handler(**seen.providers).attach()
    yield made
    made.detach()
