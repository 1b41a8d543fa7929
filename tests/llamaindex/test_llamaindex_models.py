"""What the span of a model call, an embedding, a retrieval or a tool says."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from llama_index.core import MockEmbedding, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    ImageBlock,
    TextBlock,
)
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.embeddings import MultiModalEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.multi_modal_llms import MultiModalLLM, MultiModalLLMMetadata
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import ImageNode, NodeWithScore, TextNode
from llama_index.core.tools import FunctionTool
from llama_models import USAGE, PlainLLM, ScriptedLLM, asks, llm, raw
from llama_scenarios import INDEX
from pydantic import Field

from genai_otel_core.operations import Inference
from genai_otel_core.testing import Capture, Clock, capture, whole
from genai_otel_llamaindex import Handler, _response

SAID = [ChatMessage("hi")]
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "scripted-1",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.model": "scripted-1-0613",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
}


def test_chat(seen: Capture, handler: Handler) -> None:
    """A call says its model, the response's id, model, finish reason and usage; its text stays out."""
    llm().chat(SAID)
    assert whole(seen.spans[0]) == {
        "name": "chat scripted-1",
        "kind": "CLIENT",
        "status": "UNSET",
        "attributes": CHAT,
    }


def test_chat_content(seen: Capture) -> None:
    """With content there are messages and tools, on the span, and nothing else is new."""
    handler = Handler(**seen.providers, capture_content="span").attach()
    tool = FunctionTool.from_defaults(lambda x: x, name="echo", description="Echo.")
    llm().chat([ChatMessage("be kind", role="system"), *SAID], tools=[tool.metadata.to_openai_tool()])
    handler.detach()
    found = whole(seen.spans[0])["attributes"]
    assert {k: v for k, v in found.items() if k not in CHAT} == {
        "gen_ai.input.messages": [
            {"role": "system", "parts": [{"type": "text", "content": "be kind"}]},
            {"role": "user", "parts": [{"type": "text", "content": "hi"}]},
        ],
        "gen_ai.output.messages": [
            {
                "role": "assistant",
                "parts": [{"type": "text", "content": "hello there"}],
                "finish_reason": "stop",
            }
        ],
        "gen_ai.tool.definitions": [
            {
                "type": "function",
                "name": "echo",
                "description": "Echo.",
                "parameters": found["gen_ai.tool.definitions"][0]["parameters"],
            }
        ],
    }


@pytest.mark.parametrize("method", ["stream_chat", "stream_complete"])
def test_stream(method: str) -> None:
    """A streamed call says the same, that it is streamed, and when its first chunk came."""
    with capture(Clock()) as seen:
        handler = Handler(**seen.providers).attach()
        list(getattr(llm("a b"), method)(SAID if "chat" in method else "hi"))
        handler.detach()
        found = whole(seen.spans[0])["attributes"]
        first = found.pop("gen_ai.response.time_to_first_chunk")
        assert 0 < first < 0.1
        assert found == {**CHAT, "gen_ai.request.stream": True}
        points = seen.metrics()["gen_ai.client.operation.time_per_output_chunk"]
        assert [point["count"] for point in points] == [1]


def test_a_stream_left_early_keeps_what_came(seen: Capture) -> None:
    """Text and ids of the chunks that were read are there; usage, which nobody sent yet, is not."""
    handler = Handler(**seen.providers, capture_content="span").attach()
    stream = llm("a b c").stream_chat(SAID)
    next(stream)
    next(stream)
    stream.close()
    handler.detach()
    found = whole(seen.spans[0])["attributes"]
    assert found["gen_ai.output.messages"][0]["parts"] == [{"type": "text", "content": "a b"}]
    assert found["gen_ai.response.id"] == "chatcmpl-1"
    assert found["genai_otel.outcome"] == "abandoned"
    assert not any(key.startswith("gen_ai.usage") for key in found)


def test_an_undecorated_model_says_what_it_can(seen: Capture, handler: Handler) -> None:
    """A model of the application's own has a name and no usage; nothing is invented."""
    PlainLLM().complete("hi")
    assert whole(seen.spans[0]) == {
        "name": "text_completion plain-1",
        "kind": "CLIENT",
        "status": "UNSET",
        "attributes": {"gen_ai.operation.name": "text_completion", "gen_ai.request.model": "plain-1"},
    }


