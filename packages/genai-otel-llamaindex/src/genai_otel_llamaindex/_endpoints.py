"""Where a model is reached and whose it is: its integration's module, its client and its base URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from genai_otel_core.endpoints import NOWHERE, Endpoint, client_url, endpoint_of, url_text
from genai_otel_core.providers import canonical_provider


def _regional(model: Any) -> str | None:
    region = getattr(model, "region_name", None)
    return f"https://bedrock-runtime.{region}.amazonaws.com" if isinstance(region, str) and region else None


_CLIENTS = ("_client", "_aclient", "_async_client", "client", "aclient")
_URLS = ("azure_endpoint", "api_base", "base_url", "endpoint", "api_url", "url", "server_url", "endpoint_url")
# What an integration calls when nothing is configured, by the last part of its module's path.
_DEFAULTS: dict[str, Callable[[Any], str | None]] = {
    "openai": lambda model: "https://api.openai.com",
    "anthropic": lambda model: "https://api.anthropic.com",
    "mistralai": lambda model: "https://api.mistral.ai",
    "cohere": lambda model: "https://api.cohere.com",
    "google_genai": lambda model: "https://generativelanguage.googleapis.com",
    "gemini": lambda model: "https://generativelanguage.googleapis.com",
    "bedrock_converse": _regional,
    "bedrock": _regional,
}
# Integrations that speak a provider's protocol to whoever answers it.
_PROTOCOLS = {"openai_like": "openai", "azure_openai": "azure.ai.openai", "mistralai": "mistral_ai"}
_PACKAGES = ("llama_index.llms.", "llama_index.embeddings.", "llama_index.multi_modal_llms.")


def provider_of(model: Any) -> str | None:
    """The provider whose integration `model` is an instance of; None for classes that belong to none."""
    word = _integration(type(model))
    return None if word is None else canonical_provider(_PROTOCOLS.get(word, word))


def endpoint_of_model(model: Any) -> Endpoint:
    """Return where `model` sends its requests, as far as it shows."""
    held = getattr(model, "__dict__", None)
    if not isinstance(held, dict):
        return NOWHERE
    private = getattr(model, "__pydantic_private__", None)
    kept = {**private, **held} if isinstance(private, dict) else held
    url = next((u for u in (url_text(kept.get(name)) for name in _URLS) if u), None)
    url = client_url(kept, _CLIENTS) or url
    if url is None:
        default = _DEFAULTS.get(_integration(type(model)) or "")
        url = None if default is None else default(model)
    return NOWHERE if url is None else endpoint_of(url)


def integrations(cls: type) -> Iterator[str]:
    """The integrations that a class and its bases are from, by name, its own first."""
    for base in cls.__mro__:
        for package in _PACKAGES:
            if base.__module__.startswith(package):
                yield base.__module__[len(package) :].partition(".")[0]


def _integration(cls: type) -> str | None:
    return next(integrations(cls), None)
