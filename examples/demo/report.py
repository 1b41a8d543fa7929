"""The terminal's view of a run: the span tree, a summary of the metrics, and the content if captured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opentelemetry.sdk.metrics.export import Histogram, Metric
from opentelemetry.sdk.trace import ReadableSpan
from rich.console import Console
from rich.table import Table
from rich.text import Text

_CONTENT = (
    "gen_ai.system_instructions",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
)
_LABELS = (
    "gen_ai.operation.name",
    "gen_ai.request.model",
    "gen_ai.tool.name",
    "gen_ai.token.type",
    "error.type",
)


def show(spans: Sequence[ReadableSpan], metrics: Sequence[Metric], console: Console) -> None:
    """Print everything that was collected."""
    console.print(_tree(spans))
    console.print(_summary(metrics))
    for heading, value in _content(spans):
        console.print()
        console.print(heading)
        console.print(Text(value))


def _tree(spans: Sequence[ReadableSpan]) -> Table:
    table = Table(title="Spans", title_justify="left", box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("name", no_wrap=True)
    table.add_column("kind")
    table.add_column("duration", justify="right")
    table.add_column("tokens in/out", justify="right")
    table.add_column("status")
    for guide, span in _walk(spans, None, ""):
        attributes = span.attributes or {}
        failed = span.status.status_code.name == "ERROR"
        name = Text(guide, style="dim").append(Text(span.name, style="bold red" if failed else "bold cyan"))
        tokens = [attributes.get(f"gen_ai.usage.{way}_tokens") for way in ("input", "output")]
        shown = "/".join("-" if count is None else str(count) for count in tokens) if any(tokens) else ""
        error = f" {attributes.get('error.type', '')}" if failed else ""
        table.add_row(name, span.kind.name, _duration(span), shown, span.status.status_code.name + error)
    return table


def _walk(
    spans: Sequence[ReadableSpan], parent: int | None, indent: str
) -> Iterator[tuple[str, ReadableSpan]]:
    below = [span for span in spans if (span.parent.span_id if span.parent else None) == parent]
    for span in below:
        last = span is below[-1]
        branch, rail = ("", "") if parent is None else ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield indent + branch, span
        if span.context is not None:
            yield from _walk(spans, span.context.span_id, indent + rail)


def _duration(span: ReadableSpan) -> str:
    return f"{((span.end_time or 0) - (span.start_time or 0)) / 1e6:.1f} ms"


def _summary(metrics: Sequence[Metric]) -> Table:
    table = Table(title="\nMetrics", title_justify="left", box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("name", style="cyan", no_wrap=True)
    table.add_column("of", no_wrap=True)
    table.add_column("count", justify="right")
    table.add_column("sum", justify="right")
    table.add_column("unit")
    for metric in metrics:
        if isinstance(metric.data, Histogram):
            for point in metric.data.data_points:
                row = (_labels(point.attributes), str(point.count), f"{point.sum:.4g}", metric.unit)
                table.add_row(metric.name, *row)
    return table


def _labels(attributes: Mapping[str, Any] | None) -> str:
    return " · ".join(str(attributes[name]) for name in _LABELS if attributes and name in attributes)


def _content(spans: Sequence[ReadableSpan]) -> Iterator[tuple[Text, str]]:
    for _, span in _walk(spans, None, ""):
        for name in _CONTENT:
            if span.attributes and name in span.attributes:
                yield (
                    Text(span.name, style="cyan").append(f"  {name}", style="dim"),
                    str(span.attributes[name]),
                )
