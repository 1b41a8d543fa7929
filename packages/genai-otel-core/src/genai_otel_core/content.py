"""Where content goes: one policy for every field that bears it, by process, call and block of code."""

from __future__ import annotations

import enum
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context as context_api
from opentelemetry.context import Context

from genai_otel_core import current

_log = logging.getLogger("genai_otel")

ENV_CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
METADATA_KEY = "genai_otel.capture_content"
"""The metadata key of a framework call that says where its content goes."""


class Mode(enum.Enum):
    """Where the content of a run goes. `NEVER` beats whatever is said further in."""

    NEVER = "never"
    NONE = "none"
    SPAN = "span"
    EVENT = "event"
    SPAN_AND_EVENT = "span_and_event"

    def __init__(self, word: str) -> None:
        self.on_span = word in ("span", "span_and_event")
        self.on_event = word in ("event", "span_and_event")
        self.captures = self.on_span or self.on_event


WORDS = tuple(mode.value for mode in Mode)
_WORDS = {
    **{mode.value: mode for mode in Mode},
    "no_content": Mode.NONE,
    "false": Mode.NONE,
    "": Mode.NONE,
    "span_only": Mode.SPAN,
    "true": Mode.SPAN_AND_EVENT,
    "event_only": Mode.EVENT,
}
_KEY = context_api.create_key("genai-otel-capture-content")
_warned: set[str] = set()


def parse(value: object) -> Mode | None:
    """Return the mode that a word of ours or of the environment variable, a boolean or a mode means."""
    if isinstance(value, Mode):
        return value
    if isinstance(value, bool):
        value = str(value)
    return _WORDS.get(value.strip().lower()) if isinstance(value, str) else None


def checked(value: object, option: str = "capture_content") -> Mode:
    """Return the mode for an option.

    Raises:
        TypeError, ValueError: naming the option and the allowed values.
    """
    mode = None if isinstance(value, bool) else parse(value)
    if mode is not None:
        return mode
    listed = ", ".join(repr(word) for word in WORDS)
    if not isinstance(value, str):
        raise TypeError(f"{option} must be one of {listed}, not {type(value).__name__}")
    raise ValueError(f"{option} must be one of {listed}, not {value!r}")


def from_environment(env: Mapping[str, str] | None = None) -> Mode:
    """Return what `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` says; anything else means none."""
    _warned.discard(ENV_CAPTURE)  # each telemetry that is made from it says so
    return _lenient(ENV_CAPTURE, (os.environ if env is None else env).get(ENV_CAPTURE, ""))


def from_metadata(value: object) -> Mode:
    """Return what the metadata of a call says; anything else means none."""
    return _lenient(f"metadata {METADATA_KEY}", value)


def _lenient(where: str, value: object) -> Mode:
    mode = parse(value)
    if mode is None:
        if where not in _warned:
            _warned.add(where)
            _log.warning(
                "%s says none of NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT, true, false: no content"
                " is captured",
                where,
            )
        return Mode.NONE
    return mode


@contextmanager
def capture_content(mode: str) -> Iterator[None]:
    """Say where the content of runs that start in this block goes, also in what they start.

        with capture_content("span"):
            chain.invoke(question)

    Args:
        mode: `none`, `span`, `event`, `span_and_event`, or `never`, which holds for all that is below, calls
            and blocks that say otherwise included. A telemetry with `capture_content="never"` captures nothing
            here either.

    Raises:
        TypeError, ValueError: for another value, naming the allowed ones.
    """
    wanted = checked(mode)
    if of_context(current.shown(context_api.get_current())) is Mode.NEVER:
        wanted = Mode.NEVER
    token = context_api.attach(context_api.set_value(_KEY, wanted))
    try:
        yield
    finally:
        context_api.detach(token)


def of_context(context: Context) -> Mode | None:
    """Return what the innermost `capture_content` block says in a context, as it is `shown`."""
    found = dict.get(context, _KEY)
    return found if isinstance(found, Mode) else None
