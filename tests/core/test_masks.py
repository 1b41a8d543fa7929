"""Masks: what the ready ones find, and that any mask is called once per part and cannot leak."""

from __future__ import annotations

import json
import pickle
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_otel_core import Telemetry, counters, guard, masks
from genai_otel_core import messages as m
from genai_otel_core.errors import describe
from genai_otel_core.operations import Inference, Operation, Retrieval, ToolExecution
from genai_otel_core.testing import Capture, capture


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jane.doe+x@mail.example.co.uk, please", "write to [e-mail], please"),
        ("card 4111 1111 1111 1111 or 378282246310005", "card [card] or [card]"),
        ("order 4111 1111 1111 1112", "order 4111 1111 1111 1112"),
        ("card 4111 1111 1111 1111 12/27, code 123", "card [card] 12/27, code 123"),
        ("+1 415 555 2671 4111 1111 1111 1111 12 27", "[phone] [card] 12 27"),
        ("2 4111111111111111 5500000000000004", "2 [card] [card]"),
        ("call +44 20 7946 0958 or (030) 901820 now", "call [phone] or [phone] now"),
        ("call 555-867-5309", "call [phone]"),
        ("2026-11-21 at 10:58:35, version 1.2.3.4, 1234567 rows", None),
        ("sk-proj-abcdefghijklmnop and ghp_0123456789abcdef", "[api key] and [api key]"),
        ("AKIAIOSFODNN7EXAMPLE", "[api key]"),
        ("Authorization: Bearer abc.def-ghi", "[secret] [api key]"),
        ("Authorization: Basic dXNlcjpwYXNz", "[secret]"),
        ("postgres://app:s3cr3t@db.example.com/x", "postgres://[secret]@db.example.com/x"),
        ("token=sk-SECRET", "[secret]"),
        ('{"password": "hunter2", "max_tokens": 5}', '{"[secret]", "max_tokens": 5}'),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_1", "[jwt]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- x", "[private key] x"),
        ("nothing to see", None),
    ],
)
def test_common_finds(text: str, masked: str | None) -> None:
    """The ready patterns replace what they are for, and leave dates, versions and numbers alone."""
    assert masks.common()("query", text, None) == (text if masked is None else masked)


@given(
    before=st.lists(st.integers(0, 10**9)),
    card=st.sampled_from(["4111 1111 1111 1111", "378282246310005", "3782-822463-10005", "4222222222222"]),
    after=st.lists(st.integers(0, 10**9)),
    between=st.sampled_from(" -"),
)
def test_no_card_is_overlooked_beside_other_numbers(
    before: list[int], card: str, after: list[int], between: str
) -> None:
    """An order's number, a date or a check code beside it does not show a card's."""
    text = between.join([*map(str, before), card, *map(str, after)])
    assert card not in masks.common()("query", text, None)


def test_patterns_of_ones_own() -> None:
    """Own patterns come first, a mask compares and pickles by its patterns, and hide hides all."""
    mask = masks.common(badge=r"\bB-\d{4}\b")
    assert mask("query", "B-1234 wrote a@b.example", None) == "[badge] wrote [e-mail]"
    assert pickle.loads(pickle.dumps(mask)) == mask
    assert hash(mask) == hash(masks.common(badge=r"\bB-\d{4}\b")) != hash(masks.common())
    assert masks.hide("query", "anything", None) == "[masked]"
    some = masks.fields(query=masks.hide)
    assert (some("query", "a", None), some("result", "a", None)) == ("[masked]", "a")
    with pytest.raises(TypeError, match="patterns"):
        masks.RegexMask([r"\d"])


def run(
    op: Operation, mask: Any, seen: Capture, error: Exception | None = None, **options: Any
) -> dict[str, Any]:
    """Run one operation under a mask and return its span's attributes."""
    telemetry = Telemetry(capture_content="span_and_event", mask=mask, **seen.providers, **options)
    telemetry.start(1, op)
    telemetry.finish(1) if error is None else telemetry.fail(1, error)
    return dict(seen.spans[-1].attributes)


def whole() -> Inference:
    """An inference with content in every field."""
    return Inference(
        system_instructions=[m.Text("s")],
        input_messages=[
            m.Message("user", [m.Text("u"), m.Uri("image", "https://i.example")], "jane"),
            m.Message("assistant", [m.Reasoning("r"), m.ToolCall("t", "c", {"a": 1})]),
            m.Message("tool", [m.ToolResponse("answer", "c")], "t"),
        ],
        output_messages=[m.Message("assistant", [m.Generic("odd", {"x": "y"}), m.Blob("image", "QUJD")])],
        tool_definitions=[m.ToolDefinition("t", "d", {"type": "object"})],
    )


def test_once_per_part_with_its_field(seen: Capture) -> None:
    """A mask gets each part once, with its field and operation, however many copies are emitted."""
    calls = []

    def mask(field: str, text: str, operation: Any) -> str:
        calls.append((field, text))
        assert operation is op
        return text

    op = whole()
    op.request.stop_sequences = ["STOP"]
    run(op, mask, seen, convention=["1.41", "openinference"])
    blob = "b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78"
    assert calls == [
        ("system_instructions", "s"),
        ("tool_definitions", '{"description":"d","parameters":{"type":"object"}}'),
        ("input_messages", "jane"),
        ("input_messages", "u"),
        ("input_messages", "https://i.example"),
        ("input_messages", "r"),
        ("input_messages", '{"a":1}'),
        ("input_messages", "answer"),
        ("output_messages", '{"type":"odd","x":"y"}'),
        (
            "output_messages",
            (
                f'{{"type":"blob","modality":"image","content":"","sha256":"{blob}","size":3,'
                '"omitted":"[omitted 3 bytes]"}'
            ),
        ),
        ("stop_sequences", "STOP"),
    ]


