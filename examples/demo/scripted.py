"""A chat model without a network or a key: asks the one tool it has, then answers with what the tool said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool


class ScriptedModel(BaseChatModel):
    """Follows a script of two turns; its tokens are words."""

    model: str = "scripted-1"

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        return LangSmithParams(**{**params, "ls_provider": "scripted", "ls_model_name": self.model})

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Offer tools to the model."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=_answer(messages))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for message in _chunks(_answer(messages)):
            chunk = ChatGenerationChunk(message=message)
            if run_manager is not None:
                run_manager.on_llm_new_token(str(message.content), chunk=chunk)
            yield chunk


def _answer(messages: list[BaseMessage]) -> AIMessage:
    last = messages[-1]
    if isinstance(last, ToolMessage):
        best = str(last.content).partition("\n")[0]
        return _message(messages, f"The best seller was {best}.", "stop")
    year = re.search(r"\b(19|20)\d\d\b", str(last.content))
    if year is None:
        return _message(messages, "Which year do you mean?", "stop")
    call = {"name": "best_sellers", "args": {"year": int(year.group())}, "id": "call_1"}
    return _message(messages, "", "tool_calls", call)


def _message(messages: list[BaseMessage], text: str, reason: str, *calls: dict[str, Any]) -> AIMessage:
    taken = sum(len(str(message.content).split()) for message in messages)
    given = len(text.split()) + sum(len(json.dumps(call["args"]).split()) + 1 for call in calls)
    usage = UsageMetadata(input_tokens=taken, output_tokens=given, total_tokens=taken + given)
    return AIMessage(
        text, tool_calls=list(calls), usage_metadata=usage, response_metadata={"finish_reason": reason}
    )


def _chunks(answer: AIMessage) -> Iterator[AIMessageChunk]:
    for word in re.findall(r"\S+\s*", str(answer.content)):
        yield AIMessageChunk(content=word)
    for call in answer.tool_calls:
        part = tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=0)
        yield AIMessageChunk(content="", tool_call_chunks=[part])
    yield AIMessageChunk(
        content="", usage_metadata=answer.usage_metadata, response_metadata=answer.response_metadata
    )
