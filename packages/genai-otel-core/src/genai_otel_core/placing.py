"""Where runs are: in which context and below which run one starts, and which runs the calling code is in."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span

from genai_otel_core.current import Activation, activation_of, settled, shorten

if TYPE_CHECKING:
    from genai_otel_core.runs import Run


def here() -> Context:
    """Return the context of the calling code, without what has ended in it."""
    return settled(context_api.get_current())


def place(parent: Run | None, origin: Hashable | None, current: Context) -> tuple[Context, Run | None]:
    """Decide in which context a new run starts, and which run is really its parent.

    The `current` context (`here`) is layered on, not replaced: where the innermost of our activations belongs to
    `parent`, it is used as it is, with baggage, suppression and the user's spans opened in between.
    A run for which the framework names no parent is a child of what is current, but a sibling of runs
    that were started from the same place (`origin`: the call of a `batch` that starts all its items first).
    """
    found = activation_of(current)
    if found is None:
        return (current, None) if parent is None else (_under(parent, current), parent)
    context: Context = current
    if parent is None:
        while found is not None and found.run is not None and found.run.origin == origin is not None:
            context = settled(found.base)
            found = activation_of(context)
        return context, None if found is None else found.run
    while found is not None:
        run = found.run
        if run is parent or (run is not None and run.between and run.is_within(parent)):
            return context, run
        context = settled(found.base)
        found = activation_of(context)
    return _under(parent, current), parent


def _under(parent: Run, current: Context) -> Context:
    return trace.set_span_in_context(parent.current_span(), current)


def activate(
    run: Run, span: Span, values: Context, base: Context, visible: Callable[[], bool] | None = None
) -> Activation:
    """Make `run` current in the calling context, which is `base` (`here`), with the other values of `values`."""
    shorten(base)
    activation = Activation(run, span, values, base, visible)
    activation.enter()
    return activation


def enter(run: Run) -> None:
    """Make an open run current in the calling context as well: its work goes on in another task or thread."""
    if run.span is None or run.ended_ns is not None:
        return
    now = context_api.get_current()
    if run.activation is None:
        base = settled(now)
        run.activation = activate(run, run.span, base, base)
    elif activation_of(now) is not run.activation:
        run.activation.enter()


def innermost() -> Run | None:
    """Return the run that the calling code is in, of whichever framework."""
    found = activation_of(context_api.get_current())
    return None if found is None else found.run


def around() -> Iterator[Run]:
    """The runs that the calling code is in, of whichever framework and telemetry, the innermost first."""
    found = activation_of(context_api.get_current())
    while found is not None:
        if found.run is not None:
            yield found.run
        found = activation_of(found.base)
