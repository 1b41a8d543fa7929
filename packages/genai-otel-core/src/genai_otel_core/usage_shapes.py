"""Token usage from the shapes that providers and frameworks report it in, as a table of key paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from genai_otel_core.usage import Usage, count

Path = tuple[str] | tuple[str, str]


@dataclass(frozen=True)
class _Shape:
    """Where one provider's numbers are. The first key that holds a count wins.

    `cache_is_extra`: the input count leaves cache reads and writes out; `reasoning_is_extra`: the output
    count leaves reasoning out. Both are added, since the conventions' totals include them.
    """

    marks: tuple[str, ...]
    input: tuple[Path, ...]
    output: tuple[Path, ...]
    cache_read: tuple[Path, ...] = ()
    cache_write: tuple[Path, ...] = ()
    reasoning: tuple[Path, ...] = ()
    input_audio: tuple[Path, ...] = ()
    output_audio: tuple[Path, ...] = ()
    cache_is_extra: bool = False
    reasoning_is_extra: bool = False


_SHAPES = (
    _Shape(  # LangChain's UsageMetadata
        ("input_token_details", "output_token_details"),
        (("input_tokens",),),
        (("output_tokens",),),
        (("input_token_details", "cache_read"),),
        (("input_token_details", "cache_creation"),),
        (("output_token_details", "reasoning"),),
        (("input_token_details", "audio"),),
        (("output_token_details", "audio"),),
    ),
    _Shape(  # OpenAI responses
        ("input_tokens_details", "output_tokens_details"),
        (("input_tokens",),),
        (("output_tokens",),),
        (("input_tokens_details", "cached_tokens"),),
        (),
        (("output_tokens_details", "reasoning_tokens"),),
    ),
    _Shape(  # OpenAI chat completions and what imitates it (Groq, Mistral, DeepSeek, xAI, vLLM, llama.cpp)
        ("prompt_tokens", "completion_tokens"),
        (("prompt_tokens",),),
        (("completion_tokens",),),
        (("prompt_tokens_details", "cached_tokens"), ("prompt_cache_hit_tokens",)),
        (("prompt_tokens_details", "cache_write_tokens"),),
        (("completion_tokens_details", "reasoning_tokens"),),
        (("prompt_tokens_details", "audio_tokens"),),
        (("completion_tokens_details", "audio_tokens"),),
    ),
    _Shape(  # Gemini and Vertex AI
        ("prompt_token_count", "candidates_token_count", "cached_content_token_count"),
        (("prompt_token_count",),),
        (("candidates_token_count",),),
        (("cached_content_token_count",),),
        (),
        (("thoughts_token_count",),),
        reasoning_is_extra=True,
    ),
    _Shape(  # the same over REST
        ("promptTokenCount", "candidatesTokenCount"),
        (("promptTokenCount",),),
        (("candidatesTokenCount",),),
        (("cachedContentTokenCount",),),
        (),
        (("thoughtsTokenCount",),),
        reasoning_is_extra=True,
    ),
    _Shape(  # Bedrock Converse
        ("inputTokens", "outputTokens"),
        (("inputTokens",),),
        (("outputTokens",),),
        (("cacheReadInputTokens",), ("cacheReadInputTokenCount",)),
        (("cacheWriteInputTokens",), ("cacheWriteInputTokenCount",)),
        cache_is_extra=True,
    ),
    _Shape(  # Bedrock invoke metrics
        ("inputTokenCount", "outputTokenCount"),
        (("inputTokenCount",),),
        (("outputTokenCount",),),
        (("cacheReadInputTokenCount",),),
        (("cacheWriteInputTokenCount",),),
        cache_is_extra=True,
    ),
    _Shape(  # IBM watsonx
        ("input_token_count", "generated_token_count"),
        (("input_token_count",),),
        (("generated_token_count",),),
    ),
    _Shape(  # Ollama
        ("prompt_eval_count", "eval_count"),
        (("prompt_eval_count",),),
        (("eval_count",),),
    ),
    _Shape(  # Anthropic messages
        ("input_tokens", "output_tokens"),
        (("input_tokens",),),
        (("output_tokens",),),
        (("cache_read_input_tokens",),),
        (("cache_creation_input_tokens",),),
        cache_is_extra=True,
    ),
)
_EPHEMERAL = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")


def parse_usage(reported: object) -> Usage | None:
    """Read a usage mapping or object of any known shape; None if it holds no count.

    Totals include their parts: where a provider's total is smaller than its cache or reasoning part, it
    left that part out.
    """
    get = _getter(reported)
    if get is None:
        return None
    shape = _shape_of(get)
    if shape is None:
        return None
    usage = Usage(
        input_tokens=_first(get, shape.input),
        output_tokens=_first(get, shape.output),
        cache_read_tokens=_first(get, shape.cache_read),
        cache_write_tokens=_cache_write(get, shape),
        reasoning_tokens=_first(get, shape.reasoning),
        input_audio_tokens=_first(get, shape.input_audio),
        output_audio_tokens=_first(get, shape.output_audio),
    )
    _complete(usage, shape)
    return usage or None


def _shape_of(get: Callable[[str], Any]) -> _Shape | None:
    for shape in _SHAPES:
        for mark in shape.marks:
            if get(mark) is not None:
                return shape
    return None


def _complete(usage: Usage, shape: _Shape) -> None:
    cached = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    if usage.input_tokens is not None and (shape.cache_is_extra or cached > usage.input_tokens):
        usage.input_tokens += cached
    reasoned = usage.reasoning_tokens or 0
    if usage.output_tokens is not None and (shape.reasoning_is_extra or reasoned > usage.output_tokens):
        usage.output_tokens += reasoned


def _cache_write(get: Callable[[str], Any], shape: _Shape) -> int | None:
    found = _first(get, shape.cache_write)
    details = _getter(get("input_token_details"))
    if found or details is None:
        return found
    # langchain-anthropic reports writes by lifetime and then 0 as their sum.
    lifetimes = [n for n in (count(details(key)) for key in _EPHEMERAL) if n is not None]
    return sum(lifetimes) if lifetimes else found


def _first(get: Callable[[str], Any], paths: tuple[Path, ...]) -> int | None:
    for path in paths:
        value: Any = get(path[0])
        if len(path) > 1 and value is not None:
            inner = _getter(value)
            value = None if inner is None else inner(path[1])
        number = count(value)
        if number is not None:
            return number
    return None


def _getter(value: object) -> Callable[[str], Any] | None:
    if type(value) is dict:  # nearly always, and much cheaper to tell than any `Mapping`
        return value.get
    if value is None or isinstance(value, (str, bytes, int, float, list, tuple)):
        return None
    if isinstance(value, Mapping):
        return value.get
    return lambda key: getattr(value, key, None)
