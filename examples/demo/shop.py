"""What the agent works with: a function that queries an instrumented SQLite database of album sales, and notes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
from opentelemetry.trace import TracerProvider

_SALES = [
    ("Blue Train", 2024, 410),
    ("Kind of Blue", 2024, 980),
    ("Head Hunters", 2024, 365),
    ("Blue Train", 2025, 1120),
    ("Kind of Blue", 2025, 1045),
    ("Head Hunters", 2025, 700),
]
LINER_NOTES = {
    "Blue Train": "Blue Train was recorded by John Coltrane in 1957.",
    "Kind of Blue": "Kind of Blue was recorded by Miles Davis in 1959.",
    "Head Hunters": "Head Hunters was recorded by Herbie Hancock in 1973.",
}


def best_sellers_of(tracer_provider: TracerProvider) -> Callable[[int], str]:
    """Return the function; its queries make spans with `tracer_provider`."""
    # Agents run their tools in threads of their own.
    plain = sqlite3.connect(":memory:", check_same_thread=False)
    plain.execute("CREATE TABLE sales (album TEXT, year INTEGER, copies INTEGER)")
    plain.executemany("INSERT INTO sales VALUES (?, ?, ?)", _SALES)
    database = SQLite3Instrumentor.instrument_connection(plain, tracer_provider=tracer_provider)

    def best_sellers(year: int) -> str:
        """List the albums sold in a year, the best first."""
        cursor = database.cursor()
        cursor.execute("SELECT album, copies FROM sales WHERE year = ? ORDER BY copies DESC", (year,))
        rows = cursor.fetchall()
        return "\n".join(f"{album}: {copies} copies" for album, copies in rows) or "nothing was sold"

    return best_sellers
