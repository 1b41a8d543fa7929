"""The operation that a span starts, and what its arguments and its result add to it."""

from __future__ import annotations

from inspect import BoundArguments
from typing import Any

from genai_otel_core import Telemetry
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

# What a workflow is started with besides its input.
_NO_INPUT = (
    "ctx",
    "memory",
    "stepwise",
    "checkpoint_callback",
    "start_event",
    "init_state",
    "tags",
    "kwargs",
)


class Calls:
    """Builds and completes operations, with content or without."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._limit = telemetry.settings.max_content_bytes

    def operation(
        self, role: Role, start: SpanStart, instance: Any, call: BoundArguments, label: str
    ) -> Operation | None:
        """Return the operation of a span that starts; None if it gets no span."""
        detail = self._telemetry.settings.detail
        if role is Role.INFERENCE:
            return self._inference(instance, start.method, call)
        if role is Role.EMBEDDINGS:
            return _request.embeddings(instance, call)
        if role is Role.RETRIEVAL:
            return self._retrieval(instance, call)
        if role is Role.TOOL:
            return self._called_tool(call) if start.step else self._tool(instance, call)
        if role is Role.AGENT:
            return self._agent(instance, call)
        if role is Role.WORKFLOW:
            return self._workflow(instance, call, start)
        if role is Role.STEP and detail != "operations":
            return (
                Step(name=start.method, kind="node") if start.step else _operations.step(instance, start.kind)
            )
        return Step(name=label, kind="helper") if detail == "everything" else None

    @property
    def _content(self) -> bool:
        return self._telemetry.captures_content

    def _inference(self, model: Any, method: str, call: BoundArguments) -> Inference:
        op = _request.inference(model, method, call)
        if self._content:
            _request.add_content(op, call, self._limit)
        return op

    def _retrieval(self, retriever: Any, call: BoundArguments) -> Retrieval:
        op = _operations.retrieval(retriever)
        if self._content:
            op.query = _operations.query_text(call)
        return op

    def _called_tool(self, call: BoundArguments) -> ToolExecution:
        event = call.arguments.get("ev")
        op = _operations.called_tool(event)
        if self._content:
            op.arguments = plain(getattr(event, "tool_kwargs", None), self._limit)
        return op

    def _tool(self, tool: Any, call: BoundArguments) -> ToolExecution:
        op = ToolExecution(name=_operations.tool_name(tool), type="function")
        if self._content:
            op.description = _operations.tool_description(tool)
            op.arguments = _operations.tool_arguments(call, self._limit)
        return op

    def _agent(self, agent: Any, call: BoundArguments) -> AgentInvocation:
        op = _operations.agent(agent)
        if self._content:
            _operations.add_agent_content(op, agent, self._limit)
            op.input_messages = self._input(call)
        return op

    def _workflow(self, instance: Any, call: BoundArguments, start: SpanStart) -> WorkflowInvocation:
        # A model's `predict_and_call` is orchestration, but the model is no workflow that has a name.
        op = WorkflowInvocation() if start.kind is Kind.LLM else _operations.workflow(instance)
        if self._content:
            op.input_messages = self._input(call)
        return op

    def _input(self, call: BoundArguments) -> list[Message] | None:
        query = _operations.query_text(call)
        if query is not None:
            return _messages.spoken(query, "user", self._limit)
        event = call.arguments.get("start_event")
        given = _context.event_data(event) if event is not None else {}
        given.update({k: v for k, v in call.arguments.items() if k not in _NO_INPUT})
        inner = call.arguments.get("kwargs")
        given.update(inner if isinstance(inner, dict) else {})
        given = {k: v for k, v in given.items() if k != "memory" and v is not None}
        history, said = given.get("chat_history"), given.get("user_msg", given.get("message"))
        if history or said:
            earlier = _messages.chat_messages(list(history), self._limit) if history else None
            return [*(earlier or ()), *(_messages.spoken(said, "user", self._limit) or ())] or None
        return _messages.spoken(given, "user", self._limit)

    def read_result(self, op: Operation, result: Any) -> None:
        """Complete an operation from what its call returned."""
        if isinstance(op, Inference):
            self.read_response(op, result)
        elif isinstance(op, Embeddings):
            _request.read_vectors(op, result)
        elif isinstance(op, Retrieval):
            op.documents = _operations.documents(result, self._content, self._limit)
        elif isinstance(op, ToolExecution):
            _operations.read_tool_output(op, result, self._content, self._limit)
        elif isinstance(op, (AgentInvocation, WorkflowInvocation)) and self._content:
            answer = getattr(result, "result", result)  # a workflow's stop event carries its result
            op.output_messages = _messages.spoken(answer, "assistant", self._limit) or op.output_messages

    def read_response(self, op: Inference, response: Any, *, final: bool = True) -> None:
        """Complete a model call from its response, or from a chunk of one."""
        if response is None:
            return
        _response.read_response(op, response)
        if final and self._content:
            reasons = op.response.finish_reasons
            said = _messages.response_message(response, self._limit, reasons[0] if reasons else None)
            op.output_messages = op.output_messages if said is None else [said]
