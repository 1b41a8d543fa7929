"""Replays of LlamaIndex's recorded calls, and what the handler emitted for them as comparable data."""

from __future__ import annotations

from typing import Any

from llama_calls import CALLS

import tape
from genai_otel_core.testing import Capture, capture, walk, whole
from genai_otel_llamaindex import Handler
from recorded import no_network

# A stored stream arrives at once: how long it took says nothing.
VOLATILE = ("gen_ai.response.time_to_first_chunk",)
# Exceptions' classes differ by the client's version; documents of an index get new ids in each run.
_RAISED = "<the type of the exception that the application got>"


def replay(name: str, **options: Any) -> tuple[list[dict[str, Any]], Capture]:
    """Replay a recorded call under a handler with these options; return its spans, parents first."""
    error = None
    with capture() as seen, no_network(), tape.replaying(f"llamaindex/{name}"):
        handler = Handler(**seen.providers, **options).attach()
        try:
            CALLS[name].make(tape.BASE_URL, tape.BASE_URL)
        except Exception as raised:
            if not CALLS[name].fails:
                raise
            error = raised
        finally:
            handler.detach()
        assert (error is not None) == CALLS[name].fails
        assert handler.telemetry.open_runs == 0
        return [_comparable(span, error) for _, span in walk(seen.spans)], seen


def span(name: str, **options: Any) -> dict[str, Any]:
    """The one span of a replayed call."""
    (found,) = replay(name, **options)[0]
    return found


def content(name: str) -> dict[str, Any]:
    """What content capture adds to the one span of a call: it takes nothing away."""
    bare, full = span(name)["attributes"], span(name, capture_content="span")["attributes"]
    added = {key: value for key, value in full.items() if key not in bare}
    assert full == {**bare, **added}
    return added


def _comparable(one: Any, error: Exception | None) -> dict[str, Any]:
    found = {key: value for key, value in whole(one, VOLATILE).items() if key != "links"}
    if error is not None and "description" in found:
        found["description"] = _RAISED
    return found