def test_a_mock_model_runs_in_this_process(seen: Capture, handler: Handler) -> None:
    """No network lies before it, and `unknown` is no model's name."""
    MockLLM().complete("hi")
    assert whole(seen.spans[0]) == {
        "name": "text_completion",
        "kind": "INTERNAL",
        "status": "UNSET",
        "attributes": {"gen_ai.operation.name": "text_completion"},
    }


class Tuned(ScriptedLLM):
    temperature: float = 0.0
    max_tokens: int = 0
    additional_kwargs: dict[str, Any] = Field(
        default_factory=lambda: {"top_p": 1, "seed": 0, "api_key": "sk-secret"}
    )


def test_parameters_come_from_call_and_model(seen: Capture, handler: Handler) -> None:
    """The call's own win over the model's; zeros are kept, keys are not looked for."""
    Tuned(answers=["x"]).chat(
        SAID, temperature=0.5, stop=["END"], response_format={"type": "json_object"}, n=2
    )
    found = whole(seen.spans[0])["attributes"]
    assert {k: v for k, v in found.items() if k not in CHAT} == {
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 0,
        "gen_ai.request.top_p": 1.0,
        "gen_ai.request.seed": 0,
        "gen_ai.request.choice.count": 2,
        "gen_ai.output.type": "json",
    }
    assert "sk-secret" not in str(seen.spans[0].attributes)


