"""Agents by whatever factory the installed LangChain has."""

from __future__ import annotations

import warnings
from typing import Any

from langchain_core.prompts import ChatPromptTemplate

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # langchain-community, if it is there, says that it is no longer maintained
    try:
        from langchain_classic import agents as classic
    except ImportError:  # before LangChain 1.0
        from langchain import agents as classic
try:
    from langchain.agents import create_agent
except ImportError:  # before LangChain 1.0
    create_agent = None


def make_agent(model: Any, tools: list[Any], name: str | None = None, **kwargs: Any) -> Any:
    """Return a tool-calling agent."""
    if create_agent is not None:
        return create_agent(model, tools, name=name, **kwargs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a newer langgraph beside an older LangChain says that it has moved
        from langgraph.prebuilt import create_react_agent

        return create_react_agent(model, tools, name=name, **kwargs)


def make_executor(model: Any, tools: list[Any]) -> Any:
    """Return LangChain's first kind of agent."""
    prompt = ChatPromptTemplate([("human", "{input}"), ("placeholder", "{agent_scratchpad}")])
    agent = classic.create_tool_calling_agent(model, tools, prompt)
    return classic.AgentExecutor(agent=agent, tools=tools)
