"""The content store: content goes there in the background, spans carry its address, and what is lost is counted."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import context
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from genai_otel_core import Telemetry, counters, masks, uploads
from genai_otel_core import messages as m
from genai_otel_core.conventions import available
from genai_otel_core.operations import Inference, Retrieval, ToolExecution
from genai_otel_core.store import ContentStore, FsspecStore
from genai_otel_core.suppression import is_suppressed
from genai_otel_core.testing import Capture, capture

DIGEST = "b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78"


class Shelf:
    """A store in memory; `open` lets it write."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, str]] = {}
        self.open = threading.Event()
        self.open.set()
        self.suppressed: list[bool] = []

    def uri(self, name: str) -> str:
        return f"shelf://{name}"

    def write(self, name: str, data: bytes, content_type: str) -> None:
        assert self.open.wait(20)
        self.suppressed.append(is_suppressed(context.get_current()))
        self.kept[name] = (data, content_type)


def inference() -> Inference:
    """A model call with a secret and an image."""
    asked = [m.Text("mail jane@example.com"), m.Blob("image", "QUJD", "image/png")]
    return Inference(
        system_instructions=[m.Text("be kind")],
        input_messages=[m.Message("user", asked)],
        output_messages=[m.Message("assistant", [m.Text("done")], finish_reason="stop")],
    )


def run(telemetry: Telemetry, op: Any, error: Exception | None = None) -> None:
    """Run one operation."""
    telemetry.start(id(op), op)
    telemetry.finish(id(op)) if error is None else telemetry.fail(id(op), error)


@pytest.mark.parametrize("convention", available())
@pytest.mark.parametrize("mode", ["span", "event", "span_and_event"])
def test_content_is_kept_apart(convention: str, mode: str, seen: Capture) -> None:
    """The document has the masked content by the schema, the media its own file, the span the address alone."""
    shelf = Shelf()
    telemetry = Telemetry(
        capture_content=mode,
        content_store=shelf,
        mask=masks.common(),
        convention=convention,
        **seen.providers,
    )
    run(telemetry, inference())
    assert telemetry.flush()
    (span,) = seen.spans
    name = f"{span.context.trace_id:032x}/{span.context.span_id:016x}.json"
    assert span.attributes["genai_otel.content.uri"] == f"shelf://{name}"
    assert shelf.kept.pop(f"media/{DIGEST}.png") == (b"ABC", "image/png")
    data, kind = shelf.kept.pop(name)
    assert shelf.kept == {}
    assert kind == "application/json"
    assert json.loads(data) == {
        "system_instructions": [{"type": "text", "content": "be kind"}],
        "input_messages": [
            {
                "role": "user",
                "parts": [
                    {"type": "text", "content": "mail [e-mail]"},
                    {
                        "type": "uri",
                        "mime_type": "image/png",
                        "modality": "image",
                        "uri": f"shelf://media/{DIGEST}.png",
                    },
                ],
            }
        ],
        "output_messages": [
            {"role": "assistant", "parts": [{"type": "text", "content": "done"}], "finish_reason": "stop"}
        ],
    }
    emitted = str([dict(span.attributes), span.events, [record.attributes for record in seen.logs()]])
    assert not [word for word in ("be kind", "mail", "done", "QUJD") if word in emitted]


def test_every_kind_of_content(seen: Capture) -> None:
    """Tools, retrievals and errors have documents too; what has no content has none."""
    shelf = Shelf()
    telemetry = Telemetry(capture_content="span", content_store=shelf, **seen.providers)
    run(telemetry, ToolExecution(name="t", arguments={"a": 1}, result={"b": 2}))
    run(telemetry, Retrieval(query="q", documents=[m.Document("d", 0.5, "text")]), ValueError("secret"))
    run(telemetry, Inference())
    assert telemetry.flush()
    tool, retrieval = (json.loads(data) for data, _ in shelf.kept.values())
    assert tool == {"arguments": {"a": 1}, "result": {"b": 2}}
    assert retrieval["query"] == "q"
    assert retrieval["documents"] == [{"id": "d", "score": 0.5, "content": "text"}]
    assert retrieval["exception"]["message"] == "secret"
    spans = seen.spans
    assert [("genai_otel.content.uri" in span.attributes) for span in spans] == [True, True, False]
    assert spans[1].status.description == "ValueError"
    assert json.loads(spans[1].attributes["gen_ai.retrieval.documents"]) == [{"id": "d", "score": 0.5}]


