"""Rows that versions of the GenAI conventions share, in groups; what differs is in each version's file."""

from __future__ import annotations

from typing import Any

from genai_otel_core.conventions import _encode as encode
from genai_otel_core.conventions import _own as own
from genai_otel_core.conventions import _values as values
from genai_otel_core.conventions._base import Level, Row, SpanSpec
from genai_otel_core.operations import Step

ID, CONTENT = Level.IDENTITY, Level.CONTENT

Rows = tuple[Row[Any], ...]

ENDED: Rows = (
    Row("error.type", values.error_type, ID),
    *own.ENDED,
)
SERVER: Rows = (
    Row("server.address", lambda op: op.server_address, ID, at_start=True),
    Row("server.port", values.server_port, ID, at_start=True),
)
KIND: Rows = (Row("gen_ai.operation.name", lambda op: op.kind, ID, at_start=True),)
"""The operation's name of a model call."""
PROVIDER: Rows = (Row("gen_ai.provider.name", lambda op: op.provider, ID, at_start=True),)
"""1.37 and later."""
REQUEST_MODEL: Rows = (Row("gen_ai.request.model", lambda op: op.request.model, ID, at_start=True),)
SAMPLING: Rows = (
    Row("gen_ai.request.max_tokens", lambda op: op.request.max_tokens),
    Row("gen_ai.request.temperature", lambda op: values.float_or_none(op.request.temperature)),
    Row("gen_ai.request.top_p", lambda op: values.float_or_none(op.request.top_p)),
    Row("gen_ai.request.frequency_penalty", lambda op: values.float_or_none(op.request.frequency_penalty)),
    Row("gen_ai.request.presence_penalty", lambda op: values.float_or_none(op.request.presence_penalty)),
    # A stop sequence is text from the application, often from a prompt.
    Row("gen_ai.request.stop_sequences", lambda op: op.request.stop_sequences, CONTENT),
)
TOP_K_DOUBLE: Rows = (Row("gen_ai.request.top_k", lambda op: values.float_or_none(op.request.top_k)),)
OUTPUT: Rows = (
    Row("gen_ai.request.seed", lambda op: op.request.seed),
    Row("gen_ai.request.choice.count", values.choice_count),
    Row("gen_ai.output.type", lambda op: op.request.output_type),
)
"""1.31 and later."""
FINISH_REASONS: Rows = (Row("gen_ai.response.finish_reasons", lambda op: op.response.finish_reasons),)
RESPONSE_ID: Rows = (Row("gen_ai.response.id", lambda op: op.response.id),)
RESPONSE_MODEL: Rows = (Row("gen_ai.response.model", lambda op: op.response.model, ID),)
INPUT_TOKENS: Rows = (Row("gen_ai.usage.input_tokens", lambda op: op.usage.input_tokens),)
TOKENS: Rows = (*INPUT_TOKENS, Row("gen_ai.usage.output_tokens", lambda op: op.usage.output_tokens))
CACHE_READ: Rows = (Row("gen_ai.usage.cache_read.input_tokens", lambda op: op.usage.cache_read_tokens),)
REASONING: Rows = (Row("gen_ai.usage.reasoning.output_tokens", lambda op: op.usage.reasoning_tokens),)
CONVERSATION: Rows = (Row("gen_ai.conversation.id", lambda op: op.conversation_id, at_start=True),)
STREAMING: Rows = (
    Row("gen_ai.request.stream", lambda op: op.request.stream or None),
    Row("gen_ai.response.time_to_first_chunk", lambda op: op.response.time_to_first_chunk_s),
)
"""1.41 and later."""
ENCODING_FORMATS: Rows = (Row("gen_ai.request.encoding_formats", lambda op: op.request.encoding_formats),)
DIMENSION_COUNT: Rows = (Row("gen_ai.embeddings.dimension.count", lambda op: op.dimension_count),)
OPENAI: Rows = (
    Row("openai.api.type", lambda op: values.of_openai(op, op.api_type)),
    Row("openai.request.service_tier", values.service_tier),
    Row("openai.response.service_tier", lambda op: values.of_openai(op, op.response.service_tier)),
    Row(
        "openai.response.system_fingerprint", lambda op: values.of_openai(op, op.response.system_fingerprint)
    ),
)
"""1.37 and later; before, these names began with `gen_ai.`."""
AGENT_NAME: Rows = (Row("gen_ai.agent.name", lambda op: op.name, ID, at_start=True),)
# Written by the application for a model to read: part of the prompt.
AGENT_DESCRIPTION: Rows = (Row("gen_ai.agent.description", lambda op: op.description, CONTENT),)
TOOL_DESCRIPTION: Rows = (Row("gen_ai.tool.description", lambda op: op.description, CONTENT),)
TOOL_CALL_ID: Rows = (Row("gen_ai.tool.call.id", lambda op: op.call_id, at_start=True),)
TOOL_CALL: Rows = (
    Row("gen_ai.tool.call.arguments", lambda op: op.arguments, CONTENT, structured=True),
    Row("gen_ai.tool.call.result", lambda op: op.result, CONTENT, structured=True),
)
"""1.38 and later."""
WORKFLOW_NAME: Rows = (Row("gen_ai.workflow.name", lambda op: op.name, ID, at_start=True),)
INSTRUCTIONS: Rows = (
    Row(
        "gen_ai.system_instructions",
        lambda op: encode.parts(op.system_instructions),
        CONTENT,
        structured=True,
    ),
    Row(
        "gen_ai.tool.definitions",
        lambda op: encode.tool_definitions(op.tool_definitions),
        CONTENT,
        structured=True,
    ),
)
"""1.38 and later."""
DATA_SOURCE: Rows = (Row("gen_ai.data_source.id", lambda op: op.data_source_id, at_start=True),)
RETRIEVED: Rows = (
    # Ids and scores say which documents, not what they say; the content row below adds the text.
    Row("gen_ai.retrieval.documents", values.document_ids),
    Row("gen_ai.retrieval.query.text", lambda op: op.query, CONTENT),
    Row(
        "gen_ai.retrieval.documents",
        lambda op: encode.documents(op.documents, content=True),
        CONTENT,
        structured=True,
    ),
)
"""1.40 and later."""


def operation(name: str) -> Rows:
    """The operation's name of everything else than a model call."""
    return (Row("gen_ai.operation.name", lambda op: name, ID, at_start=True),)


def messages(finish_reason_required: bool) -> Rows:
    """What went in and came out (1.37 and later)."""
    return (
        Row(
            "gen_ai.input.messages",
            lambda op: encode.input_messages(op.input_messages),
            CONTENT,
            structured=True,
        ),
        Row(
            "gen_ai.output.messages",
            lambda op: encode.output_messages(op.output_messages, finish_reason_required),
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
