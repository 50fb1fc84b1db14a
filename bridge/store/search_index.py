"""What an order can be found by, beside its names: SKUs, designs, and words of the customer's name.

Kept in a table of their own, written in the same transaction as the order that they are taken from. A name
is here only while the order's snapshot, which holds it too, is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.model import LineItem, Money, PrintItem, ShopOrder
from bridge.order.spelling import normalize_text
from bridge.store.row_mapping import build_insert
from bridge.store.tables import figures, terms
from bridge.store.types import clean_text

LONGEST = 100  # characters of a term
MOST = 60  # terms of one order


def normalize_term(text: str) -> str:
    """How terms are compared: without case, accents and outer spaces, of a bounded length."""
    plain = unicodedata.normalize("NFKD", normalize_text(clean_text(text)).casefold())
    return "".join(char for char in plain if not unicodedata.combining(char)).strip()[:LONGEST]


def split_words(name: str | None) -> list[str]:
    """The words of a name, each as a term."""
    return [word for part in (name or "").split() if (word := normalize_term(part))]


def collect_terms(order: ShopOrder, items: Iterable[PrintItem]) -> frozenset[str]:
    """All that an order can be found by."""
    address = order.address
    names = [order.customer_name, address.first_name if address else None]
    names += [address.last_name if address else None, address.company if address else None]
    found = [normalize_term(line.sku) for line in order.lines if line.sku]
    found += [normalize_term(item.design.uuid) for item in items]
    found += [word for name in names for word in split_words(name)]
    return frozenset(list(dict.fromkeys(term for term in found if term))[:MOST])


def compute_revenue(order: ShopOrder, items: Iterable[PrintItem]) -> Money | None:
    """What the customer paid for the printed units, after discounts, without taxes and shipping."""
    lines = {line.id: line for line in order.lines}
    units = {item.line_item_id: item.line_quantity for item in items}
    printed = [(lines[line], count) for line, count in units.items() if line in lines]
    if not printed or len({line.total.currency for line, _ in printed}) != 1:
        return None
    amount = sum(
        (_compute_net_price(line, order.taxes_included) * count for line, count in printed), Decimal(0)
    )
    return Money(amount.quantize(Decimal("0.01")), printed[0][0].total.currency)


def _compute_net_price(line: LineItem, taxes_included: bool) -> Decimal:
    """The price of one unit."""
    taxes = sum((tax.price.amount for tax in line.taxes), Decimal(0)) if taxes_included else Decimal(0)
    return (line.total.amount - taxes) / max(line.quantity, 1)


def reindex_order(c: Connection, order: int, snapshot: ShopOrder, items: Iterable[PrintItem]) -> None:
    """Bring an order's terms and revenue to what its snapshot says."""
    prints = tuple(items)
    wanted = collect_terms(snapshot, prints)
    known = frozenset(c.execute(sa.select(terms.c.term).where(terms.c.order_id == order)).scalars())
    if known - wanted:
        c.execute(sa.delete(terms).where(terms.c.order_id == order, terms.c.term.in_(sorted(known - wanted))))
    if wanted - known:
        rows: list[dict[str, Any]] = [{"term": term, "order_id": order} for term in sorted(wanted - known)]
        c.execute(build_insert(c, terms).on_conflict_do_nothing(), rows)
    revenue = compute_revenue(snapshot, prints)
    if revenue is not None:
        row = build_insert(c, figures).values(order_id=order, revenue=revenue)
        c.execute(
            row.on_conflict_do_update(index_elements=["order_id"], set_={"revenue": row.excluded.revenue})
        )
