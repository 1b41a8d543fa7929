"""README says what is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


def _section(readme: str, heading: str) -> str:
    return re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", readme, re.MULTILINE | re.DOTALL)[1]


def test_the_tables_are_up_to_date(root: Path) -> None:
    """Versions are those of versions.toml, options those of `Telemetry` with the docstring's words."""
    subprocess.run([sys.executable, root / "scripts/readme_tables.py", "--check"], check=True)


def test_a_stale_table_is_noticed(root: Path, tmp_path: Path) -> None:
    """A copy of the checkout whose README says something else fails the check."""
    copied = ["README.md", "versions.toml", "scripts/readme_tables.py"]
    copied.append("packages/genai-otel-core/src/genai_otel_core/telemetry.py")
    for name in copied:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((root / name).read_bytes())
    check = [sys.executable, tmp_path / "scripts/readme_tables.py", "--check"]
    assert subprocess.run(check, check=False).returncode == 0
    readme = tmp_path / "README.md"
    readme.write_text(readme.read_text().replace("| `max_runs` |", "| `max_walks` |"))
    assert subprocess.run(check, check=False, capture_output=True).returncode == 1


def test_the_quickstart_is_the_example_that_is_tested(root: Path) -> None:
    """Every line of README's Python quickstart is in examples/quickstart.py, in that order."""
    quickstart = _section((root / "README.md").read_text(), "Your own application")
    shown = re.search(r"```python\n(.*?)```", quickstart, re.DOTALL)[1]
    example = iter((root / "examples/quickstart.py").read_text().splitlines())
    assert [line for line in shown.splitlines() if line and line not in example] == []


def test_the_quickstarts_differ_in_the_framework_alone(root: Path) -> None:
    """LlamaIndex's has the lines of LangChain's, with its own instrumentor."""
    ours, theirs = (
        (root / f"examples/quickstart{name}.py").read_text().splitlines() for name in ("_llamaindex", "")
    )
    differing = [line for line, other in zip(ours, theirs, strict=True) if line != other]
    assert differing[1:] == [
        "from llama_index.core.llms import MockLLM",
        "from genai_otel_llamaindex import LlamaIndexInstrumentor",
        "LlamaIndexInstrumentor().instrument()",
        'print(MockLLM().complete("Hello, world!"))',
    ]


@pytest.mark.parametrize(
    ("heading", "name"), [("Private by default", "private"), ("Cost, tenants and feedback", "feedback")]
)
def test_what_an_example_prints(heading: str, name: str, root: Path) -> None:
    """README shows lines of the example, in their order, and all that it prints."""
    section = _section((root / "README.md").read_text(), heading)
    example = root / f"examples/{name}.py"
    lines = iter([line.strip() for line in example.read_text().splitlines()])
    for shown in re.findall(r"```python\n(.*?)```", section, re.DOTALL):
        wanted = [line.strip() for line in shown.splitlines() if line]
        assert [line for line in wanted if line not in lines] == []
    (printed,) = re.findall(r"```\n([^`]*?)```\n", re.sub(r"```python\n.*?```", "", section, flags=re.DOTALL))
    done = subprocess.run([sys.executable, example], cwd=root, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (printed, "")


def test_the_lowest_versions_are_those_declared(root: Path) -> None:
    """What README calls the lowest is what the packages require."""
    support = _section((root / "README.md").read_text(), "Supported versions")
    for package, requirement in (
        ("core", "opentelemetry-api"),
        ("langchain", "langchain-core"),
        ("llamaindex", "llama-index-core"),
    ):
        declared = (root / f"packages/genai-otel-{package}/pyproject.toml").read_text()
        lowest = re.search(rf'"{requirement}>=([\d.]+)"', declared)[1]
        assert f"{requirement} from {lowest}" in support


def test_links_lead_somewhere(root: Path) -> None:
    """Relative links of README exist."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", (root / "README.md").read_text())
    assert [target for target in targets if not (root / target).exists()] == []
