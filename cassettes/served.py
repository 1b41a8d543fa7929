"""A server process on loopback: started on a free port, waited for, and stopped."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_READY_WITHIN_S = 120


@contextmanager
def served(command: Callable[[int], list[str]]) -> Iterator[str]:
    """Run `command(port)` while the context lasts; yield its base URL once `GET /health` succeeds.

    Raises:
        RuntimeError: if it ends or does not answer in time, with the end of what it printed.
    """
    port = _free_port()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command(port), stdout=log, stderr=subprocess.STDOUT)
        try:
            base_url = f"http://127.0.0.1:{port}"
            if not _ready(process, base_url):
                log.seek(0)
                said = log.read().decode(errors="replace")[-2000:]
                raise RuntimeError(f"{process.args} is not ready (exit code {process.poll()}):\n{said}")
            yield base_url
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _ready(process: subprocess.Popen[bytes], base_url: str) -> bool:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if _is_healthy(base_url):
            return True
        time.sleep(0.2)
    return False


def _is_healthy(base_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base_url}/health", timeout=5):  # noqa: S310  # our own server's
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
