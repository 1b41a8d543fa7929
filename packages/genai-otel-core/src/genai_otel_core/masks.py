"""Ready masks for `Telemetry(mask=...)`, and what a mask is.

A mask is any callable `(field, text, operation) -> str | None`. It is called once per message part before
anything is set, also for exception text, tool arguments and results, queries and documents; `field` is the
operation's field (`input_messages`, `output_messages`, `system_instructions`, `tool_definitions`,
`arguments`, `result`, `description`, `query`, `documents`, `stop_sequences`, `exception_message`,
`exception_stacktrace`, `explanation`). It returns what is recorded instead, or None to drop it. Structured
values (arguments, results) come as JSON text; a mask with a true attribute `each_text` gets each key, text
and number in them by itself.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from genai_otel_core.callables import not_awaited

Mask = Callable[[str, str, Any], "str | None"]

MASKED = "[masked]"


def checked_mask(given: object) -> Mask | None:
    """Check the option `mask`.

    Raises:
        TypeError: naming it, if it cannot be called with field, text and operation, or is a coroutine function.
    """
    if given is None:
        return None
    if not callable(given):
        raise TypeError(f"mask must be a callable or None, not {type(given).__name__}")
    not_awaited("mask", given)
    try:
        inspect.signature(given).bind("field", "text", None)
    except TypeError as error:
        raise TypeError(f"mask must take (field, text, operation): {error}") from None
    except ValueError:  # it does not say what it takes
        pass
    return given


# Quantifiers are bounded: a mask runs on whatever text there is.
PATTERNS: Mapping[str, str] = {
    "private key": (
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.{0,8192}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)"
    ),
    "jwt": r"\beyJ[\w-]{8,4096}\.[\w-]{8,4096}(?:\.[\w-]{0,4096})?",
    # One word boundary before all of them: most positions in a text are then passed over at once.
    "api key": (
        r"\b(?:(?:sk|pk|rk)[-_](?:ant-|proj-|live_|test_|svcacct-|or-v1-)?[A-Za-z0-9_-]{8,256}"
        r"|(?:gh[oprsu]_|github_pat_|glpat-|hf_|gsk_|xai-|pplx-|lsv2_[a-z]{2}_|npm_|pypi-)[A-Za-z0-9_-]{8,256}"
        r"|xox[abeoprs]-[A-Za-z0-9-]{8,256}"
        r"|AIza[A-Za-z0-9_-]{30,60}"
        r"|(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,20}\b"
        r"|(?<=Bearer )[A-Za-z0-9._~+/=-]{8,4096})"
    ),
    "secret": (
        r"(?i)(?<![A-Za-z])(?:api[_-]?key|access[_-]?key|token|password|passwd|secret|authorization)"
        r"[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:(?:basic|bearer|digest|token) )?[^\s\"',;&\[]{1,4096}"
        r"|(?<=://)[^\s/@:]{0,256}:[^\s/@]{1,256}(?=@)"
    ),
    "e-mail": r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}",
    # With the numbers that stand beside a card's: which digits are the card's is told by their check digit.
    "card": r"(?<![\w.])\d(?:[ -]?\d){12,4094}(?!\w)",
    "phone": (
        r"(?<![\w.])(?:\+|00)\d{1,3}(?:[ ./-]?\(?\d{1,4}\)?){2,6}(?!\w)"
        r"|(?<![\w.])\(\d{2,5}\)[ ./-]?\d{2,5}(?:[ ./-]?\d{2,5}){1,3}(?!\w)"
        r"|(?<![\w./-])\d{3}[ .-]\d{3,4}[ .-]\d{4}(?![\w-])"
    ),
}
"""E-mail addresses, payment cards (by their check digit), telephone numbers, API keys and other secrets."""


class RegexMask:
    """Replaces what matches by the pattern's name in brackets: `jane@example.com` becomes `[e-mail]`."""

    each_text = True

    def __init__(self, patterns: Mapping[str, str | re.Pattern[str]]) -> None:
        if not isinstance(patterns, Mapping):
            raise TypeError(f"patterns must map names to regular expressions, not {type(patterns).__name__}")
        self._patterns = {
            name: pattern if isinstance(pattern, re.Pattern) else re.compile(pattern, re.DOTALL)
            for name, pattern in patterns.items()
        }

    def __call__(self, field: str, text: str, operation: Any) -> str | None:
        """Return `text` with all matches replaced."""
        for name, pattern in self._patterns.items():
            text = pattern.sub(_replacement(name), text)
        return text

    def __repr__(self) -> str:
        return f"RegexMask({', '.join(self._patterns)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegexMask) and other._patterns == self._patterns

    def __hash__(self) -> int:
        return hash(tuple(self._patterns.items()))


