"""A `Telemetry` that remembers what adapters start, to compare with what was emitted."""

from __future__ import annotations

from typing import Any

from genai_otel_core import Telemetry
from genai_otel_core.operations import Operation


class Played(Telemetry):
    """Remembers the operations that adapters start."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.played: list[Operation] = []

    def start(self, run_id: Any, operation: Operation | None, **more: Any) -> Any:
        run = super().start(run_id, operation, **more)
        if run is not None and operation is not None:
            self.played.append(operation)
        return run
