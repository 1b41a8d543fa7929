"""Makes recorded calls against a real small model on loopback, and writes their cassettes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from model_server import model_server
from tool_call_front import tool_call_front

import tape
from recorded import RecordedCall

HERE = Path(__file__).parent
_FRONT_NOTE = (
    "The first answer is the model's, put into the form of a tool call: see tool_call_front.py and README.md."
)


def main(
    calls: Mapping[str, RecordedCall], names: list[str], folder: str = "", *, embeds: bool = False
) -> int:
    """Record the named calls, all by default; return the exit code.

    Args:
        calls: what can be recorded.
        names: what is wanted of it.
        folder: where the cassettes are, below `cassettes/`.
        embeds: calls are given the address of an embeddings server as their configuration.
    """
    unknown = sorted(set(names) - calls.keys())
    if unknown:
        print(f"no such calls: {', '.join(unknown)}; there are: {', '.join(calls)}", file=sys.stderr)
        return 2
    loop = asyncio.new_event_loop()
    with model_server() as model_url, tool_call_front(model_url) as front_url, closing(loop):
        for name in names or calls:
            url = front_url if calls[name].calls_tools else model_url
            if embeds:
                with model_server(embeddings=True) as embeddings_url:
                    record(calls[name], folder + name, url, embeddings_url, loop)
            else:
                record(calls[name], folder + name, url, None, loop)
    if not names:
        for name in tape.names(folder) - {folder + name for name in calls}:
            (tape.CASSETTES / f"{name}.yaml").unlink()
            print(f"{name}: removed, nothing makes this call any more")
    return 0


def record(
    made: RecordedCall, name: str, base_url: str, config: Any, loop: asyncio.AbstractEventLoop
) -> None:
    """Make one call and write its cassette.

    All asynchronous calls share a loop, since clients share their open connections.

    Raises:
        RuntimeError: if the call succeeds that was to fail.
    """
    with tape.recording(name, _FRONT_NOTE if made.calls_tools else "") as cassette:
        try:
            made.make(base_url, config, loop.run_until_complete)
        except Exception as error:
            if not made.fails:
                raise
            print(f"{name}: {type(error).__name__}, as wanted")
        else:
            if made.fails:
                raise RuntimeError(f"{name}: the server did not refuse the call")
    print(f"{name}: {len(cassette)} exchanges")
