"""Plain data from anything: bounded before it is encoded, so that a 10 MB state costs what the bound costs.

Nothing here calls `repr`, `str`, `len`-proportional copies or serialisers of the host's own types.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import math
import numbers
import pathlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import is_dataclass
from itertools import islice
from typing import Any

from genai_otel_core.secret_names import is_secret, is_secret_pair, secret_value_keys
from genai_otel_core.survey import INT64, MAX_DEPTH, MEDIA_KEYS, NAME_LENGTH, usual

_MAX_BITS = 1024
STR_TYPES = (dt.date, dt.time, dt.timedelta, decimal.Decimal, uuid.UUID, pathlib.PurePath)
CUT = re.compile(r"\[omitted (\d+) characters\]")
_UNSAFE_NEAR_CUT = 256
# Media within data; in messages it is a part of its own.
_DATA_URL = re.compile(r"data:[\w.+-]{1,64}/[\w.+-]{1,64}[^,]{0,100};base64,", re.ASCII)
_MEDIA_TYPES = ("mime_type", "media_type", "format", "mimeType")
_MEDIA_LENGTH = 256
"""Shorter texts are not looked at."""


def omitted(count: int, unit: str) -> str:
    """The marker that stands for what a bound left out."""
    return f"[omitted {count} {unit}]"


def sayable(text: str) -> str:
    """Return `text` without halves of surrogate pairs: UTF-8 has none, and exporters refuse a whole batch."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def clip(text: str, limit: int) -> str:
    """Return `text`, made `sayable`, in at most `limit` UTF-8 bytes, with a marker if something is left out."""
    if text.isascii():
        if len(text) <= limit:
            return text
    elif len(text) <= limit:
        encoded = text.encode("utf-8", "replace")
        if len(encoded) <= limit:
            return encoded.decode("utf-8")
    # A character is at least one byte, so nothing behind the first `limit` characters can fit.
    total, end = len(text), len(text)
    earlier = CUT.search(text, max(0, total - 48))
    if earlier is not None and earlier.end() == total:
        end = earlier.start()
        total = end + int(earlier.group(1))
    head = text[: min(limit, end)].encode("utf-8", "replace")
    kept = head[: max(0, limit - len(omitted(total, "characters")))].decode("utf-8", "ignore")
    return kept + omitted(total - len(kept), "characters")


def measured(text: str) -> tuple[int, int]:
    """How many characters a text had before it was cut, and how many of them it has."""
    cut = CUT.search(text, max(0, len(text) - 48))
    if cut is None or cut.end() != len(text):
        return len(text), len(text)
    return cut.start() + int(cut.group(1)), cut.start()


def keep_clear_of_cut(text: str) -> str:
    """Return `text` without what stands right before the marker of a cut."""
    if "[omitted " not in text:
        return text
    out, start = [], 0
    for cut in CUT.finditer(text):
        kept = text[start : max(start, cut.start() - _UNSAFE_NEAR_CUT)]
        out.append(kept + omitted(int(cut.group(1)) + cut.start() - start - len(kept), "characters"))
        start = cut.end()
    return "".join(out) + text[start:]


def plain(value: Any, limit: int) -> Any:
    """Return JSON data for `value` of about `limit` bytes at most; the rest is counted, not read."""
    if type(value) is dict or type(value) is list:
        found = usual(value, limit)
        if found is not None:
            return found[0]
    return _Reading(limit).read(value, 0)


