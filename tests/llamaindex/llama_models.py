"""LLMs in code, for what a recorded server cannot be made to do: scripted answers, errors, delays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from llama_index.core import MockEmbedding, Settings
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, LLMMetadata
from llama_index.core.llms import CustomLLM
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.tools import ToolSelection

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
# Nothing in these tests is to look for a real model.
Settings.llm = None
Settings.embed_model = MockEmbedding(embed_dim=3)


def raw(finish_reason: str = "stop", **more: Any) -> dict[str, Any]:
    """A provider's answer, less its text."""
    return {
        "id": "chatcmpl-1",
        "model": "scripted-1-0613",
        "choices": [{"finish_reason": finish_reason, "delta": {}}],
        "usage": USAGE,
        **more,
    }


class ScriptedLLM(FunctionCallingLLM):
    """Answers with the next of `answers`: a `ChatMessage`, an exception or text; streams it by words."""

    answers: list[Any]
    model: str = "scripted-1"
    delay_s: float = 0.0
    asked: int = 0

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(is_chat_model=True, is_function_calling_model=True, model_name=self.model)

    def _next(self) -> ChatMessage:
        answer = self.answers[self.asked % len(self.answers)]
        self.asked += 1
        if isinstance(answer, BaseException):
            raise answer
        return ChatMessage(role="assistant", content=answer) if isinstance(answer, str) else answer

    def _whole(self) -> ChatResponse:
        answer = self._next()
        reason = "tool_calls" if answer.additional_kwargs.get("tool_calls") else "stop"
        return ChatResponse(message=answer, raw=raw(reason))

    def _chunks(self, answer: ChatMessage) -> Iterator[ChatResponse]:
        said = ""
        for index, word in enumerate((answer.content or "").split(" ")):
            delta = word if index == 0 else f" {word}"
            said += delta
            chunk = {
                "id": "chatcmpl-1",
                "model": "scripted-1-0613",
                "choices": [{"delta": {"content": delta}}],
            }
            yield ChatResponse(message=ChatMessage(role="assistant", content=said), delta=delta, raw=chunk)
        reason = "tool_calls" if answer.additional_kwargs.get("tool_calls") else "stop"
        yield ChatResponse(message=answer, delta="", raw=raw(reason))

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._whole()

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        answer = self._whole()
        await asyncio.sleep(self.delay_s)
        return answer

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Iterator[ChatResponse]:
        def generate() -> Iterator[ChatResponse]:
            yield from self._chunks(self._next())

        return generate()

    @llm_chat_callback()
    async def astream_chat(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> AsyncIterator[ChatResponse]:
        async def generate() -> AsyncIterator[ChatResponse]:
            for chunk in self._chunks(self._next()):
                await asyncio.sleep(self.delay_s)
                yield chunk

        return generate()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        answer = self.chat([ChatMessage(prompt)])
        return CompletionResponse(text=answer.message.content or "", raw=answer.raw)

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        answer = await self.achat([ChatMessage(prompt)])
        return CompletionResponse(text=answer.message.content or "", raw=answer.raw)

    @llm_completion_callback()
    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> Iterator[CompletionResponse]:
        def generate() -> Iterator[CompletionResponse]:
            for chunk in self.stream_chat([ChatMessage(prompt)]):
                yield CompletionResponse(text=chunk.message.content or "", delta=chunk.delta, raw=chunk.raw)

        return generate()

    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> AsyncIterator[CompletionResponse]:
        async def generate() -> AsyncIterator[CompletionResponse]:
            async for chunk in await self.astream_chat([ChatMessage(prompt)]):
                yield CompletionResponse(text=chunk.message.content or "", delta=chunk.delta, raw=chunk.raw)

        return generate()

    def _prepare_chat_with_tools(
        self, tools: Sequence[Any], user_msg: Any = None, chat_history: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        messages = list(chat_history or [])
        if user_msg is not None:
            messages.append(ChatMessage(user_msg) if isinstance(user_msg, str) else user_msg)
        return {"messages": messages, "tools": [tool.metadata.to_openai_tool() for tool in tools]}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        return [
            ToolSelection(
                tool_id=call["id"],
                tool_name=call["function"]["name"],
                tool_kwargs=call["function"]["arguments"],
            )
            for call in response.message.additional_kwargs.get("tool_calls", ())
        ]


class PlainLLM(CustomLLM):
    """A text model of the application's own, whose methods no decorator of the framework's reports on."""

    words: int = 3

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="plain-1")

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text="one two three")

    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> Iterator[CompletionResponse]:
        for word in range(self.words):
            yield CompletionResponse(text=str(word), delta=str(word))


def llm(*answers: Any, **options: Any) -> ScriptedLLM:
    """A model that gives these answers in turn."""
    return ScriptedLLM(answers=list(answers) or ["hello there"], **options)


def asks(name: str, call_id: str = "call_1", /, **arguments: Any) -> ChatMessage:
    """An answer that asks for a tool."""
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [call]})
