"""How the project is checked: `nox` for what CI needs, `nox -t all` for everything, `nox -s demo` to look."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
# A machine without one of the interpreters runs the rest, also where CI is set.
nox.options.error_on_missing_interpreters = False
if hasattr(nox.options, "download_python"):
    nox.options.download_python = "never"

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
VERSIONS = nox.project.load_toml(ROOT / "versions.toml")
CORE = "packages/genai-otel-core"
LANGCHAIN = "packages/genai-otel-langchain"
LLAMAINDEX = "packages/genai-otel-llamaindex"
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


@cache
def interpreter(version: str) -> str | None:
    """Return the path of a Python of this version that runs (a name on PATH can be a shim), or None."""
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    candidates = [shutil.which(f"python{version}")]
    candidates += sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python")), reverse=True)
    candidates += map(str, home.glob(f".local/share/uv/python/cpython-{version}.*/bin/python"))
    if version == RUNNING:
        candidates.insert(0, sys.executable)
    return next((path for path in candidates if path and _runs(path, version)), None)


def _runs(path: str, version: str) -> bool:
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([path, "-c", ask], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.strip() == version


def one_of(pythons: list[str]) -> str:
    """Return the first interpreter that is here, or else the running one."""
    return next(filter(None, map(interpreter, pythons)), sys.executable)


def matrix(versions: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield session id, interpreter and requirements of each combination that this machine can run."""
    for name, entry in versions.items():
        first, *others = entry["pythons"]
        chosen = one_of([first, RUNNING])
        yield name, chosen, entry["requires"]
        for python in others:
            found = interpreter(python)
            if found is not None and found != chosen:
                yield f"{name}-{python}", found, entry["requires"]


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group."""
    return list(nox.project.dependency_groups(PROJECT, name))


# Of pytest, for tests that share nothing: CI has two cores.
IN_PARALLEL = ("--numprocesses=2", "--dist=worksteal")


def run_pytest(session: nox.Session, *args: str) -> None:
    """Run tests with what the caller added, and say what they ran on."""
    session.run("python", "scripts/installed.py")
    session.run("python", "-m", "pytest", *args, *session.posargs)


PYTHONS = [(version, found) for version in VERSIONS["pythons"] if (found := interpreter(version))] or [
    (RUNNING, sys.executable)
]
LANGCHAINS = list(matrix(VERSIONS["langchain"]))
LLAMAINDEXES = list(matrix(VERSIONS["llamaindex"]))
# The frameworks alone, where both are in one environment: their clients want different versions of the providers'.
NEWEST_LANGCHAIN = list(VERSIONS["langchain"].values())[-1]["requires"]
NEWEST_LLAMAINDEX = list(VERSIONS["llamaindex"].values())[-1]["requires"]
nox.options.sessions = [
    "lint",
    "types",
    *dict.fromkeys(f"tests-core({version})" for version, _ in (PYTHONS[0], PYTHONS[-1])),
    *(
        f"tests-{framework}({name})"
        for framework in ("langchain", "llamaindex")
        for name, entry in VERSIONS[framework].items()
        if entry.get("default")
    ),
    "tests-parity",
    "floor",
    "packaging",
]


@nox.session(tags=["all"])
def lint(session: nox.Session) -> None:
    """Check style, formatting, and that README's tables are up to date."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("python", "scripts/readme_tables.py", "--check")


@nox.session(tags=["all"])
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    frameworks = [*NEWEST_LANGCHAIN, NEWEST_LLAMAINDEX[0]]
    packages = ["-e", CORE, "-e", LANGCHAIN, "-e", LLAMAINDEX]
    session.install(*group("types"), *group("tests"), *group("demo-langchain"), *frameworks, *packages)
    session.run("mypy", *session.posargs)


@nox.session(name="tests-core", tags=["all"])
@nox.parametrize("python", [nox.param(found, id=version) for version, found in PYTHONS])
def tests_core(session: nox.Session) -> None:
    """Test the core, without any framework."""
    session.install(*group("tests"), "-e", CORE)
    run_pytest(session, *IN_PARALLEL, "tests/core")


@nox.session(name="tests-langchain", tags=["all"])
@nox.parametrize(
    "python,requires", [nox.param(found, requires, id=name) for name, found, requires in LANGCHAINS]
)
def tests_langchain(session: nox.Session, requires: list[str]) -> None:
    """Test the LangChain adapter with one line of langchain-core."""
    session.install(*group("tests"), *group("instrumentations"), *requires, "-e", CORE, "-e", LANGCHAIN)
    run_pytest(session, *IN_PARALLEL, "tests/langchain")


@nox.session(name="tests-llamaindex", tags=["all"])
@nox.parametrize(
    "python,requires", [nox.param(found, requires, id=name) for name, found, requires in LLAMAINDEXES]
)
def tests_llamaindex(session: nox.Session, requires: list[str]) -> None:
    """Test the LlamaIndex adapter with one line of llama-index-core."""
    session.install(*group("tests"), *group("instrumentations"), *requires, "-e", CORE, "-e", LLAMAINDEX)
    run_pytest(session, *IN_PARALLEL, "tests/llamaindex")


