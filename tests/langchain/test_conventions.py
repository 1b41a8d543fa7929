"""What LangChain's own runs emit is what each official version defines, through the handler as through the core."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from agents import make_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool
from models import ScriptedModel, asks

from core.conventions import checks
from core.conventions.played import Played
from genai_otel_core.testing import capture
from genai_otel_langchain import Handler

Config = dict[str, Any]


class Shelf(BaseRetriever):
    """Finds the same two documents always."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document("text", id="doc-1", metadata={"score": 0.5}), Document("more")]


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    if city == "Atlantis":
        raise ValueError(city)
    return "sunny"


def chat(config: Config) -> None:
    """One call."""
    ScriptedModel(answers=["hello"]).invoke("hi", config)


def parameters(config: Config) -> None:
    """A call with parameters."""
    model = ScriptedModel(answers=["hello"])
    model.invoke("hi", config, temperature=0, max_tokens=5, stop=["END"], n=1, seed=3)


def streamed(config: Config) -> None:
    """A stream, read to its end."""
    assert list(ScriptedModel(answers=["hello you there"]).stream("hi", config))


def batch(config: Config) -> None:
    """Three calls at once."""
    ScriptedModel(answers=["hello"]).batch(["a", "b", "c"], config)


def failed(config: Config) -> None:
    """A call that raises."""
    with pytest.raises(ConnectionError):
        ScriptedModel(answers=[ConnectionError("down")]).invoke("hi", config)


def chain(config: Config) -> None:
    """A prompt and a model."""
    prompt = ChatPromptTemplate.from_messages([("system", "be brief"), ("user", "{question}")])
    (prompt | ScriptedModel(answers=["hello"])).invoke({"question": "?"}, config)


def retrieved(config: Config) -> None:
    """A retriever."""
    Shelf().invoke("what?", config)


def tool_called(config: Config) -> None:
    """A tool by itself."""
    weather.invoke(
        {"type": "tool_call", "id": "call_1", "name": "weather", "args": {"city": "Paris"}}, config
    )


def failed_tool(config: Config) -> None:
    """A tool that raises."""
    with pytest.raises(ValueError, match="Atlantis"):
        weather.invoke({"city": "Atlantis"}, config)


def agent(config: Config) -> None:
    """An agent with a tool, in a conversation."""
    model = ScriptedModel(answers=[asks("weather", city="Paris"), "sunny"])
    make_agent(model, [weather], name="guide").invoke(
        {"messages": [("user", "?")]}, {**config, "configurable": {"thread_id": "t-1"}}
    )


RUNS: dict[str, Callable[[Config], None]] = {
    run.__name__: run
    for run in (
        chat,
        parameters,
        streamed,
        batch,
        failed,
        chain,
        retrieved,
        tool_called,
        failed_tool,
        agent,
    )
}


@pytest.mark.parametrize("content", ["none", "span_and_event"])
@pytest.mark.parametrize("version", checks.VERSIONS)
@pytest.mark.parametrize("run", RUNS)
def test_emits_what_the_version_defines(run: str, version: str, content: str) -> None:
    """Spans, metrics and events have that version's names, types, units, buckets and required attributes."""
    starts = checks.Starts()
    with capture(sampler=starts) as seen:
        telemetry = Played(convention=version, capture_content=content, **seen.providers)
        handlers: list[BaseCallbackHandler] = [Handler(telemetry)]
        RUNS[run]({"callbacks": handlers})
        assert telemetry.played
        checks.check(version, seen, telemetry.played, starts.seen)


@pytest.mark.parametrize("content", ["span", "none"])
def test_openinference_has_the_metadata_that_is_allowed(content: str) -> None:
    """Of what the application attached to a run, `metadata` has what it allows, and nothing else."""
    given = {"customer": "acme", "api_key": "sk-1", "note": "private"}
    for options, expected in (({}, None), ({"metadata_attributes": {"customer": "app.customer"}}, "acme")):
        with capture() as seen:
            handler = Handler(
                convention="openinference", capture_content=content, **options, **seen.providers
            )
            ScriptedModel(answers=["hello"]).invoke("hi", {"callbacks": [handler], "metadata": given})
        (span,) = seen.spans
        told = json.loads(span.attributes.get("metadata", "{}"))
        assert told == ({} if expected is None else {"app.customer": expected})
        assert span.attributes.get("app.customer") == expected
        assert "private" not in str(dict(span.attributes))
