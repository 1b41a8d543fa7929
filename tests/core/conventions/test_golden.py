# ruff: noqa: E501 - a line is an attribute
"""One run under each convention, whole: an agent asks a model, looks something up, calls a tool that fails.

To read what a convention makes of an application, read its part of `EXPECTED`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from core.conventions.runs import Stage
from genai_otel_core import Telemetry
from genai_otel_core import messages as m
from genai_otel_core.operations import AgentInvocation, Inference, Request, Response, Retrieval, ToolExecution
from genai_otel_core.testing import Clock, capture, walk
from genai_otel_core.usage import Usage


def play(stage: Stage) -> None:
    """An agent's run."""
    question, reply = (
        m.Message("user", [m.Text("Is it open?")]),
        m.ToolCall("hours", "call_1", {"day": "Monday"}),
    )
    agent = AgentInvocation(name="guide", conversation_id="thread-1", input_messages=[question])
    model = Inference(
        provider="gcp.vertex_ai",
        server_address="vertex.example.com",
        server_port=443,
        request=Request(model="gemini", temperature=0, top_k=40, stop_sequences=["END"], stream=True),
        response=Response(id="r-1", model="gemini-001", finish_reasons=["tool_calls"]),
        usage=Usage(input_tokens=30, output_tokens=8, cache_read_tokens=20, reasoning_tokens=3),
        system_instructions=[m.Text("Be brief.")],
        input_messages=[question],
        output_messages=[m.Message("assistant", [reply], finish_reason="tool_calls")],
        tool_definitions=[m.ToolDefinition("hours", "Opening hours", {"type": "object"})],
    )
    documents = [m.Document("doc-1", 0.9, "We open at nine.")]
    search = Retrieval(data_source_id="notices", top_k=1, query="opening hours", documents=documents)
    tool = ToolExecution(name="hours", type="function", call_id="call_1", arguments={"day": "Monday"})
    with stage(agent):
        with stage(model) as run_id:
            stage.telemetry.chunk(run_id)
        stage.one(search)
        stage.one(tool, TimeoutError("no answer in 5 s"))


def emitted(convention: str) -> str:
    """Everything that the run emits, as text: spans as they nest, log records, points."""
    with capture(clock=Clock(step_s=0.5)) as seen:
        content = "span_and_event"
        play(Stage(Telemetry(convention=convention, capture_content=content, **seen.providers)))
        spans = [line for depth, span in walk(seen.spans) for line in _span(span, "    " * depth)]
        logs = [
            f"log {record.event_name} {_written(dict(record.attributes))} {_written(record.body)}"
            for record in seen.logs()
        ]
        points = [
            f"metric {name} {_written(point['attributes'])} = {point.get('sum', point.get('value'))} {point['unit']}"
            for name, points in seen.metrics().items()
            for point in points
        ]
    return "\n".join((*spans, *logs, *points))


def _span(span: ReadableSpan, indent: str) -> Iterator[str]:
    status = f" {span.status.status_code.name} {span.status.description}" if span.status.description else ""
    yield f"{indent}{span.name} ({span.kind.name}){status}"
    for key, value in sorted((span.attributes or {}).items()):
        yield f"{indent}  {key} = {_written(value)}"
    for event in span.events:
        attributes = {
            key: value for key, value in (event.attributes or {}).items() if "stacktrace" not in key
        }
        yield f"{indent}  event {event.name} {_written(attributes)}"


def _written(value: Any) -> str:
    # JSON in an attribute is shown as it is, other text in quotes.
    is_json = isinstance(value, str) and value[:1] in ("[", "{")
    return value if is_json else json.dumps(value, sort_keys=True)


