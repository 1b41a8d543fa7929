"""Replays of recorded calls with the network off, and what the handler emitted, as comparable data."""

from __future__ import annotations

from typing import Any

from recorded_calls import CALLS

import tape
from genai_otel_core.errors import qualified_name
from genai_otel_core.testing import Capture, capture, walk, whole
from genai_otel_langchain import Handler
from recorded import no_network

# A stored stream arrives at once: how long it took says nothing.
VOLATILE = ("gen_ai.response.time_to_first_chunk",)
DETAILS = "gen_ai.client.inference.operation.details"
RAISED = "<the type of the exception that the application got>"


class Replay:
    """What one replayed call emitted."""

    def __init__(self, seen: Capture, error: Exception | None) -> None:
        self.tree = seen.tree()
        self.points = seen.metrics()
        self.events = [_event(record, error) for record in seen.logs()]
        # Links are of what was recorded at a tool's start, which older versions of LangChain do not tell.
        self.spans = [_dropped(_span(span, error), "links") for _, span in walk(seen.spans)]

    @property
    def span(self) -> dict[str, Any]:
        """The one span."""
        (span,) = self.spans
        return span

    @property
    def counts(self) -> dict[str, int]:
        """Of each metric how many points, of token usage how many tokens by type."""
        found: dict[str, int] = {}
        for name, points in self.points.items():
            for point in points:
                kind = point["attributes"].get("gen_ai.token.type")
                key = name if kind is None else f"{name} {kind}"
                found[key] = found.get(key, 0) + (point["count"] if kind is None else point["sum"])
        return found


def replay(name: str, **options: Any) -> Replay:
    """Replay a recorded call under a handler with these options."""
    error = None
    with capture() as seen, no_network(), tape.replaying(name):
        try:
            CALLS[name].make(tape.BASE_URL, {"callbacks": [Handler(**seen.providers, **options)]})
        except Exception as raised:
            if not CALLS[name].fails:
                raise
            error = raised
        assert (error is not None) == CALLS[name].fails
        return Replay(seen, error)


def added_content(name: str) -> list[dict[str, Any]]:
    """What content capture adds to each span of a call: it takes nothing away, and events carry the same."""
    without, replayed = replay(name), replay(name, capture_content="span_and_event")
    assert replayed.tree == without.tree
    assert replayed.counts == without.counts
    added = []
    for bare, span in zip(without.spans, replayed.spans, strict=True):
        extra = {k: v for k, v in span["attributes"].items() if k not in bare["attributes"]}
        assert span["attributes"] == {**bare["attributes"], **extra}
        added.append({key: _without_agents_name(value) for key, value in extra.items()})
    inferences = [s for s in replayed.spans if s["kind"] == "CLIENT"]
    details = [attributes for event, attributes in replayed.events if event == DETAILS]
    assert [_content(d) for d in details] == [_content(s["attributes"]) for s in inferences]
    return added


def _span(span: Any, error: Exception | None) -> dict[str, Any]:
    found = whole(span, VOLATILE)
    if error is not None and found.get("description") == qualified_name(type(error)):
        found["description"] = RAISED
    return found


def _without_agents_name(value: Any) -> Any:
    # Only some versions of LangChain put the agent's name on its messages.
    if not isinstance(value, list):
        return value
    return [_dropped(item, "name") if _is_answer(item) else item for item in value]


def _is_answer(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") == "assistant"


def _dropped(mapping: Any, name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}


def _event(record: Any, error: Exception | None) -> tuple[str, dict[str, Any]]:
    attributes = dict(record.attributes)
    if error is not None and attributes.get("exception.type") == qualified_name(type(error)):
        attributes["exception.type"] = RAISED
    return record.event_name, attributes


def _content(attributes: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain(attributes.get(key)) for key in ("gen_ai.input.messages", "gen_ai.output.messages")}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict) or hasattr(value, "items"):
        return {key: _plain(item) for key, item in value.items()}
    return value
