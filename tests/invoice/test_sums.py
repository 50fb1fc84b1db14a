from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.invoice.sums import ZERO, Kind, Unusable, sums
from bridge.order.model import Money, ShippingLine, ShopOrder, TaxLine

from .orders import line, money, order

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
        price = amount()
        gross = price.amount * quantity
        discount = draw(st.one_of(st.just(ZERO), st.just(gross), st.just(amount().amount)))
        lines.append(
            line(
                number,
                quantity=quantity,
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
    found = sums(shop_order)
    assert shop_order.total is not None
    refunded = shop_order.refunded_total.amount if shop_order.refunded_total else ZERO
    edited = shop_order.current_total if not refunded else None
    assert found.total == (edited or shop_order.total).amount
    assert sum(row.amount for row in found.rows) == found.total
    assert found.rows[0].amount == sum(item.total for item in found.lines)
    for item, amounts in zip(shop_order.lines, found.lines, strict=True):
        assert amounts.total == item.total.amount
        assert item.unit_price.amount * item.quantity - amounts.discount == amounts.total
    taxes = found.included if shop_order.taxes_included else [r for r in found.rows if r.kind is Kind.TAX]
    if shop_order.tax_total is not None:
        assert sum(row.amount for row in taxes) == shop_order.tax_total.amount
    if found.included:
        assert found.net == found.total - sum(row.amount for row in found.included)
    assert found.final == found.total + sum(row.amount for row in found.after)
    assert found.final == found.total - refunded


@settings(max_examples=200, derandomize=True, deadline=None)
@given(orders())
def test_a_discount_row_never_exceeds_the_discounts_that_the_shop_tells_of(shop_order: ShopOrder) -> None:
    found = sums(shop_order)
    shown = -sum((row.amount for row in found.rows if row.kind is Kind.DISCOUNT), ZERO)
    on_lines = sum((item.discount for item in found.lines), ZERO)
    allowed = shop_order.discount_total.amount - on_lines if shop_order.discount_total else ZERO
    assert ZERO <= shown <= max(ZERO, allowed)


def test_a_discount_on_the_whole_order_has_its_own_row() -> None:
    found = sums(
        order(
            (line(1, quantity=2, unit_price=money("30"), total=money("60")),),
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
    found = sums(order(taxes=taxes, taxes_included=True, tax_total=money("3.55")))
    assert [(row.rate, row.amount) for row in found.included] == [
        (Decimal("0.2"), Decimal("3.00")),
        (Decimal("0.055"), Decimal("0.55")),
    ]
    assert found.net == Decimal("6.45")


def test_what_the_shop_does_not_itemise_is_named_and_not_hidden() -> None:
    found = sums(order(total=money("12.50")))
    assert [(row.kind, row.amount) for row in found.rows][-1] == (Kind.OTHER, Decimal("2.50"))


def test_an_edited_order_comes_to_its_current_total() -> None:
    lines = (line(1), line(2, title="Added by an edit", quantity=1, current_quantity=1))
    found = sums(order(lines, total=money("10"), current_total=money("20")))
    assert (found.total, found.final) == (Decimal(20), Decimal(20))
    assert [row.kind for row in found.rows] == [Kind.SUBTOTAL]


def test_a_refund_is_not_taken_off_twice() -> None:
    found = sums(order(refunded_total=money("4"), current_total=money("6")))
    assert (found.total, found.final) == (Decimal(10), Decimal(6))


def test_an_order_without_a_total_cannot_be_invoiced() -> None:
    with pytest.raises(Unusable, match="no total"):
        sums(order(total=None))


def test_amounts_in_two_currencies_are_never_put_on_one_invoice() -> None:
    with pytest.raises(Unusable, match="EUR, USD"):
        sums(order(shipping_total=money("5", "USD")))
