"""Keys named like secrets, and what they hold, are in nothing that is recorded: in data, headers, and JSON in texts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_otel_core import Telemetry
from genai_otel_core import messages as m
from genai_otel_core.conventions import available
from genai_otel_core.operations import Inference, Retrieval, ToolExecution
from genai_otel_core.plain import clip, plain, to_json
from genai_otel_core.secret_keys import in_text, without
from genai_otel_core.secret_names import is_secret, may_hold_secrets, may_name_secrets
from genai_otel_core.testing import Capture

NAMES = ("api_key", "Authorization", "dbPassword", "X-Api-Key", "clientSecret", "refresh_token", "password2")
data = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8) | st.sampled_from(NAMES), inner)
    ),
    max_leaves=12,
)


def dropped(value: Any) -> Any:
    """The same data without the keys."""
    if isinstance(value, dict):
        return {key: dropped(item) for key, item in value.items() if not is_secret(key)}
    return [dropped(item) for item in value] if isinstance(value, list) else value


@given(data, st.sampled_from([None, 2]), st.booleans())
def test_json_in_a_text(value: Any, indent: int | None, ascii_only: bool) -> None:
    """A text that is JSON is the JSON of the data without the secret keys, however it is written."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert json.loads(in_text(text)) == dropped(value)


@given(
    st.text(max_size=20), st.dictionaries(st.sampled_from(NAMES), st.just("hunter2"), min_size=1), st.data()
)
def test_secrets_in_cut_and_nested_json(around: str, secrets: dict[str, str], draw: st.DataObject) -> None:
    """No secret is left where the JSON is within other text, within JSON as text, or cut anywhere."""
    inner = json.dumps({"a": 1, **secrets, "z": [1]})
    for text in (around + inner + around, json.dumps({"body": inner}), json.dumps([json.dumps([inner])])):
        assert "hunter2" not in in_text(text)
        cut = clip(text, draw.draw(st.integers(26, len(text.encode()))))
        assert "hunter2" not in in_text(cut)


@pytest.mark.parametrize("between", ["", " ", "  ", "\t", "\n    ", "\r\n"])
@pytest.mark.parametrize("quote", ['"', "'", '\\"'])
def test_spaces_before_the_colon(between: str, quote: str) -> None:
    """A key is recognised also where it is not written close to its colon."""
    text = f"{{{quote}password{quote}{between}: {quote}hunter2{quote}}}"
    assert in_text(text) == "{}"


def joined(*pieces: str) -> st.SearchStrategy[str]:
    """Texts of these pieces."""
    return st.lists(st.sampled_from(pieces), max_size=12).map("".join)


@given(joined("token", '"', "'", "\\", ":", " ", "\n", "{", "x"))
def test_texts_that_are_not_looked_at(text: str) -> None:
    """A text with a secret key, quoted in any way and before a colon, is looked at closely."""
    found = re.findall(r"""(?=(\\{0,8}["'])([^"'\\\n]{1,128})\1\s{0,32}:)""", text)
    assert may_hold_secrets(text) or not any(is_secret(key) for _, key in found) or not has_colon(text)


def has_colon(text: str) -> bool:
    """Whether a quote is followed by a colon, as in JSON and in what Python shows."""
    return any(end in text for end in ('":', "':", '" :'))


@given(st.lists(joined("token", "key", "api", "_", "\n", " ", "1", "A", "value")))
def test_names_that_are_not_looked_at(names: list[str]) -> None:
    """Names that are harmless together are so one by one, now and when they come again."""
    for _ in range(2):
        assert may_name_secrets(names) or not any(map(is_secret, names))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no secret: here", "no secret: here"),
        ('"who said": "token"', '"who said": "token"'),
        ("{'api_key': 'sk-1', 'q': 'x'}", "{'q': 'x'}"),
        ('{"q": 1, "auth": {"user": "}", "pass": [1]}}', '{"q": 1}'),
        ('{"q": 1,\n "token": 12.5\n}', '{"q": 1\n}'),
        ('call({"password": "a\\"b", "q": 2}) failed', 'call({"q": 2}) failed'),
        ('{"max_tokens": 5, "total_tokens": 6}', '{"max_tokens": 5, "total_tokens": 6}'),
        ('{"secret": "abc[omitted 5 characters]', "{[omitted 5 characters]"),
    ],
)
def test_texts(text: str, shown: str) -> None:
    """Only the pair goes, with its comma; the rest of a text stays as it is."""
    assert in_text(text) == shown


def test_headers_and_pairs() -> None:
    """A secret told as a name and a value is dropped too."""
    headers = {
        "list": [["Accept", "json"], ["Authorization", "Bearer x"], ("x-api-key", "k")],
        "named": [{"name": "password", "value": "p"}, {"name": "city", "value": "Rome"}],
    }
    expected = {
        "list": [["Accept", "json"]],
        "named": [{"name": "password"}, {"name": "city", "value": "Rome"}],
    }
    assert plain(headers, 10_000) == expected
    assert without(headers) == expected
    assert without(expected) is expected


@pytest.mark.parametrize("convention", available())
def test_in_every_field(convention: str, seen: Capture) -> None:
    """Whatever field holds it, a secret by name is in no span, event or log record."""
    text = to_json({"api_key": "hunter2", "q": "shown"})
    raw = {"password": "hunter2", "headers": [["authorization", "hunter2"]], "body": text}
    said = m.Message(
        "user",
        [
            m.Text(text),
            m.Reasoning(text),
            m.ToolCall("t", "1", text),
            m.ToolCall("t", "2", raw),
            m.ToolResponse(text),
            m.ToolResponse([raw]),
            m.ServerToolCall("t", {"type": "t", **raw}),
            m.ServerToolResponse({"type": "t", **raw}),
            m.Generic("g", raw),
        ],
    )
    tool = m.ToolDefinition("t", text, raw)
    operations = [
        Inference(
            system_instructions=[m.Text(text)],
            input_messages=[said],
            output_messages=[said],
            tool_definitions=[tool],
        ),
        ToolExecution(name="t", description=text, arguments=raw, result={"content": text}),
        Retrieval(query=text, documents=[m.Document("d", 0.5, text, raw)]),
    ]
    telemetry = Telemetry(capture_content="span_and_event", convention=convention, **seen.providers)
    for op in operations:
        telemetry.start(1, op)
        telemetry.fail(1, ValueError(f"could not send {text}"))
    emitted = [
        (span.attributes, span.status.description, [event.attributes for event in span.events])
        for span in seen.spans
    ]
    everything = str(emitted) + str([(record.attributes, record.body) for record in seen.logs()])
    assert "hunter2" not in everything
    assert "shown" in everything
