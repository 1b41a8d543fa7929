"""What applications do with LlamaIndex, each scenario with the tree that it must give.

`test_llamaindex_trees` runs them. `user(name)` opens a span of the application's own.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import Any

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import ChatMessage, MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine, SubQuestionQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.tools import FunctionTool, QueryEngineTool
from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step
from llama_models import PlainLLM, ScriptedLLM, asks, llm
from opentelemetry.trace import Tracer
from pydantic import BaseModel

SCENARIOS: dict[str, tuple[Callable[..., Any], str]] = {}
VERSION = tuple(int(part) for part in version("llama-index-core").split(".")[:2])
_tracers: list[Tracer] = []
SAID = [ChatMessage("hi")]


def scenario(tree: str, before_0_14: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a scenario with the tree that it must give; older versions may do things in another way."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        wanted = before_0_14 if before_0_14 and VERSION < (0, 14) else tree
        SCENARIOS[function.__name__] = (function, wanted.strip())
        return function

    return register


def use_tracer(tracer: Tracer) -> None:
    """Set the application's own tracer for the next scenario."""
    _tracers[:] = [tracer]


def user(name: str) -> AbstractContextManager[Any]:
    """Open a span of the application's own."""
    return _tracers[0].start_as_current_span(name)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    with user("adding"):
        return a + b


def fails() -> int:
    """Fail."""
    raise ValueError("boom")


async def aadd(a: int, b: int) -> int:
    """Add two numbers."""
    return add(a, b)


# Before 0.14, LlamaIndex runs synchronous functions for agents in threads that know of no context.
ADD = FunctionTool.from_defaults(add, async_fn=aadd)
FAILS = FunctionTool.from_defaults(fails)


INDEX = VectorStoreIndex([TextNode(id_=name, text=name) for name in ("one", "two")])


# Models


@scenario("chat scripted-1 CLIENT")
def chat() -> None:
    llm().chat(SAID)


@scenario("chat scripted-1 CLIENT")
async def achat() -> None:
    await llm().achat(SAID)


@scenario("chat scripted-1 CLIENT")
def complete_is_one_with_the_chat_it_makes() -> None:
    llm().complete("hi")


@scenario("chat scripted-1 CLIENT")
async def acomplete() -> None:
    await llm().acomplete("hi")


@scenario("chat scripted-1 CLIENT")
def predict() -> None:
    from llama_index.core import PromptTemplate

    llm().predict(PromptTemplate("{q}"), q="hi")


@scenario("text_completion")
def mock_chat() -> None:
    MockLLM().complete("hi")


@scenario("text_completion plain-1 CLIENT")
def undecorated_complete() -> None:
    PlainLLM().complete("hi")


@scenario("text_completion plain-1 CLIENT")
def undecorated_stream() -> None:
    list(PlainLLM().stream_complete("hi"))


@scenario("chat scripted-1 CLIENT !ValueError")
def chat_error() -> None:
    try:
        llm(ValueError("no")).chat(SAID)
    except ValueError:
        return


class City(BaseModel):
    """A city."""

    name: str


@scenario("chat scripted-1 CLIENT")
def structured_model() -> None:
    llm(asks("City", name="Paris")).as_structured_llm(City).chat(SAID)


@scenario("chat scripted-1 CLIENT")
def structured_predict() -> None:
    from llama_index.core import PromptTemplate

    llm(asks("City", name="Paris")).structured_predict(City, PromptTemplate("{q}"), q="hi")


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
  execute_tool add
    adding
