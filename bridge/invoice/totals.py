"""The rows of an invoice from the shop's own numbers, so that what is shown always adds up.

All of it is the order as it is now, after edits and returns: units that are left, current taxes, current totals.
Nothing is recalculated but a line's share where units of it were removed: each other amount is one that Shopify
gave, or the difference of two such amounts. Where Shopify's total has parts that the order does not itemise here
(duties, a tip, rounding), one row `other` names the difference instead of hiding it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from babel.numbers import get_currency_precision

from bridge.order.model import LineItem, Money, ShopOrder, TaxLine

ZERO = Decimal(0)


class Unusable(ValueError):
    """The order's amounts cannot be put on one invoice; the text says why."""


class RowKind(StrEnum):
    SUBTOTAL = "subtotal"
    DISCOUNT = "discount"
    SHIPPING = "shipping"
    TAX = "tax"
    OTHER = "other"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Row:
    """One amount of the column, signed. `title` and `rate` are those of a tax or a shipping rate."""

    kind: RowKind
    amount: Decimal
    title: str = ""
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LineSum:
    """A line of which units are left: `gross` - `discount` = `total`, for the `quantity` that is left."""

    line: LineItem
    quantity: int
    gross: Decimal
    discount: Decimal
    total: Decimal

    def compute_share(self, amount: Decimal) -> Decimal:
        """Of an amount for the whole line, the part for the units that are left."""
        if self.quantity == self.line.quantity:
            return amount
        return _round_amount(amount * self.quantity / self.line.quantity, self.line.total.currency)


@dataclass(frozen=True, slots=True)
class Sums:
    """The `rows` add up to `total`; `total` and the `after` rows add up to `final`.

    `lines` are those of which units are left. `after` is money that was given back for no unit and no shipping.
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


def compute_sums(order: ShopOrder) -> Sums:
    """Raises Unusable when the shop gave no total, or amounts in more than one currency."""
    now = order.current_total or order.total
    if now is None:
        raise Unusable("the shop gave no total for this order")
    currency = _require_one_currency(order)
    taxes = _build_tax_rows(order)
    extra = () if order.taxes_included else taxes
    lines = tuple(_build_line_sum(line, currency) for line in order.lines if line.current_quantity)
    given_back = _compute_extra_refund(order)
    taken_off = _compute_already_deducted(order, now.amount, given_back, lines, extra)
    total = now.amount + taken_off
    lines, rows = _build_rows(order, total, lines, extra, currency)
    included = taxes if order.taxes_included else ()
    after = (Row(RowKind.REFUNDED, -given_back),) if given_back else ()
    return Sums(
        currency=currency,
        lines=lines,
        rows=rows,
        total=total,
        included=included,
        net=total - sum((row.amount for row in included), ZERO) if included else None,
        after=after,
        final=total - given_back,
    )


def find_presentment_total(order: ShopOrder, total: Decimal) -> Money | None:
    """The same total in the currency that the customer paid in, where that is another one and the shop gives it."""
    known = (
        (order.current_total or order.total, order.presentment_current_total),
        (order.total, order.presentment_total),
    )
    for own, theirs in known:
        if own is not None and own.amount == total and theirs is not None:
            return theirs if theirs.currency != order.currency else None
    return None


def _build_line_sum(line: LineItem, currency: str) -> LineSum:
    """The units that are left, each at the line's own price; of its total, their share."""
    left = line.current_quantity
    gross = line.unit_price.amount * left
    total = line.total.amount
    if left != line.quantity:
        total = _round_amount(total * left / line.quantity, currency) if line.quantity else ZERO
    return LineSum(line, left, gross=gross, discount=gross - total, total=total)


def _compute_smallest_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 EUR, 1 JPY, 0.001 KWD."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def _round_amount(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(_compute_smallest_unit(currency), ROUND_HALF_UP)


def _compute_extra_refund(order: ShopOrder) -> Decimal:
    """What was refunded beyond the units and the shipping that are gone from the order: for a scratch, say."""
    refunded = order.refunded_total.amount if order.refunded_total else ZERO
    beyond = refunded - _compute_removed(order)
    shared = [line for line in order.lines if line.current_quantity != line.quantity]
    return (
        beyond if beyond > _compute_smallest_unit(order.currency) * len(shared) else ZERO
    )  # less comes of rounding


def _compute_removed(order: ShopOrder) -> Decimal:
    """What the units that were removed or returned cost, and the shipping that was taken back."""
    gone = ZERO
    for line in order.lines:
        removed = line.quantity - line.current_quantity
        if removed > 0:
            taxes = sum((tax.price.amount for tax in line.taxes), ZERO)
            whole = line.total.amount + (ZERO if order.taxes_included else taxes)
            gone += whole * removed / line.quantity
    before = sum((line.price.amount for line in order.shipping_lines), ZERO)
    if order.shipping_lines and order.shipping_total is not None:
        gone += max(ZERO, before - order.shipping_total.amount)
    return _round_amount(gone, order.currency)


