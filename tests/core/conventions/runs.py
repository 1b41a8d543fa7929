"""What happens in a GenAI application, as runs of plain operations: each is played under every convention."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from genai_otel_core import Telemetry
from genai_otel_core import messages as m
from genai_otel_core.operations import (
    ABANDONED,
    COMPLETED,
    AgentInvocation,
    Embeddings,
    Inference,
    Operation,
    Request,
    Response,
    Retrieval,
    Step,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.usage import Usage

SECRET = "the launch code"
"""Stands in every content field, so that a test can see where content went."""


class Stage:
    """Plays operations through a telemetry; `played` has them in the order in which they started."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self.played: list[Operation] = []
        self._ids = itertools.count()
        self._open: list[int] = []

    @contextmanager
    def __call__(self, op: Operation, outcome: str = COMPLETED) -> Iterator[int]:
        run_id = next(self._ids)
        self.telemetry.start(run_id, op, parent_id=self._open[-1] if self._open else None)
        self.played.append(op)
        self._open.append(run_id)
        try:
            yield run_id
        except BaseException as error:
            self.telemetry.fail(run_id, error)
            raise
        else:
            self.telemetry.finish(run_id, outcome)
        finally:
            self._open.pop()

    def one(self, op: Operation, error: BaseException | None = None) -> None:
        """Play a single operation, with the error that it ends with."""
        with suppress(*([] if error is None else [type(error)])), self(op):
            if error is not None:
                raise error


class RateLimitError(Exception):
    """A provider's error, with its code."""

    code = "rate_limit_exceeded"


def says(text: str = SECRET, role: str = "user", **more: Any) -> m.Message:
    """A message of one text."""
    return m.Message(role, [m.Text(text)], **more)


def answer(text: str = SECRET) -> m.Message:
    """An answer of one text."""
    return says(text, "assistant", finish_reason="stop")


def chat(provider: str | None = "openai", model: str | None = "gpt-4o", **fields: Any) -> Inference:
    """A model call with content, usage and a response."""
    request = fields.pop("request", Request(model=model))
    op = Inference(provider=provider, request=request, **fields)
    if op.input_messages is None:
        op.input_messages = [says()]
    if op.output_messages is None:
        op.output_messages = [answer()]
    if op.response == Response():
        op.response = Response(id="chatcmpl-1", model="gpt-4o-2024-08-06", finish_reasons=["stop"])
    if op.usage == Usage():
        op.usage = Usage(input_tokens=100, output_tokens=20)
    return op


def plain(stage: Stage) -> None:
    """The usual chat."""
    stage.one(chat())


def full_request(stage: Stage) -> None:
    """Every parameter there is."""
    request = Request(
        model="gpt-4o",
        temperature=1,
        max_tokens=64,
        top_p=0.9,
        top_k=40.0,
        stop_sequences=[SECRET],
        seed=7,
        frequency_penalty=0,
        presence_penalty=0.5,
        choice_count=1,
        output_type="json",
        service_tier="flex",
        reasoning_level="low",
        previous_response_id="resp_0",
    )
    stage.one(
        chat(
            request=request,
            server_address="api.openai.com",
            server_port=443,
            conversation_id="thread-1",
            system_instructions=[m.Text(SECRET)],
        )
    )


def openai_extras(stage: Stage) -> None:
    """What only OpenAI's API has."""
    response = Response(
        id="chatcmpl-2",
        model="gpt-4o-2024-08-06",
        finish_reasons=["stop"],
        service_tier="default",
        system_fingerprint="fp_1",
    )
    stage.one(
        chat(response=response, api_type="chat_completions", request=Request("gpt-4o", service_tier="auto"))
    )


def same_names_elsewhere(stage: Stage) -> None:
    """Another provider's fields of the same name as OpenAI's."""
    response = Response(id="msg_1", model="m", finish_reasons=["stop"], service_tier="standard")
    stage.one(chat("groq", "m", response=response, request=Request("m", service_tier="on_demand")))


def cached_tokens(stage: Stage) -> None:
    """Anthropic's prompt cache, read and written."""
    usage = Usage(input_tokens=1000, output_tokens=20, cache_read_tokens=900, cache_write_tokens=50)
    response = Response(id="msg_1", model="claude-sonnet-4-5", finish_reasons=["end_turn"])
    stage.one(chat("anthropic", "claude-sonnet-4-5", usage=usage, response=response))


