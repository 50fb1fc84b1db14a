"""From a line of an order to its designs: one clear order of rules, nothing guessed."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.config.mapping import Mapping
from bridge.config.patterns import (
    compute_specificity,
    find_overlaps,
    has_overlap,
    is_match,
    is_pattern,
    normalize_pattern,
)
from bridge.config.settings import Settings
from bridge.order.matching import NotPrinted, Printed, Unmapped
from bridge.order.model import Design, LineItem, Money

EUR = Money(Decimal(10), "EUR")
QUICK = settings(max_examples=200, deadline=None, derandomize=True)


def mapping(**changes: Any) -> Mapping:
    base: dict[str, Any] = {
        "mode": "test",
        "server": {"public_url": "https://bridge.acme.fr"},
        "shops": {"acme": {"domain": "acme.myshopify.com"}, "bold": {"domain": "bold.myshopify.com"}},
        "sculpteo": {"login": "me", "password": "secret"},
        "defaults": {"material": "white_plastic", "unit": "mm", "scale": "1"},
    }
    return Mapping(Settings.model_validate({**base, **changes}))


def line(sku: str | None, **changes: Any) -> LineItem:
    return LineItem(
        **{
            "id": "gid://shopify/LineItem/1", "sku": sku, "title": "Ring", "quantity": 1, "current_quantity": 1,
            "unit_price": EUR, "total": EUR, **changes,
        }
    )  # fmt: skip


def product(sku: str, uuid: str = "design", **more: Any) -> dict[str, Any]:
    return {"sku": sku, "uuid": uuid, **more}


def uuids(found: Mapping, sku: str | None, shop: str = "acme", **changes: Any) -> list[str] | str:
    match = found.match_line(shop, line(sku, **changes))
    if isinstance(match, Printed):
        return [design.uuid for design in match.designs]
    return match.rule if isinstance(match, NotPrinted) else "unmapped"


# --- which rule decides ----------------------------------------------------------------------------------


def test_the_defaults_fill_what_a_product_does_not_say() -> None:
    found = mapping(products=[product("RING", "QfGQC4YQ")])
    assert found.match_line("acme", line("RING")) == Printed(
        (Design("QfGQC4YQ", 1, "white_plastic", Decimal(1), "mm"),)
    )


def test_a_product_says_it_better_than_the_defaults_and_an_item_better_than_its_product() -> None:
    items = [{"uuid": "a"}, {"uuid": "b", "quantity": 3, "material": "gold", "scale": "2", "unit": "in"}]
    found = mapping(
        products=[
            {"sku": "SET", "items": items, "quantity": 2, "material": "silver", "scale": "0.87", "unit": "cm"}
        ]
    )
    assert found.match_line("acme", line("SET")) == Printed(
        (
            Design("a", 2, "silver", Decimal("0.87"), "cm"),
            Design("b", 6, "gold", Decimal(2), "in"),
        )
    )


def test_without_any_material_scale_and_unit_are_left_to_the_design() -> None:
    found = mapping(defaults={}, products=[product("RING")])
    assert found.match_line("acme", line("RING")) == Printed((Design("design", 1, None, None, None),))


def test_a_sku_wins_over_patterns_and_a_longer_pattern_over_a_shorter_one() -> None:
    found = mapping(
        products=[
            product("*", "any"),
            product("MUG-*", "mug"),
            product("MUG-RED*", "red"),
            product("MUG-RED-L", "one"),
        ]
    )
    assert uuids(found, "MUG-RED-L") == ["one"]
    assert uuids(found, "MUG-RED-S") == ["red"]
    assert uuids(found, "MUG-BLUE") == ["mug"]
    assert uuids(found, "VASE") == ["any"]


def test_a_question_mark_is_one_character_and_more_telling_than_a_star() -> None:
    found = mapping(products=[product("MUG-*", "star"), product("MUG-?", "one")])
    assert uuids(found, "MUG-1") == ["one"]
    assert uuids(found, "MUG-12") == uuids(found, "MUG-") == ["star"]


def test_case_counts_in_a_sku() -> None:
    assert uuids(mapping(products=[product("RING-S")]), "ring-s") == "unmapped"


def test_spaces_around_a_sku_do_not_count_but_those_in_it_do() -> None:
    found = mapping(products=[product("RING S")])
    assert uuids(found, "  RING S\t") == ["design"]
    assert uuids(found, "RING  S") == "unmapped"


def test_a_sku_with_a_comma_is_one_sku() -> None:
    found = mapping(products=[product("B365,krt169", "both"), product("B365", "first")])
    assert uuids(found, "B365,krt169") == ["both"]


@pytest.mark.parametrize("sku", [None, "", "   "])
def test_a_line_without_a_sku_is_unmapped_even_beside_a_pattern_for_all(sku: str | None) -> None:
    assert uuids(mapping(products=[product("*")]), sku) == "unmapped"


def test_an_ignore_rule_competes_with_products() -> None:
    found = mapping(
        products=[product("MUG-*", "mug"), product("TEE-GOLD", "tee")], ignore=["TEE-*", "MUG-OLD", "MUG-X*"]
    )
    assert uuids(found, "TEE-RED") == "ignore: TEE-*"
    assert uuids(found, "TEE-GOLD") == ["tee"]
    assert uuids(found, "MUG-OLD") == "ignore: MUG-OLD"
    assert uuids(found, "MUG-X1") == "ignore: MUG-X*"
    assert uuids(found, "MUG-1") == ["mug"]


def test_a_shop_overrides_the_same_sku_and_pattern_only() -> None:
    shops = {
        "acme": {
            "domain": "acme.myshopify.com",
            "products": [product("RING", "own"), product("MUG-*", "ownmug")],
            "ignore": ["VASE"],
        },
        "bold": {"domain": "bold.myshopify.com"},
    }
    common = [
        product("RING", "common"),
        product("MUG-*", "mug"),
        product("MUG-RED", "red"),
        product("VASE", "vase"),
    ]
    found = mapping(shops=shops, products=common)
    assert uuids(found, "RING") == ["own"]
    assert uuids(found, "RING", "bold") == uuids(found, "RING", "unheard of") == ["common"]
    assert uuids(found, "MUG-BLUE") == ["ownmug"]
    assert uuids(found, "MUG-RED") == ["red"], "an exact SKU wins over a pattern of the shop"
    assert uuids(found, "VASE") == "ignore: VASE"
    assert uuids(found, "VASE", "bold") == ["vase"]


def test_an_unmapped_sku_is_held_or_ignored_as_the_merchant_says() -> None:
    assert mapping().match_line("acme", line("NEW")) == Unmapped()
    assert mapping(unmapped="ignore").match_line("acme", line("NEW")) == NotPrinted("unmapped: ignore")
    assert mapping(unmapped="ignore").match_line("acme", line(None)) == NotPrinted("unmapped: ignore")


@pytest.mark.parametrize(
    ("kind", "rule"),
    [({"gift_card": True}, "a gift card"), ({"requires_shipping": False}, "it needs no shipping")],
)
def test_what_is_not_shipped_is_printed_only_by_its_exact_sku(kind: dict[str, Any], rule: str) -> None:
    found = mapping(products=[product("MUG-*"), product("CARD", "card")])
    assert uuids(found, "MUG-ENGRAVING", **kind) == rule
    assert uuids(found, None, **kind) == uuids(found, "NEW", **kind) == rule
    assert uuids(found, "CARD", **kind) == ["card"]


# --- options ---------------------------------------------------------------------------------------------

MUG = product(
    "MUG-*",
    material={"option": "Material", "values": {"White": "white_plastic", "Black": "black_plastic"}},
    scale={"option": "Size", "values": {"S": "0.8", "s": "0.7", "L": "1.2"}},
)


def mug(*options: tuple[str, str], attributes: tuple[tuple[str, str], ...] = ()) -> object:
    match = mapping(products=[MUG]).match_line("acme", line("MUG-1", options=options, attributes=attributes))
    if isinstance(match, Printed):
        return match.designs[0].material, match.designs[0].scale
    return match


def test_material_and_scale_come_from_the_variants_options() -> None:
    assert mug(("Size", "L"), ("Material", "Black")) == ("black_plastic", Decimal("1.2"))


def test_case_and_spaces_of_names_and_values_do_not_count() -> None:
    assert mug((" material ", " BLACK"), ("SIZE", "l")) == ("black_plastic", Decimal("1.2"))


def test_an_exact_value_wins_and_an_ambiguous_one_is_not_guessed() -> None:
    assert mug(("Material", "White"), ("Size", "s")) == ("white_plastic", Decimal("0.7"))
    assert mug(("Material", "White"), ("Size", " S")) == Unmapped("Size", " S")


def test_a_custom_attribute_serves_where_there_is_no_such_option() -> None:
    attributes = (("Material", "Black"), ("size", "L"))
    assert mug(attributes=attributes) == ("black_plastic", Decimal("1.2"))
    assert mug(("Material", "White"), attributes=attributes) == ("white_plastic", Decimal("1.2"))


def test_an_unknown_value_and_a_missing_option_are_named() -> None:
    assert mug(("Material", "Gold"), ("Size", "L")) == Unmapped("Material", "Gold")
    assert mug(("Material", "White")) == Unmapped("Size")


def test_an_unknown_value_is_held_even_where_unmapped_skus_are_ignored() -> None:
    found = mapping(products=[MUG], unmapped="ignore")
    assert isinstance(found.match_line("acme", line("MUG-1", options=(("Material", "Gold"),))), Unmapped)


def test_every_design_is_listed_with_each_material_and_scale() -> None:
    found = mapping(products=[MUG, product("RING", "QfGQC4YQ")])
    designs = {(sku, one.uuid, one.material, str(one.scale)) for sku, one in found.list_designs()}
    assert ("RING", "QfGQC4YQ", "white_plastic", "1") in designs
    assert len(designs) == 1 + 2 * 3


# --- the version -----------------------------------------------------------------------------------------

RULES = [product("A", "a", scale="0.80"), product("B-*", "b", material="silver"), MUG]


def test_the_version_does_not_depend_on_order_or_spelling() -> None:
    turned = {
        **MUG,
        "material": {"option": " MATERIAL", "values": {"Black": "black_plastic", "White": "white_plastic"}},
    }
    one = mapping(products=RULES, ignore=["X", "Y-*"])
    other = mapping(products=[turned, *RULES[1::-1]], ignore=["Y-**", "X"])
    respelled = mapping(
        products=[{**RULES[0], "scale": "0.8", "unit": "mm"}, *RULES[1:]], ignore=["X", "Y-*"]
    )
    assert one.version == other.version == respelled.version


@pytest.mark.parametrize(
    "changes",
    [
        {"products": RULES[:2]},
        {"products": [*RULES[:2], {**MUG, "uuid": "other"}]},
        {"products": [{**RULES[0], "scale": "0.81"}, *RULES[1:]]},
        {"products": [{**RULES[0], "quantity": 2}, *RULES[1:]]},
        {"products": RULES, "defaults": {"material": "gold"}},
        {"products": RULES, "defaults": {"material": "white_plastic", "unit": "cm"}},
        {"products": RULES, "ignore": ["X"]},
        {"products": RULES, "unmapped": "ignore"},
        {"products": RULES, "shops": {"acme": {"domain": "acme.myshopify.com", "ignore": ["A"]}}},
    ],
)
def test_the_version_changes_with_all_that_decides(changes: dict[str, Any]) -> None:
    assert mapping(**changes).version != mapping(products=RULES).version


def test_the_version_is_the_same_in_every_process() -> None:
    program = "from tests.config.test_mapping import RULES, mapping; print(mapping(products=RULES).version)"
    versions = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert versions == {mapping(products=RULES).version}


# --- patterns --------------------------------------------------------------------------------------------

SKUS = st.text("AB-", max_size=7)
PATTERNS = st.text("AB-*?", max_size=6)


@QUICK
@given(PATTERNS, SKUS)
def test_a_pattern_fits_as_a_shell_would_say(pattern: str, sku: str) -> None:
    assert is_match(pattern, sku) == fnmatchcase(sku, pattern)


@QUICK
@given(PATTERNS, SKUS)
def test_a_pattern_means_the_same_in_its_canonical_spelling(pattern: str, sku: str) -> None:
    assert is_match(normalize_pattern(pattern), sku) == is_match(pattern, sku)
    assert normalize_pattern(normalize_pattern(pattern)) == normalize_pattern(pattern)


@QUICK
@given(PATTERNS, PATTERNS, SKUS)
def test_patterns_that_fit_the_same_sku_overlap(one: str, other: str, sku: str) -> None:
    if is_match(one, sku) and is_match(other, sku):
        assert has_overlap(one, other)
    assert has_overlap(one, other) == has_overlap(other, one)


@QUICK
@given(st.lists(PATTERNS, max_size=12, unique_by=normalize_pattern))
def test_every_contradiction_is_found(patterns: list[str]) -> None:
    found = {frozenset(pair) for pair in find_overlaps([(one, one) for one in patterns])}
    wanted = {
        frozenset((one, other))
        for one in patterns
        for other in patterns
        if one != other and is_pattern(one) and is_pattern(other)
        and compute_specificity(normalize_pattern(one)) == compute_specificity(normalize_pattern(other)) and has_overlap(one, other)
    }  # fmt: skip
    assert found == wanted


def test_no_pattern_takes_long() -> None:
    assert not is_match("*a" * 100 + "b", "a" * 255)
    assert has_overlap("*a" * 100, "a*" * 100)


@QUICK
@given(
    st.lists(SKUS.filter(bool), unique=True, max_size=6),
    st.lists(PATTERNS.filter(bool), unique_by=normalize_pattern, max_size=4),
    SKUS,
)
def test_where_nothing_contradicts_the_order_of_rules_does_not_matter(
    exact: list[str], patterns: list[str], sku: str
) -> None:
    rules = [
        product(one, f"uuid{index}")
        for index, one in enumerate(dict.fromkeys([*exact, *filter(is_pattern, patterns)]))
    ]
    if list(find_overlaps([(rule["sku"], None) for rule in rules])):
        return
    one, other = mapping(products=rules), mapping(products=rules[::-1])
    assert one.match_line("acme", line(sku)) == other.match_line("acme", line(sku))
    assert one.version == other.version
    if sku in exact:
        assert uuids(one, sku) == [f"uuid{exact.index(sku)}"]


# --- what a person cannot see ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sold", ["RING\u200b-É", "\ufeffRING-É\xa0", "RING-E\u0301", "RING\u2011É", "RI\xadNG-É"]
)
def test_a_sku_matches_as_it_is_seen_on_either_side(sold: str) -> None:
    assert uuids(mapping(products=[product("RING-É")]), sold) == ["design"]
    assert uuids(mapping(products=[product(sold)]), "RING-É") == ["design"]
    ignored = mapping(products=[product("RING-*", "any")], ignore=[sold])
    assert isinstance(ignored.match_line("acme", line("RING-É")), NotPrinted)


def test_a_pattern_counts_only_what_is_seen() -> None:
    assert uuids(mapping(products=[product("MUG-?")]), "MUG\u200b-\u2060E\u0301") == ["design"]


def test_an_option_value_matches_as_it_is_seen() -> None:
    material = {"option": "Größe\u200b", "values": {"Groß": "silver"}}
    found = mapping(products=[product("RING", material=material)])
    match = found.match_line("acme", line("RING", options=(("Gro\u0308ße", "gro\xadß\xa0"),)))
    assert isinstance(match, Printed) and match.designs[0].material == "silver"


def test_one_that_differs_in_case_alone_is_told_with_the_mapped_one() -> None:
    found = mapping(products=[product("RING-S")])
    match = found.match_line("acme", line("ring\u200b-s"))
    assert isinstance(match, Unmapped) and match.near is not None
    assert match.near.build_facts("ring\u200b-s") == {
        "sku": "ring⟨U+200B ZERO WIDTH SPACE⟩-s",
        "mapped": "RING-S",
        "how": "case",
    }
