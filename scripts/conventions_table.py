"""Write docs/conventions.md from the conventions' tables; with `--check`, fail if it is stale."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from genai_otel_core.conventions import Convention, EventSpec, Level, MetricSpec, Row, SpanSpec, _own, resolve
from genai_otel_core.operations import (
    AgentInvocation,
    Embeddings,
    Inference,
    Operation,
    Request,
    Retrieval,
    Step,
    ToolExecution,
    WorkflowInvocation,
)

TARGET = Path(__file__).parents[1] / "docs" / "conventions.md"
CONVENTIONS = resolve(["1.27", "1.36", "1.41", "dev", "openinference"])

# One of each operation, with what its span name may show.
EXAMPLES: tuple[tuple[str, Operation], ...] = (
    ("Model call", Inference(request=Request(model="{model}"))),
    ("Embeddings", Embeddings(request=Request(model="{model}"))),
    ("Retrieval", Retrieval(name="{retriever}", model="{model}", data_source_id="{data source}")),
    ("Tool", ToolExecution(name="{tool}")),
    ("Agent", AgentInvocation(name="{agent}")),
    ("Workflow", WorkflowInvocation(name="{workflow}")),
    ("Step (graph node, named chain)", Step(name="{step}")),
)
TITLES = {type(op): title for title, op in EXAMPLES}

INTRO = """\
# Conventions

<!-- Written by scripts/conventions_table.py from the tables in genai_otel_core/conventions. -->

A convention says what everything is called: spans and their kinds, attributes, metrics, events. You choose one, or
several at once:

    Telemetry(convention="1.36")                      # or Handler(convention=...)
    Telemetry(convention=["1.41", "openinference"])   # both on one span
    GENAI_OTEL_CONVENTION=1.41,openinference          # the same, from outside

Where nothing is said it is `1.41`; or `dev` if `OTEL_SEMCONV_STABILITY_OPT_IN` contains
`gen_ai_latest_experimental`. An unknown name raises `ValueError` and lists those that there are.
[Migrating a dashboard](migrating-a-dashboard.md) shows how to go from one to another.

| name | what it is | schema URL |
|---|---|---|
"""

WHAT = {
    "1.27": "OpenTelemetry 1.27.0 (2024-08): model calls only; content in span events",
    "1.36": "OpenTelemetry 1.36.0 (2025-07): agents and tools; a log record per message",
    "1.41": "OpenTelemetry 1.41.1 (2026-05), the last release: the default",
    "dev": "OpenTelemetry's unreleased successor (main of 2026-10-09): changes without notice",
    "openinference": "the vocabulary of Arize and Phoenix: flattened messages, spans only",
}

NOTES = """\
## Several at once

`["1.36", "1.41"]` emits both:

- **One span.** Name, kind and the tracer's schema URL are the first's. It has the attributes of both; where both
  have one, the first's value.
- **One point per metric.** A metric that both have is recorded once, with the labels of both (`gen_ai.system` *and*
  `gen_ai.provider.name`): sums stay right, and the dashboards of either find their labels. Where both have a metric
  under one name with different units, the first's is recorded. Each metric's scope has its own convention's schema
  URL.
- **One event per name**, with the attributes of both.

## Your own

A convention is a value: rows of a name and a function of an operation. Make one and pass it as
`Telemetry(convention=...)`, or register it under a name in the entry point group `genai_otel_convention`:

    from genai_otel_core.conventions import Convention, Kind, Level, Row, SpanSpec
    from genai_otel_core.operations import Inference

    MODEL = Row("acme.model", lambda op: op.request.model, Level.IDENTITY, at_start=True)
    ASK = SpanSpec(Inference, name=lambda op: "ask", kind=lambda op: Kind.CLIENT, rows=(MODEL,))
    ACME = Convention(name="acme", schema_url=None, spans=(ASK,))

    [project.entry-points.genai_otel_convention]
    acme = "acme.telemetry:ACME"

`Level.IDENTITY` values may label metrics, `DETAIL` values go on spans and events only, `CONTENT` values appear only
where `capture_content` wants them. An operation without a table gets a plain span: its name, how it failed, where it
went. `ACME | other` is both.

## What we decided

Where a version leaves something open, or cannot be followed to the letter:

- **Nothing is invented.** A required value that the framework does not tell (a model without a name, an unknown
  provider, an agent that never called a model) is absent, in 1.27 also on metrics. `_OTHER` is not used for it.
- **What a version does not know** (an agent in 1.27, a retrieval in 1.36) still gets a span, with the name that later
  versions give it, `error.type` and `server.*`, and nothing under `gen_ai.`.
- **`genai_otel.*` is ours.** No version has words for how a stream was left, for attempts, resumption or steps.
- **Content.** Stop sequences, descriptions and definitions of tools and agents, queries and the text of exceptions
  are content, although some versions recommend them; a document's id and score are not. With `capture_content` off,
  a failed span's description is the exception's type.
- **`openai.*`** (before 1.37 `gen_ai.openai.*`) is set for OpenAI and Azure OpenAI only: other providers' service
  tiers are not OpenAI's.
- **Providers** have each version's spelling: `x_ai` is `xai` up to 1.36; in 1.27, `gcp.vertex_ai` is `vertex_ai`,
  `gcp.gemini` is `gemini` and `azure.ai.*` is `az.ai.*`. A provider that a version does not list keeps its id.
- **1.27** has kind CLIENT for every model call, and its content events on the span wherever content is wanted, on
  spans or on events.
- **1.36** has kind CLIENT for agents, the only one that it knows. Its events consist of content: they are emitted
  only where content is wanted on events. It has no attributes for content, so `capture_content="span"` shows none.
  `gen_ai.operation.name` is on tool spans because the text says so, although its table does not.
