"""The current span that expires by itself: what makes an operation current without ever leaving it so.

Frameworks report starts and ends from different tasks, contexts and generators, so a token of
`context.attach` is worth nothing to us. What is attached here is a context that answers with the
operation's span while the operation is live, and with exactly what it covered once it is not.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context.context import Context
from opentelemetry.trace import Span, SpanContext

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

    from genai_otel_core.dedupe import Cover
    from genai_otel_core.runs import Run

# The API keeps its key private; a context that holds only a span tells it.
_SPAN_KEY: str = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))
_ACTIVATION_KEY = context_api.create_key("genai-otel-activation")


class Activation:
    """One attached operation: its run and span, the context it covers, and whether it answers now."""

    __slots__ = ("asleep", "base", "context", "cover", "open", "run", "span", "visible")

    def __init__(
        self, run: Run, span: Span, values: Context, base: Context, visible: Callable[[], bool] | None
    ) -> None:
        self.run: Run | None = run
        self.span: Span = span
        self.base = base
        self.open = True
        self.asleep = False
        self.visible = visible
        self.cover: Cover | None = run.cover
        self.context: Context | None = _LiveContext(values, self)

    def live(self) -> bool:
        """Whether code in this context is inside the operation right now."""
        return self.open and not self.asleep and (self.visible is None or self.visible())

    def enter(self) -> None:
        """Make it current in the calling context, while it is open."""
        if self.context is not None:
            context_api.attach(self.context)

    def close(self) -> None:
        """End it: from now on every context that holds it answers with what lies below."""
        self.open = False
        self.run = self.visible = self.cover = None
        self.span = trace.INVALID_SPAN
        # Let go, or each refers to the other and only the collector frees them.
        mine, self.context = self.context, None
        if mine is not None and context_api.get_current() is mine:
            context_api.attach(settled(self.base))


class _LiveContext(Context):
    """A context that is its activation's while that is live, and a view of the covered one otherwise."""

    __slots__ = ("activation",)

    def __init__(self, values: Context, activation: Activation) -> None:
        # The plain items: asking a live context key by key takes a call for each.
        dict.__init__(self, dict.items(shown(values)))
        if activation.cover is not None:
            activation.cover.fill(self, activation)
        # Copies made by `set_value` outlive us as plain mappings: they carry the proxy.
        dict.__setitem__(self, _SPAN_KEY, _CurrentSpan(activation))
        dict.__setitem__(self, _ACTIVATION_KEY, activation)
        self.activation = activation

    def _below(self) -> Context | None:
        # In a loop, not by each context asking the next: hundreds of streams may be open in one task.
        context: Context = self
        while isinstance(context, _LiveContext) and not context.activation.live():
            context = context.activation.base
        return None if context is self else context

    def get(self, key: str, default: Any = None) -> Any:
        context: Context = self
        while isinstance(context, _LiveContext):
            activation, cover = context.activation, context.activation.cover
            # `activation.live()`, without the call: everything that looks at the context comes here.
            if activation.open and not activation.asleep and (not activation.visible or activation.visible()):
                shown = key != _SPAN_KEY or (cover is not None and cover.refuses)
                return dict.get(context, key, default) if shown else activation.span
            if cover is not None and cover.outlasts_sleep(key):
                return dict.get(context, key, default)
            context = activation.base
        return context.get(key, default)

    def __getitem__(self, key: str) -> object:
        below = self._below()
        return dict.__getitem__(self, key) if below is None else below[key]

    def __contains__(self, key: object) -> bool:
        below = self._below()
        return dict.__contains__(self, key) if below is None else key in below

    def __iter__(self) -> Iterator[str]:
        below = self._below()
        return dict.__iter__(self) if below is None else iter(below)

    def __len__(self) -> int:
        below = self._below()
        return dict.__len__(self) if below is None else len(below)

    def __eq__(self, other: object) -> bool:
        below = self._below()
        return dict.__eq__(self, other) if below is None else below == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # as for every dict

    def keys(self) -> KeysView[str]:  # type: ignore[override]  # a view of another mapping
        below = self._below()
        return dict.keys(self) if below is None else below.keys()

    def values(self) -> ValuesView[object]:  # type: ignore[override]  # a view of another mapping
        below = self._below()
        return dict.values(self) if below is None else below.values()

    def items(self) -> ItemsView[str, object]:  # type: ignore[override]  # a view of another mapping
        below = self._below()
        return dict.items(self) if below is None else below.items()

    def copy(self) -> dict[str, object]:
        below = self._below()
        return dict.copy(self) if below is None else below.copy()

    def __reduce__(self) -> Any:
        # A live context belongs to this process; elsewhere it is what it holds besides us.
        kept = {k: v for k, v in self.items() if k not in (_SPAN_KEY, _ACTIVATION_KEY)}
        return Context, (kept,)


class _CurrentSpan(Span):
    """Stands for the operation's span while that is live, and for whatever was current below it after."""

    def __init__(self, activation: Activation) -> None:
        self._activation = activation

    def _target(self) -> Span:
        activation = self._activation
        return activation.span if activation.live() else trace.get_current_span(activation.base)

    def get_span_context(self) -> SpanContext:
        cover = self._activation.cover
        if cover is not None and self._activation.live():
            cover.refuse()
        return self._target().get_span_context()

    def is_recording(self) -> bool:
        return self._target().is_recording()

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        self._target().set_attributes(attributes)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        self._target().set_attribute(key, value)

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        self._target().add_event(name, attributes, timestamp)

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:
        self._target().add_link(context, attributes)

    def update_name(self, name: str) -> None:
        self._target().update_name(name)

    def set_status(self, status: Any, description: str | None = None) -> None:
        self._target().set_status(status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        self._target().record_exception(exception, attributes, timestamp, escaped)

    def end(self, end_time: int | None = None) -> None:
        """Do nothing: the operation's span is ended where the operation ends."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._target(), name)


def shown(context: Context) -> Context:
    """Return the context whose own items are what `context` shows now beside its span, for `dict.get` and the like."""
    while type(context) is _LiveContext:
        activation = context.activation
        # `live()`, without the call, as in the context itself.
        if activation.open and not activation.asleep and (not activation.visible or activation.visible()):
            break
        context = activation.base
    return context


def settled(context: Context) -> Context:
    """Return `context` without activations on top of it that have ended for good."""
    while isinstance(context, _LiveContext) and not context.activation.open:
        context = context.activation.base
    return context


def activation_of(context: Context) -> Activation | None:
    """Return the innermost live activation in `context`."""
    found = dict.get(shown(context), _ACTIVATION_KEY)
    while isinstance(found, Activation) and not found.live():
        found = dict.get(shown(found.base), _ACTIVATION_KEY)
    return found if isinstance(found, Activation) else None


def shorten(context: Context) -> None:
    """Let go of what has ended below something open, or a loop that reads streams builds an endless chain."""
    found = dict.get(context, _ACTIVATION_KEY)
    while isinstance(found, Activation):
        found.base = settled(found.base)
        found = dict.get(found.base, _ACTIVATION_KEY)
