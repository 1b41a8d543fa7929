"""Where clients of providers keep the address that they call."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from genai_otel_core.endpoints import client_url

URL = "http://models.example:8080"
CLIENTS = {
    "openai": SimpleNamespace(base_url=URL),
    "wrapped": SimpleNamespace(_client=SimpleNamespace(base_url=URL)),
    "google-genai": SimpleNamespace(
        _api_client=SimpleNamespace(_http_options=SimpleNamespace(base_url=URL)),
    ),
    "boto3": SimpleNamespace(meta=SimpleNamespace(endpoint_url=URL)),
    "mistralai": SimpleNamespace(sdk_configuration=SimpleNamespace(server_url=URL)),
    "cohere": SimpleNamespace(_client_wrapper=SimpleNamespace(_base_url=URL)),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_knows_its_server(name: str) -> None:
    """What a client is made with is found, and before that of a later name."""
    assert (
        client_url({"client": CLIENTS[name], "later": SimpleNamespace(base_url="x")}, ("client", "later"))
        == URL
    )


@pytest.mark.parametrize(
    "client", [None, object(), SimpleNamespace(sdk_configuration=None), SimpleNamespace(meta=3)]
)
def test_a_client_that_says_nothing(client: Any) -> None:
    """No address is made up."""
    assert client_url({"client": client}, ("client",)) is None