- **1.41**: a finish reason that the provider did not give is the empty string in `gen_ai.output.messages`, where the
  schema requires one. Documents without a score have none, although the schema wants it.
- **dev**: the details event is recommended by now, so it is emitted always, with content only where that is wanted.
  Where a call failed, was cancelled or its stream was left before a finish reason came, the reason is `error`, as that
  version asks. Tokens whose modality nobody reports count as `unknown`; modalities that contradict their total are
  not counted. Embeddings have no token metric there.
- **openinference**: kind INTERNAL and no metrics, as that project's own instrumentations have it. An SDK keeps 128
  attributes per span, so messages are flattened from the newest on until 60 leaves are used; `input.value` and
  `output.value` have all of them. Agents have no token counts: Phoenix adds them up over the spans of a trace.
"""

LEGEND = """\
`start`: set when the span is created, so that samplers see it, and later if it is known only then. `end`: set when
the operation ends. `content`: only where `capture_content` wants it on spans. `label`: on metrics only.
"""


def document() -> str:
    """Return the whole document."""
    lines = [INTRO.rstrip("\n")]
    lines += [f"| `{c.name}` | {WHAT[c.name]} | {c.schema_url or '(none)'} |" for c in CONVENTIONS]
    lines += ["", NOTES, "## Spans", "", LEGEND]
    for title, op in EXAMPLES:
        lines += [f"### {title}", "", *_names(op), "", *_attributes(type(op)), ""]
    lines += ["## Metrics", "", "Labels are set as far as they are known.", ""]
    for convention in CONVENTIONS:
        if convention.metrics:
            lines += [f"### {convention.name}", "", *_metrics(convention.metrics), ""]
    lines += ["### Ours, beside every convention", "", *_metrics(_own.METRICS), ""]
    lines += ["## Events", "", *_events(), ""]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _table(header: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield _row(header)
    yield "|" + "---|" * len(header)
    yield from map(_row, rows)


def _names(op: Operation) -> Iterator[str]:
    def cells(convention: Convention) -> tuple[str, str, str]:
        spec = convention.by_type[type(op)]
        return f"`{convention.name}`", f"`{spec.name(op)}`", _kind(spec, op)

    return _table(("convention", "span name", "kind"), map(cells, CONVENTIONS))


def _kind(spec: SpanSpec[Any], op: Operation) -> str:
    usual = spec.kind(op).name
    op.in_process = True
    inside = spec.kind(op).name
    op.in_process = False
    return usual if usual == inside else f"{usual}; {inside} for a model in this process"


def _attributes(kind: type[Operation]) -> Iterator[str]:
    specs = [convention.by_type[kind] for convention in CONVENTIONS]
    names = dict.fromkeys(row.name for spec in specs for row in spec.rows)
    ours = {name: None for name in names if name.startswith(_own.PREFIXES)}
    expanded = dict.fromkeys(name for spec in specs for name in spec.expand_names)
    rows = [(f"`{name}`", *(_cell(spec, name) for spec in specs)) for name in names if name not in ours]
    rows += [(f"`{name}`", *(_expanded(spec, name) for spec in specs)) for name in expanded]
    rows += [(f"`{name}`", *(_cell(spec, name) for spec in specs)) for name in ours]
    return _table(("attribute", *(convention.name for convention in CONVENTIONS)), rows)


def _cell(spec: SpanSpec[Any], name: str) -> str:
    return ", ".join(dict.fromkeys(_when(row) for row in spec.rows if row.name == name))


def _when(row: Row[Any]) -> str:
    if not row.on_span:
        return "label"
    if row.level is Level.CONTENT:
        return "content"
    return "start" if row.at_start else "end"


def _expanded(spec: SpanSpec[Any], name: str) -> str:
    if name not in spec.expand_names:
        return ""
    return "end" if name.endswith(("document.id", "document.score")) and "retrieval" in name else "content"


def _metrics(specs: Iterable[MetricSpec]) -> Iterator[str]:
    header = ("metric", "instrument", "unit", "of", "labels", "buckets")
    return _table(header, map(_metric, specs))


def _metric(spec: MetricSpec) -> tuple[str, ...]:
    labels = ", ".join(f"`{name}`" for name in (*spec.dimensions, *spec.extra_dimensions))
    buckets = (
        "" if spec.buckets is None else f"{spec.buckets[0]:g} to {spec.buckets[-1]:g} ({len(spec.buckets)})"
    )
    return f"`{spec.name}`", spec.instrument, f"`{spec.unit}`", _of(spec.operations), labels, buckets


def _of(operations: Iterable[type[Operation]]) -> str:
    return ", ".join(TITLES[operation].partition(" (")[0].lower() for operation in operations)


def _events() -> Iterator[str]:
    rows = [
        (
            f"`{convention.name}`",
            f"`{name}`",
            "span event" if spec.on_span else "log record",
            _of(spec.operations),
            _wanted(spec),
        )
        for convention in CONVENTIONS
        for spec in convention.events
        for name in spec.names
    ]
    return _table(("convention", "event", "form", "of", "when"), rows)


def _wanted(spec: EventSpec) -> str:
    if not spec.needs_content:
        return "on failure" if all("exception" in name for name in spec.names) else "always"
    return "content wanted on spans or events" if spec.on_span else "content wanted on events"


def main() -> None:
    """Write or check the document."""
    wanted = document()
    if "--check" in sys.argv[1:]:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != wanted:
            raise SystemExit("docs/conventions.md is stale: run python scripts/conventions_table.py")
        return
    TARGET.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
