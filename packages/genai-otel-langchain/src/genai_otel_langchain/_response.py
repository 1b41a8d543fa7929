"""A model call's answer: LangChain's `LLMResult` to response, usage and finish reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from genai_otel_core.cost import reported
from genai_otel_core.operations import Inference
from genai_otel_core.usage import Usage
from genai_otel_core.usage_shapes import parse_usage

_USAGE_KEYS = ("usage_metadata", "token_usage", "usage", "amazon-bedrock-invocationMetrics")
_FINISH_KEYS = ("finish_reason", "stop_reason", "done_reason", "stopReason", "finishReason")
_MODEL_KEYS = ("model_name", "model", "model_id", "model_version")
_ID_KEYS = ("id", "response_id", "request_id")
# Ids that LangChain makes up for messages, and the UUIDs of graph states.
_OWN_ID = re.compile(r"^(?:run-|lc_|[0-9a-f]{8}-[0-9a-f]{4}-)")


def read_result(op: Inference, result: Any) -> None:
    """Complete the operation from the result of a call; what it does not say stays as it was."""
    generations = list(generations_of(result))
    output = _mapping(getattr(result, "llm_output", None))
    sources = [source for generation in generations for source in _sources(generation)]
    if output:
        sources.append(output)
    response = op.response
    response.model = _text(sources, _MODEL_KEYS) or response.model
    response.id = _response_id(generations, sources) or response.id
    response.system_fingerprint = _text(sources, ("system_fingerprint",))
    response.service_tier = _text(sources, ("service_tier",))
    reasons = [reason for reason in map(finish_reason, generations) if reason is not None]
    response.finish_reasons = reasons or response.finish_reasons
    op.cached = any(_is_cache_hit(generation) for generation in generations)
    op.usage = Usage() if op.cached else _usage(generations, output) or op.usage
    op.cost = reported(_bills(generations, sources))
    op.requested_calls = [call_id for generation in generations for call_id in _requested(generation)]
    if op.provider in ("openai", "azure.ai.openai"):
        op.api_type = _api_type(response.id)


def generations_of(result: Any) -> Iterator[Any]:
    """The choices of the first prompt: a run has one prompt."""
    prompts = getattr(result, "generations", None)
    first = prompts[0] if isinstance(prompts, list) and prompts else None
    for generation in first if isinstance(first, list) else [first]:
        if generation is not None:
            yield generation


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
    return _text(_sources(generation), _FINISH_KEYS)


def finish_reason_in(metadata: Any) -> str | None:
    """Why a message ended, in the provider's word, from its response metadata."""
    return _text((_mapping(metadata),), _FINISH_KEYS)


def usage_of_message(message: Any) -> Usage | None:
    """The usage that a message or chunk carries."""
    return parse_usage(getattr(message, "usage_metadata", None))


def _sources(generation: Any) -> list[Mapping[str, Any]]:
    message = getattr(generation, "message", None)
    answered = _mapping(getattr(message, "response_metadata", None))
    generated = _mapping(getattr(generation, "generation_info", None))
    return [source for source in (answered, generated) if source]


def _usage(generations: list[Any], output: Mapping[str, Any]) -> Usage | None:
    # Each choice carries the usage of the whole call, so the first that has one speaks for all.
    for generation in generations:
        found = usage_of_message(getattr(generation, "message", None))
        if found is not None:
            return found
    for source in (output, *(s for g in generations for s in _sources(g))):
        for key in _USAGE_KEYS:
            found = parse_usage(source.get(key))
            if found is not None:
                return found
        found = parse_usage(source) if "prompt_eval_count" in source or "eval_count" in source else None
        if found is not None:
            return found
    return None


def _bills(generations: list[Any], sources: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for generation in generations:
        yield _mapping(getattr(getattr(generation, "message", None), "usage_metadata", None))
    for source in sources:
        yield source
        for key in _USAGE_KEYS:
            yield _mapping(source.get(key))


def _requested(generation: Any) -> Iterator[str]:
    for call in getattr(getattr(generation, "message", None), "tool_calls", None) or ():
        call_id = call.get("id") if isinstance(call, Mapping) else None
        if isinstance(call_id, str) and call_id:
            yield call_id


def _is_cache_hit(generation: Any) -> bool:
    # LangChain's marker: it sets the cost of a cached message to 0, and no provider reports that key.
    usage = getattr(getattr(generation, "message", None), "usage_metadata", None)
    return _mapping(usage).get("total_cost") == 0


def _response_id(generations: list[Any], sources: Sequence[Mapping[str, Any]]) -> str | None:
    found = _text(sources, _ID_KEYS)
    if found is not None and not _OWN_ID.match(found):
        return found
    for generation in generations:
        own = getattr(getattr(generation, "message", None), "id", None)
        if isinstance(own, str) and own and not _OWN_ID.match(own):
            return own
    return None


def _api_type(response_id: str | None) -> str | None:
    if response_id is None:
        return None
    if response_id.startswith("resp_"):
        return "responses"
    return "chat_completions" if response_id.startswith("chatcmpl") else None


def _mapping(value: Any) -> Mapping[str, Any]:
    if type(value) is dict:  # nearly always, and much cheaper to tell than any `Mapping`
        return value
    return value if isinstance(value, Mapping) else {}


def _text(sources: Sequence[Mapping[str, Any]], keys: tuple[str, ...]) -> str | None:
    for source in sources:
        for key in keys:
            value = source.get(key)
            if isinstance(value, str) and value:
                return value
    return None
