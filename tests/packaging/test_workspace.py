"""What holds for every file of the workspace."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def test_every_test_says_what_it_shows(root: Path) -> None:
    """A test without its sentence is named here."""
    silent = [
        f"{path.relative_to(root)}: {node.name}"
        for path in sorted((root / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_nox_has_a_session_for_every_version(root: Path) -> None:
    """What versions.toml names can be run by that name."""
    versions = tomllib.loads((root / "versions.toml").read_text(encoding="utf-8"))
    listed = subprocess.run(
        [sys.executable, "-m", "nox", "--list"], cwd=root, check=True, capture_output=True, text=True
    ).stdout
    sessions = set(re.findall(r"^[*-] (\S+)", listed, re.MULTILINE))
    for framework in ("langchain", "llamaindex"):
        assert {f"tests-{framework}({name})" for name in versions[framework]} <= sessions
    assert {"lint", "types", "tests-parity", "floor", "packaging", "demo", "bench"} <= sessions
    assert {"record(langchain)", "record(llamaindex)"} <= sessions


def test_plain_nox_runs_the_oldest_and_the_newest(root: Path) -> None:
    """CI without arguments covers both ends of what is supported."""
    listed = tomllib.loads((root / "versions.toml").read_text(encoding="utf-8"))
    for versions in (listed["langchain"], listed["llamaindex"]):
        names = list(versions)
        assert [name for name in names if versions[name].get("default")] == [names[0], names[-1]]


def test_fragments_are_named_as_towncrier_reads_them(root: Path) -> None:
    """A fragment in the wrong place would be left out of the changelog without a word."""
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    sections = {section["path"] for section in config["section"]}
    types = "|".join(kind["directory"] for kind in config["type"])
    fragments = [path for path in (root / config["directory"]).rglob("*") if path.is_file()]
    wrong = [
        str(path.relative_to(root))
        for path in fragments
        if path.name != "README.md"
        and not (path.parent.name in sections and re.fullmatch(rf"(\d+|\+[\w-]+)\.({types})\.md", path.name))
    ]
    assert wrong == []
