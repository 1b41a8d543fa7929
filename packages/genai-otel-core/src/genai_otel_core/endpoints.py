"""Server address and port from a base URL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80, "grpc": 443, "wss": 443, "ws": 80}


class Endpoint(NamedTuple):
    """Where a provider is reached; a name or an address, without credentials, path or query."""

    address: str | None
    port: int | None


NOWHERE = Endpoint(None, None)
# Where clients of boto3, mistralai and cohere keep it.
_CONFIGURED = (
    ("meta", "endpoint_url"),
    ("sdk_configuration", "server_url"),
    ("_client_wrapper", "_base_url"),
)


@lru_cache(maxsize=256)
def endpoint_of(url: str) -> Endpoint:
    """Parse `url`, with or without scheme; what cannot be parsed is nowhere."""
    text = url.strip()
    if not text:
        return NOWHERE
    if "://" not in text:
        text = f"https://{text}"
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError:
        return NOWHERE
    if not split.hostname:
        return NOWHERE
    return Endpoint(split.hostname, port if port is not None else _PORTS.get(split.scheme.lower()))


def client_url(held: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """Return the base URL of the first SDK client that `held` keeps under one of `names`.

    The client made it, so it also knows environment variables and defaults.
    """
    for name in names:
        client = held.get(name)
        if client is None:
            continue
        inner = getattr(client, "_api_client", None)  # of google-genai
        for candidate in (client, getattr(client, "_client", None), getattr(inner, "_http_options", None)):
            # `base_url` of an SDK client is a property without side effects; `held` has only what exists.
            url = url_text(getattr(candidate, "base_url", None))
            if url:
                return url
        for holder, option in _CONFIGURED:
            url = url_text(getattr(getattr(client, holder, None), option, None))
            if url:
                return url
    return None


def url_text(value: Any) -> str | None:
    """Return the text of a URL, as text or in one of the URL types of HTTP clients."""
    if value is None or callable(value):
        return None
    if isinstance(value, str):
        return value or None
    # httpx.URL and its successors, pydantic's URLs and secrets: only URLs have a host.
    return str(value) if isinstance(getattr(value, "host", None), str) else None
