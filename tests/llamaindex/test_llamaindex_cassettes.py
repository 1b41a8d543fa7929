"""Real clients replayed from a real server: whole spans, and what content capture adds."""

from __future__ import annotations

from inline_snapshot import snapshot
from llama_calls import CALLS
from llama_replays import content, replay, span
from llama_scenarios import VERSION

import tape

# What an Anthropic stream says at its end, which older clients of LlamaIndex keep to themselves.
HANDED_ON = {
    "gen_ai.response.finish_reasons": ["max_tokens"],
    "gen_ai.usage.input_tokens": 1,
    "gen_ai.usage.output_tokens": 32,
}


def test_every_cassette_has_its_call() -> None:
    """What is recorded is replayed somewhere below."""
    assert tape.names("llamaindex/") == {f"llamaindex/{name}" for name in CALLS}


def test_openai_chat() -> None:
    """A conversation gives its request, its answer's id and model, and its tokens."""
    assert span("openai_chat") == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.max_tokens": 32,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.seed": 1,
                "gen_ai.request.temperature": 0.0,
                "gen_ai.request.top_p": 0.9,
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.response.id": "chatcmpl-Clc7ED3R6ECeDH5PpaKV31do6DH6WENQ",
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.usage.cache_read.input_tokens": 0,
                "gen_ai.usage.input_tokens": 56,
                "gen_ai.usage.output_tokens": 13,
                "openai.api.type": "chat_completions",
                "openai.response.system_fingerprint": "b1-571d0d5",
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )


def test_openai_chat_content() -> None:
    """Content capture adds what was said."""
    assert content("openai_chat") == snapshot(
        {
            "gen_ai.input.messages": [
                {
                    "role": "system",
                    "parts": [
                        {"type": "text", "content": "You are a geography teacher. Answer in one sentence."}
                    ],
                },
                {"role": "user", "parts": [{"type": "text", "content": "What is the capital of France?"}]},
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
                        {"type": "text", "content": "The river that flows through Paris is the River Seine."}
                    ],
                    "finish_reason": "stop",
                }
            ],
        }
    )


def test_openai_chat_async() -> None:
    """The same call in a task gives the same, less what the server's cache does."""
    ours, other = span("openai_chat_async"), span("openai_chat")
    for name in ("gen_ai.response.id", "gen_ai.usage.cache_read.input_tokens"):
        ours["attributes"].pop(name, None)
        other["attributes"].pop(name, None)
    assert ours == other


def test_openai_stream() -> None:
    """A stream has all of that, and says that it is one."""
    assert span("openai_stream") == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.seed": 1,
                "gen_ai.request.stream": True,
                "gen_ai.request.temperature": 0.0,
                "gen_ai.response.finish_reasons": ["length"],
                "gen_ai.response.id": "chatcmpl-lOazcPqep9YbSoogQYHvQtAcjQE06ZWj",
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.response.time_to_first_chunk": "<float>",
                "gen_ai.usage.cache_read.input_tokens": 0,
                "gen_ai.usage.input_tokens": 34,
                "gen_ai.usage.output_tokens": 16,
                "openai.api.type": "chat_completions",
                "openai.response.system_fingerprint": "b1-571d0d5",
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )


def test_openai_stream_content() -> None:
    """The whole text is the output."""
    assert content("openai_stream") == snapshot(
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
    )


def test_openai_stream_async() -> None:
    """A stream in a task gives the same."""
    ours, other = span("openai_stream_async"), span("openai_stream")
    for name in ("gen_ai.response.id", "gen_ai.usage.cache_read.input_tokens"):
        ours["attributes"].pop(name, None)
        other["attributes"].pop(name, None)
    assert ours == other


def test_openai_stream_without_usage() -> None:
    """Usage that nobody reported is absent."""
    found = span("openai_stream_without_usage")["attributes"]
    assert [name for name in found if name.startswith("gen_ai.usage")] == []
    assert found["gen_ai.response.finish_reasons"] == ["length"]


def test_openai_completion() -> None:
    """A text model is a text completion."""
    assert span("openai_completion") == snapshot(
        {
            "name": "text_completion smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "text_completion",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.max_tokens": 8,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.seed": 1,
                "gen_ai.request.temperature": 0.0,
                "gen_ai.response.finish_reasons": ["length"],
                "gen_ai.response.id": "chatcmpl-2fqck48rIXLouTgWdnYBmPBM1IH46HoU",
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.usage.cache_read.input_tokens": 0,
                "gen_ai.usage.input_tokens": 5,
                "gen_ai.usage.output_tokens": 8,
                "openai.api.type": "chat_completions",
                "openai.response.system_fingerprint": "b1-571d0d5",
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )


def test_openai_completion_content() -> None:
    """Prompt and text are the messages."""
    assert content("openai_completion") == snapshot(
        {
            "gen_ai.input.messages": [
                {"role": "user", "parts": [{"type": "text", "content": "The capital of France is"}]}
            ],
            "gen_ai.output.messages": [
                {
                    "role": "assistant",
                    "parts": [
                        {
                            "type": "text",
                            "content": """\
 Paris.

The United States has\
""",
                        }
                    ],
                    "finish_reason": "length",
                }
            ],
        }
    )


def test_openai_too_long() -> None:
    """What the server refuses is an error of the server's type."""
    assert span("openai_too_long") == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "ERROR",
            "attributes": {
                "error.type": "exceed_context_size_error",
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.max_tokens": 32,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.seed": 1,
                "gen_ai.request.temperature": 0.0,
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
            "description": "<the type of the exception that the application got>",
        }
    )


def test_openai_too_long_stream() -> None:
    """A stream that is refused is the same error."""
    found, other = span("openai_too_long_stream"), span("openai_too_long")
    assert found["attributes"].pop("gen_ai.request.stream") is True
    assert found == other


