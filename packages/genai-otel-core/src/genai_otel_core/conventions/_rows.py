"""Rows that versions of the GenAI conventions share, in groups; what differs is in each version's file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genai_otel_core import messages as m
from genai_otel_core.conventions import _encode as encode
from genai_otel_core.conventions import _own as own
from genai_otel_core.conventions import _values as values
from genai_otel_core.conventions._base import Level, Row, SpanSpec
from genai_otel_core.conventions._reader import Constant, field
from genai_otel_core.operations import Operation, Step

ID, CONTENT = Level.IDENTITY, Level.CONTENT

Rows = tuple[Row[Any], ...]


def _parts(value: Iterable[m.Part], _: Operation) -> Any:
    return encode.parts(value)


def _definitions(value: Iterable[m.ToolDefinition], _: Operation) -> Any:
    return encode.tool_definitions(value)


def _documents(value: Iterable[m.Document], _: Operation) -> Any:
    return encode.documents(value, content=True)


def _messages(value: Iterable[m.Message], _: Operation) -> Any:
    return encode.input_messages(value)


def _answers(value: Iterable[m.Message], _: Operation) -> Any:
    return encode.output_messages(value)


def _answers_of_any_end(value: Iterable[m.Message], _: Operation) -> Any:
    return encode.output_messages(value, finish_reason_required=False)


ENDED: Rows = (
    Row("error.type", field("failure", values.error_type), ID),
    *own.ENDED,
)
SERVER: Rows = (
    Row("server.address", field("server_address"), ID, at_start=True),
    Row("server.port", field("server_port", values.server_port), ID, at_start=True),
)
KIND: Rows = (Row("gen_ai.operation.name", field("kind"), ID, at_start=True),)
"""The operation's name of a model call."""
PROVIDER: Rows = (Row("gen_ai.provider.name", field("provider"), ID, at_start=True),)
"""1.37 and later."""
REQUEST_MODEL: Rows = (Row("gen_ai.request.model", field("request.model"), ID, at_start=True),)
SAMPLING: Rows = (
    Row("gen_ai.request.max_tokens", field("request.max_tokens")),
    Row("gen_ai.request.temperature", field("request.temperature", values.as_float)),
    Row("gen_ai.request.top_p", field("request.top_p", values.as_float)),
    Row("gen_ai.request.frequency_penalty", field("request.frequency_penalty", values.as_float)),
    Row("gen_ai.request.presence_penalty", field("request.presence_penalty", values.as_float)),
    # A stop sequence is text from the application, often from a prompt.
    Row("gen_ai.request.stop_sequences", field("request.stop_sequences"), CONTENT),
)
TOP_K_DOUBLE: Rows = (Row("gen_ai.request.top_k", field("request.top_k", values.as_float)),)
OUTPUT: Rows = (
    Row("gen_ai.request.seed", field("request.seed")),
    Row("gen_ai.request.choice.count", field("request.choice_count", values.choice_count)),
    Row("gen_ai.output.type", field("request.output_type")),
)
"""1.31 and later."""
FINISH_REASONS: Rows = (Row("gen_ai.response.finish_reasons", field("response.finish_reasons")),)
RESPONSE_ID: Rows = (Row("gen_ai.response.id", field("response.id")),)
RESPONSE_MODEL: Rows = (Row("gen_ai.response.model", field("response.model"), ID),)
INPUT_TOKENS: Rows = (Row("gen_ai.usage.input_tokens", field("usage.input_tokens")),)
TOKENS: Rows = (*INPUT_TOKENS, Row("gen_ai.usage.output_tokens", field("usage.output_tokens")))
CACHE_READ: Rows = (Row("gen_ai.usage.cache_read.input_tokens", field("usage.cache_read_tokens")),)
REASONING: Rows = (Row("gen_ai.usage.reasoning.output_tokens", field("usage.reasoning_tokens")),)
CONVERSATION_ID = "gen_ai.conversation.id"
CONVERSATION: Rows = (Row(CONVERSATION_ID, field("conversation_id"), at_start=True),)
STREAMING: Rows = (
    Row("gen_ai.request.stream", field("request.stream", values.if_true)),
    Row("gen_ai.response.time_to_first_chunk", field("response.time_to_first_chunk_s")),
)
"""1.41 and later."""
ENCODING_FORMATS: Rows = (Row("gen_ai.request.encoding_formats", field("request.encoding_formats")),)
DIMENSION_COUNT: Rows = (Row("gen_ai.embeddings.dimension.count", field("dimension_count")),)
OPENAI: Rows = (
    Row("openai.api.type", field("api_type", values.of_openai)),
    Row("openai.request.service_tier", field("request.service_tier", values.service_tier)),
    Row("openai.response.service_tier", field("response.service_tier", values.of_openai)),
    Row("openai.response.system_fingerprint", field("response.system_fingerprint", values.of_openai)),
)
"""1.37 and later; before, these names began with `gen_ai.`."""
AGENT_NAME: Rows = (Row("gen_ai.agent.name", field("name"), ID, at_start=True),)
# Written by the application for a model to read: part of the prompt.
AGENT_DESCRIPTION: Rows = (Row("gen_ai.agent.description", field("description"), CONTENT),)
TOOL_DESCRIPTION: Rows = (Row("gen_ai.tool.description", field("description"), CONTENT),)
TOOL_CALL_ID: Rows = (Row("gen_ai.tool.call.id", field("call_id"), at_start=True),)
TOOL_CALL: Rows = (
    Row("gen_ai.tool.call.arguments", field("arguments"), CONTENT, structured=True),
    Row("gen_ai.tool.call.result", field("result"), CONTENT, structured=True),
)
"""1.38 and later."""
WORKFLOW_NAME: Rows = (Row("gen_ai.workflow.name", field("name"), ID, at_start=True),)
INSTRUCTIONS: Rows = (
    Row(
        "gen_ai.system_instructions",
        field("system_instructions", _parts),
        CONTENT,
        structured=True,
    ),
    Row(
        "gen_ai.tool.definitions",
        field("tool_definitions", _definitions),
        CONTENT,
        structured=True,
    ),
)
"""1.38 and later."""
DATA_SOURCE: Rows = (Row("gen_ai.data_source.id", field("data_source_id"), at_start=True),)
RETRIEVED: Rows = (
    # Ids and scores say which documents, not what they say; the content row below adds the text.
    Row("gen_ai.retrieval.documents", values.document_ids),
    Row("gen_ai.retrieval.query.text", field("query"), CONTENT),
    Row(
        "gen_ai.retrieval.documents",
        field("documents", _documents),
        CONTENT,
        structured=True,
    ),
)
"""1.40 and later."""


def operation(name: str) -> Rows:
    """The operation's name of everything else than a model call."""
    return (Row("gen_ai.operation.name", Constant(name), ID, at_start=True),)


def messages(finish_reason_required: bool) -> Rows:
    """What went in and came out (1.37 and later)."""
    return (
        Row(
            "gen_ai.input.messages",
            field("input_messages", _messages),
            CONTENT,
            structured=True,
        ),
        Row(
            "gen_ai.output.messages",
            field("output_messages", _answers if finish_reason_required else _answers_of_any_end),
            CONTENT,
            structured=True,
        ),
    )


STEP: SpanSpec[Step] = SpanSpec(
    operation=Step,
    name=lambda op: op.name or op.kind,
    kind=values.internal,
    # No version has a span type for a step, so nothing of the conventions' namespace is put on it.
    rows=(*ENDED, *own.STEP),
)

CLIENT_DIMENSIONS = (
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "server.address",
    "server.port",
)
"""1.37 and later."""
