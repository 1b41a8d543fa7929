"""The last things done to an operation before it is emitted: what it cost, and what of its content may be seen."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.trace import Span

from genai_otel_core import handles, prompts
from genai_otel_core.content import Mode
from genai_otel_core.conventions import combine
from genai_otel_core.cost import Pricing
from genai_otel_core.guard import attempt
from genai_otel_core.keeping import Keeper
from genai_otel_core.operations import Evaluation, Operation
from genai_otel_core.policy import Policy
from genai_otel_core.runs import Run
from genai_otel_core.settings import Settings
from genai_otel_core.uploads import Uploads
from genai_otel_core.written import Written


class Settlement:
    """Completes operations by the options `prices`, `mask`, `max_content_bytes` and `content_store`."""

    def __init__(self, settings: Settings) -> None:
        self._pricing = Pricing(settings.prices)
        limit, store = settings.max_content_bytes, settings.content_store
        self.keeper = None if store is None else Keeper(Uploads(store), limit)
        """What hands content over to its store, if it has one."""
        self._policy = Policy(settings.mask, limit, Written(combine(settings.conventions)), self.keeper)

    def expect(self, run: Run, op: Operation, context: Context) -> None:
        """Take notice of an operation that starts in `context`."""
        handles.notice(run, context)
        prompts.complete(run, op)
        self._pricing.expect(op)

    def settle(self, run: Run, op: Operation) -> None:
        """Complete an ended operation; without a span only its numbers are emitted."""
        handles.remember_answer(run, op)
        attempt("cost", self._pricing.settle, op)
        if run.span is not None:
            self._policy.apply(op, run.span, run.inherited.mode)

    def settle_evaluation(self, op: Evaluation, span: Span, mode: Mode) -> None:
        """Leave of an evaluation's content what may be recorded."""
        self._policy.apply(op, span, mode)
