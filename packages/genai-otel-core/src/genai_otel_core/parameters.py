"""A model call's parameters, from the mappings that frameworks and provider clients keep them in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from genai_otel_core import ends
from genai_otel_core.messages import ToolDefinition
from genai_otel_core.operations import Request
from genai_otel_core.plain import is_int64, plain

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
# Name -> (field, rank among the field's names, types): only the few names that a call has are looked at
_BY_NAME = {
    name: (field, rank, types) for field, types, names in _PARAMETERS for rank, name in enumerate(names)
}
_NAMES = _BY_NAME.keys()
_NESTED = ("model_kwargs", "generation_config", "inferenceConfig", "options")
_STOP = ("stop", "stop_sequences")
# How OpenAI's Responses API and Anthropic's messages hold the `effort` of reasoning.
_THOUGHT = ("reasoning", "output_config")
# Mostly there is none of these, which is quickly told of all at once.
_NESTED_NAMES, _STOP_NAMES, _THOUGHT_NAMES = frozenset(_NESTED), frozenset(_STOP), frozenset(_THOUGHT)
# Any of these says something of the output; mostly there is none.
_OUTPUT = frozenset({"response_format", "text_format", "response_mime_type", "format", "modalities"})


def with_nested(params: Params) -> list[Params]:
    """Return `params` and the mappings inside it that some clients keep parameters in."""
    found = [params]
    for name in () if _NESTED_NAMES.isdisjoint(params) else _NESTED:
        nested = params.get(name)
        if nested is not None and isinstance(nested, Mapping):
            found.append(nested)
    return found


def read_parameters(found: Request, sources: Sequence[Params]) -> None:
    """Fill `found` from `sources`; the first that has a value of the right type wins."""
    taken: set[str] = set()
    for source in sources:
        best: dict[str, int] = {}
        for name in _NAMES & source.keys():
            value = source[name]
            if value is None:
                continue
            field, rank, types = _BY_NAME[name]
            if field in taken or rank > best.get(field, rank) or not _is(value, types):
                continue
            best[field] = rank
            setattr(found, field, value)
        taken.update(best)
        if found.stop_sequences is None and not _STOP_NAMES.isdisjoint(source):
            found.stop_sequences = _stop(source)
        if found.reasoning_level is None and not _THOUGHT_NAMES.isdisjoint(source):
            found.reasoning_level = _effort(source)


def read_fields(found: Request, held: Params) -> None:
    """Complete `found` from what a client object holds by the parameters' names; what is known stays."""
    for name in _NAMES & held.keys():
        field, _, types = _BY_NAME[name]
        if getattr(found, field) is None and _is(held[name], types):
            setattr(found, field, held[name])
    if found.stop_sequences is None and not _STOP_NAMES.isdisjoint(held):
        found.stop_sequences = _stop(held)


def output_type(*sources: Params) -> str | None:
    """The output that was asked for: `json`, `text` or `speech`."""
    sources = tuple([source for source in sources if not _OUTPUT.isdisjoint(source)])
    if not sources:
        return None
    wanted: Any = None
    for source in sources:
        wanted = source.get("response_format")
        wanted = source.get("text_format") if wanted is None else wanted
        if wanted is not None:
            break
    if isinstance(wanted, type):
        return "json"
    if wanted is not None and isinstance(wanted, Mapping):
        kind = wanted.get("type")
        return "json" if kind in ("json_schema", "json_object") else "text" if kind == "text" else None
    for source in sources:
        if source.get("response_mime_type") == "application/json" or source.get("format") == "json":
            return "json"
        modalities = source.get("modalities")
        if isinstance(modalities, (list, tuple)) and "audio" in modalities:
            return "speech"
    return None


def tool_definitions(tools: object, limit: int) -> list[ToolDefinition] | None:
    """The tools offered to a model, from any provider's form. Content."""
    if not isinstance(tools, list) and (not isinstance(tools, Sequence) or isinstance(tools, str)):
        return None
    return ends.definitions(tools, limit, lambda tool: _tool_definition(tool, limit)) or None


def _tool_definition(tool: object, limit: int) -> ToolDefinition | None:
    if type(tool) is not dict and not isinstance(tool, Mapping):
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
    if not isinstance(value, types) or isinstance(value, bool):
        return False
    if isinstance(value, int):
        return is_int64(value)
    return not isinstance(value, float) or math.isfinite(value)


def _stop(source: Params) -> list[str] | None:
    for name in _STOP:
        value = source.get(name)
        if isinstance(value, str):
            return [value]
        if isinstance(value, (list, tuple)) and value:
            return [word for word in value if isinstance(word, str)]
    return None


def _effort(source: Params) -> str | None:
    for name in _THOUGHT:
        held = source.get(name)
        effort = held.get("effort") if isinstance(held, Mapping) else None
        if isinstance(effort, str):
            return effort
    return None
