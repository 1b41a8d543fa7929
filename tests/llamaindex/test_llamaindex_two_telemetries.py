"""Handlers that send to different places: each makes its own whole trace, none taken for a part of the other's."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from llama_index.core import MockEmbedding, VectorStoreIndex, get_response_synthesizer
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import TextNode
from llama_models import llm
from llama_scenarios import INDEX
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from test_llamaindex_trees import SCENARIOS, run

from drawing import render
from genai_otel_core.testing import Capture, capture
from genai_otel_llamaindex import Handler

# Without spans of the application's own, of which each has but one parent.
SHARED = (
    "chat",
    "stream_complete",
    "astream_complete",
    "completion_stream_error",
    "query_stream_left",
    "query_stream_error",
    "aquery_compact_stream_kept",
    "simple_astream_of_a_custom_model",
    "agent_whose_model_fails",
    "group_error",
)
QUERY = """\
invoke_workflow
  retrieval
    embeddings
  CompactAndRefine
    {model}"""


@pytest.fixture
def other() -> Iterator[Capture]:
    """Where another handler sends; its spans' ids are nobody else's."""
    with capture() as captured:
        captured.tracer_provider.id_generator = RandomIdGenerator()
        yield captured


def roots(seen: Capture) -> list[bool]:
    """Of the first span of each trace, whether it is below nothing at all."""
    own = {span.context.span_id for span in seen.spans}
    return [
        span.parent is None for span in seen.spans if span.parent is None or span.parent.span_id not in own
    ]


def test_each_sees_a_streamed_query(seen: Capture, other: Capture) -> None:
    """Also what is made while the answer is read."""
    handlers = [Handler(**where.providers).attach() for where in (seen, other)]
    INDEX.as_query_engine(llm=llm("a b"), streaming=True).query("q").get_response()
    for handler in handlers:
        handler.detach()
    assert [where.tree() for where in (seen, other)] == [QUERY.format(model="chat scripted-1")] * 2
    assert roots(seen) == roots(other) == [True]
    for where in (seen, other):
        assert not any("genai_otel.outcome" in span.attributes for span in where.spans)


@pytest.mark.parametrize("name", SHARED)
def test_each_sees_the_whole_tree(name: str, seen: Capture, other: Capture) -> None:
    """Of two handlers on the dispatcher, each gives the scenario's tree."""
    function, tree = SCENARIOS[name]
    handlers = [Handler(**where.providers).attach() for where in (seen, other)]
    run(function, gc.collect)
    gc.collect()
    for handler in handlers:
        handler.detach()
    assert [render(where) for where in (seen, other)] == [tree, tree]
    assert all(roots(seen) + roots(other))
    assert [handler.telemetry.open_runs for handler in handlers] == [0, 0]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("model", ["text_completion", "chat scripted-1"])
def test_one_on_the_dispatcher_one_in_callbacks(
    model: str, streaming: bool, seen: Capture, other: Capture
) -> None:
    """What only callbacks reach is told to it as if it were alone."""
    attached, called = Handler(**seen.providers).attach(), Handler(**other.providers)
    manager = CallbackManager([called])
    asked = (
        MockLLM(callback_manager=manager)
        if model == "text_completion"
        else llm("a", callback_manager=manager)
    )
    embeddings = MockEmbedding(embed_dim=3, callback_manager=manager)
    index = VectorStoreIndex([TextNode(text="x")], embed_model=embeddings, callback_manager=manager)
    seen.clear()
    other.clear()
    synthesizer = get_response_synthesizer(llm=asked, callback_manager=manager, streaming=streaming)
    engine = RetrieverQueryEngine(index.as_retriever(), synthesizer, callback_manager=manager)
    answer = engine.query("q")
    if streaming:
        answer.get_response()
    attached.detach()
    assert [where.tree() for where in (seen, other)] == [QUERY.format(model=model)] * 2
    assert roots(seen) == roots(other) == [True]
    assert called.telemetry.open_runs == attached.telemetry.open_runs == 0
