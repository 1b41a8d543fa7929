"""The quick estimate of what fits and is clean never says so of what does not or is not."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.trace import INVALID_SPAN

from genai_otel_core import as_it_is, bounds, secret_keys, survey
from genai_otel_core import messages as m
from genai_otel_core.content import Mode
from genai_otel_core.conventions import _encode as encode
from genai_otel_core.cutting import size_of_definitions, size_of_documents, size_of_messages
from genai_otel_core.operations import Inference, Operation, ToolExecution
from genai_otel_core.plain import to_json
from genai_otel_core.policy import Policy


class Accessor(str):
    """A text of a framework's own type."""

    __slots__ = ()


TEXT = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["\x00" * 20, '"\\' * 20, "😀" * 9, Accessor("\x00" * 20)]
)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
ID = st.none() | TEXT
PART = st.one_of(
    st.builds(m.Text, TEXT),
    st.builds(m.Reasoning, TEXT),
    st.builds(m.ToolCall, TEXT, ID, DATA),
    st.builds(m.ToolResponse, DATA, ID),
    st.builds(m.ServerToolCall, TEXT, DATA, ID),
    st.builds(m.ServerToolResponse, DATA, ID),
    st.builds(m.Blob, TEXT, TEXT, ID),
    st.builds(m.Uri, TEXT, TEXT, ID),
    st.builds(m.File, TEXT, TEXT, ID),
    st.builds(m.Generic, TEXT, st.dictionaries(TEXT, DATA, max_size=3)),
)
MESSAGES = st.lists(st.builds(m.Message, TEXT, st.lists(PART, max_size=3), ID, ID), max_size=4)
DEFINITIONS = st.lists(st.builds(m.ToolDefinition, TEXT, ID, DATA, TEXT), max_size=3)
DOCUMENTS = st.lists(
    st.builds(m.Document, ID, st.none() | st.floats(allow_nan=False), ID, st.none() | st.just({"a": "b"})),
    max_size=3,
)
LIMIT = st.integers(256, 4096)


@given(DATA, LIMIT)
def test_data(value: object, limit: int) -> None:
    """JSON data that is said to fit has at most so many bytes."""
    assert not survey.surely_fits(value, limit) or bounds.json_bytes(value) <= limit


@given(MESSAGES, LIMIT)
def test_messages(value: list[m.Message], limit: int) -> None:
    """So have messages, with any part and as any convention writes them."""
    assert not survey.surely_fits(value, limit) or size_of_messages(value) <= limit


@given(st.lists(PART, max_size=4), LIMIT)
def test_parts(value: list[m.Part], limit: int) -> None:
    """So have parts alone."""
    assert not survey.surely_fits(value, limit) or bounds.json_bytes(encode.parts(value)) <= limit


@given(DEFINITIONS, DOCUMENTS, LIMIT)
def test_definitions_and_documents(
    tools: list[m.ToolDefinition], documents: list[m.Document], limit: int
) -> None:
    """So have tool definitions and documents."""
    assert not survey.surely_fits(tools, limit) or size_of_definitions(tools) <= limit
    assert not survey.surely_fits(documents, limit) or size_of_documents(documents) <= limit


SECRETS = st.sampled_from(["api_key", "name", "value", "a", '{"token": 1}', '{\\"pwd\\": 1}', "a\npassword"])
TELLING = st.recursive(
    SECRETS | st.none() | st.integers(0, 1),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(SECRETS, inner).map(list)
        | st.dictionaries(SECRETS, inner, max_size=3)
    ),
    max_leaves=8,
)
TELLING_OBJECTS = st.one_of(
    st.builds(lambda data: [m.Message("user", [m.ToolCall("t", None, data)])], TELLING),
    st.builds(lambda said: [m.Message("user", [m.Text(said)], said)], SECRETS),
    st.builds(lambda said, data: [m.ToolDefinition(said, said, data)], SECRETS, TELLING),
)


@given(TELLING | TELLING_OBJECTS)
def test_secrets(value: object) -> None:
    """What is said to hold no secrets has none to drop."""
    found = survey.surveyed(value, 1 << 20)
    assert found is not None
    assert not found[1] or secret_keys.without(value) is value


@settings(max_examples=40)
@given(MESSAGES, st.none() | DATA | TELLING, DEFINITIONS, LIMIT | st.just(1 << 20))
def test_content_that_is_recorded_as_it_is(
    messages: list[m.Message], data: object, tools: list[m.ToolDefinition], limit: int
) -> None:
    """What becomes of content is the same whether all is looked at together or field by field."""
    shown: list[str] = []
    for prepare in (as_it_is.prepare, lambda *_: None):
        given = deepcopy((messages, data, tools))
        operations: list[Operation] = [
            Inference(input_messages=given[0], output_messages=given[0], tool_definitions=given[2]),
            ToolExecution(name="t", arguments=given[1], result={"content": given[1]}),
        ]
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(as_it_is, "prepare", prepare)
            for op in operations:
                Policy(None, limit).apply(op, INVALID_SPAN, Mode.EVENT)
        shown.append(encoded(operations))
    assert shown[0] == shown[1]


def encoded(operations: list[Operation]) -> str:
    """All that is recorded of the content."""
    call, tool = operations
    assert isinstance(call, Inference)
    assert isinstance(tool, ToolExecution)
    found = [encode.output_messages(one) for one in (call.input_messages, call.output_messages)]
    return to_json([found, encode.tool_definitions(call.tool_definitions), tool.arguments, tool.result])


@given(MESSAGES, LIMIT)
def test_json_within_json(value: list[m.Message], limit: int) -> None:
    """The size is also that of a text within which the value is written as a text, as arguments are."""
    found = survey.surveyed(value, limit)
    twice = bounds.json_bytes(to_json(encode.output_messages(value)))
    assert found is None or twice <= found[0] <= limit


USUAL = ["a" * 5000, {"a": [1, 2.5, None, True, "x"]}, [m.Text("a" * 5000)], [m.Text(Accessor("a"))]]


@pytest.mark.parametrize("value", USUAL)
def test_usual_content_is_not_measured(value: object) -> None:
    """It says so of what people usually send."""
    assert survey.surely_fits(value, 32768)


def test_more_items_than_a_list_may_have() -> None:
    """Lists that are always shortened are not said to fit, however small their items."""
    assert not survey.surely_fits([1] * (4096 // 20 + 1), 4096)


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, [m.Text("\ud800")], Accessor("\ud800")])
def test_half_a_surrogate_pair(value: object) -> None:
    """What UTF-8 has no bytes for is not said to fit, so that it is mended."""
    assert not survey.surely_fits(value, 32768)
