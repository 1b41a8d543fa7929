"""Pickling: a telemetry goes along with its options; one that cannot go never makes content less private."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
import types
from typing import Any

import pytest

from genai_otel_core import Telemetry, masks, sharing
from genai_otel_core.content import Mode
from genai_otel_core.store import FsspecStore


class Shelf:
    """A store that cannot be pickled."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def uri(self, name: str) -> str:
        return name

    def write(self, name: str, data: bytes, content_type: str) -> None:
        """Keep nothing."""


def elsewhere(telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    """The telemetry as a process gets it that does not know the original."""
    text = pickle.dumps(telemetry)
    monkeypatch.setattr(sharing, "_by_token", {})
    return pickle.loads(text)


@pytest.mark.parametrize(
    "options",
    [
        {"mask": lambda field, text, op: "x"},
        {"attributes": lambda: {"app.a": 1}},
        {"provider_for": lambda root: None},
        {"content_store": Shelf()},
    ],
)
def test_the_same_process_has_the_same_telemetry(options: dict[str, Any]) -> None:
    """Whatever its options are, a telemetry pickled and unpickled in its process is itself."""
    telemetry = Telemetry(**options)
    assert pickle.loads(pickle.dumps(telemetry)) is telemetry


@pytest.mark.parametrize(
    ("option", "value"), [("mask", lambda field, text, op: "x"), ("content_store", Shelf())]
)
def test_without_its_mask_or_store_nothing_is_captured(
    option: str, value: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Content that was to be masked or kept apart is not captured where that cannot be done; a warning says so."""
    found = elsewhere(Telemetry(capture_content="span", detail="operations", **{option: value}), monkeypatch)
    assert found.settings.mode is Mode.NEVER
    assert found.settings.detail == "operations"
    assert option in caplog.text


def test_what_can_be_pickled_goes_along(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Ready masks, functions of modules and stores by URL arrive as they were, and content is captured."""
    mask = masks.fields(query=masks.hide, arguments=masks.common())
    telemetry = Telemetry(
        capture_content="span",
        mask=mask,
        attributes=sharing.no_attributes,
        content_store=FsspecStore("memory://bucket/prompts"),
    )
    found = elsewhere(telemetry, monkeypatch).settings
    assert found.mode is Mode.SPAN
    assert found.mask("query", "secret", None) == "[masked]"
    assert found.mask("arguments", "a@b.example", None) == "[e-mail]"
    assert found.content_store == FsspecStore("memory://bucket/prompts")
    assert hash(found.content_store) == hash(FsspecStore("memory://bucket/prompts"))
    assert found.content_store != FsspecStore("memory://bucket/other")
    assert caplog.text == ""


def test_attributes_that_cannot_go(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Without its attributes a telemetry still works, also where metrics were to have them."""
    telemetry = Telemetry(
        capture_content="span", attributes=lambda: {"app.a": 1}, metric_attributes=["app.a"], mask=masks.hide
    )
    found = elsewhere(telemetry, monkeypatch)
    assert found.settings.mode is Mode.SPAN
    assert found.settings.custom.of(None, {}) == {}
    assert "attributes" in caplog.text


def test_cloudpickle_carries_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the application pickles functions by value, a mask of its own goes along."""
    by_value = types.SimpleNamespace(dumps=lambda value: pickle.dumps(masks.hide))
    monkeypatch.setitem(sys.modules, "cloudpickle", by_value)
    found = elsewhere(Telemetry(capture_content="span", mask=lambda field, text, op: "x"), monkeypatch)
    assert found.settings.mode is Mode.SPAN
    assert found.settings.mask("query", "secret", None) == "[masked]"


def test_a_mask_whose_module_is_not_there(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that cannot import the mask's module gets a telemetry, and captures nothing."""
    (tmp_path / "own_masks.py").write_text("def mask(field, text, op):\n    return 'x'\n")
    monkeypatch.syspath_prepend(tmp_path)
    import own_masks

    text = pickle.dumps(Telemetry(capture_content="span", mask=own_masks.mask))
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).settings.mode)"
    done = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, check=True, cwd="/")
    assert done.stdout.decode().strip() == "Mode.NEVER"
    assert b"mask" in done.stderr
