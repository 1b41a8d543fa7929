"""In whose task the handler runs: the caller's, unless LangChain would then not tell other handlers of a call.

`AsyncCallbackManager.on_llm_start` tells of an async text model either the inline handlers or the others, never
both: beside an inline one, `astream_events` and every other handler miss the start, and fail on what comes next.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from langchain_core.callbacks import AsyncCallbackManager

from genai_otel_core.guard import attempt

_TEXT_START: Any = getattr(AsyncCallbackManager.on_llm_start, "__code__", None)


def may_run_inline(kind: type) -> bool:
    """Whether a handler of type `kind` may be inline for whoever reads its `run_inline`; call it from there."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the one way to look at who asks
    # Before Python 3.12 a comprehension has a frame of its own.
    for _ in range(2):
        if frame is not None and frame.f_code is _TEXT_START:
            return attempt("run_inline", _silences_nobody, frame, kind) is not False
        frame = None if frame is None else frame.f_back
    return True


def _silences_nobody(frame: FrameType, kind: type) -> bool:
    others = [handler for handler in frame.f_locals["self"].handlers if not isinstance(handler, kind)]
    return not others or any(handler.run_inline for handler in others)
