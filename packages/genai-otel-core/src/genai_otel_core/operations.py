"""Operations: what a GenAI application did, in the domain's words and in no vocabulary's spelling.

An adapter fills an operation from its framework; a convention reads it. Fields that nobody
reported are `None` and stay absent. Content fields (messages, arguments, documents' text) are
filled only if the content policy wants them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from genai_otel_core.messages import Document, Message, Part, ToolDefinition
from genai_otel_core.usage import Cost, Usage

COMPLETED = "completed"
ABANDONED = "abandoned"
"""The consumer stopped reading a stream."""
INTERRUPTED = "interrupted"
"""Control flow left the operation on purpose (human in the loop, hand-off)."""
CANCELLED = "cancelled"
EVICTED = "evicted"
"""No end was ever reported; the run store gave the operation up."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return _NOTHING  # Python 3.11 takes no such default, since it cannot be hashed


@dataclass(slots=True)
class Failure:
    """Why an operation failed.

    `type` is low-cardinality: a provider's error code or an exception's qualified class name.
    `exception_type` is the class name; `message` and `stacktrace` are content.
    """

    type: str
    exception_type: str
    message: str | None = None
    stacktrace: str | None = None


@dataclass(slots=True)
class Request:
    """The parameters of a model call."""

    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    top_k: float | None = None
    stop_sequences: list[str] | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    choice_count: int | None = None
    output_type: str | None = None
    stream: bool | None = None
    encoding_formats: list[str] | None = None
    service_tier: str | None = None
    reasoning_level: str | None = None
    previous_response_id: str | None = None


@dataclass(slots=True)
class Response:
    """What the provider said about its answer."""

    id: str | None = None
    model: str | None = None
    finish_reasons: list[str] | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    time_to_first_chunk_s: float | None = None
    chunk_intervals_s: Sequence[float] = ()
    """Between each content-bearing chunk of a stream and the one before it."""


@dataclass(slots=True)
class Operation:
    """What every operation has. `duration_s` is set when it ends, from a monotonic clock."""

    name: str | None = None
    provider: str | None = None
    """Canonical provider id (`genai_otel_core.providers`), or the framework's own word."""
    server_address: str | None = None
    server_port: int | None = None
    conversation_id: str | None = None
    agent_name: str | None = None
    """The nearest enclosing agent's name."""
    metadata: Mapping[str, Any] | None = None
    """What `metadata_attributes` allows of the metadata, tags and baggage around it, by attribute name."""
    in_process: bool = False
    """The work runs in this process, not behind a network."""
    duration_s: float | None = None
    attempt: int | None = None
    """Which try it is, from 1, if the same thing may be tried again."""
    fallback_from: str | None = None
    """What failed before this was tried in its place."""
    subject: Hashable = None
    """What it works on: a later try has an equal one, anything else has not. Compared and never emitted."""
    interrupt_ids: list[str] | None = None
    """Ids of the interrupts that it waits for."""
    resumed_after_s: float | None = None
    """How long the interrupted run that it resumes had waited."""
    outcome: str = COMPLETED
    failure: Failure | None = None
    attributes: Mapping[str, Any] = field(default_factory=_nothing)
    """The application's own attributes, by the names that it chose."""
    dimensions: Mapping[str, Any] = field(default_factory=_nothing)
    """Those of `attributes` that may label metric points."""
    content_uri: str | None = None
    """Where the content is kept, if it is kept apart."""


@dataclass(slots=True)
class Inference(Operation):
    """One logical model call: `kind` is `chat`, `text_completion` or `generate_content`."""

    kind: str = "chat"
    request: Request = field(default_factory=Request)
    response: Response = field(default_factory=Response)
    usage: Usage = field(default_factory=Usage)
    api_type: str | None = None
    cached: bool = False
    """The framework's cache answered; no provider was asked and nothing is billed."""
    cost: Cost | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None
    requested_calls: Sequence[str] = ()
    """Ids of the tool calls that the model asked for."""
    system_instructions: list[Part] | None = None
    input_messages: list[Message] | None = None
    output_messages: list[Message] | None = None
    tool_definitions: list[ToolDefinition] | None = None


@dataclass(slots=True)
class Embeddings(Operation):
    """One embeddings call; a batch is one call."""

    request: Request = field(default_factory=Request)
    response: Response = field(default_factory=Response)
    usage: Usage = field(default_factory=Usage)
    dimension_count: int | None = None
    input_count: int | None = None
    cost: Cost | None = None


@dataclass(slots=True)
class Retrieval(Operation):
    """A query of a retriever. Ids and scores of `documents` are identity, their text is content."""

    model: str | None = None
    data_source_id: str | None = None
    top_k: float | None = None
    query: str | None = None
    documents: list[Document] | None = None


@dataclass(slots=True)
class ToolExecution(Operation):
    """One execution of a tool by the application."""

    type: str | None = None
    description: str | None = None
    call_id: str | None = None
    arguments: Any = None
    result: Any = None


@dataclass(slots=True)
class AgentInvocation(Operation):
    """An agent's run in this process; usage and counts are those of its own model and tool calls."""

    id: str | None = None
    description: str | None = None
    version: str | None = None
    request: Request = field(default_factory=Request)
    response: Response = field(default_factory=Response)
    usage: Usage = field(default_factory=Usage)
    inference_calls: int = 0
    tool_calls: int = 0
    system_instructions: list[Part] | None = None
    input_messages: list[Message] | None = None
    output_messages: list[Message] | None = None
    tool_definitions: list[ToolDefinition] | None = None


@dataclass(slots=True)
class WorkflowInvocation(Operation):
    """An application-visible orchestration: a graph, a root chain, a workflow."""

    input_messages: list[Message] | None = None
    output_messages: list[Message] | None = None


@dataclass(slots=True)
class Step(Operation):
    """A graph node, a named chain: what users recognise and no span type of the conventions covers."""

    kind: str = "chain"
    attempt_count: int = 0
    failed: list[str] = field(default_factory=list)
    """Of a retry or fallback: what failed, in order."""
    used: str | None = None
    """Of a retry or fallback: what succeeded."""
    model: str | None = None
    """Of a retry, fallback or attempt: the model that it asked last."""


RERANK = "rerank"
"""The kind of a step that orders anew what was found."""


def rerank(model: str | None) -> Step:
    """The step of a reranker, by its model if that has a name."""
    return Step(name=RERANK if model is None else f"{RERANK} {model}", kind=RERANK)


@dataclass(slots=True)
class Evaluation(Operation):
    """A judgement on an earlier operation: `name` says of what, `score` and `label` how it came out."""

    score: float | None = None
    label: str | None = None
    explanation: str | None = None
    response_id: str | None = None
    """The provider's id of the answer that was judged."""
