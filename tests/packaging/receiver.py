"""A collector on loopback: takes OTLP over HTTP and keeps what it was sent, decoded."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_FORMS = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


class Received:
    """What arrived, by signal."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: dict[str, list[Any]] = {path: [] for path in _FORMS}
        self.refused: set[str] = set()

    def spans(self) -> list[Any]:
        """All spans, by start time."""
        found = [
            span
            for request in self.requests["/v1/traces"]
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return sorted(found, key=lambda span: span.start_time_unix_nano)

    def tree(self) -> list[str]:
        """Names and kinds, indented below their parents."""
        return list(self._below(b"", 0))

    def _below(self, parent: bytes, depth: int) -> Iterator[str]:
        for span in self.spans():
            if span.parent_span_id == parent:
                kind = type(span).SpanKind.Name(span.kind).removeprefix("SPAN_KIND_")
                yield f"{'  ' * depth}{span.name} {kind}"
                yield from self._below(span.span_id, depth + 1)

    def metric_names(self) -> set[str]:
        """The instruments that have points."""
        return {
            metric.name
            for request in self.requests["/v1/metrics"]
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def event_names(self) -> list[str]:
        """The events among the log records, in the order they came."""
        return [
            record.event_name
            for request in self.requests["/v1/logs"]
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]


@contextmanager
def receiving() -> Iterator[Received]:
    """Receive on a free port of loopback for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            accepted = self.path not in received.refused
            if accepted:
                received.requests[self.path].append(_FORMS[self.path].FromString(body))
            self.send_response(200 if accepted else 405)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Received(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
