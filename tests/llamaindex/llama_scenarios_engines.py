"""Engines of every kind, each scenario with the tree that it must give; see `llama_scenarios`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from llama_index.core import MockEmbedding, PromptTemplate, SummaryIndex, get_response_synthesizer
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.evaluation import RelevancyEvaluator
from llama_index.core.extractors import TitleExtractor
from llama_index.core.indices.query.query_transform import HyDEQueryTransform, StepDecomposeQueryTransform
from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor import LLMRerank
from llama_index.core.program import LLMTextCompletionProgram
from llama_index.core.query_engine import (
    CitationQueryEngine,
    CustomQueryEngine,
    MultiStepQueryEngine,
    RetryQueryEngine,
    RouterQueryEngine,
    TransformQueryEngine,
)
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.response_synthesizers import TreeSummarize
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.selectors import LLMMultiSelector, LLMSingleSelector
from llama_models import ScriptedLLM, asks, llm
from llama_scenarios import (
    ADD,
    INDEX,
    SAID,
    VERSION,
    City,
    Document,
    IngestionPipeline,
    QueryEngineTool,
    SentenceSplitter,
    SubQuestionQueryEngine,
    TextNode,
    scenario,
    user,
)

TWO_QUESTIONS = """```json
[{"sub_question": "what?", "tool_name": "docs"}, {"sub_question": "who?", "tool_name": "docs"}]
```"""


def qtool(name: str, model: ScriptedLLM) -> QueryEngineTool:
    """A tool that queries the index."""
    return QueryEngineTool.from_defaults(INDEX.as_query_engine(llm=model), name=name, description=name)


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
""")
async def arouter() -> None:
    sel = LLMSingleSelector.from_defaults(llm=llm('[{"choice": 1, "reason": "r"}]'))
    await RouterQueryEngine(
        selector=sel, query_engine_tools=[qtool("a", llm("x")), qtool("b", llm("y"))], llm=llm("z")
    ).aquery("q")


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
""")
async def asubq() -> None:
    await SubQuestionQueryEngine.from_defaults(
        [qtool("docs", llm("x"))],
        question_gen=LLMQuestionGenerator.from_defaults(llm=llm(TWO_QUESTIONS)),
        llm=llm("x"),
        use_async=True,
        verbose=False,
    ).aquery("q")


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
""")
def subq_async_in_sync() -> None:
    SubQuestionQueryEngine.from_defaults(
        [qtool("docs", llm("x"))],
        question_gen=LLMQuestionGenerator.from_defaults(llm=llm(TWO_QUESTIONS)),
        llm=llm("x"),
        use_async=True,
        verbose=False,
    ).query("q")


@scenario(
    """
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
invoke_workflow
  chat scripted-1 CLIENT
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
between
between
after
""",
    before_0_14="""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
invoke_workflow
  chat scripted-1 CLIENT
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
between
between
between
after
""",
)
def condense_plus_stream() -> None:
    e = INDEX.as_chat_engine(chat_mode="condense_plus_context", llm=llm("a b"))
    e.chat("q")
    r = e.stream_chat("q2")
    for t in r.response_gen:
        with user("between"):
            pass
    with user("after"):
        pass


@scenario(
    """
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
invoke_workflow
  chat scripted-1 CLIENT
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
between
between
after
""",
    before_0_14="""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
invoke_workflow
  chat scripted-1 CLIENT
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
between
between
between
after
""",
)
async def condense_plus_astream() -> None:
    e = INDEX.as_chat_engine(chat_mode="condense_plus_context", llm=llm("a b"))
    await e.achat("q")
    r = await e.astream_chat("q2")
    async for t in r.async_response_gen():
        with user("between"):
            pass
    with user("after"):
        pass


@scenario("""
invoke_workflow
  chat
""")
async def simple_astream_of_a_custom_model() -> None:
    """Its asynchronous stream reads a synchronous one, in the task of the engine's that fills the answer's queue."""
    r = await SimpleChatEngine.from_defaults(llm=MockLLM()).astream_chat("a b")
    async for t in r.async_response_gen():
        pass


@scenario("""
invoke_workflow
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
invoke_workflow
  chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
""")
def condense_question() -> None:
    e = INDEX.as_chat_engine(chat_mode="condense_question", llm=llm("a b"))
    e.chat("q")
    e.chat("q2")


@scenario("""
invoke_workflow
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
between
between
""")
def condense_question_stream() -> None:
    e = INDEX.as_chat_engine(chat_mode="condense_question", llm=llm("a b"))
    r = e.stream_chat("q")
    for t in r.response_gen:
        with user("between"):
            pass


@scenario(
    """
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
between
between
""",
    before_0_14="""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
between
between
between
""",
)
def context_stream() -> None:
    e = INDEX.as_chat_engine(chat_mode="context", llm=llm("a b"))
    r = e.stream_chat("q")
    for t in r.response_gen:
        with user("between"):
            pass


