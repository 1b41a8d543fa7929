"""OpenAI's Responses API through LlamaIndex's own client: how answers end is told, streamed or not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.llms.openai import OpenAIResponses

from genai_otel_core.testing import Capture, whole
from genai_otel_llamaindex import Handler
from genai_otel_llamaindex._response import bears_content

# LlamaIndex leaves its clients open.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SAID = [ChatMessage("hi")]
TEXT = {
    "type": "message",
    "id": "msg_1",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hi there", "annotations": []}],
}
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "add",
    "arguments": '{"a":1}',
    "status": "completed",
}
SAYS = {"type": "text", "content": "Hi there"}
ASKS = {"type": "tool_call", "id": "call_1", "name": "add", "arguments": {"a": 1}}
SPAN = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.top_p": 1.0,
    "gen_ai.response.id": "resp_1",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.cache_read.input_tokens": 2,
    "gen_ai.usage.input_tokens": 7,
    "gen_ai.usage.output_tokens": 3,
    "gen_ai.usage.reasoning.output_tokens": 1,
    "openai.api.type": "responses",
    "server.address": "api.openai.com",
    "server.port": 443,
}
STREAMED = {**SPAN, "gen_ai.request.stream": True}


def answer(*output: Any, status: str = "completed", **more: Any) -> dict[str, Any]:
    """An answer of the API's."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": "gpt-4o-2024-08-06",
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": list(output),
        "usage": {
            "input_tokens": 7,
            "input_tokens_details": {"cached_tokens": 2},
            "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 1},
            "total_tokens": 10,
        },
        **more,
    }


