"""A model call's parameters, from the mappings that frameworks and provider clients keep them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genai_otel_core.messages import ToolDefinition
from genai_otel_core.operations import Request
from genai_otel_core.plain import plain

Params = Mapping[str, Any]

_NUMBERS = (int, float)
# Field of `Request` -> (type, names in order)
_PARAMETERS: tuple[tuple[str, tuple[type, ...], tuple[str, ...]], ...] = (
    ("temperature", _NUMBERS, ("temperature",)),
    (
        "max_tokens",
        (int,),
        (
            "max_tokens",
            "max_completion_tokens",
            "max_output_tokens",
            "max_new_tokens",
            "max_tokens_to_sample",
            "num_predict",
            "maxTokens",
        ),
    ),
    ("top_p", _NUMBERS, ("top_p", "topP")),
    ("top_k", _NUMBERS, ("top_k", "topK")),
    ("seed", (int,), ("seed", "random_seed")),
    ("frequency_penalty", _NUMBERS, ("frequency_penalty",)),
    ("presence_penalty", _NUMBERS, ("presence_penalty",)),
    ("choice_count", (int,), ("n", "candidate_count", "num_generations")),
    ("service_tier", (str,), ("service_tier",)),
    ("reasoning_level", (str,), ("reasoning_effort",)),
    ("previous_response_id", (str,), ("previous_response_id",)),
)
_NESTED = ("model_kwargs", "generation_config", "inferenceConfig", "options")


def with_nested(params: Params) -> list[Params]:
    """Return `params` and the mappings inside it that some clients keep parameters in."""
    return [params, *(nested for nested in map(params.get, _NESTED) if isinstance(nested, Mapping))]


def read_parameters(found: Request, sources: Sequence[Params]) -> None:
    """Fill `found` from `sources`; the first that has a value of the right type wins."""
    for name, types, keys in _PARAMETERS:
        value = next((v for v in (s.get(k) for s in sources for k in keys) if _is(v, types)), None)
        if value is not None:
            setattr(found, name, value)
    found.stop_sequences = _stop(sources)


def output_type(*sources: Params) -> str | None:
    """The output that was asked for: `json`, `text` or `speech`."""
    wanted = next(
        (v for s in sources for v in (s.get("response_format"), s.get("text_format")) if v is not None), None
    )
    if isinstance(wanted, Mapping):
        kind = wanted.get("type")
        return "json" if kind in ("json_schema", "json_object") else "text" if kind == "text" else None
    if isinstance(wanted, type):
        return "json"
    for source in sources:
        if source.get("response_mime_type") == "application/json" or source.get("format") == "json":
            return "json"
        modalities = source.get("modalities")
        if isinstance(modalities, (list, tuple)) and "audio" in modalities:
            return "speech"
    return None


def tool_definitions(tools: object, limit: int) -> list[ToolDefinition] | None:
    """The tools offered to a model, from any provider's form. Content."""
    if not isinstance(tools, Sequence) or isinstance(tools, str):
        return None
    found = [_tool_definition(tool, limit) for tool in tools]
    return [tool for tool in found if tool is not None] or None


def _tool_definition(tool: object, limit: int) -> ToolDefinition | None:
    if not isinstance(tool, Mapping):
        name = getattr(tool, "name", None)
        return (
            ToolDefinition(name=name, description=getattr(tool, "description", None))
            if isinstance(name, str)
            else None
        )
    inner = next((tool[k] for k in ("function", "toolSpec") if isinstance(tool.get(k), Mapping)), tool)
    name = inner.get("name") or inner.get("type")
    if not isinstance(name, str):
        return None
    schema = next((inner[k] for k in ("parameters", "input_schema", "inputSchema") if k in inner), None)
    description = inner.get("description")
    return ToolDefinition(
        name=name,
        description=description if isinstance(description, str) else None,
        parameters=None if schema is None else plain(schema, limit),
    )


def _is(value: object, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and not isinstance(value, bool)


def _stop(sources: Sequence[Params]) -> list[str] | None:
    for value in (s.get(k) for s in sources for k in ("stop", "stop_sequences")):
        if isinstance(value, str):
            return [value]
        if isinstance(value, (list, tuple)) and value:
            return [word for word in value if isinstance(word, str)]
    return None
