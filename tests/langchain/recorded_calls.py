"""The calls that cassettes hold, through the real clients: the recorder makes them once, tests replay them.

Each is named as its cassette, and sets every parameter that a client's version might choose otherwise.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Literal

from agents import make_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI
from pydantic import BaseModel

from recorded import RecordedCall

MODEL = "smollm2-135m-instruct"
CALLS: dict[str, RecordedCall] = {}


def call(*, fails: bool = False, calls_tools: bool = False) -> Callable[[Any], Any]:
    """Register a function as a recorded call."""

    def register(function: Any) -> Any:
        CALLS[function.__name__] = RecordedCall(function, fails, calls_tools)
        return function

    return register


CONVERSATION = [
    ("system", "You are a geography teacher. Answer in one sentence."),
    ("user", "What is the capital of France?"),
    ("assistant", "The capital of France is Paris."),
    ("user", "Which river flows through it?"),
]
LONG = "word " * 1500
"""More than the recorded server's context holds."""
RED_DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AA"
    "AAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


def chat_openai(base_url: str, **options: Any) -> ChatOpenAI:
    """The chat model of OpenAI's calls."""
    given = {"temperature": 0, "seed": 1, "max_tokens": 16, "stream_usage": True, "max_retries": 0, **options}
    return ChatOpenAI(model=MODEL, base_url=f"{base_url}/v1", api_key="none", **given)


def _completions(base_url: str) -> OpenAI:
    return OpenAI(
        model=MODEL,
        base_url=f"{base_url}/v1",
        api_key="none",
        temperature=0,
        seed=1,
        max_tokens=16,
        top_p=0.9,
        frequency_penalty=0,
        presence_penalty=0,
        max_retries=0,
    )


def _anthropic(base_url: str, **options: Any) -> ChatAnthropic:
    given = {"temperature": 0, "max_tokens": 16, "max_retries": 0, **options}
    return ChatAnthropic(model=MODEL, base_url=base_url, api_key="none", **given)


# OpenAI


@call()
def openai_chat(base_url: str, config: Any) -> Any:
    """A conversation of several turns."""
    return chat_openai(base_url, top_p=0.9, stop=["###"]).invoke(CONVERSATION, config)


@call()
async def openai_chat_async(base_url: str, config: Any) -> Any:
    """The same conversation, most of which the server still has in its cache."""
    return await chat_openai(base_url, top_p=0.9, stop=["###"]).ainvoke(CONVERSATION, config)


@call()
def openai_stream(base_url: str, config: Any) -> Any:
    """A stream that is read to its end."""
    return list(chat_openai(base_url).stream("Name three colours.", config))


@call()
async def openai_stream_async(base_url: str, config: Any) -> Any:
    """A stream that is read to its end, by a task."""
    return [chunk async for chunk in chat_openai(base_url).astream("Name three colours.", config)]


@call()
def openai_stream_without_usage(base_url: str, config: Any) -> Any:
    """A stream for which nobody asked how many tokens it took."""
    return list(chat_openai(base_url, stream_usage=False).stream("Name three colours.", config))


@call()
def openai_two_choices(base_url: str, config: Any) -> Any:
    """Two answers to one prompt."""
    model = chat_openai(base_url, n=2, temperature=0.8)
    return model.generate([[HumanMessage("Name a colour.")]], callbacks=(config or {}).get("callbacks"))


class City(BaseModel):
    """A city and its country."""

    name: str
    country: str


@call()
def openai_structured_output(base_url: str, config: Any) -> Any:
    """An answer that the server holds to a JSON schema."""
    model = chat_openai(base_url, max_tokens=48)
    return model.with_structured_output(City, method="json_schema").invoke(
        "Which city is the capital of France?", config
    )


@call()
def openai_completion(base_url: str, config: Any) -> Any:
    """A text model."""
    return _completions(base_url).invoke("The capital of France is", config)


@call()
def openai_completion_stream(base_url: str, config: Any) -> Any:
    """A text model, streamed."""
    return list(_completions(base_url).stream("The capital of France is", config))


@call()
def openai_responses(base_url: str, config: Any) -> Any:
    """The responses API."""
    model = chat_openai(base_url, seed=None, use_responses_api=True, output_version="responses/v1")
    return model.invoke("Name three colours.", config)