""")
def predict_and_call() -> None:
    llm(asks("add", a=1, b=2)).predict_and_call([ADD], "hi")


# Streams


@scenario("""
chat scripted-1 CLIENT
between
between
between
""")
def stream() -> None:
    for _ in llm("a b").stream_chat(SAID):
        with user("between"):
            pass


@scenario("""
chat scripted-1 CLIENT
between
between
between
""")
async def astream() -> None:
    async for _ in await llm("a b").astream_chat(SAID):
        with user("between"):
            await asyncio.sleep(0)


@scenario("chat scripted-1 CLIENT")
def stream_complete() -> None:
    list(llm("a b").stream_complete("hi"))


@scenario("chat scripted-1 CLIENT")
async def astream_complete() -> None:
    [_ async for _ in await llm("a b").astream_complete("hi")]


@scenario("chat scripted-1 CLIENT abandoned")
def stream_left() -> None:
    for _ in llm("a b").stream_chat(SAID):
        break


@scenario("chat scripted-1 CLIENT abandoned")
def stream_closed() -> None:
    stream = llm("a b").stream_chat(SAID)
    next(stream)
    stream.close()


@scenario("chat scripted-1 CLIENT abandoned")
async def astream_left() -> None:
    stream = await llm("a b").astream_chat(SAID)
    async for _ in stream:
        break
    await stream.aclose()


@scenario("chat scripted-1 CLIENT abandoned")
def stream_never_read() -> None:
    llm().stream_chat(SAID)


@scenario("chat scripted-1 CLIENT abandoned")
async def astream_never_read() -> None:
    await llm().astream_chat(SAID)


class Inheriting(ScriptedLLM):
    """As clients that inherit from another one's: each method is a span around that of its base."""

    def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
        return super().stream_chat(messages, **kwargs)


@scenario("chat scripted-1 CLIENT abandoned")
def inherited_stream_never_read() -> None:
    Inheriting(answers=["x"]).stream_chat(SAID)


@scenario("chat scripted-1 CLIENT")
def inherited_stream() -> None:
    list(Inheriting(answers=["a b"]).stream_chat(SAID))


@scenario("chat scripted-1 CLIENT !ValueError")
def inherited_stream_error() -> None:
    try:
        list(Inheriting(answers=[ValueError("no")]).stream_chat(SAID))
    except ValueError:
        return


@scenario("chat scripted-1 CLIENT !ValueError")
def completion_stream_error() -> None:
    try:
        list(llm(ValueError("no")).stream_complete("hi"))
    except ValueError:
        return


@scenario("chat scripted-1 CLIENT !ValueError")
def stream_error() -> None:
    try:
        list(llm(ValueError("no")).stream_chat(SAID))
    except ValueError:
        return


@scenario("""
chat a CLIENT
chat b CLIENT
between
after
""")
def two_streams_read_in_turns() -> None:
    first, second = llm("a b", model="a").stream_chat(SAID), llm("a b", model="b").stream_chat(SAID)
    next(first)
    next(second)
    with user("between"):
        pass
    list(first)
    list(second)
    with user("after"):
        pass


@scenario("""
chat scripted-1 CLIENT
  request
after
""")
def the_request_of_a_stream_is_below_it() -> None:
    class Requesting(type(llm())):  # type: ignore[misc]  # the scripted model, with a client that is traced
        def _next(self) -> ChatMessage:
            with user("request"):
                return super()._next()

    list(Requesting(answers=["a b"]).stream_chat(SAID))
    with user("after"):
        pass


@scenario("""
chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
after
""")
async def cancelled_model() -> None:
    task = asyncio.ensure_future(llm(delay_s=60).achat(SAID))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    with user("after"):
        pass


@scenario("""
one
  chat scripted-1 CLIENT
two
  chat scripted-1 CLIENT
""")
async def gathered() -> None:
    async def one(name: str) -> None:
        with user(name):
            await llm(delay_s=0.001).achat(SAID)

    await asyncio.gather(one("one"), one("two"))


@scenario("""
request
  chat scripted-1 CLIENT
""")
def in_a_thread() -> None:
    with user("request"):
        thread = threading.Thread(target=contextvars.copy_context().run, args=(llm().chat, SAID))
        thread.start()
        thread.join()


# Embeddings and retrieval


@scenario("embeddings CLIENT")
def embeddings_of_a_batch() -> None:
    from llama_index.core import MockEmbedding

    MockEmbedding(embed_dim=3, embed_batch_size=2).get_text_embedding_batch(["a", "b", "c"])


