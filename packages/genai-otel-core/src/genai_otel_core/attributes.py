"""The application's own attributes: for all spans, or by an allow-list from metadata, tags and baggage."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry import baggage
from opentelemetry.context import Context

from genai_otel_core.callables import not_awaited
from genai_otel_core.guard import attempt
from genai_otel_core.operations import Operation
from genai_otel_core.plain import STR_TYPES, clip, is_int64, number
from genai_otel_core.secret_names import is_secret

_log = logging.getLogger("genai_otel")

Attributes = Mapping[str, Any]
AttributeSource = Attributes | Callable[..., "Attributes | None"]
Allowed = Sequence[str] | Mapping[str, str]

_MAX_BYTES = 1024
_MAX_ITEMS = 64


class CustomAttributes:
    """The checked options `attributes`, `metadata_attributes` and `metric_attributes`.

    Raises:
        TypeError, ValueError: for a wrong option, naming it.
    """

    def __init__(
        self,
        attributes: AttributeSource | None = None,
        metadata_attributes: Allowed = (),
        metric_attributes: Sequence[str] = (),
    ) -> None:
        self._static: dict[str, Any] = {}
        self._source: Callable[[Operation], Attributes | None] | None = None
        if isinstance(attributes, Mapping):
            self._static = usable(attributes)
        elif callable(attributes):
            not_awaited("attributes", attributes)
            self._source = _of_operation(attributes)
        elif attributes is not None:
            raise TypeError(f"attributes must be a mapping or a callable, not {type(attributes).__name__}")
        self.allowed = _allowed(metadata_attributes)
        """Attribute names by what they are called in metadata, tags and baggage."""
        self.for_metrics = _names("metric_attributes", metric_attributes)
        known = {*self._static, *self.allowed.values()}
        unknown = sorted(set(self.for_metrics) - known)
        if unknown and self._source is None:
            raise ValueError(
                "metric_attributes must be among attributes and metadata_attributes;"
                f" {', '.join(unknown)} are not"
            )

    @property
    def are_none(self) -> bool:
        """Whether no operation has any but those that its run inherits."""
        return not self._static and self._source is None

    def inherited(
        self, above: Attributes, metadata: Attributes, tags: Sequence[str], context: Context
    ) -> Attributes:
        """Return what a run hands down: what the runs above it had, and what its own metadata says."""
        if not self.allowed:
            return above
        found: dict[str, Any] = {}
        for key, name in self.allowed.items():
            # Baggage is around all runs of a tree: what one of them says itself is closer.
            value = None if name in above else baggage.get_baggage(key, context)
            if value is not None:
                found[name] = value
        found.update(self._of_tags(tags))
        for key, name in self.allowed.items():
            if key in metadata:
                found[name] = metadata[key]
        found = usable(found)
        return {**above, **found} if found else above

    def _of_tags(self, tags: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for tag in tags if isinstance(tags, (list, tuple)) else ():
            if not isinstance(tag, str):
                continue
            if tag in self.allowed:
                found[self.allowed[tag]] = True
                continue
            for mark in ("=", ":"):
                key, found_mark, value = tag.partition(mark)
                if found_mark and key in self.allowed:
                    found[self.allowed[key]] = value.strip()
                    break
        return found

    def of(self, op: Operation, inherited: Attributes) -> dict[str, Any]:
        """Return the attributes of an operation that starts."""
        if self._source is None:
            return {**self._static, **inherited} if self._static or inherited else {}
        made = attempt("attributes", self._source, op)
        return {**usable(made), **inherited} if isinstance(made, Mapping) else dict(inherited)

    def dimensions(self, attributes: Attributes) -> dict[str, Any]:
        """Return those that may label metric points."""
        return {name: attributes[name] for name in self.for_metrics if name in attributes}


def usable(given: Attributes) -> dict[str, Any]:
    """Return what can be an attribute: no secret by its name, a text, number or flag, or a list of them."""
    found = {}
    for name, value in given.items():
        if isinstance(name, str) and name and not is_secret(name):
            kept = _value(value)
            if kept is not None:
                found[name] = kept
    return found


def _value(value: Any) -> Any:
    if isinstance(value, int):  # a flag, too
        return value if is_int64(value) else number(value)
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        return clip(str.__str__(value), _MAX_BYTES)
    if isinstance(value, STR_TYPES):
        return str(value)
    if isinstance(value, (list, tuple)):
        items = [_value(item) for item in value[:_MAX_ITEMS]]
        return items if items and len({type(item) for item in items}) == 1 and _is_scalar(items[0]) else None
    return None


def _is_scalar(value: object) -> bool:
    return isinstance(value, (bool, int, float, str))


def _of_operation(source: Callable[..., Attributes | None]) -> Callable[[Operation], Attributes | None]:
    try:
        inspect.signature(source).bind()
    except TypeError:  # it wants the operation
        return source
    except ValueError:  # it does not say
        return source
    return lambda op: source()


def _allowed(given: Allowed) -> dict[str, str]:
    if isinstance(given, Mapping):
        pairs = dict(zip(_names("metadata_attributes", list(given)), given.values(), strict=True))
        _names("metadata_attributes", list(pairs.values()))
    else:
        pairs = {name: name for name in _names("metadata_attributes", given)}
    secret = [key for key, name in pairs.items() if is_secret(key) or is_secret(name)]
    if secret:
        _log.warning("metadata_attributes named like secrets are not recorded: %s", ", ".join(sorted(secret)))
    return {key: name for key, name in pairs.items() if key not in secret}


def _names(option: str, given: Any) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, (list, tuple, set, frozenset)):
        raise TypeError(f"{option} must be a list of names, not {type(given).__name__}")
    for name in given:
        if not isinstance(name, str) or not name:
            raise TypeError(f"{option} must be a list of names, and {name!r} is none")
    return tuple(dict.fromkeys(given))
