"""Token usage: totals include their parts, nothing is invented, nothing is counted twice."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from genai_otel_core.usage import Usage, count
from genai_otel_core.usage_shapes import parse_usage

COUNTS = st.one_of(
    st.none(), st.integers(-5, 10**9), st.booleans(), st.text(max_size=3), st.floats(allow_nan=True)
)
OPENAI = st.fixed_dictionaries(
    {"prompt_tokens": COUNTS, "completion_tokens": COUNTS},
    optional={
        "prompt_tokens_details": st.one_of(
            st.none(), st.dictionaries(st.sampled_from(["cached_tokens"]), COUNTS)
        ),
        "completion_tokens_details": st.dictionaries(st.sampled_from(["reasoning_tokens"]), COUNTS),
    },
)
ANTHROPIC = st.fixed_dictionaries(
    {"input_tokens": COUNTS, "output_tokens": COUNTS},
    optional={"cache_read_input_tokens": COUNTS, "cache_creation_input_tokens": COUNTS},
)
LANGCHAIN = st.fixed_dictionaries(
    {"input_tokens": COUNTS, "output_tokens": COUNTS},
    optional={
        "total_tokens": COUNTS,
        "input_token_details": st.dictionaries(
            st.sampled_from(["cache_read", "cache_creation", "audio"]), COUNTS
        ),
        "output_token_details": st.dictionaries(st.sampled_from(["reasoning", "audio"]), COUNTS),
    },
)
HUGE = st.integers(2**63 - 1, 2**63)
LANGCHAIN_COUNTED = st.fixed_dictionaries(
    {"input_tokens": st.integers(-1, 300), "output_tokens": st.one_of(st.integers(-1, 300), HUGE)},
    optional={
        "total_tokens": st.integers(-1, 300),
        "input_token_details": st.dictionaries(
            st.sampled_from(["cache_read", "cache_creation", "audio", "ephemeral_5m_input_tokens"]),
            st.one_of(st.none(), st.integers(-1, 200)),
        ),
        "output_token_details": st.dictionaries(
            st.sampled_from(["reasoning", "audio"]),
            st.one_of(st.none(), st.integers(-1, 200), st.floats(), HUGE),
        ),
    },
)
GEMINI = st.fixed_dictionaries(
    {"prompt_token_count": COUNTS, "candidates_token_count": COUNTS},
    optional={"thoughts_token_count": COUNTS, "cached_content_token_count": COUNTS},
)


@given(st.one_of(OPENAI, ANTHROPIC, LANGCHAIN, GEMINI))
def test_parts_never_exceed_totals(reported: dict[str, Any]) -> None:
    """Whatever is reported: cache lies within input, reasoning within output, and no number is negative."""
    usage = parse_usage(reported)
    if usage is None:
        return
    if usage.input_tokens is not None:
        assert (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0) <= usage.input_tokens
    if usage.output_tokens is not None:
        assert (usage.reasoning_tokens or 0) <= usage.output_tokens
    assert all(value is None or value >= 0 for value in (usage.input_tokens, usage.output_tokens))


@given(st.one_of(LANGCHAIN, LANGCHAIN_COUNTED))
def test_the_short_way_says_what_the_table_says(reported: dict[str, Any]) -> None:
    """LangChain's own mapping is mostly read in one step; as another type of mapping it is read by the table."""
    assert parse_usage(reported) == parse_usage(MappingProxyType(reported))


def test_a_count_beyond_64_bits_is_none() -> None:
    """An exporter would refuse the whole batch that it is in; the other counts stay."""
    reported = {"input_tokens": 7, "output_tokens": 2**63, "input_token_details": {"audio": 2**70}}
    assert parse_usage(reported) == Usage(input_tokens=7)


@given(
    st.one_of(
        st.none(), st.integers(), st.text(), st.lists(st.integers()), st.dictionaries(st.text(), COUNTS)
    )
)
def test_what_is_no_usage_is_none(reported: Any) -> None:
    """Anything else gives nothing, or something that holds a real count."""
    usage = parse_usage(reported)
    assert usage is None or usage


def test_counts() -> None:
    """Whole numbers of tokens count, whatever their type; everything else does not."""
    assert [count(value) for value in (0, 5, 5.0, 5.5, -1, True, None, "5")] == [
        0,
        5,
        5,
        None,
        None,
        None,
        None,
        None,
    ]


def test_adding_keeps_what_only_one_side_knows() -> None:
    """A number that nobody reported stays absent in the sum."""
    total = Usage(input_tokens=1)
    total.add(Usage(input_tokens=2, cache_read_tokens=0))
    assert total == Usage(input_tokens=3, cache_read_tokens=0)


def test_objects_are_read_like_mappings() -> None:
    """SDK objects with attributes are usage, too."""

    class Reported:
        prompt_tokens = 3
        completion_tokens = 4

    assert parse_usage(Reported()) == Usage(input_tokens=3, output_tokens=4)
