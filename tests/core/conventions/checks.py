"""Whether what was emitted is what an official version defines: names, types, values, levels, units, buckets.

`reference.json` has what the versions define; `extract_reference.py` wrote it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

from genai_otel_core.conventions import _own
from genai_otel_core.operations import (
    AgentInvocation,
    Embeddings,
    Inference,
    Operation,
    Retrieval,
    Step,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.testing import Capture

REFERENCE: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("reference.json").read_text())
VERSIONS = tuple(REFERENCE)

OURS = _own.PREFIXES
"""Our own namespaces: what no version has a word for."""

# The definitions that cover an operation: the span first, then what OpenAI's refinement adds to it.
# An operation that is not listed is one that the version does not know.
DEFINED: dict[str, dict[type[Operation], tuple[str, ...]]] = {
    "1.27": {Inference: ("gen_ai.client",)},
    "1.36": {
        Inference: ("gen_ai.inference.client", "gen_ai.openai.inference.client"),
        Embeddings: ("gen_ai.embeddings.client",),
        AgentInvocation: ("gen_ai.invoke_agent.client",),
        ToolExecution: ("gen_ai.execute_tool.internal",),
    },
    "1.41": {
        Inference: ("gen_ai.inference.client", "openai.inference.client"),
        Embeddings: ("gen_ai.embeddings.client",),
        Retrieval: ("gen_ai.retrieval.client",),
        AgentInvocation: ("gen_ai.invoke_agent.internal",),
        ToolExecution: ("gen_ai.execute_tool.internal",),
        WorkflowInvocation: ("gen_ai.invoke_workflow.internal",),
    },
    "dev": {
        Inference: ("gen_ai.client.inference", "openai.gen_ai.client.inference"),
        Embeddings: ("gen_ai.embeddings.client",),
        Retrieval: ("gen_ai.retrieval.client",),
        AgentInvocation: ("gen_ai.invoke_agent.internal",),
        ToolExecution: ("gen_ai.execute_tool.internal",),
        WorkflowInvocation: ("gen_ai.invoke_workflow.internal",),
    },
}

# 1.36 says here that "`gen_ai.operation.name` SHOULD be `execute_tool`", and leaves it out of its table.
IN_PROSE = {("1.36", ToolExecution): {"gen_ai.operation.name": ["string", "required"]}}

# What a version does not know: the later versions' span name, and the kind that the work has.
UNKNOWN = {
    Embeddings: (lambda op: ["embeddings", op.request.model], "CLIENT"),
    Retrieval: (lambda op: ["retrieval", op.model or op.data_source_id], "CLIENT"),
    ToolExecution: (lambda op: ["execute_tool", op.name], "INTERNAL"),
    AgentInvocation: (lambda op: ["invoke_agent", op.name], "INTERNAL"),
    WorkflowInvocation: (lambda op: ["invoke_workflow", op.name], "INTERNAL"),
    Step: (lambda op: [op.name or op.kind], "INTERNAL"),
}
GENERAL = {
    "error.type": ["string", "conditionally_required"],
    "server.address": ["string", "recommended"],
    "server.port": ["int", "conditionally_required"],
}

# Versions that let a model in this process have kind INTERNAL.
IN_PROCESS_IS_INTERNAL = ("1.36", "1.41", "dev")


class Starts(Sampler):
    """Samples everything, and remembers what each span was created with, which is all that samplers see."""

    def __init__(self) -> None:
        self.seen: list[set[str]] = []

    def should_sample(
        self, parent_context, trace_id, name, kind=None, attributes=None, links=None, trace_state=None
    ) -> SamplingResult:
        self.seen.append(set(attributes or ()))
        return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes)

    def get_description(self) -> str:
        return "Starts"


def check(version: str, seen: Capture, played: Sequence[Operation], starts: Sequence[set[str]] = ()) -> None:
    """Check all that was emitted for `played`, in the order in which it started."""
    spans = sorted(seen.spans, key=lambda span: span.context.span_id)
    assert len(spans) == len(played)
    for span, op in zip(spans, played, strict=True):
        check_span(version, span, op)
    for started, span, op in zip(starts, spans, played, strict=bool(starts)):
        _check_start(version, started, span, op)
    check_metrics(version, seen, played)
    check_events(version, seen)


def check_span(version: str, span: ReadableSpan, op: Operation) -> None:
    """Check a span's name, kind, attributes and events."""
    attributes = dict(span.attributes or {})
    name, kind = _name_and_kind(version, op, attributes)
    assert span.name == name
    assert span.kind.name == kind
    defined = definition(version, op)
    for key, value in attributes.items():
        if not key.startswith(OURS):
            assert key in defined, f"{key} is not defined for {type(op).__name__} in {version}"
            _check_value(version, key, value, defined[key][0], structured=False)
    missing = _required(defined) - attributes.keys()
    assert missing == {key for key in missing if not _knowable(key, op)}
    assert ("error.type" in attributes) == (op.failure is not None)
    assert ("server.port" in attributes) == (op.server_port is not None and "server.address" in attributes)
    assert span.status.status_code.name == ("UNSET" if op.failure is None else "ERROR")
    assert span.instrumentation_scope.schema_url == REFERENCE[version]["schema_url"]
    for event in span.events:
        _check_event(version, event.name, dict(event.attributes or {}), structured=False)


