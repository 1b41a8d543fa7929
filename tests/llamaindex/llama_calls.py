"""The calls that LlamaIndex's cassettes hold, through the real clients: recorded once, replayed by tests.

Each is named as its cassette, gets the addresses of the model's and the embeddings' server, and sets every
parameter that a client's version might choose otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai_like import OpenAILike

from recorded import RecordedCall

MODEL = "smollm2-135m-instruct"
KNOWN_TO_ANTHROPIC = "claude-3-haiku-20240307"
"""LlamaIndex's client refuses other names than Anthropic's; the recorded server takes any."""
CALLS: dict[str, RecordedCall] = {}
CONVERSATION = [
    ChatMessage("You are a geography teacher. Answer in one sentence.", role="system"),
    ChatMessage("What is the capital of France?", role="user"),
    ChatMessage("The capital of France is Paris.", role="assistant"),
    ChatMessage("Which river flows through it?", role="user"),
]
LONG = "word " * 1500
"""More than the recorded server's context holds."""


def call(*, fails: bool = False, calls_tools: bool = False) -> Callable[[Any], Any]:
    """Register a function as a recorded call."""

    def register(function: Any) -> Any:
        CALLS[function.__name__] = RecordedCall(function, fails, calls_tools)
        return function

    return register


def _openai(base_url: str, **options: Any) -> OpenAILike:
    extra = {"seed": 1, **options.pop("additional_kwargs", {})}
    given = {"temperature": 0.0, "max_tokens": 32, "max_retries": 0, "is_chat_model": True, **options}
    return OpenAILike(
        model=MODEL, api_base=f"{base_url}/v1", api_key="none", additional_kwargs=extra, **given
    )


def _anthropic(base_url: str, **options: Any) -> Anthropic:
    given = {"temperature": 0.0, "max_tokens": 32, "max_retries": 0, **options}
    return Anthropic(model=KNOWN_TO_ANTHROPIC, base_url=base_url, api_key="none", **given)


def _embeddings(url: str) -> OpenAILikeEmbedding:
    return OpenAILikeEmbedding(
        model_name=MODEL, api_base=f"{url}/v1", api_key="none", max_retries=0, embed_batch_size=2
    )


def population(city: str) -> int:
    """Look up how many people live in a city."""
    return 2_100_000


# OpenAI


@call()
def openai_chat(base_url: str, embeddings_url: str) -> Any:
    """A conversation of several turns."""
    return _openai(base_url, additional_kwargs={"top_p": 0.9}).chat(CONVERSATION)


@call()
async def openai_chat_async(base_url: str, embeddings_url: str) -> Any:
    """The same conversation."""
    return await _openai(base_url, additional_kwargs={"top_p": 0.9}).achat(CONVERSATION)


@call()
def openai_stream(base_url: str, embeddings_url: str) -> Any:
    """A stream that is read to its end, with usage."""
    model = _openai(base_url, max_tokens=16, additional_kwargs={"stream_options": {"include_usage": True}})
    return list(model.stream_chat([ChatMessage("Name three colours.")]))


@call()
async def openai_stream_async(base_url: str, embeddings_url: str) -> Any:
    """A stream that is read to its end, by a task."""
    model = _openai(base_url, max_tokens=16, additional_kwargs={"stream_options": {"include_usage": True}})
    return [chunk async for chunk in await model.astream_chat([ChatMessage("Name three colours.")])]


@call()
def openai_stream_without_usage(base_url: str, embeddings_url: str) -> Any:
    """A stream for which nobody asked how many tokens it took."""
    return list(_openai(base_url).stream_chat([ChatMessage("Name three colours.")]))


@call()
def openai_completion(base_url: str, embeddings_url: str) -> Any:
    """A text model."""
    return _openai(base_url, is_chat_model=False, max_tokens=8).complete("The capital of France is")


@call(fails=True)
def openai_too_long(base_url: str, embeddings_url: str) -> Any:
    """A request that the server refuses."""
    return _openai(base_url).chat([ChatMessage(LONG)])


@call(fails=True)
def openai_too_long_stream(base_url: str, embeddings_url: str) -> Any:
    """A stream that fails before its first chunk."""
    return list(_openai(base_url).stream_chat([ChatMessage(LONG)]))


@call(calls_tools=True)
async def openai_agent(base_url: str, embeddings_url: str) -> Any:
    """An agent that calls a tool."""
    model = _openai(base_url, is_function_calling_model=True)
    tools = [FunctionTool.from_defaults(population)]
    return await FunctionAgent(name="statistician", tools=tools, llm=model).run(
        "How many people live in Paris?"
    )


# Embeddings


@call()
def embeddings(base_url: str, embeddings_url: str) -> Any:
    """Three texts, in two requests."""
    return _embeddings(embeddings_url).get_text_embedding_batch(["one", "two", "three"])


@call()
def rag(base_url: str, embeddings_url: str) -> Any:
    """Documents are indexed and one is asked about."""
    texts = ["The Seine flows through Paris.", "The Thames flows through London."]
    documents = [Document(text=text, id_=text[4:10].strip()) for text in texts]
    index = VectorStoreIndex.from_documents(documents, embed_model=_embeddings(embeddings_url))
    engine = index.as_query_engine(llm=_openai(base_url), similarity_top_k=1)
    return engine.query("Which river flows through Paris?")


# Anthropic


@call()
def anthropic_chat(base_url: str, embeddings_url: str) -> Any:
    """A conversation of several turns."""
    return _anthropic(base_url).chat(CONVERSATION)


@call()
def anthropic_complete(base_url: str, embeddings_url: str) -> Any:
    """A completion, which the client makes of a chat."""
    return _anthropic(base_url).complete("Name three colours.")


@call()
def anthropic_stream(base_url: str, embeddings_url: str) -> Any:
    """A stream that is read to its end."""
    return list(_anthropic(base_url).stream_chat([ChatMessage("Name three colours.")]))


@call()
async def anthropic_stream_async(base_url: str, embeddings_url: str) -> Any:
    """A stream that is read to its end, by a task."""
    stream = await _anthropic(base_url).astream_chat([ChatMessage("Name three colours.")])
    return [chunk async for chunk in stream]
