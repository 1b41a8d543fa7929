"""The floor: what the genai-otel handler emits for the scenarios here, written by hand with the SDK.

It knows its application (one provider, one shape of messages, one agent), guards nothing, bounds nothing
and makes no span current. That is the least that the same spans, attributes and metric points can cost in
a callback handler.
"""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import UUID

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind, set_span_in_context

from contestants import NoOpHandler

_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(float(4**power) for power in range(14))
_ROLES = {"human": "user", "ai": "assistant"}


class _Open:
    """A run under way; a run without a span has its parent's."""

    __slots__ = ("agent", "attributes", "begun", "labels", "root", "span", "totals")

    def __init__(self, span: Span, root: _Open | None, agent: bool = False) -> None:
        self.span = span
        self.agent = agent
        self.root = root
        self.begun = 0.0
        self.labels: dict[str, Any] = {}
        self.attributes: dict[str, Any] = {}
        self.totals = [0, 0, 0]


class FloorHandler(NoOpHandler):
    """Hand-written tracing of one known application."""

    def __init__(self, tracer_provider: TracerProvider, meter_provider: MeterProvider, content: bool) -> None:
        self._tracer = tracer_provider.get_tracer("floor")
        meter = meter_provider.get_meter("floor")
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration", "s", explicit_bucket_boundaries_advisory=_SECONDS
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", explicit_bucket_boundaries_advisory=_TOKENS
        )
        self._content = content
        self._open: dict[UUID, _Open] = {}

    # Chains and agents

    def on_chain_start(
        self,
        serialized: Any,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: Any = None,
        **kwargs: Any,
    ) -> None:
        """Start the root's span; what is below it belongs to it."""
        if parent_run_id is not None:
            self._open[run_id] = self._open[parent_run_id]
            return
        agent = metadata.get("lc_agent_name") if metadata else None
        if agent:
            attributes = {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": agent,
                "gen_ai.conversation.id": metadata["thread_id"],
            }
            span = self._tracer.start_span(f"invoke_agent {agent}", attributes=attributes)
        else:
            attributes = {"gen_ai.operation.name": "invoke_workflow"}
            span = self._tracer.start_span("invoke_workflow", attributes=attributes)
        run = self._open[run_id] = _Open(span, None, bool(agent))
        if self._content:
            given = [text for _, text in inputs["messages"]] if agent else list(inputs.values())
            run.attributes["gen_ai.input.messages"] = _json([_said("user", text) for text in given])

    def on_chain_end(
        self, outputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """End the root's span."""
        run = self._open.pop(run_id)
        if parent_run_id is not None:
            return
        attributes = run.attributes
        if run.agent:
            read, written, cached = run.totals
            attributes["gen_ai.usage.input_tokens"] = read
            attributes["gen_ai.usage.output_tokens"] = written
            attributes["gen_ai.usage.cache_read.input_tokens"] = cached
        if self._content:
            answer = (
                _said("assistant", outputs) if isinstance(outputs, str) else _message(outputs["messages"][-1])
            )
            ended = attributes["gen_ai.response.finish_reasons"][0] if run.agent else ""
            attributes["gen_ai.output.messages"] = _json([{**answer, "finish_reason": ended}])
        run.span.set_attributes(attributes)
        run.span.end()

    # Chat models

    def on_chat_model_start(
        self,
        serialized: Any,
        messages: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: Any = None,
        invocation_params: Any = None,
        **kwargs: Any,
    ) -> None:
        """Start a chat span."""
        above = self._open.get(parent_run_id) if parent_run_id is not None else None
        model = metadata["ls_model_name"]
        labels = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": metadata["ls_provider"],
            "gen_ai.request.model": model,
        }
        attributes = dict(labels)
        if "thread_id" in metadata:
            attributes["gen_ai.conversation.id"] = metadata["thread_id"]
        span = self._tracer.start_span(
            f"chat {model}",
            context=None if above is None else set_span_in_context(above.span),
            kind=SpanKind.CLIENT,
            attributes=attributes,
        )
        run = self._open[run_id] = _Open(span, above)
        run.labels = labels
        late = run.attributes
        late["gen_ai.request.max_tokens"] = invocation_params["max_tokens"]
        late["gen_ai.request.temperature"] = invocation_params["temperature"]
        if self._content:
            late["gen_ai.input.messages"] = _json([_message(message) for message in messages[0]])
            if "tools" in invocation_params:
                late["gen_ai.tool.definitions"] = _json(
                    [{"type": "function", **tool["function"]} for tool in invocation_params["tools"]]
                )
        run.begun = time.perf_counter()

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End a chat span and record its metric points."""
        run = self._open.pop(run_id)
        seconds = time.perf_counter() - run.begun
        message = response.generations[0][0].message
        usage, answered = message.usage_metadata, message.response_metadata
        read, written = usage["input_tokens"], usage["output_tokens"]
        cached = usage["input_token_details"]["cache_read"]
        reasons = [answered["finish_reason"]]
        attributes = run.attributes
        attributes["gen_ai.response.finish_reasons"] = reasons
        attributes["gen_ai.response.id"] = answered["id"]
        attributes["gen_ai.response.model"] = answered["model_name"]
        attributes["gen_ai.usage.input_tokens"] = read
        attributes["gen_ai.usage.output_tokens"] = written
        attributes["gen_ai.usage.cache_read.input_tokens"] = cached
        attributes["gen_ai.usage.reasoning.output_tokens"] = usage["output_token_details"]["reasoning"]
        attributes["openai.api.type"] = "chat_completions"
        attributes["openai.response.system_fingerprint"] = answered["system_fingerprint"]
        if self._content:
            reason = "tool_call" if reasons[0] == "tool_calls" else reasons[0]
            attributes["gen_ai.output.messages"] = _json([{**_message(message), "finish_reason": reason}])
        run.span.set_attributes(attributes)
        run.span.end()
        labels = run.labels
        labels["gen_ai.response.model"] = answered["model_name"]
        context = set_span_in_context(run.span)  # the points' exemplars lead to the span
        self._duration.record(seconds, labels, context)
        self._tokens.record(read, {**labels, "gen_ai.token.type": "input"}, context)
        self._tokens.record(written, {**labels, "gen_ai.token.type": "output"}, context)
        if run.root is not None and run.root.agent:
            self._add_to_agent(run.root, run, read, written, cached, reasons)

    def _add_to_agent(
        self, agent: _Open, run: _Open, read: int, written: int, cached: int, reasons: list[str]
    ) -> None:
        totals = agent.totals
        totals[0] += read
        totals[1] += written
        totals[2] += cached
        attributes = agent.attributes
        attributes["gen_ai.provider.name"] = run.labels["gen_ai.provider.name"]
        attributes["gen_ai.request.model"] = run.labels["gen_ai.request.model"]
        attributes["gen_ai.response.finish_reasons"] = reasons
        if self._content:
            attributes["gen_ai.tool.definitions"] = run.attributes["gen_ai.tool.definitions"]

    # Tools

    def on_tool_start(
        self,
        serialized: Any,
        input_str: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        inputs: Any = None,
        tool_call_id: Any = None,
        **kwargs: Any,
    ) -> None:
        """Start a tool span."""
        above = self._open[parent_run_id]  # type: ignore[index]  # the tools here run in an agent
        name = serialized["name"]
        span = self._tracer.start_span(
            f"execute_tool {name}",
            context=set_span_in_context(above.span),
            attributes={
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": name,
                "gen_ai.tool.type": "function",
                "gen_ai.tool.call.id": tool_call_id,
            },
        )
        run = self._open[run_id] = _Open(span, above)
        if self._content:
            run.attributes["gen_ai.tool.description"] = serialized["description"]
            run.attributes["gen_ai.tool.call.arguments"] = _json(inputs)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End a tool span."""
        run = self._open.pop(run_id)
        if self._content:
            run.attributes["gen_ai.tool.call.result"] = _json({"content": output.content})
            run.span.set_attributes(run.attributes)
        run.span.end()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _message(message: Any) -> dict[str, Any]:
    if message.type == "tool":
        answer = {"type": "tool_call_response", "id": message.tool_call_id, "response": message.content}
        return {"role": "tool", "parts": [answer], "name": message.name}
    parts: list[dict[str, Any]] = []
    if message.content:
        parts.append({"type": "text", "content": message.content})
    if message.type == "ai":
        parts.extend(
            {"type": "tool_call", "id": call["id"], "name": call["name"], "arguments": call["args"]}
            for call in message.tool_calls
        )
    told: dict[str, Any] = {"role": _ROLES.get(message.type, message.type), "parts": parts}
    if message.name:
        told["name"] = message.name
    return told
