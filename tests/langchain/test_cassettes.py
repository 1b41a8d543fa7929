"""The cassettes themselves: complete, free of secrets, played whole, and strict about what they answer."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import recorded_calls
import yaml
from recorded_calls import CALLS
from replays import RAISED, no_network, replay
from vcr.errors import CannotOverwriteExistingCassetteException

import tape

DIMENSIONS = {
    "error.type",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "server.address",
    "server.port",
}


def test_there_is_a_cassette_of_each_call() -> None:
    """No call is without a cassette, and none of a call's name is left from one that is no more."""
    adapters = ("anthropic_", "openai_")
    assert {name for name in tape.names() if name.startswith(adapters)} == CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_cassettes_hold_no_more_of_a_request_than_is_sent_to_every_server(name: str) -> None:
    """No keys, and nothing about the machine that recorded."""
    recorded = yaml.safe_load((tape.CASSETTES / f"{name}.yaml").read_text())
    for exchange in recorded["interactions"]:
        assert exchange["request"]["headers"].keys() <= {"accept", "anthropic-version", "content-type"}
        assert exchange["request"]["uri"].startswith(f"{tape.BASE_URL}/v1/")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")  # older langchain-openai
def test_points_have_the_dimensions_of_their_spans(name: str) -> None:
    """Each metric point has the attributes of an inference that may be dimensions, and all of them."""
    made = replay(name)
    inferences = [span["attributes"] for span in made.spans if span["kind"] == "CLIENT"]
    wanted = [{k: v for k, v in attributes.items() if k in DIMENSIONS} for attributes in inferences]
    for points in made.points.values():
        for point in points:
            found = {k: v for k, v in point["attributes"].items() if k != "gen_ai.token.type"}
            assert found in wanted


def test_the_points_of_a_stream() -> None:
    """The four client metrics have the convention's dimensions; tokens are told by type."""
    identity = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "smollm2-135m-instruct",
        "gen_ai.response.model": "smollm2-135m-instruct",
        "server.address": "127.0.0.1",
        "server.port": 18999,
    }
    points = replay("openai_stream").points
    counted = {n: [(p["attributes"], p["unit"], p["count"]) for p in found] for n, found in points.items()}
    assert counted == {
        "gen_ai.client.operation.duration": [(identity, "s", 1)],
        "gen_ai.client.operation.time_to_first_chunk": [(identity, "s", 1)],
        "gen_ai.client.operation.time_per_output_chunk": [(identity, "s", 15)],
        "gen_ai.client.token.usage": [
            ({**identity, "gen_ai.token.type": "input"}, "{token}", 1),
            ({**identity, "gen_ai.token.type": "output"}, "{token}", 1),
        ],
    }
    assert [p["sum"] for p in points["gen_ai.client.token.usage"]] == [34, 16]


def test_a_failure_tells_its_text_only_as_content() -> None:
    """The server's message quotes the request: it is on span and event under the content policy alone."""
    bare = replay("openai_too_long")
    told = replay("openai_too_long", capture_content="span_and_event")
    message = "exceeds the available context size"
    assert bare.span["description"] == RAISED
    assert message not in str(bare.spans) + str(bare.events)
    assert message in told.span["description"]
    (exception,) = [attributes for name, attributes in told.events if "exception.type" in attributes]
    assert exception["exception.type"] == RAISED
    assert message in exception["exception.message"]


def test_a_cassette_that_is_played_in_part_fails() -> None:
    """A call that makes fewer requests than were recorded is noticed: here the first of an agent's."""
    model = recorded_calls.chat_openai(tape.BASE_URL, max_tokens=32).bind_tools([recorded_calls.population])
    with (
        no_network(),
        pytest.raises(AssertionError, match="openai_agent: 1 of 2 recorded exchanges were played"),
        tape.replaying("openai_agent"),
    ):
        assert model.invoke("How many people live in Paris?").tool_calls


def test_another_prompt_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose body differs in a word has no recorded answer, and none is fetched."""
    other = [*recorded_calls.CONVERSATION[:-1], ("user", "Which river flows around it?")]
    monkeypatch.setattr(recorded_calls, "CONVERSATION", other)
    with no_network(), pytest.raises(Exception) as raised, tape.replaying("openai_chat"):
        CALLS["openai_chat"].make(tape.BASE_URL, None)
    cause: BaseException | None = raised.value
    while cause is not None and not isinstance(cause, CannotOverwriteExistingCassetteException):
        cause = cause.__cause__
    assert cause is not None


def test_only_the_names_of_agents_and_default_types_may_differ() -> None:
    """A body is compared as JSON: what is tolerated is named in `tape`, and is no prompt."""

    class Request:
        def __init__(self, body: str) -> None:
            self.body = body

    def same(sent: str, recorded: str) -> bool:
        try:
            tape._same_json_body(Request(sent), Request(recorded))
        except AssertionError:
            return False
        return True

    named = '{"messages": [{"role": "assistant", "name": "a", "content": "x"}]}'
    assert same('{"messages": [{"content": "x", "role": "assistant"}]}', named)
    assert not same('{"messages": [{"content": "y", "role": "assistant"}]}', named)
    assert not same(
        named.replace("assistant", "user"), named.replace("assistant", "user").replace('"a"', '"b"')
    )
    assert same('{"input": [{"content": "x"}]}', '{"input": [{"content": "x", "type": "message"}]}')
    assert not same('{"input": [{"content": "x"}]}', '{"input": [{"content": "x", "type": "reasoning"}]}')
    assert not same('{"temperature": 0}', "{}")


@pytest.fixture
def collector() -> Iterator[HTTPServer]:
    """A collector on loopback that counts what arrives."""

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    arrived: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), Collector)
    server.arrived = arrived  # type: ignore[attr-defined]  # for the test to see
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_exports_pass_by_the_cassette(collector: HTTPServer) -> None:
    """What an application exports while a cassette plays arrives at its collector."""
    paths = ["/v1/traces", "/v1/metrics", "/v1/logs"]
    with tape.replaying("openai_chat"):
        for path in paths:
            url = f"http://127.0.0.1:{collector.server_port}{path}"
            urllib.request.urlopen(urllib.request.Request(url, b"", method="POST")).close()
        CALLS["openai_chat"].make(tape.BASE_URL, None)
    assert collector.arrived == paths  # type: ignore[attr-defined]  # set by the fixture


def test_a_cassette_makes_plain_data_only() -> None:
    """A cassette that asks for Python objects is refused."""
    with pytest.raises(yaml.constructor.ConstructorError, match=re.escape("python/object")):
        tape._ReadableYaml.deserialize("!!python/object/apply:os.getcwd []")
