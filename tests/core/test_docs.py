"""What the documents say is proven by tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROOFS = re.findall(
    r"`(?:tests/langchain/)?([\w/]+\.py)::(\w+)`", (ROOT / "docs/what-happens-when.md").read_text()
)


def test_there_are_proofs() -> None:
    """The table is read at all."""
    assert len(PROOFS) > 30


@pytest.mark.parametrize(("file", "function"), sorted(set(PROOFS)))
def test_each_proof_exists(file: str, function: str) -> None:
    """Each test that the table of behaviours names is there."""
    path = ROOT / file if file.startswith("tests/") else ROOT / "tests/langchain" / file
    assert re.search(rf"^(async )?def {function}\(", path.read_text(), re.MULTILINE)
