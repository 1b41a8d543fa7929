"""Media in messages as references: by hash, size and type, and in full once per trace."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import threading
from collections import OrderedDict
from typing import NamedTuple

from genai_otel_core import messages as m
from genai_otel_core.plain import omitted
from genai_otel_core.secret_names import is_secret

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?[^,]{0,100},", re.ASCII)
_QUERY = re.compile(r"([?&;])([^=&;#]{1,256})=([^&;#]*)")
_USER = re.compile(r"^([A-Za-z][\w+.-]{0,32}://)[^/?#@]{1,1024}@")
_SIGNED = (
    "sig",
    "signature",
    "key",
    "x-amz-signature",
    "x-amz-credential",
    "x-goog-signature",
    "x-goog-credential",
)
_MAX_SEEN = 4096
_MAX_HASHED = 256


class Reference(NamedTuple):
    """What stands for inline media."""

    sha256: str
    size: int
    mime_type: str | None
    content: str

    @property
    def data(self) -> bytes:
        """The media's bytes, or those of its text if that is no base64."""
        try:
            return base64.b64decode(self.content)
        except (ValueError, binascii.Error):
            return self.content.encode("utf-8", "replace")


_hashed: OrderedDict[tuple[int, int], tuple[str, int]] = OrderedDict()
"""Hash and size of media seen lately: each call of a conversation brings all of its media again."""


def reference(blob: m.Blob) -> Reference:
    """Return the hash and size of the media's bytes."""
    key = (hash(blob.content), len(blob.content))
    known = _hashed.get(key)
    if known is None:
        data = Reference("", 0, None, blob.content).data
        known = _hashed[key] = hashlib.sha256(data).hexdigest(), len(data)
        if len(_hashed) > _MAX_HASHED:
            _hashed.popitem(last=False)
    return Reference(*known, blob.mime_type, blob.content)


def as_blob(part: m.Part) -> m.Part:
    """Return a `data:` URL as the inline media that it is, and another URL without its secrets."""
    if not isinstance(part, m.Uri):
        return part
    data = _DATA_URL.match(part.uri)
    if data is not None:
        return m.Blob(part.modality, part.uri[data.end() :], part.mime_type or data.group(1))
    return m.Uri(part.modality, without_secrets(part.uri), part.mime_type)


def without_secrets(uri: str) -> str:
    """Return `uri` without user information and without query parameters named like secrets."""
    uri = _USER.sub(r"\1", uri)
    if "=" not in uri:
        return uri
    return _QUERY.sub(
        lambda q: f"{q[1]}{q[2]}=" if is_secret(q[2]) or q[2].lower() in _SIGNED else q.group(), uri
    )


class SeenMedia:
    """Which media a trace has already been told of in full; bounded."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[int, str], None] = OrderedDict()
        self._lock = threading.RLock()

    def described(self, blob: m.Blob, found: Reference, trace_id: int) -> m.Part:
        """Return the part that stands for `blob`: at first with size and type, then by its hash alone."""
        key = (trace_id, found.sha256)
        with self._lock:
            again = key in self._seen
            self._seen[key] = None
            self._seen.move_to_end(key)
            if len(self._seen) > _MAX_SEEN:
                self._seen.popitem(last=False)
        data: dict[str, object] = {"modality": blob.modality, "content": "", "sha256": found.sha256}
        if not again:
            kind = {} if found.mime_type is None else {"mime_type": found.mime_type}
            data = {**kind, **data, "size": found.size, "omitted": omitted(found.size, "bytes")}
        return m.Generic("blob", data)
