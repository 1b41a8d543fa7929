"""Bounds of content, over any content and any bound: valid JSON, valid by its schema, within the bound."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from genai_otel_core import Telemetry, bounds, counters
from genai_otel_core import messages as m
from genai_otel_core.conventions import available
from genai_otel_core.operations import Inference, Request, Retrieval, ToolExecution, WorkflowInvocation
from genai_otel_core.plain import clip, keep_clear_of_cut, to_json
from genai_otel_core.testing import Capture, capture

SCHEMAS = Path(__file__).parent / "conventions" / "schemas"
BY_ATTRIBUTE = {
    "gen_ai.input.messages": "gen-ai-input-messages",
    "gen_ai.output.messages": "gen-ai-output-messages",
    "gen_ai.system_instructions": "gen-ai-system-instructions",
    "gen_ai.tool.definitions": "gen-ai-tool-definitions",
    "gen_ai.retrieval.documents": "gen-ai-retrieval-documents",
}
VALIDATORS = {
    attribute: Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text()))
    for attribute, name in BY_ATTRIBUTE.items()
}
VALIDATORS["gen_ai.tool.call.arguments"] = Draft202012Validator({"type": "object"})
VALIDATORS["gen_ai.tool.call.result"] = Draft202012Validator({"type": "object"})

# Texts that are short, that JSON makes longer, that UTF-8 makes longer, that UTF-8 cannot say, and long ones.
texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", '"' * 700, "\x00" * 300, "é" * 900, "😀" * 400, "\ud800" * 80, "x" * 5_000]),
    st.builds(lambda word, count: word * count, st.text(min_size=1, max_size=8), st.integers(1, 500)),
)
names = st.one_of(st.text(min_size=1, max_size=20), st.just("n" * 500))
data = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(names, inner, max_size=6)),
    max_leaves=8,
)
objects = st.dictionaries(names, data, max_size=8)
ids = st.none() | names
parts = st.one_of(
    st.builds(m.Text, texts),
    st.builds(m.Reasoning, texts),
    st.builds(m.ToolCall, names, ids, data),
    st.builds(m.ToolResponse, data, ids),
    st.builds(m.ServerToolCall, names, objects.map(lambda call: {**call, "type": "search"}), ids),
    st.builds(m.ServerToolResponse, objects.map(lambda call: {**call, "type": "search"}), ids),
    st.builds(m.Blob, st.just("image"), st.sampled_from(["aGVsbG8=", "no base64 é", "QUJD" * 900])),
    st.builds(
        m.Uri, st.just("image"), st.sampled_from(["https://a.example/b.png", "data:image/png;base64,QUJD"])
    ),
    st.builds(m.File, st.just("document"), names),
    st.builds(
        m.Generic,
        st.just("thing"),
        objects.map(lambda found: {k: v for k, v in found.items() if k != "type"}),
    ),
)
messages = st.builds(
    m.Message,
    st.sampled_from(["system", "user", "assistant", "tool", "r" * 300]),
    st.lists(parts, max_size=5),
    ids,
)
definitions = st.builds(m.ToolDefinition, names, st.none() | texts, st.none() | objects)
documents = st.builds(m.Document, ids, st.none() | st.floats(0, 1), st.none() | texts, st.none() | objects)
limits = st.one_of(st.integers(256, 600), st.integers(256, 6_000))


def run(op: Any, limit: int, seen: Capture, convention: str = "1.41") -> dict[str, Any]:
    """Run one operation with its content and return its span's attributes."""
    telemetry = Telemetry(
        capture_content="span", max_content_bytes=limit, convention=convention, **seen.providers
    )
    telemetry.start(1, op)
    telemetry.finish(1)
    (span,) = seen.spans
    return dict(span.attributes)


def whole(value: Any) -> Any:
    """A log record's value, whose mappings and sequences the SDK has replaced, as plain data."""
    if isinstance(value, Mapping):
        return {key: whole(item) for key, item in value.items()}
    return [whole(item) for item in value] if isinstance(value, (list, tuple)) else value


