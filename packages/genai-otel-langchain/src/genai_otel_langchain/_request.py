"""A model call's request: LangChain's metadata and invocation parameters to an `Inference`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genai_otel_core.messages import ToolDefinition
from genai_otel_core.operations import Inference, Request
from genai_otel_core.plain import plain
from genai_otel_core.providers import canonical_provider, is_known

Params = Mapping[str, Any]

_NUMBERS = (int, float)
# Field of `Request` -> (type, names in the parameters in order, name in the `ls_` metadata)
_PARAMETERS: tuple[tuple[str, tuple[type, ...], tuple[str, ...], str | None], ...] = (
    ("temperature", _NUMBERS, ("temperature",), "ls_temperature"),
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
        "ls_max_tokens",
    ),
    ("top_p", _NUMBERS, ("top_p", "topP"), None),
    ("top_k", _NUMBERS, ("top_k", "topK"), None),
    ("seed", (int,), ("seed", "random_seed"), None),
    ("frequency_penalty", _NUMBERS, ("frequency_penalty",), None),
    ("presence_penalty", _NUMBERS, ("presence_penalty",), None),
    ("choice_count", (int,), ("n", "candidate_count", "num_generations"), None),
    ("service_tier", (str,), ("service_tier",), None),
    ("reasoning_level", (str,), ("reasoning_effort",), None),
    ("previous_response_id", (str,), ("previous_response_id",), None),
)
_NESTED = ("model_kwargs", "generation_config", "inferenceConfig", "options")
_MODEL_NAMES = ("model", "model_name", "model_id", "deployment_name", "azure_deployment", "endpoint_name")

# Classes whose work happens in this process: no network lies between the caller and the model.
_IN_PROCESS = frozenset(
    {
        "FakeChatModel",
        "FakeListChatModel",
        "FakeMessagesListChatModel",
        "FakeListLLM",
        "FakeStreamingListLLM",
        "FakeLLM",
        "GenericFakeChatModel",
        "ParrotFakeChatModel",
        "LlamaCpp",
        "ChatLlamaCpp",
        "HuggingFacePipeline",
        "MLXPipeline",
        "ChatMLX",
        "GPT4All",
        "CTransformers",
        "ExLlamaV2",
        "OpenVINOLLM",
        "VLLM",
    }
)


def inference(kind: str, serialized: object, metadata: Params, params: Params, options: Params) -> Inference:
    """Build the operation for a model call that starts, without content."""
    provider = _provider(metadata, params)
    op = Inference(kind=kind, provider=provider, request=request(metadata, params))
    op.request.output_type = _output_type(params, options)
    op.in_process = _class_name(serialized) in _IN_PROCESS and not is_known(provider)
    return op


def request(metadata: Params, params: Params) -> Request:
    """Read the request's parameters; the call's own come before the `ls_` summary."""
    sources = [params, *(nested for nested in map(params.get, _NESTED) if isinstance(nested, Mapping))]
    found = Request(model=_model(metadata, params), stop_sequences=_stop(metadata, sources))
    for name, types, keys, summary in _PARAMETERS:
        value = next((v for v in (s.get(k) for s in sources for k in keys) if _is(v, types)), None)
        if value is None and summary is not None and _is(metadata.get(summary), types):
            value = metadata[summary]
        if value is not None:
            setattr(found, name, value)
    if params.get("stream") is True or params.get("streaming") is True:
        found.stream = True
    return found


def tool_definitions(params: Params, limit: int) -> list[ToolDefinition] | None:
    """The tools offered to the model, from any provider's form. Content."""
    tools = params.get("tools") or params.get("functions")
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


def _provider(metadata: Params, params: Params) -> str | None:
    named = canonical_provider(metadata.get("ls_provider"))
    kind = params.get("_type")
    if isinstance(kind, str) and kind.startswith("azure") and named == "openai":
        return canonical_provider("azure")
    return named


def _model(metadata: Params, params: Params) -> str | None:
    candidates = (metadata.get("ls_model_name"), *(params.get(name) for name in _MODEL_NAMES))
    return next((name for name in candidates if isinstance(name, str) and name), None)


def _stop(metadata: Params, sources: Sequence[Params]) -> list[str] | None:
    for value in (*(s.get(k) for s in sources for k in ("stop", "stop_sequences")), metadata.get("ls_stop")):
        if isinstance(value, str):
            return [value]
        if isinstance(value, (list, tuple)) and value:
            return [word for word in value if isinstance(word, str)]
    return None


def _output_type(params: Params, options: Params) -> str | None:
    wanted = params.get("response_format") or params.get("text_format") or options.get("response_format")
    if isinstance(wanted, Mapping):
        kind = wanted.get("type")
        return "json" if kind in ("json_schema", "json_object") else "text" if kind == "text" else None
    if isinstance(wanted, type):
        return "json"
    if params.get("response_mime_type") == "application/json" or params.get("format") == "json":
        return "json"
    modalities = params.get("modalities")
    return "speech" if isinstance(modalities, (list, tuple)) and "audio" in modalities else None


def _class_name(serialized: object) -> str | None:
    path = serialized.get("id") if isinstance(serialized, Mapping) else None
    return path[-1] if isinstance(path, (list, tuple)) and path and isinstance(path[-1], str) else None
