"""Which providers a run's telemetry goes to: the telemetry's own, or those chosen for its root."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from genai_otel_core.conventions import Convention
from genai_otel_core.emitter import Emitter
from genai_otel_core.guard import attempt
from genai_otel_core.operations import Operation

PROVIDERS = ("tracer_provider", "meter_provider", "logger_provider")


@dataclass(frozen=True)
class RootRun:
    """What `provider_for` is asked about: a run that starts a tree."""

    operation: Operation | None
    """None for a hidden root."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()


ProviderFor = Callable[[RootRun], "Mapping[str, Any] | None"]


class Routing:
    """Emitters by providers. One is made per set of providers and shared by all trees sent there."""

    def __init__(
        self,
        default: Emitter,
        providers: Mapping[str, Any],
        conventions: tuple[Convention, ...],
        provider_for: ProviderFor | None,
    ) -> None:
        self._default = default
        self._providers = providers
        self._conventions = conventions
        self._provider_for = provider_for
        # By the tracer provider, which lives as long as a tenant's telemetry does.
        self._emitters: WeakKeyDictionary[Any, dict[tuple[int, ...], Emitter]] = WeakKeyDictionary()

    def emitter(
        self, op: Operation | None, metadata: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> Emitter:
        """Return where a new tree goes; what the user's callable gets wrong goes to the default."""
        if self._provider_for is None:
            return self._default
        return attempt("provider_for", self._chosen, RootRun(op, metadata or {}, tags)) or self._default

    def _chosen(self, root: RootRun) -> Emitter | None:
        assert self._provider_for is not None
        providers = self._provider_for(root)
        if not providers:
            return None
        unknown = sorted(set(providers) - set(PROVIDERS))
        if unknown:
            raise ValueError(f"provider_for gave {', '.join(unknown)}; allowed are {', '.join(PROVIDERS)}")
        chosen = [providers.get(name) or self._providers.get(name) for name in PROVIDERS]
        known = self._emitters.setdefault(chosen[0] or self._default, {})
        key = tuple(id(provider) for provider in chosen[1:])
        if key not in known:
            known[key] = Emitter(chosen[0], chosen[1], chosen[2], self._conventions)
        return known[key]
