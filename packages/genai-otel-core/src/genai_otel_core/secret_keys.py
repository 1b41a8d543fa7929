"""Keys named like secrets are dropped from content: from data, and from JSON and the like within texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from operator import is_
from typing import Any

from genai_otel_core import messages as m
from genai_otel_core.plain import CUT
from genai_otel_core.secret_names import is_secret, is_secret_pair, may_hold_secrets, secret_value_keys

# A quoted key, also of a JSON text within a JSON text, where quotes have backslashes before them.
_KEY = re.compile(r"(?P<quote>\\{0,8}[\"'])(?P<key>[^\"'\\\n]{1,128})(?P=quote)\s{0,32}:\s{0,32}")
_SCALAR = re.compile(r"[^,}\])\n]*")
_COMMA = re.compile(r"\s{0,64},[ \t]{0,64}")


def without(value: Any) -> Any:
    """Return content without what keys named like secrets hold; `value` itself if there is nothing of the kind."""
    kind = type(value)
    fields = _OBJECTS.get(kind)
    if fields is not None:
        return _in_object(value, fields)
    if kind is str or isinstance(value, str):
        return in_text(value)
    if value is None or kind is int or kind is bool or kind is float:
        return value
    if kind is dict or (kind is not list and isinstance(value, Mapping)):
        return _in_mapping(value)
    if isinstance(value, (list, tuple)):
        kept = [without(item) for item in value if type(item) in _OBJECTS or not is_secret_pair(item)]
        return value if len(kept) == len(value) and all(map(is_, kept, value)) else kept
    return value


def _in_mapping(value: Mapping[Any, Any]) -> Any:
    hidden = secret_value_keys(value)
    kept = {key: without(item) for key, item in value.items() if key not in hidden and not is_secret(key)}
    same = len(kept) == len(value) and all(map(is_, kept.values(), value.values()))
    return value if same else kept


def _in_object(value: Any, fields: tuple[str, ...]) -> Any:
    changed: dict[str, Any] = {}
    for name in fields:
        given = getattr(value, name)
        kept = without(given)
        if kept is not given:
            changed[name] = kept
    return replace(value, **changed) if changed else value


_OBJECTS: dict[type, tuple[str, ...]] = {
    m.Message: ("parts",),
    m.Text: ("content",),
    m.Reasoning: ("content",),
    m.ToolCall: ("arguments",),
    m.ToolResponse: ("response",),
    m.ServerToolCall: ("call",),
    m.ServerToolResponse: ("response",),
    m.Generic: ("data",),
    m.ToolDefinition: ("description", "parameters"),
    m.Document: ("content", "metadata"),
}
"""Where our objects hold texts and data."""


def in_text(text: str) -> str:
    """Return `text` without the pairs in it whose quoted key is named like a secret, nested ones included."""
    if not may_hold_secrets(text):
        return text
    out: list[str] = []
    start = 0
    for found in _KEY.finditer(text):
        if found.start() < start or not is_secret(found["key"]):
            continue
        out.append(text[start : found.start()])
        end = _end_of_value(text, found.end(), found["quote"])
        comma = _COMMA.match(text, end)
        if comma is not None:
            end = comma.end()
        else:
            out = [_without_last_comma("".join(out))]
        start = end
    return "".join(out) + text[start:] if out else text


def _without_last_comma(head: str) -> str:
    bare = head.rstrip()
    return bare[:-1] if bare.endswith(",") else head


def _end_of_value(text: str, start: int, quote: str) -> int:
    cut = CUT.search(text, start)
    limit = cut.start() if cut is not None else len(text)
    if text.startswith(quote, start):
        return _end_of_string(text, start, quote, limit)
    if text[start : start + 1] in ("{", "["):
        return _end_of_brackets(text, start, quote, limit)
    plain = _SCALAR.match(text, start, limit)
    return limit if plain is None else plain.end()


def _end_of_string(text: str, start: int, quote: str, limit: int) -> int:
    at = start + len(quote)
    while (at := text.find(quote, at, limit)) >= 0:
        if text[at - 1] != "\\":
            return at + len(quote)
        at += len(quote)
    return limit


def _end_of_brackets(text: str, start: int, quote: str, limit: int) -> int:
    depth, at = 0, start
    while at < limit:
        if text.startswith(quote, at):
            at = _end_of_string(text, at, quote, limit)
            continue
        depth += (text[at] in "{[") - (text[at] in "}]")
        at += 1
        if depth == 0:
            return at
    return limit
