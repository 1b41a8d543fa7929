"""What failed: a low-cardinality `error.type` and, for the content policy to decide on, the text."""

from __future__ import annotations

import asyncio
import re
import traceback
from concurrent.futures import CancelledError as FutureCancelled

from genai_otel_core.guard import attempt
from genai_otel_core.operations import Failure

TOOL_ERROR = "tool_error"
"""`error.type` of a failure that a tool reports in its answer, as in the MCP conventions."""

# A provider's error code ("rate_limit_exceeded", "ThrottlingException"), not a sentence or an id.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{2,63}")
_FRAMEWORKS = ("langchain", "langgraph", "llama_index")
# Whose errors are no wrappers: that an output cannot be parsed says more than why its JSON is none.
_SPEAK_FOR_THEMSELVES = "langchain_core.exceptions"


def describe(error: BaseException, content: bool) -> Failure:
    """Describe `error`; its text and stack trace only with `content`, since both quote the host's data."""
    cause = _provider_error(error)
    return Failure(
        type=attempt("errors.provider_code", _provider_code, cause) or qualified_name(_telling_class(cause)),
        exception_type=qualified_name(type(error)),
        message=attempt("errors.message", str, error) if content else None,
        stacktrace=attempt("errors.stacktrace", _stacktrace, error) if content else None,
    )


def is_cancellation(error: BaseException) -> bool:
    """Whether the work was cancelled from outside."""
    return isinstance(error, (asyncio.CancelledError, FutureCancelled))


def qualified_name(cls: type) -> str:
    """The class's name with its module, without the module for built-in ones."""
    module = cls.__module__
    return cls.__qualname__ if module in ("builtins", "exceptions") else f"{module}.{cls.__qualname__}"


def _stacktrace(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def _is_framework(cls: type) -> bool:
    return cls.__module__.startswith(_FRAMEWORKS)


def _provider_error(error: BaseException) -> BaseException:
    # An integration's own wrapper says less than the provider's error that it was raised from.
    cause = error.__cause__
    if type(error).__module__ == _SPEAK_FOR_THEMSELVES:
        return error
    if cause is not None and _is_framework(type(error)) and not _is_framework(type(cause)):
        return cause
    return error


def _telling_class(error: BaseException) -> type:
    # langchain_openai.OpenAIRateLimitError -> openai.RateLimitError, but not GraphRecursionError -> RecursionError
    for cls in type(error).__mro__:
        if not _is_framework(cls) and cls.__module__ != "builtins":
            return cls
        if cls is Exception:
            break
    return type(error)


def _provider_code(error: BaseException) -> str | None:
    if not isinstance(error, Exception):
        return None  # the `code` of a SystemExit is what is said at the end, in any words
    body = getattr(error, "body", None)
    # Anthropic's clients keep the whole body, OpenAI's only what its "error" holds.
    nested = body.get("error", body) if isinstance(body, dict) else None
    response = getattr(error, "response", None)
    botocore = response.get("Error") if isinstance(response, dict) else None
    for candidate in (
        getattr(error, "code", None),
        nested.get("type") if isinstance(nested, dict) else None,
        botocore.get("Code") if isinstance(botocore, dict) else None,
    ):
        if isinstance(candidate, str) and _CODE.fullmatch(candidate):
            return candidate
    return None
