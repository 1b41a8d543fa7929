"""What a chain run is: ordered rules over plain facts, each with a name, so that a decision can be explained."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from genai_otel_langchain._runnables import NOTHING, Facts, given_name

FRAMEWORK_GRAPHS = frozenset({"agent-runnable", "agent-metadata", "entrypoint"})
"""Rules for graphs whose nodes are the framework's own."""


GRAPHS = frozenset({*FRAMEWORK_GRAPHS, "graph", "named-subgraph"})
"""Rules for graphs, which can be interrupted and resumed."""


class Role(enum.Enum):
    """What a chain run becomes."""

    AGENT = "agent"
    WORKFLOW = "workflow"
    NODE = "node"
    CHAIN = "chain"
    RETRY = "retry"
    FALLBACK = "fallback"
    ATTEMPT = "attempt"
    HIDDEN = "hidden"


class Decision(NamedTuple):
    """A run's role and name, and the rule that decided."""

    role: Role
    name: str | None
    rule: str

    @property
    def is_node(self) -> bool:
        """Whether it is a node of a graph, shown or not."""
        return self.rule in ("graph-node", "framework-node")


@dataclass(slots=True)
class ChainStart:
    """What the callback and the caller tell of a chain run that starts."""

    name: str | None
    root: bool
    run_type: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    above: str | None = None
    """The rule that decided on the run directly above."""
    facts: Facts = NOTHING


# Once, since an enum's value is slow to read; the rule of a wrapper has its role's name.
_WRAPPERS = (Role.RETRY.value, Role.FALLBACK.value)

PLUMBING_TYPES = ("prompt", "parser")
PLUMBING = Decision(Role.HIDDEN, None, "prompt-or-parser")
"""What a run of these types is, whatever else is known of it."""


def classify(start: ChainStart) -> Decision:
    """Decide what a chain run is; the first rule that applies wins."""
    for rule in _RULES:
        decision = rule(start)
        if decision is not None:
            return decision
    return Decision(Role.HIDDEN, None, "unnamed")


def _hidden_by_tag(start: ChainStart) -> Decision | None:
    if "langsmith:hidden" in start.tags:
        return Decision(Role.HIDDEN, None, "hidden-tag")
    return None


def _prompt_or_parser(start: ChainStart) -> Decision | None:
    return PLUMBING if start.run_type in PLUMBING_TYPES else None


def _agent(start: ChainStart) -> Decision | None:
    if start.facts.agent:
        name = start.facts.name or _agent_metadata(start) or given_name(start.name, start.facts.type_name)
        return Decision(Role.AGENT, name, "agent-runnable")
    return None


def _node(start: ChainStart) -> Decision | None:
    if start.facts.graph or not any(tag.startswith("graph:step:") for tag in start.tags):
        return None
    if start.above in FRAMEWORK_GRAPHS:
        return Decision(Role.HIDDEN, start.name, "framework-node")
    if not start.name or start.name.startswith("__"):
        return Decision(Role.HIDDEN, None, "internal-node")
    return Decision(Role.NODE, start.name, "graph-node")


def _graph(start: ChainStart) -> Decision | None:
    if not start.facts.graph:
        return None
    name = start.facts.name or given_name(start.name)
    if start.facts.entrypoint:
        return Decision(Role.WORKFLOW, name, "entrypoint")
    if start.root or name is None:
        return Decision(Role.WORKFLOW, name, "graph")
    return Decision(Role.AGENT, name, "named-subgraph")


def _agent_by_metadata(start: ChainStart) -> Decision | None:
    # Where the caller could not be looked at: the root of an agent says so in its metadata.
    if start.root and start.metadata.get("ls_integration") == "langchain_create_agent":
        return Decision(Role.AGENT, _agent_metadata(start) or given_name(start.name), "agent-metadata")
    return None


def _wrapper(start: ChainStart) -> Decision | None:
    # The logical operation over its attempts.
    if start.facts.wrapper is None:
        return None
    role = Role(start.facts.wrapper)
    return Decision(role, given_name(start.name, start.facts.type_name) or role.value, role.value)


def _attempt(start: ChainStart) -> Decision | None:
    # Each attempt is seen, also one that would be plumbing elsewhere.
    if start.above in _WRAPPERS:
        name = given_name(start.name, start.facts.type_name)
        return Decision(Role.ATTEMPT, name or Role.ATTEMPT.value, "attempt")
    return None


def _root(start: ChainStart) -> Decision | None:
    if start.root:
        name = given_name(start.name, start.facts.type_name)
        return Decision(Role.WORKFLOW, name or start.facts.name, "root-chain")
    return None


def _edge(start: ChainStart) -> Decision | None:
    # A conditional edge's function runs inside the node it leaves, under its own name.
    if start.facts.type_name in ("RunnableCallable", "BranchSpec", "Branch"):
        return Decision(Role.HIDDEN, None, "graph-plumbing")
    return None


def _named_chain(start: ChainStart) -> Decision | None:
    name = given_name(start.name, start.facts.type_name)
    if name is None or start.facts.plumbing:
        return None
    return Decision(Role.CHAIN, name, "named-chain")


_RULES = (
    _hidden_by_tag,
    _prompt_or_parser,
    _wrapper,
    _agent,
    _node,
    _graph,
    _agent_by_metadata,
    _attempt,
    _root,
    _edge,
    _named_chain,
)


def _agent_metadata(start: ChainStart) -> str | None:
    # Metadata is inherited: below another agent it is that one's.
    return given_name(start.metadata.get("lc_agent_name")) if start.root else None
