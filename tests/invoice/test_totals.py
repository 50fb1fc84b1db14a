from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.invoice.totals import (
    ZERO,
    RowKind,
    Unusable,
    compute_sums,
)
from bridge.order.model import Money, ShippingLine, ShopOrder, TaxLine
from tests.invoice.sample_orders import line, money, order

DIGITS = {"EUR": 2, "JPY": 0, "KWD": 3}


@st.composite
def orders(draw: st.DrawFn) -> ShopOrder:
    """Orders as Shopify may give them: any part missing, discounts anywhere, totals with unitemised parts."""
    currency = draw(st.sampled_from(sorted(DIGITS)))

    def amount(low: int = 0, high: int = 100_000) -> Money:
        return Money(Decimal(draw(st.integers(low, high))).scaleb(-DIGITS[currency]), currency)

    def maybe(value: Money) -> Money | None:
        return draw(st.one_of(st.none(), st.just(value)))

    lines = []
    for number in range(draw(st.integers(1, 5))):
        quantity = draw(st.integers(1, 9))
        left = draw(st.integers(0, quantity))
        price = amount()
        gross = price.amount * quantity
        discount = draw(st.one_of(st.just(ZERO), st.just(gross), st.just(amount().amount)))
        lines.append(
            line(
                number,
                quantity=quantity,
                current_quantity=left,
                unit_price=price,
                total=Money(max(ZERO, gross - discount), currency),
            )
        )
    rates = st.sampled_from([None, Decimal(0), Decimal("0.055"), Decimal("0.2")])
    taxes = tuple(
        TaxLine(title=draw(st.sampled_from(["VAT", "City tax"])), rate=draw(rates), price=amount())
        for _ in range(draw(st.integers(0, 4)))
    )
    return order(
        tuple(lines),
        currency=currency,
        total=amount(0, 1_000_000),
        subtotal=maybe(amount()),
        shipping_total=maybe(amount()),
        tax_total=maybe(amount()),
        discount_total=maybe(amount()),
        refunded_total=maybe(amount()),
        current_total=maybe(amount()),
        taxes_included=draw(st.booleans()),
        taxes=taxes,
        shipping_lines=(ShippingLine("Standard", None, amount()),) if draw(st.booleans()) else (),
    )


@settings(max_examples=300, derandomize=True, deadline=None)
@given(orders())
def test_what_is_shown_always_adds_up_to_the_totals_of_the_shop(shop_order: ShopOrder) -> None:
    found = compute_sums(shop_order)
    assert sum(row.amount for row in found.rows) == found.total
    assert found.rows[0].amount == sum(item.total for item in found.lines)
    assert [one.line for one in found.lines] == [one for one in shop_order.lines if one.current_quantity]
    for one in found.lines:
        assert one.quantity == one.line.current_quantity
        assert one.line.unit_price.amount * one.quantity == one.gross == one.discount + one.total
    taxes = found.included if shop_order.taxes_included else [r for r in found.rows if r.kind is RowKind.TAX]
    if shop_order.tax_total is not None:
        assert sum(row.amount for row in taxes) == shop_order.tax_total.amount
    if found.included:
        assert found.net == found.total - sum(row.amount for row in found.included)
    assert found.final == found.total + sum(row.amount for row in found.after)
    refunded = shop_order.refunded_total.amount if shop_order.refunded_total else ZERO
    assert all(ZERO < -row.amount <= refunded for row in found.after)
    digits = DIGITS[shop_order.currency]
    shown = [found.total, found.final, *(r.amount for r in found.rows), *(one.total for one in found.lines)]
    assert all(round(amount, digits) == amount for amount in shown), "in whole coins of its currency"


@dataclass
class Sold:
    """An order as Shopify has it after edits, returns and money given back, and what it comes to."""

    order: ShopOrder
    now: Decimal
    given_back: Decimal


