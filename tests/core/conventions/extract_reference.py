"""Writes `reference.json`: what the official definitions say of the signals that we emit, version by version.

    python tests/core/conventions/extract_reference.py semconv.json

The input has, by version, the spans, metrics, events, enums and attributes of the official YAML model
(open-telemetry/semantic-conventions and open-telemetry/semantic-conventions-genai, both Apache-2.0) with
groups and references resolved. Only facts are taken: names, types, levels, units, buckets, values.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

VERSIONS = {"1.27": "1.27.0", "1.36": "1.36.0", "1.41": "1.41.1", "dev": "genai-main-2026-10-09"}
SPANS = {
    "1.27": ("gen_ai.client",),
    "1.36": (
        "gen_ai.inference.client",
        "gen_ai.openai.inference.client",
        "gen_ai.embeddings.client",
        "gen_ai.invoke_agent.client",
        "gen_ai.execute_tool.internal",
    ),
    "1.41": (
        "gen_ai.inference.client",
        "openai.inference.client",
        "gen_ai.embeddings.client",
        "gen_ai.retrieval.client",
        "gen_ai.invoke_agent.internal",
        "gen_ai.execute_tool.internal",
        "gen_ai.invoke_workflow.internal",
    ),
    "dev": (
        "gen_ai.client.inference",
        "gen_ai.embeddings.client",
        "gen_ai.retrieval.client",
        "gen_ai.invoke_agent.internal",
        "gen_ai.execute_tool.internal",
        "gen_ai.invoke_workflow.internal",
    ),
}
# Later, a provider's additions are refinements of the span, listed apart from it.
REFINEMENTS = {"dev": ("openai.gen_ai.client.inference",)}
LEFT_OUT = ("mcp.", "gen_ai.server.", "gen_ai.evaluation.")


def main(source: Path) -> None:
    """Write the table beside this script."""
    model = json.loads(source.read_text())
    table = {name: _version(name, model[version]) for name, version in VERSIONS.items()}
    target = Path(__file__).with_name("reference.json")
    lines = json.dumps(table, indent=1)
    target.write_text(re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found[0].split()), lines) + "\n")


def _version(name: str, model: dict[str, Any]) -> dict[str, Any]:
    spans = {span: _signal(model["spans"][span], ("kind", "name")) for span in SPANS[name]}
    for span in REFINEMENTS.get(name, ()):
        added = model["span_refinements"][span]["attributes"]
        spans[span] = {
            "attributes": {
                key: [model["registry"][key]["type"], entry["level"]]
                for key, entry in sorted(added.items())
                if key in model["registry"]
            }
        }
    return {
        "source": model["source"],
        "date": model["date"],
        "schema_url": model["schema_url"],
        "spans": spans,
        "metrics": {
            metric: _signal(found, ("instrument", "unit", "brief", "buckets"))
            for metric, found in model["metrics"].items()
            if not metric.startswith(LEFT_OUT)
        },
        "events": {
            event: _signal(found, ("body",))
            for event, found in model["events"].items()
            if not event.startswith(LEFT_OUT)
        },
        "enums": {
            key: values for key, values in model["enums"].items() if key.startswith(("gen_ai.", "openai."))
        },
    }


def _signal(found: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    facts = {key: found[key] for key in keys if found.get(key) is not None}
    facts["attributes"] = {name: _attribute(entry) for name, entry in sorted(found["attributes"].items())}
    return facts


def _attribute(entry: dict[str, Any]) -> list[str]:
    early = ["at span creation"] if entry.get("sampling_relevant") else []
    return [entry["type"], entry["level"], *early]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
