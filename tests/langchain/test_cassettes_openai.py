"""OpenAI's clients replayed from a real server: whole spans, metric points, what content capture adds."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot
from replays import added_content, replay


def test_chat() -> None:
    """A conversation gives its request, its answer's id and model, and its tokens, none from a cache."""
    made = replay("openai_chat")
    assert made.span == snapshot(
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
                "gen_ai.request.temperature": 0.0,
                "gen_ai.request.top_p": 0.9,
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.response.id": "chatcmpl-O0DizWV6zvjubeu67gC0Hqs9oECEXphn",
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
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 56,
            "gen_ai.client.token.usage output": 13,
        }
    )


def test_chat_content() -> None:
    """Content capture adds what was said, and nothing else."""
    assert added_content("openai_chat") == snapshot(
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
    """Asynchronously too; here most of the prompt comes from the server's cache."""
    made = replay("openai_chat_async")
    assert made.span == snapshot(
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
                "gen_ai.request.temperature": 0.0,
                "gen_ai.request.top_p": 0.9,
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.response.id": "chatcmpl-MIGmHwS2X3r9N9ChIVIL481xPkcP90nK",
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.usage.cache_read.input_tokens": 55,
                "gen_ai.usage.input_tokens": 56,
                "gen_ai.usage.output_tokens": 13,
                "openai.api.type": "chat_completions",
                "openai.response.system_fingerprint": "b1-571d0d5",
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
    """A stream also gives times of its chunks; LangChain does not pass on the id of its answer."""
    made = replay("openai_stream")
    assert made.span == snapshot(
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
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.response.time_to_first_chunk": "<float>",
                "gen_ai.usage.cache_read.input_tokens": 6,
                "gen_ai.usage.input_tokens": 34,
                "gen_ai.usage.output_tokens": 16,
                "openai.response.system_fingerprint": "b1-571d0d5",
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 34,
            "gen_ai.client.token.usage output": 16,
            "gen_ai.client.operation.time_to_first_chunk": 1,
            "gen_ai.client.operation.time_per_output_chunk": 15,
        }
    )


def test_stream_content() -> None:
    """Content capture adds what was said, and nothing else."""
    assert added_content("openai_stream") == snapshot(
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
    made = replay("openai_stream_async")
    assert made.span == snapshot(
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
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.response.time_to_first_chunk": "<float>",
                "gen_ai.usage.cache_read.input_tokens": 33,
                "gen_ai.usage.input_tokens": 34,
                "gen_ai.usage.output_tokens": 16,
                "openai.response.system_fingerprint": "b1-571d0d5",
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 34,
            "gen_ai.client.token.usage output": 16,
            "gen_ai.client.operation.time_to_first_chunk": 1,
            "gen_ai.client.operation.time_per_output_chunk": 15,
        }
    )


def test_stream_without_usage() -> None:
    """Tokens that nobody reported are not on the span, and no metric point."""
    made = replay("openai_stream_without_usage")
    assert made.span == snapshot(
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
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.response.time_to_first_chunk": "<float>",
                "openai.response.system_fingerprint": "b1-571d0d5",
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.operation.time_to_first_chunk": 1,
            "gen_ai.client.operation.time_per_output_chunk": 15,
        }
    )


def test_two_choices() -> None:
    """Two choices have two finish reasons, and one usage of the whole call."""
    made = replay("openai_two_choices")
    assert made.span == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.choice.count": 2,
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.seed": 1,
                "gen_ai.request.temperature": 0.8,
                "gen_ai.response.finish_reasons": ["length", "length"],
                "gen_ai.response.id": "chatcmpl-7MM90n7xAHwOm8Wdi4PrU9hxFjp9959A",
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.usage.cache_read.input_tokens": 25,
                "gen_ai.usage.input_tokens": 34,
                "gen_ai.usage.output_tokens": 16,
                "openai.api.type": "chat_completions",
                "openai.response.system_fingerprint": "b1-571d0d5",
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 34,
            "gen_ai.client.token.usage output": 16,
        }
    )


def test_two_choices_content() -> None:
    """Content capture adds what was said, and nothing else."""
    assert added_content("openai_two_choices") == snapshot(
        [
            {
                "gen_ai.input.messages": [
                    {"role": "user", "parts": [{"type": "text", "content": "Name a colour."}]}
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [
                            {
                                "type": "text",
                                "content": "1881: The colour you mentioned, which is the color of a",
                            }
                        ],
                        "finish_reason": "length",
                    },
                    {
                        "role": "assistant",
                        "parts": [
                            {
                                "type": "text",
                                "content": """\
The colours mentioned in the text are:

1. Black (Cruel\
""",
                            }
                        ],
                        "finish_reason": "length",
                    },
                ],
            }
        ]
    )


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")  # older langchain-openai
def test_structured_output() -> None:
    """An answer held to a JSON schema is one inference whose output is of type json."""
    made = replay("openai_structured_output")
    assert made.tree == snapshot("""\
invoke_workflow
  chat smollm2-135m-instruct\
""")
    assert made.spans == snapshot(
        [
            {
                "name": "invoke_workflow",
                "kind": "INTERNAL",
                "status": "UNSET",
                "attributes": {"gen_ai.operation.name": "invoke_workflow"},
            },
            {
                "name": "chat smollm2-135m-instruct",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.output.type": "json",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.max_tokens": 48,
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.request.seed": 1,
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.response.id": "chatcmpl-aPnVfiBaLwDpDpv1oMPViCDcNWs9PtJc",
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.usage.cache_read.input_tokens": 24,
                    "gen_ai.usage.input_tokens": 38,
                    "gen_ai.usage.output_tokens": 31,
                    "openai.api.type": "chat_completions",
                    "openai.response.system_fingerprint": "b1-571d0d5",
                    "server.address": "127.0.0.1",
                    "server.port": 18999,
                },
            },
        ]
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 38,
            "gen_ai.client.token.usage output": 31,
        }
    )


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")  # older langchain-openai
def test_structured_output_content() -> None:
    """Content capture adds what was said, and nothing else."""
    assert added_content("openai_structured_output") == snapshot(
        [
            {
                "gen_ai.input.messages": [
                    {
                        "role": "user",
                        "parts": [{"type": "text", "content": "Which city is the capital of France?"}],
                    }
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [{"type": "text", "content": '{"name":"Paris","country":"FRANCE"}'}],
                        "finish_reason": "",
                    }
                ],
            },
            {
                "gen_ai.input.messages": [
                    {
                        "role": "user",
                        "parts": [{"type": "text", "content": "Which city is the capital of France?"}],
                    }
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [
                            {
                                "type": "text",
                                "content": """\
{

"name": "Paris",
"country": "FRANCE"
}\
""",
                            }
                        ],
                        "finish_reason": "stop",
                    }
                ],
            },
        ]
    )


