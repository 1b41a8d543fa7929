"""The application's own attributes: what goes on spans and metrics, what is inherited, and what never is recorded."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from opentelemetry import baggage, context

from genai_otel_core import Telemetry
from genai_otel_core.operations import AgentInvocation, Inference, Operation
from genai_otel_core.testing import Capture

OWN = ("app.", "tenant.", "user.", "blue", "session", "region")


def run(telemetry: Telemetry, **start: Any) -> None:
    """Run an agent with a hidden run and a model call below it."""
    telemetry.start("agent", AgentInvocation(name="a"), **start)
    telemetry.start("hidden", None, parent_id="agent")
    telemetry.start("model", Inference(), parent_id="hidden")
    for one in ("model", "hidden", "agent"):
        telemetry.finish(one)


def own(seen: Capture) -> dict[str, dict[str, Any]]:
    """The application's attributes by span name."""
    return {
        span.name: {key: value for key, value in span.attributes.items() if key.startswith(OWN)}
        for span in seen.spans
    }


def both(**attributes: Any) -> dict[str, dict[str, Any]]:
    """The same attributes on both spans."""
    return {"chat": attributes, "invoke_agent a": attributes}


def test_static_attributes(seen: Capture) -> None:
    """A mapping is on every span; secrets and what is no attribute are left out."""
    given = {
        "app.feature": "chat",
        "app.beta": True,
        "app.ratio": 0.0,
        "app.kinds": ["a", "b"],
        "app.id": uuid.UUID(int=1),
        "app.api_key": "sk-1",
        "app.object": object(),
        "app.mixed": ["a", 1],
        "app.none": None,
        "app.long": "é" * 2000,
    }
    run(Telemetry(attributes=given, **seen.providers))
    found = own(seen)["chat"]
    assert len(found.pop("app.long").encode()) <= 1024
    assert found == {
        "app.feature": "chat",
        "app.beta": True,
        "app.ratio": 0.0,
        "app.kinds": ("a", "b"),
        "app.id": "00000000-0000-0000-0000-000000000001",
    }


@pytest.mark.parametrize(
    "source",
    [
        lambda: {"app.feature": "chat"},
        lambda op: {"app.feature": "chat" if isinstance(op, Operation) else "no operation"},
        lambda op=None: {"app.feature": "chat"},
    ],
)
def test_attributes_by_a_callable(source: Any, seen: Capture) -> None:
    """A callable is asked for each operation, which it gets if it takes one."""
    run(Telemetry(attributes=source, **seen.providers))
    assert own(seen) == both(**{"app.feature": "chat"})


@pytest.mark.guard_may_catch
def test_a_callable_that_fails_costs_its_attributes_only(seen: Capture) -> None:
    """Spans are there without the attributes of a callable that raises or gives something else."""
    run(Telemetry(attributes=lambda: 1 / 0, **seen.providers))
    run(Telemetry(attributes=lambda: "text", **seen.providers))
    run(Telemetry(attributes=lambda: None, **seen.providers))
    assert [dict(attributes) for attributes in own(seen).values()] == [{}, {}]
    assert len(seen.spans) == 6


def test_metadata_by_an_allow_list(seen: Capture) -> None:
    """Allowed keys of metadata and tags are on the run's spans and on those below; nothing else of them is."""
    telemetry = Telemetry(metadata_attributes=["tenant.id", "user.tier", "blue"], **seen.providers)
    run(
        telemetry,
        metadata={"tenant.id": "acme", "tenant.secret_plan": "x", "langgraph_step": 3},
        tags=["blue", "red", "user.tier:gold", "tenant.id=from-tag", "seq:step:1"],
    )
    assert own(seen) == both(**{"tenant.id": "acme", "user.tier": "gold", "blue": True})
    assert "red" not in str([dict(span.attributes) for span in seen.spans])


