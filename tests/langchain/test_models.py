"""What a model call's span says: provider, model, server, parameters, usage and finish reasons, from every place."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult, Generation, LLMResult
from models import USAGE, ScriptedModel
from opentelemetry.trace import SpanKind

from genai_otel_core.testing import Capture, whole
from genai_otel_langchain import Handler


def chat(seen: Capture, result: LLMResult | None = None, **start: Any) -> dict[str, Any]:
    """Run one chat callback pair and return the span's attributes."""
    handler = Handler(**seen.providers)
    run_id = uuid4()
    handler.on_chat_model_start(start.pop("serialized", {}), [[HumanMessage("hi")]], run_id=run_id, **start)
    handler.on_llm_end(result or LLMResult(generations=[]), run_id=run_id)
    return dict(seen.spans[-1].attributes)


@pytest.mark.parametrize(
    ("named", "kind", "provider"),
    [
        ("openai", "openai-chat", "openai"),
        ("azure", "azure-openai-chat", "azure.ai.openai"),
        ("openai", "azure-openai-chat", "azure.ai.openai"),
        ("anthropic", "anthropic-chat", "anthropic"),
        ("amazon_bedrock", "amazon_bedrock_converse_chat", "aws.bedrock"),
        ("google_genai", "chat-google-generative-ai", "gcp.gemini"),
        ("google_vertexai", "chat-vertexai", "gcp.vertex_ai"),
        ("cohere", "cohere-chat", "cohere"),
        ("mistral", "mistralai-chat", "mistral_ai"),
        ("groq", "groq-chat", "groq"),
        ("xai", "xai-chat", "x_ai"),
        ("deepseek", "chat-deepseek", "deepseek"),
        ("perplexity", "perplexitychat", "perplexity"),
        ("ibm", "IBM watsonx.ai", "ibm.watsonx.ai"),
        ("ollama", "chat-ollama", "ollama"),
        ("mycompany", "mycompany", "mycompany"),
        (None, "mycompany", None),
    ],
)
def test_providers_are_mapped_and_never_invented(
    named: str | None, kind: str, provider: str | None, seen: Capture
) -> None:
    """Known names become the convention's value, others stay what the framework said, none stays none."""
    metadata = {} if named is None else {"ls_provider": named}
    found = chat(seen, metadata=metadata, invocation_params={"_type": kind})
    assert found.get("gen_ai.provider.name") == provider


def test_request_parameters(seen: Capture) -> None:
    """Every parameter is there in the convention's type; zeros are kept."""
    found = chat(
        seen,
        metadata={"ls_provider": "openai", "ls_model_name": "gpt-4o", "ls_max_tokens": 1},
        invocation_params={
            "model": "gpt-4o",
            "temperature": 0,
            "max_completion_tokens": 0,
            "top_p": 1,
            "top_k": 3,
            "seed": 0,
            "frequency_penalty": 0.0,
            "presence_penalty": -1,
            "n": 2,
            "stop": ["END"],
            "response_format": {"type": "json_schema"},
            "stream": False,
            "tools": [{"name": "secret"}],
        },
    )
    assert found == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.max_tokens": 0,
        "gen_ai.request.top_p": 1.0,
        "gen_ai.request.top_k": 3.0,
        "gen_ai.request.seed": 0,
        "gen_ai.request.frequency_penalty": 0.0,
        "gen_ai.request.presence_penalty": -1.0,
        "gen_ai.request.choice.count": 2,
        "gen_ai.output.type": "json",
    }
    assert isinstance(found["gen_ai.request.temperature"], float)


def test_parameters_that_are_no_numbers_are_absent(seen: Capture) -> None:
    """None, booleans and texts where numbers belong are nothing."""
    found = chat(
        seen,
        metadata={"ls_temperature": None},
        invocation_params={"temperature": None, "max_tokens": True, "seed": "7", "n": 1, "top_p": None},
    )
    assert found == {"gen_ai.operation.name": "chat"}


