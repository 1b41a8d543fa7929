"""Both adapters' models and LlamaIndex's fixtures: these tests need both frameworks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.extend(str(Path(__file__).parents[1] / name) for name in ("langchain", "llamaindex"))

from llama_warnings import OF_THE_FRAMEWORK


def pytest_configure(config: pytest.Config) -> None:
    """Add what is ignored to the project's own list."""
    for line in OF_THE_FRAMEWORK:
        config.addinivalue_line("filterwarnings", line)
