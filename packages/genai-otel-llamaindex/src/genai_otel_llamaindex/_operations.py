"""Retrievals, tools, agents and workflows: the framework's objects, calls and results to operations."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import BoundArguments, Parameter, signature
from itertools import islice
from typing import Any

from genai_otel_core import errors
from genai_otel_core.messages import Document
from genai_otel_core.operations import (
    AgentInvocation,
    Failure,
    Retrieval,
    Step,
    ToolExecution,
    WorkflowInvocation,
    rerank,
)
from genai_otel_core.plain import clip, finite, plain
from genai_otel_llamaindex import _messages, _request
from genai_otel_llamaindex._kinds import Kind, is_framework, own_name

_TOP_K = ("similarity_top_k", "_similarity_top_k", "top_k", "_top_k", "k")
_STORE_NAMES = ("index_name", "_index_name", "collection_name", "_collection_name", "table_name")
_MAX_DOCUMENTS = 1000


def retrieval(retriever: Any) -> Retrieval:
    """Build the operation for a retrieval that starts, without content."""
    held = _held(retriever)
    top_k = next((v for v in map(finite, map(held.get, _TOP_K)) if v is not None), None)
    return Retrieval(name=type(retriever).__name__, top_k=top_k, data_source_id=_data_source(held))


def query_text(call: BoundArguments) -> str | None:
    """The query of a retrieval or query engine. Content."""
    given = call.arguments.get("str_or_query_bundle", call.arguments.get("query"))
    text = given if isinstance(given, str) else getattr(given, "query_str", None)
    return text if isinstance(text, str) else None


def documents(nodes: Any, content: bool, limit: int) -> list[Document] | None:
    """The nodes found: id and score, and with `content` their text and metadata."""
    if not isinstance(nodes, (list, tuple)):
        return None
    return [_document(item, content, limit) for item in islice(nodes, _MAX_DOCUMENTS)]


def _document(item: Any, content: bool, limit: int) -> Document:
    node = getattr(item, "node", item)
    own, score = getattr(node, "node_id", None), finite(getattr(item, "score", None))
    out = Document(id=own if isinstance(own, str) else None, score=score)
    if content:
        text = getattr(node, "text", None)
        out.content = clip(text, limit) if isinstance(text, str) else None
        metadata = getattr(node, "metadata", None)
        out.metadata = plain(metadata, limit) if metadata else None
    return out


def _data_source(held: Mapping[str, Any]) -> str | None:
    store = held.get("_vector_store") or getattr(held.get("_index"), "vector_store", None)
    kept = _held(store)
    return next((v for v in map(kept.get, _STORE_NAMES) if isinstance(v, str) and v), None)


def called_tool(event: Any) -> ToolExecution:
    """Build the operation for a tool that an agent's step calls, from the step's `ToolCall` event."""
    call_id = getattr(event, "tool_id", None)
    name = getattr(event, "tool_name", None)
    return ToolExecution(
        name=name if isinstance(name, str) else None, type="function", call_id=call_id or None
    )


def tool_name(tool: Any) -> str | None:
    """The name of a tool; tools without metadata have none."""
    name = getattr(getattr(tool, "metadata", None), "name", None)
    return name if isinstance(name, str) and name else None


def tool_description(tool: Any) -> str | None:
    """What a tool says of itself to the model. Content."""
    text = getattr(getattr(tool, "metadata", None), "description", None)
    return text if isinstance(text, str) and text else None


def tool_arguments(call: BoundArguments, limit: int) -> Any:
    """The arguments of a direct call of a tool, as an object. Content."""
    return plain(given_to_tool(call), limit)


def given_to_tool(call: BoundArguments) -> dict[str, Any]:
    """What a direct call gives a tool, by name."""
    keywords = call.arguments.get("kwargs")
    positional = call.arguments.get("args")
    named = dict(keywords) if isinstance(keywords, Mapping) else {}
    rest = {k: v for k, v in call.arguments.items() if k not in ("args", "kwargs", "ctx")}
    if isinstance(positional, tuple) and positional:
        rest["input"] = positional[0] if len(positional) == 1 else list(positional)
    return {**rest, **named}


def read_tool_output(op: ToolExecution, result: Any, content: bool, limit: int) -> None:
    """Complete a tool execution from a `ToolOutput`, or from an event that carries one."""
    output = getattr(result, "tool_output", result)
    if getattr(output, "is_error", False) is True and op.failure is None:
        cause = getattr(output, "exception", None)
        op.failure = (
            errors.describe(cause, content)
            if isinstance(cause, BaseException)
            else Failure(errors.TOOL_ERROR, errors.TOOL_ERROR, _text_of(output, limit) if content else None)
        )
    if content:
        value = getattr(output, "raw_output", output)
        told = _text_of(output, limit) if _is_found(value) else None
        data = plain(value, limit) if told is None else told
        if isinstance(data, str) and data.startswith("[unserializable"):
            data = _text_of(output, limit) or data
        op.result = data if isinstance(data, dict) else {"content": data}


def _is_found(value: Any) -> bool:
    # An engine's response, or a retriever's nodes: they hold more than the model is told.
    first = value[0] if isinstance(value, (list, tuple)) and value else value
    return is_framework(type(first)) and any(name in _held(first) for name in ("source_nodes", "node"))


def agent(instance: Any) -> AgentInvocation:
    """Build the operation for an agent's run, without content."""
    name = getattr(instance, "name", None)
    return AgentInvocation(
        name=name if isinstance(name, str) and name and name != _default(instance, "name") else None
    )


def add_agent_content(op: AgentInvocation, instance: Any, limit: int) -> None:
    """Add what the agent is told to be."""
    description, prompt = getattr(instance, "description", None), getattr(instance, "system_prompt", None)
    if isinstance(description, str) and description != _default(instance, "description"):
        op.description = clip(description, limit) or None
    if isinstance(prompt, str) and prompt:
        op.system_instructions = _messages.data_parts(prompt, limit)


def workflow(instance: Any) -> WorkflowInvocation:
    """Build the operation for the run of a workflow, engine or pipeline, without content."""
    given = getattr(instance, "_workflow_name", None)
    return WorkflowInvocation(name=given if isinstance(given, str) and given else own_name(instance))


def step(instance: Any, kind: Kind) -> Step:
    """Build the operation for a component that is a step of something greater."""
    if kind is Kind.RERANKER:
        return rerank(_request.model_name(instance))
    return Step(name=type(instance).__name__, kind=kind.value)


def _default(instance: Any, field: str) -> Any:
    # Of the constructor, where a class has its own.
    parameter = signature(type(instance)).parameters.get(field)
    if parameter is not None and parameter.default is not Parameter.empty:
        return parameter.default
    fields = getattr(type(instance), "model_fields", None)
    found = fields.get(field) if isinstance(fields, dict) else None
    return getattr(found, "default", None)


def _text_of(output: Any, limit: int) -> str | None:
    text = getattr(output, "content", None)
    return clip(text, limit) if isinstance(text, str) else None


def _held(value: Any) -> Mapping[str, Any]:
    held = getattr(value, "__dict__", None)
    if not isinstance(held, dict):
        return {}
    private = getattr(value, "__pydantic_private__", None)
    return {**private, **held} if isinstance(private, dict) else held