class Named:
    """Anything with attributes."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


RESPONSES = {
    "openai": (
        raw(usage=Named(**USAGE, prompt_tokens_details=Named(cached_tokens=4))),
        {},
        (10, 5, 4),
        ["stop"],
    ),
    "openai responses": (
        {
            "response": Named(
                id="resp_1",
                model="m",
                usage={"input_tokens": 3, "output_tokens": 4, "input_tokens_details": {}},
            )
        },
        {},
        (3, 4, None),
        None,
    ),
    "anthropic": (
        {
            "id": "msg_1",
            "model": "m",
            "stop_reason": "end_turn",
            "usage": Named(
                input_tokens=5, output_tokens=2, cache_read_input_tokens=7, cache_creation_input_tokens=1
            ),
        },
        {},
        (13, 2, 7),
        ["end_turn"],
    ),
    "anthropic stream": (
        {"type": "message_delta"},
        {"usage": {"input_tokens": 5, "output_tokens": 2}, "stop_reason": "tool_use"},
        (5, 2, None),
        ["tool_use"],
    ),
    "gemini": (
        {
            "response_id": "g",
            "model_version": "m",
            "usage_metadata": {"prompt_token_count": 6, "candidates_token_count": 2},
            "candidates": [{"finish_reason": SimpleNamespace(name="STOP")}],
        },
        {},
        (6, 2, None),
        ["STOP"],
    ),
    "bedrock": (
        {"stopReason": "end_turn", "usage": {"inputTokens": 1, "outputTokens": 2}},
        {},
        (1, 2, None),
        ["end_turn"],
    ),
    "cohere": (
        {
            "finish_reason": "COMPLETE",
            "meta": Named(
                billed_units=Named(input_tokens=5.0, output_tokens=6.0), tokens=Named(input_tokens=8.0)
            ),
        },
        {},
        (5, 6, None),
        ["COMPLETE"],
    ),
    "cohere stream": (
        {
            "event_type": "stream-end",
            "finish_reason": "COMPLETE",
            "response": Named(meta={"billed_units": {"input_tokens": 5, "output_tokens": 6}}),
        },
        {},
        (5, 6, None),
        ["COMPLETE"],
    ),
    "mistral stream": (
        Named(data=Named(id="c", model="m", usage=Named(**USAGE), choices=[Named(finish_reason="stop")])),
        {},
        (10, 5, None),
        ["stop"],
    ),
    "ollama": (
        {"model": "m", "prompt_eval_count": 8, "eval_count": 9, "done_reason": "stop"},
        {},
        (8, 9, None),
        ["stop"],
    ),
    "summary": (None, {"prompt_tokens": 1, "completion_tokens": 2}, (1, 2, None), None),
    "nothing": (None, {}, (None, None, None), None),
    "a mock": (SimpleNamespace(), {}, (None, None, None), None),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_responses(name: str) -> None:
    """Usage and finish reasons are found where each integration has them, and are absent elsewhere."""
    answer, extra, tokens, reasons = RESPONSES[name]
    op = Inference()
    message = ChatMessage(role="assistant", content="x", additional_kwargs=extra)
    _response.read_response(op, ChatResponse(message=message, raw=answer))
    assert (op.usage.input_tokens, op.usage.output_tokens, op.usage.cache_read_tokens) == tokens
    assert op.response.finish_reasons == reasons


def test_embeddings(seen: Capture, handler: Handler) -> None:
    """A batch is one span, with the length of its vectors."""
    MockEmbedding(embed_dim=3, model_name="mock-3", embed_batch_size=2).get_text_embedding_batch(
        ["a", "b", "c"]
    )
    assert whole(seen.spans[0])["attributes"] == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.request.model": "mock-3",
        "gen_ai.embeddings.dimension.count": 3,
        "genai_otel.embeddings.input.count": 3,
    }


def test_embeddings_of_images(seen: Capture, handler: Handler) -> None:
    """Images are embedded one by one, and each is a call."""

    class Both(MultiModalEmbedding):
        def _get_query_embedding(self, query: str) -> list[float]:
            return [1.0, 2.0]

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return [1.0, 2.0]

        def _get_text_embedding(self, text: str) -> list[float]:
            return [1.0, 2.0]

        def _get_image_embedding(self, img_file_path: Any) -> list[float]:
            return [1.0, 2.0]

        async def _aget_image_embedding(self, img_file_path: Any) -> list[float]:
            return [1.0, 2.0]

    model = Both(model_name="both-1")
    model.get_image_embedding("a.png")
    asyncio.run(model.aget_image_embedding("a.png"))
    model.get_image_embedding_batch(["a.png", "b.png"])
    assert [span.name for span in seen.spans] == ["embeddings both-1"] * 4
    assert seen.spans[0].attributes["gen_ai.embeddings.dimension.count"] == 2


def test_retrieval(seen: Capture) -> None:
    """Ids and scores without content; query, text and metadata with it."""
    nodes = [TextNode(id_="one", text="text", metadata={"page": 1})]
    retriever = VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=3)).as_retriever(
        similarity_top_k=2
    )
    handler = Handler(**seen.providers).attach()
    retriever.retrieve("q")
    handler.detach()
    found = whole(seen.span("retrieval"))["attributes"]
    assert found == {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.request.top_k": 2.0,
        "gen_ai.retrieval.documents": [{"id": "one", "score": pytest.approx(1.0)}],
    }
    seen.clear()
    handler = Handler(**seen.providers, capture_content="span").attach()
    retriever.retrieve("q")
    handler.detach()
    found = whole(seen.span("retrieval"))["attributes"]
    assert found["gen_ai.retrieval.query.text"] == "q"
    (document,) = found["gen_ai.retrieval.documents"]
    assert (document["content"], document["metadata"]) == ("text", {"page": 1})


class FirstRerank(BaseNodePostprocessor):
    """Keeps the first document."""

    model: str = "rerank-1"

    def _postprocess_nodes(self, nodes: list[Any], query_bundle: Any = None) -> list[Any]:
        return nodes[:1]


@pytest.mark.parametrize(
    ("convention", "kind"), [("1.41", None), ("openinference", "RERANKER")], ids=["1.41", "openinference"]
)
def test_reranking_is_a_step(convention: str, kind: str | None, seen: Capture) -> None:
    """By the model that reranks, as through the other adapter."""
    handler = Handler(**seen.providers, convention=convention).attach()
    FirstRerank().postprocess_nodes([NodeWithScore(node=TextNode(text="x"))], query_str="q")
    handler.detach()
    (span,) = seen.spans
    assert (span.name, span.attributes["genai_otel.step.kind"]) == ("rerank rerank-1", "rerank")
    assert span.attributes.get("openinference.span.kind") == kind


@pytest.mark.parametrize("streaming", [False, True])
def test_what_an_engine_says(streaming: bool, seen: Capture) -> None:
    """A query's answer is on its root, read from a stream or not."""
    handler = Handler(**seen.providers, capture_content="span").attach()
    response = INDEX.as_query_engine(llm=llm("a b"), streaming=streaming).query("q")
    assert str(response) == "a b"
    handler.detach()
    found = whole(seen.span("invoke_workflow"))["attributes"]
    assert found["gen_ai.output.messages"] == [
        {"role": "assistant", "parts": [{"type": "text", "content": "a b"}], "finish_reason": ""}
    ]


