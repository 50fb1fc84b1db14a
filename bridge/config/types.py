"""The values that a YAML text can stand for: each reads text strictly, and says what is wrong and the remedy.

Every type takes the text as it was written (`012345`, `NO` and `1e3` are that very text, whatever YAML 1.1
makes of them), or the finished value where the settings are built in Python. In a fault, `{value}` stands for
what was written; whoever shows the fault fills it in, unless it is a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, SecretStr, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from bridge.order.model import Mode

MAX_TEXT = 2000  # characters of any one value
_PLACEHOLDER = re.compile(
    r"(?:\w+://)?(?:\.{3,}|…)|change[-_ ]?me|replace[-_ ]?me|todo|fixme|tbd|placeholder|x{4,}|<[^<>]*>|.*\bYOUR[-_ ].*",
    re.IGNORECASE | re.DOTALL,
)


def build_value_error(
    what: str, remedy: str = "", *, hint: str = "", kind: str = "bad"
) -> PydanticCustomError:
    """The fault that a validator raises. `what` may hold "{value}", but nothing else of the value.

    `hint` is a better remedy that is made of the value; it is not told where the value may be a secret.
    """
    return PydanticCustomError(kind, "{what}", {"what": what, "remedy": remedy, "hint": hint})


def find_nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` most likely stands for: few letters apart, then alike from the start."""
    wanted = name.strip().lower()
    if len(wanted) > 60:
        return None
    best: tuple[tuple[int, int, int], str] | None = None
    for one in known:
        other = one.lower()
        allowed = max(1, min(len(wanted), len(other)) // 3)
        if abs(len(wanted) - len(other)) > allowed:
            continue
        apart = _count_letters_apart(wanted, other)
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(wanted, other, strict=False)))
        rank = (apart, -alike, abs(len(wanted) - len(other)))
        if apart <= allowed and (best is None or rank < best[0]):
            best = (rank, one)
    return best[1] if best else None


def _count_letters_apart(one: str, other: str) -> int:
    """Letters to change, add, leave out or swap with their neighbour to get from one word to the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                least = min(least, earlier[j - 2] + 1)
            row.append(least)
    return row[-1]


def require_single(value: object) -> str:
    """The text of one value. Raises the fault for a list, a mapping or nothing."""
    if value is None:
        raise build_value_error(
            "has no value", 'give one, or remove the line (the text "null" is written in quotes)'
        )
    if isinstance(value, (list, tuple, Mapping)):
        kind = "a mapping" if isinstance(value, Mapping) else "a list"
        raise build_value_error(f"must be one value, not {kind}", "write it behind the key, on the same line")
    return str(value)


def is_placeholder(text: str) -> bool:
    return _PLACEHOLDER.fullmatch(text.strip()) is not None


def _require_filled(text: str) -> str:
    """A text that somebody chose. Raises the fault for an empty one or one that an example left there."""
    if not text.strip():
        raise build_value_error("is empty", "give a value (a text with a # in it goes in quotes)")
    if len(text) > MAX_TEXT:
        raise build_value_error(f"is longer than {MAX_TEXT} characters", "shorten it")
    if is_placeholder(text):
        raise build_value_error("still holds the placeholder {value}", kind="placeholder")
    return text


def _require_one_line(text: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise build_value_error("has a line break or control character in it", "write it on one line")
    return text


def _parse_text(value: object) -> str:
    return _require_one_line(_require_filled(require_single(value))).strip()


Text = Annotated[str, BeforeValidator(_parse_text)]
"""One line of text, not empty and not a placeholder."""


def _parse_words(value: object) -> str:
    """Text of the merchant's own shop, in which words such as "your" may well be meant."""
    text = _require_one_line(require_single(value)).strip()
    if not text:
        raise build_value_error("is empty", "give a value (a text with a # in it goes in quotes)")
    if len(text) > MAX_TEXT:
        raise build_value_error(f"is longer than {MAX_TEXT} characters", "shorten it")
    if text in {"...", "…"}:
        raise build_value_error("still holds the placeholder {value}", kind="placeholder")
    return text


_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean"]}  # what editors make of an unquoted text
Words = Annotated[str, BeforeValidator(_parse_words), WithJsonSchema(_SCALAR)]

# --- secrets ---------------------------------------------------------------------------------------------