def _replacement(name: str) -> Callable[[re.Match[str]], str]:
    mark = f"[{name}]"
    if name == "card":
        return lambda match: _without_cards(match.group(), mark)
    return lambda match: mark


_CARD_DIGITS = range(13, 20)
_GROUP = re.compile(r"\d+")
_FIRST_GROUP = 4


def _without_cards(text: str, mark: str) -> str:
    """Hide card numbers in digits and what separates them: all that can be one, as other numbers may be beside it."""
    written, shown = [], 0
    for begin, end in _card_spans(text):
        if begin >= shown:
            written += [text[shown:begin], mark]
        shown = max(shown, end)
    return "".join((*written, text[shown:]))


def _card_spans(text: str) -> Iterator[tuple[int, int]]:
    groups = [group.span() for group in _GROUP.finditer(text)]
    sums = _check_sums([int(digit) for begin, end in groups for digit in text[begin:end]])
    ends, count = {}, 0  # where groups end in the text, by the digits up to there
    for begin, end in groups:
        count += end - begin
        ends[count] = end
    count = 0
    for begin, end in groups:
        for size in _CARD_DIGITS:
            up_to = count + size
            whole = count == 0 and up_to == len(sums[0]) - 1
            if up_to in ends and (whole or end - begin >= _FIRST_GROUP):
                doubled = sums[up_to % 2]
                if (doubled[up_to] - doubled[count]) % 10 == 0:
                    yield begin, ends[up_to]
        count += end - begin


def _check_sums(digits: Sequence[int]) -> tuple[list[int], list[int]]:
    """Running sums of Luhn's check, in which every second digit counts double: those at even places, those at odd."""
    sums: tuple[list[int], list[int]] = ([0], [0])
    for index, digit in enumerate(digits):
        double = sum(divmod(digit * 2, 10))
        sums[index % 2].append(sums[index % 2][-1] + double)
        sums[1 - index % 2].append(sums[1 - index % 2][-1] + digit)
    return sums


def common(**more: str | re.Pattern[str]) -> RegexMask:
    """Return a mask for `PATTERNS`, and for `more` of your own by name."""
    return RegexMask({**more, **PATTERNS})


def hide(_field: str, _text: str, _operation: Any) -> str | None:
    """A mask that shows nothing but that there was something."""
    return MASKED


class FieldMask:
    """Asks another mask by field; other fields stay as they are."""

    def __init__(self, by_field: Mapping[str, Mask]) -> None:
        for name, mask in by_field.items():
            if not callable(mask):
                raise TypeError(f"{name} must be a mask, not {type(mask).__name__}")
        self._by_field = dict(by_field)

    def __call__(self, field: str, text: str, operation: Any) -> str | None:
        """Return what the field's mask returns."""
        chosen = self._by_field.get(field)
        return text if chosen is None else chosen(field, text, operation)


def fields(**by_field: Mask) -> Mask:
    """Return a mask that asks another one by field, as in `fields(query=hide)`; other fields stay."""
    return FieldMask(by_field)
