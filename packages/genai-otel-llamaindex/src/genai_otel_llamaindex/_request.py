"""A model call's request: the model object and the call's arguments to an `Inference` or `Embeddings`."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import BoundArguments
from typing import Any

from genai_otel_core import parameters
from genai_otel_core.messages import Message
from genai_otel_core.operations import Embeddings, Inference, Request
from genai_otel_core.providers import is_known
from genai_otel_llamaindex import _messages
from genai_otel_llamaindex._classify import STREAM_METHODS
from genai_otel_llamaindex._endpoints import endpoint_of_model, provider_of

_MODEL_NAMES = ("model", "model_name", "model_id", "engine", "deployment_name", "azure_deployment")
# Classes whose work happens in this process: no network lies between the caller and the model.
_IN_PROCESS = frozenset(
    {
        "MockLLM",
        "MockLLMWithChatMemoryOfLastCall",
        "MockFunctionCallingLLM",
        "MockEmbedding",
        "LlamaCPP",
        "HuggingFaceLLM",
        "HuggingFaceEmbedding",
        "OptimumEmbedding",
        "FastEmbedEmbedding",
        "MLXLLM",
        "OpenVINOLLM",
        "OpenVINOGenAILLM",
        "IpexLLM",
    }
)


def inference(model: Any, method: str, call: BoundArguments) -> Inference:
    """Build the operation for a model call that starts, without content."""
    op = Inference(kind=_kind(model, method), request=_request(model, _keywords(call)))
    op.provider = provider_of(model)
    op.server_address, op.server_port = endpoint_of_model(model)
    op.in_process = _runs_here(model) and not is_known(op.provider)
    if method in STREAM_METHODS:
        op.request.stream = True
    return op


def add_content(op: Inference, model: Any, call: BoundArguments, limit: int) -> None:
    """Add what is sent to the model: messages or prompt, and the tools offered."""
    keywords = _keywords(call)
    messages = call.arguments.get("messages", keywords.get("messages"))
    op.input_messages = (
        _messages.chat_messages(messages, limit) if messages is not None else _prompt(call, limit)
    )
    op.tool_definitions = parameters.tool_definitions(keywords.get("tools"), limit)
    instructions = _fields(model).get("instructions")
    if isinstance(instructions, str) and instructions:
        op.system_instructions = _messages.data_parts(instructions, limit)


def last_said(call: BoundArguments) -> Any:
    """The last message, or the prompt, that a model is given. Content."""
    messages = call.arguments.get("messages", _keywords(call).get("messages"))
    if messages is None:
        return _given_prompt(call)
    return messages[-1] if isinstance(messages, (list, tuple)) and messages else messages


def embeddings(model: Any, call: BoundArguments) -> Embeddings:
    """Build the operation for an embeddings call that starts."""
    op = Embeddings(provider=provider_of(model), request=Request(model=model_name(model)))
    op.server_address, op.server_port = endpoint_of_model(model)
    op.in_process = _runs_here(model) and not is_known(op.provider)
    texts = call.arguments.get("texts")
    op.input_count = len(texts) if isinstance(texts, (list, tuple)) else 1
    return op


def read_vectors(op: Embeddings, result: Any) -> None:
    """Complete the operation from the vectors that came."""
    if not isinstance(result, list) or not result:
        return
    vector = result[0] if isinstance(result[0], list) else result
    op.dimension_count = len(vector)


def _request(model: Any, keywords: Mapping[str, Any]) -> Request:
    own = _fields(model)
    extra = own.get("additional_kwargs")
    sources = [*parameters.with_nested(keywords), *([extra] if isinstance(extra, Mapping) else [])]
    sources += [_of_responses_api(model, own), own] if "reasoning_options" in own else [own]
    chosen = keywords.get("model")
    found = Request(model=chosen if isinstance(chosen, str) and chosen else model_name(model))
    parameters.read_parameters(found, sources)
    found.output_type = parameters.output_type(keywords, extra if isinstance(extra, Mapping) else {})
    return found


def _of_responses_api(model: Any, own: Mapping[str, Any]) -> Mapping[str, Any]:
    # `OpenAIResponses` names these in its own way.
    private = getattr(model, "__pydantic_private__", None)
    reasoning = own["reasoning_options"]
    return {
        "previous_response_id": private.get("_previous_response_id") if isinstance(private, dict) else None,
        "reasoning_effort": reasoning.get("effort") if isinstance(reasoning, Mapping) else None,
    }


def model_name(model: Any) -> str | None:
    """The name of a model, an embedding model or a reranker's model, if it has one."""
    own = _fields(model)
    name = next((own[n] for n in _MODEL_NAMES if isinstance(own.get(n), str) and own[n]), None)
    if name is not None:
        return name if name != "unknown" else None
    name = getattr(_metadata(model), "model_name", None)
    return name if isinstance(name, str) and name and name != "unknown" else None


def _kind(model: Any, method: str) -> str:
    if "chat" in method or getattr(_metadata(model), "is_chat_model", False) is True:
        return "chat"
    return "text_completion"


def _metadata(model: Any) -> Any:
    try:
        return getattr(model, "metadata", None)
    except Exception:  # noqa: BLE001 - integrations raise for models they do not know, which is no news
        return None


def _fields(model: Any) -> Mapping[str, Any]:
    # The object's own values, never a dump: a dump may hold keys and run the host's serialisers.
    held = getattr(model, "__dict__", None)
    return held if isinstance(held, dict) else {}


def _runs_here(model: Any) -> bool:
    return any(base.__name__ in _IN_PROCESS for base in type(model).__mro__)


def _keywords(call: BoundArguments) -> Mapping[str, Any]:
    inner = call.arguments.get("kwargs")
    return inner if isinstance(inner, Mapping) else call.kwargs


def _prompt(call: BoundArguments, limit: int) -> list[Message] | None:
    prompt = _given_prompt(call)
    messages = None if prompt is None else _messages.chat_messages([prompt], limit)
    images = call.arguments.get("image_documents", _keywords(call).get("image_documents"))
    positional = call.arguments.get("args")
    if images is None and isinstance(positional, tuple) and len(positional) > 1:
        images = positional[1]
    return messages if messages is None else _messages.with_images(messages, images, limit)


def _given_prompt(call: BoundArguments) -> Any:
    positional = call.arguments.get("args")
    prompt = call.arguments.get("prompt", _keywords(call).get("prompt"))
    if prompt is None and isinstance(positional, tuple) and positional:
        prompt = positional[0]
    return prompt
