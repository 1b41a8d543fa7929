"""Agents with a real tool against a real server, replayed: whole traces, and what content capture adds.

The model is too small to call tools by itself: see cassettes/README.md for what is its own in these.
"""

from __future__ import annotations

from inline_snapshot import snapshot
from replays import added_content, replay


def test_openai_agent() -> None:
    """An agent's trace is its two chats and the tool between them; its tokens are their sum."""
    made = replay("openai_agent")
    assert made.tree == snapshot("""\
invoke_agent geographer
  chat smollm2-135m-instruct
  execute_tool population
  chat smollm2-135m-instruct\
""")
    assert made.spans == snapshot(
        [
            {
                "name": "invoke_agent geographer",
                "kind": "INTERNAL",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.agent.name": "geographer",
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.cache_read.input_tokens": 61,
                    "gen_ai.usage.input_tokens": 97,
                    "gen_ai.usage.output_tokens": 35,
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
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.response.finish_reasons": ["tool_calls"],
                    "gen_ai.response.id": "chatcmpl-pFsuTOU0wRAja6oh8r48IcY0Bz75ESWn",
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.usage.cache_read.input_tokens": 24,
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
                    "gen_ai.tool.call.id": "call_pFsuTOU0wRAja6oh8r48IcY0Bz75ESWn",
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
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.response.id": "chatcmpl-pl5lKeMQsZQOrVnpg0vBK44sXOj5QA9y",
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.usage.cache_read.input_tokens": 37,
                    "gen_ai.usage.input_tokens": 60,
                    "gen_ai.usage.output_tokens": 13,
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
            "gen_ai.client.operation.duration": 2,
            "gen_ai.client.token.usage input": 97,
            "gen_ai.client.token.usage output": 35,
        }
    )


def test_openai_agent_content() -> None:
    """Content capture adds what was said, and nothing else."""
    assert added_content("openai_agent") == snapshot(
        [
            {
                "gen_ai.input.messages": [
                    {"role": "user", "parts": [{"type": "text", "content": "How many people live in Paris?"}]}
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [{"type": "text", "content": "2102650 people are Parisians."}],
                        "finish_reason": "stop",
                    }
                ],
                "gen_ai.tool.definitions": [
                    {
                        "type": "function",
                        "name": "population",
                        "description": "Look up how many people live in a city.",
                        "parameters": {
                            "properties": {"city": {"enum": ["Oslo", "Paris", "Rome"], "type": "string"}},
                            "required": ["city"],
                            "type": "object",
                        },
                    }
                ],
            },
            {
                "gen_ai.input.messages": [
                    {"role": "user", "parts": [{"type": "text", "content": "How many people live in Paris?"}]}
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [
                            {
                                "type": "tool_call",
                                "id": "call_pFsuTOU0wRAja6oh8r48IcY0Bz75ESWn",
                                "name": "population",
                                "arguments": {"city": "Paris"},
                            }
                        ],
                        "finish_reason": "tool_call",
                    }
                ],
                "gen_ai.tool.definitions": [
                    {
                        "type": "function",
                        "name": "population",
                        "description": "Look up how many people live in a city.",
                        "parameters": {
                            "properties": {"city": {"enum": ["Oslo", "Paris", "Rome"], "type": "string"}},
                            "required": ["city"],
                            "type": "object",
                        },
                    }
                ],
            },
            {
                "gen_ai.tool.call.arguments": {"city": "Paris"},
                "gen_ai.tool.call.result": {"content": "2102650 people live in Paris."},
                "gen_ai.tool.description": "Look up how many people live in a city.",
            },
            {
                "gen_ai.input.messages": [
                    {
                        "role": "user",
                        "parts": [{"type": "text", "content": "How many people live in Paris?"}],
                    },
                    {
                        "role": "assistant",
                        "parts": [
                            {
                                "type": "tool_call",
                                "id": "call_pFsuTOU0wRAja6oh8r48IcY0Bz75ESWn",
                                "name": "population",
                                "arguments": {"city": "Paris"},
                            }
                        ],
                    },
                    {
                        "role": "tool",
                        "parts": [
                            {
                                "type": "tool_call_response",
                                "id": "call_pFsuTOU0wRAja6oh8r48IcY0Bz75ESWn",
                                "response": "2102650 people live in Paris.",
                            }
                        ],
                        "name": "population",
                    },
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [{"type": "text", "content": "2102650 people are Parisians."}],
                        "finish_reason": "stop",
                    }
                ],
                "gen_ai.tool.definitions": [
                    {
                        "type": "function",
                        "name": "population",
                        "description": "Look up how many people live in a city.",
                        "parameters": {
                            "properties": {"city": {"enum": ["Oslo", "Paris", "Rome"], "type": "string"}},
                            "required": ["city"],
                            "type": "object",
                        },
                    }
                ],
            },
        ]
    )


