"""What a model call costs: as the provider says, by a price table of yours, or by the list of `genai-prices`.

The list is bundled data: nothing is fetched. It needs the extra `genai-otel-core[cost]`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any

from genai_otel_core.guard import attempt, report
from genai_otel_core.operations import Embeddings, Inference, Operation
from genai_otel_core.usage import Cost, Usage

LOCAL, PROVIDER = "local", "provider"

_MILLION = 1_000_000
_PRICE_KEYS = ("input", "output", "cache_read", "cache_write")
# Where the list's ids differ from the conventions'. Its search maps the others itself.
_LISTED_AS = {
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "gcp.gen_ai": "google",
    "x_ai": "x-ai",
    "openrouter": "openrouter",
}
_TOTAL_KEYS = ("cost", "total_cost", "response_cost")
_TOTALS = frozenset(_TOTAL_KEYS)
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - compared with, not bound to
_MAX_UNKNOWN = 512
_MOST = sys.float_info.max

PriceTable = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens. Cached tokens cost what input tokens do where no other price is given."""

    input: float = 0.0
    output: float = 0.0
    cache_read: float | None = None
    cache_write: float | None = None

    def of(self, usage: Usage) -> Cost:
        """Return what `usage` costs."""
        read, write = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
        fresh = max(0, (usage.input_tokens or 0) - read - write)
        read_price = self.input if self.cache_read is None else self.cache_read
        write_price = self.input if self.cache_write is None else self.cache_write
        paid_in = fresh * self.input + read * read_price + write * write_price
        paid_out = (usage.output_tokens or 0) * self.output
        return Cost((paid_in + paid_out) / _MILLION, LOCAL, paid_in / _MILLION, paid_out / _MILLION)


def price_table(prices: PriceTable | None) -> dict[str, Price]:
    """Check the option `prices`.

    Raises:
        TypeError, ValueError: naming it.
    """
    if prices is None:
        return {}
    if not isinstance(prices, Mapping):
        raise TypeError(f"prices must map models to prices, not {type(prices).__name__}")
    return {_model_key(model): _price(model, given) for model, given in prices.items()}


def _model_key(model: object) -> str:
    if not isinstance(model, str) or not model:
        raise TypeError(f"prices must have names of models as keys, not {model!r}")
    return model


def _price(model: str, given: object) -> Price:
    if isinstance(given, Price):
        return given
    if not isinstance(given, Mapping):
        raise TypeError(f"prices of {model!r} must map {', '.join(_PRICE_KEYS)} to numbers")
    unknown = sorted(set(given) - set(_PRICE_KEYS))
    if unknown:
        raise ValueError(f"prices of {model!r} may be {', '.join(_PRICE_KEYS)}, not {', '.join(unknown)}")
    if not given:
        raise ValueError(f"prices of {model!r} must have at least one of {', '.join(_PRICE_KEYS)}")
    for key, value in given.items():
        if not _is_amount(value):
            raise ValueError(
                f"prices of {model!r} must be at least 0 dollars a million tokens; {key} is {value!r}"
            )
    return Price(**given)