def modalities(stage: Stage) -> None:
    """Tokens by modality and of reasoning."""
    usage = Usage(
        input_tokens=100,
        output_tokens=300,
        reasoning_tokens=50,
        cache_read_tokens=0,
        input_audio_tokens=60,
        input_text_tokens=40,
        output_audio_tokens=240,
    )
    stage.one(chat(usage=usage))


def streamed(stage: Stage) -> None:
    """A stream of four chunks."""
    op = chat(request=Request(model="gpt-4o", stream=True))
    with stage(op) as run_id:
        for _ in range(4):
            stage.telemetry.chunk(run_id)


def abandoned_stream(stage: Stage) -> None:
    """A stream that its reader leaves: no usage, no finish reason."""
    op = Inference(provider="openai", request=Request(model="gpt-4o", stream=True), input_messages=[says()])
    with stage(op, ABANDONED) as run_id:
        stage.telemetry.chunk(run_id)


def several_choices(stage: Stage) -> None:
    """Two answers to one question."""
    stage.one(
        chat(
            request=Request(model="gpt-4o", choice_count=2),
            output_messages=[answer(), says(SECRET, "assistant", finish_reason="length")],
            response=Response(id="chatcmpl-3", finish_reasons=["stop", "length"]),
        )
    )


def tool_calling(stage: Stage) -> None:
    """A chat in which tools were offered, called, answered and asked for again."""
    call = m.ToolCall("lookup", "call_1", {"query": SECRET})
    stage.one(
        chat(
            tool_definitions=[m.ToolDefinition("lookup", SECRET, {"type": "object", "properties": {}})],
            input_messages=[
                says(SECRET, "system"),
                says(),
                m.Message("assistant", [m.Text(SECRET), call]),
                m.Message("tool", [m.ToolResponse(SECRET, "call_1")]),
                m.Message("user", [m.ToolResponse({"rows": [SECRET]}, "call_2"), m.Text(SECRET)]),
            ],
            output_messages=[m.Message("assistant", [call], finish_reason="tool_calls")],
            response=Response(id="chatcmpl-4", finish_reasons=["tool_calls"]),
        )
    )


def multimodal(stage: Stage) -> None:
    """Every kind of part."""
    parts: list[m.Part] = [
        m.Text(SECRET),
        m.Reasoning(SECRET),
        m.Uri("image", f"https://example.com/{SECRET}", "image/png"),
        m.Blob("image", "aGVsbG8=", "image/png"),
        m.Blob("audio", "aGVsbG8=", "audio/wav"),
        m.Uri("video", "https://example.com/v"),
        m.Blob("document", "aGVsbG8=", "application/pdf"),
        m.File("document", "file-1"),
        m.ServerToolCall("web_search", {"type": "web_search", "query": SECRET}, "st_1"),
        m.ServerToolResponse({"type": "web_search", "found": SECRET}, "st_1"),
        m.Generic("annotation", {"note": SECRET}),
    ]
    stage.one(chat(input_messages=[m.Message("user", parts, name="ada"), says(SECRET, "developer")]))


def text_completion(stage: Stage) -> None:
    """A prompt and its continuation."""
    stage.one(chat(model="gpt-3.5-turbo-instruct", kind="text_completion"))


def vertex(stage: Stage) -> None:
    """A provider whose id every version spells in its own way."""
    stage.one(chat("gcp.vertex_ai", "gemini-2.5-pro", kind="generate_content"))


def xai(stage: Stage) -> None:
    """Another such provider."""
    stage.one(chat("x_ai", "grok-4"))


def azure(stage: Stage) -> None:
    """Another such provider, with OpenAI's protocol."""
    stage.one(chat("azure.ai.openai", "gpt-4o", api_type="chat_completions"))


def unlisted_provider(stage: Stage) -> None:
    """A provider that no version lists."""
    stage.one(chat("ollama", "llama3.2"))


def in_process(stage: Stage) -> None:
    """Models that run in this process."""
    stage.one(chat("llama_cpp", "tiny", in_process=True))
    stage.one(Embeddings(provider="local", request=Request(model="mini"), in_process=True))


def nameless(stage: Stage) -> None:
    """A model call of which nothing is known."""
    stage.one(Inference())


