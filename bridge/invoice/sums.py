"""The rows of an invoice from the shop's own numbers, so that what is shown always adds up.

Nothing is recalculated: each amount is one that Shopify gave, or the difference of two such amounts.
Where Shopify's total has parts that the order does not itemise here (duties, a tip, rounding, an edit),
one row `other` names the difference instead of hiding it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bridge.order.model import LineItem, Money, ShopOrder, TaxLine

ZERO = Decimal(0)


class Unusable(ValueError):
    """The order's amounts cannot be put on one invoice; the text says why."""


class Kind(StrEnum):
    SUBTOTAL = "subtotal"
    DISCOUNT = "discount"
    SHIPPING = "shipping"
    TAX = "tax"
    OTHER = "other"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Row:
    """One amount of the column, signed. `title` and `rate` are those of a tax or a shipping rate."""

    kind: Kind
    amount: Decimal
    title: str = ""
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LineSum:
    """`gross` - `discount` = `total`."""

    gross: Decimal
    discount: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Sums:
    """The `rows` add up to `total`; `total` and the `after` rows add up to `final`.

    `included` are taxes inside the total, `net` is the total without them; both empty where taxes come on top.
    """

    currency: str
    lines: tuple[LineSum, ...]
    rows: tuple[Row, ...]
    total: Decimal
    included: tuple[Row, ...]
    net: Decimal | None
    after: tuple[Row, ...]
    final: Decimal


def sums(order: ShopOrder) -> Sums:
    """Raises Unusable when the shop gave no total, or amounts in more than one currency."""
    if order.total is None:
        raise Unusable("the shop gave no total for this order")
    currency = _one_currency(order)
    total = _total(order, order.total)
    lines = tuple(_line(line) for line in order.lines)
    taxes = _taxes(order)
    rows = _rows(order, total, lines, () if order.taxes_included else taxes)
    included = taxes if order.taxes_included else ()
    after = _after(order)
    return Sums(
        currency=currency,
        lines=lines,
        rows=rows,
        total=total,
        included=included,
        net=total - sum((row.amount for row in included), ZERO) if included else None,
        after=after,
        final=total + sum((row.amount for row in after), ZERO),
    )


def _total(order: ShopOrder, total: Money) -> Decimal:
    """What the order comes to before refunds."""
    return (_before_refunds(order, total, order.current_total) or total).amount


def paid_in_other_currency(order: ShopOrder) -> Money | None:
    """The same total in the currency that the customer paid in, where that is another one."""
    total = _before_refunds(order, order.presentment_total, order.presentment_current_total)
    return total if total is not None and total.currency != order.currency else None


def _before_refunds(order: ShopOrder, total: Money | None, current: Money | None) -> Money | None:
    """Whether Shopify's total follows an edit of the order is not documented; its current total does, but is
    also less refunds. So the current total counts where nothing was refunded."""
    refunded = order.refunded_total is not None and order.refunded_total.amount
    return total if refunded or current is None else current


def _line(line: LineItem) -> LineSum:
    gross = line.unit_price.amount * line.quantity
    return LineSum(gross=gross, discount=gross - line.total.amount, total=line.total.amount)


def _rows(
    order: ShopOrder, total: Decimal, lines: tuple[LineSum, ...], taxes: tuple[Row, ...]
) -> tuple[Row, ...]:
    items = sum((line.total for line in lines), ZERO)
    rows = [Row(Kind.SUBTOTAL, items)]
    shipping = _shipping(order)
    rest = total - items - sum((row.amount for row in (*shipping, *taxes)), ZERO)
    discount = _further_discount(order, lines, -rest)
    if discount:
        rows.append(Row(Kind.DISCOUNT, -discount))
        rest += discount
    rows += [*shipping, *taxes]
    if rest:
        rows.append(Row(Kind.OTHER, rest))
    return tuple(rows)


def _further_discount(order: ShopOrder, lines: tuple[LineSum, ...], missing: Decimal) -> Decimal:
    """The part of Shopify's discount total that no line shows: on the whole order or on shipping.

    Shopify's shipping total is before discounts, and a line's total may be before order-wide codes; so
    only as much is shown as is `missing` to reach the order's total.
    """
    if order.discount_total is None:
        return ZERO
    unseen = order.discount_total.amount - sum((line.discount for line in lines), ZERO)
    return max(ZERO, min(unseen, missing))


def _shipping(order: ShopOrder) -> tuple[Row, ...]:
    title = " + ".join(line.title for line in order.shipping_lines if line.title)
    if order.shipping_total is not None:
        amount = order.shipping_total.amount
    else:
        amount = sum((line.price.amount for line in order.shipping_lines), ZERO)
    return (Row(Kind.SHIPPING, amount, title),) if amount or title else ()


def _taxes(order: ShopOrder) -> tuple[Row, ...]:
    """One row per title and rate; what the tax total has beyond them is a row without a title."""
    grouped: dict[tuple[str, Decimal | None], Decimal] = {}
    for tax in order.taxes:
        key = (tax.title, tax.rate)
        grouped[key] = grouped.get(key, ZERO) + tax.price.amount
    rows = [Row(Kind.TAX, amount, *key) for key, amount in grouped.items() if amount or key[1] == 0]
    if order.tax_total is not None:
        rest = order.tax_total.amount - sum((row.amount for row in rows), ZERO)
        if rest:
            rows.append(Row(Kind.TAX, rest))
    return tuple(rows)


def _after(order: ShopOrder) -> tuple[Row, ...]:
    refunded = order.refunded_total.amount if order.refunded_total else ZERO
    return (Row(Kind.REFUNDED, -refunded),) if refunded else ()


def _one_currency(order: ShopOrder) -> str:
    def amounts() -> list[Money | None]:
        taxes: list[TaxLine] = [*order.taxes, *(tax for line in order.lines for tax in line.taxes)]
        return [
            order.total,
            order.current_total,
            order.subtotal,
            order.shipping_total,
            order.tax_total,
            order.discount_total,
            order.refunded_total,
            *(line.unit_price for line in order.lines),
            *(line.total for line in order.lines),
            *(line.price for line in order.shipping_lines),
            *(tax.price for tax in taxes),
        ]

    currencies = sorted({money.currency for money in amounts() if money is not None})
    if len(currencies) != 1:
        raise Unusable(f"its amounts are in more than one currency ({', '.join(currencies)})")
    return currencies[0]
