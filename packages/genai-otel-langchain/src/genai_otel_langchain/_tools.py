"""Tool and retriever runs: LangChain's callback arguments to `ToolExecution` and `Retrieval`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any
from uuid import uuid4

from langchain_core.messages import ToolMessage

from genai_otel_core import Telemetry
from genai_otel_core.errors import TOOL_ERROR
from genai_otel_core.messages import Document
from genai_otel_core.operations import Failure, Retrieval, ToolExecution
from genai_otel_core.plain import clip, finite, mapping, plain
from genai_otel_core.runs import Run
from genai_otel_langchain._classify import Decision
from genai_otel_langchain._peek import Caller, caller
from genai_otel_langchain._runnables import runs_tools

_SCORES = ("relevance_score", "score", "similarity_score", "_score", "similarity")
_STORE_NAMES = ("index_name", "_index_name", "collection_name", "_collection_name")
# What LangGraph's agents, and everybody after their example, call the node that runs tools.
_TOOL_NODE = "tools"
_MAX_DOCUMENTS = 1000
_MAX_ANSWERS = 1000
"""How many messages of an output are looked at; a step gives one for each tool that it ran."""


def tool_execution(serialized: Any, name: object, call_id: object) -> ToolExecution:
    """Build the operation for a tool run that starts, without content."""
    own = mapping(serialized).get("name")
    if not (isinstance(own, str) and own):
        own = name if isinstance(name, str) and name else None
    return ToolExecution(
        own, type="function", call_id=call_id if isinstance(call_id, str) and call_id else None
    )


def arguments(inputs: Any, input_str: Any, limit: int) -> Any:
    """The tool's arguments as an object. Content."""
    if isinstance(inputs, Mapping):
        return plain(inputs, limit)
    return {"input": plain(input_str, limit)}


def tool_message(output: Any, depth: int = 3) -> ToolMessage | None:
    """The message that a tool's output is, or that its command carries."""
    if isinstance(output, ToolMessage):
        return output
    update = getattr(output, "update", None)
    messages = (
        update.get("messages")
        if isinstance(update, Mapping)
        else output
        if isinstance(output, list)
        else None
    )
    for item in messages[:_MAX_ANSWERS] if isinstance(messages, (list, tuple)) and depth else ():
        found = tool_message(item, depth - 1)
        if found is not None:
            return found
    return None


def result(output: Any, message: ToolMessage | None, limit: int) -> Any:
    """The tool's result as an object. Content."""
    value = output if message is None else message.content
    data = plain(value, limit)
    return data if isinstance(data, dict) else {"content": data}


def read_output(op: ToolExecution, output: Any, content: bool, limit: int) -> None:
    """Complete a tool execution from what the tool gave."""
    message = tool_message(output)
    if op.call_id is None and message is not None:
        op.call_id = message.tool_call_id or None
    op.failure = reported_failure(message, content, limit)
    if message is None:
        seen = caller()
        if seen is not None and seen.tool_failed:
            text = clip(output, limit) if content and isinstance(output, str) else None
            op.failure = Failure(type=TOOL_ERROR, exception_type=TOOL_ERROR, message=text)
    if content:
        op.result = result(output, message, limit)


def reported_failure(message: ToolMessage | None, content: bool, limit: int) -> Failure | None:
    """The failure that a tool answered with instead of raising it."""
    if message is None or not _is_failure(message):
        return None
    text = clip(message.content, limit) if content and isinstance(message.content, str) else None
    return Failure(type=TOOL_ERROR, exception_type=TOOL_ERROR, message=text)


def _is_failure(message: ToolMessage) -> bool:
    return getattr(message, "status", None) == "error"


def report_not_run(telemetry: Telemetry, run: Run, outputs: Any) -> None:
    """Show the calls that a graph's node answered with an error without running a tool: it has none of that name."""
    is_state = type(outputs) is dict or isinstance(outputs, Mapping)
    messages = outputs.get("messages") if is_state else outputs
    if not isinstance(messages, list):
        return
    failed = [one for one in messages[-_MAX_ANSWERS:] if isinstance(one, ToolMessage) and _is_failure(one)]
    if not failed or not _is_tool_node(run):
        return
    for message in failed:
        if telemetry.has_run(run, message.tool_call_id):
            continue
        op = ToolExecution(name=message.name, type="function", call_id=message.tool_call_id)
        call = uuid4()
        telemetry.start(call, op, parent_id=run.id, attach=False)
        op.failure = reported_failure(message, True, telemetry.settings.max_content_bytes)
        telemetry.finish(call)


def _is_tool_node(run: Run) -> bool:
    if isinstance(run.note, Decision) and run.note.name == _TOOL_NODE:
        return True
    seen = caller()
    return seen is not None and runs_tools(seen.runnable)


def retrieval(name: object, metadata: Mapping[str, Any], seen: Caller | None) -> Retrieval:
    """Build the operation for a retriever run that starts, without content."""
    model = metadata.get("ls_embedding_model")
    retriever = None if seen is None else seen.runnable
    store = getattr(retriever, "vectorstore", None)
    source = next(
        (n for n in (getattr(store, attr, None) for attr in _STORE_NAMES) if isinstance(n, str) and n), None
    )
    return Retrieval(
        name=name if isinstance(name, str) and name else None,
        model=model if isinstance(model, str) and model else None,
        data_source_id=source,
        top_k=_top_k(retriever),
    )


def _top_k(retriever: Any) -> float | None:
    search = getattr(retriever, "search_kwargs", None)
    candidates = (
        search.get("k") if isinstance(search, Mapping) else None,
        getattr(retriever, "k", None),
        getattr(retriever, "top_k", None),
    )
    return next((k for k in map(finite, candidates) if k is not None), None)


def documents(found: Any, content: bool, limit: int) -> list[Document] | None:
    """The documents found: id and score, and with `content` their text and metadata."""
    if not isinstance(found, Iterable) or isinstance(found, (str, Mapping)):
        return None
    return [_document(item, content, limit) for item in islice(found, _MAX_DOCUMENTS)]


def _document(item: Any, content: bool, limit: int) -> Document:
    metadata = getattr(item, "metadata", None)
    known = metadata if isinstance(metadata, Mapping) else {}
    own = getattr(item, "id", None)
    own = known.get("id") if own is None else own
    score = next((s for s in map(finite, map(known.get, _SCORES)) if s is not None), None)
    out = Document(id=own if isinstance(own, str) else None, score=score)
    if content:
        text = getattr(item, "page_content", None)
        out.content = clip(text, limit) if isinstance(text, str) else None
        out.metadata = plain(known, limit) if known else None
    return out