def test_openai_agent_async() -> None:
    """Asynchronously too."""
    made = replay("openai_agent_async")
    assert made.tree == snapshot("""\
invoke_agent geographer
  chat smollm2-135m-instruct
  execute_tool population
  chat smollm2-135m-instruct\
""")
    assert made.spans == snapshot(
        [
            {
                "name": "invoke_agent geographer",
                "kind": "INTERNAL",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.agent.name": "geographer",
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.cache_read.input_tokens": 73,
                    "gen_ai.usage.input_tokens": 97,
                    "gen_ai.usage.output_tokens": 35,
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
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.response.finish_reasons": ["tool_calls"],
                    "gen_ai.response.id": "chatcmpl-3lc3Rds5RXNFOu7AWC6mcvNgFAuQX7R0",
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.usage.cache_read.input_tokens": 36,
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
                    "gen_ai.tool.call.id": "call_3lc3Rds5RXNFOu7AWC6mcvNgFAuQX7R0",
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
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.response.id": "chatcmpl-860bOobPWDatLg00W10yLnoVSZghbnmc",
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.usage.cache_read.input_tokens": 37,
                    "gen_ai.usage.input_tokens": 60,
                    "gen_ai.usage.output_tokens": 13,
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
            "gen_ai.client.operation.duration": 2,
            "gen_ai.client.token.usage input": 97,
            "gen_ai.client.token.usage output": 35,
        }
    )


def test_openai_agent_stream() -> None:
    """Streamed, the chats also have times of their chunks."""
    made = replay("openai_agent_stream")
    assert made.tree == snapshot("""\
invoke_agent geographer
  chat smollm2-135m-instruct
  execute_tool population
  chat smollm2-135m-instruct\
""")
    assert made.spans == snapshot(
        [
            {
                "name": "invoke_agent geographer",
                "kind": "INTERNAL",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.agent.name": "geographer",
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.cache_read.input_tokens": 73,
                    "gen_ai.usage.input_tokens": 97,
                    "gen_ai.usage.output_tokens": 35,
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
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.response.time_to_first_chunk": "<float>",
                    "gen_ai.usage.cache_read.input_tokens": 36,
                    "gen_ai.usage.input_tokens": 37,
                    "gen_ai.usage.output_tokens": 22,
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
                    "gen_ai.tool.call.id": "call_upEYmRN8bgtv8qNpFQv8tjWNh4NUXjuW",
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
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.response.time_to_first_chunk": "<float>",
                    "gen_ai.usage.cache_read.input_tokens": 37,
                    "gen_ai.usage.input_tokens": 60,
                    "gen_ai.usage.output_tokens": 13,
                    "openai.response.system_fingerprint": "b1-571d0d5",
                    "server.address": "127.0.0.1",
                    "server.port": 18999,
                },
            },
        ]
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 2,
            "gen_ai.client.token.usage input": 97,
            "gen_ai.client.token.usage output": 35,
            "gen_ai.client.operation.time_to_first_chunk": 2,
            "gen_ai.client.operation.time_per_output_chunk": 21,
        }
    )