def test_off_keeps_nothing(seen: Capture) -> None:
    """With content off, or for a span that was not sampled, nothing reaches the store."""
    shelf = Shelf()
    off = Telemetry(content_store=shelf, **seen.providers)
    run(off, inference())
    with capture(sampler=ALWAYS_OFF) as unsampled:
        dark = Telemetry(capture_content="span_and_event", content_store=shelf, **unsampled.providers)
        run(dark, inference())
        assert dark.flush()
    assert off.flush()
    assert shelf.kept == {}


def test_media_that_a_mask_drops_is_not_kept(seen: Capture) -> None:
    """Only media that the mask has let through reaches the store, and each file once."""
    shelf = Shelf()
    dropping = Telemetry(
        capture_content="span",
        content_store=shelf,
        mask=lambda field, text, op: None if text.startswith("shelf:") else text,
        **seen.providers,
    )
    run(dropping, inference())
    assert dropping.flush()
    assert not [name for name in shelf.kept if name.startswith("media/")]
    whole = Telemetry(capture_content="span", content_store=shelf, **seen.providers)
    submitted = []
    keep = whole._settlement.keeper._uploads.submit
    whole._settlement.keeper._uploads.submit = lambda name, *rest: submitted.append(name) or keep(name, *rest)
    run(whole, inference())
    run(whole, inference())
    assert whole.flush()
    assert len([name for name in submitted if name.startswith("media/")]) == 1


