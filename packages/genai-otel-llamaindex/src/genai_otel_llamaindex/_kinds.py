"""What an object of LlamaIndex is, by its base classes: nothing of the framework is imported for it."""

from __future__ import annotations

import enum
from typing import Any
from weakref import WeakKeyDictionary

FRAMEWORK = ("llama_index.", "workflows.")


class Kind(enum.Enum):
    """The framework's notions that operations are made of."""

    LLM = "llm"
    STRUCTURED_LLM = "structured_llm"
    EMBEDDING = "embedding"
    RETRIEVER = "retriever"
    TOOL = "tool"
    AGENT = "agent"
    AGENT_RUNNER = "agent_runner"
    AGENT_WORKFLOW = "agent_workflow"
    WORKFLOW = "workflow"
    QUERY_ENGINE = "query_engine"
    CHAT_ENGINE = "chat_engine"
    PIPELINE = "pipeline"
    SYNTHESIZER = "synthesizer"
    RERANKER = "reranker"
    POSTPROCESSOR = "postprocessor"
    TRANSFORMATION = "transformation"
    PROGRAM = "program"
    OTHER = "other"


# By the name of the most derived base class of the framework's that is in the table.
_BASES = {
    "StructuredLLM": Kind.STRUCTURED_LLM,
    "BaseLLM": Kind.LLM,
    "LLM": Kind.LLM,
    "MultiModalLLM": Kind.LLM,
    "BaseEmbedding": Kind.EMBEDDING,
    "BaseSparseEmbedding": Kind.EMBEDDING,
    "BaseRetriever": Kind.RETRIEVER,
    "BaseTool": Kind.TOOL,
    "BaseWorkflowAgent": Kind.AGENT,
    "AgentWorkflow": Kind.AGENT_WORKFLOW,
    "BaseAgentRunner": Kind.AGENT_RUNNER,
    "BaseAgent": Kind.AGENT_RUNNER,
    "Workflow": Kind.WORKFLOW,
    "BaseQueryEngine": Kind.QUERY_ENGINE,
    "BaseChatEngine": Kind.CHAT_ENGINE,
    "IngestionPipeline": Kind.PIPELINE,
    "QueryPipeline": Kind.PIPELINE,  # until 0.12
    "BaseSynthesizer": Kind.SYNTHESIZER,
    "BaseNodePostprocessor": Kind.POSTPROCESSOR,
    "BasePydanticProgram": Kind.PROGRAM,
    "BaseLLMFunctionProgram": Kind.PROGRAM,
    "TransformComponent": Kind.TRANSFORMATION,
}
_known: WeakKeyDictionary[type[object], Kind] = WeakKeyDictionary()


def kind_of(instance: object) -> Kind:
    """Return what an object is; None is nothing that there is a word for."""
    cls = type(instance)
    found = _known.get(cls)
    if found is None:
        found = _known[cls] = _by_bases(cls)
    return found


def _by_bases(cls: type[object]) -> Kind:
    for base in cls.__mro__:
        found = _BASES.get(base.__name__)
        if found is not None and base.__module__.startswith(FRAMEWORK):
            if found is Kind.POSTPROCESSOR and "rerank" in cls.__name__.lower():
                return Kind.RERANKER
            return found
    return Kind.OTHER


def is_framework(cls: type) -> bool:
    """Whether the class comes with the framework or one of its integrations."""
    return cls.__module__.startswith(FRAMEWORK)


def own_name(instance: Any) -> str | None:
    """The name of the instance's class, if the application wrote that class."""
    cls = type(instance)
    return None if is_framework(cls) else cls.__name__
