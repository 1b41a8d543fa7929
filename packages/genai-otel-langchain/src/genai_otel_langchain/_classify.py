"""What a chain run is: ordered rules over plain facts, each with a name, so that a decision can be explained."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from genai_otel_langchain._runnables import Facts, given_name

FRAMEWORK_GRAPHS = frozenset({"agent-runnable", "agent-metadata", "entrypoint"})
"""Rules for graphs whose nodes are the framework's own."""


NODES = ("graph-node", "framework-node")
"""Rules for nodes of graphs, shown or not."""


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


class ChainStart(NamedTuple):
    """What the callback and the caller tell of a chain run that starts."""

    name: str | None
    root: bool
    run_type: str | None
    tags: Sequence[str]
    metadata: Mapping[str, Any] | None
    above: str | None
    """The rule that decided on the run directly above."""
    facts: Facts


# Once, since an enum's value is slow to read; the rule of a wrapper has its role's name.
_WRAPPERS = (Role.RETRY.value, Role.FALLBACK.value)
_ATTEMPT = Role.ATTEMPT.value

PLUMBING_TYPES = ("prompt", "parser")
PLUMBING = Decision(Role.HIDDEN, None, "prompt-or-parser")
"""What a run of these types is, whatever else is known of it."""
_HIDDEN_BY_TAG = Decision(Role.HIDDEN, None, "hidden-tag")
_INTERNAL = Decision(Role.HIDDEN, None, "internal-node")
_EDGE = Decision(Role.HIDDEN, None, "graph-plumbing")
_UNNAMED = Decision(Role.HIDDEN, None, "unnamed")
_is_step = re.compile("graph:step:").match
# A conditional edge's function runs inside the node it leaves, under its own name.
_EDGES = ("RunnableCallable", "BranchSpec", "Branch")


def classify(start: ChainStart) -> Decision:
    """Decide what a chain run is; the first rule that applies wins."""
    tags, facts = start.tags, start.facts
    if tags and "langsmith:hidden" in tags:
        return _HIDDEN_BY_TAG
    if start.run_type in PLUMBING_TYPES:
        return PLUMBING
    if not facts.kind.is_plain:
        return _wrapper(start) or _agent(start) or _graph(start)
    if tags and any(map(_is_step, tags)):
        return _node(start)
    if start.root and start.metadata and start.metadata.get("ls_integration") == "langchain_create_agent":
        # Where the caller could not be looked at: the root of an agent says so in its metadata.
        return Decision(Role.AGENT, _agent_metadata(start) or given_name(start.name), "agent-metadata")
    own_name, type_name = facts.names
    name = given_name(start.name, type_name)
    if start.above in _WRAPPERS:
        # Each attempt is seen, also one that would be plumbing elsewhere.
        return Decision(Role.ATTEMPT, name or _ATTEMPT, _ATTEMPT)
    if start.root:
        return Decision(Role.WORKFLOW, name or own_name, "root-chain")
    if type_name in _EDGES:
        return _EDGE
    return _UNNAMED if name is None or facts.is_plumbing else Decision(Role.CHAIN, name, "named-chain")


def _wrapper(start: ChainStart) -> Decision | None:
    # The logical operation over its attempts.
    kind = start.facts.kind.wrapper
    if kind is None:
        return None
    _, type_name = start.facts.names
    return Decision(Role(kind), given_name(start.name, type_name) or kind, kind)


def _agent(start: ChainStart) -> Decision | None:
    if not start.facts.is_agent:
        return None
    own_name, type_name = start.facts.names
    name = own_name or _agent_metadata(start) or given_name(start.name, type_name)
    return Decision(Role.AGENT, name, "agent-runnable")


def _node(start: ChainStart) -> Decision:
    if start.above in FRAMEWORK_GRAPHS:
        return Decision(Role.HIDDEN, start.name, "framework-node")
    if not start.name or start.name.startswith("__"):
        return _INTERNAL
    return Decision(Role.NODE, start.name, "graph-node")


def _graph(start: ChainStart) -> Decision:
    own_name, _ = start.facts.names
    name = own_name or given_name(start.name)
    if start.facts.is_entrypoint:
        return Decision(Role.WORKFLOW, name, "entrypoint")
    if start.root or name is None:
        return Decision(Role.WORKFLOW, name, "graph")
    return Decision(Role.AGENT, name, "named-subgraph")


def _agent_metadata(start: ChainStart) -> str | None:
    # Metadata is inherited: below another agent it is that one's.
    return given_name(start.metadata.get("lc_agent_name")) if start.root and start.metadata else None
