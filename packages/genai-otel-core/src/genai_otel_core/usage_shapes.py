"""Token usage from the shapes that providers and frameworks report it in, as a table of key paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from genai_otel_core.usage import Usage, count

Path = tuple[str] | tuple[str, str]
_PARTS = ("input", "output", "cache_read", "cache_write", "reasoning", "input_audio", "output_audio")


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
    plan: tuple[tuple[str, str, str | None], ...] = field(init=False)
    """All of them in order: the field of `Usage`, the key, and the key inside what it holds."""

    def __post_init__(self) -> None:
        by_field = {f"{name}_tokens": getattr(self, name) for name in _PARTS}
        steps = (
            (name, path[0], path[1] if len(path) > 1 else None)
            for name in by_field
            for path in by_field[name]
        )
        object.__setattr__(self, "plan", tuple(steps))


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
# LangChain's own names, as `_plainly_told` reads them.
_TOTALS = ("input_tokens", "output_tokens")
_DETAILS = ("input_token_details", "output_token_details")
_OF_INPUT, _OF_OUTPUT = ("cache_read", "cache_creation", "audio"), ("reasoning", "audio")
_NO_DETAILS: dict[str, Any] = {}
_UNDETAILED = frozenset({*_TOTALS, "total_tokens"})
_COUNT_OR_NOTHING = frozenset({int, type(None)})
_EPHEMERAL = frozenset({"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"})


def parse_usage(reported: object) -> Usage | None:
    """Read a usage mapping or object of any known shape; None if it holds no count.

    Totals include their parts: where a provider's total is smaller than its cache or reasoning part, it
    left that part out.
    """
    if type(reported) is dict:
        told = _plainly_told(reported)
        if told is not None:
            return told
    get = _getter(reported)
    if get is None:
        return None
    shape = _shape_of(get)
    if shape is None:
        return None
    numbers = _numbers(get, shape)
    write = _cache_write(get)
    if write is not None and not numbers.get("cache_write_tokens"):
        numbers["cache_write_tokens"] = write
    if not numbers:
        return None
    _complete(numbers, shape)
    return Usage(**numbers)


def _plainly_told(reported: dict[str, Any]) -> Usage | None:
    """LangChain's own mapping with nothing odd in it, as nearly all are: what the table says of it, in one step."""
    inputs, outputs = map(reported.get, _DETAILS)
    if inputs is None:
        if outputs is None and not reported.keys() <= _UNDETAILED:
            return None
        inputs = _NO_DETAILS
    if outputs is None:
        outputs = _NO_DETAILS
    if type(inputs) is not dict or type(outputs) is not dict or not _EPHEMERAL.isdisjoint(inputs):
        return None
    numbers = (*map(reported.get, _TOTALS), *map(inputs.get, _OF_INPUT), *map(outputs.get, _OF_OUTPUT))
    if not _COUNT_OR_NOTHING.issuperset(map(type, numbers)):
        return None
    total, answered, read, written, heard, reasoned, spoken = numbers
    if (
        total is None
        or answered is None
        or (read or 0) + (written or 0) > total
        or (reasoned or 0) > answered
    ):
        return None
    if None in map(count, filter(None, numbers)):
        return None
    return Usage(total, answered, read, written, reasoned, heard, spoken)


def _numbers(get: Callable[[str], Any], shape: _Shape) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, key, inner in shape.plan:
        value = get(key)
        if value is None or name in found:
            continue
        if inner is not None:
            look_up = _getter(value)
            value = None if look_up is None else look_up(inner)
        number = count(value)
        if number is not None:
            found[name] = number
    return found


def _shape_of(get: Callable[[str], Any]) -> _Shape | None:
    for shape in _SHAPES:
        for mark in shape.marks:
            if get(mark) is not None:
                return shape
    return None


def _complete(numbers: dict[str, int], shape: _Shape) -> None:
    read, written = numbers.get("cache_read_tokens", 0), numbers.get("cache_write_tokens", 0)
    total = numbers.get("input_tokens")
    if total is not None and (shape.cache_is_extra or read + written > total):
        numbers["input_tokens"] = total + read + written
    reasoned, total = numbers.get("reasoning_tokens", 0), numbers.get("output_tokens")
    if total is not None and (shape.reasoning_is_extra or reasoned > total):
        numbers["output_tokens"] = total + reasoned


def _cache_write(get: Callable[[str], Any]) -> int | None:
    # langchain-anthropic reports writes by lifetime and then 0 as their sum.
    details = get("input_token_details")
    if details is None or (type(details) is dict and _EPHEMERAL.isdisjoint(details)):
        return None
    look_up = _getter(details)
    if look_up is None:
        return None
    lifetimes = [n for n in (count(look_up(key)) for key in _EPHEMERAL) if n is not None]
    return sum(lifetimes) if lifetimes else None


def _getter(value: object) -> Callable[[str], Any] | None:
    if type(value) is dict:  # nearly always, and much cheaper to tell than any `Mapping`
        return value.get
    if value is None or isinstance(value, (str, bytes, int, float, list, tuple)):
        return None
    if isinstance(value, Mapping):
        return value.get
    return lambda key: getattr(value, key, None)
