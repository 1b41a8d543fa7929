"""The documented tail sampling recipe decides by attributes that we really emit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from langchain_core.messages import AIMessage
from models import ScriptedModel

from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler

RECIPE = (Path(__file__).parents[2] / "docs/sampling.md").read_text()
POLICIES = {
    policy["name"]: policy
    for policy in yaml.safe_load(re.search(r"```yaml\n(.*?)```", RECIPE, re.DOTALL).group(1))["processors"][
        "tail_sampling"
    ]["policies"]
}


def matches(policy: dict[str, Any], span: Any) -> bool:
    """What the collector's processor decides for one span."""
    rule = policy[policy["type"]]
    if policy["type"] == "status_code":
        return span.status.status_code.name in rule["status_codes"]
    if policy["type"] == "latency":
        return (span.end_time - span.start_time) / 1e6 >= rule["threshold_ms"]
    if policy["type"] == "ottl_condition":
        (condition,) = rule["span"]
        key, least = re.fullmatch(r'attributes\["(.+)"\] > ([\d.]+)', condition).groups()
        return span.attributes.get(key, 0.0) > float(least)
    value = span.attributes.get(rule.get("key"))
    if policy["type"] == "numeric_attribute":
        return value is not None and rule["min_value"] <= value <= rule["max_value"]
    return value in rule["values"]


def run(kind: str, settings: dict[str, Any]) -> None:
    """A run of the kind that the policy is for."""
    if kind == "errors":
        with pytest.raises(ValueError, match="x"):
            ScriptedModel(answers=[ValueError("x")]).invoke("hi", settings)
    elif kind == "long-answers":
        usage = {"input_tokens": 1, "output_tokens": 5000, "total_tokens": 5001}
        ScriptedModel(answers=[AIMessage("x", usage_metadata=usage)]).invoke("hi", settings)
    elif kind == "expensive":
        usage = {"input_tokens": 600_000, "output_tokens": 0, "total_tokens": 600_000}
        ScriptedModel(answers=[AIMessage("x", usage_metadata=usage)]).invoke("hi", settings)
    elif kind == "left":
        for _ in ScriptedModel(answers=["a b c"]).stream("hi", settings):
            break
    elif kind == "retried":
        model = ScriptedModel(answers=[ValueError("x"), "ok"])
        model.with_retry(wait_exponential_jitter=False).invoke("hi", settings)


@pytest.mark.parametrize("name", ["errors", "long-answers", "expensive", "left", "retried"])
def test_every_policy_of_the_recipe_finds_its_traces(name: str, seen: Capture) -> None:
    """The policy matches a run of its kind and not an ordinary one."""
    prices = {"scripted-1": {"input": 1.0, "output": 1.0}}
    settings = {"callbacks": [Handler(**seen.providers, prices=prices)]}
    ScriptedModel(answers=["fine"]).invoke("hi", settings)
    assert not any(matches(POLICIES[name], span) for span in seen.spans)
    seen.clear()
    run(name, settings)
    assert any(matches(POLICIES[name], span) for span in seen.spans)


def test_the_recipe_has_no_policy_that_is_not_tested() -> None:
    """What is left is by duration and by chance."""
    assert POLICIES.keys() - {"errors", "long-answers", "expensive", "left", "retried"} == {"slow", "rest"}
