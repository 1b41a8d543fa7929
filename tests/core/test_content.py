"""Where content goes: by process, by call, by block of code; and what is recorded of media and of custom data."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import OrderedDict
from typing import Any

import pytest
from opentelemetry import baggage, context

from genai_otel_core import Telemetry, capture_content, conversation, media
from genai_otel_core import messages as m
from genai_otel_core.content import METADATA_KEY
from genai_otel_core.media import without_secrets
from genai_otel_core.operations import AgentInvocation, Inference, Step, WorkflowInvocation
from genai_otel_core.plain import plain
from genai_otel_core.secret_names import is_secret
from genai_otel_core.testing import Capture

ENV = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


def where(telemetry: Telemetry, seen: Capture, **start: Any) -> tuple[bool, bool]:
    """Run an inference; return whether its content is on its span, and on a log record."""
    seen.clear()
    op = Inference()
    telemetry.start("inference", op, **start)
    if telemetry.captures("inference"):
        op.input_messages = [m.Message("user", [m.Text("canary")])]
    telemetry.finish("inference")
    (span,) = [span for span in seen.spans if span.name == "chat"]
    return "canary" in str(dict(span.attributes)), "canary" in str([log.attributes for log in seen.logs()])


NOWHERE, SPAN, EVENT, BOTH = (False, False), (True, False), (False, True), (True, True)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("NO_CONTENT", NOWHERE),
        ("SPAN_ONLY", SPAN),
        ("event_only", EVENT),
        ("Span_And_Event", BOTH),
        ("TRUE", BOTH),
        ("false", NOWHERE),
        (" span ", SPAN),
        ("never", NOWHERE),
        ("", NOWHERE),
    ],
)
def test_environment_words(
    word: str, expected: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch, seen: Capture
) -> None:
    """The environment variable's words mean what they say in any case."""
    monkeypatch.setenv(ENV, word)
    assert where(Telemetry(**seen.providers), seen) == expected