ANSWERS: dict[str, tuple[dict[str, Any], str, list[Any]]] = {
    "said": (answer(TEXT), "stop", [SAYS]),
    "asked for a tool": (answer(CALL), "tool_call", [ASKS]),
    "said and asked": (answer(TEXT, CALL), "tool_call", [SAYS, ASKS]),
    "too long": (
        answer(TEXT, status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
        "length",
        [SAYS],
    ),
    "filtered": (
        answer(TEXT, status="incomplete", incomplete_details={"reason": "content_filter"}),
        "content_filter",
        [SAYS],
    ),
}
FAILED = answer(status="failed", error={"code": "server_error", "message": "private reason"})


def events(final: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of a stream that ends with `final`."""
    begun = {**final, "status": "in_progress", "output": [], "usage": None, "error": None}
    yield {"type": "response.created", "response": {**begun, "incomplete_details": None}}
    for at, item in enumerate(final["output"]):
        of_item = {"item_id": item["id"], "output_index": at}
        empty = {"arguments": ""} if item is CALL else {"content": []}
        added = {**item, **empty, "status": "in_progress"}
        yield {"type": "response.output_item.added", "output_index": at, "item": added}
        if item is CALL:
            given = item["arguments"]
            yield {"type": "response.function_call_arguments.delta", **of_item, "delta": given}
            yield {
                "type": "response.function_call_arguments.done",
                **of_item,
                "arguments": given,
                "name": item["name"],
            }
        else:
            for delta in ("Hi", " there"):
                yield {
                    "type": "response.output_text.delta",
                    **of_item,
                    "content_index": 0,
                    "delta": delta,
                    "logprobs": [],
                }
        yield {"type": "response.output_item.done", "output_index": at, "item": item}
    yield {"type": f"response.{final['status']}", "response": final}


def model(final: dict[str, Any], **options: Any) -> OpenAIResponses:
    """The real client, in front of a transport that answers with `final`."""

    def respond(request: httpx.Request) -> httpx.Response:
        if not json.loads(request.content).get("stream"):
            return httpx.Response(200, json=final)
        lines = [
            f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': at})}\n\n"
            for at, event in enumerate(events(final))
        ]
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, text="".join(lines))

    transport = httpx.MockTransport(respond)
    return OpenAIResponses(
        model="gpt-4o",
        temperature=0.5,
        api_key="k",
        api_base="https://api.openai.com/v1",
        max_retries=0,
        http_client=httpx.Client(transport=transport),
        async_http_client=httpx.AsyncClient(transport=transport),
        **options,
    )


async def read(asked: OpenAIResponses) -> None:
    """Read an asynchronous stream."""
    [_ async for _ in await asked.astream_chat(SAID)]


CALLS: dict[str, tuple[Callable[[OpenAIResponses], Any], dict[str, Any]]] = {
    "chat": (lambda asked: asked.chat(SAID), SPAN),
    "achat": (lambda asked: asyncio.run(asked.achat(SAID)), SPAN),
    "stream_chat": (lambda asked: list(asked.stream_chat(SAID)), STREAMED),
    "astream_chat": (lambda asked: asyncio.run(read(asked)), STREAMED),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", ANSWERS)
def test_how_it_ended(name: str, call: str, seen: Capture) -> None:
    """Ids, usage, finish reason and messages are there, however the model is called."""
    final, reason, parts = ANSWERS[name]
    run, wanted = CALLS[call]
    handler = Handler(**seen.providers, capture_content="span").attach()
    run(model(final))
    handler.detach()
    found = whole(seen.spans[0], volatile=("gen_ai.response.time_to_first_chunk",))
    assert found["status"] == "UNSET"
    attributes = found["attributes"]
    assert attributes.pop("gen_ai.input.messages") == [
        {"role": "user", "parts": [{"type": "text", "content": "hi"}]}
    ]
    assert attributes.pop("gen_ai.output.messages") == [
        {"role": "assistant", "parts": parts, "finish_reason": reason}
    ]
    first = {"gen_ai.response.time_to_first_chunk": "<float>"} if wanted is STREAMED else {}
    assert attributes == {**wanted, **first, "gen_ai.response.finish_reasons": [reason]}


@pytest.mark.parametrize("method", ["complete", "stream_complete"])
def test_completions(method: str, seen: Capture, handler: Handler) -> None:
    """A completion is the same call."""
    result = getattr(model(answer(TEXT)), method)("hi")
    if method == "stream_complete":
        list(result)
    attributes = whole(seen.spans[0])["attributes"]
    attributes.pop("gen_ai.response.time_to_first_chunk", None)
    wanted = SPAN if method == "complete" else STREAMED
    assert attributes == {**wanted, "gen_ai.response.finish_reasons": ["stop"]}


@pytest.mark.parametrize("call", CALLS)
def test_a_failure_without_an_exception(call: str, seen: Capture, handler: Handler) -> None:
    """An answer that says that it failed is an error, with the provider's code and without its text."""
    CALLS[call][0](model(FAILED))
    found = whole(seen.spans[0])
    assert (found["status"], found["attributes"]["error.type"]) == ("ERROR", "server_error")
    assert found["attributes"]["gen_ai.response.finish_reasons"] == ["error"]
    assert "private" not in str(found)
    (duration,) = seen.metrics()["gen_ai.client.operation.duration"]
    assert duration["attributes"]["error.type"] == "server_error"


def test_what_only_this_client_is_given(seen: Capture) -> None:
    """Instructions are content; effort and the answer that is gone on from are parameters."""
    handler = Handler(**seen.providers, convention="dev", capture_content="span").attach()
    options = {
        "instructions": "be kind",
        "previous_response_id": "resp_0",
        "reasoning_options": {"effort": "low"},
    }
    model(answer(TEXT), **options).chat(SAID)
    handler.detach()
    found = whole(seen.spans[0])["attributes"]
    assert found["gen_ai.system_instructions"] == [{"type": "text", "content": "be kind"}]
    assert found["gen_ai.request.previous_response.id"] == "resp_0"
    assert found["gen_ai.request.reasoning.level"] == "low"


def test_which_events_are_chunks() -> None:
    """What brings text or a part of a call is a chunk in time; what frames it is none."""
    chunks = list(model(answer(TEXT, CALL)).stream_chat(SAID))
    telling = [chunk.raw.type for chunk in chunks if bears_content(chunk)]
    assert telling == [
        "response.output_text.delta",
        "response.output_text.delta",
        "response.function_call_arguments.delta",
    ]
