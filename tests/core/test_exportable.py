"""What OTLP or JSON cannot hold: an exporter refuses the whole batch of what has it, so none of it gets there."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from genai_otel_core import Telemetry
from genai_otel_core import messages as m
from genai_otel_core.conventions import available
from genai_otel_core.cost import reported
from genai_otel_core.operations import Inference, Request, ToolExecution
from genai_otel_core.parameters import read_fields, read_parameters
from genai_otel_core.plain import finite, number, plain
from genai_otel_core.testing import Capture
from genai_otel_core.usage import count

LARGEST = 2**63 - 1
ORDER = 12345678901234567890
"""As models write them: twenty digits."""


def numbers_in(value: Any) -> Iterator[float]:
    """All numbers in attributes or a log record, those of JSON texts included."""
    if isinstance(value, (int, float)):
        yield value
    elif isinstance(value, str) and value[:1] in ("[", "{"):
        yield from numbers_in(json.loads(value))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from numbers_in(item)
    elif hasattr(value, "values"):
        for item in value.values():
            yield from numbers_in(item)


def bare(field: str, text: str, operation: Any) -> str:
    """A mask that writes numbers as JSON would not."""
    return re.sub(r'"(-?\d{19,})"', r"\1", text).replace('"nan"', "NaN").replace('"inf"', "1e999")


@pytest.mark.parametrize("convention", available())
@pytest.mark.parametrize("mask", [None, bare])
def test_no_number_is_too_large(seen: Capture, convention: str, mask: Any) -> None:
    """Arguments, schemas, parameters, usage and attributes of one's own: as text, or not at all."""
    telemetry = Telemetry(
        capture_content="span_and_event",
        convention=convention,
        mask=mask,
        attributes={"order": ORDER, "largest": LARGEST},
        **seen.providers,
    )
    wild = {"order": ORDER, "least": -(2**63) - 1, "largest": LARGEST, "odd": [math.inf, math.nan]}
    op = Inference(request=Request(model="m"))
    read_parameters(op.request, [{"seed": ORDER, "max_tokens": LARGEST}])
    op.input_messages = [m.Message("assistant", [m.ToolCall("pay", "c1", plain(wild, 1000))])]
    op.output_messages = [m.Message("assistant", [m.Text("done")])]
    op.tool_definitions = [m.ToolDefinition("pay", None, plain({"default": ORDER}, 1000))]
    telemetry.start("a", op)
    telemetry.finish("a")
    (span,) = seen.spans
    told = [*span.attributes.values(), *(event.attributes for event in span.events)]
    told += [part for record in seen.logs() for part in (record.body, dict(record.attributes))]
    found = list(numbers_in(told))
    assert LARGEST in found
    assert all(-(2**63) <= one <= LARGEST and math.isfinite(one) for one in found)
    assert span.attributes["order"] == str(ORDER)


def test_what_becomes_of_a_number() -> None:
    """Those that fit stay as they are; others are text, and what a model could not have meant is left out."""
    assert [number(one) for one in (LARGEST, 0.5, ORDER, math.inf)] == [LARGEST, 0.5, str(ORDER), "inf"]
    assert number(1 << 5000) == "[omitted int of 5001 bits]"
    assert plain({"third": Fraction(1, 4)}, 100) == {"third": 0.25}
    assert [finite(one) for one in (Fraction(1, 4), 1, True, "1", math.nan, ORDER)] == [0.25, 1, *[None] * 4]
    assert [count(one) for one in (LARGEST, LARGEST + 1, 1e300)] == [LARGEST, None, None]
    assert reported([{"cost": 10**400}]) is None
    request = Request()
    read_fields(request, {"seed": ORDER, "top_k": 3, "temperature": math.inf})
    assert (request.seed, request.top_k, request.temperature) == (None, 3, None)


def texts_in(value: Any) -> Iterator[str]:
    """All texts in a log record's body."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts_in(item)
    elif hasattr(value, "items"):
        for key, item in value.items():
            yield key
            yield from texts_in(item)


@pytest.mark.parametrize("convention", available())
def test_half_characters_are_no_names(seen: Capture, convention: str) -> None:
    """Models write tools' names and ids, too: what is not UTF-8 is in no span's name and no log record's body."""
    half = "look\ud800"
    telemetry = Telemetry(capture_content="span_and_event", convention=convention, **seen.providers)
    op = Inference(request=Request(model=half))
    op.input_messages = [m.Message("tool", [m.ToolResponse({half: [half]}, half)], half)]
    op.output_messages = [m.Message("assistant", [m.ToolCall(half, half, {half: half})], None, half)]
    telemetry.start("a", op)
    op.response.finish_reasons = [half]
    telemetry.finish("a")
    telemetry.start("b", ToolExecution(name=half))
    telemetry.finish("b")
    told = [span.name for span in seen.spans]
    told += [text for record in seen.logs() for text in texts_in(record.body)]
    assert any("look?" in text for text in told)
    for text in told:
        text.encode()
