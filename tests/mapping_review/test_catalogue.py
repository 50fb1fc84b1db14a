"""Each variant beside its mapping, and what is amiss."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bridge.mapping_review.findings import (
    FINDINGS,
    Finding,
    FindingKind,
)
from bridge.mapping_review.prices import Priced
from bridge.mapping_review.variants import (
    Row,
    add_prices,
    build_review_rows,
    collect_designs,
    find_unused_rules,
    format_variant_name,
)
from bridge.order.line_overrides import (
    LineRule,
    Scope,
)
from bridge.order.matching import NotPrinted
from bridge.order.model import Design, Money
from tests.support.catalog_factories import mapping, stock, variant

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
RING = {"sku": "RING", "uuid": "QfGQC4YQ", "material": "silver"}
MUG = {
    "sku": "MUG-*",
    "uuid": "MugMug12",
    "material": {"option": "Color", "values": {"White": "white_plastic"}},
}
SILVER = Design("QfGQC4YQ", 1, "silver", Decimal(1), "mm")


def kinds(row: Row) -> list[str]:
    return [finding.kind for finding in row.findings]


def answer(total: str | None, currency: str = "EUR", **more: str) -> Priced:
    money = Money(Decimal(total), currency) if total else None
    return Priced(money, more.get("problem"), more.get("warning"), NOW)


def one(row: list[Row]) -> Row:
    (found,) = row
    return found


# --- without asking Sculpteo -----------------------------------------------------------------------------


def test_a_mapped_variant_is_laid_beside_its_designs_and_rule() -> None:
    row = one(build_review_rows([stock(variant(1, "RING"))], mapping(RING)))
    assert (row.designs, row.rule, row.findings) == ((SILVER,), (None, "RING"), ())
    assert row.price == Money(Decimal("40.00"), "EUR")


def test_what_a_customer_can_buy_and_no_rule_fits_is_unmapped() -> None:
    rows = build_review_rows(
        [stock(variant(1, "NEW"), variant(2, "OLD", status="ARCHIVED"), variant(3, "X", status="UNLISTED"))],
        mapping(RING),
    )
    assert [kinds(row) for row in rows] == [["unmapped"], [], ["unmapped"]]
    assert "NEW" in rows[0].findings[0].format_sentence()


def test_ignored_variants_and_gift_cards_are_no_findings() -> None:
    found = build_review_rows(
        [stock(variant(1, "TEE-1"), variant(2, "CARD", gift_card=True))], mapping(RING, ignore=["TEE-*"])
    )
    assert [kinds(row) for row in found] == [[], []]


def test_a_variant_without_sku_is_named_by_its_title() -> None:
    row = one(build_review_rows([stock(variant(1, None))], mapping(RING)))
    assert kinds(row) == ["no_sku"]
    assert "“Thing / Kind 1”" in row.findings[0].format_sentence()


def test_an_option_value_that_the_mapping_lacks_is_named() -> None:
    row = one(build_review_rows([stock(variant(1, "MUG-1", options=(("Color", "Gold"),)))], mapping(MUG)))
    assert kinds(row) == ["option"]
    assert "Color = Gold" in row.findings[0].format_sentence()


def test_an_option_that_the_variant_lacks_may_come_as_a_custom_attribute() -> None:
    row = one(build_review_rows([stock(variant(1, "MUG-1", options=(("Size", "L"),)))], mapping(MUG)))
    assert kinds(row) == ["no_option"]
    assert "custom attribute" in row.findings[0].format_sentence()


def test_variants_of_one_shop_that_share_a_sku_are_told_of_each_other() -> None:
    first = stock(variant(1, "RING"), variant(2, " RING"), variant(3, "RING", status="DRAFT"))
    rows = build_review_rows([first, stock(variant(4, "RING"), shop="bold")], mapping(RING))
    assert [kinds(row) for row in rows] == [["duplicate"], ["duplicate"], [], []]
    assert "3 variants" in rows[0].findings[0].format_sentence()


def test_equal_skus_that_are_not_printed_disturb_nobody() -> None:
    rows = build_review_rows([stock(variant(1, "TEE"), variant(2, "TEE"))], mapping(RING, ignore=["TEE"]))
    assert [kinds(row) for row in rows] == [[], []]


def test_what_a_person_decided_not_to_print_is_no_finding_as_long_as_nothing_is_mapped() -> None:
    new = variant(1, "NEW")
    rule = LineRule("acme", Scope.VARIANT, new.id, (), "Thing", "NEW", who="Ada")
    row = one(build_review_rows([stock(new)], mapping(RING), [rule]))
    assert (kinds(row), row.match) == ([], NotPrinted("Ada decided so for this variant"))
    assert one(build_review_rows([stock(new)], mapping({"sku": "NEW", "uuid": "NewNew12"}), [rule])).designs


# --- dead rules ------------------------------------------------------------------------------------------


def test_a_rule_that_decides_on_no_variant_is_dead() -> None:
    config = mapping(RING, MUG, {"sku": "GONE", "uuid": "GoneGone"}, ignore=["TEE-*"])
    rows = build_review_rows([stock(variant(1, "RING")), stock(variant(2, "MUG-2"), shop="bold")], config)
    found = find_unused_rules(rows, ["acme", "bold"], config, all_shops=True)
    assert [finding.facts for finding in found] == [{"rule": "GONE", "shops": "acme, bold"}]


def test_a_pattern_that_a_closer_rule_always_beats_is_dead() -> None:
    config = mapping({"sku": "RING-*", "uuid": "Pattern1"}, {"sku": "RING-S", "uuid": "Exact123"})
    found = find_unused_rules(
        build_review_rows([stock(variant(1, "RING-S"))], config), ["acme"], config, all_shops=True
    )
    assert [finding.facts["rule"] for finding in found] == ["RING-*"]


def test_a_rule_of_drafts_and_archived_products_is_not_dead() -> None:
    config = mapping(RING)
    rows = build_review_rows([stock(variant(1, "RING", status="DRAFT"))], config)
    assert find_unused_rules(rows, ["acme"], config, all_shops=True) == []


def test_of_shops_that_were_not_looked_at_nothing_is_said() -> None:
    shops = {
        "acme": {"domain": "acme.myshopify.com", "products": [{"sku": "OWN", "uuid": "OwnOwn12"}]},
        "bold": {"domain": "bold.myshopify.com", "products": [{"sku": "OTHER", "uuid": "Other123"}]},
    }
    config = mapping(RING, shops=shops)
    found = find_unused_rules(build_review_rows([stock()], config), ["acme"], config, all_shops=False)
    assert [finding.facts for finding in found] == [{"rule": "OWN", "shops": "acme"}]


# --- with Sculpteo's answers -----------------------------------------------------------------------------


def test_cost_and_margin_stand_beside_the_price() -> None:
    rows = build_review_rows([stock(variant(1, "RING"))], mapping(RING))
    row = one(add_prices(rows, {SILVER: answer("30.00")}, {"silver"}))
    assert (row.cost, row.margin, row.share) == (
        Money(Decimal("30.00"), "EUR"), Money(Decimal("10.00"), "EUR"), Decimal("0.25"),
    )  # fmt: skip
    assert row.findings == ()


def test_the_cost_of_a_bundle_is_that_of_all_its_designs() -> None:
    bundle = {"sku": "SET", "items": [{"uuid": "PawnPawn", "quantity": 16}, {"uuid": "KingKing"}]}
    rows = build_review_rows([stock(variant(1, "SET"))], mapping(bundle))
    pawn, king = collect_designs(rows, None)
    assert (pawn.quantity, king.quantity) == (16, 1)
    both = one(add_prices(rows, {pawn: answer("20.00"), king: answer("5.00", warning="thin")}, None))
    assert (both.cost, both.warning) == (Money(Decimal("25.00"), "EUR"), "thin")
    half = one(add_prices(rows, {pawn: answer("20.00"), king: None}, None))
    assert (half.cost, kinds(half)) == (None, ["unanswered"])


def test_different_currencies_are_never_compared() -> None:
    rows = build_review_rows([stock(variant(1, "RING", "1.00"), currency="USD")], mapping(RING))
    row = one(add_prices(rows, {SILVER: answer("30.00")}, None))
    assert (row.cost, row.margin, row.share) == (Money(Decimal("30.00"), "EUR"), None, None)
    assert kinds(row) == []


@pytest.mark.parametrize(("price", "found"), [("29.99", ["loss"]), ("30.00", []), ("0.00", ["loss"])])
def test_a_variant_that_sells_below_its_cost_is_a_finding(price: str, found: list[str]) -> None:
    rows = build_review_rows([stock(variant(1, "RING", price))], mapping(RING))
    assert kinds(one(add_prices(rows, {SILVER: answer("30.00")}, None))) == found


def test_a_material_that_is_not_offered_is_not_asked_for_and_named() -> None:
    rows = build_review_rows([stock(variant(1, "RING"))], mapping(RING))
    assert collect_designs(rows, {"white_plastic"}) == []
    assert collect_designs(rows, None) == [SILVER]
    row = one(add_prices(rows, {}, {"white_plastic"}))
    assert kinds(row) == ["material"]
    assert "silver" in row.findings[0].format_sentence()


def test_a_design_without_a_price_says_why() -> None:
    rows = build_review_rows([stock(variant(1, "RING"))], mapping(RING))
    row = one(add_prices(rows, {SILVER: answer(None, problem="no such design")}, None))
    assert (kinds(row), row.cost) == (["design"], None)
    assert "no such design" in row.findings[0].format_sentence()


def test_nothing_is_asked_for_what_cannot_be_bought_and_each_design_once() -> None:
    shown = stock(variant(1, "RING"), variant(2, "RING"), variant(3, "MUG-1", status="DRAFT"))
    assert collect_designs(build_review_rows([shown], mapping(RING, MUG)), None) == [SILVER]


# --- words -----------------------------------------------------------------------------------------------


def test_every_kind_of_finding_has_a_sentence_and_a_remedy() -> None:
    assert set(FINDINGS) == set(FindingKind)
    for kind in FindingKind:
        finding = Finding(kind)
        assert finding.format_sentence().endswith("."), kind
        assert finding.format_remedy().endswith("."), kind


@pytest.mark.parametrize("title", ["", "Default Title", "Thing"])
def test_the_only_variant_of_a_product_is_called_as_the_product_is(title: str) -> None:
    assert format_variant_name(variant(1, "A", title=title)) == "Thing"
