"""README's "Cost, tenants and feedback": a paid answer for a tenant, and a thumbs-up on it from another process."""

from __future__ import annotations

import subprocess
import sys

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from opentelemetry import _logs

from genai_otel_core.feedback import capture, record_evaluation
from genai_otel_core.testing import Capture
from genai_otel_langchain import Handler

answer = AIMessage(
    "Blue Train.",
    usage_metadata={"input_tokens": 1200, "output_tokens": 80, "total_tokens": 1280},
    response_metadata={"model_name": "acme-large-2026-01", "id": "resp_42"},
)
model = GenericFakeChatModel(messages=iter([answer]))
question = "Which album sold best?"
seen = Capture()  # where this process sends: an application leaves `**seen.providers` out


def ask() -> str | None:
    """Answer a customer's question; return the handle of the answer."""
    handler = Handler(
        metadata_attributes=["tenant.id", "user.tier"],  # on every span of the run
        metric_attributes=["tenant.id"],  # and on the metrics
        prices={"acme-large-*": {"input": 2.5, "output": 10.0}},  # US dollars per million tokens
        **seen.providers,
    )
    metadata = {"tenant.id": "acme", "user.tier": "gold"}
    with capture() as captured:
        model.invoke(question, config={"callbacks": [handler], "metadata": metadata})
    return captured.handle  # a short text: into a page, a queue, a database


def rate(handle: str) -> None:
    """Take a thumbs-up: days later, in a process that knows no more of the answer than its handle."""
    record_evaluation(handle, "user_feedback", score=1, label="thumbs_up")


if sys.argv[1:]:
    _logs.set_logger_provider(seen.logger_provider)
    rate(sys.argv[1])
    (event,) = seen.logs()
    label, response = (event.attributes[f"gen_ai.{key}"] for key in ("evaluation.score.label", "response.id"))
    print(f"event   {event.event_name}: {label} for {response}")
    print(f"        of span {event.span_id:016x} in trace {event.trace_id:032x}")
else:
    handle = ask()
    (span,), (point,) = seen.spans, seen.metrics()["ai.cost.usd"]
    attributes = dict(span.attributes or {})
    shown = [f"{name}={attributes[name]}" for name in ("tenant.id", "user.tier", "ai.cost.usd")]
    print("span   ", *shown)
    print(f"metric  ai.cost.usd {point['sum']} for tenant.id={point['attributes']['tenant.id']}")
    print(f"handle  {handle}", flush=True)
    subprocess.run([sys.executable, __file__, str(handle)], check=True)  # noqa: S603 - this file
