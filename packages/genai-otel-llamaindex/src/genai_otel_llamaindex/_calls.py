"""The operation of a call: what the call is, what it was given, and what it gave."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from inspect import BoundArguments
from typing import Any

from genai_otel_core import subjects
from genai_otel_core.messages import Message
from genai_otel_core.operations import (
    AgentInvocation,
    Embeddings,
    Inference,
    Operation,
    Retrieval,
    Step,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.plain import plain
from genai_otel_llamaindex import _context, _messages, _operations, _request, _response
from genai_otel_llamaindex._classify import Role, SpanStart
from genai_otel_llamaindex._kinds import Kind
from genai_otel_llamaindex._libraries import client_library

# What a workflow is started with besides its input.
_NO_INPUT = (
    "ctx",
    "memory",
    "stepwise",
    "checkpoint_callback",
    "start_event",
    "init_state",
    "run_id",
    "tags",
    "kwargs",
)


def operation(
    detail: str, role: Role, start: SpanStart, instance: Any, call: BoundArguments, label: str
) -> Operation | None:
    """Return the operation of a span that starts, without content; None if it gets no span."""
    if role is Role.INFERENCE:
        return _request.inference(instance, start.method, call)
    if role is Role.EMBEDDINGS:
        return _request.embeddings(instance, call)
    if role is Role.RETRIEVAL:
        return _operations.retrieval(instance)
    if role is Role.TOOL:
        name = _operations.tool_name(instance)
        return (
            _operations.called_tool(call.arguments.get("ev"))
            if start.step
            else ToolExecution(name, type="function")
        )
    if role is Role.AGENT:
        return _operations.agent(instance)
    if role is Role.WORKFLOW:
        # A model's `predict_and_call` is orchestration, but the model is no workflow that has a name.
        return WorkflowInvocation() if start.kind is Kind.LLM else _operations.workflow(instance)
    if role is Role.STEP and detail != "operations":
        return Step(name=start.method, kind="node") if start.step else _operations.step(instance, start.kind)
    return Step(name=label, kind="helper") if detail == "everything" else None


def subject(op: Operation, start: SpanStart, call: BoundArguments) -> Hashable:
    """What an operation works on: the same once more, after it failed, is another attempt."""
    if isinstance(op, Inference):
        return subjects.of_prompt(_request.last_said(call))
    if isinstance(op, ToolExecution) and op.call_id is None:
        return subjects.of_arguments(_operations.given_to_tool(call))
    if start.step and isinstance(op, Step):
        return start.method, subjects.Same(call.arguments.get("ev"))
    return None


def library(op: Operation | None, instance: Any) -> str | None:
    """Return the client library that a model call goes through, None for anything else."""
    return client_library(instance) if isinstance(op, (Inference, Embeddings)) else None


def add_content(op: Operation, instance: Any, call: BoundArguments, limit: int) -> None:
    """Add what an operation is given."""
    if isinstance(op, Inference):
        _request.add_content(op, instance, call, limit)
    elif isinstance(op, Retrieval):
        op.query = _operations.query_text(call)
    elif isinstance(op, ToolExecution):
        event = call.arguments.get("ev")
        if event is not None and hasattr(event, "tool_kwargs"):
            op.arguments = plain(event.tool_kwargs, limit)
        else:
            op.description = _operations.tool_description(instance)
            op.arguments = _operations.tool_arguments(call, limit)
    elif isinstance(op, AgentInvocation):
        _operations.add_agent_content(op, instance, limit)
        op.input_messages = _input(call, limit)
    elif isinstance(op, WorkflowInvocation):
        op.input_messages = _input(call, limit)


def read_result(op: Operation, result: Any, content: bool, limit: int) -> None:
    """Complete an operation from what its call returned."""
    if isinstance(op, Inference):
        read_response(op, result, content, limit)
    elif isinstance(op, Embeddings):
        _request.read_vectors(op, result)
    elif isinstance(op, Retrieval):
        op.documents = _operations.documents(result, content, limit)
    elif isinstance(op, ToolExecution):
        _operations.read_tool_output(op, result, content, limit)
    elif isinstance(op, (AgentInvocation, WorkflowInvocation)) and content:
        op.output_messages = _messages.spoken(_given(result), "assistant", limit) or op.output_messages


def read_response(op: Inference, response: Any, content: bool, limit: int) -> None:
    """Complete a model call from its response."""
    if response is None:
        return
    _response.read_response(op, response)
    op.requested_calls = _response.requested_calls(response) or op.requested_calls
    op.failure = op.failure or _response.failure(response, content)
    if content:
        reasons = op.response.finish_reasons
        said = _messages.response_message(response, limit, reasons[0] if reasons else None)
        op.output_messages = op.output_messages if said is None else [said]


def add_said(op: Operation | None, said: list[Message] | None) -> None:
    """Complete what returned a stream from the last answer that was streamed below it."""
    if isinstance(op, (AgentInvocation, WorkflowInvocation)) and op.output_messages is None and said:
        op.output_messages = [replace(message, finish_reason=None) for message in said]


def _given(result: Any) -> Any:
    """What a run gave: its stop event's result; an event of the application's own is that itself."""
    if all(base.__name__ != "StopEvent" for base in type(result).__mro__):
        return result
    own = {} if type(result).__name__ == "StopEvent" else _context.event_data(result)
    return own or result.result


def _input(call: BoundArguments, limit: int) -> list[Message] | None:
    query = _operations.query_text(call)
    if query is not None:
        return _messages.spoken(query, "user", limit)
    called = _context.arguments(call)
    given = {**_context.event_data(called.get("start_event")), **called}
    given = {k: v for k, v in given.items() if k not in _NO_INPUT and v is not None}
    history, said = given.get("chat_history"), given.get("user_msg", given.get("message"))
    if history or said:
        earlier = _messages.chat_messages(history, limit) if history else None
        return [*(earlier or ()), *(_messages.spoken(said, "user", limit) or ())] or None
    return _messages.spoken(given, "user", limit)