def test_work_goes_on_while_a_store_is_slow(seen: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that hangs blocks nobody; what does not fit in the queue is dropped and counted; then all is written."""
    monkeypatch.setattr(uploads, "_MAX_ITEMS", 3)
    shelf = Shelf()
    shelf.open.clear()
    telemetry = Telemetry(capture_content="span", content_store=shelf, **seen.providers)
    for index in range(10):
        run(telemetry, Retrieval(query=str(index)))
    assert len(seen.spans) == 10
    assert not telemetry.flush(0.01)
    assert counters.read(counters.DROPPED_UPLOADS)[""] in (6, 7)
    shelf.open.set()
    assert telemetry.flush(20)
    assert len(shelf.kept) == 10 - counters.read(counters.DROPPED_UPLOADS)[""]
    assert shelf.suppressed == [True] * len(shelf.kept)


def test_the_queue_is_bounded_in_bytes(seen: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large media waits in bounded amounts only."""
    monkeypatch.setattr(uploads, "_MAX_BYTES", 1_000)
    shelf = Shelf()
    telemetry = Telemetry(
        capture_content="span", content_store=shelf, max_content_bytes=300, **seen.providers
    )
    image = base64.b64encode(b"x" * 2_000).decode()
    run(telemetry, Inference(input_messages=[m.Message("user", [m.Blob("image", image)])]))
    assert telemetry.flush()
    assert [name.endswith(".json") for name in shelf.kept] == [True]
    assert counters.read(counters.DROPPED_UPLOADS) == {"": 1}


@pytest.mark.guard_may_catch
def test_a_store_that_fails(seen: Capture, caplog: pytest.LogCaptureFixture) -> None:
    """Failures of a store are counted and logged once; the spans are there."""

    class Broken(Shelf):
        def write(self, name: str, data: bytes, content_type: str) -> None:
            raise OSError("disk full of secrets")

    telemetry = Telemetry(capture_content="span", content_store=Broken(), **seen.providers)
    for index in range(3):
        run(telemetry, Retrieval(query=str(index)))
    assert telemetry.flush()
    assert len(seen.spans) == 3
    assert counters.read(counters.DROPPED_UPLOADS) == {"": 3}
    assert len(caplog.records) == 1
    assert "secrets" not in caplog.text


def test_what_was_not_kept_has_no_address(seen: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that the queue has no room for is not referred to; media that was lost is tried again."""
    monkeypatch.setattr(uploads, "_MAX_ITEMS", 0)
    shelf = Shelf()
    telemetry = Telemetry(capture_content="span", content_store=shelf, **seen.providers)
    run(telemetry, inference())
    assert "genai_otel.content.uri" not in seen.spans[0].attributes
    monkeypatch.setattr(uploads, "_MAX_ITEMS", 10)
    run(telemetry, inference())
    assert telemetry.flush()
    assert f"media/{DIGEST}.png" in shelf.kept


@pytest.mark.guard_may_catch
def test_media_that_failed_is_tried_again(seen: Capture) -> None:
    """A store that refuses media once gets it again with the next call that has it."""

    class Refusing(Shelf):
        refused = False

        def write(self, name: str, data: bytes, content_type: str) -> None:
            if name.startswith("media/") and not self.refused:
                self.refused = True
                raise OSError("busy")
            super().write(name, data, content_type)

    shelf = Refusing()
    telemetry = Telemetry(capture_content="span", content_store=shelf, **seen.providers)
    run(telemetry, inference())
    assert telemetry.flush()
    assert f"media/{DIGEST}.png" not in shelf.kept
    run(telemetry, inference())
    assert telemetry.flush()
    assert f"media/{DIGEST}.png" in shelf.kept


def test_no_thread_can_be_had(seen: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be started any more (the interpreter ends), content is dropped, counted, and no error."""

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    telemetry = Telemetry(capture_content="span", content_store=Shelf(), **seen.providers)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        run(telemetry, Retrieval(query="q"))
    assert counters.read(counters.DROPPED_UPLOADS) == {"": 1}
    assert "genai_otel.content.uri" not in seen.spans[0].attributes
    assert telemetry.flush()


def test_a_forked_process_writes_its_own(tmp_path: Path) -> None:
    """A child that is forked while its parent's store is busy writes its own content, and not its parent's again."""
    code = """
import json, os, sys, threading, time
from opentelemetry.sdk.trace import TracerProvider
from genai_otel_core import Telemetry
from genai_otel_core.operations import Retrieval
from genai_otel_core.store import FsspecStore

begun = threading.Event()
class Slow(FsspecStore):
    def write(self, name, data, content_type):
        with open(sys.argv[1] + "/log", "a") as log:
            log.write(json.dumps([os.getpid() == parent, json.loads(data)["query"]]) + chr(10))
        begun.set()
        if os.getpid() == parent:
            time.sleep(0.2)
        super().write(name, data, content_type)

parent = os.getpid()
t = Telemetry(capture_content="span", content_store=Slow(sys.argv[1]), tracer_provider=TracerProvider())
def ask(query):
    t.start(query, Retrieval(query=query))
    t.finish(query)
ask("one"); ask("two")
assert begun.wait(20)
child = os.fork()
if not child:
    ask("three")
    os._exit(0 if t.flush(20) else 1)
assert os.waitpid(child, 0)[1] == 0
assert t.flush(20)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(tmp_path)], check=True, timeout=60)
    log = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert sorted(log) == [[False, "three"], [True, "one"], [True, "two"]]
    assert len(list(tmp_path.rglob("*.json"))) == 3


async def test_a_hanging_store_does_not_hold_up_an_event_loop(seen: Capture) -> None:
    """Other tasks go on while a store hangs."""
    shelf = Shelf()
    shelf.open.clear()
    telemetry = Telemetry(capture_content="span", content_store=shelf, **seen.providers)
    turns = 0
    for index in range(50):
        run(telemetry, Retrieval(query=str(index)))
        await asyncio.sleep(0)
        turns += 1
    assert turns == 50
    assert shelf.kept == {}
    shelf.open.set()
    assert telemetry.flush(20)
    assert len(shelf.kept) == 50


def test_calls_decide_for_themselves(seen: Capture) -> None:
    """A call's own metadata sends its content to the store, and a hard off keeps all of it from there."""
    asked = {"genai_otel.capture_content": "span"}
    shelf = Shelf()
    for capture_content, metadata in (("none", None), ("none", asked), ("never", asked)):
        telemetry = Telemetry(capture_content=capture_content, content_store=shelf, **seen.providers)
        telemetry.start(1, Retrieval(query=capture_content), metadata=metadata)
        telemetry.finish(1)
        assert telemetry.flush()
    assert [("genai_otel.content.uri" in span.attributes) for span in seen.spans] == [False, True, False]
    assert len(shelf.kept) == 1


def test_the_thread_ends_when_it_is_idle(seen: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle store has no thread; the next upload begins another."""
    monkeypatch.setattr(uploads, "_IDLE_S", 0.0)
    shelf = Shelf()
    others = set(threading.enumerate())
    telemetry = Telemetry(capture_content="span", content_store=shelf, **seen.providers)
    for index in range(3):
        run(telemetry, Retrieval(query=str(index)))
        assert telemetry.flush()
        for thread in set(threading.enumerate()) - others:
            thread.join(20)
            assert not thread.is_alive()
    assert len(shelf.kept) == 3


def test_a_folder_by_its_url(tmp_path: Path, seen: Capture) -> None:
    """A path or URL of a folder keeps documents as files, at the address that the span has."""
    telemetry = Telemetry(
        capture_content="span", content_store=f"file://{tmp_path}/prompts/", **seen.providers
    )
    run(telemetry, inference())
    assert telemetry.flush()
    uri = seen.spans[0].attributes["genai_otel.content.uri"]
    assert uri.startswith(f"file://{tmp_path}/prompts/")
    assert "mail jane" in Path(uri.removeprefix("file://")).read_text(encoding="utf-8")
    assert (tmp_path / "prompts" / "media" / f"{DIGEST}.png").read_bytes() == b"ABC"


def test_any_file_system(seen: Capture) -> None:
    """The store takes whatever fsspec reaches."""
    store = FsspecStore("memory://bucket/prompts")
    assert isinstance(store, ContentStore)
    store.write("a/b.json", b"{}", "application/json")
    assert store.uri("a/b.json") == "memory:///bucket/prompts/a/b.json"
    assert store._files.cat_file("/bucket/prompts/a/b.json") == b"{}"


def test_content_is_written_at_exit(tmp_path: Path) -> None:
    """A script that just ends has its content written."""
    code = """
import sys
from opentelemetry.sdk.trace import TracerProvider
from genai_otel_core import Telemetry
from genai_otel_core.operations import Retrieval
t = Telemetry(capture_content="span", content_store=sys.argv[1], tracer_provider=TracerProvider())
for index in range(50):
    t.start(index, Retrieval(query="q"))
    t.finish(index)
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert len(list(tmp_path.rglob("*.json"))) == 50


def test_options_and_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no store is named; without the extra, the error says which."""
    for wrong in (5, Shelf):
        with pytest.raises(TypeError, match="content_store"):
            Telemetry(content_store=wrong)
    with pytest.raises(TypeError, match="url"):
        FsspecStore(5)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ImportError, match=r"genai-otel-core\[store\]"):
        Telemetry(content_store="file:///tmp/x")
    assert Telemetry().flush()
    assert context.get_current() == {}


@pytest.mark.parametrize(
    ("given", "error"), [("nosuch://x", ValueError), ("", ValueError), (5, TypeError), (Shelf, TypeError)]
)
def test_what_is_no_store_is_refused(given: Any, error: type[Exception]) -> None:
    """A wrong option raises at once and is named."""
    with pytest.raises(error, match="content_store"):
        Telemetry(content_store=given)


def test_a_path_is_a_folder(tmp_path: Path, seen: Capture) -> None:
    """A `Path` is as good as its text."""
    telemetry = Telemetry(capture_content="span", content_store=tmp_path, **seen.providers)
    run(telemetry, Retrieval(query="q"))
    assert telemetry.flush()
    assert [json.loads(path.read_text()) for path in tmp_path.rglob("*.json")] == [{"query": "q"}]