def _compute_already_deducted(
    order: ShopOrder, now: Decimal, given_back: Decimal, lines: tuple[LineSum, ...], taxes: tuple[Row, ...]
) -> Decimal:
    """How much of what was given back the shop's current total is less by already, so that it is not taken off
    twice. Shopify does not document it: told by the total before returns, and by the parts of the current one."""
    if not given_back:
        return ZERO
    by_total = (order.total.amount if order.total else now) - now - _compute_removed(order)
    parts = [line.total for line in lines] + [row.amount for row in (*_build_shipping_rows(order), *taxes)]
    short = sum(parts, ZERO) - now
    by_parts = short - _compute_further_discount(order, lines, short)
    return max(ZERO, min(given_back, max(by_total, by_parts)))


def _build_rows(
    order: ShopOrder, total: Decimal, lines: tuple[LineSum, ...], taxes: tuple[Row, ...], currency: str
) -> tuple[tuple[LineSum, ...], tuple[Row, ...]]:
    """The lines, and the rows that lead from them to the total."""
    shipping = _build_shipping_rows(order)
    items = sum((line.total for line in lines), ZERO)
    rest = total - items - sum((row.amount for row in (*shipping, *taxes)), ZERO)
    discount = _compute_further_discount(order, lines, -rest)
    rest += discount
    lines = _settle_rounding(lines, rest, currency)
    rest += items - sum((line.total for line in lines), ZERO)
    rows = [Row(RowKind.SUBTOTAL, sum((line.total for line in lines), ZERO))]
    if discount:
        rows.append(Row(RowKind.DISCOUNT, -discount))
    rows += [*shipping, *taxes]
    if rest:
        rows.append(Row(RowKind.OTHER, rest))
    return lines, tuple(rows)


def _settle_rounding(lines: tuple[LineSum, ...], rest: Decimal, currency: str) -> tuple[LineSum, ...]:
    """Lines whose share was rounded take up what rounding left over: one smallest amount each, no more."""
    unit = _compute_smallest_unit(currency)
    shares = [index for index, one in enumerate(lines) if one.quantity != one.line.quantity and one.total]
    if not rest or abs(rest) > unit * len(shares):
        return lines
    found = list(lines)
    for index in shares[: int(abs(rest) / unit)]:
        one, step = found[index], unit.copy_sign(rest)
        found[index] = replace(one, total=one.total + step, discount=one.discount - step)
    return tuple(found)


def _compute_further_discount(order: ShopOrder, lines: tuple[LineSum, ...], missing: Decimal) -> Decimal:
    """The part of Shopify's discount total that no line shows: on the whole order or on shipping.

    A line's total may be before order-wide codes; so only as much is shown as is `missing` to reach the order's
    total.
    """
    if order.discount_total is None:
        return ZERO
    unseen = order.discount_total.amount - sum((line.discount for line in lines), ZERO)
    return max(ZERO, min(unseen, missing))


def _build_shipping_rows(order: ShopOrder) -> tuple[Row, ...]:
    title = " + ".join(line.title for line in order.shipping_lines if line.title)
    if order.shipping_total is not None:
        amount = order.shipping_total.amount
    else:
        amount = sum((line.price.amount for line in order.shipping_lines), ZERO)
    return (Row(RowKind.SHIPPING, amount, title),) if amount or title else ()


def _build_tax_rows(order: ShopOrder) -> tuple[Row, ...]:
    """One row per title and rate; what the tax total has beyond them is a row without a title."""
    grouped: dict[tuple[str, Decimal | None], Decimal] = {}
    for tax in order.taxes:
        key = (tax.title, tax.rate)
        grouped[key] = grouped.get(key, ZERO) + tax.price.amount
    rows = [Row(RowKind.TAX, amount, *key) for key, amount in grouped.items() if amount or key[1] == 0]
    if order.tax_total is not None:
        rest = order.tax_total.amount - sum((row.amount for row in rows), ZERO)
        if rest:
            rows.append(Row(RowKind.TAX, rest))
    return tuple(rows)


def _require_one_currency(order: ShopOrder) -> str:
    def list_amounts() -> list[Money | None]:
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

    currencies = sorted({money.currency for money in list_amounts() if money is not None})
    if len(currencies) != 1:
        raise Unusable(f"its amounts are in more than one currency ({', '.join(currencies)})")
    return currencies[0]