EXPECTED: dict[str, str] = {}
EXPECTED["1.27"] = r"""
invoke_agent guide (INTERNAL)
    chat gemini (CLIENT)
      gen_ai.operation.name = "chat"
      gen_ai.request.model = "gemini"
      gen_ai.request.stop_sequences = ["END"]
      gen_ai.request.temperature = 0.0
      gen_ai.request.top_k = 40.0
      gen_ai.response.finish_reasons = ["tool_calls"]
      gen_ai.response.id = "r-1"
      gen_ai.response.model = "gemini-001"
      gen_ai.system = "vertex_ai"
      gen_ai.usage.input_tokens = 30
      gen_ai.usage.output_tokens = 8
      server.address = "vertex.example.com"
      server.port = 443
      event gen_ai.content.prompt {"gen_ai.prompt": "[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\"Is it open?\"}]"}
      event gen_ai.content.completion {"gen_ai.completion": "[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"hours\",\"arguments\":\"{\\\"day\\\":\\\"Monday\\\"}\"}}]}]"}
    retrieval notices (CLIENT)
    execute_tool hours (INTERNAL) ERROR no answer in 5 s
      error.type = "TimeoutError"
metric gen_ai.client.operation.duration {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.system": "vertex_ai", "server.address": "vertex.example.com", "server.port": 443} = 1.0 s
metric gen_ai.client.token.usage {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.system": "vertex_ai", "gen_ai.token.type": "input", "server.address": "vertex.example.com", "server.port": 443} = 30 {token}
metric gen_ai.client.token.usage {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.system": "vertex_ai", "gen_ai.token.type": "output", "server.address": "vertex.example.com", "server.port": 443} = 8 {token}
"""

EXPECTED["1.36"] = r"""
invoke_agent guide (CLIENT)
  gen_ai.agent.name = "guide"
  gen_ai.conversation.id = "thread-1"
  gen_ai.operation.name = "invoke_agent"
  gen_ai.request.model = "gemini"
  gen_ai.response.finish_reasons = ["tool_calls"]
  gen_ai.system = "gcp.vertex_ai"
  gen_ai.usage.input_tokens = 30
  gen_ai.usage.output_tokens = 8
    chat gemini (CLIENT)
      gen_ai.conversation.id = "thread-1"
      gen_ai.operation.name = "chat"
      gen_ai.request.model = "gemini"
      gen_ai.request.stop_sequences = ["END"]
      gen_ai.request.temperature = 0.0
      gen_ai.request.top_k = 40.0
      gen_ai.response.finish_reasons = ["tool_calls"]
      gen_ai.response.id = "r-1"
      gen_ai.response.model = "gemini-001"
      gen_ai.system = "gcp.vertex_ai"
      gen_ai.usage.input_tokens = 30
      gen_ai.usage.output_tokens = 8
      server.address = "vertex.example.com"
      server.port = 443
    retrieval notices (CLIENT)
    execute_tool hours (INTERNAL) ERROR no answer in 5 s
      error.type = "TimeoutError"
      gen_ai.operation.name = "execute_tool"
      gen_ai.tool.call.id = "call_1"
      gen_ai.tool.name = "hours"
log gen_ai.system.message {"gen_ai.system": "gcp.vertex_ai"} {"content": "Be brief."}
log gen_ai.user.message {"gen_ai.system": "gcp.vertex_ai"} {"content": "Is it open?"}
log gen_ai.choice {"gen_ai.system": "gcp.vertex_ai"} {"finish_reason": "tool_calls", "index": 0, "message": {}, "tool_calls": [{"function": {"arguments": {"day": "Monday"}, "name": "hours"}, "id": "call_1", "type": "function"}]}
metric gen_ai.client.operation.duration {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.system": "gcp.vertex_ai", "server.address": "vertex.example.com", "server.port": 443} = 1.0 s
metric gen_ai.client.token.usage {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.system": "gcp.vertex_ai", "gen_ai.token.type": "input", "server.address": "vertex.example.com", "server.port": 443} = 30 {token}
metric gen_ai.client.token.usage {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.system": "gcp.vertex_ai", "gen_ai.token.type": "output", "server.address": "vertex.example.com", "server.port": 443} = 8 {token}
"""

