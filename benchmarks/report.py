"""The tables: what was emitted, what it took, and what each contestant adds to a call."""

from __future__ import annotations

from statistics import median, quantiles
from typing import Any, NamedTuple

FLOOR_TARGET = 1.3
OFFICIAL_TARGET = 0.6

Key = tuple[str, str]
"""The side (`here`, `there`) and the contestant's name."""


class Times:
    """Seconds per call of one scenario: contestants by round, each round's turns right after each other."""

    def __init__(self) -> None:
        self._rounds: dict[Key, list[float]] = {}

    def add(self, key: Key, seconds: float) -> None:
        """Add the contestant's time of the round that is under way."""
        self._rounds.setdefault(key, []).append(seconds)

    @property
    def contestants(self) -> list[Key]:
        """The contestants, in the order in which they were added."""
        return list(self._rounds)

    def least(self, key: Key) -> float:
        """The shortest time per call."""
        return min(self._rounds[key])

    def median(self, key: Key) -> float:
        """The median time per call."""
        return median(self._rounds[key])

    def added(self, key: Key) -> Added:
        """What the contestant adds to the calls of its own side without a handler."""
        nothing = (key[0], "nothing")
        differences = [a - b for a, b in zip(self._rounds[key], self._rounds[nothing], strict=True)]
        low, _, high = quantiles(differences, n=4) if len(differences) > 1 else differences * 3
        return Added(self.least(key) - self.least(nothing), median(differences), low, high)


class Added(NamedTuple):
    """Seconds added per call: between the shortest times, and per round its median and middle half."""

    least: float
    median: float
    low: float
    high: float


def emissions(scenario: str, rows: dict[Key, dict[str, Any]]) -> list[str]:
    """The lines of one scenario's table of what a call emits."""
    lines = [f"{scenario}: emitted per call", f"  {'':24}{'spans':>7}{'attributes':>12}{'metric points':>15}"]
    for key, found in rows.items():
        counts = f"{found['spans']:>7}{found['attributes']:>12}{found['points']:>15}"
        lines.append(f"  {key[1]:24}{counts}")
    return lines


def timings(scenario: str, times: Times) -> list[str]:
    """The lines of one scenario's table of times."""
    lines = [
        f"{scenario}: microseconds per call",
        f"  {'':24}{'least':>9}{'median':>9}   {'added: least':>13}{'median':>9}   middle half of rounds",
    ]
    for key in times.contestants:
        named = key[1] if key != ("there", "nothing") else "nothing (official's env)"
        line = f"  {named:24}{_us(times.least(key)):>9}{_us(times.median(key)):>9}"
        if key[1] != "nothing":
            added = times.added(key)
            spread = f"{_us(added.low)} .. {_us(added.high)}"
            line += f"   {_us(added.least):>13}{_us(added.median):>9}   {spread}"
        lines.append(line)
    return lines


def ratios(times: dict[str, Times]) -> list[str]:
    """The lines of the table of ratios of added times, with the targets."""
    lines = ["ratio of the times that genai-otel and another add (least, median)"]
    for suffix in ("", ", content"):
        for other, side, target in (
            ("by hand", "here", FLOOR_TARGET),
            ("official", "there", OFFICIAL_TARGET),
        ):
            lines.append(f"  genai-otel{suffix} / {other}{suffix}: target at most {target}")
            for scenario, taken in times.items():
                key = (side, other + suffix)
                if key in taken.contestants:
                    lines.append(
                        f"    {scenario:30}{_ratio(taken, ('here', 'genai-otel' + suffix), key, target)}"
                    )
    return lines


def _ratio(times: Times, ours: Key, other: Key, target: float) -> str:
    mine, theirs = times.added(ours), times.added(other)
    if theirs.least <= 0 or theirs.median <= 0:
        return "not measurable: the other adds nothing"
    least, middle = mine.least / theirs.least, mine.median / theirs.median
    verdict = "met" if middle <= target else "missed"
    return f"{least:>7.2f}{middle:>7.2f}   {verdict}"


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:.1f}"