def test_openai_agent_stream_content() -> None:
    """Content capture adds what was said, and nothing else."""
    assert added_content("openai_agent_stream") == snapshot(
        [
            {
                "gen_ai.input.messages": [
                    {"role": "user", "parts": [{"type": "text", "content": "How many people live in Paris?"}]}
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [{"type": "text", "content": "2102650 people are Parisians."}],
                        "finish_reason": "stop",
                    }
                ],
                "gen_ai.tool.definitions": [
                    {
                        "type": "function",
                        "name": "population",
                        "description": "Look up how many people live in a city.",
                        "parameters": {
                            "properties": {"city": {"enum": ["Oslo", "Paris", "Rome"], "type": "string"}},
                            "required": ["city"],
                            "type": "object",
                        },
                    }
                ],
            },
            {
                "gen_ai.input.messages": [
                    {"role": "user", "parts": [{"type": "text", "content": "How many people live in Paris?"}]}
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [
                            {
                                "type": "tool_call",
                                "id": "call_upEYmRN8bgtv8qNpFQv8tjWNh4NUXjuW",
                                "name": "population",
                                "arguments": {"city": "Paris"},
                            }
                        ],
                        "finish_reason": "tool_call",
                    }
                ],
                "gen_ai.tool.definitions": [
                    {
                        "type": "function",
                        "name": "population",
                        "description": "Look up how many people live in a city.",
                        "parameters": {
                            "properties": {"city": {"enum": ["Oslo", "Paris", "Rome"], "type": "string"}},
                            "required": ["city"],
                            "type": "object",
                        },
                    }
                ],
            },
            {
                "gen_ai.tool.call.arguments": {"city": "Paris"},
                "gen_ai.tool.call.result": {"content": "2102650 people live in Paris."},
                "gen_ai.tool.description": "Look up how many people live in a city.",
            },
            {
                "gen_ai.input.messages": [
                    {
                        "role": "user",
                        "parts": [{"type": "text", "content": "How many people live in Paris?"}],
                    },
                    {
                        "role": "assistant",
                        "parts": [
                            {
                                "type": "tool_call",
                                "id": "call_upEYmRN8bgtv8qNpFQv8tjWNh4NUXjuW",
                                "name": "population",
                                "arguments": {"city": "Paris"},
                            }
                        ],
                    },
                    {
                        "role": "tool",
                        "parts": [
                            {
                                "type": "tool_call_response",
                                "id": "call_upEYmRN8bgtv8qNpFQv8tjWNh4NUXjuW",
                                "response": "2102650 people live in Paris.",
                            }
                        ],
                        "name": "population",
                    },
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [{"type": "text", "content": "2102650 people are Parisians."}],
                        "finish_reason": "stop",
                    }
                ],
                "gen_ai.tool.definitions": [
                    {
                        "type": "function",
                        "name": "population",
                        "description": "Look up how many people live in a city.",
                        "parameters": {
                            "properties": {"city": {"enum": ["Oslo", "Paris", "Rome"], "type": "string"}},
                            "required": ["city"],
                            "type": "object",
                        },
                    }
                ],
            },
        ]
    )


def test_openai_agent_stream_async() -> None:
    """Streamed to a task, too."""
    made = replay("openai_agent_stream_async")
    assert made.tree == snapshot("""\
invoke_agent geographer
  chat smollm2-135m-instruct
  execute_tool population
  chat smollm2-135m-instruct\
""")
    assert made.spans == snapshot(
        [
            {
                "name": "invoke_agent geographer",
                "kind": "INTERNAL",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.agent.name": "geographer",
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.cache_read.input_tokens": 73,
                    "gen_ai.usage.input_tokens": 97,
                    "gen_ai.usage.output_tokens": 35,
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
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.response.time_to_first_chunk": "<float>",
                    "gen_ai.usage.cache_read.input_tokens": 36,
                    "gen_ai.usage.input_tokens": 37,
                    "gen_ai.usage.output_tokens": 22,
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
                    "gen_ai.tool.call.id": "call_VeaKiodLHA2tKGFsffRLCsewq2m5xzKE",
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
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.response.time_to_first_chunk": "<float>",
                    "gen_ai.usage.cache_read.input_tokens": 37,
                    "gen_ai.usage.input_tokens": 60,
                    "gen_ai.usage.output_tokens": 13,
                    "openai.response.system_fingerprint": "b1-571d0d5",
                    "server.address": "127.0.0.1",
                    "server.port": 18999,
                },
            },
        ]
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 2,
            "gen_ai.client.token.usage input": 97,
            "gen_ai.client.token.usage output": 35,
            "gen_ai.client.operation.time_to_first_chunk": 2,
            "gen_ai.client.operation.time_per_output_chunk": 21,
        }
    )


