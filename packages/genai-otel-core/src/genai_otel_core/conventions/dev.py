"""The GenAI semantic conventions under development, after their last release: unreleased, and changing.

https://github.com/open-telemetry/semantic-conventions-genai at 6fd0d763 (main of 2026-10-09).
"""

from __future__ import annotations

from genai_otel_core.conventions import _dev_metrics as metrics
from genai_otel_core.conventions import _own as own
from genai_otel_core.conventions import _rows as rows
from genai_otel_core.conventions import _values as values
from genai_otel_core.conventions._base import Convention, EventSpec, Level, Row, SpanSpec
from genai_otel_core.conventions._events import DEBUG, DETAILS, EXCEPTION, details_of, exception_record
from genai_otel_core.conventions._reader import field
from genai_otel_core.operations import (
    COMPLETED,
    AgentInvocation,
    Embeddings,
    Inference,
    Retrieval,
    ToolExecution,
    WorkflowInvocation,
)

ID = Level.IDENTITY
_MESSAGES = rows.messages(finish_reason_required=False)


def _finish_reasons(op: Inference) -> list[str] | None:
    # "error" stands where a reason was expected but never came: a failure, a cancelled or abandoned stream.
    if op.response.finish_reasons is None and (op.failure is not None or op.outcome != COMPLETED):
        return ["error"]
    return op.response.finish_reasons


def _of_named_prompt(value: str, op: Inference) -> str | None:
    return value if op.prompt_name else None


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
        Row("gen_ai.request.top_k", field("request.top_k", values.as_int)),
        *rows.OUTPUT,
        Row("gen_ai.prompt.name", field("prompt_name"), at_start=True),
        Row("gen_ai.prompt.version", field("prompt_version", _of_named_prompt), at_start=True),
        Row("gen_ai.request.reasoning.level", field("request.reasoning_level")),
        Row("gen_ai.request.previous_response.id", field("request.previous_response_id")),
        *rows.STREAMING,
        *rows.RESPONSE_ID,
        *rows.RESPONSE_MODEL,
        Row("gen_ai.response.finish_reasons", _finish_reasons),
        *rows.TOKENS,
        *rows.CACHE_READ,
        Row("gen_ai.usage.cache_write.input_tokens", field("usage.cache_write_tokens")),
        *rows.REASONING,
        Row("gen_ai.usage.text.input_tokens", field("usage.input_text_tokens")),
        Row("gen_ai.usage.image.input_tokens", field("usage.input_image_tokens")),
        Row("gen_ai.usage.audio.input_tokens", field("usage.input_audio_tokens")),
        Row("gen_ai.usage.text.output_tokens", field("usage.output_text_tokens")),
        Row("gen_ai.usage.image.output_tokens", field("usage.output_image_tokens")),
        Row("gen_ai.usage.audio.output_tokens", field("usage.output_audio_tokens")),
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
    name=lambda op: values.named("retrieval", op.data_source_id),
    kind=values.always_client,
    rows=(
        *rows.operation("retrieval"),
        *rows.PROVIDER,
        Row("gen_ai.request.model", field("model"), ID, at_start=True),
        *rows.SERVER,
        *rows.DATA_SOURCE,
        Row("gen_ai.retrieval.top_k", field("top_k", values.as_int)),
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
        Row("gen_ai.tool.name", field("name"), ID, at_start=True),
        Row("gen_ai.tool.type", field("type"), ID, at_start=True),
        Row("gen_ai.agent.name", field("agent_name"), ID, at_start=True),
        *rows.CONVERSATION,
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
    # Of an agent in this process this version wants neither id, version, provider nor cached tokens.
    rows=(
        *rows.operation("invoke_agent"),
        *rows.AGENT_NAME,
        *rows.REQUEST_MODEL,
        *rows.CONVERSATION,
        *rows.SAMPLING,
        *rows.OUTPUT,
        *rows.FINISH_REASONS,
        *rows.TOKENS,
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
    rows=(
        *rows.operation("invoke_workflow"),
        *rows.WORKFLOW_NAME,
        *rows.CONVERSATION,
        *rows.ENDED,
        *_MESSAGES,
    ),
)

_details = details_of(
    [row for row in INFERENCE.rows if not row.name.startswith(("openai.", *own.PREFIXES))], severity=DEBUG
)


DEV = Convention(
    name="dev",
    schema_url="https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev",
    spans=(INFERENCE, EMBEDDINGS, RETRIEVAL, TOOL, AGENT, WORKFLOW, rows.STEP),
    metrics=metrics.METRICS,
    events=(
        # Recommended by now, not opt-in: emitted always, with content only where that is wanted.
        EventSpec((DETAILS,), (Inference,), _details),
        EventSpec((EXCEPTION,), (Inference, Embeddings, Retrieval), exception_record),
    ),
)
