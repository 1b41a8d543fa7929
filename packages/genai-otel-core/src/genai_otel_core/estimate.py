"""How large content can become when it is written: told from one walk over it, without writing it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, get_args

from genai_otel_core import messages as m
from genai_otel_core.plain import sayable

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


def surely_fits(value: Any, limit: int) -> bool:
    """Whether `value` fits in `limit` however it is written: told without writing it, and mostly true."""
    return estimated(value, limit) is not None


def estimated(value: Any, limit: int) -> int | None:
    """Return how many bytes `value` has at most, however it is written; None if that is not surely within `limit`."""
    room = limit
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is str:
            if not item.isascii() and not is_sayable(item):
                return None
            room -= 6 * len(item) + ITEM  # a control character is written as \u and four digits
        elif item is None or kind is bool or kind is float:
            room -= 2 * ITEM
        elif kind in FIELDS:
            room -= _OBJECT
            pending += FIELDS[kind](item)
        elif kind is list or kind is tuple or kind is dict:
            room -= ITEM * (len(item) + 1)
            if room < 0:
                return None
            if kind is dict:
                room -= _room_for_names(item, room)
                item = item.values()
            pending += item
        elif kind is int:
            room -= item.bit_length() // 3 + ITEM
        elif isinstance(item, str):  # a subclass, as LangChain's texts of messages are
            pending.append(str.__str__(item))
        else:
            return None
        if room < 0:
            return None
    return limit - room


def _room_for_names(value: dict[Any, Any], room: int) -> int:
    try:
        names = "".join(value)
    except TypeError:  # names that are no texts are written in ways of their own
        return room + 1
    return 6 * len(names) if is_sayable(names) else room + 1


def is_sayable(text: str) -> bool:
    """Whether a text is all UTF-8; what is not is mended where values are cut."""
    return text.isascii() or sayable(text) == text