def _parse_secret(value: object, info: ValidationInfo) -> SecretStr:
    if isinstance(value, SecretStr):
        return value
    if isinstance(value, Mapping) and set(value) == {"file"}:
        if info.context is None:
            raise build_value_error("cannot read a file here", "give the secret itself")
        value = info.context.read_secret(require_single(value["file"]))
    elif isinstance(value, Mapping):
        raise build_value_error(
            "must be one value or {{file: path}}".replace("{{", "{").replace("}}", "}"), "correct it"
        )
    text = require_single(value)
    if not text.strip():
        raise build_value_error(
            "is empty", "give the secret as ${VARIABLE} or {file: path} (one with a # goes in quotes)"
        )
    if is_placeholder(text):
        raise build_value_error("still holds a placeholder", kind="placeholder")
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise build_value_error("has a line break or control character in it", "a secret is one line")
    return SecretStr(text)


Secret = Annotated[
    SecretStr,
    BeforeValidator(_parse_secret),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["string", "number"]},
                {
                    "type": "object",
                    "properties": {"file": {"type": "string"}},
                    "required": ["file"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""Never shown. `${VARIABLE}`, `{file: path}` beside the configuration, or the text itself."""

# --- one of a few ----------------------------------------------------------------------------------------


def build_choice_check(
    noun: str, known: Iterable[str], also: Mapping[str, str] | None = None
) -> Callable[[object], object]:
    """A validator: one of the names that are known, a synonym, or a fault that tells the nearest name."""
    names = tuple(known)
    synonyms = {**(also or {}), **{name.lower(): name for name in names}}

    def check_choice(value: object) -> object:
        if isinstance(value, Mode):
            return value
        text = require_single(value).strip()
        if text in names:
            return text
        close = synonyms.get(text.lower()) or find_nearest(text, names)
        listed = ", ".join(names)
        hint = f'did you mean "{close}"? (one of {listed})' if close else ""
        raise build_value_error(f"{{value}} is not {noun}", f"use one of {listed}", hint=hint)

    return check_choice


_UNITS = {
    **dict.fromkeys(("millimeter", "millimeters", "millimetre", "millimetres", "mm."), "mm"),
    **dict.fromkeys(("centimeter", "centimeters", "centimetre", "centimetres"), "cm"),
    **dict.fromkeys(("meter", "meters", "metre", "metres"), "m"),
    **dict.fromkeys(("inch", "inches", '"'), "in"),
    **dict.fromkeys(("foot", "feet", "'"), "ft"),
    **dict.fromkeys(("yard", "yards"), "yd"),
}
_METHODS = {
    **dict.fromkeys(("ups", "fast", "priority"), "express"),
    **dict.fromkeys(("colissimo",), "quick"),
    **dict.fromkeys(("standard", "economy", "default", "normal", "cheap"), "cheapest"),
}
_MODES = {
    **dict.fromkeys(("fake", "sandbox", "testing", "staging", "dev"), "test"),
    **dict.fromkeys(("production", "prod", "real", "on"), "live"),
    **dict.fromkeys(("dry-run", "dryrun", "off", "none"), "preview"),
}

Unit = Annotated[
    Literal["mm", "cm", "m", "in", "ft", "yd"],
    BeforeValidator(build_choice_check("a unit", ("mm", "cm", "m", "in", "ft", "yd"), _UNITS)),
]
ShipMethod = Annotated[
    Literal["cheapest", "express", "quick"],
    BeforeValidator(build_choice_check("a shipping method", ("cheapest", "express", "quick"), _METHODS)),
]
ModeName = Annotated[
    Mode, BeforeValidator(build_choice_check("a mode", (str(mode) for mode in Mode), _MODES))
]


def one_of(*names: str) -> BeforeValidator:
    """For a Literal field of one's own: tells the nearest name."""
    return BeforeValidator(build_choice_check("one of " + ", ".join(names), names))


def _parse_flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = require_single(value).strip().lower()
    if text in {"true", "yes", "on"}:
        return True
    if text in {"false", "no", "off"}:
        return False
    raise build_value_error("{value} is neither true nor false", "write true or false")


Flag = Annotated[bool, BeforeValidator(_parse_flag), WithJsonSchema({"type": ["boolean", "string"]})]
