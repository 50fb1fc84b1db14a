"""Texts are compared as a person sees them, and what cannot be seen is named."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.config.patterns import is_match
from bridge.order.spelling import Differs, find_nearest, mark_unseen_characters, normalize_text

UNSEEN = [
    *("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\xad", "\u200e", "\u200f", "\u202a", "\u202e"),
    *("\u2066", "\u2069", "\u061c", "\u034f", "\u180e", "\ufe0f", "\u3164", "\x00", "\x7f", "\U000e0041"),
]


@pytest.mark.parametrize("char", UNSEEN, ids=lambda char: f"U+{ord(char):04X}")
def test_what_is_not_drawn_does_not_count_wherever_it_stands(char: str) -> None:
    for text in (f"{char}RING-S", f"RI{char}NG-S", f"RING-S{char}", f" {char} RING-S {char} "):
        assert normalize_text(text) == "RING-S"
        assert f"U+{ord(char):04X}" in mark_unseen_characters(text)


@pytest.mark.parametrize("space", "\xa0\u202f\u2007\u2009\u3000\t", ids=lambda char: f"U+{ord(char):04X}")
def test_each_kind_of_space_is_a_space_and_none_counts_around(space: str) -> None:
    assert normalize_text(f"{space}RING{space}S{space}") == "RING S"
    assert mark_unseen_characters(f"RING{space}S") != "RING S"


def test_accents_and_the_hyphen_without_a_break_have_one_spelling() -> None:
    assert normalize_text(unicodedata.normalize("NFD", "ÉTÉ‑Ñ")) == normalize_text("ÉTÉ-Ñ") == "ÉTÉ-Ñ"


def test_a_flag_of_a_region_stays_what_it_is() -> None:
    england, scotland = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\U0001f3f4"
    assert normalize_text(england) == england != normalize_text(scotland)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text())
def test_what_was_read_once_is_read_alike_again(text: str) -> None:
    assert normalize_text(normalize_text(text)) == normalize_text(text)


@pytest.mark.parametrize(
    ("asked", "mapped", "differs", "sku", "shown"),
    [
        ("ring-s", "RING-S", Differs.CASE, "ring-s", "RING-S"),
        ("ring\u200b-s", "RING-S", Differs.CASE, "ring⟨U+200B ZERO WIDTH SPACE⟩-s", "RING-S"),
        ("mug-1", "MUG-*", Differs.CASE, "mug-1", "MUG-*"),
        ("RІNG-S", "RING-S", Differs.UNSEEN, None, "RING-S"),
        ("RING–S", "RING-S", Differs.UNSEEN, "RING⟨U+2013 EN DASH⟩S", "RING-S"),
        ("RING  S", "RING S", Differs.UNSEEN, "RING␣␣S", "RING␣S"),
        ("RING-X", "RING-S", Differs.LETTERS, "RING-X", "RING-S"),
    ],
)
def test_what_was_meant_is_found_and_the_difference_shown(
    asked: str, mapped: str, differs: Differs, sku: str | None, shown: str
) -> None:
    near = find_nearest(asked, ["VASE", mapped], is_match)
    assert near is not None and (near.text, near.differs) == (mapped, differs)
    facts = near.build_facts(asked)
    assert facts["sku"] == (sku or "R⟨U+0406 CYRILLIC CAPITAL LETTER BYELORUSSIAN-UKRAINIAN I⟩NG-S")
    assert facts["mapped"] == shown


def test_of_a_stranger_nothing_is_said() -> None:
    assert find_nearest("NEW-2026", ["RING-S", "MUG-*"], is_match) is None
