"""Plain data: JSON of a bounded size from anything, without asking the host's objects."""

from __future__ import annotations

import datetime as dt
import enum
import json
import uuid
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from genai_otel_core.plain import clip, plain, to_json
from genai_otel_core.secret_names import is_secret

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.just(object())
)
WILD = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(), st.integers(), st.none()), inner),
    ),
    max_leaves=30,
)


@given(WILD, st.integers(256, 4096))
def test_anything_becomes_json_of_about_the_bound(value: Any, limit: int) -> None:
    """It parses again, and is not much larger than the bound (escapes and the last item may exceed it)."""
    text = to_json(plain(value, limit))
    json.loads(text)
    assert len(text) < 8 * limit + 1024


@given(st.text(), st.integers(64, 400))
def test_clipped_text_fits(text: str, limit: int) -> None:
    """At most the bound in UTF-8, unchanged if it fits, marked if it does not."""
    clipped = clip(text, limit)
    assert len(clipped.encode("utf-8", "replace")) <= limit
    if len(text.encode("utf-8", "replace")) <= limit:
        assert clipped == text
    else:
        assert "omitted" in clipped


KEYS = st.sampled_from(
    ["a", "é", "name", "value", "password", "data", "format", "omitted", "b\nc", "k" * 300, 1]
)
TEXTS = st.sampled_from(
    ["", "token", "x" * 70, "x" * 300, "é" * 70, "\ud800", "data:a/b;base64," + "QUJD" * 70]
)
TREES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def in_other_types(value: Any) -> Any:
    """The same data in mappings, sequences and texts that are no builtin ones."""
    if isinstance(value, dict):
        return MappingProxyType({key: in_other_types(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(map(in_other_types, value))
    return Words(value) if isinstance(value, str) else value


class Words(str):
    """A text of a framework's own type."""

    __slots__ = ()


@given(TREES, st.integers(16, 1024))
def test_builtin_types_are_read_as_all_others(value: Any, limit: int) -> None:
    """Usual data takes a short cut, which gives the same."""
    assert repr(plain(value, limit)) == repr(plain(in_other_types(value), limit))


def test_known_types_are_told_and_others_named() -> None:
    """Dates, ids and enums are their text, objects of the application their type's name."""

    class Colour(enum.Enum):
        RED = "red"

    @dataclass
    class Point:
        x: int

    identity = uuid.UUID(int=1)
    given_data = {
        "d": dt.date(2026, 1, 2),
        "u": identity,
        "e": Colour.RED,
        "p": Point(1),
        "o": object(),
        "b": b"ab",
    }
    assert plain(given_data, 1000) == {
        "d": "2026-01-02",
        "u": str(identity),
        "e": "red",
        "p": {"x": 1},
        "o": "[unserializable object]",
        "b": "[omitted 2 bytes]",
    }


def test_secret_keys_are_dropped_at_any_depth() -> None:
    """What is named like a secret is not there, what only sounds like one is."""
    data = {
        "a": {"api_key": "k", "Authorization": "b", "max_tokens": 3, "dbPassword": "p"},
        "token": "t",
        "tokenizer": "x",
    }
    assert plain(data, 1000) == {"a": {"max_tokens": 3}, "tokenizer": "x"}


def test_secret_names() -> None:
    """The usual names in the usual spellings."""
    assert all(
        map(
            is_secret,
            [
                "api_key",
                "apiKey",
                "X-API-Key",
                "password",
                "access_token",
                "client_secret",
                "cookie",
                "apisecret",
            ],
        )
    )
    assert not any(map(is_secret, ["key", "author", "passenger", "total_tokens_used", 7, None]))


def test_media_within_data_is_left_out() -> None:
    """Inline media in arguments, results and states is not data to show: its size is told."""
    image = "QUJD" * 200
    state = {
        "url": f"data:image/png;base64,{image}",
        "block": {"type": "image", "base64": image, "mime_type": "image/png"},
        "google": [{"mime_type": "video/mp4", "data": image}],
        "data": image,
        "small": "data:image/png;base64,QUJD",
        "prose": "data: " + "word " * 100,
    }
    assert plain(state, 10_000) == {
        **state,
        "url": "data:image/png;base64,[omitted 600 bytes]",
        "block": {"type": "image", "base64": "[omitted 600 bytes]", "mime_type": "image/png"},
        "google": [{"mime_type": "video/mp4", "data": "[omitted 600 bytes]"}],
    }
