"""A model call's answer: LlamaIndex's responses, and the provider's own in them, to response and usage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from genai_otel_core import responses_api
from genai_otel_core.operations import Failure, Inference
from genai_otel_core.providers import api_type
from genai_otel_core.usage import Usage
from genai_otel_core.usage_shapes import parse_usage

_USAGE_KEYS = ("usage", "usage_metadata", "token_usage", "usageMetadata")
_FINISH_KEYS = ("stop_reason", "finish_reason", "done_reason", "stopReason", "finishReason")
_CHOICES = ("choices", "candidates")
_MODEL_KEYS = ("model", "model_version", "model_id")
_ID_KEYS = ("id", "response_id")

# Where events of a stream have the answer.
_INNER = ("response", "message", "data")

Get = Callable[[str], Any]


def read_response(op: Inference, response: Any) -> None:
    """Complete the operation from a response or a chunk of one; what it does not say stays as it was."""
    sources = list(_sources(response))
    op.response.id = _text(sources, _ID_KEYS) or op.response.id
    op.response.model = _text(sources, _MODEL_KEYS) or op.response.model
    op.response.system_fingerprint = _text(sources, ("system_fingerprint",)) or op.response.system_fingerprint
    op.response.service_tier = _text(sources, ("service_tier",)) or op.response.service_tier
    op.response.finish_reasons = _finish_reasons(sources) or op.response.finish_reasons
    op.usage = _usage(sources) or op.usage
    if op.provider in ("openai", "azure.ai.openai"):
        op.api_type = api_type(op.response.id) or op.api_type


def failure(response: Any, content: bool) -> Failure | None:
    """Why an answer failed, if it says so itself."""
    found = (responses_api.failure(get, content) for get in _sources(response))
    return next((one for one in found if one is not None), None)


def requested_calls(response: Any) -> list[str]:
    """The ids of the tool calls that an answer asks for, wherever the integration puts them."""
    message = getattr(response, "message", None)
    blocks = getattr(message, "blocks", None)
    found = [getattr(block, "tool_call_id", None) for block in blocks] if isinstance(blocks, list) else []
    extra = getattr(message, "additional_kwargs", None)
    calls = extra.get("tool_calls") if isinstance(extra, Mapping) else None
    if isinstance(calls, (list, tuple)):
        found += [_get(call)("call_id") or _get(call)("id") for call in calls]
    return list(dict.fromkeys(call_id for call_id in found if isinstance(call_id, str) and call_id))


def bears_content(response: Any) -> bool:
    """Whether a chunk brings text, reasoning or a part of a tool call; role and usage do not count."""
    if getattr(response, "delta", None):
        return True
    raw = _get(getattr(response, "raw", None))
    if responses_api.is_event(raw("type")):
        return bool(raw("delta") or raw("partial_image_b64"))
    choices = raw("choices")
    if isinstance(choices, (list, tuple)):
        # What is in the message adds up over the chunks; the provider's own chunk tells what is new.
        return any(_get(_get(choice)("delta"))("tool_calls") for choice in choices)
    message = getattr(response, "message", None)
    for extra in (getattr(response, "additional_kwargs", None), getattr(message, "additional_kwargs", None)):
        if isinstance(extra, Mapping) and (extra.get("thinking_delta") or extra.get("tool_calls")):
            return True
    blocks = getattr(message, "blocks", None)
    return isinstance(blocks, list) and any(
        getattr(block, "block_type", None) == "tool_call" for block in blocks
    )


def _sources(response: Any) -> Iterator[Get]:
    raw = getattr(response, "raw", None)
    for value in (raw, *map(_get(raw), _INNER)):
        if value is not None and not isinstance(value, (str, bytes, int, float, list, tuple)):
            yield _get(value)
    message = getattr(response, "message", None)
    for extra in (getattr(message, "additional_kwargs", None), getattr(response, "additional_kwargs", None)):
        if isinstance(extra, Mapping) and extra:
            yield _telling(extra)


def _telling(extra: Mapping[str, Any]) -> Get:
    # Integrations put what they like here: ids and model names in it are not the response's.
    return lambda key: extra.get(key) if key not in _ID_KEYS and key not in _MODEL_KEYS else None


def _get(value: Any) -> Get:
    if isinstance(value, Mapping):
        return value.get
    # Not `getattr` for anything: a mock or a lazy proxy has every attribute.
    held = getattr(value, "__dict__", None)
    return held.get if isinstance(held, dict) else lambda key: None


def _text(sources: list[Get], keys: tuple[str, ...]) -> str | None:
    for get in sources:
        for key in keys:
            value = get(key)
            if isinstance(value, str) and value:
                return value
    return None


def _finish_reasons(sources: list[Get]) -> list[str] | None:
    for get in sources:
        for key in _CHOICES:
            choices = get(key)
            if isinstance(choices, (list, tuple)):
                found = [reason for reason in (_finish_reason(_get(choice)) for choice in choices) if reason]
                if found:
                    return found
        reason = _finish_reason(get) or _finish_reason(_get(get("delta")))
        reason = reason or responses_api.finish_reason(get, responses_api.calls_tools(get))
        if reason:
            return [reason]
    return None


def _finish_reason(get: Get) -> str | None:
    for key in _FINISH_KEYS:
        value = get(key)
        value = getattr(value, "name", value)  # Gemini's is an enum
        if isinstance(value, str) and value:
            return value
    return None


def _usage(sources: list[Get]) -> Usage | None:
    for get in sources:
        # Cohere's is what it bills, which the conventions want.
        for counts in (*map(get, _USAGE_KEYS), _get(get("meta"))("billed_units")):
            found = parse_usage(counts)
            if found is not None:
                return found
        # Ollama and LlamaIndex's own summary keep the counts at the top.
        top = {
            key: get(key) for key in ("prompt_eval_count", "eval_count", "prompt_tokens", "completion_tokens")
        }
        found = parse_usage({key: value for key, value in top.items() if value is not None})
        if found is not None:
            return found
    return None
