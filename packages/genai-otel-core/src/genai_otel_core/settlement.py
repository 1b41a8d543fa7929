"""The last things done to an operation before it is emitted: what it cost, and what of its content may be seen."""

from __future__ import annotations

from opentelemetry.trace import Span

from genai_otel_core.content import Mode
from genai_otel_core.cost import Pricing
from genai_otel_core.guard import attempt
from genai_otel_core.operations import Operation
from genai_otel_core.policy import Policy
from genai_otel_core.settings import Settings


class Settlement:
    """Completes operations by the options `prices`, `mask` and `max_content_bytes`."""

    def __init__(self, settings: Settings) -> None:
        self._pricing = Pricing(settings.prices)
        self._policy = Policy(settings.mask, settings.max_content_bytes)

    def expect(self, op: Operation) -> None:
        """Take notice of an operation that starts."""
        self._pricing.expect(op)

    def settle(self, op: Operation, span: Span | None, mode: Mode) -> None:
        """Complete an ended operation; without a span only its numbers are emitted."""
        attempt("cost", self._pricing.settle, op)
        if span is not None:
            self._policy.apply(op, span, mode)