EXPECTED["1.41"] = r"""
invoke_agent guide (INTERNAL)
  gen_ai.agent.name = "guide"
  gen_ai.conversation.id = "thread-1"
  gen_ai.input.messages = [{"role":"user","parts":[{"type":"text","content":"Is it open?"}]}]
  gen_ai.operation.name = "invoke_agent"
  gen_ai.provider.name = "gcp.vertex_ai"
  gen_ai.request.model = "gemini"
  gen_ai.response.finish_reasons = ["tool_calls"]
  gen_ai.system_instructions = [{"type":"text","content":"Be brief."}]
  gen_ai.tool.definitions = [{"type":"function","name":"hours","description":"Opening hours","parameters":{"type":"object"}}]
  gen_ai.usage.cache_read.input_tokens = 20
  gen_ai.usage.input_tokens = 30
  gen_ai.usage.output_tokens = 8
    chat gemini (CLIENT)
      gen_ai.conversation.id = "thread-1"
      gen_ai.input.messages = [{"role":"user","parts":[{"type":"text","content":"Is it open?"}]}]
      gen_ai.operation.name = "chat"
      gen_ai.output.messages = [{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"hours","arguments":{"day":"Monday"}}],"finish_reason":"tool_call"}]
      gen_ai.provider.name = "gcp.vertex_ai"
      gen_ai.request.model = "gemini"
      gen_ai.request.stop_sequences = ["END"]
      gen_ai.request.stream = true
      gen_ai.request.temperature = 0.0
      gen_ai.request.top_k = 40.0
      gen_ai.response.finish_reasons = ["tool_calls"]
      gen_ai.response.id = "r-1"
      gen_ai.response.model = "gemini-001"
      gen_ai.response.time_to_first_chunk = 0.5
      gen_ai.system_instructions = [{"type":"text","content":"Be brief."}]
      gen_ai.tool.definitions = [{"type":"function","name":"hours","description":"Opening hours","parameters":{"type":"object"}}]
      gen_ai.usage.cache_read.input_tokens = 20
      gen_ai.usage.input_tokens = 30
      gen_ai.usage.output_tokens = 8
      gen_ai.usage.reasoning.output_tokens = 3
      server.address = "vertex.example.com"
      server.port = 443
    retrieval (CLIENT)
      gen_ai.data_source.id = "notices"
      gen_ai.operation.name = "retrieval"
      gen_ai.request.top_k = 1.0
      gen_ai.retrieval.documents = [{"id":"doc-1","score":0.9,"content":"We open at nine."}]
      gen_ai.retrieval.query.text = "opening hours"
    execute_tool hours (INTERNAL) ERROR no answer in 5 s
      error.type = "TimeoutError"
      gen_ai.operation.name = "execute_tool"
      gen_ai.tool.call.arguments = {"day":"Monday"}
      gen_ai.tool.call.id = "call_1"
      gen_ai.tool.name = "hours"
      gen_ai.tool.type = "function"
log gen_ai.client.inference.operation.details {"gen_ai.conversation.id": "thread-1", "gen_ai.input.messages": [{"parts": [{"content": "Is it open?", "type": "text"}], "role": "user"}], "gen_ai.operation.name": "chat", "gen_ai.output.messages": [{"finish_reason": "tool_call", "parts": [{"arguments": {"day": "Monday"}, "id": "call_1", "name": "hours", "type": "tool_call"}], "role": "assistant"}], "gen_ai.request.model": "gemini", "gen_ai.request.stop_sequences": ["END"], "gen_ai.request.stream": true, "gen_ai.request.temperature": 0.0, "gen_ai.response.finish_reasons": ["tool_calls"], "gen_ai.response.id": "r-1", "gen_ai.response.model": "gemini-001", "gen_ai.response.time_to_first_chunk": 0.5, "gen_ai.system_instructions": [{"content": "Be brief.", "type": "text"}], "gen_ai.tool.definitions": [{"description": "Opening hours", "name": "hours", "parameters": {"type": "object"}, "type": "function"}], "gen_ai.usage.cache_read.input_tokens": 20, "gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 8, "gen_ai.usage.reasoning.output_tokens": 3, "server.address": "vertex.example.com", "server.port": 443} null
metric gen_ai.client.operation.duration {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "server.address": "vertex.example.com", "server.port": 443} = 1.0 s
metric gen_ai.client.token.usage {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.token.type": "input", "server.address": "vertex.example.com", "server.port": 443} = 30 {token}
metric gen_ai.client.token.usage {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.token.type": "output", "server.address": "vertex.example.com", "server.port": 443} = 8 {token}
metric gen_ai.client.operation.time_to_first_chunk {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "server.address": "vertex.example.com", "server.port": 443} = 0.5 s
"""

