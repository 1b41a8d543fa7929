"""Leaving a part of an application out: what runs inside `suppress()` gives no spans, metrics or events of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Token
from types import TracebackType
from typing import Any

from opentelemetry import context as context_api
from opentelemetry.context import Context

from genai_otel_core.current import shown

_METADATA_KEY, _SHORT_KEY = "genai_otel.enabled", "otel"
_KEY = context_api.create_key("genai-otel-suppress")
# What `opentelemetry.instrumentation.utils.suppress_instrumentation()` sets, in its old and new form.
_KEYS = (_KEY, context_api._SUPPRESS_INSTRUMENTATION_KEY, "suppress_instrumentation")


class suppress:  # noqa: N801  # used like a function
    """Suppress GenAI telemetry for exactly the code inside, with `with` or `async with`.

    with suppress():
        evaluator.invoke(answer)
    """

    def __init__(self) -> None:
        self._token: Token[Context] | None = None

    def __enter__(self) -> None:
        self._token = context_api.attach(context_api.set_value(_KEY, True))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            context_api.detach(self._token)
            self._token = None

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)


@contextmanager
def everything_suppressed() -> Iterator[None]:
    """Suppress all instrumentations in this block, for work of our own that is no part of the application."""
    values = context_api.get_current()
    for key in _KEYS:
        values = context_api.set_value(key, True, values)
    token = context_api.attach(values)
    try:
        yield
    finally:
        context_api.detach(token)


def is_left_out(metadata: Mapping[str, Any]) -> bool:
    """Whether a call's own metadata says that nothing is to be told of it and of what is below it."""
    return metadata.get(_METADATA_KEY) is False or metadata.get(_SHORT_KEY) is False


def is_suppressed(context: Context) -> bool:
    """Whether telemetry is suppressed in a context, by us or for all instrumentations."""
    held = shown(context)
    ours, theirs, theirs_once = _KEYS
    return bool(dict.get(held, ours) or dict.get(held, theirs) or dict.get(held, theirs_once))
