"""Content documents: one JSON file per operation in the content store, and media files by their hash."""

from __future__ import annotations

import mimetypes
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from opentelemetry.trace import Span

from genai_otel_core.conventions import _encode as encode
from genai_otel_core.media import Reference
from genai_otel_core.operations import Operation
from genai_otel_core.plain import to_json
from genai_otel_core.uploads import Uploads

_MAX_KNOWN = 4096

_ENCODERS: dict[str, Callable[[Any], Any]] = {
    "system_instructions": encode.parts,
    "input_messages": encode.input_messages,
    "output_messages": lambda value: encode.output_messages(value, finish_reason_required=False),
    "tool_definitions": encode.tool_definitions,
    "documents": lambda value: encode.documents(value, content=True),
}
"""How fields are written that are not plain data: by the GenAI message schemas, whatever the convention."""


class Keeper:
    """Hands content over to a store; a document is about `size` bytes per field at most."""

    def __init__(self, uploads: Uploads, size: int) -> None:
        self._uploads = uploads
        self._size = size
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.RLock()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is written, at most so long; return whether it is."""
        return self._uploads.flush(timeout_s)

    def keep(self, op: Operation, span: Span, fields: tuple[str, ...]) -> str | None:
        """Keep the content of an operation; return where it will be found, None if it has none or it is dropped."""
        found = {name: getattr(op, name) for name in fields}
        document = {name: _encoded(name, value) for name, value in found.items() if value is not None}
        request = getattr(op, "request", None)
        if request is not None and request.stop_sequences is not None:
            document["stop_sequences"] = request.stop_sequences
        if op.failure is not None and op.failure.message is not None:
            document["exception"] = {
                "type": op.failure.exception_type,
                "message": op.failure.message,
                "stacktrace": op.failure.stacktrace,
            }
        if not document:
            return None
        where = span.get_span_context()
        name = f"{where.trace_id:032x}/{where.span_id:016x}.json"
        uri = self._uploads.uri(name)
        size = self._size * len(document)
        kept = self._uploads.submit(name, lambda: to_json(document).encode(), "application/json", size)
        return uri if kept else None

    def media_uri(self, found: Reference) -> str:
        """Return where media will be found."""
        return self._uploads.uri(_media_name(found))

    def keep_media(self, found: Reference) -> None:
        """Keep media, once: its name is its hash."""
        name = _media_name(found)
        with self._lock:
            if name in self._known:
                return
            self._known[name] = None
            if len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)
        kind = found.mime_type or "application/octet-stream"
        if not self._uploads.submit(name, lambda: found.data, kind, found.size, lambda: self._forget(name)):
            self._forget(name)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._known.pop(name, None)


def _encoded(name: str, value: Any) -> Any:
    encoder = _ENCODERS.get(name)
    return value if encoder is None else encoder(value)


def _media_name(found: Reference) -> str:
    ending = mimetypes.guess_extension(found.mime_type or "") or ""
    return f"media/{found.sha256}{ending}"