EXPECTED["dev"] = r"""
invoke_agent guide (INTERNAL)
  gen_ai.agent.name = "guide"
  gen_ai.conversation.id = "thread-1"
  gen_ai.input.messages = [{"role":"user","parts":[{"type":"text","content":"Is it open?"}]}]
  gen_ai.operation.name = "invoke_agent"
  gen_ai.request.model = "gemini"
  gen_ai.response.finish_reasons = ["tool_calls"]
  gen_ai.system_instructions = [{"type":"text","content":"Be brief."}]
  gen_ai.tool.definitions = [{"type":"function","name":"hours","description":"Opening hours","parameters":{"type":"object"}}]
  gen_ai.usage.input_tokens = 30
  gen_ai.usage.output_tokens = 8
    chat gemini (CLIENT)
      gen_ai.conversation.id = "thread-1"
      gen_ai.input.messages = [{"role":"user","parts":[{"type":"text","content":"Is it open?"}]}]
      gen_ai.operation.name = "chat"
      gen_ai.output.messages = [{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"hours","arguments":{"day":"Monday"}}],"finish_reason":"tool_call"}]
      gen_ai.provider.name = "gcp.vertex_ai"
      gen_ai.request.model = "gemini"
      gen_ai.request.stop_sequences = ["END"]
      gen_ai.request.stream = true
      gen_ai.request.temperature = 0.0
      gen_ai.request.top_k = 40
      gen_ai.response.finish_reasons = ["tool_calls"]
      gen_ai.response.id = "r-1"
      gen_ai.response.model = "gemini-001"
      gen_ai.response.time_to_first_chunk = 0.5
      gen_ai.system_instructions = [{"type":"text","content":"Be brief."}]
      gen_ai.tool.definitions = [{"type":"function","name":"hours","description":"Opening hours","parameters":{"type":"object"}}]
      gen_ai.usage.cache_read.input_tokens = 20
      gen_ai.usage.input_tokens = 30
      gen_ai.usage.output_tokens = 8
      gen_ai.usage.reasoning.output_tokens = 3
      server.address = "vertex.example.com"
      server.port = 443
    retrieval notices (CLIENT)
      gen_ai.data_source.id = "notices"
      gen_ai.operation.name = "retrieval"
      gen_ai.retrieval.documents = [{"id":"doc-1","score":0.9,"content":"We open at nine."}]
      gen_ai.retrieval.query.text = "opening hours"
      gen_ai.retrieval.top_k = 1
    execute_tool hours (INTERNAL) ERROR no answer in 5 s
      error.type = "TimeoutError"
      gen_ai.agent.name = "guide"
      gen_ai.conversation.id = "thread-1"
      gen_ai.operation.name = "execute_tool"
      gen_ai.tool.call.arguments = {"day":"Monday"}
      gen_ai.tool.call.id = "call_1"
      gen_ai.tool.name = "hours"
      gen_ai.tool.type = "function"
log gen_ai.client.inference.operation.details {"gen_ai.conversation.id": "thread-1", "gen_ai.input.messages": [{"parts": [{"content": "Is it open?", "type": "text"}], "role": "user"}], "gen_ai.operation.name": "chat", "gen_ai.output.messages": [{"finish_reason": "tool_call", "parts": [{"arguments": {"day": "Monday"}, "id": "call_1", "name": "hours", "type": "tool_call"}], "role": "assistant"}], "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.request.stop_sequences": ["END"], "gen_ai.request.stream": true, "gen_ai.request.temperature": 0.0, "gen_ai.request.top_k": 40, "gen_ai.response.finish_reasons": ["tool_calls"], "gen_ai.response.id": "r-1", "gen_ai.response.model": "gemini-001", "gen_ai.response.time_to_first_chunk": 0.5, "gen_ai.system_instructions": [{"content": "Be brief.", "type": "text"}], "gen_ai.tool.definitions": [{"description": "Opening hours", "name": "hours", "parameters": {"type": "object"}, "type": "function"}], "gen_ai.usage.cache_read.input_tokens": 20, "gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 8, "gen_ai.usage.reasoning.output_tokens": 3, "server.address": "vertex.example.com", "server.port": 443} null
metric gen_ai.client.inference.duration {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "server.address": "vertex.example.com", "server.port": 443} = 1.0 s
metric gen_ai.client.inference.time_to_first_chunk {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "server.address": "vertex.example.com", "server.port": 443} = 0.5 s
metric gen_ai.client.inference.usage.input_tokens {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.token.modality": "unknown", "server.address": "vertex.example.com", "server.port": 443} = 30 {token}
metric gen_ai.client.inference.usage.output_tokens {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.token.modality": "unknown", "server.address": "vertex.example.com", "server.port": 443} = 8 {token}
metric gen_ai.client.inference.usage.cache_read.input_tokens {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.token.modality": "unknown", "server.address": "vertex.example.com", "server.port": 443} = 20 {token}
metric gen_ai.client.inference.usage.reasoning.output_tokens {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "gen_ai.token.modality": "unknown", "server.address": "vertex.example.com", "server.port": 443} = 3 {token}
metric gen_ai.client.inference.operation.input_tokens {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "server.address": "vertex.example.com", "server.port": 443} = 30 {token}
metric gen_ai.client.inference.operation.output_tokens {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini", "gen_ai.response.model": "gemini-001", "server.address": "vertex.example.com", "server.port": 443} = 8 {token}
metric gen_ai.client.operation.duration {"gen_ai.operation.name": "retrieval"} = 0.5 s
metric gen_ai.execute_tool.duration {"error.type": "TimeoutError", "gen_ai.agent.name": "guide", "gen_ai.tool.name": "hours", "gen_ai.tool.type": "function"} = 0.5 s
metric gen_ai.invoke_agent.duration {"gen_ai.agent.name": "guide", "gen_ai.request.model": "gemini"} = 4.0 s
metric gen_ai.invoke_agent.inference_calls {"gen_ai.agent.name": "guide"} = 1 {inference_call}
metric gen_ai.invoke_agent.tool_calls {"gen_ai.agent.name": "guide"} = 1 {tool_call}
"""