def test_completion() -> None:
    """A text model's call is a text completion; LangChain passes on neither id nor cached tokens."""
    made = replay("openai_completion")
    assert made.span == snapshot(
        {
            "name": "text_completion smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "text_completion",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.frequency_penalty": 0.0,
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.presence_penalty": 0.0,
                "gen_ai.request.seed": 1,
                "gen_ai.request.temperature": 0.0,
                "gen_ai.request.top_p": 0.9,
                "gen_ai.response.finish_reasons": ["length"],
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.usage.input_tokens": 5,
                "gen_ai.usage.output_tokens": 16,
                "openai.response.system_fingerprint": "b1-571d0d5",
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 5,
            "gen_ai.client.token.usage output": 16,
        }
    )


def test_completion_content() -> None:
    """Content capture adds what was said, and nothing else."""
    assert added_content("openai_completion") == snapshot(
        [
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

The United States has a population of approximately 321\
""",
                            }
                        ],
                        "finish_reason": "length",
                    }
                ],
            }
        ]
    )


def test_completion_stream() -> None:
    """A text model's stream; LangChain passes on the finish reason alone."""
    made = replay("openai_completion_stream")
    assert made.span == snapshot(
        {
            "name": "text_completion smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "text_completion",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.frequency_penalty": 0.0,
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.presence_penalty": 0.0,
                "gen_ai.request.seed": 1,
                "gen_ai.request.stream": True,
                "gen_ai.request.temperature": 0.0,
                "gen_ai.request.top_p": 0.9,
                "gen_ai.response.finish_reasons": ["length"],
                "gen_ai.response.time_to_first_chunk": "<float>",
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.operation.time_to_first_chunk": 1,
            "gen_ai.client.operation.time_per_output_chunk": 15,
        }
    )


def test_responses() -> None:
    """The responses API."""
    made = replay("openai_responses")
    assert made.span == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.temperature": 0.0,
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.response.id": "resp_rftHz0AB5vgfGNyKTebznQlp141uioxc",
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.usage.cache_read.input_tokens": 25,
                "gen_ai.usage.input_tokens": 34,
                "gen_ai.usage.output_tokens": 16,
                "openai.api.type": "responses",
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 34,
            "gen_ai.client.token.usage output": 16,
        }
    )


def test_responses_content() -> None:
    """Content capture adds what was said, and nothing else."""
    assert added_content("openai_responses") == snapshot(
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
                        "finish_reason": "stop",
                    }
                ],
            }
        ]
    )


def test_responses_stream() -> None:
    """The responses API, streamed: events without a word are no chunks."""
    made = replay("openai_responses_stream")
    assert made.span == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "UNSET",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.stream": True,
                "gen_ai.request.temperature": 0.0,
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.response.id": "resp_0CrqDm7E7nwwwLdjZRrriIbDc9COgZlp",
                "gen_ai.response.model": "smollm2-135m-instruct",
                "gen_ai.response.time_to_first_chunk": "<float>",
                "gen_ai.usage.cache_read.input_tokens": 33,
                "gen_ai.usage.input_tokens": 34,
                "gen_ai.usage.output_tokens": 16,
                "openai.api.type": "responses",
                "server.address": "127.0.0.1",
                "server.port": 18999,
            },
        }
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 1,
            "gen_ai.client.token.usage input": 34,
            "gen_ai.client.token.usage output": 16,
            "gen_ai.client.operation.time_to_first_chunk": 1,
            "gen_ai.client.operation.time_per_output_chunk": 15,
        }
    )


def test_too_long() -> None:
    """A refused call has the server's own type of error, on the span, the duration and the event."""
    made = replay("openai_too_long")
    assert made.span == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "ERROR",
            "attributes": {
                "error.type": "exceed_context_size_error",
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.seed": 1,
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


def test_too_long_stream() -> None:
    """A stream refused before its first chunk has no time to it."""
    made = replay("openai_too_long_stream")
    assert made.span == snapshot(
        {
            "name": "chat smollm2-135m-instruct",
            "kind": "CLIENT",
            "status": "ERROR",
            "attributes": {
                "error.type": "exceed_context_size_error",
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.max_tokens": 16,
                "gen_ai.request.model": "smollm2-135m-instruct",
                "gen_ai.request.seed": 1,
                "gen_ai.request.stream": True,
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