def test_another_word_means_none_and_is_told(
    monkeypatch: pytest.MonkeyPatch, seen: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    """A word that the variable does not have captures nothing, and a warning names the words it has."""
    monkeypatch.setenv(ENV, "yes please")
    assert where(Telemetry(**seen.providers), seen) == NOWHERE
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert ENV in record.getMessage()
    assert "SPAN_AND_EVENT" in record.getMessage()
    assert "yes please" not in record.getMessage()


def test_off_by_default_and_on_by_option(monkeypatch: pytest.MonkeyPatch, seen: Capture) -> None:
    """Nothing said means none; the option beats the environment."""
    monkeypatch.delenv(ENV, raising=False)
    assert where(Telemetry(**seen.providers), seen) == NOWHERE
    monkeypatch.setenv(ENV, "SPAN_AND_EVENT")
    assert where(Telemetry(capture_content="event", **seen.providers), seen) == EVENT
    assert where(Telemetry(capture_content="none", **seen.providers), seen) == NOWHERE


def test_by_call(seen: Capture) -> None:
    """A call's metadata says where its content goes, in either direction."""
    off, on = Telemetry(**seen.providers), Telemetry(capture_content="span", **seen.providers)
    for word, expected in (
        ("span", SPAN),
        ("EVENT_ONLY", EVENT),
        (True, BOTH),
        (False, NOWHERE),
        ("none", NOWHERE),
    ):
        assert where(off, seen, metadata={METADATA_KEY: word}) == expected
        assert where(on, seen, metadata={METADATA_KEY: word}) == expected
    assert where(on, seen, metadata={METADATA_KEY: "nonsense"}) == NOWHERE


def test_by_block_of_code(seen: Capture) -> None:
    """The innermost block around a start says where content goes; the call's own metadata is closer."""
    telemetry = Telemetry(**seen.providers)
    with capture_content("span"):
        assert telemetry.captures_content
        assert where(telemetry, seen) == SPAN
        with capture_content("event"):
            assert where(telemetry, seen) == EVENT
            assert where(telemetry, seen, metadata={METADATA_KEY: "span_and_event"}) == BOTH
        assert where(telemetry, seen) == SPAN
    assert where(telemetry, seen) == NOWHERE
    assert not telemetry.captures_content


@pytest.mark.parametrize(("mode", "error"), [("loud", ValueError), (True, TypeError), (None, TypeError)])
def test_wrong_modes_raise(mode: Any, error: type[Exception]) -> None:
    """A wrong mode is named with the allowed ones, at the option and at the block."""
    with pytest.raises(error, match="'span_and_event'"), capture_content(mode):
        raise AssertionError("entered")


def test_never_beats_everything(seen: Capture) -> None:
    """A hard off cannot be changed by metadata nor by a block of code, and one call's holds for all below."""
    never = Telemetry(capture_content="never", **seen.providers)
    with capture_content("span"):
        assert where(never, seen, metadata={METADATA_KEY: "span"}) == NOWHERE
        assert not never.captures_content
    telemetry = Telemetry(capture_content="span", **seen.providers)
    telemetry.start("root", WorkflowInvocation(), metadata={METADATA_KEY: "never"})
    with capture_content("span"):
        assert where(telemetry, seen, parent_id="root", metadata={METADATA_KEY: "event"}) == NOWHERE
    telemetry.finish("root")


def test_never_of_a_block_holds_within_it(seen: Capture) -> None:
    """Neither a call's metadata nor a block further in turns on what a block around them has forbidden."""
    telemetry = Telemetry(**seen.providers)
    with capture_content("never"):
        assert where(telemetry, seen, metadata={METADATA_KEY: "span_and_event"}) == NOWHERE
        with capture_content("span_and_event"):
            assert where(telemetry, seen) == NOWHERE
            assert where(telemetry, seen, metadata={METADATA_KEY: "span"}) == NOWHERE
            assert not telemetry.captures_content
    with capture_content("span"):
        assert where(telemetry, seen) == SPAN


def test_a_call_speaks_for_what_is_below_it(seen: Capture) -> None:
    """A run's mode is inherited, also through hidden runs and where metadata is handed down, until another is said."""
    telemetry = Telemetry(**seen.providers)
    asked = {METADATA_KEY: "span"}
    telemetry.start("root", AgentInvocation(), metadata=asked)
    telemetry.start("hidden", None, parent_id="root", metadata=asked)
    assert where(telemetry, seen, parent_id="hidden", metadata=asked) == SPAN
    assert where(telemetry, seen, parent_id="hidden") == SPAN
    with capture_content("event"):
        assert where(telemetry, seen, parent_id="hidden", metadata=asked) == EVENT
        telemetry.start("node", Step(name="n"), parent_id="hidden", metadata=asked)
        assert where(telemetry, seen, parent_id="node", metadata=asked) == EVENT
        telemetry.finish("node")
    assert where(telemetry, seen, parent_id="hidden", metadata=asked) == SPAN
    telemetry.finish("hidden")
    telemetry.finish("root")
    assert where(telemetry, seen) == NOWHERE


def test_secrets_are_dropped_by_their_names() -> None:
    """Keys named like secrets are dropped anywhere; counts of tokens are none."""
    given = {"api_key": 1, "user": {"dbPassword": 2, "Authorization": 3, "name": "j"}, "max_tokens": 5}
    assert plain(given, 1000) == {"user": {"name": "j"}, "max_tokens": 5}
    for key in (
        "token",
        "access_token",
        "refreshTokens",
        "client_secret",
        "X-Api-Key",
        "Set-Cookie",
        "aws_secret_access_key",
        "AWS_ACCESS_KEY_ID",
        "signing_key",
        "connectionString",
    ):
        assert is_secret(key), key
    for key in (
        "tokens",
        "output_tokens",
        "tokenizer",
        "secretary",
        "author",
        "key",
        "passport",
        "primary_key",
    ):
        assert not is_secret(key), key


def test_urls_lose_their_secrets() -> None:
    """User information and signed query parameters of a URL are not recorded."""
    assert (
        without_secrets("https://u:p@s3.example/a.png?X-Amz-Signature=abc&w=1&token=t#x")
        == "https://s3.example/a.png?X-Amz-Signature=&w=1&token=#x"
    )
    assert without_secrets("https://s3.example/a.png") == "https://s3.example/a.png"


def test_media_is_described_once_per_trace(seen: Capture) -> None:
    """Inline media becomes its hash, size and type; a repetition in the same trace is the hash alone."""
    telemetry = Telemetry(capture_content="span", **seen.providers)
    image = [
        m.Message(
            "user", [m.Blob("image", "QUJD", "image/png"), m.Uri("image", "data:image/png;base64,QUJD")]
        )
    ]
    telemetry.start("root", AgentInvocation())
    telemetry.start("model", Inference(input_messages=image), parent_id="root")
    telemetry.finish("model")
    telemetry.finish("root")
    (parts,) = [
        message["parts"] for message in json.loads(seen.span("chat").attributes["gen_ai.input.messages"])
    ]
    digest = "b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78"
    assert parts == [
        {
            "mime_type": "image/png",
            "modality": "image",
            "content": "",
            "sha256": digest,
            "size": 3,
            "omitted": "[omitted 3 bytes]",
            "type": "blob",
        },
        {"modality": "image", "content": "", "sha256": digest, "type": "blob"},
    ]
    telemetry.start("another", Inference(input_messages=image))
    telemetry.finish("another")
    assert '"size":3' in seen.spans[-1].attributes["gen_ai.input.messages"]


def test_media_that_comes_again_is_hashed_once(monkeypatch: pytest.MonkeyPatch, seen: Capture) -> None:
    """Each call of a conversation brings its images again; decoding and hashing them is not cheap."""
    hashed: list[bytes] = []
    monkeypatch.setattr(media, "_hashed", OrderedDict())
    monkeypatch.setattr(
        media.hashlib, "sha256", lambda data, sha256=hashlib.sha256: hashed.append(data) or sha256(data)
    )
    telemetry = Telemetry(capture_content="span", **seen.providers)
    for call in range(3):
        uri = "data:image/png;base64," + "QUJD" * 100
        telemetry.start(call, Inference(input_messages=[m.Message("user", [m.Uri("image", uri)])]))
        telemetry.finish(call)
    assert hashed == [b"ABC" * 100]


def test_an_agent_shares_what_was_masked_once(seen: Capture) -> None:
    """An agent shows its first model call's instructions; the mask saw them once."""
    calls = []
    telemetry = Telemetry(
        capture_content="span", mask=lambda field, text, op: calls.append(text) or "masked", **seen.providers
    )
    telemetry.start("agent", AgentInvocation())
    telemetry.start("model", Inference(system_instructions=[m.Text("be kind")]), parent_id="agent")
    telemetry.finish("model")
    telemetry.finish("agent")
    assert calls == ["be kind"]
    assert "masked" in seen.span("invoke_agent").attributes["gen_ai.system_instructions"]


@pytest.mark.parametrize("key", ["gen_ai.conversation.id", "thread_id", "session_id", "conversation_id"])
def test_conversation_in_baggage(key: str, seen: Capture) -> None:
    """What a service that calls this one says of the conversation counts where nobody here says it."""
    telemetry = Telemetry(**seen.providers)
    token = context.attach(baggage.set_baggage(key, "far", baggage.set_baggage("tenant", "acme")))
    try:
        telemetry.start("a", AgentInvocation(name="a"))
        telemetry.start("m", Inference(), parent_id="a")
        for run in ("m", "a"):
            telemetry.finish(run)
        with conversation("near"):
            telemetry.start("b", AgentInvocation(name="b"))
        telemetry.finish("b")
    finally:
        context.detach(token)
    ids = {span.name: span.attributes.get("gen_ai.conversation.id") for span in seen.spans}
    assert ids == {"chat": "far", "invoke_agent a": "far", "invoke_agent b": "near"}


def test_conversation_of_a_block(seen: Capture) -> None:
    """A block names the conversation of what starts in it; the framework's id comes first; below it is inherited."""
    telemetry = Telemetry(**seen.providers)
    with conversation("c-1"):
        telemetry.start("a", AgentInvocation(name="a"))
        telemetry.start("named", AgentInvocation(name="n", conversation_id="thread"))
    telemetry.start("m", Inference(), parent_id="a")
    for run in ("m", "named", "a"):
        telemetry.finish(run)
    ids = {span.name: span.attributes.get("gen_ai.conversation.id") for span in seen.spans}
    assert ids == {"chat": "c-1", "invoke_agent n": "thread", "invoke_agent a": "c-1"}
    for wrong, error in (("", ValueError), (5, TypeError)):
        with pytest.raises(error, match="conversation_id"), conversation(wrong):
            raise AssertionError("entered")
