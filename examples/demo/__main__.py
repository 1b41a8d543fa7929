"""Command line of the demo: `nox -s demo`, or `python -m examples.demo` where its packages are installed."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from rich.console import Console

from examples.demo.collected import Collected
from examples.demo.report import show
from genai_otel_core import Telemetry

QUESTION = "Which album was the best seller of 2025?"


def main() -> int:
    """Run the agent once, and show or send what was observed."""
    parser = _parser()
    options = parser.parse_args()
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=120)
    collected = Collected()
    try:
        telemetry = Telemetry(
            convention=options.convention,
            capture_content="span_and_event" if options.content else None,
            **collected.providers,
        )
    except ValueError as mistake:
        parser.error(str(mistake))
    console.print(f"[dim]question[/]  {options.question}")
    console.print("[dim]answer[/]    ", end="")
    # Each needs its own framework's packages.
    agent = import_module(f"examples.demo.{options.framework}_agent")
    agent.run(options, telemetry, collected.tracer_provider, lambda text: console.print(text, end=""))
    console.print()
    if options.otlp is None:
        console.print()
        show(collected.spans(), collected.metrics(), console)
        return 0
    sent = collected.send(options.otlp)
    for signal, outcome in sent.items():
        console.print(f"[dim]{signal:8}[/]  {outcome.lower()}: {options.otlp}")
    return 0 if set(sent.values()) == {"SUCCESS"} else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("question", nargs="?", default=QUESTION, help=f"default: {QUESTION}")
    parser.add_argument(
        "--framework", choices=("langchain", "llamaindex"), default="langchain", help="whose agent it is"
    )
    parser.add_argument(
        "--otlp", metavar="URL", help="send to this OTLP endpoint, such as http://localhost:4318"
    )
    parser.add_argument(
        "--model", metavar="PROVIDER:NAME", help="use a real model, such as openai:gpt-4o-mini"
    )
    parser.add_argument("--stream", action="store_true", help="stream the answer")
    parser.add_argument(
        "--content", action="store_true", help="capture prompts, answers, tool arguments, results"
    )
    parser.add_argument("--convention", metavar="NAME", help="vocabulary of the spans; default 1.41")
    return parser


if __name__ == "__main__":
    sys.exit(main())
