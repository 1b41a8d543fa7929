"""Inner layers: the instrumentations of client libraries that are there, and the libraries that report themselves."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, NamedTuple

from opentelemetry import trace

from genai_otel_core.frames import module_of, running
from genai_otel_core.guard import attempt
from genai_otel_core.operations import Inference, Operation

_log = logging.getLogger("genai_otel")

_INSTRUMENTOR = "opentelemetry.instrumentation.instrumentor"
_REQUIREMENT = re.compile(r"[A-Za-z0-9_.-]+")
# It heeds no suppression key, and needs an opentelemetry-util-genai from before that had a context to join.
_OPENAI_V2 = "opentelemetry.instrumentation.openai_v2"
_OPENLLMETRY_OPENAI = "opentelemetry.instrumentation.openai"
# What instrumentations of a library leave out, by package; some lose their way where the raw response is asked
# for, as integrations do.
_UNREPORTED = {
    _OPENAI_V2: ("text_completion", "responses"),
    "opentelemetry.instrumentation.genai.openai": ("text_completion",),
}
_UNMEASURED = {_OPENAI_V2: ("chat",), _OPENLLMETRY_OPENAI: ("responses", "text_completion")}
# No metrics come from these at all.
_SPANS_ONLY = ("openinference.", "anthropic")

# The Anthropic SDK (from 2.0) reports itself. It heeds no context key and has no switch per call, but goes on
# without a span "that cannot start"; `ANTHROPIC_OPEN_TELEMETRY=false` is its switch for a process.
NATIVE_MODULE = "anthropic._tracing"
_NATIVE_START = "start_api_call_span"
_NATIVE_SWITCH = "ANTHROPIC_OPEN_TELEMETRY"
_NATIVE_DISTANCE = 9
"""How far up the native start is: between it and us are the tracer and perhaps a proxy."""


class Layer(NamedTuple):
    """Something that reports model calls of a client library: the module it is in, and whether it measures usage."""

    module: str
    measures: bool


def present(op: Operation, library: str) -> tuple[Layer, ...]:
    """Return the layers that report `op`, a call through the client `library` (see `Lifecycle.start`)."""
    distribution, _, api = library.partition("/")
    what = op.kind if isinstance(op, Inference) else "embeddings"
    if what == "chat" and api:
        what = api
    found = [
        Layer(module, _measures(module, what))
        for module in _instrumentations(distribution)
        if what not in _of(_UNREPORTED, module)
    ]
    if distribution == "anthropic" and _native_is_on():
        found.append(Layer(distribution, measures=False))
    return tuple(found)


def _measures(module: str, what: str) -> bool:
    if module.startswith(_SPANS_ONLY):
        return False
    # With `gen_ai_latest_experimental`, or beside opentelemetry-util-genai from 1.0 on, it measures chats as well.
    return what not in _of(_UNMEASURED, module) or (module.startswith(_OPENAI_V2) and _wraps_newly())


def _wraps_newly() -> bool:
    try:
        create = attrgetter("resources.chat.completions.Completions.create")(sys.modules.get("openai"))
    except AttributeError:
        return False
    return "_v_new." in getattr(getattr(create, "_self_wrapper", None), "__qualname__", "")


def deaf(op: Operation, library: str) -> tuple[Layer, ...]:
    """Return the layers that report `op` and that nothing in the context can silence."""
    if not library.startswith("openai") or _OPENAI_V2 not in sys.modules:
        return ()
    found = tuple(layer for layer in present(op, library) if layer.module.startswith(_OPENAI_V2))
    if found:
        _tell_once(type(op).__name__)
    return found


@cache
def _tell_once(operation: str) -> None:
    _log.warning(
        "%s is reported by %s, which cannot be suppressed, and not by us as well; see dedupe",
        operation,
        _OPENAI_V2,
    )


def _of(table: Mapping[str, tuple[str, ...]], module: str) -> tuple[str, ...]:
    return next((row for package, row in table.items() if f"{module}.".startswith(f"{package}.")), ())


def _instrumentations(library: str) -> Iterator[str]:
    base: Any = getattr(sys.modules.get(_INSTRUMENTOR), "BaseInstrumentor", None)
    pending = [] if base is None else list(base.__subclasses__())
    while pending:
        cls = pending.pop()
        pending.extend(cls.__subclasses__())
        # Each class has one instance; making one that nobody made would be a side effect.
        instance = cls.__dict__.get("_instance")
        if instance is not None and instance.is_instrumented_by_opentelemetry:
            names = {_distribution(text) for text in instance.instrumentation_dependencies()}
            if library in names:
                yield cls.__module__


def _distribution(requirement: object) -> str | None:
    found = _REQUIREMENT.match(requirement) if isinstance(requirement, str) else None
    return None if found is None else found.group().lower().replace("_", "-")


def _native_is_on() -> bool:
    if NATIVE_MODULE not in sys.modules or os.environ.get(_NATIVE_SWITCH, "").lower() == "false":
        return False
    return not isinstance(trace.get_tracer_provider(), (trace.ProxyTracerProvider, trace.NoOpTracerProvider))


def refuses_spans() -> bool:
    """Whether a library that reports itself is loaded, and a span refused to it is no error to it."""
    module = sys.modules.get(NATIVE_MODULE)
    return module is not None and _goes_on_without_span(module)


def is_native_start() -> bool:
    """Whether the code that looks up its parent span starts a library's own span of a call."""
    return any(
        frame.f_code.co_name == _NATIVE_START and module_of(frame) == NATIVE_MODULE
        for frame in running(_NATIVE_DISTANCE)
    )


@cache
def _goes_on_without_span(native: Any) -> bool:
    # Asked once of the library itself, with a tracer that refuses: a version that would raise is left alone.
    return bool(attempt("dedupe.native", _try_refusing, native))


def _try_refusing(native: Any) -> bool:
    refusals: list[str] = []

    def start_span(name: str, **_: Any) -> Any:
        refusals.append(name)
        raise RuntimeError

    call = SimpleNamespace(
        span_name="genai_otel.probe",
        span_attributes=None,
        span_route=None,
        json_data=None,
        headers={},
        method="get",
    )
    server = SimpleNamespace(host="localhost", port=None, scheme="http")
    try:
        started = getattr(native, _NATIVE_START)(SimpleNamespace(start_span=start_span), server, call, {})
    except RuntimeError:
        return False
    return started is None and bool(refusals)
