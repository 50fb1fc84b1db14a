"""How texts of the shop and of the configuration are compared: as a person sees them. Standard library only.

A SKU that was copied from a document may hold characters that nobody sees, and accents in two spellings. Both
sides of each comparison pass through `normalize_text`; whether upper and lower case count is for the caller.
https://www.unicode.org/reports/tr15 (NFC), https://www.unicode.org/reports/tr44 (Default_Ignorable_Code_Point)
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_SPACES = "\t-\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
_UNSEEN = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# The tags behind a black flag say which region's flag is shown, so they are seen.
_REMOVED = re.compile(f"(\U0001f3f4[\U000e0020-\U000e007f]+)|[{_UNSEEN}]")
_SPACE = re.compile(f"[{_SPACES}]")
_MARKED = re.compile(f"[{_UNSEEN}]|(?! )[{_SPACES}]")
_HYPHEN = "\u2011"  # a hyphen that allows no line break: drawn as the plain one

_LATIN = str.maketrans(
    "АВЕКМНОРСТУХІЈЅаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο‐‒–—―−",
    "ABEKMHOPCTYXIJSaeopcyxijsABEZHIKMNOPTYXo------",
)
NEAR_ENOUGH = 0.75  # of difflib's ratio, from which another text is taken for what was meant


def normalize_text(text: str) -> str:
    """The text as a person sees it: composed accents (NFC), each kind of space a plain one and none around it,
    without characters that are not drawn."""
    if text.isascii() and text.isprintable():
        return text.strip()
    kept = _REMOVED.sub(lambda found: found[1] or "", _SPACE.sub(" ", text).replace(_HYPHEN, "-"))
    return unicodedata.normalize("NFC", kept).strip()


def fold_case(text: str) -> str:
    """One spelling for texts that differ in case and spaces only."""
    return " ".join(normalize_text(text).casefold().split())


def mark_unseen_characters(text: str, beside: str | None = None) -> str:
    """The text with each character named that cannot be seen: "RING⟨U+200B ZERO WIDTH SPACE⟩-S". With `beside`,
    a text that looks like it, also those that this one does not have and that no plain keyboard types."""

    def mark_character(char: str) -> str:
        if _MARKED.match(char) or (beside is not None and not char.isascii() and char not in beside):
            name = unicodedata.name(char, "")
            return f"⟨U+{ord(char):04X}{' ' if name else ''}{name}⟩"
        return char

    if beside is not None and text.count(" ") != beside.count(" "):
        return "".join("␣" if char == " " else mark_character(char) for char in text)
    return "".join(map(mark_character, text))


def describe_difference(one: str, other: str) -> str:
    """Two texts that look the same, the difference made visible."""
    return f"{mark_unseen_characters(one, other)} and {mark_unseen_characters(other, one)}"


QUOTED = "“{text}”"


def quote_text(text: str, t: Callable[[str], str]) -> str:
    """The text in the quotation marks of the reader's language."""
    return t(QUOTED).format(text=text)


class Differs(StrEnum):
    """How a text differs from the one that was probably meant."""

    CASE = "case"
    UNSEEN = "unseen"
    LETTERS = "letters"


NEAR_TOLD: dict[Differs, str] = {
    Differs.CASE: "{sku} differs from {mapped} in the configuration in upper and lower case only.",
    Differs.UNSEEN: "{sku} only looks like {mapped} in the configuration.",
    Differs.LETTERS: "The nearest to {sku} in the configuration is {mapped}.",
}


@dataclass(frozen=True, slots=True)
class Near:
    """The text of the configuration that is nearest to one that has no equal there."""

    text: str
    differs: Differs

    def build_facts(self, asked: str) -> dict[str, str]:
        """What is kept on record, the difference made visible. `asked` is the text as the shop has it."""
        if self.differs is Differs.UNSEEN:
            return {
                "sku": mark_unseen_characters(asked, self.text),
                "mapped": mark_unseen_characters(self.text, asked),
                "how": self.differs,
            }
        return {
            "sku": mark_unseen_characters(asked),
            "mapped": mark_unseen_characters(self.text),
            "how": self.differs,
        }


def describe_near(facts: Mapping[str, Any], t: Callable[[str], str]) -> str:
    """What facts["near"] says, a sentence each, in the words of `t`; "" for none."""
    told = []
    for one in facts.get("near") or ():
        how = one.get("how") if isinstance(one, Mapping) else None
        if how in set(Differs):
            sentence = NEAR_TOLD[Differs(how)]
            names = {key: quote_text(str(one.get(key)), t) for key in ("sku", "mapped")}
            told.append(t(sentence).format(**names))
    return " ".join(told)


def find_nearest(text: str, known: Collection[str], fits: Callable[[str, str], bool]) -> Near | None:
    """The one of `known`, texts and patterns, that was probably meant. `fits` tells whether a pattern fits a
    text. Takes a tenth of a second for ten thousand."""
    asked = normalize_text(text)
    folded, skeleton = asked.casefold(), _compute_skeleton(asked)
    for one in known:
        if one.casefold() == folded or fits(one.casefold(), folded):
            return Near(one, Differs.CASE)
    for one in known:
        if _compute_skeleton(one) == skeleton or fits(_compute_skeleton(one), skeleton):
            return Near(one, Differs.UNSEEN)
    by_letters = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(folded, by_letters, 1, NEAR_ENOUGH)
    return Near(by_letters[close[0]], Differs.LETTERS) if close else None


def _compute_skeleton(text: str) -> str:
    """What is left of a text for somebody who only looks at it."""
    plain = unicodedata.normalize("NFKC", text).translate(_LATIN)
    return "".join(plain.casefold().split())
