"""A model server on loopback that answers as OpenAI and Anthropic do, always the same."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-2024-08-06",
    "service_tier": "default",
    "system_fingerprint": "fp_1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}
COMPLETION = {
    **{key: value for key, value in CHAT.items() if key not in ("choices", "object", "service_tier")},
    "object": "text_completion",
    "choices": [{"index": 0, "text": "Hi", "finish_reason": "stop", "logprobs": None}],
}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "gpt-4o-2024-08-06",
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
        }
    ],
    "usage": {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 10,
    },
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 3},
}
EMBEDDINGS = {
    "object": "list",
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 7, "total_tokens": 7},
}


def _chat_chunks() -> Iterator[dict[str, Any]]:
    base = {**{key: CHAT[key] for key in ("id", "created", "model", "service_tier", "system_fingerprint")}}
    base["object"] = "chat.completion.chunk"
    for delta, reason in (({"role": "assistant", "content": "Hi"}, None), ({}, "stop")):
        yield {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], "usage": None}
    yield {**base, "choices": [], "usage": CHAT["usage"]}


def _message_events() -> Iterator[dict[str, Any]]:
    begun = {**MESSAGE, "content": [], "stop_reason": None, "usage": {"input_tokens": 7, "output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
    yield {"type": "content_block_stop", "index": 0}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"input_tokens": 7, "output_tokens": 3},
    }
    yield {"type": "message_stop"}


def _vectors(asked: dict[str, Any]) -> dict[str, Any]:
    texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    data = [{"object": "embedding", "index": at, "embedding": [0.5, 0.25]} for at in range(len(texts))]
    return {**EMBEDDINGS, "data": data}


_STREAMS = {"/v1/chat/completions": _chat_chunks, "/v1/messages": _message_events}
_ANSWERS = {
    "/v1/chat/completions": CHAT,
    "/v1/completions": COMPLETION,
    "/v1/responses": RESPONSE,
    "/v1/messages": MESSAGE,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        path = self.path.partition("?")[0]
        if asked.get("model") == "missing":
            error = {
                "error": {"type": "not_found_error", "code": "model_not_found", "message": "no such model"}
            }
            self._send(404, "application/json", json.dumps(error))
        elif asked.get("stream"):
            lines = []
            for event in _STREAMS[path]():
                named = f"event: {event['type']}\n" if "type" in event else ""
                lines.append(f"{named}data: {json.dumps(event)}\n\n")
            if path == "/v1/chat/completions":
                lines.append("data: [DONE]\n\n")
            self._send(200, "text/event-stream", "".join(lines))
        else:
            answer = _vectors(asked) if path == "/v1/embeddings" else _ANSWERS[path]
            self._send(200, "application/json", json.dumps(answer))

    def _send(self, status: int, content_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        # Clients keep what they do not close, and the garbage collector would come upon it in another test.
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


_ports: set[int] = set()


def _server() -> ThreadingHTTPServer:
    # Integrations keep a client, and the event loop that it was used in, for each URL: no port comes twice.
    while True:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        if server.server_port not in _ports:
            _ports.add(server.server_port)
            return server
        server.server_close()


@contextmanager
def serving() -> Iterator[int]:
    """Run the server on a free port of loopback."""
    server = _server()
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
