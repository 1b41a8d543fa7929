"""`error.type`: low-cardinality, the provider's own where there is one; texts only as content."""

from __future__ import annotations

import asyncio

import pytest

from genai_otel_core import errors


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


def provider_error(module: str = "openai", **fields: object) -> type[Exception]:
    return type("RateLimitError", (Exception,), {"__module__": module, **fields})


WRAPPER = type(
    "OpenAIRateLimitError", (provider_error(),), {"__module__": "langchain_openai.chat_models.base"}
)


STEP_LIMIT = type("GraphRecursionError", (RecursionError,), {"__module__": "langgraph.errors"})


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("x"), "ValueError"),
        (asyncio.CancelledError(), "asyncio.exceptions.CancelledError"),
        (provider_error()("x"), "openai.RateLimitError"),
        (WRAPPER("x"), "openai.RateLimitError"),
        (STEP_LIMIT("x"), "langgraph.errors.GraphRecursionError"),
        (provider_error(code="rate_limit_exceeded")("x"), "rate_limit_exceeded"),
        (provider_error(code=429)("x"), "openai.RateLimitError"),
        (provider_error(code="Your key sk-123 is wrong")("x"), "openai.RateLimitError"),
        (provider_error("anthropic", body={"error": {"type": "overloaded_error"}})("x"), "overloaded_error"),
        (
            provider_error("botocore", response={"Error": {"Code": "ThrottlingException"}})("x"),
            "ThrottlingException",
        ),
        (SystemExit("private"), "SystemExit"),
    ],
)
def test_error_types(error: BaseException, expected: str) -> None:
    """A provider's code, else the telling class with its module, never a sentence."""
    assert errors.describe(raised(error), content=False).type == expected


def test_a_wrapper_gives_way_to_its_cause() -> None:
    """An integration's own error says less than the provider's that it was raised from."""
    wrapper = type("ChatError", (Exception,), {"__module__": "langchain_google_genai.chat_models"})
    error = raised(wrapper("x"), provider_error("google.api_core.exceptions")("y"))
    assert errors.describe(error, content=False).type == "google.api_core.exceptions.RateLimitError"


def test_a_parsers_error_is_no_wrapper() -> None:
    """The framework's own word for an answer that cannot be parsed stays."""
    parser = type("OutputParserException", (ValueError,), {"__module__": "langchain_core.exceptions"})
    error = raised(parser("x"), ValueError("y"))
    assert errors.describe(error, content=False).type == "langchain_core.exceptions.OutputParserException"


def test_texts_are_content() -> None:
    """Message and stack trace are read only if they are wanted."""
    error = raised(ValueError("token=sk-secret"))
    quiet = errors.describe(error, content=False)
    assert (quiet.message, quiet.stacktrace) == (None, None)
    loud = errors.describe(error, content=True)
    assert loud.message == "token=sk-secret"
    assert "raise error from cause" in (loud.stacktrace or "")


@pytest.mark.guard_may_catch
def test_an_error_that_cannot_be_read_still_has_a_type() -> None:
    """Properties and texts that raise cost what they say, and nothing else."""

    class Hostile(Exception):
        @property
        def code(self) -> str:
            raise RuntimeError("no")

        def __str__(self) -> str:
            raise RuntimeError("no")

    found = errors.describe(raised(Hostile()), content=True)
    assert found.type.endswith("Hostile")
    assert found.message is None
