"""What two conventions at once cost, as a multiple of one: the time that the handler adds to LangChain's own.

    python benchmarks/dual_emission.py [--rounds N] [--calls N]

None, the one, the other and both take turns that last milliseconds, in every round in another order, and are
compared within the round: a machine changes its speed from one second to the next. Time is the process's own,
so that what else the machine does counts little. One of a pair alone is the dearer of the two.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import statistics
import time
from typing import Any

os.environ["LANGSMITH_TRACING"] = "false"

from emitted import dropping
from genai_otel_langchain import Handler
from scenarios import Run, scenarios

PAIRS = (("1.36", "1.41"), ("1.41", "openinference"), ("1.41", "dev"), ("1.27", "1.41"))
CONTENT = ("none", "span_and_event")
NOTHING: tuple[str, ...] = ()
TARGET = 1.7

Chosen = tuple[str, ...]
Round = dict[Chosen, float]


def measured(run: Run, pair: Chosen, content: str, rounds: int, calls: int) -> list[Round]:
    """Microseconds per call under nothing, each of the pair alone, and both, by round."""
    providers = dropping().providers
    configs: dict[Chosen, dict[str, Any]] = {NOTHING: {}}
    for chosen in ((pair[0],), (pair[1],), pair):
        handler = Handler(convention=list(chosen), capture_content=content, **providers)
        configs[chosen] = {"callbacks": [handler]}
    order = list(configs)
    found = []
    for _ in range(rounds):
        random.shuffle(order)
        found.append({chosen: _turn(run, configs[chosen], calls) for chosen in order})
    return found


def _turn(run: Run, config: dict[str, Any], calls: int) -> float:
    run(2, config)
    gc.collect()
    begun = time.process_time()
    run(calls, config)
    return (time.process_time() - begun) / calls * 1e6


def added(found: list[Round], chosen: Chosen) -> float:
    """The median over the rounds of what a handler adds, in microseconds."""
    return statistics.median(one[chosen] - one[NOTHING] for one in found)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--calls", type=int, default=15)
    given = options.parse_args()
    print(f"{'scenario':28} {'content':15} {'conventions':22} {'alone, us':>12} {'both, us':>9}  ratio")
    ratios = []
    for scenario, run in scenarios().items():
        for content in CONTENT:
            for pair in PAIRS:
                found = measured(run, pair, content, given.rounds, given.calls)
                alone = [added(found, (name,)) for name in pair]
                both = added(found, pair)
                ratios.append(both / max(alone))
                costs = " + ".join(f"{cost:.0f}" for cost in alone)
                print(
                    f"{scenario:28} {content:15} {' + '.join(pair):22} {costs:>12} {both:9.0f}  {ratios[-1]:.2f}"
                )
    verdict = "below" if max(ratios) < TARGET else "NOT below"
    print(f"ratio: median {statistics.median(ratios):.2f}, largest {max(ratios):.2f}: {verdict} {TARGET}")


if __name__ == "__main__":
    main()
