"""Tool calls from a model too small to make them: a front before the model server, for the recording only.

The model is asked for the tool's arguments under the tool's JSON schema, and its answer (its text, piece by
piece as it came, its id and its token counts) is put into the form in which the provider sends a tool call.
Requests that already hold the tool's result go to the model as they are, less the tools.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from served import served

Json = dict[str, Any]


@dataclass
class Call:
    """A tool call as the model made it."""

    tool: str
    id: str = ""
    model: str = ""
    created: int = 0
    fingerprint: str = ""
    pieces: list[str] = field(default_factory=list)
    usage: Json = field(default_factory=dict)

    @property
    def arguments(self) -> str:
        """The arguments as the model wrote them, JSON."""
        return "".join(self.pieces)

    def call_id(self, prefix: str) -> str:
        """An id of the provider's kind, made of the answer's."""
        return prefix + self.id.rpartition("-")[2]


@contextmanager
def tool_call_front(model_url: str) -> Iterator[str]:
    """Serve the front while the context lasts; yield its base URL.

    In a process of its own: here its questions to the model would be recorded as the application's.
    """
    with served(lambda port: [sys.executable, __file__, str(port), model_url]) as base_url:
        yield base_url


class _Handler(BaseHTTPRequestHandler):
    upstream = ""
    server_version = "tool-call-front"

    def do_GET(self) -> None:
        """Say that the front is there."""
        self._answer("text/plain", b"ok")

    def do_POST(self) -> None:
        """Answer a model request that offers tools."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        tools = body.pop("tools")
        body.pop("tool_choice", None)
        if _has_result(body["messages"][-1]):
            self._answer(*_post(self.upstream + self.path, body))
        else:
            self._answer(*self._tool_call(body, tools[0]))

    def _answer(self, kind: str, answer: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _tool_call(self, body: Json, tool: Json) -> tuple[str, bytes]:
        anthropic = self.path.endswith("/messages")
        offered = tool if anthropic else tool["function"]
        schema = tool["input_schema"] if anthropic else offered["parameters"]
        made = _fill(self.upstream, offered["name"], schema, body)
        if not body.get("stream"):
            render = anthropic_message if anthropic else openai_completion
            return "application/json; charset=utf-8", json.dumps(render(made)).encode()
        if anthropic:
            events = "".join(
                f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in anthropic_events(made)
            )
        else:
            events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in openai_chunks(made))
            events += "data: [DONE]\n\n"
        return "text/event-stream", events.encode()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def _has_result(message: Mapping[str, Any]) -> bool:
    content = message["content"]
    parts = content if isinstance(content, list) else ()
    return message["role"] == "tool" or any(part["type"] == "tool_result" for part in parts)


def _fill(upstream: str, tool: str, schema: Json, body: Json) -> Call:
    system = body.get("system")
    request = {
        "model": body["model"],
        "messages": [*([{"role": "system", "content": system}] if system else ()), *body["messages"]],
        "temperature": 0,
        "seed": 1,
        "max_tokens": 64,
        "stream": True,
        "stream_options": {"include_usage": True},
        "response_format": {"type": "json_schema", "json_schema": {"name": tool, "schema": schema}},
    }
    made = Call(tool)
    _, answer = _post(f"{upstream}/v1/chat/completions", request)
    for line in answer.decode().splitlines():
        if not line.startswith("data: {"):
            continue
        chunk = json.loads(line.removeprefix("data: "))
        made.id, made.model, made.created = chunk["id"], chunk["model"], chunk["created"]
        made.fingerprint = chunk["system_fingerprint"]
        made.usage = chunk.get("usage") or made.usage
        made.pieces += [c["delta"]["content"] for c in chunk["choices"] if c["delta"].get("content")]
    return made


def _post(url: str, body: Json) -> tuple[str, bytes]:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310  # the model server
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310  # the same
        return answer.headers["content-type"], answer.read()


def openai_completion(made: Call) -> Json:
    """The call as OpenAI's chat completion."""
    function = {"name": made.tool, "arguments": made.arguments}
    call = {"id": made.call_id("call_"), "type": "function", "function": function}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {
        **_openai_frame(made, "chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": made.usage,
    }


def openai_chunks(made: Call) -> Iterator[Json]:
    """The call as OpenAI's stream, with usage in the last chunk."""
    frame = _openai_frame(made, "chat.completion.chunk")
    start = {
        "id": made.call_id("call_"),
        "type": "function",
        "function": {"name": made.tool, "arguments": ""},
    }
    deltas: list[Json] = [{"role": "assistant", "content": None, "tool_calls": [{"index": 0, **start}]}]
    deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in made.pieces]
    for delta in deltas:
        yield {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    yield {**frame, "choices": [], "usage": made.usage}


def _openai_frame(made: Call, kind: str) -> Json:
    return {
        "id": made.id,
        "object": kind,
        "created": made.created,
        "model": made.model,
        "system_fingerprint": made.fingerprint,
    }


def anthropic_message(made: Call) -> Json:
    """The call as Anthropic's message."""
    block = {
        "type": "tool_use",
        "id": made.call_id("toolu_"),
        "name": made.tool,
        "input": json.loads(made.arguments),
    }
    output = made.usage["completion_tokens"]
    return {
        **_anthropic_frame(made),
        "content": [block],
        "stop_reason": "tool_use",
        "usage": {**_anthropic_input(made), "output_tokens": output},
    }


def anthropic_events(made: Call) -> Iterator[Json]:
    """The call as Anthropic's stream."""
    start = {**_anthropic_frame(made), "usage": {**_anthropic_input(made), "output_tokens": 0}}
    yield {"type": "message_start", "message": start}
    block = {"type": "tool_use", "id": made.call_id("toolu_"), "name": made.tool, "input": {}}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    for piece in made.pieces:
        delta = {"type": "input_json_delta", "partial_json": piece}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {**_anthropic_input(made), "output_tokens": made.usage["completion_tokens"]},
    }
    yield {"type": "message_stop"}


def _anthropic_frame(made: Call) -> Json:
    return {
        "id": made.id,
        "type": "message",
        "role": "assistant",
        "model": made.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _anthropic_input(made: Call) -> Json:
    # Anthropic counts cached input apart, OpenAI as a part.
    cached = made.usage["prompt_tokens_details"]["cached_tokens"]
    return {"input_tokens": made.usage["prompt_tokens"] - cached, "cache_read_input_tokens": cached}


if __name__ == "__main__":
    _Handler.upstream = sys.argv[2]
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler).serve_forever()
