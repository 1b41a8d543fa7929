"""README says what is true."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

from genai_otel_core import Telemetry


def _section(readme: str, heading: str) -> str:
    return re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", readme, re.MULTILINE | re.DOTALL)[1]


def test_the_support_table_is_that_of_versions_toml(root: Path) -> None:
    """The table is generated, and somebody did."""
    subprocess.run([sys.executable, root / "scripts/support_table.py", "--check"], check=True)


def test_the_quickstart_is_the_example_that_is_tested(root: Path) -> None:
    """Every line of README's Python quickstart is in examples/quickstart.py, in that order."""
    quickstart = _section((root / "README.md").read_text(), "Your own application")
    shown = re.search(r"```python\n(.*?)```", quickstart, re.DOTALL)[1]
    example = iter((root / "examples/quickstart.py").read_text().splitlines())
    assert [line for line in shown.splitlines() if line and line not in example] == []


def _options(root: Path) -> dict[str, str]:
    table = _section((root / "README.md").read_text(), "Options")
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", table, re.MULTILINE))


def test_the_options_table_lists_what_telemetry_takes(root: Path) -> None:
    """No option is missing, and none is invented."""
    assert sorted(_options(root)) == sorted(inspect.signature(Telemetry).parameters)


def test_the_defaults_in_the_options_table_are_the_defaults(root: Path) -> None:
    """What the table calls the default is what the code has; None stands for what the text explains."""
    shown = _options(root)
    for name, parameter in inspect.signature(Telemetry).parameters.items():
        if parameter.default is not None:
            assert shown[name] == f"`{parameter.default}`", name


def test_links_lead_somewhere(root: Path) -> None:
    """Relative links of README exist."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", (root / "README.md").read_text())
    assert [target for target in targets if not (root / target).exists()] == []
