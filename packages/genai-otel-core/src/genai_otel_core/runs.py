"""Runs: operations under way, found by the framework's run id, bounded in number and age."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from genai_otel_core.inherited import NOTHING, Inherited

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from genai_otel_core.attempts import Try
    from genai_otel_core.current import Activation
    from genai_otel_core.dedupe import Cover
    from genai_otel_core.emitter import Emitter
    from genai_otel_core.inner_layers import Layer
    from genai_otel_core.operations import Operation
    from genai_otel_core.prompts import Prompt
    from genai_otel_core.streams import Stream

_REMEMBERED = 2048
"""How many ended runs are remembered, so that a child that starts late still finds its parent."""


class Run:
    """One run of the framework. A hidden run has no operation of its own and stands for its parent."""

    __slots__ = (
        "activation",
        "agent",
        "between",
        "children",
        "cover",
        "emitter",
        "ended_ns",
        "held",
        "id",
        "in_locking",
        "inherited",
        "left",
        "note",
        "observers",
        "operation",
        "origin",
        "parent",
        "prompt",
        "response_id",
        "span",
        "start_keys",
        "started_ns",
        "stream",
        "stream_above",
        "streamed",
        "suppressed",
        "tries",
        "waits",
    )

    def __init__(self, run_id: Hashable, parent: Run | None, started_ns: int) -> None:
        self.id = run_id
        self.parent = parent
        self.started_ns = started_ns
        self.operation: Operation | None = None
        self.span: Span | None = None
        self.activation: Activation | None = None
        self.cover: Cover | None = None
        """What its context carries so that no other instrumentation reports it too."""
        self.observers: tuple[Layer, ...] = ()
        """What reports it in our place: it has an operation then, and no span."""
        self.agent: Run | None = parent.agent if parent is not None else None
        self.suppressed: bool = parent.suppressed if parent is not None else False
        self.inherited: Inherited = parent.inherited if parent is not None else NOTHING
        """What it has from above and hands down."""
        self.start_keys: frozenset[str] = frozenset()
        self.stream: Stream | None = None
        self.note: object = None  # the adapter's own remark
        self.origin: Hashable | None = None
        self.in_locking = False  # began in code that may hold a lock, and may end there
        self.left: Callable[[], bool] | None = None  # at a cancellation: is it only the reader who left?
        self.stream_above: Run | None = None
        """The nearest run above whose output is read as a stream."""
        self.streamed = False
        """Code outside the run reads its output as a stream, and may stop."""
        self.emitter: Emitter | None = parent.emitter if parent is not None else None
        self.tries: dict[Hashable, Try] | None = None
        self.between = False
        """It lies between a run of the framework and the runs that this one starts below itself."""
        self.waits = False
        """It has ended, and is to cover what is being closed below it."""
        self.held: Sequence[Run] = ()
        """Cancelled runs below, of which only the end of this one tells who cancelled them."""
        self.ended_ns: int | None = None
        self.prompt: Prompt | None = None  # the last of a name that ran below it
        self.response_id: str | None = None
        """The provider's id of the latest answer at or below it."""
        self.children: dict[Run, None] = {}
        """Open runs directly below; those of a run that ended before them move up to its parent."""

    @property
    def root(self) -> Run:
        """The topmost run above this one, or itself."""
        run = self
        while run.parent is not None:
            run = run.parent
        return run

    @property
    def visible(self) -> Run | None:
        """This run, or the nearest one above it that has a span."""
        run: Run | None = self
        while run is not None and run.span is None:
            run = run.parent
        return run

    @property
    def nearest_stream(self) -> Run | None:
        """The run itself, if its output is read as a stream, or else the nearest such run above."""
        return self if self.streamed else self.stream_above

    @property
    def wants_content(self) -> bool:
        """Whether somebody would get to see its content."""
        mode = self.inherited.mode
        if not mode.captures or self.span is None or self.operation is None:
            return False
        return mode.on_event or self.span.is_recording()

    def current_span(self) -> Span:
        """The span to parent under; only asked of visible runs."""
        assert self.span is not None
        return self.span

    def is_open(self) -> bool:
        """Whether its end has not been told yet."""
        return self.ended_ns is None

    def is_within(self, other: Run) -> bool:
        """Whether this run is `other` or below it."""
        run: Run | None = self
        while run is not None:
            if run is other:
                return True
            run = run.parent
        return False


