"""The handler: span handler, event handler and legacy callback handler in one, each a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import BoundArguments
from typing import Any, ClassVar

from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.event_handlers import BaseEventHandler
from llama_index_instrumentation.span import BaseSpan
from llama_index_instrumentation.span_handlers import BaseSpanHandler

from genai_otel_core import Telemetry
from genai_otel_core.guard import guarded
from genai_otel_core.sharing import shared_telemetry
from genai_otel_llamaindex import _compat
from genai_otel_llamaindex._events import Events
from genai_otel_llamaindex._legacy import LegacyEvents
from genai_otel_llamaindex._spans import Spans


class Handler(BaseSpanHandler[BaseSpan], BaseEventHandler, _compat.CallbackHandler):
    """LlamaIndex spans, events and callbacks to OpenTelemetry spans, metrics and events.

        handler = Handler().attach()                                          # everything in the process
        Settings.callback_manager = CallbackManager([Handler()])              # or only what callbacks tell

    The dispatcher, which `attach` uses, tells more; where both see one operation, that makes one span. A
    handler may be shared by threads and tasks, copied, deep-copied and pickled.

    Args:
        telemetry: the `Telemetry` to use, shared with other adapters; or
        **options: the options of `Telemetry`. Handlers with equal options share one.

    Raises:
        TypeError, ValueError: for a wrong option, naming it and the allowed values.
    """

    event_starts_to_ignore: ClassVar[tuple[Any, ...]] = ()  # type: ignore[misc]  # else pydantic's field
    event_ends_to_ignore: ClassVar[tuple[Any, ...]] = ()  # type: ignore[misc]  # else pydantic's field

    _telemetry: Telemetry
    _spans: Spans
    _events: Events
    _legacy: LegacyEvents

    def __init__(self, telemetry: Telemetry | None = None, **options: Any) -> None:
        if telemetry is not None and not isinstance(telemetry, Telemetry):
            raise TypeError(f"telemetry must be a Telemetry or None, not {type(telemetry).__name__}")
        if telemetry is not None and options:
            raise TypeError(f"telemetry brings its own options; {', '.join(sorted(options))} cannot be added")
        super().__init__()
        self._telemetry = telemetry or shared_telemetry(Telemetry, options)
        self._spans = Spans(self._telemetry)
        self._events = Events(self._spans)
        self._legacy = LegacyEvents(self._spans)
        _compat.register_callback_handler(type(self))

    @property
    def telemetry(self) -> Telemetry:
        """Where everything goes."""
        return self._telemetry

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex shows for it."""
        return "GenAIOpenTelemetryHandler"

    def __copy__(self) -> Handler:
        return self

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Handler:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._telemetry,)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    # On the dispatcher

    def attach(self) -> Handler:
        """Attach to the root dispatcher, which sees everything in the process; once, however often called."""
        root = get_dispatcher()
        if self not in root.span_handlers:
            root.add_span_handler(self)
        if self not in root.event_handlers:
            root.add_event_handler(self)
        return self

    def detach(self) -> None:
        """Detach from the root dispatcher and end what is open, since its end will not be told."""
        root = get_dispatcher()
        root.span_handlers = [handler for handler in root.span_handlers if handler is not self]
        root.event_handlers = [handler for handler in root.event_handlers if handler is not self]
        self.close()

    @guarded
    def span_enter(
        self,
        id_: str,
        bound_args: BoundArguments,
        instance: Any = None,
        parent_id: str | None = None,
        tags: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Start an operation, or a hidden run."""
        self._spans.enter(id_, bound_args, instance, parent_id, tags)

    @guarded
    def span_exit(
        self, id_: str, bound_args: BoundArguments, instance: Any = None, result: Any = None, **kwargs: Any
    ) -> None:
        """End an operation with its result; one that returned a stream ends with the stream."""
        self._spans.exit(id_, result)

    @guarded
    def span_drop(
        self,
        id_: str,
        bound_args: BoundArguments,
        instance: Any = None,
        err: BaseException | None = None,
        **kwargs: Any,
    ) -> None:
        """End an operation that failed."""
        self._spans.drop(id_, err)

    @guarded
    def handle(self, event: Any, **kwargs: Any) -> None:
        """Take an event."""
        self._events.take(event)

    @guarded
    def close(self) -> None:
        """End what is open: the dispatcher shuts down. Providers are the application's to shut down."""
        self._spans.close()

    def new_span(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: spans are kept by `Telemetry`."""

    def prepare_to_exit_span(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: spans are kept by `Telemetry`."""

    def prepare_to_drop_span(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: spans are kept by `Telemetry`."""

    # In a callback manager

    def on_event_start(
        self,
        event_type: Any,
        payload: dict[str, Any] | None = None,
        event_id: str = "",
        parent_id: str = "",
        **kwargs: Any,
    ) -> str:
        """Start an operation that only callbacks tell of."""
        self._start_event(event_type, payload or {}, event_id, parent_id)
        return event_id

    @guarded
    def _start_event(self, event_type: Any, payload: dict[str, Any], event_id: str, parent_id: str) -> None:
        self._legacy.start(event_type, payload, event_id, parent_id)

    @guarded
    def on_event_end(
        self, event_type: Any, payload: dict[str, Any] | None = None, event_id: str = "", **kwargs: Any
    ) -> None:
        """End an operation that only callbacks tell of."""
        self._legacy.end(event_type, payload or {}, event_id)

    def start_trace(self, trace_id: str | None = None) -> None:
        """Nothing: operations find their parents themselves."""

    def end_trace(self, trace_id: str | None = None, trace_map: dict[str, list[str]] | None = None) -> None:
        """Nothing: operations find their parents themselves."""
