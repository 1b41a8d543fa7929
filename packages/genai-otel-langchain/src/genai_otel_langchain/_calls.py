"""Calls that LangChain reports to no callback: their operation starts and ends around them."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import BaseCallbackHandler

from genai_otel_core import Telemetry
from genai_otel_core.guard import attempt
from genai_otel_core.operations import Operation
from genai_otel_core.placing import innermost
from genai_otel_core.sharing import shared_telemetry
from genai_otel_langchain import _instrumentor
from genai_otel_langchain._context import run_of_this_code
from genai_otel_langchain._handler import Handler
from genai_otel_langchain._libraries import client_library

if TYPE_CHECKING:
    from typing_extensions import Self


class Call:
    """One call to `called`, from `with` to its end; what it raises goes on as it is.

    It belongs to the LangChain run whose code makes it, or to whatever is current there.
    """

    __slots__ = ("_between", "_called", "_run", "_telemetry", "operation")

    def __init__(
        self,
        telemetry: Telemetry | None,
        operation: Operation | None,
        called: object,
        *,
        between: bool = False,
    ) -> None:
        """Prepare a call; with `between`, runs that the framework starts inside it lie below it."""
        self.operation = operation
        self._telemetry = telemetry
        self._called = called
        self._between = between
        self._run: Any = None

    def __enter__(self) -> Self:
        if self.operation is not None:
            attempt("calls.start", self._start, self.operation)
        return self

    def _start(self, operation: Operation) -> None:
        telemetry = self._telemetry = self._telemetry or current_telemetry()
        inside, here = telemetry.find(run_of_this_code()), innermost()
        # A retriever's code runs under the variable of the run above it, and in its own span.
        above = None if here is not None and inside is not None and here.is_within(inside) else inside
        self._run = telemetry.start(
            object(),
            operation,
            parent_id=None if above is None else above.id,
            library=attempt("client_library", client_library, self._called),
        )
        if self._run is not None:
            self._run.between = self._between

    def read(self, reader: Callable[[Any, Any], None], result: Any) -> None:
        """Complete the operation from what the call gave."""
        if self._run is not None:
            attempt("calls.read", reader, self.operation, result)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._run is not None and self._telemetry is not None:
            if error is None:
                attempt("calls.finish", self._telemetry.finish, self._run.id)
            else:
                attempt("calls.fail", self._telemetry.fail, self._run.id, error)


def checked_telemetry(telemetry: Telemetry | BaseCallbackHandler | None) -> Telemetry | None:
    """Return the telemetry of what an application gives as such; None stands for the process's own.

    Raises:
        TypeError: if it is neither a `Telemetry` nor a `Handler`.
    """
    if isinstance(telemetry, Handler):
        return telemetry.telemetry
    if telemetry is not None and not isinstance(telemetry, Telemetry):
        raise TypeError(f"telemetry must be a Telemetry, a Handler or None, not {type(telemetry).__name__}")
    return telemetry


def current_telemetry() -> Telemetry:
    """Return the instrumented process's telemetry, or the shared one with default options."""
    handler = _instrumentor.current_handler()
    return shared_telemetry(Telemetry, {}) if handler is None else handler.telemetry