def test_tool_of_an_agent(seen: Capture) -> None:
    """The step's call has id, arguments and result; the tool's own span is one with it."""
    add = FunctionTool.from_defaults(lambda a, b: a + b, name="add", description="Add.")
    handler = Handler(**seen.providers, capture_content="span").attach()
    model = llm(asks("add", "call_7", a=1, b=2), "3")

    async def main() -> None:
        await FunctionAgent(
            name="calculator", description="Adds.", system_prompt="Be exact.", tools=[add], llm=model
        ).run(user_msg="1 + 2?")

    asyncio.run(main())
    handler.detach()
    assert whole(seen.span("execute_tool add")) == {
        "name": "execute_tool add",
        "kind": "INTERNAL",
        "status": "UNSET",
        "attributes": {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "add",
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": "call_7",
            "gen_ai.tool.description": "Add.",
            "gen_ai.tool.call.arguments": {"a": 1, "b": 2},
            "gen_ai.tool.call.result": {"content": 3},
        },
        **(
            {"links": whole(seen.span("execute_tool add"))["links"]}
            if seen.span("execute_tool add").links
            else {}
        ),
    }
    found = whole(seen.span("invoke_agent calculator"))["attributes"]
    assert found["gen_ai.agent.name"] == "calculator"
    assert found["gen_ai.agent.description"] == "Adds."
    assert found["gen_ai.system_instructions"] == [{"type": "text", "content": "Be exact."}]
    # 0.12.52 itself puts the system prompt before it.
    assert found["gen_ai.input.messages"][-1] == {
        "role": "user",
        "parts": [{"type": "text", "content": "1 + 2?"}],
    }
    assert found["gen_ai.output.messages"][0]["parts"] == [{"type": "text", "content": "3"}]
    assert (found["gen_ai.usage.input_tokens"], found["gen_ai.usage.output_tokens"]) == (20, 10)


def test_without_content_nothing_quotes_the_application(seen: Capture, handler: Handler) -> None:
    """Neither prompts, answers, arguments, results, descriptions nor an exception's text."""

    def secret(word: str) -> str:
        """PRIVATE description."""
        raise ValueError("PRIVATE error")

    model = llm(asks("secret", word="PRIVATE argument"), "PRIVATE answer")

    async def main() -> None:
        tools = [FunctionTool.from_defaults(secret)]
        await FunctionAgent(name="x", system_prompt="PRIVATE prompt", tools=tools, llm=model).run(
            "PRIVATE question"
        )

    asyncio.run(main())
    index = VectorStoreIndex([TextNode(text="PRIVATE text")])
    index.as_query_engine(llm=llm("PRIVATE")).query("PRIVATE query")
    said = [
        (span.name, span.attributes, span.status.description, [e.attributes for e in span.events])
        for span in seen.spans
    ]
    assert "PRIVATE" not in str(said)
    assert "PRIVATE" not in str([(record.body, record.attributes) for record in seen.logs()])


def test_conversation(seen: Capture, handler: Handler) -> None:
    """A memory that the application keyed names the conversation, for the model calls below too."""
    memory = ChatMemoryBuffer.from_defaults(chat_store_key="thread-1", llm=llm())
    SimpleChatEngine.from_defaults(llm=llm(), memory=memory).chat("hi")
    assert seen.span("chat scripted-1").attributes["gen_ai.conversation.id"] == "thread-1"


