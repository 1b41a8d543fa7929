"""A model call's answer: LangChain's `LLMResult` to response, usage and finish reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from genai_otel_core import responses_api
from genai_otel_core.cost import reported
from genai_otel_core.operations import Inference
from genai_otel_core.plain import mapping
from genai_otel_core.providers import api_type
from genai_otel_core.usage import Usage
from genai_otel_core.usage_shapes import parse_usage

_USAGE_KEYS = ("usage_metadata", "token_usage", "usage", "token_count", "amazon-bedrock-invocationMetrics")
_FINISH_KEYS = ("finish_reason", "stop_reason", "done_reason", "stopReason", "finishReason")
_FINISH_NAMES = frozenset(_FINISH_KEYS)
_MODEL_KEYS = ("model_name", "model", "model_id", "model_version")
_ID_KEYS = ("id", "response_id", "request_id")
_FINGERPRINT_KEYS = ("system_fingerprint",)
_TIER_KEYS = ("service_tier",)
_USAGE_NAMES = frozenset(_USAGE_KEYS)
_OPENAI = ("openai", "azure.ai.openai")
# Ids that LangChain makes up for messages, and the UUIDs of graph states.
_OWN_ID = re.compile(r"^(?:run-|lc_|[0-9a-f]{8}-[0-9a-f]{4}-)")


def read_result(op: Inference, result: Any) -> None:
    """Complete the operation from the result of a call; what it does not say stays as it was."""
    sources: list[Mapping[str, Any]] = []
    carried: list[Mapping[str, Any]] = []
    reasons: list[str] = []
    requested: list[str] = []
    cached = False
    for generation in _choices(result):
        if generation is None:
            continue
        message = getattr(generation, "message", None)
        said = _sources(generation, message)
        if said:
            sources += said
            reason = _text(said, _FINISH_KEYS)
            if reason is not None:
                reasons.append(reason)
        usage = getattr(message, "usage_metadata", None)
        if usage:
            usage = mapping(usage)
            carried.append(usage)
            if usage.get("total_cost") == 0:
                # LangChain's marker: it sets the cost of a cached message to 0, and no provider reports that key.
                cached = True
        calls = getattr(message, "tool_calls", None)
        if calls:
            requested += _ids(calls)
    output = mapping(getattr(result, "llm_output", None))
    if output:
        sources.append(output)
    _read_response(op, sources, reasons, result)
    op.cached = cached
    found = Usage() if cached else _usage(carried, output, sources)
    if found is not None:
        op.usage = found
    op.cost = reported(_bills(carried, sources))
    op.requested_calls = requested


def _read_response(op: Inference, sources: list[Mapping[str, Any]], reasons: list[str], result: Any) -> None:
    response = op.response
    response.finish_reasons = reasons or _endings(op, result) or response.finish_reasons
    response.model = _text(sources, _MODEL_KEYS) or response.model
    response.system_fingerprint = _text(sources, _FINGERPRINT_KEYS)
    response.service_tier = _text(sources, _TIER_KEYS)
    own_id = _text(sources, _ID_KEYS)
    if own_id is None or _OWN_ID.match(own_id):
        own_id = _message_id(result)
    response.id = own_id or response.id
    if op.provider in _OPENAI:
        op.api_type = api_type(response.id)


def _choices(result: Any) -> list[Any]:
    prompts = getattr(result, "generations", None)
    first = prompts[0] if isinstance(prompts, list) and prompts else None
    return first if isinstance(first, list) else [first]


def generations_of(result: Any) -> list[Any]:
    """The choices of the first prompt: a run has one prompt."""
    return [generation for generation in _choices(result) if generation is not None]


def has_answer(result: Any) -> bool:
    """Whether a failed call had begun to answer; LangChain wraps a bare HTTP error into an empty message."""
    return any(
        getattr(generation, "text", None)
        or getattr(getattr(generation, "message", None), "content", None)
        or getattr(getattr(generation, "message", None), "tool_calls", None)
        or usage_of_message(getattr(generation, "message", None))
        for generation in generations_of(result)
    )


def finish_reason(generation: Any) -> str | None:
    """Why this choice ended, in the provider's word."""
    said = _sources(generation, getattr(generation, "message", None))
    return _text(said, _FINISH_KEYS) or _ending(generation)


def finish_reason_in(metadata: Any) -> str | None:
    """Why a message ended, in the provider's word, from its response metadata."""
    source = mapping(metadata)
    return None if _FINISH_NAMES.isdisjoint(source) else _text((source,), _FINISH_KEYS)


def _endings(op: Inference, result: Any) -> list[str]:
    if op.provider not in _OPENAI:
        return []
    return [reason for one in generations_of(result) if (reason := _ending(one)) is not None]


def _ending(generation: Any) -> str | None:
    message = getattr(generation, "message", None)
    asked = bool(getattr(message, "tool_calls", None))
    found = (responses_api.finish_reason(source.get, asked) for source in _sources(generation, message))
    return next((reason for reason in found if reason is not None), None)


def usage_of_message(message: Any) -> Usage | None:
    """The usage that a message or chunk carries."""
    return parse_usage(getattr(message, "usage_metadata", None))


def _sources(generation: Any, message: Any) -> list[Mapping[str, Any]]:
    answered = getattr(message, "response_metadata", None)
    generated = getattr(generation, "generation_info", None)
    if not generated:
        return [mapping(answered)] if answered else []
    return [mapping(source) for source in (answered, generated) if source]


def _usage(
    carried: list[Mapping[str, Any]], output: Mapping[str, Any], sources: list[Mapping[str, Any]]
) -> Usage | None:
    # Each choice carries the usage of the whole call, so the first that has one speaks for all.
    for usage in carried:
        found = parse_usage(usage)
        if found is not None:
            return found
    for source in (output, *sources):
        for key in _USAGE_KEYS:
            found = parse_usage(source.get(key))
            if found is not None:
                return found
        found = parse_usage(source) if "prompt_eval_count" in source or "eval_count" in source else None
        if found is not None:
            return found
    return None


def _bills(carried: list[Mapping[str, Any]], sources: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    bills = [*carried]
    for source in sources:
        bills.append(source)
        if not _USAGE_NAMES.isdisjoint(source):
            bills += [mapping(source.get(key)) for key in _USAGE_KEYS]
    return bills


def _ids(calls: Any) -> list[str]:
    ids = [mapping(call).get("id") for call in calls]
    return [call_id for call_id in ids if isinstance(call_id, str) and call_id]


def _message_id(result: Any) -> str | None:
    for generation in generations_of(result):
        own = getattr(getattr(generation, "message", None), "id", None)
        if isinstance(own, str) and own and not _OWN_ID.match(own):
            return own
    return None


def _text(sources: Sequence[Mapping[str, Any]], keys: tuple[str, ...]) -> str | None:
    for source in sources:
        for value in filter(None, map(source.get, keys)):
            if isinstance(value, str):
                return value
    return None
