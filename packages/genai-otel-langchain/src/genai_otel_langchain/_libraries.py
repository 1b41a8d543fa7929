"""Which client library an integration calls its provider through, since that is what others instrument."""

from __future__ import annotations

from functools import lru_cache

# By the integration's package; one that is missing speaks HTTP itself or does the work in this process.
_LIBRARIES = {
    "langchain_anthropic": "anthropic",
    "langchain_aws": "boto3",
    "langchain_cohere": "cohere",
    "langchain_deepseek": "openai",
    "langchain_google_genai": "google-genai",
    "langchain_groq": "groq",
    "langchain_ollama": "ollama",
    "langchain_openai": "openai",
    "langchain_perplexity": "openai",
    "langchain_together": "openai",
    "langchain_voyageai": "voyageai",
    "langchain_xai": "openai",
}


def client_library(model: object) -> str | None:
    """Return the client library behind a model as `Telemetry.start` wants it, subclasses of applications included."""
    library = _of_class(type(model))  # type: ignore[arg-type]  # mypy asks its instances
    return f"{library}/responses" if library == "openai" and _uses_responses(model) else library


def _uses_responses(model: object) -> bool:
    chosen = getattr(model, "use_responses_api", None)
    return chosen is True or (chosen is None and getattr(model, "output_version", None) == "responses/v1")


@lru_cache(maxsize=256)
def _of_class(cls: type) -> str | None:
    packages = (base.__module__.partition(".")[0] for base in cls.__mro__)
    return next((_LIBRARIES[package] for package in packages if package in _LIBRARIES), None)
