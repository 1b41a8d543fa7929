"""How large content can become when it is written, and if it holds no secrets: told from one walk, without writing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, islice
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any, get_args

from genai_otel_core import messages as m
from genai_otel_core import secret_keys
from genai_otel_core.plain import sayable
from genai_otel_core.secret_names import VALUES, are_harmless

ITEM = 20
"""An item of a list takes at least so many bytes of JSON."""
_OBJECT = 168
"""More than the names of an object of ours and its fields can take when they are written."""
FIELDS: dict[type, Callable[[Any], Iterable[Any]]] = {
    **{
        kind: attrgetter(*kind.__slots__)
        for kind in (*get_args(m.Part), m.Message, m.ToolDefinition, m.Document)
    },
    m.Text: lambda said: (said.content,),
    m.Reasoning: lambda said: (said.content,),
}
"""How to read all fields of our objects at once."""
_Message, _Text = m.Message, m.Text
_SAID = frozenset({m.Text, m.Reasoning})
_SCALARS = frozenset({type(None), bool, float})
_TOO_MANY = "more items than fit"
_content = attrgetter("content")
_parts = attrgetter("parts")
_around_parts = attrgetter("role", "name", "finish_reason")


def surely_fits(value: Any, limit: int) -> bool:
    """Whether `value` fits in `limit` however it is written: told without writing it, and mostly true."""
    return surveyed(value, limit) is not None


def surveyed(value: Any, limit: int) -> tuple[int, bool] | None:
    """Return how many bytes `value` has at most, however it is written, and whether it surely holds no secrets.

    None if it is not surely within `limit`.
    """
    texts: list[str] = []
    names: list[str] = []
    try:
        if type(value) is list and value and type(value[0]) is _Message:
            size = _size_of_messages(value, texts, names, limit // ITEM)
        else:
            size = _size([value], texts, names, limit // ITEM)
        keys, text = "\n".join(names), "\n".join(texts)
        if size + len(keys) + len(text) > limit:
            return None
        # Whoever writes JSON within JSON writes twice as much of it at most.
        size += ITEM * len(names) + 2 * len(encode_basestring(keys + text).encode())
    except (TypeError, ValueError):  # of another type, or too many, or halves of surrogate pairs
        return None
    if size > limit:
        return None
    return size, VALUES.isdisjoint(names) and are_harmless(keys) and not secret_keys.may_be_in(text)


def _size_of_messages(value: list[m.Message], texts: list[str], names: list[str], most: int) -> int:
    if len(value) > most:
        raise ValueError(_TOO_MANY)
    parts = [*islice(chain.from_iterable(map(_parts, value)), most)]
    texts += filter(None, chain.from_iterable(map(_around_parts, value)))
    size = _OBJECT * len(value)
    if not _SAID.issuperset(map(type, parts)):
        return size + _size(parts, texts, names, most)
    texts += map(_content, parts)
    return size + _OBJECT * len(parts)


def _size(pending: list[Any], texts: list[str], names: list[str], most: int) -> int:
    """Take what is `pending` apart into texts and names; return the size of all else."""
    size = 0
    for item in pending:  # it grows
        kind = type(item)
        if kind is str:
            texts.append(item)
            continue
        if kind is int:
            size += item.bit_length() // 3
            continue
        if kind in _SCALARS:
            size += ITEM
            continue
        if kind is dict:
            names += islice(item, most)
            pending += islice(item.values(), most)
        elif kind in FIELDS:
            size += _OBJECT
            pending += FIELDS[kind](item)
        elif kind is list or kind is tuple:
            if len(item) == 2 and isinstance(item[0], str):
                names.append(item[0])  # it may be a name and its value
            pending += islice(item, most)
        elif isinstance(item, str):  # a subclass, as LangChain's texts of messages are
            texts.append(str.__str__(item))
        else:
            raise TypeError(kind)
        if len(pending) > most:
            raise ValueError(_TOO_MANY)
    return size + ITEM * len(pending)


def is_sayable(text: str) -> bool:
    """Whether a text is all UTF-8; what is not is mended where values are cut."""
    return text.isascii() or sayable(text) == text
