"""Which prompt runs: by the name that the application or the LangChain Hub gave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genai_otel_core import Telemetry, prompts
from genai_otel_core.plain import mapping
from genai_otel_core.prompts import Prompt
from genai_otel_langchain._peek import caller
from genai_otel_langchain._runnables import given_name


def take(telemetry: Telemetry, kwargs: Mapping[str, Any]) -> None:
    """Let the model calls after a prompt that starts have its name."""
    found = _pulled(kwargs.get("metadata")) or _named(kwargs.get("name"))
    if found is not None:
        prompts.remember(telemetry.find(kwargs.get("parent_run_id")), found)


def _pulled(metadata: object) -> Prompt | None:
    # What `hub.pull` and LangSmith's `pull_prompt` leave on a template.
    metadata = mapping(metadata)
    repo = _text(metadata.get("lc_hub_repo"))
    if repo is None:
        return None
    owner = _text(metadata.get("lc_hub_owner"))
    # The owner of one's own prompts is a dash.
    name = repo if owner in (None, "-") else f"{owner}/{repo}"
    return Prompt(name, _text(metadata.get("lc_hub_commit_hash")))


def _named(name: object) -> Prompt | None:
    if not isinstance(name, str) or name.endswith("PromptTemplate"):
        return None
    seen = caller()
    found = given_name(name, None if seen is None else type(seen.runnable).__name__)
    return None if found is None else Prompt(found)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