def test_dropped_parts_are_gone(seen: Capture) -> None:
    """A mask that returns None leaves messages without parts, and tools with their names."""
    shown = run(whole(), lambda field, text, operation: None, seen)
    assert json.loads(shown["gen_ai.input.messages"]) == [
        {"role": "user", "parts": []},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c", "name": "t"}]},
        {"role": "tool", "parts": [], "name": "t"},
    ]
    assert json.loads(shown["gen_ai.tool.definitions"]) == [{"type": "function", "name": "t"}]


@pytest.mark.guard_may_catch
def test_a_mask_that_raises(seen: Capture, caplog: pytest.LogCaptureFixture) -> None:
    """What a mask failed on becomes a marker, the error is logged once and counted, the work goes on."""

    def mask(field: str, text: str, operation: Any) -> str:
        raise RuntimeError(text)

    counters.clear()
    shown = run(whole(), mask, seen)
    text = json.dumps(shown)
    assert json.loads(shown["gen_ai.system_instructions"]) == [{"type": "text", "content": "[mask failed]"}]
    assert json.loads(shown["gen_ai.tool.definitions"]) == [
        {"type": "function", "name": "t", "description": "[mask failed]"}
    ]
    assert not re.search(r"i\.example|answer|jane|QUJD", text)
    assert len(caplog.records) == 1
    assert counters.read(counters.MASK_FAILURES) == {"": 10}
    assert guard.failure_counts()["mask"] == 10
    run(whole(), mask, seen)
    assert len(caplog.records) == 2, "another telemetry's mask is another error"


@pytest.mark.guard_may_catch
def test_what_is_no_text_is_a_failure(seen: Capture) -> None:
    """A mask that returns something else than a text or None has failed."""
    shown = run(Retrieval(query="q"), lambda field, text, operation: 5, seen)
    assert shown["gen_ai.retrieval.query.text"] == "[mask failed]"


def test_exception_text_and_status(seen: Capture) -> None:
    """An exception's text is masked in the status and in events; a dropped one leaves the type."""
    mask = masks.common()
    run(Inference(), mask, seen, RuntimeError("token=sk-SECRET of a@b.example"))
    assert seen.spans[-1].status.description == "[secret] of [e-mail]"
    assert "SECRET" not in json.dumps([dict(record.attributes) for record in seen.logs()])
    run(Inference(), lambda field, text, operation: None, seen, RuntimeError("sk-SECRET"))
    assert seen.spans[-1].status.description == "RuntimeError"


def test_structured_values(seen: Capture) -> None:
    """A ready mask sees each text of a structured value by itself; the value keeps its shape."""
    arguments = {"to": "a@b.example", "n": 3, "lines": "x\n4111111111111111", "phone": 4111111111111111}
    shown = run(ToolExecution(name="t", arguments=arguments), masks.common(), seen)
    assert json.loads(shown["gen_ai.tool.call.arguments"]) == {
        "to": "[e-mail]",
        "n": 3,
        "lines": "x\n[card]",
        "phone": "[card]",
    }
    shown = run(ToolExecution(name="t", result={"a": 1}), lambda field, text, operation: "gone", seen)
    assert json.loads(shown["gen_ai.tool.call.result"]) == {"content": "gone"}


@given(st.integers(0, 400), st.sampled_from(["4111 1111 1111 1111", "jane@example.com", "sk-" + "a" * 48]))
def test_a_bound_never_splits_a_secret_past_its_mask(offset: int, secret: str) -> None:
    """Where the bound cuts through what the mask is to find, nothing of it is shown."""
    with capture() as seen:
        text = "." * (256 + 100 - offset) + " " + secret + " " + "." * 5_000
        shown = run(Retrieval(query=text), masks.common(), seen, max_content_bytes=256)
        assert secret[:6] not in shown["gen_ai.retrieval.query.text"]
        assert len(shown["gen_ai.retrieval.query.text"]) <= 256


def test_nothing_is_read_of_an_error_whose_text_nobody_wants() -> None:
    """Without content, an exception's text is not even asked for."""

    class Shy(Exception):
        def __str__(self) -> str:
            raise AssertionError("asked")

    assert describe(Shy(), content=False).message is None


async def awaited(field: str, text: str, operation: Any) -> str:
    """A mask that nobody would await."""
    return text


class Awaited:
    """The same as an object."""

    async def __call__(self, field: str, text: str, operation: Any) -> str:
        """Never."""
        return text


@pytest.mark.parametrize(
    ("mask", "word"),
    [
        (awaited, "coroutine"),
        (Awaited(), "coroutine"),
        (lambda field, text: text, "field, text, operation"),
        (lambda: "", "field, text, operation"),
        ("all", "callable"),
    ],
)
def test_a_mask_that_cannot_work_is_a_mistake(mask: Any, word: str) -> None:
    """What could only fail at each call is refused at once."""
    with pytest.raises(TypeError, match=word):
        Telemetry(mask=mask)


def test_masks_of_any_kind_are_taken() -> None:
    """Functions with other names or more parameters, methods, objects and built-ins may be masks."""
    for mask in (
        masks.hide,
        masks.common(),
        lambda *all_of_it: None,
        lambda f, t, o, more=1: t,
        "{}{}{}".format,
    ):
        assert Telemetry(mask=mask).settings.mask is mask
