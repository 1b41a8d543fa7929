"""Bounds: what is recorded of a field fits in so many bytes of JSON, and still is what its schema says.

The values are cut, not their encoding: texts are shortened first, then the middle of a list goes, and a
marker with the word `omitted` stands for what is left out. The first item (instructions) and the last ones
(the present question) tell most, so they stay longest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, get_args

from genai_otel_core import messages as m
from genai_otel_core.ends import omitted_before
from genai_otel_core.plain import clip, measured, omitted, sayable, to_json
from genai_otel_core.survey import ITEM, surely_fits

T = TypeVar("T")

_OBJECTS = frozenset({*get_args(m.Part), m.Message, m.ToolDefinition, m.Document})
_READABLE = 512
"""Texts are not cut below so many bytes while there are list items to leave out."""
_SHORTEST = 16


class _Cut(NamedTuple):
    text: int
    """UTF-8 bytes of each text."""
    items: int
    """Items of each list and mapping."""


def json_bytes(value: Any) -> int:
    """The size of plain data as JSON text in UTF-8."""
    return len(to_json(value).encode("utf-8", "replace"))


def fit(value: T, limit: int, size: Callable[[T], int], cut: Callable[[T, _Cut], T], length: int) -> T:
    """Return `value` if it fits in `limit`, else a large cut of it that does, or the smallest one."""
    if surely_fits(value, limit):
        return value
    # An item has at least some twenty bytes of JSON, so that measuring a long list is bounded too.
    most = max(2, min(length, limit // ITEM))
    first = value if length <= most else cut(value, _Cut(limit, most))
    texts = _texts(first)
    if any(sayable(text) != text for text in texts):
        first = value = cut(value, _Cut(limit, most))
    # Encoding only makes texts longer: what their lengths rule out is not tried.
    longest = _longest(sorted(map(len, texts)), limit)
    if length <= most and longest == limit and size(value) <= limit:
        return value
    for step in _steps(longest, limit, most):
        smaller = cut(value, step)
        if size(smaller) <= limit:
            return _refined(value, limit, size, cut, step, smaller)
    return cut(value, _Cut(0, 0))


def _texts(value: Any) -> list[str]:
    """All texts in a value, in any order."""
    found: list[str] = []
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is str:
            found.append(item)
        elif kind in _OBJECTS:
            pending.extend(getattr(item, name) for name in kind.__slots__)
        elif kind is list or kind is tuple:
            pending.extend(item)
        elif kind is dict:
            pending.extend(item)
            pending.extend(item.values())
    return found


def _longest(lengths: list[int], room: int) -> int:
    limit = room
    for index, length in enumerate(lengths):
        share = room // (len(lengths) - index)
        if length > share:
            return share
        room -= length
    return limit


def left_out(value: Any, kept: Any) -> int:
    """About how many bytes `kept` leaves out of `value`, with what had been left out of its texts before."""
    given = sum(whole for whole, _ in map(measured, _texts(value)))
    return max(0, given - sum(shown for _, shown in map(measured, _texts(kept))))


def _steps(longest: int, limit: int, most: int) -> list[_Cut]:
    texts, text = [], longest
    while text > _SHORTEST:
        texts.append(text)
        text //= 2
    texts.append(_SHORTEST)
    counts, count = [], most
    while count > 1:
        counts.append(count)
        count //= 2
    counts.append(1)
    floor = min(_READABLE, limit // 4)
    long = [_Cut(text, most) for text in texts if text >= floor]
    fewer = [_Cut(max(floor, _SHORTEST), count) for count in counts]
    short = [_Cut(text, count) for count in (2, 1) for text in texts if text < floor]
    return [*long, *fewer, *short]


def _refined(
    value: T, limit: int, size: Callable[[T], int], cut: Callable[[T, _Cut], T], step: _Cut, found: T
) -> T:
    # Between this cut and the one that was too long, there may be room for more text.
    low, high = step.text, step.text * 2
    for _ in range(4):
        middle = (low + high) // 2
        more = cut(value, step._replace(text=middle))
        if size(more) <= limit:
            low, found = middle, more
        else:
            high = middle
    return found


def text(value: str, limit: int) -> str:
    """Return a text that fits."""
    return clip(value, limit)


def data(value: Any, limit: int) -> Any:
    """Return JSON data that fits; an object stays one."""
    if surely_fits(value, limit):
        return value
    count = len(value) if isinstance(value, (Mapping, list)) else 1
    found = fit(value, limit, json_bytes, _cut_data, count)
    if json_bytes(found) <= limit:
        return found
    mark = omitted(json_bytes(value), "bytes")
    return {"omitted": mark} if isinstance(value, Mapping) else [mark] if isinstance(value, list) else mark


def _cut_data(value: Any, by: _Cut) -> Any:
    if isinstance(value, str):
        return clip(value, by.text)
    if isinstance(value, Mapping):
        kept = {clip(key, max(by.text, 64)): _cut_data(value[key], by) for key in list(value)[: by.items]}
        if len(value) > by.items:
            kept["omitted"] = len(value) - by.items
        return kept
    if isinstance(value, (list, tuple)):
        marker = omitted(len(value) - by.items, "items")
        return _ends([_cut_data(item, by) for item in _kept(value, by.items)], len(value), by.items, marker)
    return value


def _kept(items: Sequence[T], count: int) -> list[T]:
    """The first and the last ones, `count` in all."""
    if len(items) <= count:
        return list(items)
    if count > 1:
        return [items[0], *items[len(items) - count + 1 :]]
    return list(items[len(items) - count :])


def _ends(kept: list[Any], length: int, count: int, marker: Any) -> list[Any]:
    if length > count:
        kept.insert(1 if count > 1 else 0, marker)
    return kept


def _left_out(value: Sequence[m.Message | m.Part | m.ToolDefinition], by: _Cut) -> int:
    return len(value) - by.items + omitted_before(value)


def messages(value: list[m.Message], limit: int, size: Callable[[list[m.Message]], int]) -> list[m.Message]:
    """Return messages that fit; `size` measures them as they will be written."""
    longest = max((len(message.parts) for message in value), default=0)
    return fit(value, limit, size, _cut_messages, max(len(value), longest))


def _cut_messages(value: list[m.Message], by: _Cut) -> list[m.Message]:
    kept = [_cut_message(message, by) for message in _kept(value, by.items)]
    gone = _left_out(value, by)
    mark: m.Part = m.Text(omitted(gone, "messages"))
    return _ends(kept, len(value), by.items, m.Message("omitted", [mark]))


def _cut_message(message: m.Message, by: _Cut) -> m.Message:
    name = None if message.name is None else clip(message.name, max(by.text, 64))
    parts = _cut_parts(message.parts, by)
    return m.Message(clip(message.role, 64), parts, name, _id(message.finish_reason, 64))


def parts(value: list[m.Part], limit: int, size: Callable[[list[m.Part]], int]) -> list[m.Part]:
    """Return parts that fit."""
    return fit(value, limit, size, _cut_parts, len(value))


def _cut_parts(value: list[m.Part], by: _Cut) -> list[m.Part]:
    kept = [_cut_part(part, by) for part in _kept(value, by.items)]
    gone = _left_out(value, by)
    return _ends(kept, len(value), by.items, m.Text(omitted(gone, "parts")))


def _cut_part(part: m.Part, by: _Cut) -> m.Part:
    short = max(by.text, 64)
    if isinstance(part, (m.Text, m.Reasoning)):
        return type(part)(clip(part.content, by.text))
    if isinstance(part, m.ToolCall):
        return m.ToolCall(clip(part.name, short), _id(part.id, short), _cut_data(part.arguments, by))
    if isinstance(part, m.ToolResponse):
        return m.ToolResponse(_cut_data(part.response, by), _id(part.id, short))
    if isinstance(part, m.ServerToolCall):
        return m.ServerToolCall(clip(part.name, short), _typed(part.call, by), _id(part.id, short))
    if isinstance(part, m.ServerToolResponse):
        return m.ServerToolResponse(_typed(part.response, by), _id(part.id, short))
    if isinstance(part, m.Uri):
        return m.Uri(part.modality, clip(part.uri, short), part.mime_type)
    if isinstance(part, m.File):
        return m.File(part.modality, clip(part.file_id, short), part.mime_type)
    if isinstance(part, m.Blob):
        return m.Blob(part.modality, "", part.mime_type)
    return m.Generic(clip(part.type, short), _cut_data(part.data, by))


def _id(value: str | None, limit: int) -> str | None:
    return None if value is None else clip(value, limit)


def _typed(value: Any, by: _Cut) -> Any:
    cut = _cut_data(value, by)
    kind = value.get("type") if isinstance(value, Mapping) else None
    return {"type": kind, **cut} if isinstance(kind, str) and isinstance(cut, dict) else cut


def definitions(
    value: list[m.ToolDefinition], limit: int, size: Callable[[list[m.ToolDefinition]], int]
) -> list[m.ToolDefinition]:
    """Return tool definitions that fit."""
    return fit(value, limit, size, _cut_definitions, len(value))


def _cut_definitions(value: list[m.ToolDefinition], by: _Cut) -> list[m.ToolDefinition]:
    kept = [
        m.ToolDefinition(
            clip(tool.name, max(by.text, 64)),
            None if tool.description is None else clip(tool.description, by.text),
            # Below this, a schema says nothing any more.
            _cut_data(tool.parameters, by) if by.text >= _READABLE else None,
            clip(tool.type, 64),
        )
        for tool in _kept(value, by.items)
    ]
    gone = _left_out(value, by)
    mark = m.ToolDefinition(omitted(gone, "tools"), type="omitted")
    return _ends(kept, len(value), by.items, mark)


def documents(
    value: list[m.Document], limit: int, size: Callable[[list[m.Document]], int]
) -> list[m.Document]:
    """Return documents that fit; the first ones are the best, so they stay."""
    return fit(value, limit, size, _cut_documents, len(value))


def _cut_documents(value: list[m.Document], by: _Cut) -> list[m.Document]:
    kept = [
        m.Document(
            _id(found.id, max(by.text, 64)),
            found.score,
            None if found.content is None else clip(found.content, by.text),
            _cut_data(found.metadata, by) if by.text >= _READABLE else None,
        )
        for found in value[: by.items]
    ]
    if len(value) > by.items:
        kept.append(m.Document(content=omitted(len(value) - by.items, "documents")))
    return kept
