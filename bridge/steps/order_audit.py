"""The gap proof: every order of the shop since go-live, with where it stands; none may be missing.

Deliveries can get lost and reconciliation can have a fault; this asks the shop for all of its orders and
compares. An order that the bridge does not know is an alarm, and is noticed on the spot. Numbers that the
shop leaves out are named too: an order that was deleted has to be accounted for like any other.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from bridge.order.model import ChangedOrder
from bridge.order.records import OrderSignal
from bridge.ports import Orders, Shop

BATCH = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One order of the shop. `known` False = the bridge had not heard of it."""

    order: ChangedOrder
    known: bool


async def audit_orders(name: str, shop: Shop, orders: Orders, since: datetime) -> AsyncIterator[Entry]:
    """Every order that the shop got at or after `since`, oldest change first. Unknown and stale ones are
    noticed. Raises TryAgain and NeedsPerson as the shop does."""
    batch: list[ChangedOrder] = []
    async for found in shop.fetch_changed_orders(None, created_since=since):
        batch.append(found)
        if len(batch) >= BATCH:
            for entry in await _compare_batch(name, orders, batch):
                yield entry
            batch = []
    for entry in await _compare_batch(name, orders, batch):
        yield entry


async def _compare_batch(name: str, orders: Orders, batch: list[ChangedOrder]) -> list[Entry]:
    if not batch:
        return []
    known = await orders.load_known_orders(name, [order.id for order in batch])
    entries = []
    for order in batch:
        read = known.get(order.id)
        stale = read is None or read < order.updated_at
        entries.append(Entry(order, order.id in known))
        if stale:
            await orders.receive_signal(
                OrderSignal(name, order.id, "reconciliation", order.name, cause="audit")
            )
    return entries


@dataclass(frozen=True, slots=True)
class Gap:
    """Order names that the shop does not list, between two that it lists."""

    prefix: str
    first: int
    last: int
    suffix: str
    width: int  # digits of a number, where they are filled with zeros

    @property
    def missing_names(self) -> Iterable[str]:
        return (self._format_name(number) for number in range(self.first, self.last + 1))

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        first, last = self._format_name(self.first), self._format_name(self.last)
        return first if self.first == self.last else f"{first} to {last}"

    def _format_name(self, number: int) -> str:
        return f"{self.prefix}{number:0{self.width}}{self.suffix}"


def find_gaps(names: Iterable[str]) -> list[Gap]:
    """What is missing between these names. A name is read as prefix, number, suffix ("#1001", "EN-1001-B"), and
    each prefix and suffix counts for itself; names without a number are passed over."""
    numbers: dict[tuple[str, str], dict[int, str]] = {}
    for name in names:
        found = _NAME.fullmatch(name)
        if found:
            numbers.setdefault((found[1], found[3]), {})[int(found[2])] = found[2]
    missing = []
    for (prefix, suffix), known in sorted(numbers.items()):
        width = min(len(digits) for digits in known.values())
        listed = sorted(known)
        for before, after in pairwise(listed):
            if after - before > 1:
                missing.append(Gap(prefix, before + 1, after - 1, suffix, width))
    return missing


_NAME = re.compile(r"(.*?)([0-9]{1,15})([^0-9]*)", re.DOTALL)
