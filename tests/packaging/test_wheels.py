"""The wheels, installed alone in bare environments: what a user gets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from receiver import Received

DISTRIBUTIONS = {
    "genai-otel-core": "genai_otel_core",
    "genai-otel-langchain": "genai_otel_langchain",
    "genai-otel-llamaindex": "genai_otel_llamaindex",
}
EXPORT = ["opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http", "opentelemetry-distro"]
pytestmark = pytest.mark.timeout(600)  # environments are built, with pip alone where uv is missing
UV = shutil.which("uv")  # several times as fast as pip
APPLICATION = """
from langchain_core.language_models import FakeListChatModel
print(FakeListChatModel(responses=["Hello"]).invoke("Hi").content)
"""


@pytest.fixture(scope="session")
def wheels(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of all packages."""
    folder = tmp_path_factory.mktemp("wheels")
    for name in DISTRIBUTIONS:
        command = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, root / "packages" / name]
        installer = ["--installer", "uv"] if UV else []
        subprocess.run([*command, *installer], check=True, capture_output=True, timeout=300)
    return folder


@pytest.fixture(scope="session")
def bare(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the LangChain adapter's wheel and what it depends on."""
    return _environment(tmp_path_factory.mktemp("bare"), wheels, "genai-otel-langchain")


@pytest.fixture(scope="session")
def exporting(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment as README's quickstart sets it up."""
    return _environment(tmp_path_factory.mktemp("exporting"), wheels, "genai-otel-langchain", *EXPORT)


@pytest.fixture(scope="session")
def llamaindex(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the LlamaIndex adapter's wheel and what it depends on."""
    return _environment(tmp_path_factory.mktemp("llamaindex"), wheels, "genai-otel-llamaindex")


def _environment(folder: Path, wheels: Path, *packages: str) -> Path:
    venv.create(folder, with_pip=not UV)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    _install(python, "--find-links", wheels, *packages)
    return python


def _install(python: Path, *packages: str | Path) -> None:
    pip = [UV, "pip", "install", "--python", python] if UV else [python, "-m", "pip", "install"]
    command = [*pip, "--quiet", *packages]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr


def _run(*command: str | Path, **env: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "PYTHON"))}
    done = subprocess.run(
        command, env={**kept, **env}, check=False, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _contents(wheels: Path, name: str) -> tuple[set[str], Message]:
    [path] = wheels.glob(f"{DISTRIBUTIONS[name]}-*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        [metadata] = [entry for entry in names if entry.endswith(".dist-info/METADATA")]
        return names, Parser().parsestr(wheel.read(metadata).decode())


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_wheel_has_its_package_and_nothing_else(wheels: Path, root: Path, name: str) -> None:
    """Every module of the sources and `py.typed`, under one import name, with the licence."""
    names, metadata = _contents(wheels, name)
    package = DISTRIBUTIONS[name]
    sources = root / "packages" / name / "src"
    expected = {
        path.relative_to(sources).as_posix()
        for path in sources.rglob("*")
        if path.suffix == ".py" or path.name == "py.typed"
    }
    packaged = {entry for entry in names if ".dist-info/" not in entry}
    assert packaged == expected
    assert f"{package}/py.typed" in packaged
    assert any(entry.endswith("licenses/LICENSE") for entry in names)
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.10"


def test_every_package_carries_the_licence(root: Path) -> None:
    """The copies are copies."""
    text = (root / "LICENSE").read_bytes()
    copies = [root / "packages" / name / "LICENSE" for name in DISTRIBUTIONS]
    assert [copy.read_bytes() == text for copy in copies] == [True] * len(copies)


def test_the_core_depends_on_the_api_alone(wheels: Path) -> None:
    """No SDK and no framework comes with the core."""
    _, metadata = _contents(wheels, "genai-otel-core")
    required = [entry for entry in metadata.get_all("Requires-Dist") if "extra ==" not in entry]
    assert [entry.partition(">")[0] for entry in required] == ["opentelemetry-api"]


def test_without_an_sdk_the_application_runs_as_before(bare: Path) -> None:
    """The adapter alone: the API is there, the SDK is not, and a handler changes nothing."""
    answer = _run(
        bare,
        "-c",
        """
import importlib.util
from langchain_core.language_models import FakeListChatModel
from genai_otel_langchain import Handler, LangChainInstrumentor
assert importlib.util.find_spec("opentelemetry.sdk") is None
LangChainInstrumentor().instrument()
print(FakeListChatModel(responses=["Hello"]).invoke("Hi", config={"callbacks": [Handler()]}).content)
""",
        GENAI_OTEL_STRICT="1",
    )
    assert answer == "Hello\n"


def test_the_quickstart_exports(exporting: Path, root: Path, collector: Received) -> None:
    """README's five lines send the chat span and its metrics to a collector when the process ends."""
    answer = _run(exporting, root / "examples/quickstart.py", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert answer == "Hello, world!\n"
    assert collector.tree() == ["chat INTERNAL"]
    assert collector.metric_names() == {"gen_ai.client.operation.duration"}


def test_opentelemetry_instrument_finds_the_adapter(exporting: Path, collector: Received) -> None:
    """Without a line of code: the `opentelemetry-instrument` command observes an unchanged application."""
    answer = _run(
        exporting.parent / "opentelemetry-instrument",
        exporting,
        "-c",
        APPLICATION,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    assert answer == "Hello\n"
    assert collector.tree() == ["chat INTERNAL"]


def test_llamaindex_without_an_sdk_runs_as_before(llamaindex: Path) -> None:
    """LlamaIndex's adapter alone: both ways in are there, and nothing changes."""
    answer = _run(
        llamaindex,
        "-c",
        """
import importlib.util
from llama_index.core import Settings
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import MockLLM
from genai_otel_llamaindex import Handler, LlamaIndexInstrumentor
assert importlib.util.find_spec("opentelemetry.sdk") is None
LlamaIndexInstrumentor().instrument()
Settings.callback_manager = CallbackManager([Handler()])
print(MockLLM().complete("Hello"))
""",
        GENAI_OTEL_STRICT="1",
    )
    assert answer == "Hello\n"


def test_llamaindexs_quickstart_exports(
    llamaindex: Path, root: Path, collector: Received, tmp_path: Path
) -> None:
    """Its lines send the span to a collector; so does `opentelemetry-instrument` without a line of code."""
    _install(llamaindex, "--target", tmp_path, *EXPORT)  # the environment has no SDK for the others
    added = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "PYTHONPATH": str(tmp_path)}
    answer = _run(llamaindex, root / "examples/quickstart_llamaindex.py", **added)
    assert answer == "Hello, world!\n"
    assert collector.tree() == ["text_completion INTERNAL"]
    assert collector.metric_names() == {"gen_ai.client.operation.duration"}
    answer = _run(
        tmp_path / "bin/opentelemetry-instrument",
        llamaindex,
        "-c",
        "from llama_index.core.llms import MockLLM; print(MockLLM().complete('Hello'))",
        **added,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    assert answer == "Hello\n"
    assert collector.tree() == ["text_completion INTERNAL"] * 2