def definition(version: str, op: Operation) -> dict[str, list[str]]:
    """Return the attributes that a version defines for an operation's span: type, level, remarks."""
    spans = DEFINED[version].get(type(op))
    if spans is None:
        return GENERAL
    known = REFERENCE[version]["spans"]
    refined: dict[str, list[str]] = {}
    for name in reversed(spans):
        refined.update(known[name]["attributes"])
    return {**refined, **IN_PROSE.get((version, type(op)), {})}


def _name_and_kind(version: str, op: Operation, attributes: Mapping[str, Any]) -> tuple[str, str]:
    spans = DEFINED[version].get(type(op))
    if spans is None:
        words, kind = UNKNOWN[type(op)]
        return " ".join(word for word in words(op) if word), kind
    span = REFERENCE[version]["spans"][spans[0]]
    pattern = re.match(r"`([^`]+)`", span["name"])[1]
    filled = re.sub(r"\{([^}]+)\}", lambda found: str(attributes.get(found[1], "")), pattern)
    internal = op.in_process and isinstance(op, Inference) and version in IN_PROCESS_IS_INTERNAL
    return filled.strip(), "INTERNAL" if internal else span["kind"].upper()


def _required(defined: Mapping[str, Sequence[str]]) -> set[str]:
    return {name for name, (_, level, *_rest) in defined.items() if level == "required"}


def _knowable(key: str, op: Operation) -> bool:
    """Whether the framework had told a required value: none is ever invented.

    A model without a name, a provider that the framework does not say, an agent that never called a model.
    """
    told = {
        "gen_ai.provider.name": op.provider,
        "gen_ai.system": op.provider,
        "gen_ai.request.model": getattr(getattr(op, "request", None), "model", None),
        "gen_ai.tool.name": op.name,
    }
    return told.get(key, "always") is not None


def _check_start(version: str, started: set[str], span: ReadableSpan, op: Operation) -> None:
    early = {key for key, (*_rest, last) in definition(version, op).items() if last == "at span creation"}
    if isinstance(op, AgentInvocation):
        # An agent's are those of its model calls, which come later.
        early -= {"gen_ai.provider.name", "gen_ai.system", "gen_ai.request.model"}
    assert started >= early & set(span.attributes or {})


# The enumerations whose values are ours to choose: of the others, the provider or the user may have new ones.
_CLOSED = (
    "gen_ai.operation.name",
    "gen_ai.output.type",
    "gen_ai.token.type",
    "gen_ai.token.modality",
    "openai.api.type",
)
_TYPES = {"string": str, "int": int, "double": float, "boolean": bool}


