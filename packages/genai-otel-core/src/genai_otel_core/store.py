"""Keeping content apart from spans: what a content store is, and one for whatever `fsspec` reaches.

    Telemetry(capture_content="span", content_store="s3://bucket/prompts")

Each operation's content becomes one JSON document, media files of their own; the span carries the document's
address in place of the content.
"""

from __future__ import annotations

import functools
import os
from typing import Any, Protocol, runtime_checkable

from genai_otel_core.callables import not_awaited
from genai_otel_core.media import without_secrets


@runtime_checkable
class ContentStore(Protocol):
    """Where content is kept. Both methods may be called from several threads."""

    def uri(self, name: str) -> str:
        """Return the address under which `name` will be found; asked before it is written, and cheap."""

    def write(self, name: str, data: bytes, content_type: str) -> None:
        """Keep `data` under `name`; called in the background, and may raise."""


class FsspecStore:
    """Keeps content in a folder of any file system that `fsspec` reaches: local, S3, GCS, Azure, memory.

    Args:
        url: the folder: a path, or a URL such as `s3://bucket/folder`.
        options: what the file system needs, as fsspec documents it.

    Raises:
        ImportError: without the extra `genai-otel-core[store]`, or without the file system's own package.
        TypeError, ValueError: if `url` is none that fsspec knows.
    """

    def __init__(self, url: str, **options: Any) -> None:
        if not isinstance(url, str):
            raise TypeError(f"url must be a text, not {type(url).__name__}")
        self._url, self._options = url, options
        self._open()
        self._address = without_secrets(self._files.unstrip_protocol(self._folder))

    def _open(self) -> None:
        try:
            from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ImportError("keeping content needs fsspec: pip install genai-otel-core[store]") from error
        self._files, folder = url_to_fs(self._url, **self._options)
        self._folder = folder.rstrip("/")
        self._process = os.getpid()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FsspecStore):
            return False
        return (self._url, self._options) == (other._url, other._options)

    def __hash__(self) -> int:
        return hash(self._url)

    def __reduce__(self) -> Any:
        return functools.partial(FsspecStore, self._url, **self._options), ()

    def uri(self, name: str) -> str:
        """Return the file's URL, without credentials."""
        return f"{self._address}/{name}"

    def write(self, name: str, data: bytes, content_type: str) -> None:
        """Write the file; one that is there is replaced. Folders are made where the file system has some."""
        if self._process != os.getpid():
            self._open()  # clients of object stores do not survive a fork
        path = f"{self._folder}/{name}"
        try:
            self._files.pipe_file(path, data)
        except FileNotFoundError:
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(path, data)


def checked_store(given: object) -> ContentStore | None:
    """Check the option `content_store`: a store, the URL or path of a folder, or None.

    Raises:
        TypeError, ImportError, ValueError: naming it.
    """
    if given is None:
        return None
    if isinstance(given, ContentStore) and not isinstance(given, type):
        not_awaited("content_store.uri", given.uri)
        not_awaited("content_store.write", given.write)
        return given
    if not isinstance(given, (str, os.PathLike)):
        allowed = "a URL, a path, an object with uri() and write(), or None"
        raise TypeError(f"content_store must be {allowed}, not {type(given).__name__}")
    if not os.fsdecode(given):
        raise ValueError("content_store must be the URL or path of a folder, not an empty text")
    try:
        return FsspecStore(os.fsdecode(given))
    except ImportError as error:
        raise ImportError(f"content_store: {error}") from error
    except ValueError as error:
        raise ValueError(f"content_store: {error}") from error
