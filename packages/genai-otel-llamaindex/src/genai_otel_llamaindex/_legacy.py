"""Callback manager events, for components or applications that have nothing else.

They tell less: no chunks, and for streams that nobody reads no end. Where the dispatcher reports the same
operation they are left alone, so that it is one span.
"""

from __future__ import annotations

import asyncio
import sys
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from inspect import BoundArguments, Signature
from typing import Any

from llama_index_instrumentation.span import active_span_id

from genai_otel_core.frames import module_of, running
from genai_otel_core.guard import attempt
from genai_otel_core.operations import (
    Embeddings,
    Inference,
    Operation,
    Retrieval,
    Step,
    ToolExecution,
    WorkflowInvocation,
    rerank,
)
from genai_otel_core.plain import plain
from genai_otel_core.runs import Run
from genai_otel_core.suppression import is_left_out
from genai_otel_llamaindex import _calls, _context, _messages, _operations, _request
from genai_otel_llamaindex._classify import LLM_METHODS, STREAM_METHODS, Role
from genai_otel_llamaindex._kinds import Kind, kind_of
from genai_otel_llamaindex._notes import ORIGIN, Note, innermost, nearest, note_of, reference, upwards
from genai_otel_llamaindex._spans import Model, Spans
from genai_otel_llamaindex._streaming import is_inside

_ROLES = {
    "llm": Role.INFERENCE,
    "embedding": Role.EMBEDDINGS,
    "retrieve": Role.RETRIEVAL,
    "function_call": Role.TOOL,
    "query": Role.WORKFLOW,
    "synthesize": Role.STEP,
    "reranking": Role.STEP,
    "sub_question": Role.STEP,
    "agent_step": Role.STEP,
}
_STREAMED = (Role.WORKFLOW, Role.STEP)
_MACHINERY = ("llama_index.core.callbacks", "genai_otel_", "contextlib")
_MAX_FRAMES = 60