@scenario(
    """
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
between
between
""",
    before_0_14="""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
between
between
between
""",
)
async def context_astream() -> None:
    e = INDEX.as_chat_engine(chat_mode="context", llm=llm("a b"))
    r = await e.astream_chat("q")
    async for t in r.async_response_gen():
        with user("between"):
            pass


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  rerank
    chat scripted-1 CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
""")
def llmrerank() -> None:
    INDEX.as_query_engine(
        llm=llm("x"), node_postprocessors=[LLMRerank(llm=llm("Doc: 1, Relevance: 5"), top_n=1)]
    ).query("q")


@scenario("""
invoke_workflow !ValueError
  retrieval CLIENT
    embeddings CLIENT
  rerank !ValueError
    chat scripted-1 CLIENT !ValueError
""")
def rerank_error() -> None:
    try:
        INDEX.as_query_engine(
            llm=llm("x"), node_postprocessors=[LLMRerank(llm=llm(ValueError("no")), top_n=1)]
        ).query("q")
    except ValueError:
        return


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  TreeSummarize
    chat scripted-1 CLIENT
""")
def tree_summarize() -> None:
    INDEX.as_query_engine(llm=llm("x"), response_mode="tree_summarize").query("q")


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  Refine
    chat scripted-1 CLIENT
    chat scripted-1 CLIENT
""")
def refine() -> None:
    INDEX.as_query_engine(llm=llm("x"), response_mode="refine").query("q")


@scenario("""
invoke_workflow
  retrieval CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
""")
def summary_index() -> None:
    SummaryIndex([TextNode(text="a")]).as_query_engine(llm=llm("x")).query("q")


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
""")
def citation() -> None:
    CitationQueryEngine.from_args(INDEX, llm=llm("x")).query("q")


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
""")
def transform() -> None:
    TransformQueryEngine(INDEX.as_query_engine(llm=llm("x")), HyDEQueryTransform(llm=llm("hyp"))).query("q")


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
  chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
""")
def multistep() -> None:
    MultiStepQueryEngine(
        INDEX.as_query_engine(llm=llm("x")),
        StepDecomposeQueryTransform(llm=llm("next?"), verbose=False),
        index_summary="s",
        num_steps=2,
        response_synthesizer=get_response_synthesizer(llm=llm("z")),
    ).query("q")


@scenario("""
invoke_workflow
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
  RetryQueryEngine
    RetrieverQueryEngine
      retrieval CLIENT
        embeddings CLIENT
      CompactAndRefine
        chat scripted-1 CLIENT
""")
def asked_until_it_is_relevant() -> None:
    judge = RelevancyEvaluator(llm=llm("NO"))
    RetryQueryEngine(INDEX.as_query_engine(llm=llm("a")), judge, max_retries=1).query("q")


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
  TreeSummarize
    chat scripted-1 CLIENT
""")
def routed_to_several() -> None:
    tools = [
        QueryEngineTool.from_defaults(INDEX.as_query_engine(llm=llm()), description="d") for _ in range(2)
    ]
    both = '[{"choice": 1, "reason": "r"}, {"choice": 2, "reason": "r"}]'
    summary = TreeSummarize(llm=llm("z"))
    selector = LLMMultiSelector.from_defaults(llm=llm(both))
    RouterQueryEngine(selector, tools, llm=llm(), summarizer=summary).query("q")


@scenario("""
retrieval CLIENT
  chat scripted-1 CLIENT
  retrieval CLIENT
    embeddings CLIENT
  retrieval CLIENT
  retrieval CLIENT
    embeddings CLIENT
  retrieval CLIENT
""")
def fusion() -> None:
    QueryFusionRetriever(
        [INDEX.as_retriever(), INDEX.as_retriever()], llm=llm("a\nb"), num_queries=2, use_async=False
    ).retrieve("q")


@scenario("""
retrieval CLIENT
  chat scripted-1 CLIENT
  retrieval CLIENT
    embeddings CLIENT
  retrieval CLIENT
    embeddings CLIENT
  retrieval CLIENT
    embeddings CLIENT
  retrieval CLIENT
    embeddings CLIENT
""")
def fusion_async_in_sync() -> None:
    QueryFusionRetriever(
        [INDEX.as_retriever(), INDEX.as_retriever()], llm=llm("a\nb"), num_queries=2, use_async=True
    ).retrieve("q")


@scenario("""
chat scripted-1 CLIENT
between
between
between
""")
def predict_stream() -> None:
    for _ in llm("a b").stream(PromptTemplate("{q}"), q="hi"):
        with user("between"):
            pass


@scenario("""
chat scripted-1 CLIENT
between
between
between
""")
async def apredict_stream() -> None:
    async for _ in await llm("a b").astream(PromptTemplate("{q}"), q="hi"):
        with user("between"):
            pass


@scenario("""
chat scripted-1 CLIENT
between
between
""")
def structured_stream() -> None:
    for _ in llm(asks("City", name="Paris")).as_structured_llm(City).stream_chat(SAID):
        with user("between"):
            pass


@scenario("chat scripted-1 CLIENT")
async def astructured_predict() -> None:
    await llm(asks("City", name="Paris")).astructured_predict(City, PromptTemplate("{q}"), q="hi")


@scenario("chat scripted-1 CLIENT")
def stream_structured_predict() -> None:
    list(llm(asks("City", name="Paris")).stream_structured_predict(City, PromptTemplate("{q}"), q="hi"))


@scenario("chat scripted-1 CLIENT")
def text_program() -> None:
    LLMTextCompletionProgram.from_defaults(
        output_cls=City, prompt_template_str="x", llm=llm('{"name":"P"}')
    )()


@scenario("chat scripted-1 CLIENT")
def chat_with_tools() -> None:
    m = llm(asks("add", a=1, b=2))
    m.chat_with_tools([ADD], "hi")


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
  execute_tool add
    adding
""")
async def apredict_and_call() -> None:
    await llm(asks("add", a=1, b=2)).apredict_and_call([ADD], "hi")


