"""What the tests of privacy share: strings to plant wherever there is content, and all that leaves the process."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opentelemetry import baggage, context

from genai_otel_core.conventions import available
from genai_otel_core.testing import Capture

WORD = "canary"
MASKED = "MASKED"


def planted(place: str) -> str:
    """A string that is found wherever it ends up."""
    return f"{WORD}-{place} sk-{WORD}-{place}-1234567890"


class Telltale:
    """An object that would tell by its representation, in any form."""

    def __repr__(self) -> str:
        return planted("repr")

    __str__ = __repr__
    __format__ = lambda self, spec: planted("format")  # noqa: E731 - as short as the others


class PlantedError(RuntimeError):
    """An error that tells by its text and by its representation."""

    def __repr__(self) -> str:
        return planted("error-repr")


def same(field: str, text: str, operation: Any) -> str:
    """A mask for the planted strings."""
    return text.replace(WORD, MASKED)


def raising(field: str, text: str, operation: Any) -> str:
    """A mask that fails, and tells by its error."""
    raise PlantedError(text)


def dropping(field: str, text: str, operation: Any) -> None:
    """A mask that drops everything."""


CONVENTIONS = [*available(), ["1.41", "openinference"]]
each_convention = pytest.mark.parametrize("convention", CONVENTIONS, ids=str)


def any_shape(shapes: st.SearchStrategy[Any], plain: Any, drawn: int = 12) -> Callable[[Any], Any]:
    """Run a test with a plain shape under each convention, and with some that are drawn under any of them."""

    def given_to(test: Any) -> Any:
        for convention in CONVENTIONS:
            test = example(shape=plain, convention=convention)(test)
        test = given(shape=shapes, convention=st.sampled_from(CONVENTIONS))(test)
        return settings(max_examples=drawn)(test)

    return given_to


@contextmanager
def planted_baggage() -> Iterator[None]:
    """Baggage that tells, around the code under test."""
    token = context.attach(baggage.set_baggage("note", planted("baggage")))
    try:
        yield
    finally:
        context.detach(token)


class Said(logging.Handler):
    """What the library's own logger says, at any level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what the record says; tracebacks are what DEBUG is for."""
        self.texts.append(record.getMessage())


@contextmanager
def listening() -> Iterator[Said]:
    """Listen to the library's own logger."""
    said, logger = Said(), logging.getLogger("genai_otel")
    logger.addHandler(said)
    try:
        yield said
    finally:
        logger.removeHandler(said)


def emitted(seen: Capture) -> Iterator[str]:
    """All that left the process, as text: spans, their events and links, log records and metric points."""
    for span in seen.spans:
        scope = span.instrumentation_scope
        yield str((span.name, span.status.description, dict(span.attributes or {})))
        yield from (str((event.name, dict(event.attributes or {}))) for event in span.events)
        yield from (str((dict(link.attributes or {}), dict(link.context.trace_state))) for link in span.links)
        yield str(
            (dict(span.context.trace_state), scope.name, scope.schema_url, dict(scope.attributes or {}))
        )
        yield from (text for value in (span.attributes or {}).values() for text in _within(value))
    for record in seen.logs():
        yield str((record.event_name, record.body, dict(record.attributes or {}), record.severity_text))
    for name, points in seen.metrics().items():
        yield str((name, [point["attributes"] for point in points]))


def _within(value: object) -> Iterator[str]:
    """A JSON text's content, where the escapes of JSON may hide a word."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            yield str(json.loads(value))
        except ValueError:
            yield value


def check_kept_apart(found: list[str], everything: str, folder: Path) -> None:
    """Check that all that was planted is masked in the store, and nothing of it in any signal."""
    assert found == []
    assert MASKED not in everything
    kept = "\n".join(path.read_text() for path in folder.rglob("*.json"))
    assert WORD not in kept
    places = "user system answer tool-arg tool-result tool-description query document"
    assert [place for place in places.split() if f"{MASKED}-{place}" not in kept] == []
