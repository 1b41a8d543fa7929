"""The official package's own environment, with the LangChain and OpenTelemetry versions of this one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

OFFICIAL = "opentelemetry-instrumentation-genai-langchain==1.3b0"
# What is timed besides the contestants must be the same on both sides.
_SAME = ("langchain", "langchain-core", "langgraph", "pydantic", "opentelemetry-api", "opentelemetry-sdk")


def official_python(cache: Path) -> Path:
    """Return the interpreter of the official package's environment; make it below `cache` at the first call.

    Raises:
        subprocess.CalledProcessError: if the packages cannot be installed.
    """
    wanted = [OFFICIAL, *pinned(_SAME)]
    home = cache / f"official-{sys.version_info.major}.{sys.version_info.minor}"
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = home / "installed.txt"
    if not stamp.exists() or stamp.read_text().split() != wanted:
        venv.create(home, clear=True, with_pip=False)
        subprocess.run([*_installer(python), *wanted], check=True, stdout=sys.stderr)
        stamp.write_text("\n".join(wanted))
    return python


def pinned(names: tuple[str, ...]) -> list[str]:
    """Requirements for the versions that are installed here."""
    return [f"{name}=={version(name)}" for name in names]


def _installer(python: Path) -> list[str]:
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "pip", "install", "--quiet", "--python", str(python)]
    subprocess.run([str(python), "-m", "ensurepip"], check=True, stdout=sys.stderr)
    return [str(python), "-m", "pip", "install", "--quiet"]
