"""OpenTelemetry GenAI semantic conventions 1.36.0: `gen_ai.system`, a log record per message and choice.

https://github.com/open-telemetry/semantic-conventions/tree/v1.36.0/docs/gen-ai
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genai_otel_core import messages as m
from genai_otel_core.conventions import _chat_format as chat
from genai_otel_core.conventions import _points as points
from genai_otel_core.conventions import _rows as rows
from genai_otel_core.conventions import _values as values
from genai_otel_core.conventions._base import Convention, Event, EventSpec, Level, MetricSpec, Row, SpanSpec
from genai_otel_core.conventions._reader import field
from genai_otel_core.operations import (
    AgentInvocation,
    Embeddings,
    Inference,
    Operation,
    Retrieval,
    ToolExecution,
    WorkflowInvocation,
)

# The values of `gen_ai.system` that 1.37 changed; the others are those of `gen_ai.provider.name`.
_SYSTEMS = {"x_ai": "xai"}


def _system(op: Operation) -> str | None:
    return None if op.provider is None else _SYSTEMS.get(op.provider, op.provider)


_SYSTEM: rows.Rows = (Row("gen_ai.system", _system, Level.IDENTITY, at_start=True),)

INFERENCE: SpanSpec[Inference] = SpanSpec(
    operation=Inference,
    name=lambda op: values.named(op.kind, op.request.model),
    kind=values.client,
    rows=(
        *rows.KIND,
        *_SYSTEM,
        *rows.REQUEST_MODEL,
        *rows.SERVER,
        *rows.CONVERSATION,
        *rows.SAMPLING,
        *rows.TOP_K_DOUBLE,
        *rows.OUTPUT,
        *rows.RESPONSE_ID,
        *rows.RESPONSE_MODEL,
        *rows.FINISH_REASONS,
        *rows.TOKENS,
        Row("gen_ai.openai.request.service_tier", field("request.service_tier", values.service_tier)),
        Row(
            "gen_ai.openai.response.service_tier",
            field("response.service_tier", values.of_openai),
        ),
        Row(
            "gen_ai.openai.response.system_fingerprint",
            field("response.system_fingerprint", values.of_openai),
        ),
        *rows.ENDED,
    ),
)

EMBEDDINGS: SpanSpec[Embeddings] = SpanSpec(
    operation=Embeddings,
    name=lambda op: values.named("embeddings", op.request.model),
    kind=values.always_client,
    rows=(
        *rows.operation("embeddings"),
        *rows.REQUEST_MODEL,
        *rows.SERVER,
        *rows.ENCODING_FORMATS,
        *rows.INPUT_TOKENS,
        *rows.ENDED,
        # This version has both on the metrics of embeddings and not on their span.
        Row("gen_ai.system", _system, Level.IDENTITY, on_span=False),
        Row("gen_ai.response.model", field("response.model"), Level.IDENTITY, on_span=False),
    ),
)

RETRIEVAL: SpanSpec[Retrieval] = SpanSpec(
    operation=Retrieval,
    name=lambda op: values.named("retrieval", op.model or op.data_source_id),
    kind=values.always_client,
    rows=(*rows.SERVER, *rows.ENDED),
)

TOOL: SpanSpec[ToolExecution] = SpanSpec(
    operation=ToolExecution,
    name=lambda op: values.named("execute_tool", op.name),
    kind=values.internal,
    rows=(
        *rows.operation("execute_tool"),
        Row("gen_ai.tool.name", field("name"), Level.IDENTITY, at_start=True),
        *rows.TOOL_CALL_ID,
        *rows.TOOL_DESCRIPTION,
        *rows.ENDED,
    ),
)

AGENT: SpanSpec[AgentInvocation] = SpanSpec(
    operation=AgentInvocation,
    name=lambda op: values.named("invoke_agent", op.name),
    # The only kind that this version knows for it, also for an agent in this process.
    kind=values.always_client,
    rows=(
        *rows.operation("invoke_agent"),
        *rows.AGENT_NAME,
        *_SYSTEM,
        *rows.REQUEST_MODEL,
        *rows.SERVER,
        *rows.CONVERSATION,
        Row("gen_ai.agent.id", field("id")),
        *rows.SAMPLING,
        *rows.OUTPUT,
        *rows.RESPONSE_ID,
        *rows.RESPONSE_MODEL,
        *rows.FINISH_REASONS,
        *rows.TOKENS,
        *rows.ENDED,
        *rows.AGENT_DESCRIPTION,
    ),
)

WORKFLOW: SpanSpec[WorkflowInvocation] = SpanSpec(
    operation=WorkflowInvocation,
    name=lambda op: values.named("invoke_workflow", op.name),
    kind=values.internal,
    rows=(*rows.SERVER, *rows.ENDED),
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
        (Inference, Embeddings),
        (*_DIMENSIONS, "error.type"),
        points.duration,
        points.DURATION_BUCKETS,
    ),
    MetricSpec(
        "gen_ai.client.token.usage",
        "histogram",
        "{token}",
        "Measures number of input and output tokens used",
        (Inference, Embeddings),
        _DIMENSIONS,
        points.tokens,
        points.TOKEN_BUCKETS,
        (points.TYPE_OF_TOKENS,),
    ),
)

_SYSTEM_MESSAGE, _USER_MESSAGE = "gen_ai.system.message", "gen_ai.user.message"
_ASSISTANT_MESSAGE, _TOOL_MESSAGE = "gen_ai.assistant.message", "gen_ai.tool.message"
_CHOICE = "gen_ai.choice"
# Role -> event and the role that goes without saying there. Any other role is a user's, and is said.
_BY_ROLE = {
    "system": (_SYSTEM_MESSAGE, "system"),
    "developer": (_SYSTEM_MESSAGE, "system"),
    "assistant": (_ASSISTANT_MESSAGE, "assistant"),
    "tool": (_TOOL_MESSAGE, "tool"),
}


def _messages(op: Inference, _: bool) -> Iterable[Event]:
    system = _system(op)
    attributes = {} if system is None else {"gen_ai.system": system}
    if op.system_instructions:
        body = {"content": chat.content(op.system_instructions)}
        yield Event(_SYSTEM_MESSAGE, dict(attributes), body)
    for item in op.input_messages or ():
        for name, body in _bodies(item):
            yield Event(name, dict(attributes), body)
    for index, item in enumerate(op.output_messages or ()):
        yield Event(_CHOICE, dict(attributes), _choice(op, index, item))


def _bodies(item: m.Message) -> Iterable[tuple[str, dict[str, Any]]]:
    answers = [part for part in item.parts if isinstance(part, m.ToolResponse)]
    for answer in answers:
        named = {} if answer.id is None else {"id": answer.id}
        yield _TOOL_MESSAGE, {**named, "content": answer.response}
    body = _said(item)
    calls = chat.tool_calls(item.parts, arguments_as_text=False)
    if calls:
        body["tool_calls"] = calls
    if body or not answers:
        name, unsaid = _BY_ROLE.get(item.role, (_USER_MESSAGE, "user"))
        yield name, body if item.role == unsaid else {**body, "role": item.role}


def _said(item: m.Message) -> dict[str, Any]:
    said = chat.content(item.parts)
    return {} if said is None else {"content": said}


def _choice(op: Inference, index: int, item: m.Message) -> dict[str, Any]:
    reasons = op.response.finish_reasons or []
    reason = chat.finish_reason(item.finish_reason or (reasons[index] if index < len(reasons) else None))
    message = _said(item)
    if item.role != "assistant":
        message["role"] = item.role
    body: dict[str, Any] = {"index": index}
    if reason is not None:
        body["finish_reason"] = reason
    calls = chat.tool_calls(item.parts, arguments_as_text=False)
    return {**body, "message": message, **({"tool_calls": calls} if calls else {})}


V1_36 = Convention(
    name="1.36",
    schema_url="https://opentelemetry.io/schemas/1.36.0",
    spans=(INFERENCE, EMBEDDINGS, RETRIEVAL, TOOL, AGENT, WORKFLOW, rows.STEP),
    metrics=METRICS,
    events=(
        # Inputs and outputs "if and only if" the application asked for them; there is nothing else in these.
        EventSpec(
            (_SYSTEM_MESSAGE, _USER_MESSAGE, _ASSISTANT_MESSAGE, _TOOL_MESSAGE, _CHOICE),
            (Inference,),
            _messages,
            needs_content=True,
        ),
    ),
)
