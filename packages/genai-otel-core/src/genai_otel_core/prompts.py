"""Prompts by name: where a prompt of a name has run, the model calls that come after it are made with it."""

from __future__ import annotations

from typing import NamedTuple

from genai_otel_core.operations import Inference, Operation
from genai_otel_core.runs import Run


class Prompt(NamedTuple):
    """A prompt's name, and which version of it."""

    name: str
    version: str | None = None


def remember(above: Run | None, prompt: Prompt) -> None:
    """Take notice of a prompt that runs below `above`: the calls that start below it from now on have its name."""
    if above is not None:
        above.prompt = prompt


def complete(run: Run, op: Operation) -> None:
    """Name the prompt of a model call that starts, unless the application has named one."""
    if not isinstance(op, Inference) or op.prompt_name is not None:
        return
    above = run.parent
    while above is not None:
        if above.prompt is not None:
            op.prompt_name, op.prompt_version = above.prompt
            return
        above = above.parent
