"""Conventions are found by name: the built-in ones, a package's, a user's own."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import genai_otel_core
from core.conventions.runs import RUNS, Stage
from genai_otel_core import Telemetry
from genai_otel_core.conventions import Convention, _registry, available, resolve
from genai_otel_core.operations import Operation
from genai_otel_core.settings import check
from genai_otel_core.testing import capture

BUILT_IN = ["1.27", "1.36", "1.41", "dev", "openinference"]
SIXTH = dedent(
    '''
    """A company's own vocabulary."""

    from genai_otel_core.conventions import Convention, Kind, Level, MetricSpec, Row, SpanSpec
    from genai_otel_core.operations import Inference

    MODEL = Row("acme.model", lambda op: op.request.model, Level.IDENTITY, at_start=True)
    ASK = SpanSpec(Inference, lambda op: "ask", lambda op: Kind.CLIENT, (MODEL,))
    ONE = lambda op: [(1, {})]
    ASKED = MetricSpec("acme.asked", "counter", "{question}", "Asked.", (Inference,), ("acme.model",), ONE)
    SIXTH = Convention("sixth", None, (ASK,), (ASKED,))


    def make():
        return SIXTH
    '''
)


@pytest.fixture
def sixth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with one new file, the sixth convention."""
    (tmp_path / "acme_sixth.py").write_text(SIXTH)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "acme_sixth", raising=False)
    return tmp_path


def emits_sixth() -> None:
    """Every run works under the sixth convention, and a model call says its words."""
    for run in RUNS.values():
        with capture() as seen:
            run(Stage(Telemetry(convention="sixth", capture_content="span_and_event", **seen.providers)))
            assert seen.spans
    with capture() as seen:
        RUNS["plain"](Stage(Telemetry(convention="sixth", **seen.providers)))
        assert [(span.name, dict(span.attributes)) for span in seen.spans] == [
            ("ask", {"acme.model": "gpt-4o"})
        ]
        assert [point["value"] for point in seen.metrics()["acme.asked"]] == [1]


def test_built_in_names() -> None:
    """These are the names that there are."""
    assert available() == BUILT_IN
    assert [convention.name for convention in resolve(BUILT_IN)] == BUILT_IN


def test_a_sixth_convention_is_a_file_and_a_registry_line(
    sixth: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one new file and one line in the registry, a convention has its name and works for everything."""
    monkeypatch.setitem(_registry._BUILT_IN, "sixth", "acme_sixth:SIXTH")
    assert available() == [*BUILT_IN, "sixth"]
    emits_sixth()


def test_a_built_in_convention_is_named_in_one_line_outside_its_file() -> None:
    """No module but the registry knows a convention's file, and the registry has one line for each."""
    root = Path(genai_otel_core.__file__).parent
    for target in _registry._BUILT_IN.values():
        module = target.partition(":")[0]
        lines = [
            (path.name, number)
            for path in root.rglob("*.py")
            for number, line in enumerate(path.read_text().splitlines(), 1)
            if module in line or f"conventions import {module.rpartition('.')[2]}" in line
        ]
        assert [name for name, _ in lines] == ["_registry.py"], module


@pytest.mark.parametrize("target", ["acme_sixth:SIXTH", "acme_sixth:make"])
def test_a_package_registers_its_convention(sixth: Path, target: str) -> None:
    """An entry point in `genai_otel_convention` is a name, for a value or a function that makes it."""
    info = sixth / "acme-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[genai_otel_convention]\nsixth = {target}\n")
    assert available() == [*BUILT_IN, "sixth"]
    emits_sixth()


def test_a_package_must_give_a_convention(sixth: Path) -> None:
    """An entry point that is none is an error that says so."""
    info = sixth / "acme-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[genai_otel_convention]\nsixth = acme_sixth:MODEL\n")
    with pytest.raises(
        TypeError, match="convention 'sixth' of group genai_otel_convention is not a Convention"
    ):
        resolve("sixth")


def test_a_value_of_the_users_own() -> None:
    """A `Convention` needs no name in a registry; what it has no table for gets a plain span."""
    with capture() as seen:
        RUNS["agent"](Stage(Telemetry(convention=Convention("mine", None, ()), **seen.providers)))
    assert sorted(span.name for span in seen.spans) == [
        "agent_invocation researcher",
        "inference",
        "inference",
        "tool_execution lookup",
    ]


def test_unknown_operations_have_a_plain_span() -> None:
    """An operation type that came after a convention has its name and what is general, in all of them."""

    class ReRank(Operation):
        """Not in any table."""

    for name in BUILT_IN:
        with capture() as seen:
            op = ReRank(name="top", server_address="localhost", server_port=80)
            Stage(Telemetry(convention=name, **seen.providers)).one(op, TimeoutError())
        (span,) = seen.spans
        assert span.name == "re_rank top"
        assert dict(span.attributes) == {
            "error.type": "TimeoutError",
            "server.address": "localhost",
            "server.port": 80,
        }


@pytest.mark.parametrize("wrong", ["2.0", "", ["1.41", "x"], []])
def test_unknown_names_raise(wrong: object) -> None:
    """A name that there is not raises, and lists those that there are."""
    with pytest.raises(ValueError, match=r"1\.27, 1\.36, 1\.41, dev, openinference"):
        Telemetry(convention=wrong)


@pytest.mark.parametrize("wrong", [1, 1.41, {"1.41"}, [None], b"1.41"])
def test_what_is_no_name_raises(wrong: object) -> None:
    """What is neither name nor convention raises, and says what is wanted."""
    with pytest.raises(TypeError, match="convention must be a name"):
        Telemetry(convention=wrong)


ENVIRONMENTS = [
    ({}, ["1.41"]),
    ({"GENAI_OTEL_CONVENTION": "1.36"}, ["1.36"]),
    ({"GENAI_OTEL_CONVENTION": " dev , openinference,"}, ["dev", "openinference"]),
    ({"GENAI_OTEL_CONVENTION": ""}, ["1.41"]),
    ({"OTEL_SEMCONV_STABILITY_OPT_IN": "http, gen_ai_latest_experimental"}, ["dev"]),
    ({"OTEL_SEMCONV_STABILITY_OPT_IN": "http/dup"}, ["1.41"]),
    (
        {"GENAI_OTEL_CONVENTION": "1.27", "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental"},
        ["1.27"],
    ),
]


@pytest.mark.parametrize(("env", "names"), ENVIRONMENTS)
def test_selection_by_environment(env: dict[str, str], names: list[str]) -> None:
    """The environment chooses where nothing else is said; `dev` is what the official opt-in means."""
    assert [convention.name for convention in check(env=env).conventions] == names


def test_an_argument_beats_the_environment() -> None:
    """What the application says holds, whatever the environment says."""
    env = {"GENAI_OTEL_CONVENTION": "1.27", "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental"}
    assert [convention.name for convention in check("1.36", env=env).conventions] == ["1.36"]


def test_tables_are_values() -> None:
    """A table can be read: a spec for each operation, and labels for each metric."""
    for convention in resolve(BUILT_IN):
        operations = [spec.operation for spec in convention.spans]
        assert len(operations) == len(set(operations)) == 7
        for metric in convention.metrics:
            for operation in metric.operations:
                rows = {row.name for row in convention.by_type[operation].identity_rows}
                known = [name for name in metric.dimensions if name in rows]
                assert known, f"{metric.name} of {convention.name} has no label for {operation.__name__}"


def test_files_are_named_in_the_registry() -> None:
    """Every table file of the package is a name that can be chosen."""
    folder = Path(_registry.__file__).parent
    files = {path.stem for path in folder.glob("[a-z]*.py")}
    assert {target.partition(":")[0].rpartition(".")[2] for target in _registry._BUILT_IN.values()} == files
    assert all(ast.get_docstring(ast.parse((folder / f"{name}.py").read_text())) for name in files)
