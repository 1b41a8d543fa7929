"""The callback handler: each callback classifies, translates, and hands over to `Telemetry`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from genai_otel_core import Telemetry
from genai_otel_core.guard import attempt, guarded
from genai_otel_core.messages import Message
from genai_otel_core.operations import (
    INTERRUPTED,
    AgentInvocation,
    Inference,
    Operation,
    Retrieval,
    ToolExecution,
    WorkflowInvocation,
)
from genai_otel_core.plain import mapping
from genai_otel_core.runs import Run
from genai_otel_core.sharing import shared_telemetry
from genai_otel_langchain import (
    _attempts,
    _chains,
    _compat,
    _context,
    _inline,
    _messages,
    _request,
    _response,
    _streaming,
    _subjects,
    _tools,
    _watching,
)
from genai_otel_langchain._classify import PLUMBING
from genai_otel_langchain._peek import Caller, caller


class Handler(_compat.GraphCallbackHandler):
    """LangChain and LangGraph callbacks to OpenTelemetry spans, metrics and events.

        chain.invoke(x, config={"callbacks": [Handler()]})

    One handler serves sync and async code, threads and tasks alike; it may be passed to constructors, to
    calls, or both, copied, deep-copied and pickled.

    Args:
        telemetry: the `Telemetry` to use, shared with other adapters; or
        **options: the options of `Telemetry`. Handlers with equal options share one.

    Raises:
        TypeError, ValueError: for a wrong option, naming it and the allowed values.
    """

    raise_error = False

    def __init__(self, telemetry: Telemetry | None = None, **options: Any) -> None:
        if telemetry is not None and not isinstance(telemetry, Telemetry):
            raise TypeError(f"telemetry must be a Telemetry or None, not {type(telemetry).__name__}")
        if telemetry is not None and options:
            raise TypeError(f"telemetry brings its own options; {', '.join(sorted(options))} cannot be added")
        self.telemetry = telemetry or shared_telemetry(Telemetry, options)
        self._limit = self.telemetry.settings.max_content_bytes

    @property
    def run_inline(self) -> bool:  # type: ignore[override]  # LangChain only reads it
        """Whether async callbacks run in the caller's own task, or nothing they make current is seen there."""
        asker = sys._getframe(1).f_code  # noqa: SLF001 - the one way to look at who asks
        return id(asker) not in _inline.ASKERS or _inline.silences_nobody(Handler)

    def __copy__(self) -> Handler:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Handler:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.telemetry,)

    # Models

    @guarded
    def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Start a `chat` inference."""
        first = messages[0] if isinstance(messages, list) and messages else ()
        self._start_model("chat", serialized, first, run_id, kwargs)

    @guarded
    def on_llm_start(self, serialized: Any, prompts: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Start a `text_completion` inference."""
        texts = prompts if isinstance(prompts, list) else ()
        self._start_model("text_completion", serialized, texts, run_id, kwargs)

    def _start_model(
        self, kind: str, serialized: Any, prompt: Sequence[Any], run_id: UUID, kwargs: Mapping[str, Any]
    ) -> None:
        named = ("metadata", "invocation_params", "options")
        metadata, params, options = map(mapping, map(kwargs.get, named))
        op = _request.inference(kind, serialized, metadata, params, options)
        seen = caller(own=3)
        if seen is not None:
            attempt("parameters of a model", _request.complete, op, seen)
        op.subject = attempt("subject of a model call", _subjects.of_prompt, prompt)
        note = _streaming.StreamNote(seen is not None and seen.is_stream)
        if self._start(run_id, op, kwargs, seen, note):
            op.input_messages = attempt("prompt", _messages.chat_messages, prompt, self._limit)
            op.tool_definitions = attempt("tool_definitions", _request.tool_definitions, params, self._limit)

    @guarded
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Take a chunk of a stream."""
        _streaming.take_chunk(self.telemetry, run_id, token, kwargs.get("chunk"))

    @guarded
    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Take an event of a v3 stream, which natively streaming models send instead of tokens."""
        _streaming.take_event(self.telemetry, run_id, event)

    @guarded
    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End an inference with its result."""
        run = self.telemetry.find(run_id)
        attempt("result of a model", self._read_result, run, response)
        if run is not None and run.stream_above is not None:
            attempt("stream of a model", _context.leave_stream_above, run)
        self.telemetry.finish(run_id)

    @guarded
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End an inference that failed, or that its reader left."""
        partial = kwargs.get("response")
        if partial is not None and attempt("partial result of a model", _response.has_answer, partial):
            attempt("partial result of a model", self._read_result, self.telemetry.find(run_id), partial)
        self._fail(run_id, error)

    def _read_result(self, run: Run | None, response: Any) -> None:
        if run is None or not isinstance(op := run.operation, Inference):
            return
        _response.read_result(op, response)
        if run.wants_content:
            choices = _response.generations_of(response)
            if choices:
                op.output_messages = [_messages.generation_message(choice, self._limit) for choice in choices]

    # Tools

    @guarded
    def on_tool_start(self, serialized: Any, input_str: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Start a tool execution."""
        seen = caller()
        call_id = kwargs.get("tool_call_id")
        if call_id is None and seen is not None:
            call_id = seen.tool_call_id
        op = _tools.tool_execution(serialized, kwargs.get("name"), call_id)
        op.subject = _subjects.of_tool(op.call_id, input_str)
        if self._start(run_id, op, kwargs, seen):
            described = serialized.get("description") if isinstance(serialized, Mapping) else None
            op.description = described if isinstance(described, str) and described else None
            op.arguments = attempt(
                "tool arguments", _tools.arguments, kwargs.get("inputs"), input_str, self._limit
            )

    @guarded
    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End a tool execution; an answer that says it failed is a failure."""
        op = self.telemetry.operation(run_id)
        if isinstance(op, ToolExecution):
            content = self.telemetry.captures(run_id)
            attempt("result of a tool", _tools.read_output, op, output, content, self._limit)
        self.telemetry.finish(run_id)

    @guarded
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End a tool execution that raised."""
        op, call_id = self.telemetry.operation(run_id), kwargs.get("tool_call_id")
        if isinstance(op, ToolExecution) and op.call_id is None and isinstance(call_id, str):
            op.call_id = call_id
        self._fail(run_id, error)

    # Retrievers

    @guarded
    def on_retriever_start(self, serialized: Any, query: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Start a retrieval."""
        seen = caller()
        op = _tools.retrieval(kwargs.get("name"), mapping(kwargs.get("metadata")), seen)
        if self._start(run_id, op, kwargs, seen) and isinstance(query, str):
            op.query = query

    @guarded
    def on_retriever_end(self, documents: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End a retrieval with the documents found."""
        op = self.telemetry.operation(run_id)
        if isinstance(op, Retrieval):
            content = self.telemetry.captures(run_id)
            op.documents = attempt("documents found", _tools.documents, documents, content, self._limit)
        self.telemetry.finish(run_id)

    @guarded
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End a retrieval that failed."""
        self._fail(run_id, error)

    # Chains, graphs, agents

    @guarded
    def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Start a workflow, agent or step, or a hidden run."""
        place = _context.parentage(self.telemetry, kwargs)
        if _chains.is_plumbing(self.telemetry, kwargs):
            self.telemetry.start(run_id, None, note=PLUMBING, **place)
            return
        seen = caller()
        told = _chains.with_name(kwargs, serialized)
        op, note = attempt("classify", _chains.operation, self.telemetry, told, place, seen) or (None, None)
        shown = self._start(run_id, op, kwargs, seen, note, _chains.resumes(note, inputs), place)
        if shown and isinstance(op, (AgentInvocation, WorkflowInvocation)):
            op.input_messages = self._chain_messages(inputs, "user")

    @guarded
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End a chain run; a streamed one tells its real input only now."""
        run = self.telemetry.find(run_id)
        if run is None:
            return
        op = run.operation
        if isinstance(op, (AgentInvocation, WorkflowInvocation)) and run.wants_content:
            op.output_messages = self._chain_messages(outputs, "assistant")
            if kwargs.get("inputs") is not None:
                op.input_messages = self._chain_messages(kwargs["inputs"], "user")
        if _chains.is_node(run):
            attempt("tools that did not run", _tools.report_not_run, self.telemetry, run, outputs)
        self.telemetry.finish(run_id, _context.outcome(run))

    def _chain_messages(self, value: Any, role: str) -> list[Message] | None:
        return attempt(f"{role} messages of a chain", _messages.chain_messages, value, role, self._limit)

    @guarded
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End a chain run that failed, or that control flow left."""
        self._fail(run_id, error)

    @guarded
    def on_interrupt(self, event: Any) -> None:
        """Mark an interrupted graph; its run ends without error right after."""
        ids = _context.interrupt_ids(getattr(event, "interrupts", ()))
        self.telemetry.interrupt(getattr(event, "run_id", None), ids)

    @guarded
    def on_resume(self, event: Any) -> None:
        """Nothing to do: the resumed run is a run of its own."""

    def _start(
        self,
        run_id: UUID,
        op: Operation | None,
        kwargs: Mapping[str, Any],
        seen: Caller | None,
        note: object = None,
        resumes: bool = False,
        place: dict[str, Any] | None = None,
    ) -> bool:
        """Start a run; return whether its content is wanted."""
        place = place or _context.parentage(self.telemetry, kwargs)
        _context.add_caller(place, self.telemetry, seen, isinstance(op, Inference))
        if op is not None:
            is_root = kwargs.get("parent_run_id") is None
            op.conversation_id = _context.conversation_id(place["metadata"], is_root, seen)
            op.attempt = _attempts.number(op, place, is_root, seen)
        run = self.telemetry.start(run_id, op, note=note, resumes=resumes, **place)
        if run is None:
            return False
        if seen is not None:
            _watching.watch(self.telemetry, run, op, seen)
        return op is not None and run.wants_content

    def _fail(self, run_id: UUID, error: BaseException) -> None:
        outcome = _context.control_flow(error)
        run = self.telemetry.find(run_id)
        if outcome is None:
            _context.leave_stream_above(run, error)
            self.telemetry.fail(run_id, error)
            return
        above = None if run is None or run.parent is None else run.parent.visible
        if outcome == INTERRUPTED and above is not None:
            self.telemetry.interrupt(above.id, _context.interrupt_ids(error.args[0] if error.args else ()))
        self.telemetry.finish(run_id, outcome)
