"""README's "Private by default": one question, asked with content off, on, masked, and wanted by the call alone."""

from __future__ import annotations

import json
from typing import Any

from langchain_core.language_models import FakeListChatModel

from genai_otel_core import masks
from genai_otel_core.testing import capture
from genai_otel_langchain import Handler

model = FakeListChatModel(responses=["Hello Jane, I have written to jane@example.com."])
question = "I am Jane, jane@example.com, and my card is 4111 1111 1111 1111."


def recorded(metadata: dict[str, Any] | None = None, **options: Any) -> Any:
    """Ask with these options; return what the span says that was asked."""
    with capture() as seen:
        handler = Handler(**options, **seen.providers)
        model.invoke(question, config={"callbacks": [handler], "metadata": metadata or {}})
        messages = dict(seen.spans[0].attributes or {}).get("gen_ai.input.messages")
    return json.loads(messages)[0]["parts"][0]["content"] if isinstance(messages, str) else "nothing"


this_call = {"genai_otel.capture_content": "span"}

print("by default   ", recorded())
print("on           ", recorded(capture_content="span"))
print("masked       ", recorded(capture_content="span", mask=masks.common()))
print("for one call ", recorded(metadata=this_call, mask=masks.common()))
print("never        ", recorded(metadata=this_call, capture_content="never"))
