"""What is timed: the same LangChain calls for every contestant, on a fake chat model that costs little.

The model carries what real integrations carry (`ls_provider`, `ls_model_name`, usage, response metadata):
some instrumentations emit nothing for a model without them, and who emits nothing is fast.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain.agents import create_agent

AGENT = "calculator"
SYSTEM_PROMPT = "You are a careful calculator."
MODEL = "gpt-4.1-mini"
_ANSWERED_BY = {"model_name": "gpt-4.1-mini-2025-04-14", "system_fingerprint": "fp_bench"}
_USAGE = {
    "input_tokens": 210,
    "output_tokens": 42,
    "total_tokens": 252,
    "input_token_details": {"cache_read": 128},
    "output_token_details": {"reasoning": 16},
}

Run = Callable[[int, dict[str, Any]], float]
"""Makes so many calls with a config and returns the seconds that they took together."""


class FakeModel(BaseChatModel):
    """Answers at once: asks for the tool if it has one and the user spoke last, else says the result."""

    model: str = MODEL
    temperature: float = 0.2
    max_tokens: int = 256

    @property
    def _llm_type(self) -> str:
        return "benchmark-chat"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "temperature": self.temperature, "max_tokens": self.max_tokens}

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {
            "ls_provider": "openai",
            "ls_model_name": self.model,
            "ls_model_type": "chat",
            "ls_temperature": self.temperature,
            "ls_max_tokens": self.max_tokens,
        }

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        """Offer tools to the model, as the OpenAI integration does."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=_answer(messages, bool(kwargs.get("tools"))))])

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return self._generate(messages, stop, run_manager, **kwargs)


def _answer(messages: Any, has_tools: bool) -> AIMessage:
    if has_tools and messages[-1].type == "human":
        return AIMessage(
            "",
            tool_calls=[{"name": "multiply", "args": {"a": 6, "b": 7}, "id": "call_1"}],
            usage_metadata=_USAGE,
            response_metadata={**_ANSWERED_BY, "id": "chatcmpl-1", "finish_reason": "tool_calls"},
        )
    return AIMessage(
        "The result is forty-two.",
        usage_metadata=_USAGE,
        response_metadata={**_ANSWERED_BY, "id": "chatcmpl-2", "finish_reason": "stop"},
    )


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def scenarios() -> dict[str, Run]:
    """The scenarios by name, each built once."""
    model = FakeModel()
    prompt = ChatPromptTemplate.from_messages([("system", "Answer briefly."), ("user", "{question}")])
    chain = prompt | model | StrOutputParser()
    agent = create_agent(model, [multiply], system_prompt=SYSTEM_PROMPT, name=AGENT)
    question = "What is six times seven?"
    asked = {"messages": [("user", question)]}
    thread = {"configurable": {"thread_id": "thread-1"}}
    return {
        "chat": _sync(model, question, {}),
        "prompt|model|parser": _sync(chain, {"question": question}, {}),
        "prompt|model|parser async": _async(chain, {"question": question}, {}),
        "agent, two turns, one tool": _sync(agent, asked, thread),
    }


def _sync(runnable: Any, value: Any, extra: dict[str, Any]) -> Run:
    def run(calls: int, config: dict[str, Any]) -> float:
        config = {**config, **extra}
        invoke = runnable.invoke
        begun = time.perf_counter()
        for _ in range(calls):
            invoke(value, config)
        return time.perf_counter() - begun

    return run


def _async(runnable: Any, value: Any, extra: dict[str, Any]) -> Run:
    loop = asyncio.new_event_loop()

    async def all_calls(calls: int, config: dict[str, Any]) -> float:
        ainvoke = runnable.ainvoke
        begun = time.perf_counter()
        for _ in range(calls):
            await ainvoke(value, config)
        return time.perf_counter() - begun

    def run(calls: int, config: dict[str, Any]) -> float:
        return loop.run_until_complete(all_calls(calls, {**config, **extra}))

    return run