class _Reading:
    """The reading of one value; `left` is how many bytes more there may be."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def read(self, value: Any, depth: int) -> Any:
        """Return JSON data for `value`, and take its size off what is left."""
        if value is None or isinstance(value, bool):
            self.left -= 5
            return value
        if isinstance(value, (int, float)) and not isinstance(value, enum.Enum):
            self.left -= 8
            return number(value)
        if isinstance(value, str):
            text = clip(_without_media(str.__str__(value)), max(self.left, 64))
            self.left -= len(text) + 2
            return text
        if isinstance(value, enum.Enum):
            return self.read(value.value, depth + 1)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return omitted(len(value), "bytes")
        if isinstance(value, STR_TYPES):
            self.left -= 32
            return str(value)
        if depth >= MAX_DEPTH:
            return f"[omitted {type(value).__name__}]"
        return self._container(value, depth)

    def _container(self, value: Any, depth: int) -> Any:
        if type(value) is not list and isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._sequence(value, depth)
        fields = _fields(value)
        if fields is not None:
            return self._mapping(fields, depth)
        if isinstance(value, numbers.Real):  # numpy's
            self.left -= 8
            return number(int(value) if isinstance(value, numbers.Integral) else float(value))
        self.left -= 32
        return f"[unserializable {type(value).__name__}]"

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        hidden = secret_value_keys(value)
        for seen, (key, item) in enumerate(value.items()):
            if self.left <= 0:
                out["omitted"] = len(value) - seen
                break
            if key in hidden or is_secret(key):
                continue
            name = clip(key, NAME_LENGTH) if isinstance(key, str) else str(self.read(key, depth + 1))
            self.left -= len(name) + 4
            out[name] = _media(item) if _is_media(value, key, item) else self.read(item, depth + 1)
        return out

    def _sequence(self, value: Any, depth: int) -> list[Any]:
        out: list[Any] = []
        for seen, item in enumerate(islice(value, 0, None)):
            if self.left <= 0:
                out.append(omitted(len(value) - seen, "items"))
                break
            if is_secret_pair(item):
                continue
            self.left -= 1
            out.append(self.read(item, depth + 1))
        return out


def is_int64(value: int) -> bool:
    """Whether an exporter can write an int: of a log record with a larger one, OTLP's refuses the whole batch."""
    return -INT64 <= value < INT64


def number(value: float) -> Any:
    """Return a number that is one in JSON and OTLP, else as text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(float(value))
    if is_int64(value):
        return value
    bits = value.bit_length()
    return int.__repr__(value) if bits <= _MAX_BITS else f"[omitted int of {bits} bits]"


def finite(value: object) -> float | None:
    """Return `value` if it is a finite number, numpy's as a plain one; None for all else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    if isinstance(value, int):
        return value if is_int64(value) else None
    found = float(value)
    return found if math.isfinite(found) else None


def _fields(value: Any) -> dict[str, Any] | None:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name, None) for name in value.__dataclass_fields__}
    if hasattr(type(value), "model_fields") or hasattr(type(value), "__pydantic_fields__"):
        found = getattr(value, "__dict__", None)
        return found if isinstance(found, dict) else None
    return None


def _is_media(around: Mapping[Any, Any], key: object, item: object) -> bool:
    if not isinstance(item, str) or len(item) < _MEDIA_LENGTH:
        return False
    return key == "base64" or (key in MEDIA_KEYS and any(word in around for word in _MEDIA_TYPES))


def _media(encoded: str) -> str:
    return omitted(len(encoded) * 3 // 4 - encoded[-2:].count("="), "bytes")


def _without_media(text: str) -> str:
    if len(text) < _MEDIA_LENGTH or not text.startswith("data:"):
        return text
    found = _DATA_URL.match(text)
    return text if found is None else found.group() + _media(text[found.end() :])


def to_json(value: Any) -> str:
    """Encode bounded plain data; what is not JSON by nature becomes its type's name in brackets."""
    return sayable(_encode(value))


def _unserializable(value: object) -> str:
    return f"[unserializable {type(value).__name__}]"


# `json.dumps` makes an encoder for each call that has options.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_unserializable).encode


def mapping(value: Any) -> Mapping[str, Any]:
    """Return `value` if it is a mapping, else an empty one."""
    if type(value) is dict:  # nearly always, and much cheaper to tell than any `Mapping`
        return value
    return value if value is not None and isinstance(value, Mapping) else {}
