"""OpenInference spans have the names, values and types of that project's own package."""

from __future__ import annotations

import json
import re
from enum import Enum
from typing import Any

import pytest
from openinference.semconv import trace as official

from core.conventions.runs import RUNS, SECRET, Stage, chat, says
from genai_otel_core import Telemetry
from genai_otel_core import messages as m
from genai_otel_core.conventions import _flat_messages as flat
from genai_otel_core.conventions import _own, resolve
from genai_otel_core.operations import (
    AgentInvocation,
    Embeddings,
    Inference,
    Request,
    Retrieval,
    Step,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.testing import capture

(OPENINFERENCE,) = resolve("openinference")


def words(names: type) -> set[str]:
    """The constants of one of the package's classes."""
    return {value for key, value in vars(names).items() if key.isupper()}


def allowed(values: type[Enum]) -> set[str]:
    """The values of one of the package's enumerations."""
    return {member.value for member in values}


TOP = words(official.SpanAttributes)
CONTENT = words(official.MessageContentAttributes) | {
    f"{official.MessageContentAttributes.MESSAGE_CONTENT_IMAGE}.{name}"
    for name in words(official.ImageAttributes)
}
CONTENT |= {
    f"{prefix}.{name}"
    for prefix, names in (
        (official.MessageContentAttributes.MESSAGE_CONTENT_AUDIO, official.AudioAttributes),
        (official.MessageContentAttributes.MESSAGE_CONTENT_VIDEO, official.VideoAttributes),
        (official.MessageContentAttributes.MESSAGE_CONTENT_DOCUMENT, official.DocumentAttributes),
    )
    for name in words(names)
}
MESSAGE = (
    words(official.MessageAttributes)
    | {f"{official.MessageAttributes.MESSAGE_CONTENTS}.#.{name}" for name in CONTENT}
    | {
        f"{official.MessageAttributes.MESSAGE_TOOL_CALLS}.#.{name}"
        for name in words(official.ToolCallAttributes)
    }
)
LISTS = {
    official.SpanAttributes.LLM_INPUT_MESSAGES: MESSAGE,
    official.SpanAttributes.LLM_OUTPUT_MESSAGES: MESSAGE,
    official.SpanAttributes.LLM_PROMPTS: words(official.PromptAttributes),
    official.SpanAttributes.LLM_CHOICES: words(official.ChoiceAttributes),
    official.SpanAttributes.LLM_TOOLS: words(official.ToolAttributes),
    official.SpanAttributes.RETRIEVAL_DOCUMENTS: words(official.DocumentAttributes),
}
OFFICIAL = TOP | {f"{prefix}.#.{name}" for prefix, names in LISTS.items() for name in names}

KINDS = {
    Inference: "LLM",
    Embeddings: "EMBEDDING",
    Retrieval: "RETRIEVER",
    ToolExecution: "TOOL",
    AgentInvocation: "AGENT",
    WorkflowInvocation: "CHAIN",
    Step: "CHAIN",
}


def played(run: str, content: str = "span") -> tuple[list[Any], Stage]:
    """The spans of a run in the order in which they started."""
    with capture() as seen:
        stage = Stage(Telemetry(convention="openinference", capture_content=content, **seen.providers))
        RUNS[run](stage)
        assert not seen.logs()
        assert not [name for name in seen.metrics() if not name.startswith(_own.PREFIXES)]
        return sorted(seen.spans, key=lambda span: span.context.span_id), stage


@pytest.mark.parametrize("content", ["none", "span"])
@pytest.mark.parametrize("run", RUNS)
def test_every_attribute_is_official(run: str, content: str) -> None:
    """Every attribute is in the package and of its type, the span kind is right, nothing else is emitted."""
    spans, stage = played(run, content)
    for span, op in zip(spans, stage.played, strict=True):
        attributes = {
            key: value for key, value in span.attributes.items() if not key.startswith(_own.PREFIXES)
        }
        unknown = {key for key in attributes if re.sub(r"\.\d+(?=\.)", ".#", key) not in OFFICIAL}
        assert unknown == set()
        assert attributes["openinference.span.kind"] == KINDS[type(op)]
        assert span.kind.name == "INTERNAL"
        for key, value in attributes.items():
            _check(key, value)


def _check(key: str, value: Any) -> None:
    if ".token_count." in key:
        assert type(value) is int
    elif key.endswith("document.score"):
        assert type(value) is float
    else:
        assert type(value) is str
    if key.endswith((".mime_type",)) and key.startswith(("input.", "output.")):
        assert value in allowed(official.OpenInferenceMimeTypeValues)
    if key in ("metadata", "llm.invocation_parameters", "embedding.invocation_parameters"):
        assert isinstance(json.loads(value), dict)
    if key.endswith(("tool.json_schema", "document.metadata")):
        json.loads(value)
    if key == "llm.system":
        assert value in allowed(official.OpenInferenceLLMSystemValues)
    if key == "openinference.span.kind":
        assert value in allowed(official.OpenInferenceSpanKindValues)


def test_the_tables_names_are_official() -> None:
    """Every name that the tables have is in the package, also where no run shows it."""
    for spec in OPENINFERENCE.spans:
        names = {row.name for row in spec.rows if not row.name.startswith(_own.PREFIXES)}
        names |= {name.replace("{i}", "#") for name in spec.expand_names}
        assert names - OFFICIAL == set()


def test_expanded_names_are_listed() -> None:
    """What a span has beyond the rows is among the names that the table lists, for the documentation."""
    for run in RUNS:
        spans, stage = played(run)
        for span, op in zip(spans, stage.played, strict=True):
            spec = OPENINFERENCE.by_type[type(op)]
            rows = {row.name for row in spec.rows}
            expanded = {re.sub(r"\.\d+(?=\.)", ".{i}", key) for key in span.attributes} - rows
            assert expanded <= set(spec.expand_names)


PROVIDERS = [
    "anthropic",
    "aws.bedrock",
    "azure.ai.openai",
    "cohere",
    "gcp.gemini",
    "gcp.vertex_ai",
    "mistral_ai",
]
PROVIDERS += ["openai", "x_ai", "deepseek", "groq", "moonshot_ai", "perplexity", "ollama"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_providers_have_the_package_s_ids(provider: str) -> None:
    """A provider that the package lists has its id there."""
    with capture() as seen:
        Stage(Telemetry(convention="openinference", **seen.providers)).one(chat(provider))
    listed = allowed(official.OpenInferenceLLMProviderValues)
    assert seen.spans[0].attributes["llm.provider"] in listed


def test_embeddings_have_the_name_that_the_specification_gives_them() -> None:
    """The span of an embeddings call is `CreateEmbeddings`, and has no `llm.system`."""
    (span,), _ = played("embeddings")
    assert span.name == "CreateEmbeddings"
    assert json.loads(span.attributes["embedding.invocation_parameters"]) == {
        "model": "text-embedding-3-small",
        "encoding_formats": ["float"],
    }
    assert not {"llm.system", "llm.provider"} & span.attributes.keys()
    assert span.attributes["llm.token_count.prompt"] == span.attributes["llm.token_count.total"] == 12


def test_parameters_quote_no_prompt_without_content() -> None:
    """Without content, invocation parameters are numbers and modes; with it, stop sequences too."""
    (without,), _ = played("full_request", "none")
    (with_content,), _ = played("full_request")
    key = "llm.invocation_parameters"
    numbers = json.loads(without.attributes[key])
    assert numbers["temperature"] == 1
    assert numbers["frequency_penalty"] == 0
    assert json.loads(with_content.attributes[key]) == {**numbers, "stop": [SECRET]}


def test_an_exception_is_a_span_event() -> None:
    """A failure is an `exception` event of its span, with its text only where content is wanted."""
    for content, keys in (
        ("none", {"exception.type"}),
        ("span", {"exception.type", "exception.message", "exception.stacktrace"}),
    ):
        (span,), _ = played("failed_chat", content)
        (event,) = span.events
        assert event.name == "exception"
        assert event.attributes.keys() == keys


def test_messages_that_do_not_fit_are_the_oldest() -> None:
    """An SDK keeps 128 attributes: a long conversation is flattened from its end, `input.value` is whole."""
    said = [says(f"message {n}") for n in range(100)]
    answer = says("answer", "assistant")
    with capture() as seen:
        telemetry = Telemetry(convention=["1.41", "openinference"], capture_content="span", **seen.providers)
        request = Request("gpt-4o", 0.5, 10, 0.5, 5, ["x"], 1, 0.1, 0.1, 2, "text")
        Stage(telemetry).one(chat(request=request, input_messages=said, output_messages=[answer]))
    (span,) = seen.spans
    contents = [
        value
        for key, value in span.attributes.items()
        if re.fullmatch(r"llm\.input_messages\.\d+\.message\.content", key)
    ]
    assert span.dropped_attributes == 0
    assert contents == [f"message {n}" for n in range(100 - len(contents), 100)]
    assert len(contents) == (flat.LIMIT - 2) / 2
    assert span.attributes["llm.output_messages.0.message.content"] == "answer"
    assert len(json.loads(span.attributes["input.value"])) == 100


def test_documents_that_do_not_fit_are_the_last() -> None:
    """Of many documents, the best are flattened."""
    op = Retrieval(documents=[m.Document(str(n), 1 - n / 100) for n in range(100)])
    found = flat.documents(op, content=False)
    assert len(found) == flat.LIMIT
    assert found["retrieval.documents.0.document.id"] == "0"


def test_what_a_message_says_is_flattened_part_by_part() -> None:
    """Text alone is the message's content; with media or reasoning there is a leaf for each part."""
    parts = [
        m.Text("look"),
        m.Reasoning("hm"),
        m.Uri("image", "https://example.com/i.png"),
        m.Blob("image", "aGVsbG8=", "image/png"),
        m.Blob("audio", "aGVsbG8=", "audio/wav"),
        m.Uri("video", "https://example.com/v"),
        m.Uri("document", "https://example.com/d", "application/pdf"),
        m.File("document", "file-1"),
        m.Generic("citation", {"n": 1}),
    ]
    op = Inference(input_messages=[m.Message("user", parts, name="ada"), says("short")])
    assert flat.inference(op, content=True) == {
        **{
            f"llm.input_messages.0.message.contents.{index}.message_content.{name}": value
            for index, leaves in enumerate(
                [
                    {"type": "text", "text": "look"},
                    {"type": "reasoning", "text": "hm"},
                    {"type": "image", "image.image.url": "https://example.com/i.png"},
                    {"type": "image", "image.image.url": "data:image/png;base64,aGVsbG8="},
                    {
                        "type": "audio",
                        "audio.audio.url": "data:audio/wav;base64,aGVsbG8=",
                        "audio.audio.mime_type": "audio/wav",
                    },
                    {"type": "video", "video.video.url": "https://example.com/v"},
                    {
                        "type": "document",
                        "document.document.url": "https://example.com/d",
                        "document.document.mime_type": "application/pdf",
                    },
                    {"type": "document", "document.document.id": "file-1"},
                    {"type": "text", "text": '{"n":1,"type":"citation"}'},
                ]
            )
            for name, value in leaves.items()
        },
        "llm.input_messages.0.message.name": "ada",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.1.message.content": "short",
        "llm.input_messages.1.message.role": "user",
    }


def test_the_older_messages_are_left_out_where_one_does_not_fit() -> None:
    """A message is flattened whole or not at all."""
    huge = m.Message("user", [m.Reasoning("hm")] * 40)
    op = Inference(input_messages=[says("first"), huge, says("last")])
    assert flat.inference(op, content=True) == {
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "last",
    }
