"""Where the demo's telemetry goes: held in memory, to be printed, or sent on over OTLP."""

from __future__ import annotations

from typing import Any

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Collected:
    """Providers of all three signals, and what went through them."""

    def __init__(self) -> None:
        resource = Resource.create({"service.name": "genai-otel-demo"})
        self._spans = InMemorySpanExporter()
        self._logs = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]  # the SDK's has no annotations
        self._metrics = InMemoryMetricReader()
        self.tracer_provider = TracerProvider(resource=resource)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._spans))
        self.logger_provider = LoggerProvider(resource=resource)
        self.logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self.meter_provider = MeterProvider(metric_readers=[self._metrics], resource=resource)

    @property
    def providers(self) -> dict[str, Any]:
        """The providers, as a handler takes them."""
        return {
            "tracer_provider": self.tracer_provider,
            "meter_provider": self.meter_provider,
            "logger_provider": self.logger_provider,
        }

    def spans(self) -> list[ReadableSpan]:
        """Return the ended spans, in the order they started."""
        return sorted(self._spans.get_finished_spans(), key=lambda span: span.start_time or 0)

    def metrics(self) -> list[Metric]:
        """Return the metrics with their points."""
        data = self._metrics.get_metrics_data()
        scopes = (
            [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        )
        return [metric for scope in scopes for metric in scope.metrics]

    def send(self, url: str) -> dict[str, str]:
        """Send everything to the OTLP endpoint at `url` over HTTP; return what became of each signal."""
        base = url.rstrip("/")
        spans, logs, metrics = self.spans(), self._logs.get_finished_logs(), self._metrics.get_metrics_data()
        sent = {"traces": OTLPSpanExporter(endpoint=f"{base}/v1/traces").export(spans).name}
        if metrics is not None:
            sent["metrics"] = OTLPMetricExporter(endpoint=f"{base}/v1/metrics").export(metrics).name
        if logs:
            sent["logs"] = OTLPLogExporter(endpoint=f"{base}/v1/logs").export(logs).name
        return sent
