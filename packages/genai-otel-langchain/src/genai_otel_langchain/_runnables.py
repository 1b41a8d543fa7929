"""What can be told of a runnable by looking at it: whose type it is, its name, whether it is a graph or an agent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

_FRAMEWORK = ("langchain", "langgraph")
_AGENT_FACTORIES = (
    "langchain.agents.factory",
    "langchain.agents.react_agent",
    "langgraph.prebuilt.chat_agent_executor",
)
_AGENT_CLASSES = frozenset({"AgentExecutor"})
_GRAPH_CLASSES = frozenset({"Pregel", "RemoteGraph"})
# What streams an `AgentExecutor` reports its run.
_ITERATORS = {"AgentExecutorIterator": "agent_executor"}
_WRAPPERS = {"RunnableRetry": "retry", "RunnableWithFallbacks": "fallback"}
# Names that runs carry when nobody named them.
_TYPE_NAME = re.compile(
    r"^(?:Runnable[A-Z]\w*|LangGraph|StateGraph|CompiledStateGraph|CompiledGraph|Pregel|RemoteGraph|AgentExecutor"
    r"|Chain|LLMChain|SequentialChain|ChannelWrite|ChannelRead|PregelNode|RunnableSeq|Lambda|Unnamed)(?:<.*>)?$",
    re.DOTALL,
)
# A name with an id in it would make every span name unique.
_ID = re.compile(r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-|[0-9a-f]{16,}|\d{6,}")
_agents: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
_ATTRIBUTES = ("name", "bound", "func", "afunc")


class Kind(NamedTuple):
    """What all runnables of a type have in common."""

    graph: bool
    agent: bool
    wrapper: str | None
    """`retry` or `fallback` around what it stands for."""
    framework: bool
    pregel: bool
    iterates: str | None
    """The attribute that holds what an iterator stands for."""
    held_only: frozenset[str]
    """Attributes that a runnable has in its `__dict__` or not at all."""
    is_plain: bool
    """Whether it is neither graph nor agent nor wrapper."""


class Facts:
    """What a runnable is, looked at as far as it is asked for; what is none tells nothing."""

    __slots__ = ("_runnable", "kind")

    def __init__(self, runnable: Any) -> None:
        kind = _kind_of(type(runnable))
        if kind.iterates is not None:
            runnable = getattr(runnable, kind.iterates, None)
            kind = _kind_of(type(runnable))
        self._runnable, self.kind = runnable, kind

    @property
    def is_entrypoint(self) -> bool:
        """Whether it is LangGraph's graph of one function, which is called by that function's name."""
        return self.kind.pregel and len(getattr(self._runnable, "nodes", ())) == 1

    @property
    def is_agent(self) -> bool:
        """Whether it is an agent, or a graph that a factory of agents has made."""
        if self.kind.agent or not self.kind.graph:
            return self.kind.agent
        return _is_agent_graph(self._runnable) and not self.is_entrypoint

    @property
    def names(self) -> tuple[str | None, str | None]:
        """The name that the application gave it, and that of its type, if the type is the framework's."""
        runnable, kind = self._runnable, self.kind
        if kind.pregel and self.is_entrypoint:
            return given_name(next(iter(runnable.nodes))), None
        name = _read(runnable, "name", kind)
        if not kind.framework:
            return given_name(name), None
        # A binding (`with_retry`, `bind`) is called by the type of what it binds.
        type_name = type(runnable if name is not None else _innermost(runnable)).__name__
        return given_name(name, type_name), type_name

    @property
    def is_plumbing(self) -> bool:
        """Whether the code that it runs belongs to the framework."""
        if not self.kind.framework or (self.kind.pregel and self.is_entrypoint):
            return False
        return _runs_framework_code(self._runnable)


def _look_at(cls: type) -> Kind:
    lineage = {base.__name__ for base in cls.__mro__}
    graph, agent = not lineage.isdisjoint(_GRAPH_CLASSES), not lineage.isdisjoint(_AGENT_CLASSES)
    wrapper = next((_WRAPPERS[word] for word in lineage if word in _WRAPPERS), None)
    return Kind(
        graph=graph,
        agent=agent,
        wrapper=wrapper,
        framework=cls.__module__.startswith(_FRAMEWORK),
        pregel=cls.__name__ == "Pregel",
        iterates=_ITERATORS.get(cls.__name__),
        held_only=frozenset(name for name in _ATTRIBUTES if _is_held_only(cls, name)),
        is_plain=not (graph or agent or wrapper),
    )


_kind_of: Callable[[Any], Kind] = lru_cache(maxsize=1024)(_look_at)


def _is_held_only(cls: type, name: str) -> bool:
    # A `__getattr__` answers for something else: `with_fallbacks` for what it wraps.
    return not any(name in vars(base) for base in cls.__mro__)


def _read(runnable: Any, name: str, kind: Kind | None = None) -> Any:
    # Asking a pydantic model for what it has not makes an exception with a long text.
    held = getattr(runnable, "__dict__", None)
    if held is not None and name in held:
        return held[name]
    if name in (kind or _kind_of(type(runnable))).held_only:
        return None
    return getattr(runnable, name, None)


def _innermost(runnable: Any) -> Any:
    for _ in range(8):
        bound = _read(runnable, "bound")
        if bound is None:
            break
        runnable = bound
    return runnable


def given_name(name: object, type_name: str | None = None) -> str | None:
    """Return `name` if the application gave it: no type's name, nothing with an id in it."""
    if not isinstance(name, str) or not name or name == type_name:
        return None
    return name if _is_given(name) else None


@lru_cache(maxsize=1024)
def _is_given(name: str) -> bool:
    return not (_TYPE_NAME.match(name) or _ID.search(name))


def _runs_framework_code(runnable: Any) -> bool:
    function = _read(runnable, "func") or _read(runnable, "afunc")
    return function is not None and str(getattr(function, "__module__", "")).startswith(_FRAMEWORK)


def _is_agent_graph(graph: Any) -> bool:
    try:
        known = _agents.get(graph)
        if known is None:
            known = _agents[graph] = _from_agent_factory(graph)
        return known
    except TypeError:  # not hashable
        return _from_agent_factory(graph)


def _from_agent_factory(graph: Any) -> bool:
    nodes = getattr(graph, "nodes", None)
    if not isinstance(nodes, dict):
        return False
    return any(
        _module(function) in _AGENT_FACTORIES for node in nodes.values() for function in _functions(node)
    )


def runs_tools(runnable: Any) -> bool:
    """Whether it is a graph's node of LangGraph's `ToolNode`, whatever its name."""
    steps = getattr(runnable, "steps", None)
    return any(base.__name__ == "ToolNode" for step in (steps or ())[:1] for base in type(step).__mro__)


def _module(function: Any) -> str:
    return str(getattr(function, "__module__", ""))


def _functions(node: Any) -> Iterator[Any]:
    bound = getattr(node, "bound", None)
    for step in getattr(bound, "steps", None) or (bound,):
        yield getattr(step, "func", None)
        yield getattr(step, "afunc", None)
