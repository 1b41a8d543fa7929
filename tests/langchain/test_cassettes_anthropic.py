"""Anthropic's client replayed from a real server: whole spans, metric points, what content capture adds."""

from __future__ import annotations

from inline_snapshot import snapshot
from replays import added_content, replay


def test_chat() -> None:
    """A conversation: cached tokens, which Anthropic counts apart, are part of the input."""
    made = replay("anthropic_chat")
    assert made.span == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.temperature": 0.0,
                "gen_ai.request.top_k": 40.0,
                "gen_ai.response.finish_reasons": ["end_turn"],
                "gen_ai.response.id": "chatcmpl-8zoj64HX7KJHzH4Z8eHOukmZThOGJ7gp",
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.usage.cache_read.input_tokens": 55,
                "gen_ai.usage.input_tokens": 56,
                "gen_ai.usage.output_tokens": 13,
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 56,
            "gen_ai.client.token.usage output": 13,
        }
    )


def test_chat_content() -> None:
    """Content capture adds what was said, and nothing else."""
    assert added_content("anthropic_chat") == snapshot(
        [
            {
                "gen_ai.input.messages": [
                    {
                        "role": "system",
                        "parts": [
                            {
                                "type": "text",
                                "content": "You are a geography teacher. Answer in one sentence.",
                            }
                        ],
                    },
                    {
                        "role": "user",
                        "parts": [{"type": "text", "content": "What is the capital of France?"}],
                    },
                    {
                        "role": "assistant",
                        "parts": [{"type": "text", "content": "The capital of France is Paris."}],
                    },
                    {"role": "user", "parts": [{"type": "text", "content": "Which river flows through it?"}]},
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [
                            {
                                "type": "text",
                                "content": "The river that flows through Paris is the River Seine.",
                            }
                        ],
                        "finish_reason": "stop",
                    }
                ],
                "gen_ai.request.stop_sequences": ["###"],
            }
        ]
    )


def test_chat_async() -> None:
    """Asynchronously too."""
    made = replay("anthropic_chat_async")
    assert made.span == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.temperature": 0.0,
                "gen_ai.request.top_k": 40.0,
                "gen_ai.response.finish_reasons": ["end_turn"],
                "gen_ai.response.id": "chatcmpl-Zm3ox48K4efgn9N3glbT9Qx1i7o6ykLT",
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.usage.cache_read.input_tokens": 55,
                "gen_ai.usage.input_tokens": 56,
                "gen_ai.usage.output_tokens": 13,
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 56,
            "gen_ai.client.token.usage output": 13,
        }
    )


def test_stream() -> None:
    """A stream: this server tells its input tokens at the start alone, of which LangChain makes 0."""
    made = replay("anthropic_stream")
    assert made.span == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.stream": True,
                "gen_ai.request.temperature": 0.0,
                "gen_ai.response.finish_reasons": ["max_tokens"],
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.response.time_to_first_chunk": "<float>",
                "gen_ai.usage.input_tokens": 0,
                "gen_ai.usage.output_tokens": 16,
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 0,
            "gen_ai.client.token.usage output": 16,
            "gen_ai.client.operation.time_to_first_chunk": 1,
            "gen_ai.client.operation.time_per_output_chunk": 15,
        }
    )


def test_stream_content() -> None:
    """Content capture adds what was said, and nothing else."""
    assert added_content("anthropic_stream") == snapshot(
        [
            {
                "gen_ai.input.messages": [
                    {"role": "user", "parts": [{"type": "text", "content": "Name three colours."}]}
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [
                            {
                                "type": "text",
                                "content": "1. Red: This is the most obvious colour, but it's also the",
                            }
                        ],
                        "finish_reason": "length",
                    }
                ],
            }
        ]
    )


def test_stream_async() -> None:
    """A stream read by a task gives the same."""
    made = replay("anthropic_stream_async")
    assert made.span == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.stream": True,
                "gen_ai.request.temperature": 0.0,
                "gen_ai.response.finish_reasons": ["max_tokens"],
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.response.time_to_first_chunk": "<float>",
                "gen_ai.usage.input_tokens": 0,
                "gen_ai.usage.output_tokens": 16,
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 0,
            "gen_ai.client.token.usage output": 16,
            "gen_ai.client.operation.time_to_first_chunk": 1,
            "gen_ai.client.operation.time_per_output_chunk": 15,
        }
    )


def test_too_long() -> None:
    """A refused call has the server's own type of error."""
    made = replay("anthropic_too_long")
    assert made.span == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "ERROR",
            "attributes": {
                "error.type": "exceed_context_size_error",
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.temperature": 0.0,
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
            "description": "<the type of the exception that the application got>",
        }
    )
    assert made.counts == snapshot({"gen_ai.client.operation.duration": 1})
    assert made.events == snapshot(
        [
            (
                "gen_ai.client.operation.exception",
                {"exception.type": "<the type of the exception that the application got>"},
            )
        ]
    )


def test_image_refused() -> None:
    """An image that the model cannot read: HTTP 500."""
    made = replay("anthropic_image_refused")
    assert made.span == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "ERROR",
            "attributes": {
                "error.type": "server_error",
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.temperature": 0.0,
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
            "description": "<the type of the exception that the application got>",
        }
    )
    assert made.counts == snapshot({"gen_ai.client.operation.duration": 1})
    assert made.events == snapshot(
        [
            (
                "gen_ai.client.operation.exception",
                {"exception.type": "<the type of the exception that the application got>"},
            )
        ]
    )
