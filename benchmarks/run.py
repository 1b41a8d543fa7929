"""Times the genai-otel handler against none, a no-op, the same telemetry by hand, and the official package.

    python benchmarks/run.py [--quick] [--rounds N] [--here] [--cache DIR]

Contestants take turns in one run, in every round in another order, since small machines change their speed
from one second to the next. The exit code is 1 only if a contestant emitted nothing where it should.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from environment import OFFICIAL, official_python
from report import Key, Times, emissions, ratios, timings

_HERE = Path(__file__).parent
_TURN_S = 0.04
"""About how long one timed turn lasts."""
_SETTINGS = ("OTEL_", "GENAI_OTEL_", "LANGCHAIN_", "LANGSMITH_", "PYTHON")


class Side:
    """A worker process, asked over its pipes."""

    def __init__(self, name: str, python: str) -> None:
        self.name = name
        # What the user's shell says must change no contestant, and hash seeds change how dicts collide.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(_SETTINGS)}
        environment["PYTHONHASHSEED"] = "0"
        self._process = subprocess.Popen(
            [python, str(_HERE / "worker.py"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        known = self.ask("names")
        self.contestants: list[str] = known["contestants"]
        self.emitting: list[str] = known["emitting"]
        self.scenarios: list[str] = known["scenarios"]

    def ask(self, what: str, **arguments: Any) -> Any:
        """Send one request and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"ask": what, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"the worker {self.name!r} ended")
        return json.loads(answer)

    def close(self) -> None:
        """Let the worker end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def sides(options: argparse.Namespace) -> Iterator[dict[str, Side]]:
    """The workers that this run needs."""
    found = {"here": Side("here", sys.executable)}
    try:
        if not options.here:
            found["there"] = Side("there", str(official_python(options.cache)))
        yield found
    finally:
        for side in found.values():
            side.close()


def main() -> int:
    """Compare, time, and print."""
    options = _options()
    print(_head(), flush=True)
    with sides(options) as workers:
        complete = _compare(workers)
        times = _time(workers, options.rounds)
    for scenario, taken in times.items():
        print("\n" + "\n".join(timings(scenario, taken)))
    print("\n" + "\n".join(ratios(times)))
    return 0 if complete else 1


def _compare(workers: dict[str, Side]) -> bool:
    """Print what each contestant emits per call; return whether each that should emits."""
    complete = True
    for scenario in workers["here"].scenarios:
        rows: dict[Key, dict[str, Any]] = {}
        for side in workers.values():
            for name in side.contestants:
                found = side.ask("emitted", contestant=name, scenario=scenario)
                if name in side.emitting:
                    rows[side.name, name] = found
                    complete = complete and found["spans"] > 0 and found["points"] > 0
        print("\n" + "\n".join(emissions(scenario, rows)))
        for suffix in ("", ", content"):
            mine, hand = rows["here", f"genai-otel{suffix}"], rows["here", f"by hand{suffix}"]
            for line in _differences(mine, hand):
                print(line)
    return complete


def _differences(mine: dict[str, Any], hand: dict[str, Any]) -> Iterator[str]:
    if mine == hand:
        yield "  genai-otel and by hand: the same spans, attributes and metric points"
        return
    yield "  genai-otel and by hand DIFFER: the floor below is not the floor"
    for kind in ("span_data", "point_data"):
        for title, one, other in (("genai-otel", mine, hand), ("by hand", hand, mine)):
            yield from (f"    only {title}: {item}" for item in one[kind] if item not in other[kind])


def _time(workers: dict[str, Side], rounds: int) -> dict[str, Times]:
    scenarios = workers["here"].scenarios
    turns = [(side, name) for side in workers.values() for name in side.contestants]
    calls = {name: _calls(workers["here"], name) for name in scenarios}
    times = {name: Times() for name in scenarios}
    for side, contestant in turns:
        for scenario in scenarios:
            side.ask("time", contestant=contestant, scenario=scenario, calls=calls[scenario])
    order = random.Random(0)
    for _ in range(rounds):
        for scenario in scenarios:
            taken = {}
            for side, contestant in order.sample(turns, len(turns)):
                taken[side.name, contestant] = side.ask(
                    "time", contestant=contestant, scenario=scenario, calls=calls[scenario]
                )
            for side, contestant in turns:
                times[scenario].add((side.name, contestant), taken[side.name, contestant])
    return times


def _calls(side: Side, scenario: str) -> int:
    seconds = side.ask("time", contestant="nothing", scenario=scenario, calls=20)
    return max(5, int(_TURN_S / seconds))


def _head() -> str:
    names = ("langchain", "langchain-core", "langgraph", "opentelemetry-sdk", "genai-otel-langchain")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"Python {platform.python_version()}, {platform.machine()}; {versions}; {OFFICIAL.replace('==', ' ')}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time the genai-otel handler against others.")
    parser.add_argument("--quick", action="store_true", help="a short run: 5 rounds")
    parser.add_argument("--rounds", type=int, help="how many rounds (default 40)")
    parser.add_argument(
        "--here", action="store_true", help="without the official package and its environment"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path.home() / ".cache" / "genai-otel-benchmarks",
        help="where that one is made",
    )
    options = parser.parse_args()
    if options.rounds is None:
        options.rounds = 5 if options.quick else 40
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