@scenario("embeddings CLIENT")
async def embedding_of_a_query() -> None:
    from llama_index.core import MockEmbedding

    await MockEmbedding(embed_dim=3).aget_query_embedding("q")


@scenario("""
retrieval CLIENT
  embeddings CLIENT
""")
def retrieve() -> None:
    INDEX.as_retriever(similarity_top_k=2).retrieve("q")


class Failing(BaseRetriever):
    def _retrieve(self, query_bundle: Any) -> list[NodeWithScore]:
        raise ValueError("no")


@scenario("""
invoke_workflow !ValueError
  retrieval CLIENT !ValueError
""")
def retriever_error() -> None:
    try:
        RetrieverQueryEngine.from_args(Failing(), llm=llm()).query("q")
    except ValueError:
        return


@scenario("embeddings CLIENT")
def indexing() -> None:
    VectorStoreIndex.from_documents([Document(text="hello world")])


@scenario("""
invoke_workflow
  SentenceSplitter
  embeddings CLIENT
""")
def ingestion() -> None:
    from llama_index.core import MockEmbedding

    IngestionPipeline(transformations=[SentenceSplitter(), MockEmbedding(embed_dim=3)]).run(
        documents=[Document(text="hello world")]
    )


# Engines


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
""")
def query() -> None:
    INDEX.as_query_engine(llm=llm()).query("q")


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
""")
async def aquery() -> None:
    await INDEX.as_query_engine(llm=llm()).aquery("q")


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  SimilarityPostprocessor
  CompactAndRefine
    chat scripted-1 CLIENT
""")
def query_with_postprocessor() -> None:
    cutoff = SimilarityPostprocessor(similarity_cutoff=0.0)
    INDEX.as_query_engine(llm=llm(), node_postprocessors=[cutoff]).query("q")


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
before
between
between
between
after
""")
def query_streamed() -> None:
    response = INDEX.as_query_engine(llm=llm("a b"), streaming=True).query("q")
    with user("before"):
        pass
    for _ in response.response_gen:
        with user("between"):
            pass
    with user("after"):
        pass


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
between
between
between
""")
async def aquery_streamed() -> None:
    response = await INDEX.as_query_engine(llm=llm("a b"), streaming=True).aquery("q")
    async for _ in response.async_response_gen():
        with user("between"):
            pass


@scenario("""
invoke_workflow abandoned
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine abandoned
    chat scripted-1 CLIENT abandoned
""")
def query_stream_left() -> None:
    for _ in INDEX.as_query_engine(llm=llm("a b"), streaming=True).query("q").response_gen:
        break


@scenario(
    """
invoke_workflow abandoned
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine abandoned
""",
    before_0_14="""
invoke_workflow abandoned
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine abandoned
    chat scripted-1 CLIENT abandoned
""",
)
def query_stream_never_read() -> None:
    INDEX.as_query_engine(llm=llm("a b"), streaming=True).query("q")


@scenario("""
invoke_workflow !ValueError
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine !ValueError
    chat scripted-1 CLIENT !ValueError
""")
def query_stream_error() -> None:
    response = INDEX.as_query_engine(llm=llm(ValueError("no")), streaming=True).query("q")
    try:
        list(response.response_gen)
    except ValueError:
        return


@scenario("""
invoke_workflow !RuntimeError
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine !RuntimeError
    chat scripted-1 CLIENT !RuntimeError
""")
def query_error() -> None:
    try:
        INDEX.as_query_engine(llm=llm(RuntimeError("no"))).query("q")
    except RuntimeError:
        return


@scenario("""
invoke_workflow
  retrieval CLIENT
    embeddings CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