def test_anthropic_agent() -> None:
    """The same with Anthropic's messages."""
    made = replay("anthropic_agent")
    assert made.tree == snapshot("""\
invoke_agent geographer
  chat smollm2-135m-instruct
  execute_tool population
  chat smollm2-135m-instruct\
""")
    assert made.spans == snapshot(
        [
            {
                "name": "invoke_agent geographer",
                "kind": "INTERNAL",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.agent.name": "geographer",
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.response.finish_reasons": ["end_turn"],
                    "gen_ai.usage.cache_read.input_tokens": 73,
                    "gen_ai.usage.input_tokens": 97,
                    "gen_ai.usage.output_tokens": 35,
                },
            },
            {
                "name": "chat smollm2-135m-instruct",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.max_tokens": 32,
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.response.finish_reasons": ["tool_use"],
                    "gen_ai.response.id": "chatcmpl-pSZZ4Ei5hAlw1le0Nbzxad80IBvp1GZI",
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.usage.cache_read.input_tokens": 36,
                    "gen_ai.usage.input_tokens": 37,
                    "gen_ai.usage.output_tokens": 22,
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
                    "gen_ai.tool.call.id": "toolu_pSZZ4Ei5hAlw1le0Nbzxad80IBvp1GZI",
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
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.max_tokens": 32,
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.response.finish_reasons": ["end_turn"],
                    "gen_ai.response.id": "chatcmpl-MChD53VY6HCO3p7WMyOG0vZCJbxFof5G",
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.usage.cache_read.input_tokens": 37,
                    "gen_ai.usage.input_tokens": 60,
                    "gen_ai.usage.output_tokens": 13,
                    "server.address": "127.0.0.1",
                    "server.port": 18999,
                },
            },
        ]
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 2,
            "gen_ai.client.token.usage input": 97,
            "gen_ai.client.token.usage output": 35,
        }
    )