def test_no_conversation_is_invented(seen: Capture, handler: Handler) -> None:
    """A memory that nobody keyed has the framework's default key, which says nothing."""
    SimpleChatEngine.from_defaults(llm=llm(), memory=ChatMemoryBuffer.from_defaults(llm=llm())).chat("hi")
    assert all("gen_ai.conversation.id" not in span.attributes for span in seen.spans)


def test_tags_of_the_application_name_the_conversation(seen: Capture, handler: Handler) -> None:
    """`instrument_tags` is how LlamaIndex hands metadata down."""
    from llama_index_instrumentation.dispatcher import instrument_tags

    with instrument_tags({"session_id": "s-1"}):
        llm().chat(SAID)
    assert seen.spans[0].attributes["gen_ai.conversation.id"] == "s-1"


def test_parts(seen: Capture) -> None:
    """Blocks become parts: text, media by content and by reference, tool calls and their answers."""
    handler = Handler(**seen.providers, capture_content="span").attach()
    url = "https://example.org/a"
    media = [
        ImageBlock(url=f"{url}.png", image_mimetype="image/png"),
        AudioBlock(url=f"{url}.wav", format="wav"),
    ]
    shown = [
        {"type": "uri", "modality": "image", "uri": f"{url}.png", "mime_type": "image/png"},
        {"type": "uri", "modality": "audio", "uri": f"{url}.wav", "mime_type": "audio/wav"},
    ]
    picture = ChatMessage(
        role="user",
        blocks=[
            TextBlock(text="look"),
            *media,
        ],
    )
    told = [TextBlock(text="3"), *media]
    answer = ChatMessage(role="tool", blocks=told, additional_kwargs={"tool_call_id": "call_1"})
    llm().chat([picture, asks("add", a=1), answer])
    handler.detach()
    assert whole(seen.spans[0])["attributes"]["gen_ai.input.messages"] == [
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "look"},
                *shown,
            ],
        },
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "call_1", "name": "add", "arguments": {"a": 1}}],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": "3"}, *shown]},
    ]


@pytest.mark.parametrize("named", [True, False])
def test_images_beside_a_prompt(named: bool, seen: Capture) -> None:
    """What a multi-modal model is given beside its prompt, as blocks or as nodes, is part of the message."""

    class Looking(MultiModalLLM):
        rate_limiter: Any = None

        @property
        def metadata(self) -> MultiModalLLMMetadata:
            return MultiModalLLMMetadata(model_name="looking-1")

        def to_payload(self) -> dict[str, Any]:
            return {}  # newer versions ask for it, and have it for other models only

        def complete(self, prompt: str, image_documents: Any, **kwargs: Any) -> CompletionResponse:
            return CompletionResponse(text="a cat")

        stream_complete = acomplete = astream_complete = complete
        chat = stream_chat = achat = astream_chat = complete

    images = [
        ImageNode(image="aGk=", image_mimetype="image/png"),
        ImageNode(image_url="https://a.example/i.png"),
        ImageBlock(url="https://a.example/j.png", image_mimetype="image/png"),
        ImageNode(),
    ]
    handler = Handler(**seen.providers, capture_content="span").attach()
    if named:
        Looking().complete("what?", image_documents=images)
    else:
        Looking().complete("what?", images)
    handler.detach()
    found = whole(seen.spans[0])
    assert found["name"] == "text_completion looking-1"
    assert [part["type"] for part in found["attributes"]["gen_ai.input.messages"][0]["parts"]] == [
        "text",
        "blob",
        "uri",
        "uri",
    ]


def test_of_very_many_messages_the_last_are_shown(seen: Capture) -> None:
    """The question is the last of three thousand messages; those between are counted."""
    handler = Handler(**seen.providers, capture_content="span").attach()
    history = [ChatMessage(role="user", content=f"question {index}") for index in range(3_000)]
    llm().chat(history)
    handler.detach()
    shown = whole(seen.spans[0])["attributes"]["gen_ai.input.messages"]
    texts = [message["parts"][0]["content"] for message in shown]
    assert (texts[0], texts[-1]) == ("question 0", "question 2999")
    assert texts[1] == f"[omitted {3_000 - len(texts) + 1} messages]"
