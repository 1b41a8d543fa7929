"""OpenInference, the vocabulary of Arize and Phoenix: flattened messages, spans only.

https://github.com/Arize-ai/openinference/tree/main/spec, as in `openinference-semantic-conventions` 0.1.42.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from genai_otel_core import messages as m
from genai_otel_core.conventions import _chat_format as chat
from genai_otel_core.conventions import _cost as cost
from genai_otel_core.conventions import _flat_messages as flat
from genai_otel_core.conventions import _own as own
from genai_otel_core.conventions import _values as values
from genai_otel_core.conventions._base import Convention, Event, EventSpec, Level, Row, SpanSpec
from genai_otel_core.conventions._events import exception_attributes
from genai_otel_core.conventions._reader import Constant, field
from genai_otel_core.operations import (
    RERANK,
    AgentInvocation,
    Embeddings,
    Inference,
    Operation,
    Retrieval,
    Step,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.plain import to_json

ID, CONTENT = Level.IDENTITY, Level.CONTENT
TEXT, JSON = "text/plain", "application/json"

# Who runs the model (`llm.provider`) and whose protocol it speaks (`llm.system`), if the id says that.
_PROVIDERS: dict[str, tuple[str, str | None]] = {
    "anthropic": ("anthropic", "anthropic"),
    "aws.bedrock": ("aws", None),
    "azure.ai.inference": ("azure", None),
    "azure.ai.openai": ("azure", "openai"),
    "cohere": ("cohere", "cohere"),
    "gcp.gemini": ("google", None),
    "gcp.gen_ai": ("google", None),
    "gcp.vertex_ai": ("google", "vertexai"),
    "mistral_ai": ("mistralai", "mistralai"),
    "moonshot_ai": ("moonshot", None),
    "openai": ("openai", "openai"),
    "x_ai": ("xai", None),
}


def _provider(op: Operation) -> str | None:
    return None if op.provider is None else _PROVIDERS.get(op.provider, (op.provider, None))[0]


def _system(op: Operation) -> str | None:
    return _PROVIDERS.get(op.provider or "", ("", None))[1]


def _metadata(op: Operation) -> str | None:
    return to_json(op.metadata) if op.metadata else None


def _common(kind: Callable[[Any], str]) -> tuple[Row[Any], ...]:
    return (
        Row("openinference.span.kind", kind, at_start=True),
        Row("session.id", field("conversation_id"), at_start=True),
        *own.ENDED,
        # What of it the application has allowed, and nothing else.
        Row("metadata", _metadata, at_start=True),
    )


def _parameters(op: Inference | Embeddings, stop: bool) -> str | None:
    request = op.request
    given = {
        "model": request.model,
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "top_p": request.top_p,
        "top_k": request.top_k,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
        "seed": request.seed,
        "n": request.choice_count,
        "stream": request.stream,
        "service_tier": request.service_tier,
        "reasoning_effort": request.reasoning_level,
        "encoding_formats": request.encoding_formats,
        # Text from the application, often from a prompt.
        "stop": request.stop_sequences if stop else None,
    }
    found = {name: value for name, value in given.items() if value is not None}
    return to_json(found) if found else None


def _parameter_rows(name: str) -> tuple[Row[Any], ...]:
    return (
        Row(name, lambda op: _parameters(op, stop=False)),
        Row(name, lambda op: _parameters(op, stop=True) if op.request.stop_sequences else None, CONTENT),
    )


def _total(op: Inference | Embeddings) -> int | None:
    if op.usage.input_tokens is None:
        return None
    if op.usage.output_tokens is None:
        return op.usage.input_tokens if isinstance(op, Embeddings) else None
    return op.usage.input_tokens + op.usage.output_tokens


def _finish_reason(op: Inference) -> str | None:
    return op.response.finish_reasons[0] if op.response.finish_reasons else None


def _value(items: list[m.Message] | None, instructions: list[m.Part] | None = None) -> str | None:
    text = None if instructions else flat.text_of(items)
    if text is not None:
        return text
    written = chat.messages(items, instructions)
    return None if written is None else to_json(written)


def _value_type(items: list[m.Message] | None, instructions: list[m.Part] | None = None) -> str | None:
    if items is None and not instructions:
        return None
    return JSON if instructions or flat.text_of(items) is None else TEXT


def _message_rows() -> tuple[Row[Any], ...]:
    return (
        Row("input.value", lambda op: _value(op.input_messages), CONTENT),
        Row("input.mime_type", lambda op: _value_type(op.input_messages), CONTENT),
        Row("output.value", lambda op: _value(op.output_messages), CONTENT),
        Row("output.mime_type", lambda op: _value_type(op.output_messages), CONTENT),
    )


INFERENCE: SpanSpec[Inference] = SpanSpec(
    operation=Inference,
    name=lambda op: values.named(op.kind, op.request.model),
    kind=values.internal,
    rows=(
        *_common(Constant("LLM")),
        Row("llm.provider", _provider, ID),
        Row("llm.system", _system),
        Row("llm.model_name", lambda op: op.response.model or op.request.model, ID),
        Row("llm.request.model_name", field("request.model"), at_start=True),
        Row("llm.response.model_name", field("response.model")),
        *_parameter_rows("llm.invocation_parameters"),
        Row("llm.finish_reason", _finish_reason),
        Row("llm.token_count.prompt", field("usage.input_tokens")),
        Row("llm.token_count.completion", field("usage.output_tokens")),
        Row("llm.token_count.total", _total),
        *cost.OPENINFERENCE,
        Row("llm.token_count.prompt_details.cache_read", field("usage.cache_read_tokens")),
        Row("llm.token_count.prompt_details.cache_write", field("usage.cache_write_tokens")),
        Row("llm.token_count.prompt_details.audio", field("usage.input_audio_tokens")),
        Row("llm.token_count.completion_details.reasoning", field("usage.reasoning_tokens")),
        Row("llm.token_count.completion_details.audio", field("usage.output_audio_tokens")),
        Row("input.value", lambda op: _value(op.input_messages, op.system_instructions), CONTENT),
        Row("input.mime_type", lambda op: _value_type(op.input_messages, op.system_instructions), CONTENT),
        Row("output.value", lambda op: _value(op.output_messages), CONTENT),
        Row("output.mime_type", lambda op: _value_type(op.output_messages), CONTENT),
    ),
    expand=flat.inference,
    expand_names=flat.INFERENCE_NAMES,
)

EMBEDDINGS: SpanSpec[Embeddings] = SpanSpec(
    operation=Embeddings,
    name=lambda op: "CreateEmbeddings",
    kind=values.internal,
    rows=(
        *_common(Constant("EMBEDDING")),
        Row("embedding.model_name", lambda op: op.response.model or op.request.model),
        *_parameter_rows("embedding.invocation_parameters"),
        Row("llm.token_count.prompt", field("usage.input_tokens")),
        Row("llm.token_count.total", _total),
        *cost.OPENINFERENCE,
    ),
)

RETRIEVAL: SpanSpec[Retrieval] = SpanSpec(
    operation=Retrieval,
    name=lambda op: values.named("retrieval", op.name or op.data_source_id),
    kind=values.internal,
    rows=(
        *_common(Constant("RETRIEVER")),
        Row("input.value", field("query"), CONTENT),
        Row("input.mime_type", lambda op: None if op.query is None else TEXT, CONTENT),
    ),
    expand=flat.documents,
    expand_names=flat.DOCUMENT_NAMES,
)


def _type_of(value: Any) -> str | None:
    if value is None:
        return None
    return TEXT if isinstance(value, str) else JSON


TOOL: SpanSpec[ToolExecution] = SpanSpec(
    operation=ToolExecution,
    name=lambda op: values.named("execute_tool", op.name),
    kind=values.internal,
    rows=(
        *_common(Constant("TOOL")),
        Row("tool.name", field("name"), ID, at_start=True),
        Row("tool.id", field("call_id")),
        Row("tool.description", field("description"), CONTENT),
        Row("input.value", lambda op: None if op.arguments is None else chat.text(op.arguments), CONTENT),
        Row("input.mime_type", lambda op: _type_of(op.arguments), CONTENT),
        Row("output.value", lambda op: None if op.result is None else chat.text(op.result), CONTENT),
        Row("output.mime_type", lambda op: _type_of(op.result), CONTENT),
    ),
)

AGENT: SpanSpec[AgentInvocation] = SpanSpec(
    operation=AgentInvocation,
    name=lambda op: values.named("invoke_agent", op.name),
    kind=values.internal,
    # No token counts: Phoenix adds them up over the spans of a trace, and the model calls below have them.
    rows=(*_common(Constant("AGENT")), Row("agent.name", field("name"), at_start=True), *_message_rows()),
)

WORKFLOW: SpanSpec[WorkflowInvocation] = SpanSpec(
    operation=WorkflowInvocation,
    name=lambda op: values.named("invoke_workflow", op.name),
    kind=values.internal,
    rows=(*_common(Constant("CHAIN")), *_message_rows()),
)

STEP: SpanSpec[Step] = SpanSpec(
    operation=Step,
    name=lambda op: op.name or op.kind,
    kind=values.internal,
    rows=(*_common(lambda op: "RERANKER" if op.kind == RERANK else "CHAIN"), *own.STEP),
)

_EXCEPTION = "exception"


def _exception(op: Operation, content: bool) -> Iterable[Event]:
    if op.failure is not None:
        yield Event(_EXCEPTION, exception_attributes(op, content))


OPENINFERENCE = Convention(
    name="openinference",
    schema_url=None,
    spans=(INFERENCE, EMBEDDINGS, RETRIEVAL, TOOL, AGENT, WORKFLOW, STEP),
    events=(
        EventSpec(
            (_EXCEPTION,),
            (Inference, Embeddings, Retrieval, ToolExecution, AgentInvocation, WorkflowInvocation, Step),
            _exception,
            on_span=True,
        ),
    ),
)
