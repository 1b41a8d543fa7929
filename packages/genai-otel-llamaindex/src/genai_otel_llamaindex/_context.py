"""Which conversation a run belongs to: the application's tags, and the memory that keeps the conversation."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import BoundArguments
from typing import Any

from llama_index_instrumentation.dispatcher import active_instrument_tags

_TAGS = ("thread_id", "session_id", "conversation_id")
# What a chat store's key is when nobody named it.
_UNNAMED = ("chat_history", "")


def conversation_id(instance: Any, call: BoundArguments, tags: Any) -> str | None:
    """The conversation that the application named, if it did."""
    if isinstance(tags, Mapping):
        for key in _TAGS:
            value = tags.get(key)
            if isinstance(value, str) and value:
                return value
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
    held = getattr(instance, "__dict__", None)
    given = arguments(call)
    candidates = (
        given.get("memory"),
        event_data(given.get("start_event")).get("memory"),
        held.get("_memory") if isinstance(held, dict) else None,
        held.get("memory") if isinstance(held, dict) else None,
    )
    return next((found for found in map(_key_of, candidates) if found), None)


def arguments(call: BoundArguments) -> dict[str, Any]:
    """What a call is given, by name; what its signature has no name for as well."""
    inner = call.arguments.get("kwargs")
    return {**call.arguments, **(inner if isinstance(inner, dict) else {})}


def tags_around() -> Mapping[str, Any]:
    """What `instrument_tags` says where this runs, for those who report without it."""
    return active_instrument_tags.get()


def metadata(tags: Any) -> Mapping[str, Any]:
    """What the application says of a run by `instrument_tags`; the framework's own tags quote its data."""
    if not isinstance(tags, Mapping):
        return {}
    return {k: v for k, v in tags.items() if isinstance(k, str) and not k.startswith("llamaindex.")}


def event_data(event: Any) -> dict[str, Any]:
    """What a workflow's event carries: its fields and what was put into it besides."""
    held, private = getattr(event, "__dict__", None), getattr(event, "__pydantic_private__", None)
    more = private.get("_data") if isinstance(private, dict) else None
    return {**(held if isinstance(held, dict) else {}), **(more if isinstance(more, dict) else {})}


def _key_of(memory: Any) -> str | None:
    held = getattr(memory, "__dict__", None)
    if not isinstance(held, dict):
        return None
    for name in ("session_id", "chat_store_key"):
        value = held.get(name)
        if isinstance(value, str) and value not in _UNNAMED:
            return value
    return None