@scenario("""
invoke_workflow
  SentenceSplitter
  TitleExtractor
    chat scripted-1 CLIENT
    chat scripted-1 CLIENT
  embeddings CLIENT
""")
async def aingestion() -> None:
    made = [SentenceSplitter(), TitleExtractor(llm=llm("t")), MockEmbedding(embed_dim=3)]
    await IngestionPipeline(transformations=made).arun(documents=[Document(text="hello world")])


@scenario("""
invoke_workflow
  SentenceSplitter
  TitleExtractor
    chat scripted-1 CLIENT
    chat scripted-1 CLIENT
""")
def ingestion_extractor() -> None:
    IngestionPipeline(transformations=[SentenceSplitter(), TitleExtractor(llm=llm("t"))]).run(
        documents=[Document(text="hello world")]
    )


KEPT: list[Any] = []


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
after
""")
def query_stream_kept() -> None:
    KEPT[:] = [INDEX.as_query_engine(llm=llm("a b"), streaming=True).query("q")]
    list(KEPT[0].response_gen)
    with user("after"):
        pass


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  TreeSummarize
    chat scripted-1 CLIENT
""")
async def aquery_stream_kept() -> None:
    engine = INDEX.as_query_engine(llm=llm("a b"), streaming=True, response_mode="tree_summarize")
    KEPT[:] = [await engine.aquery("q")]
    [_ async for _ in KEPT[0].async_response_gen()]


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
""")
async def aquery_compact_stream_kept() -> None:
    KEPT[:] = [await INDEX.as_query_engine(llm=llm("a b"), streaming=True).aquery("q")]
    [_ async for _ in KEPT[0].async_response_gen()]


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
""")
def chat_stream_kept() -> None:
    KEPT[:] = [SimpleChatEngine.from_defaults(llm=llm("a b")).stream_chat("q")]
    list(KEPT[0].response_gen)


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
""")
async def achat_stream_kept() -> None:
    KEPT[:] = [await SimpleChatEngine.from_defaults(llm=llm("a b")).astream_chat("q")]
    [_ async for _ in KEPT[0].async_response_gen()]
    await asyncio.sleep(0.01)


def elsewhere(function: Callable[[], Any]) -> Any:
    """What a thread that knows of no context gives."""
    given: list[Any] = []
    thread = threading.Thread(target=lambda: given.append(function()))
    thread.start()
    thread.join()
    return given[0]


STREAMED_QUERY = """
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
"""


@scenario(STREAMED_QUERY)
def each_word_is_read_by_another_thread() -> None:
    words = INDEX.as_query_engine(llm=llm("a b"), streaming=True).query("q").response_gen
    while elsewhere(lambda: next(words, None)) is not None:
        pass


@scenario(
    STREAMED_QUERY
    + """\
reader
  between
  between
  between
"""
)
async def an_answer_is_read_by_another_task() -> None:
    async def ask() -> Any:
        return await INDEX.as_query_engine(llm=llm("a b"), streaming=True).aquery("q")

    async def read(answer: Any) -> None:
        with user("reader"):
            async for _ in answer.async_response_gen():
                with user("between"):
                    pass

    await asyncio.create_task(read(await asyncio.create_task(ask())))


@scenario(
    STREAMED_QUERY.replace("scripted-1", "first")
    + """\
invoke_workflow Reading
  chat second CLIENT
"""
)
def an_answer_is_read_within_another_query() -> None:
    answer = INDEX.as_query_engine(llm=llm("a b", model="first"), streaming=True).query("q")

    class Reading(CustomQueryEngine):
        def custom_query(self, query_str: str) -> str:
            answer.get_response()
            return str(llm(model="second").complete("x"))

    Reading().query("q")


if VERSION < (0, 13):

    @scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  TreeSummarize
    chat scripted-1 CLIENT
""")
    def query_pipeline() -> None:
        from llama_index.core.query_pipeline import InputComponent, QueryPipeline

        pipeline = QueryPipeline()
        pipeline.add_modules(
            {"in": InputComponent(), "find": INDEX.as_retriever(), "say": TreeSummarize(llm=llm())}
        )
        pipeline.add_link("in", "find")
        pipeline.add_link("in", "say", dest_key="query_str")
        pipeline.add_link("find", "say", dest_key="nodes")
        pipeline.run(input="q")
