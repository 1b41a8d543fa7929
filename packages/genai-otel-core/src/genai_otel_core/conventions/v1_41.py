"""OpenTelemetry GenAI semantic conventions 1.41.1, the last released definition: the default.

https://github.com/open-telemetry/semantic-conventions/tree/v1.41.1/docs/gen-ai
"""

from __future__ import annotations

from genai_otel_core.conventions import _own as own
from genai_otel_core.conventions import _points as points
from genai_otel_core.conventions import _rows as rows
from genai_otel_core.conventions import _values as values
from genai_otel_core.conventions._base import Convention, EventSpec, Level, MetricSpec, Row, SpanSpec
from genai_otel_core.conventions._events import DETAILS, EXCEPTION, details_of, exception_record
from genai_otel_core.conventions._reader import field
from genai_otel_core.operations import (
    AgentInvocation,
    Embeddings,
    Inference,
    Retrieval,
    ToolExecution,
    WorkflowInvocation,
)

_CACHE: rows.Rows = (
    *rows.CACHE_READ,
    Row("gen_ai.usage.cache_creation.input_tokens", field("usage.cache_write_tokens")),
)
_MESSAGES = rows.messages(finish_reason_required=True)

INFERENCE: SpanSpec[Inference] = SpanSpec(
    operation=Inference,
    name=lambda op: values.named(op.kind, op.request.model),
    kind=values.client,
    rows=(
        *rows.KIND,
        *rows.PROVIDER,
        *rows.REQUEST_MODEL,
        *rows.SERVER,
        *rows.CONVERSATION,
        *rows.SAMPLING,
        *rows.TOP_K_DOUBLE,
        *rows.OUTPUT,
        *rows.STREAMING,
        *rows.RESPONSE_ID,
        *rows.RESPONSE_MODEL,
        *rows.FINISH_REASONS,
        *rows.TOKENS,
        *_CACHE,
        *rows.REASONING,
        *rows.OPENAI,
        *rows.ENDED,
        *rows.INSTRUCTIONS,
        *_MESSAGES,
    ),
)

EMBEDDINGS: SpanSpec[Embeddings] = SpanSpec(
    operation=Embeddings,
    name=lambda op: values.named("embeddings", op.request.model),
    kind=values.always_client,
    rows=(
        *rows.operation("embeddings"),
        *rows.PROVIDER,
        *rows.REQUEST_MODEL,
        *rows.SERVER,
        *rows.ENCODING_FORMATS,
        *rows.RESPONSE_MODEL,
        *rows.DIMENSION_COUNT,
        *rows.INPUT_TOKENS,
        *rows.ENDED,
    ),
)

RETRIEVAL: SpanSpec[Retrieval] = SpanSpec(
    operation=Retrieval,
    name=lambda op: values.named("retrieval", op.model),
    kind=values.always_client,
    rows=(
        *rows.operation("retrieval"),
        *rows.PROVIDER,
        Row("gen_ai.request.model", field("model"), Level.IDENTITY, at_start=True),
        *rows.SERVER,
        *rows.DATA_SOURCE,
        Row("gen_ai.request.top_k", field("top_k", values.as_float)),
        *rows.ENDED,
        *rows.RETRIEVED,
    ),
)

TOOL: SpanSpec[ToolExecution] = SpanSpec(
    operation=ToolExecution,
    name=lambda op: values.named("execute_tool", op.name),
    kind=values.internal,
    rows=(
        *rows.operation("execute_tool"),
        Row("gen_ai.tool.name", field("name"), Level.IDENTITY, at_start=True),
        Row("gen_ai.tool.type", field("type"), at_start=True),
        *rows.TOOL_CALL_ID,
        *rows.ENDED,
        *rows.TOOL_DESCRIPTION,
        *rows.TOOL_CALL,
    ),
)

AGENT: SpanSpec[AgentInvocation] = SpanSpec(
    operation=AgentInvocation,
    name=lambda op: values.named("invoke_agent", op.name),
    kind=values.internal,
    rows=(
        *rows.operation("invoke_agent"),
        *rows.AGENT_NAME,
        *rows.PROVIDER,
        *rows.REQUEST_MODEL,
        *rows.CONVERSATION,
        Row("gen_ai.agent.id", field("id")),
        Row("gen_ai.agent.version", field("version")),
        *rows.SAMPLING,
        *rows.OUTPUT,
        *rows.FINISH_REASONS,
        *rows.TOKENS,
        *_CACHE,
        *rows.ENDED,
        *rows.AGENT_DESCRIPTION,
        *rows.INSTRUCTIONS,
        *_MESSAGES,
    ),
)

WORKFLOW: SpanSpec[WorkflowInvocation] = SpanSpec(
    operation=WorkflowInvocation,
    name=lambda op: values.named("invoke_workflow", op.name),
    kind=values.internal,
    rows=(*rows.operation("invoke_workflow"), *rows.WORKFLOW_NAME, *rows.ENDED, *_MESSAGES),
)

METRICS = (
    MetricSpec(
        "gen_ai.client.operation.duration",
        "histogram",
        "s",
        "GenAI operation duration.",
        (Inference, Embeddings),
        (*rows.CLIENT_DIMENSIONS, "error.type"),
        points.duration,
        points.DURATION_BUCKETS,
    ),
    MetricSpec(
        "gen_ai.client.token.usage",
        "histogram",
        "{token}",
        "Number of input and output tokens used.",
        (Inference, Embeddings),
        rows.CLIENT_DIMENSIONS,
        points.tokens,
        points.TOKEN_BUCKETS,
        (points.TYPE_OF_TOKENS,),
    ),
    MetricSpec(
        "gen_ai.client.operation.time_to_first_chunk",
        "histogram",
        "s",
        "Time to receive the first chunk, measured from when the client issues the generation request"
        " to when the first chunk is received in the response stream.",
        (Inference,),
        rows.CLIENT_DIMENSIONS,
        points.first_chunk,
        points.DURATION_BUCKETS,
    ),
    MetricSpec(
        "gen_ai.client.operation.time_per_output_chunk",
        "histogram",
        "s",
        "Time per output chunk, recorded for each chunk received after the first one, measured as the"
        " time elapsed from the end of the previous chunk to the end of the current chunk.",
        (Inference,),
        rows.CLIENT_DIMENSIONS,
        points.chunk_intervals,
        points.DURATION_BUCKETS,
    ),
)

# On the inference span, but not on its details event (1.37 to 1.41.1).
_NOT_ON_DETAILS = ("gen_ai.provider.name", "gen_ai.request.top_k", "openai.", *own.PREFIXES)
_details = details_of([row for row in INFERENCE.rows if not row.name.startswith(_NOT_ON_DETAILS)])


V1_41 = Convention(
    name="1.41",
    schema_url="https://opentelemetry.io/schemas/1.41.1",
    spans=(INFERENCE, EMBEDDINGS, RETRIEVAL, TOOL, AGENT, WORKFLOW, rows.STEP),
    metrics=METRICS,
    events=(
        EventSpec((DETAILS,), (Inference,), _details, needs_content=True),
        EventSpec((EXCEPTION,), (Inference, Embeddings, Retrieval), exception_record),
    ),
)
