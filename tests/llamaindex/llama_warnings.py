"""Warnings of LlamaIndex's own, which no application can avoid."""

from __future__ import annotations

OF_THE_FRAMEWORK = (
    "ignore:The 'validate_default' attribute",  # 0.12 and 0.13 with a newer pydantic
    "ignore:ServiceManager is deprecated:DeprecationWarning",
    "ignore::DeprecationWarning:llama_index",
    # Workflows look at every attribute of an agent, pydantic's deprecated ones too.
    "ignore:The `__.*` attribute is deprecated:pydantic.warnings.PydanticDeprecatedSince20",
    "ignore:Accessing the 'model_.*' attribute on the instance is deprecated",
    # An agent's memory leaves its database to the garbage collector.
    "ignore:.*Connection object at .* was deleted before being closed:ResourceWarning",
    "ignore:unclosed database:ResourceWarning",
    "ignore:Exception ignored in. <function Connection:pytest.PytestUnraisableExceptionWarning",
    # Its thread then tells an event loop that may be closed by now.
    "ignore:Exception in thread .*_connection_worker_thread:pytest.PytestUnhandledThreadExceptionWarning",
    # Its synchronous methods leave event loops to the garbage collector.
    "ignore:There is no current event loop:DeprecationWarning",
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:unclosed event loop:ResourceWarning",
    "ignore:Exception ignored in. <(socket|function BaseEventLoop):pytest.PytestUnraisableExceptionWarning",
    # A context that is used for a second run.
    "ignore:Skipping serialization of known unserializable key",
    # The one retry policy that all versions have.
    "ignore:ConstantDelayRetryPolicy is deprecated",
    # What an unfinished step of its was about to await.
    "ignore:coroutine 'BaseRecursiveContentBlock:RuntimeWarning",
    "ignore:Exception ignored in. <coroutine object BaseRecursiveContentBlock:pytest.PytestUnraisableExceptionWarning",
)
