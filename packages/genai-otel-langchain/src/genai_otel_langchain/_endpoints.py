"""Where a model is reached: its base URL, however the integration keeps it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from genai_otel_core.endpoints import NOWHERE, Endpoint, client_url, endpoint_of, url_text

# Made by the client, so they also know environment variables and defaults.
_CLIENTS = ("root_client", "root_async_client", "_client", "_async_client", "client", "async_client")
_URLS = (
    "azure_endpoint",
    "openai_api_base",
    "anthropic_api_url",
    "groq_api_base",
    "deepseek_api_base",
    "api_base",
    "xai_api_base",
    "together_api_base",
    "fireworks_api_base",
    "mistral_api_url",
    "perplexity_api_base",
    "cohere_api_url",
    "endpoint_url",
    "base_url",
    "endpoint",
    "inference_server_url",
    "url",
)
_CLIENT_NAMES, _URL_NAMES = frozenset(_CLIENTS), frozenset(_URLS)
_NAMES = _CLIENT_NAMES | _URL_NAMES
# What an integration calls when nothing is configured, by class: never by provider name, which proxies share.
_DEFAULTS: dict[str, Callable[[Any], str | None]] = {
    "ChatOpenAI": lambda model: "https://api.openai.com",
    "OpenAI": lambda model: "https://api.openai.com",
    "ChatAnthropic": lambda model: "https://api.anthropic.com",
    "ChatMistralAI": lambda model: "https://api.mistral.ai",
    "ChatGroq": lambda model: "https://api.groq.com",
    "ChatCohere": lambda model: "https://api.cohere.com",
    "ChatDeepSeek": lambda model: "https://api.deepseek.com",
    "ChatXAI": lambda model: "https://api.x.ai",
    "ChatPerplexity": lambda model: "https://api.perplexity.ai",
    "ChatFireworks": lambda model: "https://api.fireworks.ai",
    "ChatTogether": lambda model: "https://api.together.xyz",
    "ChatGoogleGenerativeAI": lambda model: "https://generativelanguage.googleapis.com",
    "ChatVertexAI": lambda model: _regional(model, "location", "https://{}-aiplatform.googleapis.com"),
    "ChatBedrock": lambda model: _regional(model, "region_name", "https://bedrock-runtime.{}.amazonaws.com"),
    "ChatBedrockConverse": lambda model: _regional(
        model, "region_name", "https://bedrock-runtime.{}.amazonaws.com"
    ),
    "ChatOllama": lambda model: _ollama_host(),
    "OllamaLLM": lambda model: _ollama_host(),
}


def _bedrock(model: Any) -> str | None:
    region = model.region_name or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return f"https://bedrock-runtime.{region}.amazonaws.com" if region else None


# Classes that inherit a configured URL which they do not call.
_ELSEWHERE: dict[str, Callable[[Any], str | None]] = {"ChatAnthropicBedrock": _bedrock}


_CLASSES = frozenset({*_DEFAULTS, *_ELSEWHERE})


def tells_endpoint(model: object, held: Mapping[str, Any]) -> bool:
    """Whether `model`, which holds this, may tell where it sends its requests."""
    return type(model).__name__ in _CLASSES or not held.keys().isdisjoint(_NAMES)


def endpoint_of_model(model: Any) -> Endpoint:
    """Return where `model` sends its requests, as far as it shows."""
    held = getattr(model, "__dict__", None)
    if not isinstance(held, dict):
        return NOWHERE
    name = type(model).__name__
    url = None if held.keys().isdisjoint(_CLIENT_NAMES) else client_url(held, _CLIENTS)
    if url is None and name not in _ELSEWHERE:
        url = _configured_url(held)
    if url is None:
        default = _DEFAULTS.get(name) or _ELSEWHERE.get(name)
        url = None if default is None else default(model)
    return NOWHERE if url is None else endpoint_of(url)


def _configured_url(held: dict[str, Any]) -> str | None:
    for name in () if _URL_NAMES.isdisjoint(held) else _URLS:
        value = held.get(name)
        url = None if value is None else url_text(value)
        if url:
            return url
    return None


def _regional(model: Any, attribute: str, pattern: str) -> str | None:
    region = getattr(model, attribute, None)
    return pattern.format(region) if isinstance(region, str) and region else None


def _ollama_host() -> str:
    host = os.environ.get("OLLAMA_HOST") or "127.0.0.1:11434"
    return host if "://" in host else f"http://{host}"