EXPECTED["openinference"] = r"""
invoke_agent guide (INTERNAL)
  agent.name = "guide"
  input.mime_type = "text/plain"
  input.value = "Is it open?"
  openinference.span.kind = "AGENT"
  session.id = "thread-1"
    chat gemini (INTERNAL)
      input.mime_type = "application/json"
      input.value = [{"role":"system","content":"Be brief."},{"role":"user","content":"Is it open?"}]
      llm.finish_reason = "tool_calls"
      llm.input_messages.0.message.content = "Be brief."
      llm.input_messages.0.message.role = "system"
      llm.input_messages.1.message.content = "Is it open?"
      llm.input_messages.1.message.role = "user"
      llm.invocation_parameters = {"model":"gemini","temperature":0,"top_k":40,"stream":true,"stop":["END"]}
      llm.model_name = "gemini-001"
      llm.output_messages.0.message.role = "assistant"
      llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments = {"day":"Monday"}
      llm.output_messages.0.message.tool_calls.0.tool_call.function.name = "hours"
      llm.output_messages.0.message.tool_calls.0.tool_call.id = "call_1"
      llm.provider = "google"
      llm.request.model_name = "gemini"
      llm.response.model_name = "gemini-001"
      llm.system = "vertexai"
      llm.token_count.completion = 8
      llm.token_count.completion_details.reasoning = 3
      llm.token_count.prompt = 30
      llm.token_count.prompt_details.cache_read = 20
      llm.token_count.total = 38
      llm.tools.0.tool.json_schema = {"type":"function","function":{"name":"hours","description":"Opening hours","parameters":{"type":"object"}}}
      openinference.span.kind = "LLM"
      output.mime_type = "application/json"
      output.value = [{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"hours","arguments":"{\"day\":\"Monday\"}"}}]}]
      session.id = "thread-1"
    retrieval notices (INTERNAL)
      input.mime_type = "text/plain"
      input.value = "opening hours"
      openinference.span.kind = "RETRIEVER"
      retrieval.documents.0.document.content = "We open at nine."
      retrieval.documents.0.document.id = "doc-1"
      retrieval.documents.0.document.score = 0.9
      session.id = "thread-1"
    execute_tool hours (INTERNAL) ERROR no answer in 5 s
      input.mime_type = "application/json"
      input.value = {"day":"Monday"}
      openinference.span.kind = "TOOL"
      session.id = "thread-1"
      tool.id = "call_1"
      tool.name = "hours"
      event exception {"exception.message": "no answer in 5 s", "exception.type": "TimeoutError"}
"""


@pytest.mark.parametrize("convention", EXPECTED)
def test_one_run_under_each_convention(convention: str) -> None:
    """The run gives exactly these spans, records and points."""
    assert emitted(convention) == EXPECTED[convention].strip()