USAGES = {
    "message": ({"message": AIMessage("x", usage_metadata=USAGE)}, {}, (10, 5, None, None, None)),
    "details": (
        {
            "message": AIMessage(
                "x",
                usage_metadata={
                    "input_tokens": 100,
                    "output_tokens": 50,
                    "total_tokens": 150,
                    "input_token_details": {"cache_read": 60, "cache_creation": 20},
                    "output_token_details": {"reasoning": 30},
                },
            )
        },
        {},
        (100, 50, 60, 20, 30),
    ),
    "anthropic lifetimes": (
        {
            "message": AIMessage(
                "x",
                usage_metadata={
                    "input_tokens": 100,
                    "output_tokens": 5,
                    "total_tokens": 105,
                    "input_token_details": {
                        "cache_read": 0,
                        "cache_creation": 0,
                        "ephemeral_5m_input_tokens": 40,
                    },
                },
            )
        },
        {},
        (100, 5, 0, 40, None),
    ),
    "zeros": (
        {
            "message": AIMessage(
                "x", usage_metadata={"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
            )
        },
        {},
        (0, 0, None, None, None),
    ),
    "openai llm_output": (
        {},
        {
            "token_usage": {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 3},
                "completion_tokens_details": {"reasoning_tokens": 2},
            }
        },
        (9, 4, 3, None, 2),
    ),
    "anthropic llm_output": (
        {},
        {
            "usage": {
                "input_tokens": 10,
                "output_tokens": 4,
                "cache_read_input_tokens": 30,
                "cache_creation_input_tokens": 5,
            }
        },
        (45, 4, 30, 5, None),
    ),
    "gemini generation_info": (
        {
            "generation_info": {
                "usage_metadata": {
                    "prompt_token_count": 8,
                    "candidates_token_count": 3,
                    "thoughts_token_count": 4,
                    "cached_content_token_count": 2,
                }
            }
        },
        {},
        (8, 7, 2, None, 4),
    ),
    "bedrock response_metadata": (
        {
            "message": AIMessage(
                "x",
                response_metadata={"usage": {"inputTokens": 6, "outputTokens": 2, "cacheReadInputTokens": 4}},
            )
        },
        {},
        (10, 2, 4, None, None),
    ),
    "ollama generation_info": (
        {"generation_info": {"prompt_eval_count": 7, "eval_count": 3, "done_reason": "stop"}},
        {},
        (7, 3, None, None, None),
    ),
    "cohere generation_info": (
        {"generation_info": {"token_count": {"input_tokens": 7.0, "output_tokens": 3.0}}},
        {},
        (7, 3, None, None, None),
    ),
    "none": ({}, {"token_usage": {}}, (None,) * 5),
    "nonsense": ({}, {"token_usage": {"prompt_tokens": "many", "completion_tokens": -1}}, (None,) * 5),
}
USAGE_NAMES = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.reasoning.output_tokens",
)


@pytest.mark.parametrize("name", USAGES)
def test_usage_from_every_place(name: str, seen: Capture) -> None:
    """The right numbers, including cache and reasoning in the totals, or no attribute; never an invented 0."""
    parts, output, expected = USAGES[name]
    generation = ChatGeneration(**{"message": AIMessage("x"), **parts})
    found = chat(seen, LLMResult(generations=[[generation]], llm_output=output))
    assert tuple(found.get(key) for key in USAGE_NAMES) == expected


def test_several_choices_count_tokens_once(seen: Capture) -> None:
    """Each choice has its finish reason; the usage that all carry is counted once."""

    class Choices(ScriptedModel):
        def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
            said = [
                AIMessage(t, usage_metadata=USAGE, response_metadata={"finish_reason": r})
                for t, r in self.answers
            ]
            return ChatResult(generations=[ChatGeneration(message=message) for message in said])

    Choices(answers=[("a", "stop"), ("b", "length")]).invoke("hi", {"callbacks": [Handler(**seen.providers)]})
    span = seen.span("chat scripted-1")
    assert span.attributes["gen_ai.response.finish_reasons"] == ("stop", "length")
    assert span.attributes["gen_ai.usage.output_tokens"] == 5
    assert [p["sum"] for p in seen.metrics()["gen_ai.client.token.usage"]] == [10, 5]


def test_models_in_this_process_are_internal(seen: Capture) -> None:
    """Fake models and text models get their span, with what they know and no more."""
    settings = {"callbacks": [Handler(**seen.providers)]}
    FakeListChatModel(responses=["a"]).invoke("hi", settings)
    FakeListLLM(responses=["a"]).invoke("hi", settings)
    assert [(span.name, span.kind) for span in seen.spans] == [
        ("chat", SpanKind.INTERNAL),
        ("text_completion", SpanKind.INTERNAL),
    ]


