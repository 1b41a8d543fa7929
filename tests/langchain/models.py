"""Chat models in code, for what a recorded server cannot be made to do: scripted answers, errors, delays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

LONG_S = 60.0
"""A delay that whoever waits a shorter time does not see the end of, and that takes none."""

USAGE = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}


class ScriptedModel(BaseChatModel):
    """Answers with the next of `answers`: an `AIMessage`, an exception to raise, or text.

    `delay_s` passes before an answer and between the chunks of a stream (one per word).
    """

    answers: list[Any]
    model: str = "scripted-1"
    provider: str = "openai"
    delay_s: float = 0.0
    asked: int = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {
            **super()._get_ls_params(stop=stop, **kwargs),
            "ls_provider": self.provider,
            "ls_model_name": self.model,
        }

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        from langchain_core.utils.function_calling import convert_to_openai_tool

        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _next(self) -> AIMessage:
        answer = self.answers[self.asked % len(self.answers)]
        self.asked += 1
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, str):
            return AIMessage(answer, usage_metadata=USAGE, response_metadata={"finish_reason": "stop"})
        return answer

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        if self.delay_s:
            time.sleep(self.delay_s)
        return ChatResult(generations=[ChatGeneration(message=self._next())])

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        await pass_time(self.delay_s)
        return ChatResult(generations=[ChatGeneration(message=self._next())])

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in chunks_of(self._next()):
            if self.delay_s:
                time.sleep(self.delay_s)
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in chunks_of(self._next()):
            await pass_time(self.delay_s)
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


async def pass_time(delay_s: float) -> None:
    """Sleep; at a long delay the loop's clock moves on, so that what times out does so here and on any machine."""
    if delay_s >= LONG_S:
        loop = asyncio.get_running_loop()
        read = loop.time
        loop.time = lambda: read() + LONG_S / 2  # type: ignore[method-assign]
    await asyncio.sleep(delay_s)


def chunks_of(answer: AIMessage) -> Iterator[ChatGenerationChunk]:
    """A role chunk without content, one chunk per word and tool call, and usage in the last."""
    yield _chunk(AIMessageChunk(""))
    blocks = [answer.content] if isinstance(answer.content, str) else answer.content
    # Not `text`: what it is differs between versions, and the oldest lack it.
    words = "".join(block if isinstance(block, str) else block.get("text", "") for block in blocks).split(" ")
    for index, word in enumerate(word for word in words if word):
        yield _chunk(AIMessageChunk(word if index == 0 else f" {word}"))
    for index, call in enumerate(answer.tool_calls):
        import json

        part = tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
        yield _chunk(AIMessageChunk("", tool_call_chunks=[part]))
    last = AIMessageChunk(
        "", usage_metadata=answer.usage_metadata, response_metadata=answer.response_metadata
    )
    yield _chunk(last)


def _chunk(message: AIMessageChunk) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=message)


def asks(name: str, call_id: str = "call_1", **arguments: Any) -> AIMessage:
    """An answer that asks for a tool."""
    return AIMessage(
        "",
        tool_calls=[{"name": name, "args": arguments, "id": call_id}],
        usage_metadata=USAGE,
        response_metadata={"finish_reason": "tool_calls"},
    )
