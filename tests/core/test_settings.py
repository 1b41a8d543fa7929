"""Options and environment: what is chosen where nothing is said, and what a wrong word means."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import pytest

from genai_otel_core.settings import check


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("", "none"),
        ("NO_CONTENT", "none"),
        ("false", "none"),
        ("SPAN_ONLY", "span"),
        ("EVENT_ONLY", "event"),
        ("SPAN_AND_EVENT", "span_and_event"),
        ("true", "span_and_event"),
        ("True", "span_and_event"),
        ("span", "span"),
    ],
)
def test_content_by_environment(word: str, expected: str) -> None:
    """The words of the OpenTelemetry instrumentations are understood, in any case."""
    env = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": word}
    assert check(env=env).capture_content == expected


def test_a_wrong_word_in_the_environment_captures_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A typo in the environment is a warning that names the words, and no content."""
    with caplog.at_level(logging.WARNING, logger="genai_otel"):
        found = check(env={"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "yes please"})
    assert found.capture_content == "none"
    assert "SPAN_AND_EVENT" in caplog.text


def test_an_option_beats_the_environment() -> None:
    """What the code says is what holds."""
    env = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true", "GENAI_OTEL_CONVENTION": "1.36"}
    found = check(capture_content="none", convention="1.41", env=env)
    assert found.capture_content == "none"
    assert [convention.name for convention in found.conventions] == ["1.41"]


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({}, ["1.41"]),
        ({"GENAI_OTEL_CONVENTION": "1.36"}, ["1.36"]),
        ({"GENAI_OTEL_CONVENTION": "1.41, openinference"}, ["1.41", "openinference"]),
        ({"OTEL_SEMCONV_STABILITY_OPT_IN": "http,gen_ai_latest_experimental"}, ["dev"]),
        ({"OTEL_SEMCONV_STABILITY_OPT_IN": "http"}, ["1.41"]),
        (
            {"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental", "GENAI_OTEL_CONVENTION": "1.27"},
            ["1.27"],
        ),
    ],
)
def test_convention_by_environment(env: dict[str, str], names: list[str]) -> None:
    """The list, the opt-in and the default, in this order."""
    assert [convention.name for convention in check(env=env).conventions] == names


@pytest.mark.parametrize(
    ("option", "value"), [("max_run_age", math.inf), ("max_run_age", math.nan), ("resume_store", "")]
)
def test_a_value_without_a_meaning_is_refused(option: str, value: Any) -> None:
    """An endless age, and an empty path that would mean the current directory, are named at once."""
    with pytest.raises(ValueError, match=option):
        check(**{option: value})


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A file in its place is told at once, by the option's name."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match="resume_store must be a directory"):
        check(resume_store=file)


class Unawaited:
    """Stores whose methods nobody would await."""

    def uri(self, name: str) -> str:
        """Plain, as it must be."""
        return name

    async def write(self, name: str, data: bytes, content_type: str) -> None:
        """Never."""

    async def save(self, conversation_id: str, text: str) -> None:
        """Never."""

    async def load(self, conversation_id: str) -> str | None:
        """Never."""


async def unawaited(_: object) -> dict[str, Any]:
    """Attributes or providers that nobody would await."""
    return {}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("attributes", unawaited),
        ("provider_for", unawaited),
        ("content_store", Unawaited()),
        ("resume_store", Unawaited()),
    ],
)
def test_what_would_have_to_be_awaited_is_refused(option: str, value: Any) -> None:
    """A coroutine function would do nothing at each call, so the option is named at once."""
    with pytest.raises(TypeError, match=f"{option}.* coroutine function"):
        check(**{option: value})


@pytest.mark.parametrize("option", ["content_store", "resume_store"])
def test_a_class_in_place_of_a_store_is_refused(option: str) -> None:
    """A class has the methods too, but nothing that they could be called on."""
    with pytest.raises(TypeError, match=option):
        check(**{option: Unawaited})


def test_a_wrong_convention_of_the_environment_is_traced_to_it() -> None:
    """Nobody wrote an option then: the error names the variable, and what it may say."""
    with pytest.raises(
        ValueError, match=r"GENAI_OTEL_CONVENTION: convention '1\.9' is unknown; there are .*1\.41"
    ):
        check(env={"GENAI_OTEL_CONVENTION": "1.41, 1.9"})