@st.composite
def sold(draw: st.DrawFn) -> Sold:
    """Orders whose parts are all itemised, each amount of one moment: units removed, discounts on lines, shipping
    that was given back, taxes inside or on top; and money given back for nothing, of which Shopify's current total
    is less or not."""
    currency = draw(st.sampled_from(sorted(DIGITS)))
    coin = Decimal(1).scaleb(-DIGITS[currency])
    inside = draw(st.booleans())
    rate = draw(st.sampled_from([Decimal("0.2"), Decimal("0.055"), Decimal(0)]))

    def whole(amount: Decimal) -> Decimal:
        return amount.quantize(coin, ROUND_HALF_UP)

    def tax_of(amount: Decimal) -> Decimal:
        return whole(amount - amount / (1 + rate) if inside else amount * rate)

    lines, before, after, taxed = [], ZERO, ZERO, ZERO
    for number in range(draw(st.integers(1, 4))):
        quantity = draw(st.integers(1, 6))
        left = draw(st.integers(0, quantity))
        price = draw(st.integers(1, 50_000)) * coin
        total = price * quantity - draw(st.integers(0, 3)) * coin * quantity
        total = max(ZERO, total)
        tax = tax_of(total)
        lines.append(
            line(
                number,
                quantity=quantity,
                current_quantity=left,
                unit_price=Money(price, currency),
                total=Money(total, currency),
                taxes=(TaxLine("VAT", rate, Money(tax, currency)),),
            )
        )
        before += total + (ZERO if inside else tax)
        after += whole(total * left / quantity)
        taxed += whole(tax * left / quantity)
    shipping = draw(st.integers(0, 2_000)) * coin
    kept = draw(st.sampled_from([shipping, ZERO]))
    now = after + kept + (ZERO if inside else taxed)
    total = before + shipping
    given_back = draw(st.integers(0, 5_000)) * coin
    given_back = min(given_back, max(ZERO, now))
    less = given_back if draw(st.booleans()) else ZERO
    follows = draw(st.booleans())  # whether the total before returns follows the removal of units
    order_now = order(
        tuple(lines),
        currency=currency,
        total=Money(now if follows else total, currency),
        current_total=Money(now - less, currency),
        shipping_total=Money(kept, currency),
        tax_total=Money(taxed, currency),
        discount_total=Money(ZERO, currency),
        refunded_total=Money(total - now + given_back, currency),
        taxes_included=inside,
        taxes=(TaxLine("VAT", rate, Money(taxed, currency)),),
        shipping_lines=(ShippingLine("Standard", None, Money(shipping, currency)),),
    )
    return Sold(order_now, now, given_back)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(sold())
def test_every_part_is_of_one_moment_whatever_was_removed_or_given_back(found: Sold) -> None:
    rows = compute_sums(found.order)
    coins = len(found.order.lines) * Decimal(1).scaleb(-DIGITS[found.order.currency])
    assert found.order.tax_total is not None
    taxes = rows.included if found.order.taxes_included else [r for r in rows.rows if r.kind is RowKind.TAX]
    assert sum(row.amount for row in taxes) == found.order.tax_total.amount
    # rounding of what is gone, line by line, is all that may be taken for money given back
    assert abs(rows.total - found.now) <= coins
    assert abs(rows.final - (found.now - found.given_back)) <= coins
    other = sum((abs(row.amount) for row in rows.rows if row.kind is RowKind.OTHER), ZERO)
    assert other <= coins


def incl(amount: str, title: str = "VAT", rate: str = "0.2") -> TaxLine:
    return TaxLine(title, Decimal(rate), money(amount))


def test_an_edited_order_has_the_taxes_of_what_is_left() -> None:
    """Two at 120 with 20 % inside, edited to one: 120 includes 20, and not 40."""
    two = line(
        1, quantity=2, current_quantity=1, unit_price=money("120"), total=money("240"), taxes=(incl("40"),)
    )
    for total, refunded in (("240", "0"), ("240", "120"), ("120", "0")):
        found = compute_sums(
            order(
                (two,),
                total=money(total),
                current_total=money("120"),
                refunded_total=money(refunded),
                taxes_included=True,
                taxes=(incl("20"),),
                tax_total=money("20"),
            )
        )
        assert [(one.quantity, one.total) for one in found.lines] == [(1, Decimal(120))]
        assert [(row.kind, row.amount) for row in found.rows] == [(RowKind.SUBTOTAL, Decimal(120))]
        assert [row.amount for row in found.included] == [Decimal(20)]
        assert [found.total, found.net, found.final] == [Decimal(120), Decimal(100), Decimal(120)]