class LegacyEvents:
    """Takes the events of a callback manager."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self.telemetry = spans.telemetry
        self._limit = spans.telemetry.settings.max_content_bytes

    def start(self, event_type: Any, payload: Mapping[Any, Any], event_id: str, parent_id: str) -> None:
        """Start a run for an event, unless a span of the dispatcher tells of the same."""
        word = str(getattr(event_type, "value", event_type))
        if word == "exception":
            return  # told once for a whole trace, without an end: each event has its own
        self._spans.sweep()
        role = _ROLES.get(word, Role.HIDDEN)
        if self._is_told_by_span(role):
            return
        parent = self._parent(parent_id)
        instance, method = _reporter()
        role, target = _place(role, parent, instance)
        note = Note(role, Kind.OTHER, method or word, self, reference(instance), target=target)
        tags = attempt("tags of an event", _context.tags_around)
        metadata = _context.metadata(tags)
        op = self._operation(role, note.method, instance, _plain_keys(payload))
        if op is not None:
            call = _call(_plain_keys(payload))
            op.conversation_id = attempt("conversation id", _context.conversation_id, instance, call, tags)
        inside = _is_reported_above if word == "llm" else lambda _: is_inside(note)
        run = self.telemetry.start(
            event_id,
            op,
            parent_id=None if parent is None else parent.id,
            visible=lambda run: inside(run.id),
            origin=ORIGIN,
            metadata=metadata,
            suppressed=is_left_out(metadata),
            library=attempt("client library", _calls.library, op, instance),
            note=note,
        )
        if run is not None and op is not None and run.wants_content:
            attempt("content of an event", self._add_content, op, instance, _plain_keys(payload))

    def end(self, event_type: Any, payload: Mapping[Any, Any], event_id: str) -> None:
        """End the run of an event."""
        run = self.telemetry.find(event_id)
        note = note_of(run)
        if run is None or note is None or note.owner is not self or run.ended_ns is not None:
            return
        given = _plain_keys(payload)
        error = given.get("exception") if given else _raised()
        error = error if isinstance(error, BaseException) else None
        target = event_id if note.target is None else note.target
        op = self.telemetry.operation(target)
        if (
            error is None
            and note.role in _STREAMED
            and self._spans.goes_on(event_id, note, given.get("response"))
        ):
            return
        if op is not None and error is None:
            attempt("result of an event", self._complete, op, given, self.telemetry.captures(target))
        main = note_of(self.telemetry.find(target))
        if note.method in STREAM_METHODS and isinstance(op, Inference) and main is not None:
            self._spans.stream_ended(Model(run, note, target, main, op), error)
        elif error is not None:
            self.telemetry.fail(event_id, error)
        else:
            self.telemetry.finish(event_id)
        self._spans.sweep()

    def _is_told_by_span(self, role: Role) -> bool:
        run = self.telemetry.find(active_span_id.get())
        if run is None or run.ended_ns is not None:
            return False
        if role in (Role.HIDDEN, Role.STEP, Role.WORKFLOW):
            return True
        return any(note.role is role for _, note in upwards(run))

    def _parent(self, parent_id: str) -> Run | None:
        run = self.telemetry.find(parent_id)
        if run is not None and run.ended_ns is None:
            inner = innermost(self.telemetry)
            return inner if inner is not None and inner is not run.visible and inner.is_within(run) else run
        inner, reading = innermost(self.telemetry), self._spans.places.reading()
        return inner if reading is None or (inner is not None and inner.is_within(reading)) else reading

    def _operation(self, role: Role, word: str, instance: Any, given: Mapping[str, Any]) -> Operation | None:
        if role is Role.INFERENCE:
            return _inference(instance, word, given)
        if role is Role.EMBEDDINGS:
            return _embeddings(instance, given)
        if role is Role.RETRIEVAL:
            return Retrieval() if instance is None else _operations.retrieval(instance)
        if role is Role.TOOL:
            return ToolExecution(name=_operations.tool_name(_Holder(given.get("tool"))), type="function")
        if role is Role.WORKFLOW:
            return WorkflowInvocation()
        detail = self.telemetry.settings.detail
        if word == "reranking" and detail != "operations":
            model = given.get("model_name")
            return rerank(model if isinstance(model, str) and model else None)
        if role is Role.STEP and detail != "operations":
            return Step(name=word if instance is None else type(instance).__name__, kind=word)
        return Step(name=word, kind="helper") if detail == "everything" else None

    def _add_content(self, op: Operation, instance: Any, given: Mapping[str, Any]) -> None:
        if isinstance(op, Inference):
            _request.add_content(op, instance, _call(given), self._limit)
        elif isinstance(op, Retrieval):
            asked = given.get("query_str")
            op.query = asked if isinstance(asked, str) else None
        elif isinstance(op, ToolExecution):
            op.arguments = {"input": plain(given.get("function_call"), self._limit)}
        elif isinstance(op, WorkflowInvocation):
            op.input_messages = _messages.spoken(given.get("query_str"), "user", self._limit)

    def _complete(self, op: Operation, given: Mapping[str, Any], content: bool) -> None:
        if isinstance(op, Inference):
            response = given.get("response")
            answer = given.get("completion") if response is None else response
            _calls.read_response(op, answer, content, self._limit)
        elif isinstance(op, Embeddings):
            chunks = given.get("chunks")
            op.input_count = len(chunks) if isinstance(chunks, list) else op.input_count
            _request.read_vectors(op, given.get("embeddings"))
        elif isinstance(op, Retrieval):
            op.documents = _operations.documents(given.get("nodes"), content, self._limit)
        elif isinstance(op, ToolExecution) and content:
            op.result = {"content": plain(given.get("function_call_response"), self._limit)}
        elif isinstance(op, WorkflowInvocation) and content:
            op.output_messages = _messages.spoken(given.get("response"), "assistant", self._limit)


class _Holder:
    """Quacks like a tool around its metadata, which is all that the event has."""

    def __init__(self, metadata: Any) -> None:
        self.metadata = metadata


def _call(given: Mapping[str, Any]) -> BoundArguments:
    # As the model's method would have been called.
    extra = given.get("additional_kwargs")
    arguments: OrderedDict[str, Any] = OrderedDict(kwargs=dict(extra) if isinstance(extra, Mapping) else {})
    for name, key in (("messages", "messages"), ("prompt", "formatted_prompt")):
        if given.get(key) is not None:
            arguments[name] = given[key]
    return BoundArguments(Signature(), arguments)


def _inference(instance: Any, method: str, given: Mapping[str, Any]) -> Inference:
    if method not in LLM_METHODS:
        method = "complete" if given.get("messages") is None else "chat"
    op = _request.inference(instance, method, _call(given))
    if op.request.model is None:
        op.request.model = _serialized_model(given.get("serialized"))
    return op


def _embeddings(instance: Any, given: Mapping[str, Any]) -> Embeddings:
    op = _request.embeddings(instance, BoundArguments(Signature(), OrderedDict()))
    op.input_count = None
    if op.request.model is None:
        op.request.model = _serialized_model(given.get("serialized"))
    return op


def _plain_keys(payload: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(getattr(key, "value", key)): value for key, value in payload.items()}


def _serialized_model(serialized: Any) -> str | None:
    if not isinstance(serialized, Mapping):
        return None
    for key in ("model", "model_name"):
        value = serialized.get(key)
        if isinstance(value, str) and value and value != "unknown":
            return value
    return None


def _raised() -> BaseException | None:
    """What ends an event that ends with nothing: of the events around a failure only the innermost is told it."""
    error = sys.exc_info()[1]
    told = hasattr(error, "event_added") or isinstance(error, asyncio.CancelledError)
    return error if told else None


def _place(role: Role, parent: Run | None, instance: Any) -> tuple[Role, Hashable | None]:
    """What an event's run is in its place, and the run whose operation it is part of."""
    if role is Role.WORKFLOW and parent is not None and parent.visible is not None:
        return Role.STEP, None
    run, note = nearest(parent) or (None, None)
    if run is not None and note is not None and note.role is role and _is_one(role, note, instance):
        return Role.MERGED, run.id
    if role is Role.INFERENCE and kind_of(instance) is Kind.STRUCTURED_LLM:
        return Role.HIDDEN, None  # it asks a model, which reports for itself
    return role, None


def _is_one(role: Role, above: Note, instance: Any) -> bool:
    # As the dispatcher's spans are classified.
    return role is Role.INFERENCE or (role is Role.RETRIEVAL and above.is_of(instance))


def _reporter() -> tuple[Any, str | None]:
    """The object whose code reports the event, if operations are made of it, and its method if it is a model."""
    for frame in running(_MAX_FRAMES):
        if not module_of(frame).startswith(_MACHINERY):
            held = frame.f_locals
            found = held.get("_self", held.get("self"))
            if found is None or kind_of(found) is Kind.OTHER:
                return None, None
            method = getattr(held.get("f"), "__name__", None)
            return found, method if method in LLM_METHODS else None
    return None, None


def _is_reported_above(event_id: Hashable) -> bool:
    # By a call, or by the generator that it returned.
    return any(
        frame.f_code.co_name.startswith("wrapped_") and frame.f_locals.get("event_id") == event_id
        for frame in running()
    )
