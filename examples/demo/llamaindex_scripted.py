"""A LlamaIndex model and embeddings without a network or a key: two tools in turn, then an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, LLMMetadata
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.tools import ToolSelection

_DIMENSIONS = 16


class ScriptedLLM(FunctionCallingLLM):
    """Follows a script of three turns; its tokens are words."""

    model: str = "scripted-1"

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex asks of a model."""
        return LLMMetadata(is_chat_model=True, is_function_calling_model=True, model_name=self.model)

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer."""
        return _answer(messages)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer."""
        return _answer(messages)

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        """Answer word by word."""
        return _chunks(_answer(messages))

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        """Answer word by word."""

        async def generate() -> Any:
            for chunk in _chunks(_answer(messages)):
                yield chunk

        return generate()

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Nothing in the demo asks for it."""
        raise NotImplementedError

    stream_complete = acomplete = astream_complete = complete  # type: ignore[assignment]  # nor for these

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[Any],
        user_msg: Any = None,
        chat_history: Any = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        offered = [tool.metadata.to_openai_tool() for tool in tools]
        return {"messages": [*(chat_history or ()), *([user_msg] if user_msg else ())], "tools": offered}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """Return what the model asks for."""
        return [
            ToolSelection(
                tool_id=call["id"],
                tool_name=call["function"]["name"],
                tool_kwargs=json.loads(call["function"]["arguments"]),
            )
            for call in response.message.additional_kwargs.get("tool_calls", ())
        ]


class WordsEmbedding(BaseEmbedding):
    """Texts that share words are near each other."""

    def _get_text_embedding(self, text: str) -> list[float]:
        vector = [0.0] * _DIMENSIONS
        for word in re.findall(r"\w+", text.lower()):
            vector[sum(map(ord, word)) % _DIMENSIONS] += 1.0
        return vector

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def _answer(messages: Sequence[ChatMessage]) -> ChatResponse:
    last = str(messages[-1].content)
    said = [str(message.content) for message in messages if message.role == "tool"]
    if "Context information" in last:  # LlamaIndex's own prompt, around what was found
        return _response(messages, re.split(r"-{5,}\n", last)[1].strip())
    if len(said) > 1:
        best = said[0].partition("\n")[0]
        return _response(messages, f"The best seller was {best}. {said[1]}")
    if said:
        return _response(messages, "", liner_notes={"input": said[0].partition(":")[0]})
    year = re.search(r"\b(19|20)\d\d\b", last)
    if year is None:
        return _response(messages, "Which year do you mean?")
    return _response(messages, "", best_sellers={"year": int(year.group())})


def _response(messages: Sequence[ChatMessage], text: str, **calls: dict[str, Any]) -> ChatResponse:
    asked = [
        {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
        for name, given in calls.items()
    ]
    taken = sum(len(str(message.content).split()) for message in messages)
    given_words = len(text.split()) + sum(len(json.dumps(given).split()) + 1 for given in calls.values())
    raw = {
        "model": "scripted-1",
        "choices": [{"finish_reason": "tool_calls" if asked else "stop"}],
        "usage": {"prompt_tokens": taken, "completion_tokens": given_words},
    }
    extra = {"tool_calls": asked} if asked else {}
    return ChatResponse(message=ChatMessage(role="assistant", content=text, additional_kwargs=extra), raw=raw)


def _chunks(whole: ChatResponse) -> Iterator[ChatResponse]:
    said = ""
    for word in re.findall(r"\S+\s*", whole.message.content or ""):
        said += word
        yield ChatResponse(message=ChatMessage(role="assistant", content=said), delta=word)
    yield ChatResponse(message=whole.message, delta="", raw=whole.raw)
