"""The boundaries between modules, read from their sources: where names stand, who emits, who imports what."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pytest

PACKAGES = Path(__file__).parents[2] / "packages"
CORE = PACKAGES / "genai-otel-core" / "src" / "genai_otel_core"
CONVENTIONS = CORE / "conventions"
SOURCES = sorted(PACKAGES.glob("*/src/**/*.py"))
ADAPTERS = [path for path in SOURCES if CORE not in path.parents]

# What an attribute, metric or event name looks like in any of our vocabularies.
NAME = re.compile(
    r"(gen_ai|genai_otel|ai\.cost|openai|llm|openinference|tool|agent|embedding|retrieval|session|input|output"
    r"|message|message_content|document|server|error|exception)\.[a-z_]+(\.[a-z_{}]+)*"
)
# Keys by which a user's own run or context talks to us: never emitted.
NOT_EMITTED = {"genai_otel.capture_content", "genai_otel.enabled", "genai_otel.probe"}
OPERATION_DATA = ("operations", "messages", "usage")
FORBIDDEN_TO_ADAPTERS = (
    "opentelemetry.trace",
    "opentelemetry.metrics",
    "opentelemetry._logs",
    "opentelemetry.sdk",
    "genai_otel_core.conventions",
)
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40


def parsed(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def where(path: Path) -> str:
    """A module's path, for test ids and messages."""
    return str(path.relative_to(PACKAGES))


def texts(tree: ast.AST) -> Iterator[str]:
    """Every string in code; docstrings are prose."""
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module or name imported, absolutely."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what is imported"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(tree: ast.AST) -> Iterator[str]:
    """The last name of everything called: `start_span` of `self._tracer.start_span(...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node.func.id


def methods(tree: ast.Module) -> set[str]:
    """The names of everything called on an object, not on a module of ours."""
    ours = {name.rpartition(".")[2] for name in imports(tree) if name.startswith("genai_otel")}
    return {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and not (isinstance(node.func.value, ast.Name) and node.func.value.id in ours)
    }


def users_of(*functions: str) -> set[str]:
    """The modules that call one of these functions."""
    return {where(path) for path in SOURCES if not set(functions).isdisjoint(calls(parsed(path)))}


def test_there_are_sources() -> None:
    """The walk finds the core and its adapters."""
    assert len(SOURCES) > 30
    assert {path.parts[-2] for path in ADAPTERS} >= {"genai_otel_langchain"}


@pytest.mark.parametrize("path", [path for path in SOURCES if CONVENTIONS not in path.parents], ids=where)
def test_names_stand_in_conventions_only(path: Path) -> None:
    """No attribute, metric or event name stands in a module outside `conventions/`."""
    found = {text for text in texts(parsed(path)) if NAME.fullmatch(text)}
    assert found - NOT_EMITTED == set()


def test_the_pattern_of_names_knows_every_name() -> None:
    """The pattern that finds names finds all that the tables have."""
    from genai_otel_core.conventions import available, resolve

    for convention in resolve(available()):
        for spec in convention.spans:
            for name in (*(row.name for row in spec.rows), *spec.expand_names):
                assert NAME.fullmatch(name) or name == "metadata", name
        for event in (name for spec in convention.events for name in spec.names):
            assert NAME.fullmatch(event) or event == "exception", event
        assert all(NAME.fullmatch(spec.name) for spec in convention.metrics)


def test_one_module_starts_spans() -> None:
    """`start_span` is called in one module."""
    core = "genai-otel-core/src/genai_otel_core"
    assert users_of("start_span", "start_as_current_span") == {f"{core}/spans.py"}


def test_one_module_has_instruments() -> None:
    """Instruments are created in one module."""
    core = "genai-otel-core/src/genai_otel_core"
    instruments = (
        "histogram",
        "counter",
        "up_down_counter",
        "gauge",
        "observable_gauge",
        "observable_counter",
    )
    assert users_of("get_meter", *(f"create_{name}" for name in instruments)) == {f"{core}/metrics.py"}


def test_one_module_records_points() -> None:
    """Points are recorded in one module; a function of our own modules may have the same name."""
    core = "genai-otel-core/src/genai_otel_core"
    assert {where(path) for path in SOURCES if "record" in methods(parsed(path))} == {f"{core}/metrics.py"}


def test_one_module_emits_log_records() -> None:
    """Log records are made and emitted in one module."""
    core = "genai-otel-core/src/genai_otel_core"
    assert users_of("LogRecord", "get_logger_provider") == {f"{core}/events.py"}
    loggers = {
        where(path) for path in SOURCES if "opentelemetry._logs.LogRecord" in set(imports(parsed(path)))
    }
    assert loggers == {f"{core}/events.py"}


@pytest.mark.parametrize("module", OPERATION_DATA)
def test_operations_are_plain_data(module: str) -> None:
    """What happened is described by the standard library and by each other alone."""
    allowed = {f"genai_otel_core.{name}" for name in OPERATION_DATA}
    for name in imports(parsed(CORE / f"{module}.py")):
        top = name.partition(".")[0]
        assert top in sys.stdlib_module_names or name.rpartition(".")[0] in allowed, name


@pytest.mark.parametrize("path", ADAPTERS, ids=where)
def test_adapters_translate_and_do_not_emit(path: Path) -> None:
    """An adapter imports no signal of OpenTelemetry and no convention."""
    for name in imports(parsed(path)):
        assert not f"{name}.".startswith(tuple(f"{module}." for module in FORBIDDEN_TO_ADAPTERS)), name
        assert name not in ("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs")


@pytest.mark.parametrize("path", sorted(CONVENTIONS.glob("[a-z]*.py")), ids=where)
def test_conventions_know_no_tracing_api(path: Path) -> None:
    """A convention is a table: it imports nothing of OpenTelemetry, and no other convention's file."""
    tables = {f"genai_otel_core.conventions.{other.stem}" for other in CONVENTIONS.glob("[a-z]*.py")}
    for name in imports(parsed(path)):
        assert name.partition(".")[0] != "opentelemetry", name
        assert not tables & {name, name.rpartition(".")[0]}, name


def test_locks_may_be_taken_again() -> None:
    """Garbage may be collected within any of ours, and end a run of the thread that holds it."""
    assert [where(path) for path in SOURCES if re.search(r"\bthreading\.Lock\b", path.read_text())] == []


@pytest.mark.parametrize("path", SOURCES, ids=where)
def test_modules_and_functions_are_small(path: Path) -> None:
    """A module stays below 300 lines and a function below 40; a module's first line says why it exists."""
    tree = parsed(path)
    assert len(path.read_text(encoding="utf-8").splitlines()) < MAX_MODULE_LINES
    assert ast.get_docstring(tree), "no docstring"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert _lines(node) < MAX_FUNCTION_LINES, f"{node.name} has {_lines(node)} lines"


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    # Documenting parameters does not make a function do more.
    first = function.body[0]
    assert function.end_lineno is not None
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    prose = first.end_lineno - first.lineno + 1 if documented and first.end_lineno is not None else 0
    return function.end_lineno - function.lineno + 1 - prose


@pytest.mark.parametrize("name", OPERATION_DATA)
def test_defaults_can_be_hashed(name: str) -> None:
    """Python 3.11 refuses a default that cannot, which then includes a mapping that cannot change."""
    for found in vars(importlib.import_module(f"genai_otel_core.{name}")).values():
        for field in dataclasses.fields(found) if dataclasses.is_dataclass(found) else ():
            assert not isinstance(field.default, MappingProxyType), f"{found.__name__}.{field.name}"