@nox.session(name="tests-parity", tags=["all"])
def tests_parity(session: nox.Session) -> None:
    """Test that both adapters tell the same of the same, and that both frameworks share a trace."""
    frameworks = [*NEWEST_LANGCHAIN, NEWEST_LLAMAINDEX[0]]
    session.install(*group("tests"), *frameworks, "-e", CORE, "-e", LANGCHAIN, "-e", LLAMAINDEX)
    run_pytest(session, "tests/parity")


@nox.session(tags=["all"], python=one_of(VERSIONS["pythons"][:1]))
def floor(session: nox.Session) -> None:
    """Test with the lowest versions that the packages declare; what the tests need besides is today's."""
    session.install("uv")
    folder = Path(session.create_tmp())
    declared, lowest = folder / "declared.txt", folder / "lowest.txt"
    declared.write_text("\n".join(foreign_requirements(CORE, LANGCHAIN, LLAMAINDEX)))
    session.run(
        *("uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-deps"),
        *("--resolution=lowest-direct", str(declared), "-o", str(lowest)),
    )
    frameworks = [
        requirement
        for framework in ("langchain", "llamaindex")
        for requirement in next(iter(VERSIONS[framework].values()))["requires"][1:]
    ]
    packages = ["-e", CORE, "-e", LANGCHAIN, "-e", LLAMAINDEX]
    session.install(*group("tests"), *frameworks, *packages, "-c", str(lowest))
    run_pytest(session, *IN_PARALLEL, "tests/core", "tests/langchain", "tests/llamaindex")


@nox.session(tags=["all"])
def packaging(session: nox.Session) -> None:
    """Test the built wheels in bare environments, the quickstart, the demo and README."""
    session.install(*group("packaging"), "-e", CORE, "-e", LANGCHAIN, "-e", LLAMAINDEX)
    run_pytest(session, "tests/packaging")


def foreign_requirements(*packages: str) -> list[str]:
    """Return what packages of this workspace depend on, without each other."""
    projects = [nox.project.load_toml(ROOT / package / "pyproject.toml")["project"] for package in packages]
    return [line for project in projects for line in project["dependencies"] if "genai-otel-" not in line]


@nox.session
def demo(session: nox.Session) -> None:
    """Show an agent's run as spans and metrics; `nox -s demo -- --help` tells what else it can do."""
    framework = "llamaindex" if option(session, "--framework") == "llamaindex" else "langchain"
    adapter = {"langchain": LANGCHAIN, "llamaindex": LLAMAINDEX}[framework]
    session.install(*group(f"demo-{framework}"), *model_package(session, framework), CORE, adapter)
    session.run("python", "-m", "examples.demo", *session.posargs)


@nox.session
def examples(session: nox.Session) -> None:
    """Run README's examples of content, cost, tenants and feedback."""
    session.install("langchain-core", f"{CORE}[testing]", LANGCHAIN)
    for example in ("private", "feedback"):
        session.run("python", f"examples/{example}.py")


def option(session: nox.Session, name: str) -> str | None:
    """Return what was given for an option behind `--`."""
    given = [word for argument in session.posargs for word in argument.split("=", 1)]
    return given[given.index(name) + 1] if name in given[:-1] else None


def model_package(session: nox.Session, framework: str) -> list[str]:
    """Return the framework's package that `--model PROVIDER:NAME` needs."""
    model = option(session, "--model")
    if model is None:
        return []
    provider = model.partition(":")[0]
    if framework == "llamaindex":
        return [f"llama-index-llms-{provider.replace('_', '-')}"]
    elsewhere = {
        "bedrock": "aws",
        "bedrock_converse": "aws",
        "azure_openai": "openai",
        "google_vertexai": "google-vertexai",
    }
    return [f"langchain-{elsewhere.get(provider, provider).replace('_', '-')}"]


@nox.session
@nox.parametrize("framework", ["langchain", "llamaindex"], ids=["langchain", "llamaindex"])
def record(session: nox.Session, framework: str) -> None:
    """Record the cassettes anew, from a small model's server on loopback."""
    requires, script = {
        "langchain": (NEWEST_LANGCHAIN, "cassettes/record.py"),
        "llamaindex": (NEWEST_LLAMAINDEX, "cassettes/record_llamaindex.py"),
    }[framework]
    session.install(*group("record"), *requires)
    session.run("python", script, *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what observing costs, beside hand-written spans and the official instrumentation."""
    session.install("opentelemetry-sdk", *NEWEST_LANGCHAIN, CORE, LANGCHAIN)
    session.run("python", "benchmarks/run.py", *session.posargs)


@nox.session
def changelog(session: nox.Session) -> None:
    """Turn the fragments into CHANGELOG.md: `nox -s changelog -- --version 0.2.0`, with `--draft` to look."""
    session.install(*group("changelog"))
    session.run("towncrier", "build", "--yes", *session.posargs)
