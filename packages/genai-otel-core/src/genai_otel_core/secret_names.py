"""Which names are those of secrets (`api_key`, `Authorization`, `dbPassword`, ...)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_SECRET = re.compile(
    r"(?:^|[_\-.\s])(?:api[_\-]?keys?|apikey|(?:proxy[_\-])?authorization|auth|password|passwd|passphrase|pwd"
    r"|(?:api|app|client|consumer)?secrets?"
    r"|token|(?:access|refresh|auth|id|api|session|bearer)[_\-]?tokens?"  # but not `max_tokens`
    r"|credentials?|(?:set[_\-])?cookies?|(?:secret[_\-]?)?access[_\-]?key(?:[_\-]?id)?|connection[_\-]?string"
    r"|(?:account|encryption|private|secret|signing|ssh)[_\-]?key"
    r"|bearer|jwt|session[_\-]?key|signature)(?:[_\-.\s]?(?:value|hash|header|string|\d{1,4}))?$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LENGTH, _MOST = 64, 1024
"""Longer names, and more, are not remembered."""
_TELLING = ("name", "key", "Name", "Key")
VALUES = frozenset({"value", "Value"})
"""The keys of what the name beside it may make a secret."""


def is_secret(name: object) -> bool:
    """Whether a name is that of a secret."""
    if not isinstance(name, str):
        return False
    return _is_secret(name) if len(name) <= _LENGTH else _names_secret(name)


def _names_secret(name: str) -> bool:
    return _SECRET.search(_CAMEL.sub("_", name)) is not None


# An application has few keys, and each comes again with every call.
_is_secret = lru_cache(maxsize=_MOST)(_names_secret)


def secret_value_keys(fields: Mapping[Any, Any]) -> frozenset[str]:
    """The keys of a secret that is told as a name and a value: `{"name": "password", "value": ...}`."""
    for key in _TELLING:
        if key in fields and is_secret(fields[key]):
            return VALUES
    return frozenset()


def is_secret_pair(item: object) -> bool:
    """Whether an item of a list is a name and a text, as headers are, and the name that of a secret."""
    return (
        isinstance(item, (list, tuple)) and len(item) == 2 and is_secret(item[0]) and isinstance(item[1], str)
    )


_harmless: set[str] = set()


def are_harmless(names: str) -> bool:
    """Whether of these names, one a line, surely none is that of a secret: known at once if they came before.

    A name in two lines counts as two names; if it is a secret's as a whole, then one of them is.
    """
    lines = names.split("\n")
    return _harmless.issuperset(lines) or not any(map(_may_be_secret, lines))


def _may_be_secret(name: str) -> bool:
    if is_secret(name):
        return True
    if len(name) <= _LENGTH:
        if len(_harmless) >= _MOST:
            _harmless.clear()
        _harmless.add(name)
    return False