class Pointed(ScriptedModel):
    """A custom chat class that exposes where it goes."""

    base_url: Any = None


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [
        ("https://llm.example.com/v1", "llm.example.com", 443),
        ("http://user:secret@10.0.0.1:8080/v1?key=x", "10.0.0.1", 8080),
        ("gateway.internal:9000/openai", "gateway.internal", 9000),
        ("http://[::1]:11434", "::1", 11434),
        (None, None, None),
        ("", None, None),
        ("http://:bad:port:", None, None),
    ],
)
def test_server_of_any_model_with_a_base_url(url: Any, address: Any, port: Any, seen: Capture) -> None:
    """Address and port come from the model's base URL, without credentials, path or query."""
    Pointed(answers=["x"], base_url=url).invoke("hi", {"callbacks": [Handler(**seen.providers)]})
    found = seen.span("chat scripted-1").attributes
    assert (found.get("server.address"), found.get("server.port")) == (address, port)


def test_servers_of_real_clients(seen: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defaults and environment variables of the real clients are known before any request."""
    openai = pytest.importorskip("langchain_openai")
    anthropic = pytest.importorskip("langchain_anthropic")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    from genai_otel_langchain._endpoints import endpoint_of_model

    assert endpoint_of_model(openai.ChatOpenAI(model="m")) == ("api.openai.com", 443)
    assert endpoint_of_model(openai.OpenAI(model="m")) == ("api.openai.com", 443)
    assert endpoint_of_model(anthropic.ChatAnthropic(model="m")) == ("api.anthropic.com", 443)
    azure = openai.AzureChatOpenAI(
        azure_endpoint="https://mine.openai.azure.com", api_version="1", azure_deployment="d", api_key="k"
    )
    assert endpoint_of_model(azure) == ("mine.openai.azure.com", 443)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://proxy.local:8443/v1")
    monkeypatch.setenv("ANTHROPIC_API_URL", "http://proxy.local:8444")
    assert endpoint_of_model(openai.ChatOpenAI(model="m")) == ("proxy.local", 8443)
    assert endpoint_of_model(anthropic.ChatAnthropic(model="m")) == ("proxy.local", 8444)


def test_response_ids_are_the_providers(seen: Capture) -> None:
    """Ids that LangChain made up are no response ids."""
    for own in ("run--1234", "lc_run--1", "0b5a3c1e-0000-4000-8000-000000000000", None):
        generation = ChatGeneration(message=AIMessage("x", id=own))
        assert "gen_ai.response.id" not in chat(seen, LLMResult(generations=[[generation]]))
    for message in (AIMessage("x", id="msg_01"), AIMessage("x", response_metadata={"id": "msg_01"})):
        found = chat(seen, LLMResult(generations=[[ChatGeneration(message=message)]]))
        assert found["gen_ai.response.id"] == "msg_01"


def test_a_stream_that_repeats_growing_totals_is_not_added_up(seen: Capture) -> None:
    """Usage that each chunk repeats as a total so far counts once; parts are added."""
    from langchain_core.messages import AIMessageChunk
    from langchain_core.outputs import ChatGenerationChunk

    class Reports(ScriptedModel):
        def _stream(self, *args: Any, **kwargs: Any) -> Any:
            for given, made in self.answers:
                usage = {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}
                yield ChatGenerationChunk(message=AIMessageChunk("a", usage_metadata=usage))

    settings = {"callbacks": [Handler(**seen.providers)]}
    list(Reports(answers=[(10, 1), (10, 2), (10, 3)]).stream("hi", settings))
    list(Reports(answers=[(10, 0), (0, 3)]).stream("hi", settings))
    assert [tuple(span.attributes[name] for name in USAGE_NAMES[:2]) for span in seen.spans] == [
        (10, 3),
        (10, 3),
    ]


def test_streaming_times_are_of_chunks_with_content(seen: Capture) -> None:
    """Role, usage and end markers are no chunks: three words make one first chunk and two intervals."""
    list(ScriptedModel(answers=["a b c"]).stream("hi", {"callbacks": [Handler(**seen.providers)]}))
    span = seen.span("chat scripted-1")
    assert span.attributes["gen_ai.request.stream"] is True
    assert span.attributes["gen_ai.response.time_to_first_chunk"] > 0
    metrics = seen.metrics()
    assert [p["count"] for p in metrics["gen_ai.client.operation.time_to_first_chunk"]] == [1]
    assert [p["count"] for p in metrics["gen_ai.client.operation.time_per_output_chunk"]] == [2]


def test_a_call_that_does_not_stream_has_no_streaming_facts(seen: Capture) -> None:
    """Neither attributes nor points of streams."""
    ScriptedModel(answers=["a b c"]).invoke("hi", {"callbacks": [Handler(**seen.providers)]})
    assert not {"gen_ai.request.stream", "gen_ai.response.time_to_first_chunk"} & set(
        seen.spans[0].attributes
    )
    assert set(seen.metrics()) == {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}


def test_content_of_a_conversation(seen: Capture) -> None:
    """With content on, messages of all roles and parts are on the span and, structured, on the event."""
    conversation = [
        SystemMessage("be brief"),
        HumanMessage(
            [
                {"type": "text", "text": "what is it?"},
                {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
            ]
        ),
        AIMessage("", tool_calls=[{"name": "look", "args": {"x": 1}, "id": "c1"}]),
        ToolMessage("a cat", tool_call_id="c1"),
    ]
    handler = Handler(**seen.providers, capture_content="span_and_event")
    ScriptedModel(answers=["a cat"]).invoke(conversation, {"callbacks": [handler]}, stop=["END"])
    messages = [
        {"role": "system", "parts": [{"type": "text", "content": "be brief"}]},
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "what is it?"},
                {"type": "uri", "modality": "image", "uri": "https://x/y.png"},
            ],
        },
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": {"x": 1}}],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "a cat"}]},
    ]
    answer = [{"role": "assistant", "parts": [{"type": "text", "content": "a cat"}], "finish_reason": "stop"}]
    assert whole(seen.span("chat scripted-1"), volatile=()) == {
        "name": "chat scripted-1",
        "kind": "CLIENT",
        "status": "UNSET",
        "attributes": {
            "gen_ai.input.messages": messages,
            "gen_ai.operation.name": "chat",
            "gen_ai.output.messages": answer,
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "scripted-1",
            "gen_ai.request.stop_sequences": ["END"],
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 5,
        },
    }
    (event,) = seen.logs()
    assert event.event_name == "gen_ai.client.inference.operation.details"
    assert event.span_id == seen.spans[0].context.span_id
    assert event.attributes["gen_ai.output.messages"][0]["parts"][0]["content"] == "a cat"


STEPS = [{"type": "summary_text", "text": "first"}, {"type": "summary_text", "text": "then"}]


@pytest.mark.parametrize(
    ("answer", "thought"),
    [
        (AIMessage([{"type": "thinking", "thinking": "hm", "signature": "x"}]), "hm"),
        (AIMessage([{"type": "reasoning", "id": "rs_1", "summary": STEPS}]), "first\n\nthen"),
        (AIMessage([{"type": "reasoning", "content": [{"type": "reasoning_text", "text": "so"}]}]), "so"),
        (
            AIMessage([{"type": "reasoning_content", "reasoning_content": {"text": "hm", "signature": "x"}}]),
            "hm",
        ),
        (AIMessage("", additional_kwargs={"reasoning_content": "hm"}), "hm"),
        (AIMessage("", additional_kwargs={"reasoning": {"id": "rs_1", "summary": STEPS}}), "first\n\nthen"),
    ],
)
def test_what_a_model_thought_is_told(answer: AIMessage, thought: str, seen: Capture) -> None:
    """As a reasoning part with its text, wherever the provider's integration has it."""
    handler = Handler(**seen.providers, capture_content="span")
    ScriptedModel(answers=[answer]).invoke("hi", {"callbacks": [handler]})
    (said,) = whole(seen.span("chat scripted-1"))["attributes"]["gen_ai.output.messages"]
    assert said["parts"] == [{"type": "reasoning", "content": thought}]


def test_thoughts_without_words_are_as_the_provider_has_them(seen: Capture) -> None:
    """A summary may be empty, and what was thought be told to nobody."""
    handler = Handler(**seen.providers, capture_content="span")
    answer = AIMessage([{"type": "reasoning", "id": "rs_1", "summary": []}])
    ScriptedModel(answers=[answer]).invoke("hi", {"callbacks": [handler]})
    (said,) = whole(seen.span("chat scripted-1"))["attributes"]["gen_ai.output.messages"]
    assert said["parts"] == [{"type": "reasoning", "id": "rs_1", "summary": []}]


@pytest.mark.parametrize(
    "asked",
    [{"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}}, {"output_config": {"effort": "low"}}],
)
def test_how_much_a_model_shall_think(asked: dict[str, Any], seen: Capture) -> None:
    """The level of reasoning is found in each API's form, and what else is said there is no limit of tokens."""
    beside = {"reasoning": {"max_tokens": 7, **asked.get("reasoning", {})}}
    model = ScriptedModel(answers=["x"]).bind(**{**beside, **asked, **beside})
    model.invoke("hi", {"callbacks": [Handler(**seen.providers, convention="dev")]})
    attributes = seen.span("chat scripted-1").attributes
    assert attributes["gen_ai.request.reasoning.level"] == "low"
    assert "gen_ai.request.max_tokens" not in attributes


def test_failed_calls_are_in_the_duration_metric(seen: Capture) -> None:
    """The point carries the same `error.type` as the span; no token point is made up."""
    with pytest.raises(TimeoutError):
        ScriptedModel(answers=[TimeoutError("slow")]).invoke("hi", {"callbacks": [Handler(**seen.providers)]})
    (point,) = seen.metrics()["gen_ai.client.operation.duration"]
    assert point["attributes"] == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "scripted-1",
        "error.type": "TimeoutError",
    }
    assert "gen_ai.client.token.usage" not in seen.metrics()
    (event,) = seen.logs()
    assert (event.event_name, dict(event.attributes)) == (
        "gen_ai.client.operation.exception",
        {"exception.type": "TimeoutError"},
    )


def test_text_generations_have_text_content(seen: Capture) -> None:
    """A plain-text model's prompt and answer are messages too."""
    handler = Handler(**seen.providers, capture_content="span")
    run_id = uuid4()
    handler.on_llm_start({}, ["once"], run_id=run_id)
    handler.on_llm_end(LLMResult(generations=[[Generation(text="upon a time")]]), run_id=run_id)
    found = whole(seen.spans[0])["attributes"]
    assert found["gen_ai.input.messages"] == [
        {"role": "user", "parts": [{"type": "text", "content": "once"}]}
    ]
    assert found["gen_ai.output.messages"][0]["parts"] == [{"type": "text", "content": "upon a time"}]


def test_a_text_model_called_by_generate_has_its_provider(seen: Capture) -> None:
    """LangChain tells it with `invoke` only, but the model knows it."""

    class Text(FakeListLLM):
        def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
            return {"ls_provider": "cohere"}

    handler = Handler(**seen.providers)
    Text(responses=["a"]).invoke("hi", {"callbacks": [handler]})
    Text(responses=["a"]).generate(["hi"], callbacks=[handler])
    assert [span.attributes["gen_ai.provider.name"] for span in seen.spans] == ["cohere", "cohere"]


def test_a_refusal_is_told(seen: Capture) -> None:
    """What OpenAI says instead of an answer is content of the answer, in either of its forms."""
    said = {"type": "refusal", "refusal": "I cannot"}
    handler = Handler(**seen.providers, capture_content="span")
    for answer in (AIMessage("", additional_kwargs={"refusal": "I cannot"}), AIMessage([said])):
        ScriptedModel(answers=[answer]).invoke("hi", {"callbacks": [handler]})
    assert [whole(span)["attributes"]["gen_ai.output.messages"] for span in seen.spans] == [
        [{"role": "assistant", "parts": [said], "finish_reason": ""}]
    ] * 2


def test_a_spoken_answer_is_told(seen: Capture) -> None:
    """What OpenAI's audio models say is a transcript, and the sound by reference."""
    audio = {"id": "audio_1", "data": "AAAA", "transcript": "Good morning", "expires_at": 1}
    handler = Handler(**seen.providers, capture_content="span")
    spoken = AIMessage("", additional_kwargs={"audio": audio})
    ScriptedModel(answers=[spoken]).invoke("hi", {"callbacks": [handler]})
    (answer,) = whole(seen.spans[0])["attributes"]["gen_ai.output.messages"]
    assert answer["parts"][0] == {"type": "text", "content": "Good morning"}
    assert (answer["parts"][1]["type"], answer["parts"][1]["modality"]) == ("blob", "audio")


def test_a_function_call_of_the_older_kind_is_told(seen: Capture) -> None:
    """An answer that asks for a function as OpenAI's API had it before tools; beside tool calls it is their echo."""
    asked = {"name": "look", "arguments": '{"city": "Oslo"}'}
    handler = Handler(**seen.providers, capture_content="span")
    calls = [{"name": "look", "args": {"city": "Oslo"}, "id": "c1"}]
    for answer in (
        AIMessage("", additional_kwargs={"function_call": asked}),
        AIMessage("", additional_kwargs={"function_call": asked}, tool_calls=calls),
    ):
        ScriptedModel(answers=[answer]).invoke("hi", {"callbacks": [handler]})
    said = [whole(span)["attributes"]["gen_ai.output.messages"][0]["parts"] for span in seen.spans]
    assert said == [
        [{"type": "tool_call", "name": "look", "arguments": '{"city": "Oslo"}'}],
        [{"type": "tool_call", "name": "look", "id": "c1", "arguments": {"city": "Oslo"}}],
    ]
