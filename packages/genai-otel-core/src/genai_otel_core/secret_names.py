"""Which names are those of secrets (`api_key`, `Authorization`, `dbPassword`, ...)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
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
_NAMING = frozenset({"name", "key", "Name", "Key"})
_NAMED = frozenset({"value", "Value"})
# A quoted key before a colon, read backwards and without the backslashes of JSON within JSON: colons are found fast.
_KEY_BACKWARDS = re.compile(r':(?=\s{0,32}"([^"\n]{1,128})")')


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
    for key in _NAMING:
        if key in fields and is_secret(fields[key]):
            return _NAMED
    return frozenset()


def is_secret_pair(item: object) -> bool:
    """Whether an item of a list is a name and a text, as headers are, and the name that of a secret."""
    return (
        isinstance(item, (list, tuple)) and len(item) == 2 and is_secret(item[0]) and isinstance(item[1], str)
    )


def may_name_secrets(keys: Collection[str]) -> bool:
    """Whether any of the keys of some data may be named like a secret, or tell of one."""
    if not _NAMED.isdisjoint(keys) and not _NAMING.isdisjoint(keys):
        return True
    return _may_be_secret("\n".join(keys))


def may_hold_secrets(text: str) -> bool:
    """Whether a quoted key in a text, as in JSON, may be named like a secret."""
    if ":" not in text or ('"' not in text and "'" not in text):
        return False
    backwards = text.replace("'", '"').replace("\\", "")[::-1]
    return _may_be_secret("\n".join(_KEY_BACKWARDS.findall(backwards))[::-1])


_harmless: set[str] = set()
"""Names that came before."""


def _may_be_secret(names: str) -> bool:
    # One name a line. One of two lines counts as two; if it is a secret's as a whole, then one of them is.
    lines = names.split("\n")
    return not _harmless.issuperset(lines) and any(map(_is_not_harmless, lines))


def _is_not_harmless(name: str) -> bool:
    if is_secret(name):
        return True
    if len(name) <= _LENGTH:
        if len(_harmless) >= _MOST:
            _harmless.clear()
        _harmless.add(name)
    return False
