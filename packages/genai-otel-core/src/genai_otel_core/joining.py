"""Joins the context of `opentelemetry-util-genai`: its instrumentations then enrich our span and add none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from genai_otel_core.frames import module_of, running
from genai_otel_core.operations import Embeddings, Inference, Operation
from genai_otel_core.usage import Usage

if TYPE_CHECKING:
    from genai_otel_core.current import Activation

# Only looked up where an instrumentation has imported it: nobody else reads this context.
MODULE = "opentelemetry.util.genai.invocation"
# Where an instrumentation asks whether it makes a span of its own.
_DECIDES = "opentelemetry.util.genai.handler"
_NAMES = {
    Inference: ("CLIENT_INFERENCE_CONTEXT_KEY", "InferenceData"),
    Embeddings: ("CLIENT_EMBEDDING_CONTEXT_KEY", "EmbeddingData"),
}

# What an instrumentation tells: its name for it, the part of our operation that has it, and our name.
_FACTS = (
    ("provider_name", "", "provider"),
    ("request_model", "request", "model"),
    ("request_temperature", "request", "temperature"),
    ("request_max_tokens", "request", "max_tokens"),
    ("request_top_p", "request", "top_p"),
    ("request_top_k", "request", "top_k"),
    ("request_stop_sequences", "request", "stop_sequences"),
    ("request_seed", "request", "seed"),
    ("request_frequency_penalty", "request", "frequency_penalty"),
    ("request_presence_penalty", "request", "presence_penalty"),
    ("request_choice_count", "request", "choice_count"),
    ("request_encoding_formats", "request", "encoding_formats"),
    ("request_reasoning_level", "request", "reasoning_level"),
    ("request_previous_response_id", "request", "previous_response_id"),
    ("output_type", "request", "output_type"),
    ("response_id", "response", "id"),
    ("response_model", "response", "model"),
    ("response_finish_reasons", "response", "finish_reasons"),
    ("embeddings_dimension_count", "", "dimension_count"),
    ("usage_input_tokens", "usage", "input_tokens"),
    ("usage_output_tokens", "usage", "output_tokens"),
    ("usage_cache_read_input_tokens", "usage", "cache_read_tokens"),
    ("usage_cache_write_input_tokens", "usage", "cache_write_tokens"),
    ("usage_reasoning_output_tokens", "usage", "reasoning_tokens"),
    ("usage_text_input_tokens", "usage", "input_text_tokens"),
    ("usage_text_output_tokens", "usage", "output_text_tokens"),
    ("usage_image_input_tokens", "usage", "input_image_tokens"),
    ("usage_image_output_tokens", "usage", "output_image_tokens"),
    ("usage_audio_input_tokens", "usage", "input_audio_tokens"),
    ("usage_audio_output_tokens", "usage", "output_audio_tokens"),
)
# Told as attributes of the provider's own, whichever provider it is.
_PROVIDER_FACTS = (
    ("request.service_tier", "request", "service_tier"),
    ("response.service_tier", "response", "service_tier"),
    ("response.system_fingerprint", "response", "system_fingerprint"),
    ("api.type", "", "api_type"),
)


class Joined:
    """Stands in the context for the data that instrumentations fill, as long as the operation is open.

    It is told from the data by its class alone: that is what an instrumentation asks for. Between the chunks
    of a stream, code outside the operation is told that there is none; what the stream's own instrumentation
    finds at its end is still taken.
    """

    __slots__ = ("_activation", "_data")

    def __init__(self, activation: Activation, data: Any) -> None:
        self._activation = activation
        self._data = data

    @property  # type: ignore[misc]  # what `isinstance` is told depends on who asks
    def __class__(self) -> type:
        activation = self._activation
        if activation.live():
            return type(self._data)
        asker = list(running(2))[-1]
        return type(self._data) if activation.open and module_of(asker) != _DECIDES else Joined

    def __getattr__(self, name: str) -> Any:
        return getattr(self._data, name)

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return type(None), ()


def join(op: Operation) -> tuple[str, Any] | None:
    """Return the context key for what instrumentations tell of `op`, and the empty data they fill."""
    module = sys.modules.get(MODULE)
    names = _NAMES.get(type(op))
    if module is None or names is None:
        return None
    key, data_type = (getattr(module, name, None) for name in names)
    if not isinstance(key, str) or not callable(data_type):
        return None
    data = data_type()
    if hasattr(data, "upload_completion"):
        # A completion hook is what the application set up there; it is to run as before.
        data.upload_completion = True
    return key, data


def enrich(op: Operation, data: Any) -> None:
    """Fill in what only the instrumentation knows; what the framework said stays."""
    address = getattr(data, "server_address", None)
    if op.server_address is None and address is not None:
        op.server_address, op.server_port = address, getattr(data, "server_port", None)
    for theirs, part, ours in _FACTS:
        _fill(op, part, ours, getattr(data, theirs, None))
    attributes = getattr(data, "attributes", None) or {}
    told = {name.partition(".")[2]: value for name, value in attributes.items()}
    for theirs, part, ours in _PROVIDER_FACTS:
        _fill(op, part, ours, told.get(theirs))


def _fill(op: Operation, part: str, name: str, value: Any) -> None:
    if value is None or value == []:
        return
    target = attrgetter(part)(op) if part else op
    ours = getattr(target, name, value)
    # A framework that missed where a stream tells its usage says 0.
    if ours is None or (ours == 0 and isinstance(target, Usage)):
        setattr(target, name, value)
