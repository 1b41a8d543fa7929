"""Double instrumentation: who reports a model call that an instrumentation of the client library reports too."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api

from genai_otel_core import inner_layers, joining
from genai_otel_core.frames import module_of, running
from genai_otel_core.guard import attempt
from genai_otel_core.joining import Joined, enrich, join
from genai_otel_core.operations import Embeddings, Inference, Operation

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from genai_otel_core.current import Activation
    from genai_otel_core.inner_layers import Layer

OUTER = "outer"
INNER = "inner"
OFF = "off"
MODES = (OUTER, INNER, OFF)

# OpenLLMetry's own key: its instrumentations of model clients, and no others, keep quiet under it.
_MODEL_CLIENTS = "suppress_language_model_instrumentation"
# What OpenTelemetry's `suppress_instrumentation()` sets, in its new and old form.
_EVERYTHING = (context_api._SUPPRESS_INSTRUMENTATION_KEY, "suppress_instrumentation")
# Instrumentations of model clients that know only the keys for everything, by module.
_KNOW_EVERYTHING_ONLY = (
    "opentelemetry.instrumentation.openai.",
    *(
        f"openinference.instrumentation.{client}."
        for client in (
            "anthropic",
            "bedrock",
            "cohere",
            "google_genai",
            "groq",
            "litellm",
            "mistralai",
            "ollama",
            "openai",
            "portkey",
            "together",
            "vertexai",
        )
    ),
)


class Quiet:
    """A suppression key's value: true while the operation is current, for the `askers` alone (modules) if given.

    The keys for everything would also silence HTTP clients, whose spans belong below ours.
    """

    __slots__ = ("_activation", "_askers")

    def __init__(self, activation: Activation, askers: tuple[str, ...] = ()) -> None:
        self._activation = activation
        self._askers = askers

    def __bool__(self) -> bool:
        if not self._activation.live():
            return False
        return not self._askers or module_of(list(running(2))[-1]).startswith(self._askers)

    def __reduce__(self) -> tuple[type[bool], tuple[()]]:
        return bool, ()


class AlreadyObserved(Exception):  # noqa: N818  # nothing is wrong
    """Refuses a span to a client library that makes one for a call which has ours."""


class Cover:
    """What an operation's context carries, beside its span, so that it is reported once."""

    __slots__ = ("_data", "_key", "refuses")

    def __init__(self, joined: tuple[str, Any] | None = None, refuses: bool = False) -> None:
        self._key: str | None
        self._data: Any
        self._key, self._data = joined or (None, None)
        self.refuses = refuses

    def fill(self, context: Context, activation: Activation) -> None:
        """Add the values to a new context's own; what the application set there stays."""
        now, before = _EVERYTHING
        everything = Quiet(activation, _KNOW_EVERYTHING_ONLY)
        values: list[tuple[str, object]] = [
            (now, everything),
            (before, everything),
            (_MODEL_CLIENTS, Quiet(activation)),
        ]
        if self._key is not None:
            values.append((self._key, Joined(activation, self._data)))
        for key, value in values:
            held = dict.get(context, key)
            if held is None or not _set_by_others(held):
                dict.__setitem__(context, key, value)

    def outlasts_sleep(self, key: str) -> bool:
        """Whether this value answers while the operation is open but not current."""
        return key == self._key

    def refuse(self) -> None:
        """Raise where a client library that can be told in no other way starts a span below ours."""
        if self.refuses and inner_layers.is_native_start():
            raise AlreadyObserved

    @property
    def joins(self) -> bool:
        """Whether an instrumentation may tell it what it found."""
        return self._data is not None

    def enrich(self, op: Operation) -> None:
        """Complete the operation with what an instrumentation found."""
        enrich(op, self._data)


def _set_by_others(value: object) -> bool:
    return type(value) not in (Quiet, Joined) and bool(value)


_QUIET = Cover()
"""That of every operation, as long as nothing is loaded that joins one or reports itself."""


def cover(mode: str, op: Operation) -> Cover | None:
    """Return what goes into the operation's context, if it is a model call and `outer`."""
    if mode != OUTER or not isinstance(op, (Inference, Embeddings)):
        return None
    if joining.MODULE in sys.modules or inner_layers.NATIVE_MODULE in sys.modules:
        return attempt("dedupe.cover", _cover, op)
    return _QUIET


def _cover(op: Operation) -> Cover:
    return Cover(join(op), inner_layers.refuses_spans())


def observers(mode: str, op: Operation, library: str | None) -> tuple[Layer, ...]:
    """Return the layers that report `op` in our place: with `inner` those that are there.

    With `outer`, those that nothing can silence: one span is right, two are not.
    """
    if mode == OFF or library is None or not isinstance(op, (Inference, Embeddings)):
        return ()
    find: Any = inner_layers.present if mode == INNER else inner_layers.deaf
    return attempt("dedupe.observers", find, op, library) or ()