def test_metadata_under_another_name(seen: Capture) -> None:
    """A mapping renames what it allows; a run below may say something else for itself."""
    telemetry = Telemetry(metadata_attributes={"user_id": "user.id"}, **seen.providers)
    telemetry.start("agent", AgentInvocation(name="a"), metadata={"user_id": 7})
    telemetry.start("model", Inference(), parent_id="agent", metadata={"user_id": 8})
    telemetry.finish("model")
    telemetry.finish("agent")
    assert own(seen) == {"chat": {"user.id": 8}, "invoke_agent a": {"user.id": 7}}


def test_baggage_by_the_same_list(seen: Capture) -> None:
    """Allowed baggage keys become attributes; metadata comes first."""
    telemetry = Telemetry(metadata_attributes=["tenant.id", "region"], **seen.providers)
    there = baggage.set_baggage(
        "region", "eu", baggage.set_baggage("tenant.id", "b", baggage.set_baggage("x", "y"))
    )
    token = context.attach(there)
    try:
        run(telemetry, metadata={"tenant.id": "acme"})
    finally:
        context.detach(token)
    assert own(seen) == both(**{"tenant.id": "acme", "region": "eu"})


def test_secrets_are_not_allowed_in(seen: Capture, caplog: pytest.LogCaptureFixture) -> None:
    """A key named like a secret is not recorded though it is on the list, and a warning says so."""
    telemetry = Telemetry(metadata_attributes=["user.password", "user.name"], **seen.providers)
    run(telemetry, metadata={"user.password": "hunter2", "user.name": "jane"})
    assert own(seen) == both(**{"user.name": "jane"})
    assert "user.password" in caplog.text


def test_metrics_get_only_what_they_may(seen: Capture) -> None:
    """Of the attributes, only those of the second list label metric points."""
    telemetry = Telemetry(
        attributes={"app.feature": "chat"},
        metadata_attributes=["tenant.id", "user.id"],
        metric_attributes=["tenant.id", "app.feature"],
        **seen.providers,
    )
    run(telemetry, metadata={"tenant.id": "acme", "user.id": "u-1"})
    (point,) = seen.metrics()["gen_ai.client.operation.duration"]
    assert point["attributes"] == {
        "gen_ai.operation.name": "chat",
        "tenant.id": "acme",
        "app.feature": "chat",
    }
    assert own(seen)["chat"] == {"app.feature": "chat", "tenant.id": "acme", "user.id": "u-1"}


def test_ten_thousand_users_make_one_series(seen: Capture) -> None:
    """A user's id on spans makes no time series of its own."""
    telemetry = Telemetry(metadata_attributes=["user.id"], **seen.providers)
    for index in range(300):
        telemetry.start(index, Inference(), metadata={"user.id": str(index)}, attach=False)
        telemetry.finish(index)
    assert len(seen.metrics()["gen_ai.client.operation.duration"]) == 1
    assert len({span.attributes["user.id"] for span in seen.spans}) == 300


def test_a_convention_wins_over_a_custom_attribute_of_its_name(seen: Capture) -> None:
    """An attribute that the convention has a value for keeps that value."""
    run(
        Telemetry(attributes={"gen_ai.operation.name": "mine", "gen_ai.agent.id": "theirs"}, **seen.providers)
    )
    assert seen.span("chat").attributes["gen_ai.operation.name"] == "chat"
    assert seen.span("chat").attributes["gen_ai.agent.id"] == "theirs"


@pytest.mark.parametrize(
    ("options", "error", "word"),
    [
        ({"attributes": "app"}, TypeError, "attributes"),
        ({"metadata_attributes": "tenant.id"}, TypeError, "metadata_attributes"),
        ({"metadata_attributes": [1]}, TypeError, "metadata_attributes"),
        ({"metadata_attributes": {"a": ""}}, TypeError, "metadata_attributes"),
        ({"metric_attributes": 5}, TypeError, "metric_attributes"),
        ({"metric_attributes": ["tenant.id"]}, ValueError, "tenant.id"),
        ({"mask": "all"}, TypeError, "mask"),
    ],
)
def test_wrong_options_raise(options: dict[str, Any], error: type[Exception], word: str) -> None:
    """A wrong option is named."""
    with pytest.raises(error, match=word):
        Telemetry(**options)
