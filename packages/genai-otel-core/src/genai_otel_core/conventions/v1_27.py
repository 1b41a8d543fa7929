"""OpenTelemetry GenAI semantic conventions 1.27.0: model calls only, their content in span events.

https://github.com/open-telemetry/semantic-conventions/tree/v1.27.0/docs/gen-ai
"""

from __future__ import annotations

from collections.abc import Iterable

from genai_otel_core.conventions import _chat_format as chat
from genai_otel_core.conventions import _points as points
from genai_otel_core.conventions import _rows as rows
from genai_otel_core.conventions import _values as values
from genai_otel_core.conventions._base import Convention, Event, EventSpec, Level, MetricSpec, Row, SpanSpec
from genai_otel_core.operations import (
    AgentInvocation,
    Embeddings,
    Inference,
    Operation,
    Retrieval,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.plain import to_json

# `vertex_ai` is this version's; the others are what the versions after it called those systems first.
_SYSTEMS = {
    "gcp.vertex_ai": "vertex_ai",
    "gcp.gemini": "gemini",
    "azure.ai.inference": "az.ai.inference",
    "azure.ai.openai": "az.ai.openai",
    "x_ai": "xai",
}


def _system(op: Operation) -> str | None:
    return None if op.provider is None else _SYSTEMS.get(op.provider, op.provider)


INFERENCE: SpanSpec[Inference] = SpanSpec(
    operation=Inference,
    name=lambda op: values.named(op.kind, op.request.model),
    # "SHOULD always be CLIENT": models in the process came later.
    kind=values.always_client,
    rows=(
        *rows.KIND,
        Row("gen_ai.system", _system, Level.IDENTITY, at_start=True),
        *rows.REQUEST_MODEL,
        *rows.SERVER,
        *rows.SAMPLING,
        *rows.TOP_K_DOUBLE,
        *rows.RESPONSE_ID,
        *rows.RESPONSE_MODEL,
        *rows.FINISH_REASONS,
        *rows.TOKENS,
        *rows.ENDED,
    ),
)

# What this version does not know has the names of later spans and nothing of its own under `gen_ai.`.
_GENERAL: rows.Rows = (*rows.SERVER, *rows.ENDED)

EMBEDDINGS: SpanSpec[Embeddings] = SpanSpec(
    operation=Embeddings,
    name=lambda op: values.named("embeddings", op.request.model),
    kind=values.always_client,
    rows=_GENERAL,
)
RETRIEVAL: SpanSpec[Retrieval] = SpanSpec(
    operation=Retrieval,
    name=lambda op: values.named("retrieval", op.model or op.data_source_id),
    kind=values.always_client,
    rows=_GENERAL,
)
TOOL: SpanSpec[ToolExecution] = SpanSpec(
    operation=ToolExecution,
    name=lambda op: values.named("execute_tool", op.name),
    kind=values.internal,
    rows=_GENERAL,
)
AGENT: SpanSpec[AgentInvocation] = SpanSpec(
    operation=AgentInvocation,
    name=lambda op: values.named("invoke_agent", op.name),
    kind=values.internal,
    rows=_GENERAL,
)
WORKFLOW: SpanSpec[WorkflowInvocation] = SpanSpec(
    operation=WorkflowInvocation,
    name=lambda op: values.named("invoke_workflow", op.name),
    kind=values.internal,
    rows=_GENERAL,
)

_DIMENSIONS = (
    "gen_ai.operation.name",
    "gen_ai.system",
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
        "GenAI operation duration",
        (Inference,),
        (*_DIMENSIONS, "error.type"),
        points.duration,
        points.DURATION_BUCKETS,
    ),
    MetricSpec(
        "gen_ai.client.token.usage",
        "histogram",
        "{token}",
        "Measures number of input and output tokens used",
        (Inference,),
        _DIMENSIONS,
        points.tokens,
        points.TOKEN_BUCKETS,
        (points.TYPE_OF_TOKENS,),
    ),
)

_PROMPT, _COMPLETION = "gen_ai.content.prompt", "gen_ai.content.completion"


def _content(op: Inference, _: bool) -> Iterable[Event]:
    prompt = chat.messages(op.input_messages, op.system_instructions)
    if prompt is not None:
        yield Event(_PROMPT, {"gen_ai.prompt": to_json(prompt)})
    completion = chat.messages(op.output_messages)
    if completion is not None:
        yield Event(_COMPLETION, {"gen_ai.completion": to_json(completion)})


V1_27 = Convention(
    name="1.27",
    schema_url="https://opentelemetry.io/schemas/1.27.0",
    spans=(INFERENCE, EMBEDDINGS, RETRIEVAL, TOOL, AGENT, WORKFLOW, rows.STEP),
    metrics=METRICS,
    events=(EventSpec((_PROMPT, _COMPLETION), (Inference,), _content, needs_content=True, on_span=True),),
)
