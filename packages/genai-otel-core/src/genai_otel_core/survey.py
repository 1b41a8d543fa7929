"""What there is in content, found in one walk: how large it gets when it is written, and whether it is harmless.

The walk knows the builtin types of JSON, our own objects and nothing else: content that has other things in
it, or more than fits, is read with care elsewhere. Mappings and lists are copied on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, islice
from json.encoder import encode_basestring
from math import isfinite
from operator import attrgetter
from typing import Any

from genai_otel_core import messages as m
from genai_otel_core.secret_names import may_hold_secrets, may_name_secrets

ITEM = 20
"""An item of a list takes at least so many bytes of JSON."""
MAX_DEPTH = 12
"""Deeper data is left out."""
NAME_LENGTH = 256
"""Keys of more bytes are cut."""
_SHORT_NAME = NAME_LENGTH // 4
"""So many characters never have more bytes."""
INT64 = 1 << 63
MEDIA_KEYS = frozenset({"base64", "data", "bytes", "file_data"})
"""The keys of media within data."""
MEDIA = frozenset({m.Blob, m.Uri})
"""What becomes a reference."""
OBJECT = 168
"""More than the names of an object of ours and its fields can take when they are written."""
_SAID = frozenset({m.Text, m.Reasoning})
_TEXTS, _NUMBERS = frozenset({str}), frozenset({int, float})
_content = attrgetter("content")
_parts = attrgetter("parts")
_around_parts = attrgetter("role", "name", "finish_reason")
_Fields = tuple[Callable[[Any], Iterable[Any]], Callable[[Any], Iterable[Any]]]
_FIELDS: dict[type, _Fields] = {
    m.Text: (lambda part: (part.content,), lambda part: ()),
    m.Reasoning: (lambda part: (part.content,), lambda part: ()),
    m.ToolCall: (attrgetter("name", "id"), lambda part: (part.arguments,)),
    m.ToolResponse: (lambda part: (part.id,), lambda part: (part.response,)),
    m.ServerToolCall: (attrgetter("name", "id"), lambda part: (part.call,)),
    m.ServerToolResponse: (lambda part: (part.id,), lambda part: (part.response,)),
    m.Blob: (attrgetter("modality", "content", "mime_type"), lambda part: ()),
    m.Uri: (attrgetter("modality", "uri", "mime_type"), lambda part: ()),
    m.File: (attrgetter("modality", "file_id", "mime_type"), lambda part: ()),
    m.Generic: (lambda part: (part.type,), lambda part: (part.data,)),
    m.ToolDefinition: (attrgetter("name", "description", "type"), lambda tool: (tool.parameters,)),
    m.Document: (attrgetter("id", "content"), attrgetter("score", "metadata")),
}
"""How to read the texts of an object, and its data."""


class UnknownError(Exception):
    """There is something in it that the walk does not know, or more than fits."""


FAILURES = (UnknownError, LookupError, OverflowError, TypeError, ValueError)


class Surveyed(list[Any]):
    """A list of objects of ours that was surveyed when it was read, and holds no secrets."""

    size: float = 0
    """How many bytes it has at most, however it is written."""


def surely_fits(value: Any, limit: int) -> bool:
    """Whether `value` fits in `limit` however it is written: told without writing it, and mostly true."""
    return surveyed(value, limit) is not None


def surveyed(value: Any, limit: int) -> tuple[float, bool] | None:
    """Return how many bytes `value` has at most, however it is written, and whether it surely holds no secrets.

    None if it is not surely within `limit`.
    """
    survey = Survey(limit)
    try:
        if type(value) is Surveyed and value.size <= limit:
            return value.size, True
        first = type(value[0]) if type(value) is list and value else None
        if first is m.Message:
            survey.messages(value)
        elif first in _FIELDS:
            survey.objects(value)
        else:
            survey.value(value)
        return survey.result()
    except FAILURES:
        return None


def usual(value: Any, limit: int) -> tuple[Any, float] | None:
    """Return a copy of a mapping or list in which nothing is to hide, to mend or to leave out, and its size.

    None of another, or if it is not surely within `limit`.
    """
    survey = Survey(limit)
    try:
        copy = survey.data(value)
        size, is_clean = survey.result()
    except FAILURES:
        return None
    return (copy, size) if is_clean and survey.is_plain() else None


class Survey:
    """A walk over content, and what has been found on it.

    Its methods raise one of `FAILURES` for what is not known here, or is too much; the survey then says nothing.
    """

    __slots__ = ("_names", "_numbers", "_text", "_texts", "has_media", "limit", "room")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.room: float = limit
        """What is left beside texts and names."""
        self.has_media = False
        """Whether there are parts that may have to be referred to."""
        self._names: list[str] = []
        self._texts: list[str] = []
        self._numbers: list[float] = []

    def messages(self, value: list[m.Message]) -> None:
        """Take in messages."""
        self.room -= OBJECT * len(value)
        self._texts += filter(None, chain.from_iterable(map(_around_parts, value)))
        self.objects([*islice(chain.from_iterable(map(_parts, value)), self.limit)])

    def objects(self, value: list[Any]) -> None:
        """Take in parts, definitions or documents."""
        self.room -= OBJECT * len(value)
        kinds = {*map(type, value)}
        if kinds <= _SAID:
            self._texts += map(_content, value)
            return
        self.has_media = self.has_media or not kinds.isdisjoint(MEDIA)
        if self.room < 0:
            raise UnknownError
        for item in value:
            texts, data = _FIELDS[type(item)]
            self._texts += filter(None, texts(item))
            for one in data(item):
                self.value(one)

    def value(self, value: Any) -> None:
        """Take in data of any kind."""
        kind = type(value)
        if kind is str or isinstance(value, str):  # a subclass, as LangChain's texts of messages are
            self._texts.append(value)
        elif kind is dict or kind is list:
            self.data(value)
        elif kind is int or kind is float:
            self._numbers.append(value)
        elif value is not None and kind is not bool:
            raise UnknownError

    def data(self, value: Any, depth: int = 0) -> Any:
        """Take in a mapping or a list; return a copy of it."""
        self.room -= ITEM * len(value) + ITEM
        if self.room < 0 or depth >= MAX_DEPTH:
            raise UnknownError
        copy = value.copy()
        items: Iterable[tuple[Any, Any]]
        if type(copy) is dict:
            self._names += copy
            values, items = copy.values(), copy.items()
        else:
            if len(copy) == 2 and type(copy[0]) is str:
                self._names.append(copy[0])  # it may be a name and its value
            values, items = copy, enumerate(copy)
        kinds = {*map(type, values)}
        if kinds <= _TEXTS:
            self._texts += values
            return copy
        if kinds <= _NUMBERS:
            self._numbers += values
            return copy
        for key, item in items:
            kind = type(item)
            if kind is str:
                self._texts.append(item)
            elif kind is dict or kind is list:
                copy[key] = self.data(item, depth + 1)
            elif kind is int or kind is float:
                self._numbers.append(item)
            elif item is not None and kind is not bool:
                raise UnknownError
        return copy

    def result(self) -> tuple[float, bool]:
        """Return how many bytes all has at most, and whether it surely holds no secrets."""
        names, numbers = self._names, self._numbers
        self._text = text = "\n".join([*self._texts, *names])
        if len(text) > self.room:
            raise UnknownError
        # Whoever writes JSON within JSON writes twice as much of it at most.
        size = self.limit - self.room + 2 * len(encode_basestring(text).encode())
        if numbers:
            size += ITEM * len(numbers)
            if not (all(map(isfinite, numbers)) and -INT64 <= min(numbers) <= max(numbers) < INT64):
                raise UnknownError
        if size > self.limit:
            raise UnknownError
        return size, not (names and may_name_secrets(names)) and not may_hold_secrets(text)

    def is_plain(self) -> bool:
        """Whether no key is too long, and none and no text may be of media: what `plain` cuts or leaves out."""
        names = self._names
        if not MEDIA_KEYS.isdisjoint(names) or ";base64," in self._text:
            return False
        return not names or max(map(len, names)) <= _SHORT_NAME
