"""What is wrong with what somebody asked of the sandbox, in sentences."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

_MISSING = {
    "missing",
    "missing_argument",
    "missing_keyword_only_argument",
    "missing_positional_only_argument",
}
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}
LONGEST = 60  # characters of a value that a sentence repeats


def describe_error(error: Exception) -> str:
    """One sentence for each thing that is wrong, without the words of Python or of a library."""
    if isinstance(error, ValidationError):
        return "; ".join(describe_validation_faults(error))
    if isinstance(error, json.JSONDecodeError):
        return f"the body is not JSON: {error.msg.lower()} (line {error.lineno}, column {error.colno})"
    if isinstance(error, UnicodeDecodeError):
        return "the body is not UTF-8 text"
    if isinstance(error, KeyError):
        return f"there is no {error.args[0]}" if error.args else "there is no such thing"
    if isinstance(error, ArithmeticError):
        return "a number in it cannot be reckoned with"
    return str(error) or type(error).__name__


def describe_validation_faults(error: ValidationError) -> list[str]:
    """A sentence for each place that is wrong; of several forms that a value could have, the closest counts."""
    found: dict[str, tuple[int, list[str]]] = {}
    for fault in error.errors():
        path = _build_path(fault["loc"])
        depth, sentences = found.get(_find_root(path), (0, []))
        if len(path) >= depth:
            kept = sentences if len(path) == depth else []
            found[_find_root(path)] = (len(path), list(dict.fromkeys([*kept, _describe_fault(path, fault)])))
    return [sentence for _, sentences in found.values() for sentence in sentences]


def _build_path(places: Iterable[int | str]) -> tuple[str, ...]:
    """Where it is, without the names of types that were tried there."""
    plain = (place for place in places if not (isinstance(place, str) and _is_type(place)))
    return tuple(str(place) for place in plain)


def _is_type(place: str) -> bool:
    return place[:1].isupper() or place in {"str", "int", "none", "literal['invented']"} or "[" in place


def _find_root(path: tuple[str, ...]) -> str:
    """Faults below one element of a list are about that element."""
    for index, part in enumerate(path):
        if part.isdigit():
            return ".".join(path[: index + 1])
    return ".".join(path)


def _describe_fault(path: tuple[str, ...], fault: Any) -> str:
    place = ".".join(path) or "the body"
    if fault["type"] in _MISSING:
        return f"{place} is missing"
    if fault["type"] in _UNKNOWN:
        return f"{place} is not known here"
    said = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    value = repr(fault["input"])
    value = value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
    return f"{place} {said[:1].lower()}{said[1:]}, and is {value}"
