"""What a run hands down to the runs below it: where content goes, own attributes, the prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from opentelemetry import baggage
from opentelemetry import context as context_api
from opentelemetry.context import Context

from genai_otel_core import content
from genai_otel_core.attributes import CustomAttributes
from genai_otel_core.content import Mode
from genai_otel_core.conventions._rows import CONVERSATION_ID
from genai_otel_core.operations import Inference, Operation

_CONVERSATION = context_api.create_key("genai-otel-conversation")
# The API keeps its key private; a context that holds only baggage tells it.
_BAGGAGE_KEY: str = next(iter(baggage.set_baggage("key", "value", Context())))
_CONVERSATION_IN_BAGGAGE = (CONVERSATION_ID, "thread_id", "session_id", "conversation_id")
_PROMPT_NAME, _PROMPT_VERSION = "prompt_name", "prompt_version"


class Inherited(NamedTuple):
    """What a run has from above and from its own call."""

    mode: Mode
    asked: object = None
    """What the metadata says of content: frameworks hand metadata down, so only a change is news."""
    around: Mode | None = None
    """What the code around says of content."""
    attributes: Mapping[str, Any] = {}
    prompt_name: str | None = None
    prompt_version: str | None = None


NOTHING = Inherited(Mode.NONE)


class Inheritance:
    """Finds out what each run inherits."""

    def __init__(self, mode: Mode, custom: CustomAttributes) -> None:
        self._top = Inherited(mode)
        self.custom = custom

    def of(
        self,
        above: Inherited | None,
        metadata: Mapping[str, Any] | None,
        tags: Sequence[str],
        context: Context,
    ) -> Inherited:
        """Return what a run has that starts in `context`, as it is `shown`, below one that has `above`."""
        top = self._top if above is None else above
        known, around = metadata or {}, content.of_context(context)
        if around is top.around and top.asked is None and not self.is_news(known):
            return top
        asked = known.get(content.METADATA_KEY)
        attributes = self.custom.inherited(top.attributes, known, tags, context)
        prompt = _text(known.get(_PROMPT_NAME))
        if (
            asked == top.asked
            and around is top.around
            and attributes is top.attributes
            and prompt in (None, top.prompt_name)
        ):
            return top
        name, version = (
            (top.prompt_name, top.prompt_version)
            if prompt is None
            else (prompt, _text(known.get(_PROMPT_VERSION)))
        )
        return Inherited(_mode(top, asked, around), asked, around, attributes, name, version)

    def is_news(self, metadata: Mapping[str, Any] | None) -> bool:
        """Whether a call's own words could change what a run hands down, wherever it runs."""
        if self.custom.allowed:
            return True
        return metadata is not None and (content.METADATA_KEY in metadata or _PROMPT_NAME in metadata)

    def give(self, op: Operation, inherited: Inherited, context: Context) -> None:
        """Complete an operation that starts with what it inherits."""
        if op.conversation_id is None:
            op.conversation_id = _conversation(context)
        if inherited.attributes or not self.custom.are_none:
            op.metadata = inherited.attributes or None
            op.attributes = self.custom.of(op, inherited.attributes)
            op.dimensions = self.custom.dimensions(op.attributes)
        if isinstance(op, Inference) and op.prompt_name is None:
            op.prompt_name, op.prompt_version = inherited.prompt_name, inherited.prompt_version


def _mode(top: Inherited, asked: object, around: Mode | None) -> Mode:
    if top.mode is Mode.NEVER or around is Mode.NEVER:
        return Mode.NEVER
    if asked is not None and asked != top.asked:
        return content.from_metadata(asked)
    if around is not None and around is not top.around:
        return around
    return top.mode


def _text(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


@contextmanager
def conversation(conversation_id: str) -> Iterator[None]:
    """Say which conversation the runs in this block belong to, for any framework.

        with conversation("support-42"):
            chain.invoke(question)

    An id in the framework's own metadata, or one of the run above, comes first; one in OpenTelemetry baggage
    (`gen_ai.conversation.id`, or `thread_id`, `session_id`, `conversation_id`), last.

    Raises:
        TypeError, ValueError: if it is no text, or empty.
    """
    if not isinstance(conversation_id, str):
        raise TypeError(f"conversation_id must be a text, not {type(conversation_id).__name__}")
    if not conversation_id:
        raise ValueError("conversation_id must not be empty")
    token = context_api.attach(context_api.set_value(_CONVERSATION, conversation_id))
    try:
        yield
    finally:
        context_api.detach(token)


def _conversation(context: Context) -> str | None:
    found = dict.get(context, _CONVERSATION)
    if isinstance(found, str):
        return found
    carried = dict.get(context, _BAGGAGE_KEY)
    named = map(carried.get, _CONVERSATION_IN_BAGGAGE) if isinstance(carried, Mapping) else ()
    return next((value for value in named if isinstance(value, str) and value), None)
