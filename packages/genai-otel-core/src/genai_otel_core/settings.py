"""Settings: the options of `Telemetry`, their environment variables, and the errors a wrong one raises."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from genai_otel_core import content
from genai_otel_core.attributes import Allowed, AttributeSource, CustomAttributes
from genai_otel_core.callables import not_awaited
from genai_otel_core.content import Mode
from genai_otel_core.conventions import Convention, resolve
from genai_otel_core.cost import Price, PriceTable, price_table
from genai_otel_core.dedupe import MODES, OUTER
from genai_otel_core.limits import MIN_CONTENT_BYTES, content_bytes
from genai_otel_core.masks import Mask, checked_mask
from genai_otel_core.resume import MemoryResumeStore, ResumeStore, store_for
from genai_otel_core.store import ContentStore, checked_store

if TYPE_CHECKING:
    from genai_otel_core.routing import ProviderFor

ENV_CONVENTION = "GENAI_OTEL_CONVENTION"
ENV_STABILITY = "OTEL_SEMCONV_STABILITY_OPT_IN"

DEFAULT_CONVENTION = "1.41"
LATEST_EXPERIMENTAL = "gen_ai_latest_experimental"
LATEST_CONVENTION = "dev"

DETAIL = ("operations", "steps", "everything")


@dataclass(frozen=True)
class Settings:
    """The checked options. `Telemetry` documents each."""

    conventions: tuple[Convention, ...]
    mode: Mode
    detail: str
    max_content_bytes: int
    max_runs: int
    max_run_age_s: float
    provider_for: ProviderFor | None = None
    resume_store: ResumeStore = field(default_factory=MemoryResumeStore)
    start_events: bool = False
    self_metrics: bool = False
    dedupe: str = OUTER
    mask: Mask | None = None
    custom: CustomAttributes = field(default_factory=CustomAttributes)
    prices: Mapping[str, Price] = field(default_factory=dict)
    content_store: ContentStore | None = None

    @property
    def capture_content(self) -> str:
        """Where content goes, unless a call says otherwise."""
        return self.mode.value


def check(
    convention: str | Convention | Sequence[str | Convention] | None = None,
    capture_content: str | None = None,
    detail: str = "steps",
    max_content_bytes: int = 32768,
    max_runs: int = 10_000,
    max_run_age: float = 3600.0,
    provider_for: ProviderFor | None = None,
    resume_store: ResumeStore | str | os.PathLike[str] | None = None,
    start_events: bool = False,
    self_metrics: bool = False,
    dedupe: str = OUTER,
    mask: Mask | None = None,
    attributes: AttributeSource | None = None,
    metadata_attributes: Allowed = (),
    metric_attributes: Sequence[str] = (),
    prices: PriceTable | None = None,
    content_store: ContentStore | str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> Settings:
    """Check options, filling in what the environment says.

    Raises:
        TypeError, ValueError: naming the option and its allowed values.
    """
    env = os.environ if env is None else env
    return Settings(
        conventions=_conventions_from(env) if convention is None else resolve(convention),
        mode=content.from_environment(env) if capture_content is None else content.checked(capture_content),
        detail=_one_of("detail", detail, DETAIL),
        max_content_bytes=_content_bytes(max_content_bytes, env),
        max_runs=int(_at_least("max_runs", max_runs, 1, whole=True)),
        max_run_age_s=_at_least("max_run_age", max_run_age, 0.001),
        provider_for=_callable("provider_for", provider_for),
        resume_store=store_for(resume_store),
        start_events=_flag("start_events", start_events),
        self_metrics=_flag("self_metrics", self_metrics),
        dedupe=_one_of("dedupe", dedupe, MODES),
        mask=checked_mask(mask),
        custom=CustomAttributes(attributes, metadata_attributes, metric_attributes),
        prices=price_table(prices),
        content_store=checked_store(content_store),
    )


def _content_bytes(wanted: int, env: Mapping[str, str]) -> int:
    checked = _at_least("max_content_bytes", wanted, MIN_CONTENT_BYTES, whole=True)
    return content_bytes(int(checked), env)


def _conventions_from(env: Mapping[str, str]) -> tuple[Convention, ...]:
    names = [name.strip() for name in env.get(ENV_CONVENTION, "").split(",") if name.strip()]
    if not names:
        opted_in = {word.strip() for word in env.get(ENV_STABILITY, "").split(",")}
        return resolve(LATEST_CONVENTION if LATEST_EXPERIMENTAL in opted_in else DEFAULT_CONVENTION)
    try:
        return resolve(names)
    except ValueError as error:
        raise ValueError(f"{ENV_CONVENTION}: {error}") from error


def _one_of(option: str, value: object, allowed: tuple[str, ...]) -> str:
    listed = ", ".join(repr(word) for word in allowed)
    if not isinstance(value, str):
        raise TypeError(f"{option} must be one of {listed}, not {type(value).__name__}")
    if value not in allowed:
        raise ValueError(f"{option} must be one of {listed}, not {value!r}")
    return value


def _callable(option: str, value: Any) -> Any:
    if value is not None and not callable(value):
        raise TypeError(f"{option} must be a callable or None, not {type(value).__name__}")
    not_awaited(option, value)
    return value


def _flag(option: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{option} must be True or False, not {type(value).__name__}")
    return value


def _at_least(option: str, value: Any, minimum: float, whole: bool = False) -> float:
    wanted = "a whole number" if whole else "a finite number"
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise TypeError(f"{option} must be {wanted} of at least {minimum:g}, not {type(value).__name__}")
    if not minimum <= value < math.inf:
        raise ValueError(f"{option} must be {wanted} of at least {minimum:g}, not {value!r}")
    return value