def test_a_line_that_was_swapped_for_another_is_gone_with_its_taxes() -> None:
    """A ring at 120 swapped for a lamp at 60: 10 of tax, and not 30."""
    ring = line(1, title="Ring", quantity=1, current_quantity=0, unit_price=money("120"), total=money("120"))
    lamp = line(2, title="Lamp", unit_price=money("60"), total=money("60"), taxes=(incl("10"),))
    found = compute_sums(
        order(
            (replace(ring, taxes=(incl("20"),)), lamp),
            total=money("120"),
            current_total=money("60"),
            refunded_total=money("60"),
            taxes_included=True,
            taxes=(incl("10"),),
            tax_total=money("10"),
        )
    )
    assert [one.line.title for one in found.lines] == ["Lamp"]
    assert [row.amount for row in found.included] == [Decimal(10)]
    assert [found.total, found.final] == [Decimal(60), Decimal(60)]


def test_what_rounding_left_over_is_in_the_line_whose_share_was_rounded() -> None:
    three = line(1, quantity=3, current_quantity=2, unit_price=money("33.34"), total=money("100"))
    found = compute_sums(
        order((three,), total=money("100"), current_total=money("66.66"), refunded_total=money("33.34"))
    )
    assert [one.total for one in found.lines] == [Decimal("66.66")]
    assert [row.kind for row in found.rows] == [RowKind.SUBTOTAL]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(orders())
def test_a_discount_row_never_exceeds_the_discounts_that_the_shop_tells_of(shop_order: ShopOrder) -> None:
    found = compute_sums(shop_order)
    shown = -sum((row.amount for row in found.rows if row.kind is RowKind.DISCOUNT), ZERO)
    on_lines = sum((item.discount for item in found.lines), ZERO)
    allowed = shop_order.discount_total.amount - on_lines if shop_order.discount_total else ZERO
    assert ZERO <= shown <= max(ZERO, allowed)


def test_a_discount_on_the_whole_order_has_its_own_row() -> None:
    found = compute_sums(
        order(
            (line(1, quantity=2, current_quantity=2, unit_price=money("30"), total=money("60")),),
            discount_total=money("10"),
            shipping_total=money("5"),
            tax_total=money("11"),
            taxes=(TaxLine("VAT", Decimal("0.2"), money("11")),),
            total=money("66"),
        )
    )
    assert [(str(row.kind), row.amount) for row in found.rows] == [
        ("subtotal", Decimal(60)),
        ("discount", Decimal(-10)),
        ("shipping", Decimal(5)),
        ("tax", Decimal(11)),
    ]


def test_taxes_are_summed_per_title_and_rate() -> None:
    taxes = (
        TaxLine("VAT", Decimal("0.2"), money("2.00")),
        TaxLine("VAT", Decimal("0.055"), money("0.55")),
        TaxLine("VAT", Decimal("0.20"), money("1.00")),
    )
    found = compute_sums(order(taxes=taxes, taxes_included=True, tax_total=money("3.55")))
    assert [(row.rate, row.amount) for row in found.included] == [
        (Decimal("0.2"), Decimal("3.00")),
        (Decimal("0.055"), Decimal("0.55")),
    ]
    assert found.net == Decimal("6.45")


def test_what_the_shop_does_not_itemise_is_named_and_not_hidden() -> None:
    found = compute_sums(order(total=money("12.50")))
    assert [(row.kind, row.amount) for row in found.rows][-1] == (RowKind.OTHER, Decimal("2.50"))


def test_an_edited_order_comes_to_its_current_total() -> None:
    lines = (line(1), line(2, title="Added by an edit", quantity=1, current_quantity=1))
    found = compute_sums(order(lines, total=money("10"), current_total=money("20")))
    assert (found.total, found.final) == (Decimal(20), Decimal(20))
    assert [row.kind for row in found.rows] == [RowKind.SUBTOTAL]


def test_a_refund_is_not_taken_off_twice() -> None:
    found = compute_sums(order(refunded_total=money("4"), current_total=money("6")))
    assert (found.total, found.final) == (Decimal(10), Decimal(6))


def test_an_order_without_a_total_cannot_be_invoiced() -> None:
    with pytest.raises(Unusable, match="no total"):
        compute_sums(order(total=None))


def test_amounts_in_two_currencies_are_never_put_on_one_invoice() -> None:
    with pytest.raises(Unusable, match="EUR, USD"):
        compute_sums(order(shipping_total=money("5", "USD")))
