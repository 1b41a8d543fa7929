"""A model call's request: LangChain's metadata and invocation parameters to an `Inference`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genai_otel_core import parameters
from genai_otel_core.endpoints import NOWHERE
from genai_otel_core.guard import attempt
from genai_otel_core.messages import ToolDefinition
from genai_otel_core.operations import Inference, Request
from genai_otel_core.parameters import output_type, read_parameters, with_nested
from genai_otel_core.plain import mapping
from genai_otel_core.providers import canonical_provider, is_known
from genai_otel_langchain._endpoints import endpoint_of_model, tells_endpoint
from genai_otel_langchain._peek import Caller

Params = Mapping[str, Any]

# The `ls_` summary of a call's parameters: field of `Request`, the parameter's own name, the key.
_SUMMARY = (
    ("temperature", "temperature", "ls_temperature"),
    ("max_tokens", "max_tokens", "ls_max_tokens"),
    ("stop_sequences", "stop", "ls_stop"),
)
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
    op.request.output_type = output_type(params, options)
    if not is_known(provider):
        op.in_process = _class_name(serialized) in _IN_PROCESS
    return op


def request(metadata: Params, params: Params) -> Request:
    """Read the request's parameters; the call's own come before the `ls_` summary."""
    named = metadata.get("ls_model_name")
    found = Request(named if isinstance(named, str) and named else _model(params))
    read_parameters(found, with_nested(params))
    _read_summary(found, metadata)
    if params.get("stream") is True or params.get("streaming") is True:
        found.stream = True
    return found


def _read_summary(found: Request, metadata: Params) -> None:
    summary = {
        name: metadata[key]
        for field, name, key in _SUMMARY
        if key in metadata and getattr(found, field) is None
    }
    if summary:
        read_parameters(found, [summary])


def complete(op: Inference, seen: Caller) -> None:
    """Read from the model itself what its integration does not report; several keep most of it to themselves."""
    model = seen.runnable
    if seen.is_stream:
        op.request.stream = True
    held = getattr(model, "__dict__", None)
    if not isinstance(held, dict):
        return
    if tells_endpoint(model, held):
        op.server_address, op.server_port = attempt("endpoint_of_model", endpoint_of_model, model) or NOWHERE
    parameters.read_fields(op.request, held)
    if op.provider is None:
        op.provider = _provider_of(model)
    if op.provider == "gcp.gemini" and held.get("_use_vertexai") is True:
        op.provider = "gcp.vertex_ai"


def tool_definitions(params: Params, limit: int) -> list[ToolDefinition] | None:
    """The tools offered to the model. Content."""
    return parameters.tool_definitions(params.get("tools") or params.get("functions"), limit)


def _provider(metadata: Params, params: Params) -> str | None:
    named = canonical_provider(metadata.get("ls_provider"))
    if named == "openai":
        kind = params.get("_type")
        if isinstance(kind, str) and kind.startswith("azure"):
            return canonical_provider("azure")
    return named


def _provider_of(model: object) -> str | None:
    # What the metadata of a call says, unless a text model is called by `generate`.
    summary = getattr(model, "_get_ls_params", None)
    return None if summary is None else canonical_provider(mapping(summary()).get("ls_provider"))


def _model(params: Params) -> str | None:
    return next((name for name in map(params.get, _MODEL_NAMES) if isinstance(name, str) and name), None)


def _class_name(serialized: object) -> str | None:
    path = mapping(serialized).get("id")
    return path[-1] if isinstance(path, (list, tuple)) and path and isinstance(path[-1], str) else None
