"""What integrations report of themselves only in part: parameters, the platform behind a model, where it is called."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from models import ScriptedModel

from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler


def facts(model: Any, seen: Capture) -> dict[str, Any]:
    model.invoke("hi", {"callbacks": [Handler(**seen.providers, capture_content="span")]})
    attributes = seen.span(f"chat {model.model}").attributes
    return {
        k: v for k, v in attributes.items() if k.startswith(("gen_ai.request.", "gen_ai.provider", "server."))
    }


def test_parameters_that_only_the_model_knows(seen: Capture) -> None:
    """As with Ollama: neither the invocation's parameters nor the summary say them, the model's fields do."""

    class Keeps(ScriptedModel):
        temperature: float = 0.2
        num_predict: int = 64
        top_k: int | None = None
        seed: int = 7
        top_p: float = 0.5
        stop_sequences: tuple[str, ...] = ("END",)

        def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
            return {"ls_provider": "ollama", "ls_model_name": self.model, "ls_temperature": 0.9}

    assert facts(Keeps(answers=["ok"]), seen) == {
        "gen_ai.provider.name": "ollama",
        "gen_ai.request.model": "scripted-1",
        "gen_ai.request.temperature": 0.9,  # what is reported comes first
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.request.top_p": 0.5,
    }


@pytest.mark.parametrize("vertex", [False, True])
def test_gemini_on_vertex_ai(vertex: bool, seen: Capture) -> None:
    """One class calls two platforms, and its client knows the server of each."""
    host = "europe-west1-aiplatform" if vertex else "generativelanguage"
    options = SimpleNamespace(base_url=f"https://{host}.googleapis.com/")

    class Gemini(ScriptedModel):
        provider: str = "google_genai"
        client: Any = SimpleNamespace(_api_client=SimpleNamespace(_http_options=options))

    model = Gemini(answers=["ok"])
    model.__dict__["_use_vertexai"] = vertex
    assert facts(model, seen) == {
        "gen_ai.provider.name": "gcp.vertex_ai" if vertex else "gcp.gemini",
        "gen_ai.request.model": "scripted-1",
        "server.address": f"{host}.googleapis.com",
        "server.port": 443,
    }


@pytest.mark.parametrize(
    ("region", "environment", "address"),
    [
        ("eu-west-1", {}, "bedrock-runtime.eu-west-1.amazonaws.com"),
        (None, {"AWS_REGION": "us-east-1"}, "bedrock-runtime.us-east-1.amazonaws.com"),
        (None, {"AWS_DEFAULT_REGION": "us-east-2"}, "bedrock-runtime.us-east-2.amazonaws.com"),
        (None, {}, None),
    ],
)
def test_claude_on_bedrock(
    region: str | None,
    environment: dict[str, str],
    address: str | None,
    seen: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It inherits the URL of the Anthropic API, which it does not call."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    class ChatAnthropicBedrock(ScriptedModel):
        provider: str = "anthropic-bedrock"
        anthropic_api_url: str = "https://api.anthropic.com"
        region_name: str | None = None

    found = facts(ChatAnthropicBedrock(answers=["ok"], region_name=region), seen)
    assert found["gen_ai.provider.name"] == "aws.bedrock"
    assert found.get("server.address") == address
