"""Every rule by which spans are classified, by name."""

from __future__ import annotations

import pytest

from genai_otel_llamaindex._classify import Role, SpanStart, classify
from genai_otel_llamaindex._kinds import Kind, kind_of

TABLE: list[tuple[SpanStart, Role, str]] = [
    (SpanStart(Kind.LLM, "chat"), Role.INFERENCE, "model"),
    (SpanStart(Kind.LLM, "astream_complete"), Role.INFERENCE, "model"),
    (SpanStart(Kind.LLM, "chat", above=Role.INFERENCE), Role.MERGED, "model-in-model"),
    (SpanStart(Kind.LLM, "predict"), Role.HIDDEN, "helper"),
    (SpanStart(Kind.STRUCTURED_LLM, "chat"), Role.HIDDEN, "helper"),
    (SpanStart(Kind.LLM, "predict_and_call", root=True), Role.WORKFLOW, "predict-and-call"),
    (SpanStart(Kind.LLM, "predict_and_call"), Role.HIDDEN, "helper"),
    (SpanStart(Kind.LLM, "predict_and_call", root=True, structured=True), Role.HIDDEN, "helper"),
    (SpanStart(Kind.EMBEDDING, "get_text_embedding_batch"), Role.EMBEDDINGS, "embedding"),
    (SpanStart(Kind.EMBEDDING, "_get_query_embedding"), Role.HIDDEN, "helper"),
    (
        SpanStart(Kind.EMBEDDING, "get_text_embedding", above=Role.EMBEDDINGS),
        Role.MERGED,
        "embedding-in-embedding",
    ),
    (SpanStart(Kind.RETRIEVER, "aretrieve"), Role.RETRIEVAL, "retriever"),
    (SpanStart(Kind.RETRIEVER, "retrieve", above=Role.RETRIEVAL), Role.RETRIEVAL, "retriever"),
    (
        SpanStart(Kind.RETRIEVER, "retrieve", above=Role.RETRIEVAL, same_instance=True),
        Role.MERGED,
        "retrieve-in-retrieve",
    ),
    (SpanStart(Kind.RETRIEVER, "_retrieve"), Role.HIDDEN, "helper"),
    (SpanStart(Kind.TOOL, "acall"), Role.TOOL, "tool"),
    (SpanStart(Kind.TOOL, "call", above=Role.TOOL, same_tool=True), Role.MERGED, "tool-in-tool"),
    (SpanStart(Kind.TOOL, "call", above=Role.TOOL), Role.TOOL, "tool"),
    (SpanStart(Kind.TOOL, "call", structured=True), Role.HIDDEN, "structured-output"),
    (
        SpanStart(Kind.OTHER, "call_tool", step=True, calls_tool=True, in_agent=True),
        Role.TOOL,
        "agent-calls-tool",
    ),
    (SpanStart(Kind.OTHER, "run_agent_step", step=True, in_agent=True), Role.HIDDEN, "agent-step"),
    (SpanStart(Kind.OTHER, "_done", step=True), Role.HIDDEN, "internal-step"),
    (SpanStart(Kind.OTHER, "make", step=True), Role.STEP, "workflow-step"),
    (SpanStart(Kind.AGENT, "run"), Role.AGENT, "agent"),
    (SpanStart(Kind.AGENT_RUNNER, "chat"), Role.AGENT, "agent-runner"),
    (
        SpanStart(Kind.AGENT_RUNNER, "chat", above=Role.AGENT, same_instance=True),
        Role.HIDDEN,
        "agent-in-agent",
    ),
    (SpanStart(Kind.AGENT_WORKFLOW, "run"), Role.WORKFLOW, "workflow"),
    (SpanStart(Kind.WORKFLOW, "run"), Role.WORKFLOW, "workflow"),
    (SpanStart(Kind.QUERY_ENGINE, "query", root=True), Role.WORKFLOW, "root-engine"),
    (SpanStart(Kind.QUERY_ENGINE, "query"), Role.STEP, "component"),
    (
        SpanStart(Kind.QUERY_ENGINE, "query", above=Role.WORKFLOW, same_instance=True),
        Role.HIDDEN,
        "nested-call",
    ),
    (SpanStart(Kind.QUERY_ENGINE, "_query", above=Role.WORKFLOW), Role.STEP, "component"),
    (
        SpanStart(Kind.QUERY_ENGINE, "_query", above=Role.WORKFLOW, same_instance=True),
        Role.HIDDEN,
        "nested-call",
    ),
    (SpanStart(Kind.CHAT_ENGINE, "astream_chat", root=True), Role.WORKFLOW, "root-engine"),
    (SpanStart(Kind.PIPELINE, "run", root=True), Role.WORKFLOW, "root-engine"),
    (SpanStart(Kind.SYNTHESIZER, "synthesize", root=True), Role.STEP, "component"),
    (SpanStart(Kind.SYNTHESIZER, "get_response"), Role.STEP, "component"),
    (
        SpanStart(Kind.SYNTHESIZER, "get_response", above=Role.STEP, same_instance=True),
        Role.HIDDEN,
        "nested-call",
    ),
    (SpanStart(Kind.RERANKER, "_postprocess_nodes"), Role.STEP, "component"),
    (
        SpanStart(Kind.TRANSFORMATION, "__call__", above_kind=Kind.PIPELINE),
        Role.STEP,
        "transformation",
    ),
    (SpanStart(Kind.TRANSFORMATION, "__call__"), Role.HIDDEN, "helper"),
    (SpanStart(Kind.OTHER, "anything"), Role.HIDDEN, "helper"),
]


@pytest.mark.parametrize(
    ("facts", "role", "rule"), TABLE, ids=[f"{rule}-{i}" for i, (_, _, rule) in enumerate(TABLE)]
)
def test_rule(facts: SpanStart, role: Role, rule: str) -> None:
    """The first rule that applies decides."""
    assert classify(facts) == (role, rule)


def test_kinds() -> None:
    """What an object is comes from the framework's base classes, the most derived first."""
    from llama_index.core import MockEmbedding
    from llama_index.core.agent.workflow import FunctionAgent
    from llama_index.core.llms import MockLLM
    from llama_index.core.postprocessor import LLMRerank, SimilarityPostprocessor
    from llama_index.core.tools import FunctionTool
    from llama_models import llm
    from llama_scenarios import INDEX, Flow

    engine = INDEX.as_query_engine(llm=llm())
    objects = [
        (MockLLM(), Kind.LLM),
        (MockEmbedding(embed_dim=1), Kind.EMBEDDING),
        (INDEX.as_retriever(), Kind.RETRIEVER),
        (FunctionTool.from_defaults(lambda: 1, name="one"), Kind.TOOL),
        (FunctionAgent(tools=[], llm=llm()), Kind.AGENT),
        (Flow(), Kind.WORKFLOW),
        (engine, Kind.QUERY_ENGINE),
        (LLMRerank(llm=llm()), Kind.RERANKER),
        (SimilarityPostprocessor(), Kind.POSTPROCESSOR),
        (object(), Kind.OTHER),
        (None, Kind.OTHER),
    ]
    assert [kind_of(one) for one, _ in objects] == [kind for _, kind in objects]
