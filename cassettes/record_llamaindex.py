"""Record LlamaIndex's cassettes: `python cassettes/record_llamaindex.py [NAME ...]`, all without names.

As `record.py`, with the calls of `tests/llamaindex/llama_calls.py` and an embeddings server besides.
"""

from __future__ import annotations

import sys

from recorder import HERE, main

sys.path.insert(0, str(HERE.parent / "tests" / "llamaindex"))

from llama_calls import CALLS

if __name__ == "__main__":
    sys.exit(main(CALLS, sys.argv[1:], "llamaindex/", embeds=True))
