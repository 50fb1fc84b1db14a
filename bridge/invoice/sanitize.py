"""What strangers typed, made fit to print: still their words, but one line, bounded, and only text."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 300  # characters; more than any field of a shop's checkout takes, and a page still looks like one

_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s+")


def clean_text(value: str | None, longest: int = LONGEST) -> str:
    """One line of plain text: control characters and invisible marks that reorder text are taken out.

    A direction override in a name could make an amount beside it read backwards. Typst orders
    right-to-left scripts by itself, so no honest text needs the marks.
    """
    text = _REORDERING.sub("", unicodedata.normalize("NFC", value or ""))
    text = _SPACES.sub(" ", "".join(map(_replace_unprintable, text))).strip()
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _replace_unprintable(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    return "\ufffd" if category == "Cs" else character


def is_right_to_left(text: str) -> bool:
    """Whether the first letter with a direction reads from right to left (Hebrew, Arabic, ...)."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False
