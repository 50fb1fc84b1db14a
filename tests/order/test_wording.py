"""What stands in a sentence is in the reader's language too: quotation marks, designs, ways of delivery."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from bridge.i18n.formatter import (
    build_formatter,
    load_catalogs,
)
from bridge.mapping_review.findings import (
    Finding,
    FindingKind,
)
from bridge.order.explanations import (
    describe_state,
    to_english,
)
from bridge.order.line_overrides import describe_designs
from bridge.order.model import Design
from bridge.order.problems import Problem
from bridge.order.spelling import Differs
from bridge.order.states import Ignored, State
from bridge.order.wording import translate_designs, translate_facts

FRENCH = build_formatter("fr", None, None).translate
NARROW = "\u202f"
DESIGNS = (Design("QfGQC4YQ", 2, "silver", Decimal("0.87"), "cm"), Design("kXb7RwTe", 1, None, None, None))


def test_quotation_marks_in_facts_are_those_of_the_language() -> None:
    facts = {"skus": "“NEW-2026”, “Gift” (it has no SKU)"}
    said = describe_state(State.ATTENTION, None, Problem.UNMAPPED, facts, FRENCH)
    assert f"«{NARROW}NEW-2026{NARROW}», «{NARROW}Gift{NARROW}» (sans SKU)" in said
    assert describe_state(State.ATTENTION, None, Problem.UNMAPPED, facts, to_english) == (
        "No design is mapped to “NEW-2026”, “Gift” (it has no SKU)."
    )


def test_the_nearest_sku_is_told_in_the_language() -> None:
    near = [{"sku": "ring-s", "mapped": "RING-S", "how": Differs.CASE}]
    facts = {"skus": "“ring-s”", "near": near}
    assert (
        "“ring-s” differs from “RING-S” in the configuration in upper and lower case only."
        in describe_state(State.ATTENTION, None, Problem.UNMAPPED, facts)
    )
    assert f"«{NARROW}ring-s{NARROW}» ne diffère de" in describe_state(
        State.ATTENTION, None, Problem.UNMAPPED, facts, FRENCH
    )


def test_designs_and_their_materials_are_told_in_the_language() -> None:
    text = describe_designs(DESIGNS)
    assert text == "2 x QfGQC4YQ in silver, scale 0.87 (cm) and kXb7RwTe"
    assert translate_designs(text, to_english) == text
    assert translate_designs(text, FRENCH) == "2 x QfGQC4YQ en silver, échelle 0.87 (cm) et kXb7RwTe"
    finding = Finding(FindingKind.UNANSWERED, {"design": text})
    assert " en silver, échelle" in finding.format_sentence(FRENCH)
    assert translate_designs("anything else at all", FRENCH) == "anything else at all"


def test_ways_of_delivery_are_told_in_words() -> None:
    facts = {"methods": "PICK_UP, NEW_WAY"}
    assert translate_facts(facts, to_english)["methods"] == "picked up in the shop, NEW_WAY"
    assert "retirée en boutique" in describe_state(State.IGNORED, Ignored.NOT_SHIPPED, None, facts, FRENCH)


@pytest.mark.parametrize("sentence", sorted(load_catalogs()["fr"]))
def test_french_has_its_spaces(sentence: str) -> None:
    for form in load_catalogs()["fr"][sentence].forms:
        assert not re.search("[“”]", form)
        assert not re.search(f"«(?!{NARROW})|(?<!{NARROW})»", form)
        assert not re.search(r"\S[ \xa0][;!?](\s|$)|\S[ \u202f]:(\s|$)", form)
