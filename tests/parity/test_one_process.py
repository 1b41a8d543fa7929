"""Both frameworks in one process: one trace, parents right, one `Telemetry`."""

from __future__ import annotations

import asyncio
from typing import Any, TypedDict

from langchain_core.runnables import RunnableLambda
from langgraph.graph import END, START, StateGraph
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.tools import FunctionTool
from llama_models import asks, llm
from llama_scenarios import INDEX
from models import ScriptedModel

import genai_otel_langchain
import genai_otel_llamaindex
from genai_otel_core import Telemetry
from genai_otel_core.testing import Capture


class State(TypedDict):
    """A question and its answer."""

    question: str
    answer: str


def graph(ask: Any) -> Any:
    """A LangGraph of one node that asks and one that rephrases."""
    built = StateGraph(State)
    built.add_node("ask", ask)
    built.add_node(
        "rephrase", lambda state: {"answer": ScriptedModel(answers=["y"]).invoke(state["answer"]).text}
    )
    built.add_edge(START, "ask")
    built.add_edge("ask", "rephrase")
    built.add_edge("rephrase", END)
    return built.compile(name="answerer")


TREE = """\
invoke_workflow answerer
  ask
    RetrieverQueryEngine
      retrieval
        embeddings
      CompactAndRefine
        chat scripted-1
  rephrase
    chat scripted-1"""


def handlers(seen: Capture) -> tuple[Any, Any]:
    """A handler of each framework on one telemetry, LlamaIndex's attached."""
    telemetry = Telemetry(**seen.providers)
    return genai_otel_langchain.Handler(telemetry), genai_otel_llamaindex.Handler(telemetry).attach()


def test_a_graph_that_queries_an_index(seen: Capture) -> None:
    """The query hangs under the node that makes it."""
    ours, llama = handlers(seen)
    made = graph(lambda state: {"answer": str(INDEX.as_query_engine(llm=llm()).query(state["question"]))})
    made.invoke({"question": "q", "answer": ""}, {"callbacks": [ours]})
    llama.detach()
    assert seen.tree() == TREE
    assert len({span.context.trace_id for span in seen.spans}) == 1
    assert ours.telemetry.open_runs == 0


def test_the_same_in_tasks(seen: Capture) -> None:
    """As a coroutine."""
    ours, llama = handlers(seen)

    async def ask(state: State) -> dict[str, str]:
        return {"answer": str(await INDEX.as_query_engine(llm=llm()).aquery(state["question"]))}

    asyncio.run(graph(ask).ainvoke({"question": "q", "answer": ""}, {"callbacks": [ours]}))
    llama.detach()
    assert seen.tree() == TREE


def test_handlers_with_equal_options_share_a_telemetry(seen: Capture) -> None:
    """Without a telemetry of the application's they find the same one."""
    ours = genai_otel_langchain.Handler(**seen.providers)
    assert ours.telemetry is genai_otel_llamaindex.Handler(**seen.providers).telemetry


def test_an_agent_whose_tool_is_a_chain_that_queries(seen: Capture) -> None:
    """LlamaIndex around LangChain around LlamaIndex: each call hangs under the one that makes it."""
    ours, llama = handlers(seen)

    def research(question: str) -> str:
        """Research."""
        chain = RunnableLambda(lambda text: str(INDEX.as_query_engine(llm=llm()).query(text)))
        return str(chain.with_config(run_name="researcher").invoke(question, {"callbacks": [ours]}))

    async def main() -> None:
        tools = [FunctionTool.from_defaults(research)]
        await FunctionAgent(name="asker", tools=tools, llm=llm(asks("research", question="q"), "done")).run(
            "go"
        )

    asyncio.run(main())
    llama.detach()
    assert (
        seen.tree()
        == """\
invoke_agent asker
  chat scripted-1
  execute_tool research
    invoke_workflow researcher
      RetrieverQueryEngine
        retrieval
          embeddings
        CompactAndRefine
          chat scripted-1
  chat scripted-1"""
    )


def test_a_graph_whose_tool_asks_a_model(seen: Capture) -> None:
    """LangGraph around LlamaIndex around LangChain: the model hangs under the tool that asks it."""
    ours, llama = handlers(seen)

    def translate(text: str) -> str:
        """Translate."""
        return str(ScriptedModel(answers=["y"]).invoke(text).text)

    tool = FunctionTool.from_defaults(translate)
    made = graph(lambda state: {"answer": str(tool(text=state["question"]))})
    made.invoke({"question": "q", "answer": ""}, {"callbacks": [ours]})
    llama.detach()
    assert (
        seen.tree()
        == """\
invoke_workflow answerer
  ask
    execute_tool translate
      chat scripted-1
  rephrase
    chat scripted-1"""
    )
