"""In whose task the handler runs: the caller's, unless LangChain would then not tell other handlers of a call.

`AsyncCallbackManager.on_llm_start` tells of an async text model either the inline handlers or the others, never
both: beside an inline one, `astream_events` and every other handler miss the start, and fail on what comes next.
"""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any

from langchain_core.callbacks import AsyncCallbackManager

from genai_otel_core.guard import attempt

_TEXT_START: Any = getattr(AsyncCallbackManager.on_llm_start, "__code__", None)
# Before Python 3.12 a comprehension has code and a frame of its own. Asked often: by identity, as a hash is slow.
ASKERS = frozenset(
    id(code) for code in (_TEXT_START, *getattr(_TEXT_START, "co_consts", ())) if isinstance(code, CodeType)
)
"""The identities of the code that asks for an async text model's start who is inline."""


def silences_nobody(kind: type) -> bool:
    """Whether a handler of type `kind` may be inline for one of `ASKERS`; call it from what that reads."""
    return attempt("run_inline", _others_are_told, sys._getframe(2), kind) is not False  # noqa: SLF001


def _others_are_told(frame: FrameType, kind: type) -> bool:
    start = frame if frame.f_code is _TEXT_START or frame.f_back is None else frame.f_back
    others = [handler for handler in start.f_locals["self"].handlers if not isinstance(handler, kind)]
    return not others or any(handler.run_inline for handler in others)
