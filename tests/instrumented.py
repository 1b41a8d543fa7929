"""Client libraries under the instrumentations of others, which leave no trace behind."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry import trace

from genai_otel_core.testing import Capture

INSTRUMENTATIONS = {
    "genai-openai": ("opentelemetry.instrumentation.genai.openai", "OpenAIInstrumentor"),
    "openllmetry-openai": ("opentelemetry.instrumentation.openai", "OpenAIInstrumentor"),
    "openinference-openai": ("openinference.instrumentation.openai", "OpenAIInstrumentor"),
    "genai-anthropic": ("opentelemetry.instrumentation.genai.anthropic", "AnthropicInstrumentor"),
    "openllmetry-anthropic": ("opentelemetry.instrumentation.anthropic", "AnthropicInstrumentor"),
    "openinference-anthropic": ("openinference.instrumentation.anthropic", "AnthropicInstrumentor"),
}
"""Module and class by name."""
NATIVE = "anthropic-sdk"
"""What the Anthropic SDK reports by itself."""
_PATCHED = (
    ("openai.resources.chat.completions", "Completions"),
    ("openai.resources.completions", "Completions"),
    ("openai.resources.embeddings", "Embeddings"),
    ("openai.resources.responses", "Responses"),
    ("anthropic.resources.messages", "Messages"),
    ("anthropic.resources.beta.messages", "Messages"),
)
"""Modules and classes that are instrumented here. Newer libraries load only what is asked for."""


@contextmanager
def instrumented(name: str, seen: Capture, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have an instrumentation report to `seen`; skips the test where it cannot be installed."""
    if name == NATIVE:
        pytest.importorskip("anthropic._tracing", reason="this SDK reports nothing by itself")
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", seen.tracer_provider)
        yield
        return
    module, cls = INSTRUMENTATIONS[name]
    pytest.importorskip(module, reason="not installed with the lowest versions")
    instrumentor = getattr(importlib.import_module(module), cls)()
    # Some keep wrapping what they have wrapped, so what they find is put back by hand.
    kept = [(owner, dict(vars(owner))) for owner in _clients()]
    instrumentor.instrument(skip_dep_check=True, **seen.providers)
    try:
        yield
    finally:
        instrumentor.uninstrument()
        for owner, members in kept:
            for member, value in members.items():
                if vars(owner).get(member) is not value and callable(value):
                    setattr(owner, member, value)


def _clients() -> Iterator[type]:
    for name, cls in _PATCHED:
        getattr(importlib.import_module(name), cls)
    for name, module in list(sys.modules.items()):
        if name.startswith(("openai.", "anthropic.")) and ("resources" in name or name.endswith("_client")):
            for owner in list(vars(module).values()):
                if isinstance(owner, type) and owner.__module__ == name:
                    yield owner


def points(seen: Capture) -> dict[str, Any]:
    """How many points each client metric has, and the tokens by type."""
    found: dict[str, Any] = {}
    for name, measured in seen.metrics().items():
        if name in ("gen_ai.client.operation.duration", "gen_ai.client.token.usage"):
            for point in measured:
                kind = point["attributes"].get("gen_ai.token.type")
                found[name] = found.get(name, 0) + point["count"]
                if kind is not None:
                    found[kind] = found.get(kind, 0) + point["sum"]
    return found


def scopes(seen: Capture) -> list[str]:
    """Whose each span is."""
    return [span.instrumentation_scope.name if span.instrumentation_scope else "" for span in seen.spans]
