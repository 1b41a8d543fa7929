"""What the tests of packages, examples and README share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from receiver import Received, receiving


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).parents[2]


@pytest.fixture
def collector() -> Iterator[Received]:
    """A collector that keeps what it is sent."""
    with receiving() as received:
        yield received
