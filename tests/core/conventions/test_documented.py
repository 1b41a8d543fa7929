"""The documents about conventions say what the tables say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from genai_otel_core.conventions import available, resolve

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs/migrating-a-dashboard.md").read_text(encoding="utf-8")


def test_the_table_of_conventions_is_current() -> None:
    """docs/conventions.md is what the script makes of the tables now."""
    script = ROOT / "scripts/conventions_table.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def names(convention: str) -> set[str]:
    """Every attribute, metric and event that a convention has."""
    (table,) = resolve(convention)
    found = {row.name for spec in table.spans for row in spec.rows}
    found |= {
        name for spec in table.metrics for name in (spec.name, *spec.dimensions, *spec.extra_dimensions)
    }
    return found | {name for spec in table.events for name in spec.names}


@pytest.mark.parametrize(("old", "new"), [("1.36", "1.41"), ("1.41", "dev")])
def test_the_guide_s_names_exist(old: str, new: str) -> None:
    """In a migration table, every name of the old column is the old version's, and of the new one the new's."""
    header = f"| what | {old} | {new} |\n"
    rows = GUIDE.partition(header)[2].partition("\n\n")[0].splitlines()[1:]
    assert len(rows) > 6
    for row in rows:
        _, _, before, after, _ = row.split("|")
        for cell, version in ((before, old), (after, new)):
            for name in _written_out(cell):
                assert any(known.startswith(name) for known in names(version)), f"{name} is not in {version}"


def _written_out(cell: str) -> list[str]:
    """The names of a cell; `.b` after `x.a` is `x.b`, `*` is any."""
    found: list[str] = []
    for text in re.findall(r"`([a-z_.*]+)[^`]*`", cell):
        if text.startswith("."):
            parts = found[-1].split(".")
            while len(parts) > 1 and not _known(".".join(parts) + text):
                parts.pop()
            found.append(".".join(parts) + text)
        elif "." in text:
            found.append(text.rstrip("*."))
    return found


def _known(name: str) -> bool:
    return any(name in names(version) for version in available())