def failed_chat(stage: Stage) -> None:
    """A rate limit."""
    op = Inference(provider="openai", request=Request(model="gpt-4o"), input_messages=[says()])
    stage.one(op, RateLimitError(SECRET))


def cancelled_chat(stage: Stage) -> None:
    """A cancelled task."""
    op = Inference(provider="openai", request=Request(model="gpt-4o"), input_messages=[says()])
    stage.one(op, asyncio.CancelledError())


def embeddings(stage: Stage) -> None:
    """A batch of texts."""
    stage.one(
        Embeddings(
            provider="openai",
            server_address="api.openai.com",
            server_port=443,
            request=Request(model="text-embedding-3-small", encoding_formats=["float"]),
            response=Response(model="text-embedding-3-small"),
            usage=Usage(input_tokens=12),
            dimension_count=512,
            input_count=3,
        )
    )


def failed_embeddings(stage: Stage) -> None:
    """A batch of texts that the provider refuses."""
    stage.one(
        Embeddings(provider="openai", request=Request(model="text-embedding-3-small")), TimeoutError(SECRET)
    )


def retrieval(stage: Stage) -> None:
    """A query of a vector store."""
    found = [
        m.Document("doc_1", 0.95, SECRET, {"source": SECRET}),
        m.Document("doc_2", 1),
        m.Document(content=SECRET),
    ]
    stage.one(
        Retrieval(
            name="docs",
            provider="openai",
            model="text-embedding-3-small",
            data_source_id="manuals",
            top_k=3.0,
            query=SECRET,
            documents=found,
        )
    )


def failed_retrieval(stage: Stage) -> None:
    """A query that fails, of a store of which nothing is known."""
    stage.one(Retrieval(query=SECRET), ConnectionError(SECRET))


def tool() -> ToolExecution:
    """A tool's execution with content."""
    return ToolExecution(
        name="lookup",
        type="function",
        description=SECRET,
        call_id="call_1",
        arguments={"query": SECRET},
        result={"rows": [SECRET]},
    )


def failed_tool(stage: Stage) -> None:
    """A tool that raises."""
    op = tool()
    op.result = None
    stage.one(op, ValueError(SECRET))


def agent(stage: Stage) -> None:
    """An agent with two model calls and a tool."""
    op = AgentInvocation(
        name="researcher",
        id="asst_1",
        version="1.0",
        description=SECRET,
        conversation_id="thread-1",
        input_messages=[says()],
        output_messages=[says(SECRET, "assistant")],
    )
    with stage(op):
        stage.one(chat(server_address="api.openai.com"))
        stage.one(tool())
        stage.one(chat(server_address="api.openai.com", usage=Usage(200, 30, 100, 0, 10)))


def failed_agent(stage: Stage) -> None:
    """An agent whose model fails."""
    error = RateLimitError(SECRET)
    try:
        with stage(AgentInvocation(input_messages=[says()])):
            stage.one(Inference(provider="openai", request=Request(model="gpt-4o")), error)
            raise error
    except RateLimitError:
        return


def workflow(stage: Stage) -> None:
    """A graph with a node that asks a model, and a failing one."""
    op = WorkflowInvocation(
        name="support", conversation_id="thread-1", input_messages=[says()], output_messages=[answer()]
    )
    with stage(op):
        with stage(Step(name="plan", kind="node")):
            stage.one(chat())
        stage.one(Step(kind="chain"), KeyError(SECRET))


def nameless_workflow(stage: Stage) -> None:
    """A graph without a name, left by an error."""
    stage.one(WorkflowInvocation(), TimeoutError(SECRET))


RUNS: dict[str, Callable[[Stage], None]] = {
    run.__name__: run
    for run in (
        plain,
        full_request,
        openai_extras,
        same_names_elsewhere,
        cached_tokens,
        modalities,
        streamed,
        abandoned_stream,
        several_choices,
        tool_calling,
        multimodal,
        text_completion,
        vertex,
        xai,
        azure,
        unlisted_provider,
        in_process,
        nameless,
        failed_chat,
        cancelled_chat,
        embeddings,
        failed_embeddings,
        retrieval,
        failed_retrieval,
        failed_tool,
        agent,
        failed_agent,
        workflow,
        nameless_workflow,
    )
}
