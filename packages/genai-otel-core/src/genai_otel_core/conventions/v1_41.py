"""OpenTelemetry GenAI semantic conventions 1.41.1, the last released definition: the default.

https://github.com/open-telemetry/semantic-conventions/tree/v1.41.1/docs/gen-ai
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genai_otel_core.conventions import _encode as encode
from genai_otel_core.conventions import _values as values
from genai_otel_core.conventions._base import (
    Convention,
    Event,
    EventSpec,
    Kind,
    Level,
    MetricSpec,
    Row,
    SpanSpec,
)
from genai_otel_core.plain import to_json
from genai_otel_core.operations import (
    AgentInvocation,
    Embeddings,
    Inference,
    Retrieval,
    Step,
    ToolExecution,
    WorkflowInvocation,
)

SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.1"

ID, CONTENT = Level.IDENTITY, Level.CONTENT


def _operation_rows(name: str) -> tuple[Row[Any], ...]:
    return (
        Row("gen_ai.operation.name", lambda op: name, ID, at_start=True),
        Row("error.type", values.error_type, ID),
        Row("genai_otel.outcome", values.outcome),
    )


def _request_rows() -> tuple[Row[Any], ...]:
    return (
        Row("gen_ai.request.model", lambda op: op.request.model, ID, at_start=True),
        Row("gen_ai.request.max_tokens", lambda op: op.request.max_tokens),
        Row("gen_ai.request.temperature", lambda op: values.float_or_none(op.request.temperature)),
        Row("gen_ai.request.top_p", lambda op: values.float_or_none(op.request.top_p)),
        Row(
            "gen_ai.request.frequency_penalty", lambda op: values.float_or_none(op.request.frequency_penalty)
        ),
        Row("gen_ai.request.presence_penalty", lambda op: values.float_or_none(op.request.presence_penalty)),
        Row("gen_ai.request.seed", lambda op: op.request.seed),
        Row("gen_ai.request.choice.count", values.choice_count),
        Row("gen_ai.output.type", lambda op: op.request.output_type),
        # A stop sequence is text from the application, often from a prompt.
        Row("gen_ai.request.stop_sequences", lambda op: op.request.stop_sequences, CONTENT),
        Row("gen_ai.response.finish_reasons", lambda op: op.response.finish_reasons),
        Row("gen_ai.usage.input_tokens", lambda op: op.usage.input_tokens),
        Row("gen_ai.usage.output_tokens", lambda op: op.usage.output_tokens),
        Row("gen_ai.usage.cache_read.input_tokens", lambda op: op.usage.cache_read_tokens),
        Row("gen_ai.usage.cache_creation.input_tokens", lambda op: op.usage.cache_write_tokens),
        Row("gen_ai.conversation.id", lambda op: op.conversation_id, at_start=True),
    )


def _provider_rows() -> tuple[Row[Any], ...]:
    return (Row("gen_ai.provider.name", lambda op: op.provider, ID, at_start=True),)


def _server_rows() -> tuple[Row[Any], ...]:
    return (
        Row("server.address", lambda op: op.server_address, ID, at_start=True),
        Row("server.port", values.server_port, ID, at_start=True),
    )


def _message_rows() -> tuple[Row[Any], ...]:
    return (
        Row(
            "gen_ai.input.messages", lambda op: encode.input_messages(op.input_messages), CONTENT, False, True
        ),
        Row(
            "gen_ai.output.messages",
            lambda op: encode.output_messages(op.output_messages),
            CONTENT,
            False,
            True,
        ),
    )


def _instruction_rows() -> tuple[Row[Any], ...]:
    return (
        Row(
            "gen_ai.system_instructions",
            lambda op: encode.parts(op.system_instructions),
            CONTENT,
            False,
            True,
        ),
        Row(
            "gen_ai.tool.definitions",
            lambda op: encode.tool_definitions(op.tool_definitions),
            CONTENT,
            False,
            True,
        ),
    )


INFERENCE: SpanSpec[Inference] = SpanSpec(
    operation=Inference,
    name=lambda op: values.named(op.kind, op.request.model),
    kind=values.client,
    rows=(
        Row("gen_ai.operation.name", lambda op: op.kind, ID, at_start=True),
        *_provider_rows(),
        *_server_rows(),
        *_request_rows(),
        Row("error.type", values.error_type, ID),
        Row("gen_ai.request.stream", lambda op: op.request.stream or None),
        Row("gen_ai.request.top_k", lambda op: values.float_or_none(op.request.top_k)),
        Row("gen_ai.response.id", lambda op: op.response.id),
        Row("gen_ai.response.model", lambda op: op.response.model, ID),
        Row("gen_ai.response.time_to_first_chunk", lambda op: op.response.time_to_first_chunk_s),
        Row("gen_ai.usage.reasoning.output_tokens", lambda op: op.usage.reasoning_tokens),
        Row("openai.api.type", lambda op: op.api_type),
        Row("openai.request.service_tier", lambda op: values.service_tier(op.request.service_tier)),
        Row("openai.response.service_tier", lambda op: op.response.service_tier),
        Row("openai.response.system_fingerprint", lambda op: op.response.system_fingerprint),
        Row("genai_otel.outcome", values.outcome),
        *_instruction_rows(),
        *_message_rows(),
    ),
)


EMBEDDINGS: SpanSpec[Embeddings] = SpanSpec(
    operation=Embeddings,
    name=lambda op: values.named("embeddings", op.request.model),
    kind=values.client,
    rows=(
        *_operation_rows("embeddings"),
        *_provider_rows(),
        *_server_rows(),
        Row("gen_ai.request.model", lambda op: op.request.model, ID, at_start=True),
        Row("gen_ai.request.encoding_formats", lambda op: op.request.encoding_formats),
        Row("gen_ai.response.model", lambda op: op.response.model, ID),
        Row("gen_ai.embeddings.dimension.count", lambda op: op.dimension_count),
        Row("gen_ai.usage.input_tokens", lambda op: op.usage.input_tokens),
    ),
)

RETRIEVAL: SpanSpec[Retrieval] = SpanSpec(
    operation=Retrieval,
    name=lambda op: values.named("retrieval", op.model),
    kind=lambda op: Kind.CLIENT,
    rows=(
        *_operation_rows("retrieval"),
        *_provider_rows(),
        *_server_rows(),
        Row("gen_ai.request.model", lambda op: op.model, ID, at_start=True),
        Row("gen_ai.data_source.id", lambda op: op.data_source_id, at_start=True),
        Row("gen_ai.request.top_k", lambda op: values.float_or_none(op.top_k)),
        # Ids and scores say which documents, not what they say; the content row below adds the text.
        Row("gen_ai.retrieval.documents", lambda op: _documents(op)),
        Row("gen_ai.retrieval.query.text", lambda op: op.query, CONTENT),
        Row(
            "gen_ai.retrieval.documents",
            lambda op: encode.documents(op.documents, content=True),
            CONTENT,
            structured=True,
        ),
    ),
)


def _documents(op: Retrieval) -> str | None:
    found = encode.documents(op.documents, content=False)
    return None if found is None else to_json(found)


TOOL: SpanSpec[ToolExecution] = SpanSpec(
    operation=ToolExecution,
    name=lambda op: values.named("execute_tool", op.name),
    kind=values.internal,
    rows=(
        *_operation_rows("execute_tool"),
        Row("gen_ai.tool.name", lambda op: op.name, ID, at_start=True),
        Row("gen_ai.tool.type", lambda op: op.type, at_start=True),
        Row("gen_ai.tool.call.id", lambda op: op.call_id, at_start=True),
        # Written by the application for the model to read: part of the prompt.
        Row("gen_ai.tool.description", lambda op: op.description, CONTENT),
        Row("gen_ai.tool.call.arguments", lambda op: op.arguments, CONTENT, structured=True),
        Row("gen_ai.tool.call.result", lambda op: op.result, CONTENT, structured=True),
    ),
)

AGENT: SpanSpec[AgentInvocation] = SpanSpec(
    operation=AgentInvocation,
    name=lambda op: values.named("invoke_agent", op.name),
    kind=values.internal,
    rows=(
        *_operation_rows("invoke_agent"),
        Row("gen_ai.agent.name", lambda op: op.name, ID, at_start=True),
        *_provider_rows(),
        Row("gen_ai.agent.id", lambda op: op.id),
        Row("gen_ai.agent.version", lambda op: op.version),
        *_request_rows(),
        Row("gen_ai.agent.description", lambda op: op.description, CONTENT),
        *_instruction_rows(),
        *_message_rows(),
    ),
)

WORKFLOW: SpanSpec[WorkflowInvocation] = SpanSpec(
    operation=WorkflowInvocation,
    name=lambda op: values.named("invoke_workflow", op.name),
    kind=values.internal,
    rows=(
        *_operation_rows("invoke_workflow"),
        Row("gen_ai.workflow.name", lambda op: op.name, ID, at_start=True),
        *_message_rows(),
    ),
)

STEP: SpanSpec[Step] = SpanSpec(
    operation=Step,
    name=lambda op: op.name or op.kind,
    kind=values.internal,
    # No span type covers a step, so nothing of the conventions' namespace is put on it.
    rows=(
        Row("error.type", values.error_type, ID),
        Row("genai_otel.step.kind", lambda op: op.kind, at_start=True),
        Row("genai_otel.outcome", values.outcome),
    ),
)

CLIENT_DIMENSIONS = (
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "server.address",
    "server.port",
)


METRICS = (
    MetricSpec(
        "gen_ai.client.operation.duration",
        "histogram",
        "s",
        "GenAI operation duration.",
        (Inference, Embeddings),
        (*CLIENT_DIMENSIONS, "error.type"),
        values.duration_points,
        values.DURATION_BUCKETS,
    ),
    MetricSpec(
        "gen_ai.client.token.usage",
        "histogram",
        "{token}",
        "Number of input and output tokens used.",
        (Inference, Embeddings),
        CLIENT_DIMENSIONS,
        values.token_points,
        values.TOKEN_BUCKETS,
    ),
    MetricSpec(
        "gen_ai.client.operation.time_to_first_chunk",
        "histogram",
        "s",
        "Time to receive the first chunk, measured from when the client issues the generation request"
        " to when the first chunk is received in the response stream.",
        (Inference,),
        CLIENT_DIMENSIONS,
        values.first_chunk_points,
        values.DURATION_BUCKETS,
    ),
    MetricSpec(
        "gen_ai.client.operation.time_per_output_chunk",
        "histogram",
        "s",
        "Time per output chunk, recorded for each chunk received after the first one, measured as the"
        " time elapsed from the end of the previous chunk to the end of the current chunk.",
        (Inference,),
        CLIENT_DIMENSIONS,
        values.chunk_interval_points,
        values.DURATION_BUCKETS,
    ),
)

# On the inference span, but not on its details event (1.37 to 1.41.1).
_NOT_ON_DETAILS = {"gen_ai.provider.name", "gen_ai.request.top_k"}


def _details(op: Inference, content: bool) -> Iterable[Event]:
    rows = [
        row
        for row in INFERENCE.rows
        if row.name not in _NOT_ON_DETAILS and not row.name.startswith(("openai.", "genai_otel."))
    ]
    yield Event(
        "gen_ai.client.inference.operation.details",
        values.read_rows((row for row in rows if content or row.level is not CONTENT), op),
    )


V1_41 = Convention(
    name="1.41",
    schema_url=SCHEMA_URL,
    spans=(INFERENCE, EMBEDDINGS, RETRIEVAL, TOOL, AGENT, WORKFLOW, STEP),
    metrics=METRICS,
    events=(
        EventSpec((Inference,), _details, needs_content=True),
        EventSpec((Inference, Embeddings, Retrieval), values.exception_event),
    ),
)
