"""One environment's contestants, in a process of their own that is told over a pipe whose turn it is.

    python worker.py here|there

Reads one JSON request per line from standard input and answers each with one JSON line.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from typing import Any

os.environ["LANGSMITH_TRACING"] = "false"

from contestants import HERE, THERE
from emitted import dropping, emitted, keeping
from scenarios import scenarios

_WARM_UP = 0.1
"""Part of the calls that are made again, untimed, right before the timed ones."""


class Worker:
    """Runs contestants on scenarios."""

    def __init__(self, side: str) -> None:
        self._contestants = HERE if side == "here" else THERE
        self._scenarios = scenarios()
        self._destination = dropping()

    def names(self) -> dict[str, list[str]]:
        """The contestants and scenarios that there are, and whether a contestant is meant to emit."""
        return {
            "contestants": list(self._contestants),
            "emitting": [name for name, contestant in self._contestants.items() if contestant.emits],
            "scenarios": list(self._scenarios),
        }

    def time(self, contestant: str, scenario: str, calls: int) -> float:
        """Seconds per call, over so many calls."""
        chosen = self._contestants[contestant]
        run = self._scenarios[scenario]
        with chosen.observe(self._destination) as config:
            run(2 + int(calls * _WARM_UP), config)
            # Collections happen as they do in an application, but none pays for the turn before.
            gc.collect()
            return run(calls, config) / calls

    def emitted(self, contestant: str, scenario: str) -> dict[str, Any]:
        """What one call emits."""
        chosen = self._contestants[contestant]
        destination = keeping()
        with chosen.observe(destination) as config:
            self._scenarios[scenario](1, config)
        return emitted(destination)


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may write between the answers
    worker = Worker(sys.argv[1])
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(worker, request.pop("ask"))(**request)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
