"""Which provider: framework and SDK names mapped to the canonical ids that conventions spell.

The canonical ids are the values of `gen_ai.provider.name` (semantic conventions 1.37 and later).
A name that is in no row is kept as the framework gave it: an id is mapped or passed on, never guessed.
"""

from __future__ import annotations

_ALIASES = {
    "anthropic": ("anthropic", "claude", "chatanthropic"),
    "aws.bedrock": (
        "aws.bedrock",
        "aws_bedrock",
        "bedrock",
        "bedrock_converse",
        "amazon_bedrock",
        "amazon",
        "aws",
        "anthropic_bedrock",
        "anthropic-bedrock",
    ),
    "azure.ai.inference": ("azure.ai.inference", "az.ai.inference", "azure_ai", "azure_inference", "azureai"),
    "azure.ai.openai": ("azure.ai.openai", "az.ai.openai", "azure", "azure_openai", "azureopenai"),
    "cohere": ("cohere",),
    "deepseek": ("deepseek",),
    "gcp.gemini": (
        "gcp.gemini",
        "gemini",
        "google_genai",
        "google-genai",
        "googlegenai",
        "googlegenerativeai",
        "google_generativeai",
        "google",
    ),
    "gcp.vertex_ai": (
        "gcp.vertex_ai",
        "vertex_ai",
        "vertexai",
        "vertex",
        "google_vertexai",
        "google-vertexai",
        "google_anthropic_vertex",
    ),
    "groq": ("groq",),
    "ibm.watsonx.ai": ("ibm.watsonx.ai", "ibm", "watsonx", "ibm_watsonx"),
    "mistral_ai": ("mistral_ai", "mistral", "mistralai"),
    "moonshot_ai": ("moonshot_ai", "moonshot", "moonshotai", "kimi"),
    "openai": ("openai",),
    "perplexity": ("perplexity", "perplexityai"),
    "x_ai": ("x_ai", "xai", "grok"),
}
_CANONICAL = {alias: canonical for canonical, aliases in _ALIASES.items() for alias in aliases}


def canonical_provider(name: object) -> str | None:
    """Return the canonical id for a framework's provider name, the name itself if it is in no table."""
    if not isinstance(name, str):
        return None
    if name in _ALIASES:
        return name
    if not name.strip():
        return None
    return _CANONICAL.get(name.strip().lower(), name.strip())


def is_known(provider: str | None) -> bool:
    """Whether the provider is one that the conventions enumerate."""
    return provider in _ALIASES


def api_type(response_id: str | None) -> str | None:
    """Which of OpenAI's APIs an answer came from, told by its id."""
    if response_id is None:
        return None
    if response_id.startswith("chatcmpl"):
        return "chat_completions"
    return "responses" if response_id.startswith("resp_") else None
