"""`Telemetry`: the options of a process's GenAI telemetry, and what adapters share."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry._logs import LoggerProvider
from opentelemetry.context import get_current
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import NonRecordingSpan, TracerProvider

from genai_otel_core import sharing
from genai_otel_core.attributes import Allowed, AttributeSource
from genai_otel_core.conventions import Convention
from genai_otel_core.cost import PriceTable
from genai_otel_core.emitter import Emitter
from genai_otel_core.evaluations import evaluation
from genai_otel_core.handles import from_handle
from genai_otel_core.lifecycle import Lifecycle
from genai_otel_core.masks import Mask
from genai_otel_core.metrics import observe_ourselves
from genai_otel_core.resume import ResumeStore
from genai_otel_core.routing import ProviderFor
from genai_otel_core.settings import check
from genai_otel_core.store import ContentStore


class Telemetry(Lifecycle):
    """Turns operations into spans, metric points and events; one value may serve all adapters of a process.

    Args:
        tracer_provider, meter_provider, logger_provider: where to send; default the global ones, which
            are looked up when needed and never set.
        convention: the vocabulary: a name, a `Convention`, or a list of them to emit several on one span
            (the first gives span name and kind). Default: environment `GENAI_OTEL_CONVENTION` (comma list);
            else `dev` if `OTEL_SEMCONV_STABILITY_OPT_IN` has `gen_ai_latest_experimental`; else `1.41`.
        capture_content: where prompts, completions, tool arguments and the like go: `none`, `span`, `event`,
            `span_and_event`, or `never`, which no call can change. Default: environment
            `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` (`NO_CONTENT`, `SPAN_ONLY`, `EVENT_ONLY`,
            `SPAN_AND_EVENT`, `true`, `false`), else `none`.
        detail: which runs get a span: `operations` (model, tool, retrieval, agent, workflow), `steps`
            (also graph nodes and named chains; the default) or `everything` (also the plumbing).
        max_content_bytes: bound of each content attribute, in UTF-8 bytes; default 32768, minimum 256.
        max_runs: how many unfinished runs are kept, default 10000; the oldest is ended beyond that.
        max_run_age: how long an unfinished run is kept, in seconds, default 3600.
        provider_for: a callable that is asked for each `RootRun` which providers its whole tree goes to: a
            mapping with any of `tracer_provider`, `meter_provider`, `logger_provider`, or None; what it does not
            name goes to the above.
        resume_store: where interrupted runs are kept until they are resumed, to link the two: a directory
            that several processes share, an object with `save` and `load`, or None for this process's memory.
        start_events: also emit an event when an agent, workflow or tool starts, so that a killed process
            leaves a trace of where it was; default False.
        self_metrics: also report counters about this library itself (`genai_otel.self.*`: caught errors,
            evicted runs, omitted bytes, failed masks, dropped uploads); default False.
        dedupe: who reports a model call that an instrumentation of the client library reports too: `outer` (we
            do, and the inner one keeps quiet or enriches our span; the default), `inner` (it does, and calls
            that nothing else reports are still ours) or `off` (both do).
        mask: a callable `(field, text, operation) -> str | None` that gets each part of content before it is
            recorded, and returns what is recorded instead; see `genai_otel_core.masks`, which has some ready.
        attributes: attributes of your own for every span: a mapping, or a callable that gives one, with the
            operation as its argument if it takes one.
        metadata_attributes: which keys of the framework's metadata, which tags (`key`, `key:value`) and which
            OpenTelemetry baggage keys become attributes of the run's spans and of those below; a mapping
            renames them. Nothing else of the metadata is recorded.
        metric_attributes: which of both may also be dimensions of metrics; each value makes a time series.
        prices: your own prices, by model, `provider/model` or a pattern of either (`my-model-*`): a mapping with
            `input`, `output`, `cache_read` and `cache_write`, in US dollars per million tokens. They come before
            those that the extra `genai-otel-core[cost]` brings; a cost that the provider reports, before both.
        content_store: where content is kept apart from spans, which then carry its address alone: the URL or
            path of a folder (`s3://bucket/prompts`; needs the extra `genai-otel-core[store]`), or an object with the
            two methods of `genai_otel_core.store.ContentStore`. `max_content_bytes` bounds each field there.

    Raises:
        TypeError, ValueError: for a wrong option, naming it and the allowed values.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        convention: str | Convention | Sequence[str | Convention] | None = None,
        capture_content: str | None = None,
        detail: str = "steps",
        max_content_bytes: int = 32768,
        max_runs: int = 10_000,
        max_run_age: float = 3600.0,
        provider_for: ProviderFor | None = None,
        resume_store: ResumeStore | str | os.PathLike[str] | None = None,
        start_events: bool = False,
        self_metrics: bool = False,
        dedupe: str = "outer",
        mask: Mask | None = None,
        attributes: AttributeSource | None = None,
        metadata_attributes: Allowed = (),
        metric_attributes: Sequence[str] = (),
        prices: PriceTable | None = None,
        content_store: ContentStore | str | os.PathLike[str] | None = None,
    ) -> None:
        self._options = {
            name: value
            for name, value in locals().items()
            if name not in ("self", "__class__") and value is not None
        }
        self._token: str | None = None
        settings = check(**sharing.without_providers(self._options))
        sharing.check_providers(tracer_provider, meter_provider, logger_provider)
        emitter = Emitter(tracer_provider, meter_provider, logger_provider, settings.conventions)
        if settings.self_metrics:
            observe_ourselves(meter_provider)
        super().__init__(settings, emitter, self._options)
        sharing.alive.add(self)

    def record_evaluation(
        self,
        handle: str,
        name: str,
        score: float | None = None,
        label: str | None = None,
        explanation: str | None = None,
        *,
        response_id: str | None = None,
        error_type: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Emit that an answer was judged; see `genai_otel_core.feedback.record_evaluation`."""
        judged = from_handle(handle)
        answer = judged.response_id if response_id is None else response_id
        op = evaluation(name, score, label, explanation, answer, error_type, attributes)
        mode = self._inheritance.of(None, None, (), get_current()).mode
        self._settlement.settle_evaluation(op, NonRecordingSpan(judged.context), mode)
        self._routing.emitter(op).evaluate(op, judged.context, mode)

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until content is in its store, at most `timeout` seconds; return whether it is.

        Done at the process's exit too. Providers have a `force_flush` of their own.
        """
        keeper = self._settlement.keeper
        return keeper is None or keeper.flush(timeout)

    def __copy__(self) -> Telemetry:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Telemetry:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if self._token is None:
            self._token = sharing.remember(self)
        return sharing.reconnect, (type(self), self._token, *sharing.portable(self._options))
