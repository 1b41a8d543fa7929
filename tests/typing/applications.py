"""What applications write, for mypy alone: whoever checks types strictly is to find the public API typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from llama_index.core import Settings
from llama_index.core.callbacks import CallbackManager
from llama_index_instrumentation import get_dispatcher

from genai_otel_core import RootRun, Telemetry, capture_content, conversation, masks, suppress
from genai_otel_core.feedback import capture, current_handle, handle_of, record_evaluation
from genai_otel_langchain import Handler as LangChainHandler
from genai_otel_langchain import LangChainInstrumentor, trace_embeddings
from genai_otel_llamaindex import Handler as LlamaIndexHandler
from genai_otel_llamaindex import LlamaIndexInstrumentor


def hidden(field: str, text: str, operation: Any) -> str | None:
    """Drop queries."""
    return None if field == "query" else text


def providers(root: RootRun) -> Mapping[str, Any] | None:
    """Send everything to the default."""
    return None


def options() -> Telemetry:
    """Every kind of option."""
    Telemetry(mask=masks.common(badge=r"\bB-\d{4}\b"), attributes=lambda: {"a": "b"}, content_store="/tmp/x")
    return Telemetry(
        convention=["1.36", "1.41"],
        capture_content="span",
        mask=hidden,
        attributes={"app.feature": "search"},
        metadata_attributes={"user_id": "user.id"},
        metric_attributes=["user.id"],
        prices={"family-*": {"input": 1, "output": 2.5}},
        provider_for=providers,
    )


def langchain(telemetry: Telemetry, model: BaseChatModel, embeddings: Embeddings) -> Embeddings:
    """A handler on a call, the whole process, and embeddings."""
    with conversation("c"), capture_content("span"), suppress():
        model.invoke("q", config={"callbacks": [LangChainHandler(telemetry)]})
    LangChainInstrumentor().instrument(convention="dev")
    return trace_embeddings(embeddings, telemetry)


def llamaindex(telemetry: Telemetry) -> None:
    """Both ways in, by hand and by its methods, and the whole process."""
    handler = LlamaIndexHandler(telemetry).attach()
    Settings.callback_manager = CallbackManager([handler])
    get_dispatcher().add_span_handler(handler)
    get_dispatcher().add_event_handler(handler)
    handler.detach()
    LlamaIndexInstrumentor().instrument(telemetry=telemetry)


def feedback(telemetry: Telemetry) -> list[str]:
    """Handles and what is said of them."""
    with capture() as captured:
        pass
    found: list[str | None] = [captured.handle, current_handle(), handle_of("id")]
    for handle in filter(None, found):
        record_evaluation(handle, "user", score=1, label="up", explanation="good", telemetry=telemetry)
    return captured.handles