class RunStore:
    """Open runs by id. At most `max_runs` are kept and none longer than `max_age_s`; `evicted` gets the rest.

    Starts and ends come from any thread, and take no lock: each is one step on one dictionary at a time.
    """

    def __init__(self, max_runs: int, max_age_s: float, evicted: Callable[[Run], None]) -> None:
        self._max_runs = max_runs
        self._max_age_ns = int(max_age_s * 1e9)
        self._evicted = evicted
        self._open: OrderedDict[Hashable, Run] = OrderedDict()
        self._ended: OrderedDict[Hashable, Run] = OrderedDict()
        self._lock = threading.RLock()
        self._none_too_old_until = 0
        """No run can be too old before this."""
        self.get: Callable[[Hashable], Run | None] = self._open.get
        """Returns the open run with an id."""

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._open

    def __iter__(self) -> Iterator[Run]:
        """The open runs, oldest first, as of now."""
        return iter(list(self._open.values()))

    def add(self, run: Run) -> None:
        """Keep `run`; give up the oldest if there are too many or it is too old."""
        self._open[run.id] = run
        if (above := run.parent) is not None:
            above.children[run] = None
        if len(self._open) > self._max_runs or run.started_ns > self._none_too_old_until:
            for gone in self._stale(run):
                self._evicted(gone)

    def _stale(self, newest: Run) -> list[Run]:
        horizon = newest.started_ns - self._max_age_ns
        stale = []
        with self._lock:
            while True:
                try:
                    oldest = next(iter(self._open.values()), newest)
                except RuntimeError:  # another thread added one just now
                    continue
                if oldest is newest or (len(self._open) <= self._max_runs and oldest.started_ns >= horizon):
                    break
                if self._remove(oldest.id) is not None:
                    stale.append(oldest)
            self._none_too_old_until = oldest.started_ns + self._max_age_ns
        return stale

    def find_parent(self, run_id: Hashable) -> Run | None:
        """Return the run with this id, also if it has ended lately."""
        return self._open.get(run_id) or self._ended.get(run_id)

    def answered(self, response_id: str) -> Run | None:
        """Return the call that lately ended with the answer of this id, the latest one."""
        found: Run | None = None
        for run in reversed(list(self._ended.values())):
            # The runs above a call have its answer's id too, and end after it.
            if run.response_id == response_id and (found is None or run.is_within(found)):
                found = run
        return found

    def pop(self, run_id: Hashable) -> Run | None:
        """Take the run out, once: a second caller gets None."""
        run = self._remove(run_id)
        if run is not None:
            self._ended[run_id] = run
            if len(self._ended) > _REMEMBERED:
                self._forget_one()
        return run

    def _forget_one(self) -> None:
        with suppress(KeyError):  # another thread was faster
            self._ended.popitem(last=False)

    def below(self, ancestor: Run) -> list[Run]:
        """Return the open runs below `ancestor`, the innermost first."""
        if not ancestor.children:
            return []
        found: list[Run] = []
        pending = list(ancestor.children)
        while pending:
            run = pending.pop()
            found.append(run)
            pending.extend(list(run.children))
        found.reverse()
        return found

    def _remove(self, run_id: Hashable) -> Run | None:
        run = self._open.pop(run_id, None)
        if run is not None and (above := run.parent) is not None:
            above.children.pop(run, None)
            if run.children:
                above.children.update(list(run.children.items()))
        return run


def now_ns() -> int:
    """Monotonic nanoseconds."""
    return time.perf_counter_ns()