""")
def context_chat() -> None:
    INDEX.as_chat_engine(chat_mode="context", llm=llm()).chat("q")


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
""")
def simple_chat_streamed() -> None:
    from llama_index.core.chat_engine import SimpleChatEngine

    list(SimpleChatEngine.from_defaults(llm=llm("a b")).stream_chat("q").response_gen)


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
""")
async def simple_achat_streamed() -> None:
    from llama_index.core.chat_engine import SimpleChatEngine

    response = await SimpleChatEngine.from_defaults(llm=llm("a b")).astream_chat("q")
    [_ async for _ in response.async_response_gen()]
    await asyncio.sleep(0.01)


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
  RetrieverQueryEngine
    retrieval CLIENT
      embeddings CLIENT
    CompactAndRefine
      chat scripted-1 CLIENT
  CompactAndRefine
    chat scripted-1 CLIENT
""")
def sub_questions() -> None:
    from llama_index.core.question_gen import LLMQuestionGenerator

    made = '```json\n[{"sub_question": "what?", "tool_name": "docs"}]\n```'
    tool = QueryEngineTool.from_defaults(INDEX.as_query_engine(llm=llm("x")), name="docs", description="d")
    generator = LLMQuestionGenerator.from_defaults(llm=llm(made))
    SubQuestionQueryEngine.from_defaults(
        [tool], question_gen=generator, llm=llm("x"), use_async=False, verbose=False
    ).query("q")


# Tools and agents


@scenario("""
execute_tool add
  adding
""")
def tool() -> None:
    ADD(a=1, b=2)


@scenario("""
execute_tool add
  adding
""")
async def atool() -> None:
    await ADD.acall(a=1, b=2)


@scenario("execute_tool fails !ValueError")
def tool_error() -> None:
    try:
        FAILS()
    except ValueError:
        return


@scenario("""
invoke_agent calculator
  chat scripted-1 CLIENT
  execute_tool add
    adding
  chat scripted-1 CLIENT
""")
async def function_agent() -> None:
    model = llm(asks("add", a=1, b=2), "3")
    await FunctionAgent(name="calculator", tools=[ADD], llm=model).run("1 + 2?")


@scenario("""
invoke_agent calculator
  chat scripted-1 CLIENT
  execute_tool add
    adding
  chat scripted-1 CLIENT
consumer
""")
async def agent_whose_events_are_read() -> None:
    model = llm(asks("add", a=1, b=2), "3")
    handler = FunctionAgent(name="calculator", tools=[ADD], llm=model).run("1 + 2?")
    once = True
    async for _ in handler.stream_events():
        if once:
            with user("consumer"):
                once = False
    await handler


@scenario("""
invoke_agent
  chat scripted-1 CLIENT
  execute_tool add
    adding
  chat scripted-1 CLIENT
""")
async def react_agent() -> None:
    thought = 'Thought: add\nAction: add\nAction Input: {"a": 1, "b": 2}'
    model = llm(thought, "Thought: I can answer without using any more tools.\nAnswer: 3")
    await ReActAgent(tools=[ADD], llm=model).run("1 + 2?")


@scenario("""
invoke_agent x
  chat scripted-1 CLIENT
  execute_tool fails !ValueError
  chat scripted-1 CLIENT
  execute_tool unknown !tool_error
  chat scripted-1 CLIENT
""")
async def failing_tools() -> None:
    model = llm(asks("fails"), asks("unknown"), "done")
    await FunctionAgent(name="x", tools=[FAILS], llm=model).run("go")


@scenario("""
invoke_agent x !ValueError
  chat scripted-1 CLIENT !ValueError
""")
async def agent_whose_model_fails() -> None:
    try:
        await FunctionAgent(name="x", tools=[ADD], llm=llm(ValueError("no"))).run("go")
    except Exception:
        await asyncio.sleep(0)


@scenario("""
invoke_workflow
  invoke_agent a
    chat scripted-1 CLIENT
    execute_tool handoff
  invoke_agent b
    chat scripted-1 CLIENT
    execute_tool add
      adding
    chat scripted-1 CLIENT
""")
async def group_of_agents() -> None:
    first = llm(asks("handoff", to_agent="b", reason="r"))
    second = llm(asks("add", a=1, b=2), "3")
    a = FunctionAgent(name="a", description="a", tools=[ADD], llm=first, can_handoff_to=["b"])
    b = FunctionAgent(name="b", description="b", tools=[ADD], llm=second)
    await AgentWorkflow(agents=[a, b], root_agent="a").run(user_msg="go")


