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
from functools import lru_cache
from itertools import islice
from typing import Any

_MAX_DEPTH = 12
_MAX_BITS = 1024
_INT64 = 1 << 63
STR_TYPES = (dt.date, dt.time, dt.timedelta, decimal.Decimal, uuid.UUID, pathlib.PurePath)
_SECRET = re.compile(
    r"(?:^|[_\-.\s])(?:api[_\-]?keys?|apikey|(?:proxy[_\-])?authorization|auth|password|passwd|passphrase|pwd"
    r"|(?:api|app|client|consumer)?secrets?"
    r"|token|(?:access|refresh|auth|id|api|session|bearer)[_\-]?tokens?"  # but not `max_tokens`
    r"|credentials?|(?:set[_\-])?cookies?|(?:secret[_\-]?)?access[_\-]?key(?:[_\-]?id)?|connection[_\-]?string"
    r"|(?:account|encryption|private|secret|signing|ssh)[_\-]?key"
    r"|bearer|jwt|session[_\-]?key|signature)(?:[_\-.\s]?(?:value|hash|header|string|\d{1,4}))?$",
    re.IGNORECASE,
)
_KEY_LENGTH = 64
"""Longer keys are not remembered."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
CUT = re.compile(r"\[omitted (\d+) characters\]")
_UNSAFE_NEAR_CUT = 256
# Media within data; in messages it is a part of its own.
_DATA_URL = re.compile(r"data:[\w.+-]{1,64}/[\w.+-]{1,64}[^,]{0,100};base64,", re.ASCII)
_MEDIA, _MEDIA_TYPES = ("data", "bytes", "file_data"), ("mime_type", "media_type", "format", "mimeType")
_MEDIA_LENGTH = 256
"""Shorter texts are not looked at."""


def is_secret(key: object) -> bool:
    """Whether a key is named like a secret (`api_key`, `Authorization`, `dbPassword`, ...)."""
    if not isinstance(key, str):
        return False
    return _is_secret(key) if len(key) <= _KEY_LENGTH else _names_secret(key)


def _names_secret(key: str) -> bool:
    return _SECRET.search(_CAMEL.sub("_", key)) is not None


# An application has few keys, and each comes again with every call.
_is_secret = lru_cache(maxsize=1024)(_names_secret)


_NAMES, _VALUES = ("name", "key", "Name", "Key"), ("value", "Value")


def secret_value_keys(fields: Mapping[Any, Any]) -> tuple[str, ...]:
    """The keys of a secret that is told as a name and a value: `{"name": "password", "value": ...}`."""
    for key in _NAMES:
        if key in fields and is_secret(fields[key]):
            return _VALUES
    return ()


def is_secret_pair(item: object) -> bool:
    """Whether an item of a list is a name and a text, as headers are, and the name that of a secret."""
    return (
        isinstance(item, (list, tuple)) and len(item) == 2 and is_secret(item[0]) and isinstance(item[1], str)
    )


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


class _Budget:
    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


def plain(value: Any, limit: int) -> Any:
    """Return JSON data for `value` of about `limit` bytes at most; the rest is counted, not read."""
    return _plain(value, _Budget(limit), 0)


def _plain(value: Any, budget: _Budget, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        budget.left -= 5
        return value
    if isinstance(value, (int, float)) and not isinstance(value, enum.Enum):
        budget.left -= 8
        return number(value)
    if isinstance(value, str):
        text = clip(_without_media(str.__str__(value)), max(budget.left, 64))
        budget.left -= len(text) + 2
        return text
    if isinstance(value, enum.Enum):
        return _plain(value.value, budget, depth + 1)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return omitted(len(value), "bytes")
    if isinstance(value, STR_TYPES):
        budget.left -= 32
        return str(value)
    if depth >= _MAX_DEPTH:
        return f"[omitted {type(value).__name__}]"
    return _container(value, budget, depth)


def is_int64(value: int) -> bool:
    """Whether an exporter can write an int: of a log record with a larger one, OTLP's refuses the whole batch."""
    return -_INT64 <= value < _INT64


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


def _container(value: Any, budget: _Budget, depth: int) -> Any:
    if type(value) is dict or (type(value) is not list and isinstance(value, Mapping)):
        return _mapping(value, budget, depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _sequence(value, budget, depth)
    fields = _fields(value)
    if fields is not None:
        return _mapping(fields, budget, depth)
    if isinstance(value, numbers.Real):  # numpy's
        budget.left -= 8
        return number(int(value) if isinstance(value, numbers.Integral) else float(value))
    budget.left -= 32
    return f"[unserializable {type(value).__name__}]"


def _fields(value: Any) -> dict[str, Any] | None:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name, None) for name in value.__dataclass_fields__}
    if hasattr(type(value), "model_fields") or hasattr(type(value), "__pydantic_fields__"):
        found = getattr(value, "__dict__", None)
        return found if isinstance(found, dict) else None
    return None


def _mapping(value: Mapping[Any, Any], budget: _Budget, depth: int) -> dict[str, Any]:
    out: dict[str, Any] = {}
    hidden = secret_value_keys(value)
    for seen, (key, item) in enumerate(value.items()):
        if budget.left <= 0:
            out["omitted"] = len(value) - seen
            break
        if key in hidden or is_secret(key):
            continue
        name = clip(key, 256) if isinstance(key, str) else str(_plain(key, budget, depth + 1))
        budget.left -= len(name) + 4
        out[name] = _media(item) if _is_media(value, key, item) else _plain(item, budget, depth + 1)
    return out


def _is_media(around: Mapping[Any, Any], key: object, item: object) -> bool:
    if not isinstance(item, str) or len(item) < _MEDIA_LENGTH:
        return False
    return key == "base64" or (key in _MEDIA and any(word in around for word in _MEDIA_TYPES))


def _media(encoded: str) -> str:
    return omitted(len(encoded) * 3 // 4 - encoded[-2:].count("="), "bytes")


def _without_media(text: str) -> str:
    if len(text) < _MEDIA_LENGTH or not text.startswith("data:"):
        return text
    found = _DATA_URL.match(text)
    return text if found is None else found.group() + _media(text[found.end() :])


def _sequence(value: Any, budget: _Budget, depth: int) -> list[Any]:
    out: list[Any] = []
    for seen, item in enumerate(islice(value, 0, None)):
        if budget.left <= 0:
            out.append(omitted(len(value) - seen, "items"))
            break
        if is_secret_pair(item):
            continue
        budget.left -= 1
        out.append(_plain(item, budget, depth + 1))
    return out


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
