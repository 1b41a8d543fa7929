"""What a span of the dispatcher is: ordered rules over plain facts, each with a name to explain it by."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from genai_otel_llamaindex._kinds import Kind


class Role(enum.Enum):
    """What a span becomes."""

    INFERENCE = "inference"
    EMBEDDINGS = "embeddings"
    RETRIEVAL = "retrieval"
    TOOL = "tool"
    AGENT = "agent"
    WORKFLOW = "workflow"
    STEP = "step"
    MERGED = "merged"
    """A nested call of the operation above, which is one with it."""
    HIDDEN = "hidden"


class Decision(NamedTuple):
    """A span's role, and the rule that decided."""

    role: Role
    rule: str


@dataclass(frozen=True, slots=True)
class SpanStart:
    """What is known of a span that starts."""

    kind: Kind
    method: str
    root: bool = False
    """Nothing that we know of runs around it."""
    above: Role | None = None
    """The role of the nearest span above that is an operation or a step."""
    above_kind: Kind | None = None
    same_instance: bool = False
    """That span is of the same object."""
    same_tool: bool = False
    """That span executes a tool of the same name."""
    structured: bool = False
    """It happens inside structured prediction, which calls pydantic classes as if they were tools."""
    step: bool = False
    """It is a step that a workflow runs."""
    calls_tool: bool = False
    """It is an agent's step that executes a tool."""
    in_agent: bool = False
    """The workflow that runs the step is an agent or a group of agents."""


_CHAT = frozenset({"chat", "achat", "stream_chat", "astream_chat"})
_COMPLETE = frozenset({"complete", "acomplete", "stream_complete", "astream_complete"})
LLM_METHODS = _CHAT | _COMPLETE
STREAM_METHODS = frozenset({"stream_chat", "astream_chat", "stream_complete", "astream_complete"})
_EMBEDDING = frozenset(
    {
        "get_query_embedding",
        "aget_query_embedding",
        "get_text_embedding",
        "aget_text_embedding",
        "get_text_embedding_batch",
        "aget_text_embedding_batch",
        # No span tells of what calls these.
        "_get_image_embedding",
        "_aget_image_embedding",
    }
)
_TOOL = frozenset({"call", "acall", "__call__"})
_PUBLIC: dict[Kind, frozenset[str]] = {
    # One engine may ask another by the latter.
    Kind.QUERY_ENGINE: frozenset({"query", "aquery", "_query", "_aquery"}),
    Kind.CHAT_ENGINE: _CHAT,
    Kind.PIPELINE: frozenset({"run", "arun"}),
    Kind.SYNTHESIZER: frozenset({"synthesize", "asynthesize", "get_response", "aget_response"}),
    Kind.RERANKER: frozenset({"_postprocess_nodes", "_apostprocess_nodes", "postprocess_nodes"}),
    Kind.POSTPROCESSOR: frozenset({"_postprocess_nodes", "_apostprocess_nodes", "postprocess_nodes"}),
}
# An asynchronous pipeline calls what no span tells of, and that calls these.
_TRANSFORM = frozenset({"__call__", "_parse_nodes", "_aparse_nodes", "extract", "aextract"})
_ORCHESTRATIONS = (Kind.QUERY_ENGINE, Kind.CHAT_ENGINE, Kind.PIPELINE)
_STEPS = (*_ORCHESTRATIONS, Kind.SYNTHESIZER, Kind.RERANKER, Kind.POSTPROCESSOR)


def classify(start: SpanStart) -> Decision:
    """Decide what a span is; the first rule that applies wins."""
    for rule in _RULES:
        decision = rule(start)
        if decision is not None:
            return decision
    return Decision(Role.HIDDEN, "helper")


def _model(start: SpanStart) -> Decision | None:
    if start.kind is not Kind.LLM or start.method not in LLM_METHODS:
        return None
    if start.above is Role.INFERENCE:
        return Decision(Role.MERGED, "model-in-model")
    return Decision(Role.INFERENCE, "model")


def _embeddings(start: SpanStart) -> Decision | None:
    if start.kind is not Kind.EMBEDDING or start.method not in _EMBEDDING:
        return None
    if start.above is Role.EMBEDDINGS:
        return Decision(Role.MERGED, "embedding-in-embedding")
    return Decision(Role.EMBEDDINGS, "embedding")


def _retrieval(start: SpanStart) -> Decision | None:
    if start.kind is not Kind.RETRIEVER or start.method not in ("retrieve", "aretrieve"):
        return None
    if start.above is Role.RETRIEVAL and start.same_instance:
        return Decision(Role.MERGED, "retrieve-in-retrieve")
    return Decision(Role.RETRIEVAL, "retriever")


def _tool_step(start: SpanStart) -> Decision | None:
    if start.step and start.calls_tool:
        return Decision(Role.TOOL, "agent-calls-tool")
    return None


def _tool(start: SpanStart) -> Decision | None:
    if start.kind is not Kind.TOOL or start.method not in _TOOL:
        return None
    if start.structured:
        return Decision(Role.HIDDEN, "structured-output")
    if start.above is Role.TOOL and (start.same_tool or start.same_instance):
        return Decision(Role.MERGED, "tool-in-tool")
    return Decision(Role.TOOL, "tool")


def _step(start: SpanStart) -> Decision | None:
    if not start.step:
        return None
    if start.in_agent:
        return Decision(Role.HIDDEN, "agent-step")
    if start.method.startswith("_"):
        return Decision(Role.HIDDEN, "internal-step")
    return Decision(Role.STEP, "workflow-step")


def _agent(start: SpanStart) -> Decision | None:
    if start.kind is Kind.AGENT and start.method == "run":
        return Decision(Role.AGENT, "agent")
    if start.kind is Kind.AGENT_RUNNER and start.method in _CHAT:
        if start.above is Role.AGENT and start.same_instance:
            return Decision(Role.HIDDEN, "agent-in-agent")
        return Decision(Role.AGENT, "agent-runner")
    return None


def _workflow(start: SpanStart) -> Decision | None:
    if start.kind in (Kind.WORKFLOW, Kind.AGENT_WORKFLOW) and start.method == "run":
        return Decision(Role.WORKFLOW, "workflow")
    return None


def _predict_and_call(start: SpanStart) -> Decision | None:
    # The model call and the tool calls belong to one trace.
    if start.root and not start.structured and start.method in ("predict_and_call", "apredict_and_call"):
        return Decision(Role.WORKFLOW, "predict-and-call")
    return None


def _engine(start: SpanStart) -> Decision | None:
    if start.method not in _PUBLIC.get(start.kind, ()):
        return None
    if start.same_instance and start.above in (Role.STEP, Role.WORKFLOW):
        return Decision(Role.HIDDEN, "nested-call")
    if start.root and start.kind in _ORCHESTRATIONS:
        return Decision(Role.WORKFLOW, "root-engine")
    return Decision(Role.STEP, "component") if start.kind in _STEPS else None


def _transformation(start: SpanStart) -> Decision | None:
    if start.kind is not Kind.TRANSFORMATION or start.above_kind is not Kind.PIPELINE:
        return None
    if start.method in _TRANSFORM:
        return Decision(Role.STEP, "transformation")
    return None


_RULES = (
    _model,
    _embeddings,
    _retrieval,
    _tool_step,
    _tool,
    _step,
    _agent,
    _workflow,
    _predict_and_call,
    _engine,
    _transformation,
)