def test_anthropic_agent_content() -> None:
    """Content capture adds what was said, and nothing else."""
    assert added_content("anthropic_agent") == snapshot(
        [
            {
                "gen_ai.input.messages": [
                    {"role": "user", "parts": [{"type": "text", "content": "How many people live in Paris?"}]}
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [{"type": "text", "content": "2102650 people are Parisians."}],
                        "finish_reason": "stop",
                    }
                ],
                "gen_ai.tool.definitions": [
                    {
                        "type": "function",
                        "name": "population",
                        "description": "Look up how many people live in a city.",
                        "parameters": {
                            "properties": {"city": {"enum": ["Oslo", "Paris", "Rome"], "type": "string"}},
                            "required": ["city"],
                            "type": "object",
                        },
                    }
                ],
            },
            {
                "gen_ai.input.messages": [
                    {"role": "user", "parts": [{"type": "text", "content": "How many people live in Paris?"}]}
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [
                            {
                                "type": "tool_call",
                                "id": "toolu_pSZZ4Ei5hAlw1le0Nbzxad80IBvp1GZI",
                                "name": "population",
                                "arguments": {"city": "Paris"},
                            }
                        ],
                        "finish_reason": "tool_call",
                    }
                ],
                "gen_ai.tool.definitions": [
                    {
                        "type": "function",
                        "name": "population",
                        "description": "Look up how many people live in a city.",
                        "parameters": {
                            "properties": {"city": {"enum": ["Oslo", "Paris", "Rome"], "type": "string"}},
                            "required": ["city"],
                            "type": "object",
                        },
                    }
                ],
            },
            {
                "gen_ai.tool.call.arguments": {"city": "Paris"},
                "gen_ai.tool.call.result": {"content": "2102650 people live in Paris."},
                "gen_ai.tool.description": "Look up how many people live in a city.",
            },
            {
                "gen_ai.input.messages": [
                    {
                        "role": "user",
                        "parts": [{"type": "text", "content": "How many people live in Paris?"}],
                    },
                    {
                        "role": "assistant",
                        "parts": [
                            {
                                "type": "tool_call",
                                "id": "toolu_pSZZ4Ei5hAlw1le0Nbzxad80IBvp1GZI",
                                "name": "population",
                                "arguments": {"city": "Paris"},
                            }
                        ],
                    },
                    {
                        "role": "tool",
                        "parts": [
                            {
                                "type": "tool_call_response",
                                "id": "toolu_pSZZ4Ei5hAlw1le0Nbzxad80IBvp1GZI",
                                "response": "2102650 people live in Paris.",
                            }
                        ],
                        "name": "population",
                    },
                ],
                "gen_ai.output.messages": [
                    {
                        "role": "assistant",
                        "parts": [{"type": "text", "content": "2102650 people are Parisians."}],
                        "finish_reason": "stop",
                    }
                ],
                "gen_ai.tool.definitions": [
                    {
                        "type": "function",
                        "name": "population",
                        "description": "Look up how many people live in a city.",
                        "parameters": {
                            "properties": {"city": {"enum": ["Oslo", "Paris", "Rome"], "type": "string"}},
                            "required": ["city"],
                            "type": "object",
                        },
                    }
                ],
            },
        ]
    )


def test_anthropic_agent_stream_async() -> None:
    """Anthropic's stream: the tool call tells all its tokens, the answer after it those of the output."""
    made = replay("anthropic_agent_stream_async")
    assert made.tree == snapshot("""\
invoke_agent geographer
  chat smollm2-135m-instruct
  execute_tool population
  chat smollm2-135m-instruct\
""")
    assert made.spans == snapshot(
        [
            {
                "name": "invoke_agent geographer",
                "kind": "INTERNAL",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.agent.name": "geographer",
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.response.finish_reasons": ["end_turn"],
                    "gen_ai.usage.cache_read.input_tokens": 36,
                    "gen_ai.usage.input_tokens": 37,
                    "gen_ai.usage.output_tokens": 35,
                },
            },
            {
                "name": "chat smollm2-135m-instruct",
                "kind": "CLIENT",
                "status": "UNSET",
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.max_tokens": 32,
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.request.stream": True,
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.response.finish_reasons": ["tool_use"],
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.response.time_to_first_chunk": "<float>",
                    "gen_ai.usage.cache_read.input_tokens": 36,
                    "gen_ai.usage.input_tokens": 37,
                    "gen_ai.usage.output_tokens": 22,
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
                    "gen_ai.tool.call.id": "toolu_aBMXKu3v9iBCDSddJv0pBLFLMKuHINGW",
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
                    "gen_ai.provider.name": "anthropic",
                    "gen_ai.request.max_tokens": 32,
                    "gen_ai.request.model": "smollm2-135m-instruct",
                    "gen_ai.request.stream": True,
                    "gen_ai.request.temperature": 0.0,
                    "gen_ai.response.finish_reasons": ["end_turn"],
                    "gen_ai.response.model": "smollm2-135m-instruct",
                    "gen_ai.response.time_to_first_chunk": "<float>",
                    "gen_ai.usage.input_tokens": 0,
                    "gen_ai.usage.output_tokens": 13,
                    "server.address": "127.0.0.1",
                    "server.port": 18999,
                },
            },
        ]
    )
    assert made.counts == snapshot(
        {
            "gen_ai.client.operation.duration": 2,
            "gen_ai.client.token.usage input": 37,
            "gen_ai.client.token.usage output": 35,
            "gen_ai.client.operation.time_to_first_chunk": 2,
            "gen_ai.client.operation.time_per_output_chunk": 21,
        }
    )
