"""The demo, run as its reader runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from receiver import Received

TREE = [
    "invoke_agent sales_assistant INTERNAL",
    "  chat scripted-1 CLIENT",
    "  execute_tool best_sellers INTERNAL",
    "    SELECT CLIENT",
    "  chat scripted-1 CLIENT",
]
LLAMAINDEX = ["--framework", "llamaindex"]
LLAMAINDEX_TREE = [
    "invoke_agent sales_assistant INTERNAL",
    "  chat scripted-1 CLIENT",
    "  execute_tool best_sellers INTERNAL",
    "    SELECT CLIENT",
    "  chat scripted-1 CLIENT",
    "  execute_tool liner_notes INTERNAL",
    "    RetrieverQueryEngine INTERNAL",
    "      retrieval CLIENT",
    "        embeddings words-1 CLIENT",
    "      CompactAndRefine INTERNAL",
    "        chat scripted-1 CLIENT",
    "  chat scripted-1 CLIENT",
]
TOKENS = {"invoke_agent": "45/11", "chat": "16/3", "execute_tool": "", "SELECT": ""}


def _demo(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "examples.demo", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def _printed_tree(output: str) -> list[str]:
    found = re.findall(
        r"^((?:[├└]─ |│  |   )*)(\S.*?) +(INTERNAL|CLIENT) +[\d.]+ ms +(?:\S+ +)?UNSET *$",
        output,
        re.MULTILINE,
    )
    return [f"{'  ' * (len(guide) // 3)}{name} {kind}" for guide, name, kind in found]


@pytest.mark.parametrize("options", [[], ["--stream"], ["--content"], ["--stream", "--content"]])
def test_the_terminal_shows_one_nested_trace(root: Path, options: list[str]) -> None:
    """An agent, its two model calls, its tool with the query: a tree, with tokens and metrics."""
    done = _demo(root, *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The best seller was Blue Train: 1120 copies." in done.stdout
    assert _printed_tree(done.stdout) == TREE
    for name, tokens in TOKENS.items():
        line = next(line for line in done.stdout.splitlines() if name in line)
        assert re.search(rf" ms +{tokens} *UNSET", line), line
    assert re.search(
        r"gen_ai\.client\.token\.usage +chat · scripted-1 · input +2 +45 +\{token\}", done.stdout
    )
    assert ("time_to_first_chunk" in done.stdout) == ("--stream" in options)
    assert ("gen_ai.input.messages" in done.stdout) == ("--content" in options)


@pytest.mark.parametrize("options", [[], ["--stream", "--content"]], ids=["plain", "stream-and-content"])
def test_llamaindex_shows_an_agent_that_queries_an_index(root: Path, options: list[str]) -> None:
    """The same question through LlamaIndex: a function agent, one tool of which is a RAG query."""
    done = _demo(root, *LLAMAINDEX, *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The best seller was Blue Train: 1120 copies. Blue Train was recorded by John" in done.stdout
    assert _printed_tree(done.stdout) == LLAMAINDEX_TREE
    assert ("time_to_first_chunk" in done.stdout) == ("--stream" in options)
    assert ("gen_ai.input.messages" in done.stdout) == ("--content" in options)


def test_llamaindex_to_a_collector(root: Path, collector: Received) -> None:
    """It is sent as LangChain's is."""
    done = _demo(root, *LLAMAINDEX, "--otlp", collector.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert collector.tree() == LLAMAINDEX_TREE
    assert len({span.trace_id for span in collector.spans()}) == 1


def test_content_is_printed_only_when_asked_for(root: Path) -> None:
    """Without --content nothing of the tool's result is in what was observed."""
    result = "Head Hunters: 700 copies"
    assert result not in _demo(root).stdout
    assert result in _demo(root, "--content").stdout


def test_otlp_sends_the_same_to_a_collector(root: Path, collector: Received) -> None:
    """The collector gets the tree that the terminal shows, the metrics and, with content, the events."""
    done = _demo(root, "--otlp", collector.url, "--stream", "--content")
    assert (done.returncode, done.stderr) == (0, "")
    assert collector.tree() == TREE
    assert len({span.trace_id for span in collector.spans()}) == 1
    assert collector.metric_names() == {
        "gen_ai.client.operation.duration",
        "gen_ai.client.token.usage",
        "gen_ai.client.operation.time_to_first_chunk",
        "gen_ai.client.operation.time_per_output_chunk",
    }
    assert collector.event_names() == ["gen_ai.client.inference.operation.details"] * 2
    assert _printed_tree(done.stdout) == []


def test_a_collector_that_refuses_is_told(root: Path, collector: Received) -> None:
    """A signal that the collector does not take fails the demo, and the others still go."""
    collector.refused.add("/v1/metrics")
    done = _demo(root, "--otlp", collector.url)
    assert done.returncode == 1
    assert re.search(r"metrics +failure", done.stdout)
    assert collector.tree() == TREE


def test_a_wrong_convention_is_named_with_the_allowed_ones(root: Path) -> None:
    """A mistake on the command line ends with usage and what would be right."""
    done = _demo(root, "--convention", "1.0")
    assert done.returncode == 2
    assert "convention" in done.stderr
    assert "1.41" in done.stderr
    assert "Traceback" not in done.stderr
