"""Several conventions at once: all of each on one span, and nothing twice."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest

from core.conventions.checks import emitted_metrics
from core.conventions.runs import RUNS, Stage, chat
from genai_otel_core import Telemetry
from genai_otel_core.conventions import (
    Convention,
    Event,
    EventSpec,
    Kind,
    Level,
    MetricSpec,
    Row,
    SpanSpec,
    _own,
    available,
    combine,
    resolve,
)
from genai_otel_core.operations import Inference
from genai_otel_core.testing import Capture, Clock, capture

BUILT_IN = ("1.27", "1.36", "1.41", "dev", "openinference")
PAIRS = list(itertools.permutations(BUILT_IN, 2))


def played(run: str, convention: Any) -> Capture:
    """What a run emits; the clock makes two plays equal."""
    with capture(clock=Clock()) as seen:
        options = {"convention": convention, "capture_content": "span_and_event"}
        RUNS[run](Stage(Telemetry(**options, **seen.providers)))
        seen.collected = (seen.metrics(), list(emitted_metrics(seen)))
        return seen


@pytest.mark.parametrize("pair", PAIRS, ids=" then ".join)
@pytest.mark.parametrize("run", ["agent", "embeddings", "retrieval", "workflow", "failed_chat"])
def test_a_span_has_the_attributes_of_both(run: str, pair: tuple[str, str]) -> None:
    """Name and kind are the first's; attributes are those of both, the first's values where both name one."""
    both, first, second = played(run, list(pair)), played(run, pair[0]), played(run, pair[1])
    for span, one, other in zip(both.spans, first.spans, second.spans, strict=True):
        assert (span.name, span.kind) == (one.name, one.kind)
        assert dict(span.attributes) == {**other.attributes, **one.attributes}
        names = Counter(event.name for event in span.events)
        assert names == Counter(event.name for event in (*one.events, *other.events))


@pytest.mark.parametrize("pair", PAIRS, ids=" then ".join)
@pytest.mark.parametrize("run", ["agent", "embeddings", "retrieval", "streamed", "failed_chat"])
def test_a_metric_of_both_is_recorded_once(run: str, pair: tuple[str, str]) -> None:
    """A metric that both have counts everything once, under the labels of both; every other is unchanged."""
    both, first, second = (played(run, chosen) for chosen in (list(pair), *pair))
    (merged, _), (one, _), (other, _) = both.collected, first.collected, second.collected
    assert set(merged) == {*one, *other}
    for name, points in merged.items():
        for alone in (one.get(name), other.get(name)):
            assert alone is None or _amount(points) == _amount(alone)
            for point in alone or ():
                assert any(point["attributes"].items() <= found["attributes"].items() for found in points)


def _amount(points: list[dict[str, Any]]) -> tuple[float, float]:
    return (
        pytest.approx(sum(point.get("sum", point.get("value")) for point in points)),
        sum(point.get("count", 0) for point in points),
    )


def test_metrics_keep_their_own_schema_url() -> None:
    """A metric's scope has the URL of the convention that defines it, a span's that of the first."""
    seen = played("agent", ["1.36", "dev"])
    urls = {
        metric.name: url for url, metric in seen.collected[1] if not metric.name.startswith(_own.PREFIXES)
    }
    assert urls["gen_ai.client.token.usage"] == "https://opentelemetry.io/schemas/1.36.0"
    assert (
        urls["gen_ai.client.inference.duration"] == "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev"
    )
    assert {span.instrumentation_scope.schema_url for span in seen.spans} == {
        "https://opentelemetry.io/schemas/1.36.0"
    }
    records = {
        (data.log_record.event_name, data.instrumentation_scope.schema_url)
        for data in seen.log_exporter.get_finished_logs()
    }
    assert ("gen_ai.choice", "https://opentelemetry.io/schemas/1.36.0") in records
    details = "gen_ai.client.inference.operation.details"
    assert (details, "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev") in records


def test_an_event_of_both_is_emitted_once_with_what_both_say() -> None:
    """The details of a call are one record, which also has the attributes that only the second gives it."""
    seen = played("cached_tokens", ["1.41", "dev"])
    (record,) = seen.logs()
    assert record.attributes["gen_ai.usage.cache_creation.input_tokens"] == 50
    assert record.attributes["gen_ai.usage.cache_write.input_tokens"] == 50
    assert record.attributes["gen_ai.provider.name"] == "anthropic"
    assert record.severity_number is None


def test_records_of_one_name_are_kept_apart() -> None:
    """Of two conventions with an event per message, the second's n-th adds to the first's n-th."""

    def events(key: str, count: int) -> EventSpec:
        return EventSpec(
            ("said",), (Inference,), lambda op, content: [Event("said", {key: n}) for n in range(count)]
        )

    first, second = (
        Convention(name, None, (), events=(events(name, count),)) for name, count in (("a", 2), ("b", 3))
    )
    with capture() as seen:
        Stage(Telemetry(convention=[first, second], **seen.providers)).one(chat())
        assert [dict(record.attributes) for record in seen.logs()] == [{"a": 0, "b": 0}, {"a": 1, "b": 1}]


def test_the_same_convention_twice_is_one() -> None:
    """Naming a convention twice changes nothing."""
    assert [found.name for found in resolve(["1.41", "1.36", "1.41"])] == ["1.41", "1.36"]


def test_conventions_join_with_a_bar() -> None:
    """`a | b` is both, as a list of the two is."""
    first, second = resolve(["1.41", "openinference"])
    seen, listed = played("plain", first | second), played("plain", ["1.41", "openinference"])
    assert [span.attributes for span in seen.spans] == [span.attributes for span in listed.spans]
    assert combine([first]) is first


def _spec(*rows: Row[Inference]) -> SpanSpec[Inference]:
    return SpanSpec(Inference, lambda op: "call", lambda op: Kind.CLIENT, rows)


def _counted(name: str, *dimensions: str, unit: str = "1") -> MetricSpec:
    return MetricSpec(name, "counter", unit, "", (Inference,), dimensions, lambda op: [(1, {})])


def test_a_detail_of_one_may_label_a_metric_of_another() -> None:
    """What the first has on spans only is a dimension if the second's metrics want it."""
    first = Convention("a", None, (_spec(Row("x", lambda op: "first")),))
    second = Convention(
        "b", None, (_spec(Row("x", lambda op: "second", Level.IDENTITY)),), (_counted("n", "x"),)
    )
    with capture() as seen:
        Stage(Telemetry(convention=[first, second], **seen.providers)).one(Inference())
        assert seen.spans[0].attributes["x"] == "first"
        assert seen.metrics()["n"][0]["attributes"] == {"x": "first"}


def test_what_one_calls_content_is_content() -> None:
    """Where the first has a name as content and the second does not, it is content: nothing shows it."""
    first = Convention("a", None, (_spec(Row("x", lambda op: "first", Level.CONTENT)),))
    second = Convention(
        "b", None, (_spec(Row("x", lambda op: "second", Level.IDENTITY)),), (_counted("n", "x"),)
    )
    with capture() as seen:
        Stage(Telemetry(convention=[first, second], **seen.providers)).one(Inference())
        assert "x" not in seen.spans[0].attributes
        assert seen.metrics()["n"][0]["attributes"] == {}


def test_another_measure_under_a_taken_name_is_left_out() -> None:
    """Two metrics of one name and different units cannot be one: the first has it."""
    first = Convention("a", None, (_spec(),), (_counted("n"),))
    second = Convention("b", None, (_spec(),), (_counted("n", unit="s"),))
    with capture() as seen:
        Stage(Telemetry(convention=[first, second], **seen.providers)).one(Inference())
        assert [point["unit"] for point in seen.metrics()["n"]] == ["1"]


def test_all_at_once() -> None:
    """All conventions together emit every run."""
    for run in RUNS:
        assert played(run, available()).spans