class Pricing:
    """Finds what an ended call cost. A cost that the provider reported stays; an unknown model has none."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = prices
        self._list = bundled_list()

    def expect(self, op: Operation) -> None:
        """Take notice of an operation that starts."""
        if self._list is not None and isinstance(op, (Inference, Embeddings)):
            self._list.expect()

    def settle(self, op: Operation) -> None:
        """Complete an ended operation with its cost, if it is known."""
        if not isinstance(op, (Inference, Embeddings)):
            return
        if isinstance(op, Inference) and op.cached:
            op.cost = None
        elif op.cost is None and (self._prices or self._list is not None) and _is_complete(op):
            op.cost = self._computed(op)

    def _computed(self, op: Inference | Embeddings) -> Cost | None:
        model = op.response.model or op.request.model
        if model is None:
            return None
        own = self._own(op.provider, model)
        if own is not None:
            return own.of(op.usage)
        if self._list is None or op.in_process or op.server_address in _LOOPBACK:
            # What runs here costs no list price, whatever API it speaks.
            return None
        return attempt("cost", self._list.price, op.provider, op.server_address, model, op.usage)

    def _own(self, provider: str | None, model: str) -> Price | None:
        names = (f"{provider}/{model}", model)
        for name in names:
            if name in self._prices:
                return self._prices[name]
        return next(
            (
                price
                for pattern, price in self._prices.items()
                if any(fnmatchcase(name, pattern) for name in names)
            ),
            None,
        )


def _is_complete(op: Inference | Embeddings) -> bool:
    known = op.usage.input_tokens is not None
    return known and (isinstance(op, Embeddings) or op.usage.output_tokens is not None)


def reported(sources: Sequence[Mapping[str, Any]]) -> Cost | None:
    """Return the cost that one of the provider's mappings tells, in dollars: a number, or a mapping of parts."""
    if _TOTALS.isdisjoint(chain.from_iterable(sources)):  # mostly, and quickly told of all at once
        return None
    for source in sources:
        for key in _TOTAL_KEYS:
            value = source.get(key)
            if isinstance(value, Mapping):
                value = value.get("total_cost")
            amount = _amount(value)
            if amount is not None:
                return Cost(
                    amount,
                    PROVIDER,
                    _amount(source.get("input_cost")),
                    _amount(source.get("output_cost")),
                )
    return None


def _is_amount(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _MOST


def _amount(value: Any) -> float | None:
    return float(value) if _is_amount(value) else None


class PriceList:
    """The list of `genai-prices`, loaded in the background: importing it takes most of a second."""

    _lock = threading.RLock()

    def __init__(self) -> None:
        self._module: Any = None
        self._failed = False
        self._loading: threading.Thread | None = None
        self._unknown: OrderedDict[tuple[Any, ...], None] = OrderedDict()

    def expect(self) -> None:
        """Begin to load: a call that will have a price is under way."""
        if self._loading is None:
            with self._lock:
                if self._loading is None:
                    loading = threading.Thread(target=self._load, name="genai-otel-prices", daemon=True)
                    loading.start()
                    self._loading = loading  # not before: others wait for it

    def _load(self) -> None:
        try:
            self._module = importlib.import_module("genai_prices")
            # The first calculation reads the data.
            self._calculate("gpt-4o", Usage(input_tokens=1), {"provider_id": "openai"})
        except Exception as error:  # noqa: BLE001 - another package's
            self._module, self._failed = None, True
            report("cost.load", error)

    def _is_ready(self) -> bool:
        self.expect()
        if self._loading is not None:
            self._loading.join()
        if self._module is None and not self._failed:
            self._load()  # the process was forked meanwhile
        return self._module is not None

    def price(self, provider: str | None, server: str | None, model: str, usage: Usage) -> Cost | None:
        """Return what `usage` costs; None for a model that is not listed."""
        key = (provider, server, model)
        if key in self._unknown or not self._is_ready():
            return None
        for sold_by in _sellers(provider, server):
            found = self._calculate(model, usage, sold_by)
            if found is not None:
                return found
        self._unknown[key] = None
        if len(self._unknown) > _MAX_UNKNOWN:
            self._unknown.popitem(last=False)
        return None

    def _calculate(self, model: str, usage: Usage, sold_by: dict[str, str]) -> Cost | None:
        counts = {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "input_audio_tokens": usage.input_audio_tokens,
            "output_audio_tokens": usage.output_audio_tokens,
        }
        given = {name: count for name, count in counts.items() if count is not None}
        try:
            found = self._module.calc_price(self._module.Usage(**given), model, **sold_by)
        except LookupError:
            return None
        return Cost(float(found.total_price), LOCAL, float(found.input_price), float(found.output_price))


_bundled: list[PriceList] = []


def bundled_list() -> PriceList | None:
    """Return the process's price list; None where the extra is not installed."""
    if not _bundled and importlib.util.find_spec("genai_prices") is not None:
        _bundled.append(PriceList())
    return _bundled[0] if _bundled else None


def _sellers(provider: str | None, server: str | None) -> Iterable[dict[str, str]]:
    # A gateway that speaks another's API sells at its own prices.
    if server is not None:
        yield {"provider_api_url": f"https://{server}"}
    if provider is not None:
        yield {"provider_id": _LISTED_AS.get(provider, provider)}
