"""Cassettes of HTTP exchanges: how they are recorded, matched and stored, for recorder and tests alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import vcr
import yaml

CASSETTES = Path(__file__).parents[1] / "cassettes"
BASE_URL = "http://127.0.0.1:18999"
"""Where the recorded server is said to be, since its real port differs from recording to recording."""

# All else that clients send tells of the machine that recorded: keys, versions, operating system.
_KEPT_HEADERS = ("accept", "anthropic-version", "content-type")
# A collector's: a cassette would swallow what the application exports.
_OTLP_PATHS = ("/v1/traces", "/v1/metrics", "/v1/logs")


@contextmanager
def recording(name: str, note: str = "") -> Iterator[Any]:
    """Write a new cassette of what is sent and answered while the context lasts, `note` at its head."""
    file = _file(name)
    file.unlink(missing_ok=True)
    with _vcr("all").use_cassette(str(file)) as cassette:
        yield cassette
    if note:
        file.write_text(f"# {note}\n{file.read_text()}")


@contextmanager
def replaying(name: str) -> Iterator[Any]:
    """Answer from a cassette alone.

    Raises:
        AssertionError: at the end, if the cassette was only partly played.
    """
    with _vcr("none").use_cassette(str(_file(name))) as cassette:
        yield cassette
    played, recorded = cassette.play_count, len(cassette)
    assert played == recorded, f"{name}: {played} of {recorded} recorded exchanges were played"


def names(folder: str = "") -> set[str]:
    """The cassettes that there are in a folder (`llamaindex/`), by default in none."""
    return {f"{folder}{path.stem}" for path in (CASSETTES / folder).glob("*.yaml")}


def _file(name: str) -> Path:
    return CASSETTES / f"{name}.yaml"


def _vcr(mode: str) -> Any:
    recorder = vcr.VCR(
        record_mode=mode,
        match_on=("method", "path", "query", "json_body"),
        before_record_request=_stored_request,
        decode_compressed_response=True,
    )
    recorder.register_serializer("readable", _ReadableYaml)
    recorder.register_matcher("json_body", _same_json_body)
    recorder.serializer = "readable"
    return recorder


def _stored_request(request: Any) -> Any:
    if request.path.startswith(_OTLP_PATHS):
        return None
    split = urlsplit(request.uri)
    # Before LlamaIndex 0.13 Anthropic's client asks for its beta API, which is the same here.
    query = "" if split.query == "beta=true" else split.query
    request.uri = split._replace(scheme="http", netloc=urlsplit(BASE_URL).netloc, query=query).geturl()
    request.headers = {
        name.lower(): value for name, value in request.headers.items() if name.lower() in _KEPT_HEADERS
    }
    return request


def _same_json_body(sent: Any, recorded: Any) -> None:
    assert _comparable(sent) == _comparable(recorded)


def _comparable(request: Any) -> Any:
    """A request's body without the things that the clients' versions say differently, and no prompt has.

    LangChain: some send an agent's answers back to the model under the agent's `name` (langchain 1.0 does
    not); some say of an item of the responses API that it is of `type` message, which is the default.
    LlamaIndex: from 0.14 on it says that tools may be called in parallel, tool calls have no `index`, and
    Anthropic's system prompt is a text and not a list of texts.
    """
    body = json.loads(request.body)
    for message in body.get("messages", ()):
        if message["role"] == "assistant":
            message.pop("name", None)
            for call in message.get("tool_calls") or ():
                call.pop("index", None)
    for item in body["input"] if isinstance(body.get("input"), list) else ():
        if isinstance(item, dict) and item.get("type") == "message":
            del item["type"]
    if body.get("parallel_tool_calls") is True:
        del body["parallel_tool_calls"]
    system = body.pop("system", None)
    if system:
        body["system"] = [{"type": "text", "text": system}] if isinstance(system, str) else system
    return body


class _ReadableYaml:
    """Cassettes as YAML with bodies as blocks of text; read with the loader that makes plain data only."""

    @staticmethod
    def deserialize(text: str) -> Any:
        return yaml.safe_load(text)

    @staticmethod
    def serialize(data: Any) -> str:
        return yaml.dump(data, Dumper=_BlockDumper, sort_keys=False, allow_unicode=True, width=10_000)


class _BlockDumper(yaml.SafeDumper):
    def represent_str(self, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text or text.startswith("{") else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_BlockDumper.add_representer(str, _BlockDumper.represent_str)
