"""A model call's parameters, from the mappings that frameworks and provider clients keep them in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from genai_otel_core import ends
from genai_otel_core.messages import ToolDefinition
from genai_otel_core.operations import Request
from genai_otel_core.plain import is_int64, plain
from genai_otel_core.survey import OBJECT, Surveyed, usual

Params = Mapping[str, Any]

_NUMBERS = (int, float)
_WORDS: tuple[type, ...] = ()
"""One text or several: no value is taken as it is."""
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
    ("stop_sequences", _WORDS, ("stop", "stop_sequences")),
)
# Name -> (field, types): only the few names that a call has are looked at
_BY_NAME = {name: (field, types) for field, types, names in _PARAMETERS for name in names}
# A field's first name comes before its others; mostly a call has first names alone.
_FIRST_NAMES = frozenset(names[0] for _, _, names in _PARAMETERS)
_OTHER_NAMES = tuple(name for _, _, names in _PARAMETERS for name in names[1:])
_ALL_OTHER_NAMES = frozenset(_OTHER_NAMES)
_NESTED = ("model_kwargs", "generation_config", "inferenceConfig", "options")
# How OpenAI's Responses API and Anthropic's messages hold the `effort` of reasoning.
_THOUGHT = ("reasoning", "output_config")
# Mostly there is none of these, which is quickly told of all at once.
_NESTED_NAMES, _THOUGHT_NAMES = frozenset(_NESTED), frozenset(_THOUGHT)
_WRAPPED = ("function", "toolSpec")
"""Where a tool's definition is, if it is not the tool itself."""
_SCHEMAS = ("parameters", "input_schema", "inputSchema")
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
    """Complete `found` from `sources`; the first that has a value of the right type wins."""
    for source in sources:
        read_fields(found, source)
        if found.reasoning_level is None and not _THOUGHT_NAMES.isdisjoint(source):
            found.reasoning_level = _effort(source)


def read_fields(found: Request, held: Params) -> None:
    """Complete `found` from what is held by the parameters' names; what is known stays."""
    names: Iterable[str] = _FIRST_NAMES & held.keys()
    if not _ALL_OTHER_NAMES.isdisjoint(held):
        names = [*names, *[name for name in _OTHER_NAMES if name in held]]
    for name in names:
        value = held[name]
        if value is None:
            continue
        field, types = _BY_NAME[name]
        if getattr(found, field) is None:
            setattr(found, field, _taken(value, types))


def output_type(params: Params, more: Params) -> str | None:
    """The output that was asked for in one of two mappings: `json`, `text` or `speech`."""
    if _OUTPUT.isdisjoint(params) and _OUTPUT.isdisjoint(more):
        return None
    sources = (params, more)
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
    known = usual(tools, limit) if type(tools) is list else None
    if known is None:
        return ends.definitions(tools, limit, _copied_definition) or None
    copy, size = known
    found = Surveyed(ends.definitions(copy, limit, _definition))
    found.size = size + OBJECT * len(found)
    return found or None


def _copied_definition(tool: object, limit: int) -> ToolDefinition | None:
    found = _definition(tool, limit)
    if found is not None and found.parameters is not None:
        found.parameters = plain(found.parameters, limit)
    return found


def _definition(tool: object, _limit: int) -> ToolDefinition | None:
    if type(tool) is not dict and not isinstance(tool, Mapping):
        name = getattr(tool, "name", None)
        return (
            ToolDefinition(name=name, description=getattr(tool, "description", None))
            if isinstance(name, str)
            else None
        )
    inner: Params = next((tool[key] for key in _WRAPPED if isinstance(tool.get(key), Mapping)), tool)
    name = inner.get("name") or inner.get("type")
    if not isinstance(name, str):
        return None
    schema = next((inner[key] for key in _SCHEMAS if key in inner), None)
    description = inner.get("description")
    return ToolDefinition(name, description if isinstance(description, str) else None, schema)


def _taken(value: Any, types: tuple[type, ...]) -> Any:
    if types is _WORDS:
        return _words(value)
    if not isinstance(value, types) or isinstance(value, bool):
        return None
    fits = is_int64(value) if isinstance(value, int) else not isinstance(value, float) or math.isfinite(value)
    return value if fits else None


def _words(value: object) -> list[str] | None:
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