def check(attributes: dict[str, Any], limit: int) -> None:
    """Assert that every attribute is bounded, and every JSON one valid by its schema."""
    for name, value in attributes.items():
        if isinstance(value, str):
            assert len(value.encode("utf-8")) <= limit, name
        if name in VALIDATORS:
            VALIDATORS[name].validate(json.loads(value))


@given(
    st.lists(messages, max_size=8),
    st.integers(1, 60),
    st.lists(messages.map(lambda one: m.Message(one.role, one.parts, one.name, "stop")), max_size=3),
    st.none() | st.lists(st.builds(m.Text, texts), max_size=5),
    st.none() | st.lists(definitions, max_size=12),
    limits,
)
@settings(max_examples=50)
def test_messages_fit_their_bound_and_their_schema(
    given_in: list[m.Message], times: int, out: list[m.Message], system: Any, tools: Any, limit: int
) -> None:
    """Messages, instructions and tool definitions of any shape stay valid by their schema in any bound."""
    with capture() as seen:
        op = Inference(
            input_messages=given_in * times,
            output_messages=out,
            system_instructions=system,
            tool_definitions=tools,
        )
        check(run(op, limit, seen), limit)


@pytest.mark.parametrize("convention", [*available(), ["1.36", "openinference"]], ids=str)
@given(
    messages=st.lists(messages, max_size=4),
    times=st.integers(1, 30),
    system=st.none() | st.lists(parts, max_size=4),
    tools=st.lists(definitions),
    stops=st.none() | st.lists(texts, max_size=4),
    limit=limits,
)
@settings(max_examples=25)
def test_no_convention_writes_more(
    convention: Any, messages: list[m.Message], times: int, system: Any, tools: Any, stops: Any, limit: int
) -> None:
    """Whatever a convention makes of content, each attribute and each field of an event keeps within the bound."""
    request = Request(model="m-1", temperature=0.5, stop_sequences=stops)
    with capture() as seen:
        op = Inference(
            request=request,
            system_instructions=system,
            input_messages=messages * times,
            output_messages=messages,
            tool_definitions=tools,
        )
        check(run(op, limit, seen, convention), limit)
        for event in (event for span in seen.spans for event in span.events):
            check(dict(event.attributes), limit)
        for record in seen.logs():
            for value in (*record.attributes.values(), record.body):
                said = value if isinstance(value, str) else to_json(whole(value))
                assert len(said.encode()) <= limit, said


@pytest.mark.parametrize("convention", available())
@given(st.lists(documents, max_size=30), objects, limits)
@settings(max_examples=15)
def test_no_convention_writes_more_of_tools_and_documents(
    convention: str, found: list[m.Document], arguments: dict[str, Any], limit: int
) -> None:
    """What tools are given and give, and what is retrieved, keeps within the bound in any convention."""
    with capture() as seen:
        check(
            run(ToolExecution(name="t", arguments=arguments, result=arguments), limit, seen, convention),
            limit,
        )
    with capture() as seen:
        check(run(Retrieval(query="q", documents=found), limit, seen, convention), limit)


@pytest.mark.parametrize("content", ["none", "span"])
def test_ids_of_documents_fit_too(content: str, seen: Capture) -> None:
    """A thousand documents are told within the bound, with and without their texts."""
    telemetry = Telemetry(capture_content=content, max_content_bytes=512, **seen.providers)
    found = [m.Document(f"document-{index}", 0.5, "text" * 100) for index in range(1_000)]
    telemetry.start(1, Retrieval(query="q", documents=found))
    telemetry.finish(1)
    told = seen.spans[0].attributes["gen_ai.retrieval.documents"]
    assert json.loads(told)[0]["id"] == "document-0"
    assert 256 < len(told) <= 512


