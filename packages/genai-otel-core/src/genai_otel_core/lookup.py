"""What can be asked of the runs that are open or ended lately."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from opentelemetry.context import get_current

from genai_otel_core import content, current, handles
from genai_otel_core.causes import Causes
from genai_otel_core.inherited import Inheritance
from genai_otel_core.operations import Operation
from genai_otel_core.runs import Run, RunStore
from genai_otel_core.settings import Settings


class Lookup:
    """The methods of `Telemetry` that only look."""

    _settings: Settings
    _runs: RunStore
    _causes: Causes
    _inheritance: Inheritance

    @property
    def settings(self) -> Settings:
        """The checked options."""
        return self._settings

    @property
    def open_runs(self) -> int:
        """How many runs have started and not ended."""
        return len(self._runs)

    @property
    def captures_content(self) -> bool:
        """Whether content is captured of a run that would start here, unless its own call says otherwise."""
        mode = self._settings.mode
        around = None if mode is content.Mode.NEVER else content.of_context(current.shown(get_current()))
        return (around or mode).captures

    def captures(self, run_id: Hashable) -> bool:
        """Whether the content of an open run is to be translated; not for hidden runs."""
        run = self._runs.get(run_id)
        return run is not None and run.wants_content

    def find(self, run_id: Hashable) -> Run | None:
        """Return the run with this id if it is open or ended lately."""
        return self._runs.find_parent(run_id)

    def handle(self, run_id: Hashable) -> str | None:
        """Return a handle of a run that is open or ended lately; see `genai_otel_core.feedback`.

        A text may also be the provider's id of an answer.
        """
        run = self._runs.find_parent(run_id)
        if run is None and isinstance(run_id, str):
            run = self._runs.answered(run_id)
        return handles.of_run(run)

    def open(self, wanted: Callable[[Run], bool]) -> list[Run]:
        """Return the open runs that are `wanted`, the oldest first."""
        return [run for run in self._runs if wanted(run)]

    def operation(self, run_id: Hashable) -> Operation | None:
        """Return the operation of an open run, to be completed before it ends; None for hidden runs."""
        run = self._runs.get(run_id)
        return None if run is None else run.operation

    def has_run(self, run: Run, call_id: str) -> bool:
        """Whether the tool call with this id has been executed in the run's tree."""
        return self._causes.has_run(run, call_id)
