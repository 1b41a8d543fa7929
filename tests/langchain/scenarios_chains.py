"""Scenarios: models, chains, batches, retrievers."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough, chain
from models import LONG_S, ScriptedModel, asks
from pydantic import BaseModel

from scenarios import PROMPT, Q, model, scenario, user


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
""")
def sync_chain(h, cfg):
    (PROMPT | model() | StrOutputParser()).invoke(Q, cfg)


@scenario("""
invoke_workflow joke
  chat scripted-1 CLIENT
""")
def named_chain(h, cfg):
    (PROMPT | model() | StrOutputParser()).with_config(run_name="joke").invoke(Q, cfg)


@scenario("""
invoke_workflow outer_chain
  inner
    chat scripted-1 CLIENT
  upper
""")
def chain_in_chain(h, cfg):
    inner = (PROMPT | model() | StrOutputParser()).with_config(run_name="inner")
    outer = (RunnableLambda(lambda x: {"q": x}) | inner | RunnableLambda(str.upper)).with_config(
        run_name="outer_chain"
    )
    outer.invoke("x", cfg)


@scenario("""
invoke_workflow f
  u
    chat scripted-1 CLIENT
""")
def lambda_user_span(h, cfg):
    m = model()

    def f(x):
        with user("u"):
            return m.invoke(x)

    RunnableLambda(f).invoke("x", cfg)


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
invoke_workflow
  chat scripted-1 CLIENT
""")
def batch(h, cfg):
    (PROMPT | model() | StrOutputParser()).batch([Q, {"q": "y"}], cfg)


@scenario("""
chat scripted-1 CLIENT
chat scripted-1 CLIENT
""")
def llm_generate(h, cfg):
    model().generate([[HumanMessage("a")], [HumanMessage("b")]], callbacks=[h])


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
invoke_workflow
  chat scripted-1 CLIENT
""")
async def abatch(h, cfg):
    await (PROMPT | model() | StrOutputParser()).abatch([Q, {"q": "y"}], cfg)


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
invoke_workflow
  chat scripted-1 CLIENT
invoke_workflow
  chat scripted-1 CLIENT
""")
async def gather(h, cfg):
    c = PROMPT | model(delay_s=0.01) | StrOutputParser()
    await asyncio.gather(*[c.ainvoke(Q, cfg) for _ in range(3)])


@scenario("""
chat scripted-1 CLIENT
chat scripted-1 CLIENT
manual
""")
async def seq_async(h, cfg):
    m = model()
    await m.ainvoke("a", cfg)
    await m.ainvoke("b", cfg)
    with user("manual"):
        pass


@scenario("""
chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
after
""")
async def wait_for_llm(h, cfg):
    try:
        await asyncio.wait_for(model(delay_s=LONG_S).ainvoke("x", cfg), LONG_S / 3)
    except asyncio.TimeoutError:
        pass
    with user("after"):
        pass


@scenario("""
invoke_workflow !asyncio.exceptions.CancelledError
  chat scripted-1 CLIENT !asyncio.exceptions.CancelledError
""")
async def wait_for_chain(h, cfg):
    try:
        await asyncio.wait_for(
            (PROMPT | model(delay_s=LONG_S) | StrOutputParser()).ainvoke(Q, cfg), LONG_S / 3
        )
    except asyncio.TimeoutError:
        pass


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
  chat scripted-1 CLIENT
""")
def parallel(h, cfg):
    RunnableParallel(a=PROMPT | model(), b=PROMPT | model()).invoke(Q, cfg)


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
chat scripted-1 CLIENT
""")
def ctor_and_call(h, cfg):
    m = ScriptedModel(answers=["x"], callbacks=[h])
    (PROMPT | m).invoke(Q, cfg)
    (PROMPT | m).invoke(Q)


@scenario("""
invoke_workflow
  retry
    chat scripted-1 CLIENT !ValueError
    chat scripted-1 CLIENT !ValueError
    chat scripted-1 CLIENT
invoke_workflow
  fallback
    chat scripted-1 CLIENT !ValueError
    chat fb CLIENT
""")
def retry_fallback(h, cfg):
    (PROMPT | model(ValueError("a"), ValueError("b"), "ok").with_retry(wait_exponential_jitter=False)).invoke(
        Q, cfg
    )
    (PROMPT | model(ValueError("a")).with_fallbacks([model("ok", model="fb")])).invoke(Q, cfg)


@scenario("""
text_completion
chat
chat
text_completion
text_completion
""")
def text_llm(h, cfg):

    FakeListLLM(responses=["a"]).invoke("x", cfg)
    FakeListChatModel(responses=["a"]).invoke("x", cfg)
    list(FakeListChatModel(responses=["abc"]).stream("x", cfg))
    FakeListLLM(responses=["a", "b"]).batch(["x", "y"], cfg)


@scenario("""
invoke_workflow
  retrieval CLIENT
    vector db
  chat scripted-1 CLIENT
""")
def retrieval_chain(h, cfg):
    class Notes(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            with user("vector db"):
                return [Document("a", id="1")]

    (
        {"c": Notes(), "q": RunnablePassthrough()} | ChatPromptTemplate.from_template("{c}{q}") | model()
    ).invoke("x", cfg)


@scenario("""
invoke_workflow my_chain
  chat scripted-1 CLIENT
""")
def lcchain_dec(h, cfg):
    m = model()

    @chain
    def my_chain(x):
        return m.invoke(x)

    my_chain.invoke("x", cfg)


@scenario("""
invoke_workflow
  chat scripted-1 CLIENT
""")
def structured(h, cfg):
    class P(BaseModel):
        x: int

    model(asks("P", x=1)).with_structured_output(P).invoke("q", cfg)
