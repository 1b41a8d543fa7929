"""Which client library an integration calls its provider through, since that is what others instrument."""

from __future__ import annotations

from genai_otel_llamaindex._endpoints import integrations

# By the last part of the integration's module; most others inherit from one of these.
_LIBRARIES = {
    "openai": "openai",
    "anthropic": "anthropic",
    "bedrock": "boto3",
    "bedrock_converse": "boto3",
    "cohere": "cohere",
    "google_genai": "google-genai",
    "groq": "openai",
    "mistralai": "mistralai",
    "ollama": "ollama",
    "together": "openai",
    "vertex": "google-cloud-aiplatform",
}


def client_library(model: object) -> str | None:
    """Return the client library behind a model as `Telemetry.start` wants it, subclasses of applications included."""
    library = next((_LIBRARIES[word] for word in integrations(type(model)) if word in _LIBRARIES), None)
    if library == "openai" and any(base.__name__ == "OpenAIResponses" for base in type(model).__mro__):
        return "openai/responses"
    return library