@call()
def openai_responses_stream(base_url: str, config: Any) -> Any:
    """The responses API, streamed."""
    model = chat_openai(base_url, seed=None, use_responses_api=True, output_version="responses/v1")
    return list(model.stream("Name three colours.", config))


@call(fails=True)
def openai_too_long(base_url: str, config: Any) -> Any:
    """A prompt that does not fit: HTTP 400 with the server's own type of error."""
    return chat_openai(base_url).invoke(LONG, config)


@call(fails=True)
def openai_too_long_stream(base_url: str, config: Any) -> Any:
    """A stream that fails before its first chunk."""
    return list(chat_openai(base_url).stream(LONG, config))


# Anthropic


@call()
def anthropic_chat(base_url: str, config: Any) -> Any:
    """A conversation of several turns."""
    return _anthropic(base_url, top_k=40, stop_sequences=["###"]).invoke(CONVERSATION, config)


@call()
async def anthropic_chat_async(base_url: str, config: Any) -> Any:
    """The same conversation, most of which the server still has in its cache."""
    return await _anthropic(base_url, top_k=40, stop_sequences=["###"]).ainvoke(CONVERSATION, config)


@call()
def anthropic_stream(base_url: str, config: Any) -> Any:
    """A stream that is read to its end."""
    return list(_anthropic(base_url).stream("Name three colours.", config))


@call()
async def anthropic_stream_async(base_url: str, config: Any) -> Any:
    """A stream that is read to its end, by a task."""
    return [chunk async for chunk in _anthropic(base_url).astream("Name three colours.", config)]


@call(fails=True)
def anthropic_too_long(base_url: str, config: Any) -> Any:
    """A prompt that does not fit: HTTP 400 with the server's own type of error."""
    return _anthropic(base_url).invoke(LONG, config)


@call(fails=True)
async def anthropic_image_refused(base_url: str, config: Any) -> Any:
    """An image, which the model cannot read: HTTP 500."""
    image = {"type": "image_url", "image_url": {"url": RED_DOT}}
    return await _anthropic(base_url).ainvoke([HumanMessage([image])], config)


# Agents


@tool
def population(city: Literal["Oslo", "Paris", "Rome"]) -> str:
    """Look up how many people live in a city."""
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE cities (name TEXT, people INTEGER)")
        database.executemany("INSERT INTO cities VALUES (?, ?)", _CITIES)
        (people,) = database.execute("SELECT people FROM cities WHERE name = ?", (city,)).fetchone()
    database.close()
    return f"{people} people live in {city}."


_CITIES = [("Oslo", 717710), ("Paris", 2102650), ("Rome", 2748109)]
_QUESTION = {"messages": [("user", "How many people live in Paris?")]}


def _agent(model: Any) -> Any:
    return make_agent(model, [population], name="geographer")


@call(calls_tools=True)
def openai_agent(base_url: str, config: Any) -> Any:
    """An agent with one tool."""
    return _agent(chat_openai(base_url, max_tokens=32)).invoke(_QUESTION, config)


@call(calls_tools=True)
async def openai_agent_async(base_url: str, config: Any) -> Any:
    """An agent with one tool, in a task."""
    return await _agent(chat_openai(base_url, max_tokens=32)).ainvoke(_QUESTION, config)


@call(calls_tools=True)
def openai_agent_stream(base_url: str, config: Any) -> Any:
    """An agent whose model is streamed to the reader."""
    return list(
        _agent(chat_openai(base_url, max_tokens=32)).stream(_QUESTION, config, stream_mode="messages")
    )


@call(calls_tools=True)
async def openai_agent_stream_async(base_url: str, config: Any) -> Any:
    """An agent whose model is streamed to a reading task."""
    stream = _agent(chat_openai(base_url, max_tokens=32)).astream(_QUESTION, config, stream_mode="messages")
    return [chunk async for chunk in stream]


@call(calls_tools=True)
def anthropic_agent(base_url: str, config: Any) -> Any:
    """An agent with one tool."""
    return _agent(_anthropic(base_url, max_tokens=32)).invoke(_QUESTION, config)


@call(calls_tools=True)
async def anthropic_agent_stream_async(base_url: str, config: Any) -> Any:
    """An agent whose model is streamed to a reading task."""
    stream = _agent(_anthropic(base_url, max_tokens=32)).astream(_QUESTION, config, stream_mode="messages")
    return [chunk async for chunk in stream]