@scenario("""
invoke_agent librarian
  chat scripted-1 CLIENT
  execute_tool docs
    RetrieverQueryEngine
      retrieval CLIENT
        embeddings CLIENT
      CompactAndRefine
        chat scripted-1 CLIENT
  chat scripted-1 CLIENT
""")
async def agent_with_an_index() -> None:
    docs = QueryEngineTool.from_defaults(INDEX.as_query_engine(llm=llm("x")), name="docs", description="d")
    model = llm(asks("docs", input="q"), "done")
    await FunctionAgent(name="librarian", tools=[docs], llm=model).run("go")


# Workflows


class Made(Event):
    """Something was made."""


class Flow(Workflow):
    @step
    async def make(self, ev: StartEvent) -> Made:
        with user("making"):
            await asyncio.sleep(0.02)
        return Made()

    @step
    async def use(self, ev: Made) -> StopEvent:
        await llm().achat(SAID)
        return StopEvent(result="done")


@scenario("""
invoke_workflow Flow
  make
    making
  use
    chat scripted-1 CLIENT
""")
async def workflow() -> None:
    await Flow().run()


@scenario("""
invoke_workflow Flow
  make
    making
  use
    chat scripted-1 CLIENT
before
consumer
after
""")
async def workflow_whose_events_are_read() -> None:
    handler = Flow().run()
    await asyncio.sleep(0.01)
    with user("before"):
        pass
    async for _ in handler.stream_events():
        with user("consumer"):
            await asyncio.sleep(0)
    await handler
    with user("after"):
        pass


@scenario("""
invoke_workflow Flow
  make
    making
  use
    chat scripted-1 CLIENT
invoke_workflow Flow
  make
    making
  use
    chat scripted-1 CLIENT
chat scripted-1 CLIENT
""")
async def two_workflows_and_a_model_after() -> None:
    await asyncio.gather(Flow().run(), Flow().run())
    await llm().achat(SAID)


class Synchronous(Workflow):
    @step
    def think(self, ev: StartEvent) -> StopEvent:
        with user("thinking"):
            llm().chat(SAID)
        return StopEvent()


@scenario("""
invoke_workflow Synchronous
  think
    thinking
      chat scripted-1 CLIENT
""")
async def workflow_with_a_synchronous_step() -> None:
    await Synchronous().run()


class Parallel(Workflow):
    done = 0

    @step
    async def fan(self, ctx: Context, ev: StartEvent) -> Made | None:
        for _ in range(2):
            ctx.send_event(Made())
        return None

    @step(num_workers=2)
    async def work(self, ev: Made) -> StopEvent | None:
        await llm(delay_s=0.01).achat(SAID)
        self.done += 1
        return StopEvent() if self.done == 2 else None


@scenario("""
invoke_workflow Parallel
  fan
  work
    chat scripted-1 CLIENT
  work
    chat scripted-1 CLIENT
""")
async def parallel_steps() -> None:
    await Parallel().run()


@scenario("""
invoke_workflow Failing !ValueError
  go !ValueError
""")
async def failing_workflow() -> None:
    class Failing(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            raise ValueError("no")

    try:
        await Failing().run()
    except Exception:
        await asyncio.sleep(0)


@scenario("""
invoke_workflow Outer
  go
    invoke_workflow Inner
      go
        inner
    execute_tool add
      adding
""")
async def nested_workflows() -> None:
    class Inner(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            with user("inner"):
                return StopEvent()

    class Outer(Workflow):
        @step
        async def go(self, ev: StartEvent) -> StopEvent:
            await Inner().run()
            await ADD.acall(a=1, b=2)
            return StopEvent()

    await Outer().run()