def test_what_is_left_out_is_counted(seen: Capture) -> None:
    """The count of omitted bytes has what every cut took, once, also a cut that an adapter made before."""
    run(Retrieval(query="x" * 1_000), 300, seen)
    assert counters.read(counters.OMITTED_BYTES) == {"": 1_000 - (300 - len("[omitted 1000 characters]"))}
    counters.clear()
    run_again = Telemetry(capture_content="span", max_content_bytes=300, **seen.providers)
    run_again.start(2, Retrieval(query=clip("x" * 1_000, 600)))
    run_again.finish(2)
    assert counters.read(counters.OMITTED_BYTES) == {"": 1_000 - (300 - len("[omitted 1000 characters]"))}
    counters.clear()
    run_again.start(3, Inference(input_messages=[m.Message("user", [m.Text("y" * 100)])] * 100))
    run_again.finish(3)
    assert 9_000 < counters.read(counters.OMITTED_BYTES)[""] < 11_000
    counters.clear()
    run_again.start(4, Inference(input_messages=[m.Message("user", [m.Text("short")])]))
    run_again.finish(4)
    assert counters.read(counters.OMITTED_BYTES) == {}


@given(objects, st.none() | objects, limits)
@settings(max_examples=50)
def test_tool_calls_fit(arguments: dict[str, Any], result: Any, limit: int) -> None:
    """A tool's arguments and result stay JSON objects in any bound."""
    with capture() as seen:
        check(run(ToolExecution(name="t", arguments=arguments, result=result), limit, seen), limit)


@given(texts, st.lists(documents, max_size=30), limits)
@settings(max_examples=50)
def test_retrievals_fit(query: str, found: list[m.Document], limit: int) -> None:
    """A query and documents stay valid in any bound."""
    with capture() as seen:
        check(run(Retrieval(query=query, documents=found), limit, seen), limit)


@pytest.mark.parametrize("count", [3, 2_000])
def test_what_is_left_out_is_said(count: int, seen: Capture) -> None:
    """The first message and the last stay longest; a marker stands for those between."""
    conversation = [m.Message("user", [m.Text(f"{index} " + "word " * 200)]) for index in range(count)]
    attributes = run(WorkflowInvocation(input_messages=conversation), 2_048, seen)
    shown = json.loads(attributes["gen_ai.input.messages"])
    said = [message["parts"][0]["content"] for message in shown]
    assert said[0].startswith("0 word")
    assert said[-1].startswith(f"{count - 1} word")
    assert "omitted" in attributes["gen_ai.input.messages"]
    assert len(attributes["gen_ai.input.messages"].encode()) > 1_024
    if count > 3:
        assert shown[1] == {"role": "omitted", "parts": [{"type": "text", "content": said[1]}]}
        assert said[1] == f"[omitted {count - len(shown) + 1} messages]"


def test_a_huge_state_costs_what_the_bound_costs(seen: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten megabytes are cut before they are encoded: what is encoded in all is a few times the bound."""
    encoded = []
    monkeypatch.setattr(bounds, "to_json", lambda value: encoded.append(to_json(value)) or encoded[-1])
    huge = [m.Message("user", [m.Text("é" * 100_000)]) for _ in range(100)]
    attributes = run(WorkflowInvocation(input_messages=huge), 4_096, seen)
    assert 2_048 < len(attributes["gen_ai.input.messages"].encode()) <= 4_096
    assert 0 < sum(map(len, encoded)) < 30 * 4_096


@given(st.text(), st.integers(32, 400), st.integers(32, 400))
def test_a_cut_text_says_how_much_is_gone(text: str, first: int, second: int) -> None:
    """Cutting twice tells the number of characters that both cuts took."""
    once = clip(text, max(first, second))
    twice = clip(once, min(first, second))
    assert len(twice.encode()) <= min(first, second) or twice.startswith("[omitted ")
    for cut in (once, twice):
        if cut != text.encode("utf-8", "replace").decode() and "[omitted " not in text:
            kept, _, gone = cut.rpartition("[omitted ")
            assert int(gone.split()[0]) == len(text) - len(kept)


def test_nothing_is_shown_right_before_a_cut() -> None:
    """What a cut may have split is taken away, and counted."""
    assert (
        keep_clear_of_cut("a" * 300 + "[omitted 7 characters] b") == "a" * 44 + "[omitted 263 characters] b"
    )
    assert keep_clear_of_cut("short[omitted 7 characters]") == "[omitted 12 characters]"
    assert keep_clear_of_cut("whole") == "whole"
