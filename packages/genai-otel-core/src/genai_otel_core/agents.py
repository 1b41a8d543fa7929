"""What an agent's run adds up to: its own model and tool calls, each counted once."""

from __future__ import annotations

import threading

from genai_otel_core.operations import INTERRUPTED, AgentInvocation, Inference, Operation, ToolExecution
from genai_otel_core.runs import Run

_lock = threading.RLock()


def roll_up(agent: Run, op: Operation) -> None:
    """Add an ended operation to the nearest agent above it; an agent's own sub-agents keep theirs to themselves."""
    total = agent.operation
    if not isinstance(total, AgentInvocation) or op.outcome == INTERRUPTED:
        # An interrupted call runs again when it is resumed, and counts then.
        return
    with _lock:
        if isinstance(op, ToolExecution):
            total.tool_calls += 1
        elif isinstance(op, Inference):
            _add_inference(total, op)


def _add_inference(total: AgentInvocation, op: Inference) -> None:
    total.inference_calls += 1
    total.usage.add(op.usage)
    if total.provider is None:
        total.provider = op.provider
    if total.inference_calls == 1:
        total.request.model = op.request.model
        total.request.output_type = op.request.output_type
        # Frameworks may know the agent's own.
        total.system_instructions = op.system_instructions or total.system_instructions
        total.tool_definitions = op.tool_definitions or total.tool_definitions
    elif total.request.model != op.request.model:
        # Only an agent with exactly one model has "the" model (conventions, invoke_agent).
        total.request.model = None
    if op.response.finish_reasons:
        total.response.finish_reasons = op.response.finish_reasons


def name_of(op: Operation | None) -> str | None:
    """The agent's name, for the operations below it."""
    return op.name if isinstance(op, AgentInvocation) else None
