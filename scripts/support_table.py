"""Write README's table of supported versions from versions.toml; with `--check`, fail if it is stale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
START, END = "<!-- support table: scripts/support_table.py -->\n", "<!-- end of support table -->\n"


def table(versions: dict[str, Any]) -> str:
    """Return the table in Markdown."""
    lines = ["| langchain-core | tested with | Python | run by |", "|---|---|---|---|"]
    for name, entry in versions["langchain"].items():
        first, *others = entry["requires"]
        requires = ", ".join(f"`{requirement}`" for requirement in [first, *(o for o in others if "<" in o)])
        pythons = ", ".join(sorted(entry["pythons"], key=versions["pythons"].index))
        runs = "`nox`" if entry.get("default") else "`nox -t all`"
        lines.append(f"| {name} | {requires} | {pythons} | {runs} |")
    return "\n".join(lines) + "\n"


def updated(readme: str, versions: dict[str, Any]) -> str:
    """Return `readme` with the table between its two marks."""
    before, found, rest = readme.partition(START)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise SystemExit("README.md has lost the marks around its support table")
    return before + START + table(versions) + END + after


def main() -> None:
    """Write or check README.md."""
    path = ROOT / "README.md"
    readme = path.read_text(encoding="utf-8")
    wanted = updated(readme, tomllib.loads((ROOT / "versions.toml").read_text(encoding="utf-8")))
    if "--check" in sys.argv[1:]:
        if readme != wanted:
            raise SystemExit("README's support table is stale: run python scripts/support_table.py")
        return
    path.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
