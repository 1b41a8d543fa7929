"""Server address and port from a base URL."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80, "grpc": 443, "wss": 443, "ws": 80}


class Endpoint(NamedTuple):
    """Where a provider is reached; a name or an address, without credentials, path or query."""

    address: str | None
    port: int | None


NOWHERE = Endpoint(None, None)


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
