"""Write README's tables: supported versions from versions.toml, options from `Telemetry`; `--check` fails if stale."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
FRAMEWORKS = {"langchain": "langchain-core", "llamaindex": "llama-index-core"}
TELEMETRY = ROOT / "packages/genai-otel-core/src/genai_otel_core/telemetry.py"


def support(versions: dict[str, Any]) -> str:
    """Return the table of supported versions in Markdown."""
    return "\n".join(
        f"| {package} | tested with | Python | run by |\n|---|---|---|---|\n{_rows(versions, framework)}"
        for framework, package in FRAMEWORKS.items()
    )


def _rows(versions: dict[str, Any], framework: str) -> str:
    lines = ""
    for name, entry in versions[framework].items():
        first, *others = entry["requires"]
        limits = [other for other in others if "<" in other or "~=" in other]
        requires = ", ".join(f"`{requirement}`" for requirement in [first, *limits])
        pythons = ", ".join(sorted(entry["pythons"], key=versions["pythons"].index))
        runs = "`nox`" if entry.get("default") else "`nox -t all`"
        lines += f"| {name} | {requires} | {pythons} | {runs} |\n"
    return lines


def options(source: str) -> str:
    """Return the table of options: names and defaults from the signature, meanings from the docstring."""
    [cls] = [
        node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == "Telemetry"
    ]
    [init] = [node for node in cls.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    defaults = {
        argument.arg: ast.unparse(default)
        for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
        if default is not None
    }
    meanings = _meanings(ast.get_docstring(cls) or "")
    if list(meanings) != list(defaults):
        raise SystemExit(f"the docstring of Telemetry has {list(meanings)}, its signature {list(defaults)}")
    lines = ["| option | default | meaning |", "|---|---|---|"]
    for name, meaning in meanings.items():
        cell = meaning.replace("|", "\\|")
        lines.append(f"| `{name}` | `{defaults[name]}` | {cell} |")
    return "\n".join(lines) + "\n"


def _meanings(docstring: str) -> dict[str, str]:
    section = docstring.partition("Args:\n")[2].partition("\n\n")[0]
    found = {}
    for entry in re.split(r"\n(?=    \S)", section):
        names, _, text = " ".join(entry.split()).partition(": ")
        for name in names.split(", "):
            found[name] = text
    return found


def updated(readme: str, name: str, table: str) -> str:
    """Return `readme` with `table` between the marks of that name."""
    start, end = f"<!-- {name}: scripts/readme_tables.py -->\n", f"<!-- end of {name} -->\n"
    before, found, rest = readme.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"README.md has lost the marks around its {name}")
    return before + start + table + end + after


def main() -> None:
    """Write or check README.md."""
    path = ROOT / "README.md"
    readme = path.read_text(encoding="utf-8")
    versions = tomllib.loads((ROOT / "versions.toml").read_text(encoding="utf-8"))
    wanted = updated(readme, "support table", support(versions))
    wanted = updated(wanted, "options table", options(TELEMETRY.read_text(encoding="utf-8")))
    if "--check" in sys.argv[1:]:
        if readme != wanted:
            raise SystemExit("README's tables are stale: run python scripts/readme_tables.py")
        return
    path.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
