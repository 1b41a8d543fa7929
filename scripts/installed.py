"""Print the versions that a test session really runs on; a resolver may choose others than one expects."""

from __future__ import annotations

import platform
from importlib.metadata import distributions

SHOWN = ("langchain", "langgraph", "llama-index", "opentelemetry-api", "opentelemetry-sdk", "pydantic")

found = {(dist.name, dist.version) for dist in distributions() if dist.name.startswith(SHOWN)}
print("Python", platform.python_version(), *(f"{name}=={version}" for name, version in sorted(found)))