def test_openai_agent() -> None:
    """An agent's run has its model calls and its tool below it, and their tokens."""
    spans, seen = replay("openai_agent")
    assert seen.tree() == snapshot("""\
invoke_agent statistician
  chat smollm2-135m-instruct
  execute_tool population
  chat smollm2-135m-instruct\
""")
    assert spans == snapshot(
        [
            {
                "name": "invoke_agent statistician",
                "kind": "INTERNAL",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.agent.name": "statistician",
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.input_tokens": 37,
                    "gen_ai.usage.output_tokens": 22,
                },
            },
            {
                "name": "chat smollm2-135m-instruct",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.max_tokens": 32,
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.request.seed": 1,
                    "gen_ai.request.stream": True,
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.response.finish_reasons": ["tool_calls"],
                    "gen_ai.response.id": "chatcmpl-hxr0eXxwbzZrZRNcVZTFKwlIP9dPVM1J",
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.response.time_to_first_chunk": "<float>",
                    "gen_ai.usage.cache_read.input_tokens": 0,
                    "gen_ai.usage.input_tokens": 37,
                    "gen_ai.usage.output_tokens": 22,
                    "openai.api.type": "chat_completions",
                    "openai.response.system_fingerprint": "b1-571d0d5",
                    "server.address": "127.0.0.1",
                    "server.port": 18999,
                },
            },
            {
                "name": "execute_tool population",
                "kind": "INTERNAL",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "execute_tool",
                    "gen_ai.tool.call.id": "call_hxr0eXxwbzZrZRNcVZTFKwlIP9dPVM1J",
                    "gen_ai.tool.name": "population",
                    "gen_ai.tool.type": "function",
                },
            },
            {
                "name": "chat smollm2-135m-instruct",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.max_tokens": 32,
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.request.seed": 1,
                    "gen_ai.request.stream": True,
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.response.id": "chatcmpl-V4jiSYuuDrJKZIRisBYLEoDTthyskAmS",
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.response.time_to_first_chunk": "<float>",
                    "openai.api.type": "chat_completions",
                    "openai.response.system_fingerprint": "b1-571d0d5",
                    "server.address": "127.0.0.1",
                    "server.port": 18999,
                },
            },
        ]
    )


def test_embeddings() -> None:
    """A batch is one span, however many requests it takes."""
    assert span("embeddings") == snapshot(
        {
            "name": "embeddings smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.embeddings.dimension.count": 576,
                "gen_ai.operation.name": "embeddings",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "smollm2-135m-instruct",
                "genai_otel.embeddings.input.count": 3,
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )


def test_rag() -> None:
    """Indexing is one trace, the query another: retrieval with its embedding, then the answer."""
    _, seen = replay("rag")
    assert seen.tree() == snapshot("""\
embeddings smollm2-135m-instruct
invoke_workflow
  retrieval
    embeddings smollm2-135m-instruct
  CompactAndRefine
    chat smollm2-135m-instruct\
""")
    assert len({one.context.trace_id for one in seen.spans}) == 2


def test_anthropic_chat() -> None:
    """Anthropic's messages give its id, model, tokens and stop reason."""
    assert span("anthropic_chat") == snapshot(
        {
            "name": "chat claude-3-haiku-20240307",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.request.max_tokens": 32,
                "gen_ai.request.model": "claude-3-haiku-20240307",
                "gen_ai.request.temperature": 0.0,
                "gen_ai.response.finish_reasons": ["end_turn"],
                "gen_ai.response.id": "chatcmpl-8mn2ISWq6A7GcmDUAfCuOjqfCaWds28R",
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.usage.cache_read.input_tokens": 0,
                "gen_ai.usage.input_tokens": 56,
                "gen_ai.usage.output_tokens": 13,
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )


def test_anthropic_complete() -> None:
    """A completion is one span with the chat that the client makes of it."""
    assert span("anthropic_complete") == snapshot(
        {
            "name": "chat claude-3-haiku-20240307",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.request.max_tokens": 32,
                "gen_ai.request.model": "claude-3-haiku-20240307",
                "gen_ai.request.temperature": 0.0,
                "gen_ai.response.finish_reasons": ["max_tokens"],
                "gen_ai.response.id": "chatcmpl-pypYjt1sSGntv0HwEuEPTopneZeaQFEw",
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.usage.cache_read.input_tokens": 3,
                "gen_ai.usage.input_tokens": 18,
                "gen_ai.usage.output_tokens": 32,
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )


def test_anthropic_stream() -> None:
    """A stream has tokens and stop reason, from 0.14 on; its id LlamaIndex does not hand on."""
    found = span("anthropic_stream")
    if VERSION < (0, 14):
        assert not {*HANDED_ON} & {*found["attributes"]}
        found["attributes"].update(HANDED_ON)
    found["attributes"] = dict(sorted(found["attributes"].items()))
    assert found == snapshot(
        {
            "name": "chat claude-3-haiku-20240307",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.request.max_tokens": 32,
                "gen_ai.request.model": "claude-3-haiku-20240307",
                "gen_ai.request.stream": True,
                "gen_ai.request.temperature": 0.0,
                "gen_ai.response.finish_reasons": ["max_tokens"],
                "gen_ai.response.time_to_first_chunk": "<float>",
                "gen_ai.usage.input_tokens": 1,
                "gen_ai.usage.output_tokens": 32,
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )


def test_anthropic_stream_async() -> None:
    """A stream in a task gives the same."""
    ours, other = span("anthropic_stream_async"), span("anthropic_stream")
    for found in (ours, other):
        for name in ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.input_tokens"):
            found["attributes"].pop(name, None)
    assert ours == other