def _check_value(version: str, key: str, value: Any, kind: str, structured: bool) -> None:
    if kind == "any":
        if structured:
            assert not isinstance(value, str), f"{key} is text in an event"
        else:
            json.loads(value)
    elif kind == "string[]":
        assert isinstance(value, (list, tuple)), key
        assert all(type(item) is str for item in value), key
    else:
        assert type(value) is _TYPES[kind], f"{key} is {value!r}, not {kind}"
    words = REFERENCE[version]["enums"].get(key, ()) if key in _CLOSED else ()
    # 1.27 has no word for Vertex' own protocol.
    assert not words or value in words or (version, value) == ("1.27", "generate_content"), (
        f"{key} is {value!r}"
    )


def check_metrics(version: str, seen: Capture, played: Sequence[Operation]) -> None:
    """Check every point: instrument, unit, buckets, description, labels."""
    reference = REFERENCE[version]["metrics"]
    for url, metric in emitted_metrics(seen):
        if metric.name.startswith(OURS):
            continue
        assert url == REFERENCE[version]["schema_url"]
        wanted = reference[metric.name]
        assert (metric.unit, metric.description) == (wanted["unit"], wanted["brief"])
        for point in metric.data.data_points:
            if wanted["instrument"] == "histogram":
                assert list(point.explicit_bounds) == wanted["buckets"]
            else:
                assert metric.data.is_monotonic
            labels = dict(point.attributes)
            for key, value in labels.items():
                _check_value(version, key, value, wanted["attributes"][key][0], structured=False)
            missing = _required(wanted["attributes"]) - labels.keys()
            assert all(any(not _knowable(key, op) for op in played) for key in missing), missing


def emitted_metrics(seen: Capture) -> Iterator[tuple[str, Any]]:
    """The metrics as the SDK has them, each with its scope's schema URL."""
    data = seen.metric_reader.get_metrics_data()
    for resource in data.resource_metrics if data is not None else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield scope.scope.schema_url, metric


def check_events(version: str, seen: Capture) -> None:
    """Check every log record: name, severity, attributes, body."""
    for data in seen.log_exporter.get_finished_logs():
        record = data.log_record
        if record.event_name.startswith(OURS):
            continue
        assert data.instrumentation_scope.schema_url == REFERENCE[version]["schema_url"]
        assert record.severity_number == _severity(version, record.event_name)
        _check_event(version, record.event_name, dict(record.attributes), structured=True)
        body = REFERENCE[version]["events"][record.event_name].get("body")
        if body is None:
            assert record.body is None
        else:
            _check_body(record.body, body)


def _severity(version: str, event: str) -> Any:
    from opentelemetry._logs import SeverityNumber

    if event == "gen_ai.client.operation.exception":
        return SeverityNumber.WARN
    return SeverityNumber.DEBUG if version == "dev" else None


def _check_event(version: str, name: str, attributes: Mapping[str, Any], structured: bool) -> None:
    defined = REFERENCE[version]["events"][name]["attributes"]
    for key, value in attributes.items():
        assert key in defined, f"{key} is not defined for {name} in {version}"
        _check_value(version, key, value, defined[key][0], structured)


_BODY_TYPES = {**_TYPES, "enum": str, "map": Mapping, "map[]": Sequence}


def _check_body(value: Any, defined: Mapping[str, Any]) -> None:
    assert value.keys() <= defined["fields"].keys()
    for key, field in defined["fields"].items():
        if field["level"] == "required":
            assert key in value
        if key in value and field["type"] != "undefined":
            assert isinstance(value[key], _BODY_TYPES[field["type"]])
            assert value[key] in field.get("enum", [value[key]])
            items = value[key] if field["type"] == "map[]" else [value[key]] if field["type"] == "map" else ()
            for item in items:
                _check_body(item, field)
