"""The shop's memory: what it holds, how ids are given out, and who is told when something happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any, TypeVar

from bridge.sandbox.shopify import payloads
from bridge.sandbox.shopify.customers import People
from bridge.sandbox.shopify.events import Announcement, Event
from bridge.sandbox.shopify.model import Customer, Installation, Location, Node, Order, Product, Variant
from bridge.sandbox.shopify.settings import ShopSettings

N = TypeVar("N", bound=Node)

# Ids begin where real shops are today: beyond 32 bits, and different for each kind of thing.
_FIRST_ID = {
    "Order": 6_500_000_000_001,
    "LineItem": 16_200_000_000_001,
    "FulfillmentOrder": 7_400_000_000_001,
    "FulfillmentOrderLineItem": 15_900_000_000_001,
    "Fulfillment": 5_900_000_000_001,
    "ProductVariant": 49_300_000_000_001,
    "Product": 9_700_000_000_001,
    "Customer": 8_800_000_000_001,
    "Location": 104_000_000_001,
}
APP_ID = 281_000_001
_OTHER_ID = 1_800_000_000_001


class ShopError(Exception):
    """The shop refuses a change, as Shopify says it in `userErrors`."""

    def __init__(
        self, message: str, field: Iterable[str] = (), code: str | None = None, index: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = list(field) or None
        self.code = code
        self.index = index


def utc_now() -> datetime:
    return datetime.now(UTC)


class ShopState:
    """Everything that the verbs of the shop share. Deterministic for a seed, apart from the time."""

    def __init__(
        self,
        settings: ShopSettings | None = None,
        *,
        seed: int | str = 0,
        now: Callable[[], datetime] = utc_now,
        order_numbers: Iterator[int] | None = None,
        ids_after: int = 0,
    ) -> None:
        """`order_numbers` instead of those from `first_order_number` on; ids are above the first by `ids_after`."""
        self.settings = settings or ShopSettings()
        self.pictures_at: str | None = None  # the address of its server, once it runs
        self.random = Random(f"{self.settings.domain}/{seed}")  # noqa: S311 - it has to be repeatable
        self.people = People(Random(f"people/{self.settings.domain}/{seed}"))  # noqa: S311 - as above
        self.now = now
        self.listeners: list[Callable[[Event], None]] = []
        self.orders: dict[int, Order] = {}
        self.products: dict[int, Product] = {}
        self.variants: dict[int, Variant] = {}
        self.customers: dict[str, Customer] = {}
        self.test_skus: tuple[str, ...] = ()  # what a test order is of, in turn
        self.locations: list[Location] = []
        self._nodes: dict[str, Node] = {}
        self._names: dict[str, int] = {}
        self._counters = {kind: count(first + ids_after) for kind, first in _FIRST_ID.items()}
        self._others_from = _OTHER_ID + ids_after
        self._order_numbers = order_numbers or count(self.settings.first_order_number)
        self._timers: set[asyncio.TimerHandle] = set()
        self.installation = self.register(Installation(APP_ID))
        self.location = self.add_location(self.settings.location)

    # -- ids and looking things up --

    def next_id(self, kind: type[Node]) -> int:
        return next(self._counters.setdefault(kind.kind, count(self._others_from)))

    def register(self, node: N) -> N:
        self._nodes[node.gid] = node
        return node

    def keep_order(self, order: Order) -> None:
        self.orders[order.id] = self.register(order)
        self._names[order.name] = order.id

    def forget(self, node: Node) -> None:
        self._nodes.pop(node.gid, None)

    def find(self, kind: type[N], gid: str) -> N | None:
        """The thing with this global id; global ids may carry parameters after a question mark."""
        node = self._nodes.get(gid.partition("?")[0])
        return node if isinstance(node, kind) else None

    def order_by_name(self, name: str) -> Order:
        try:
            return self.orders[self._names[name]]
        except KeyError:
            raise LookupError(f"the sandbox shop has no order named {name}") from None

    def order(self, which: Order | int | str) -> Order:
        """An order by itself, its number id, its global id or its name."""
        if isinstance(which, Order):
            return which
        if isinstance(which, int):
            if which not in self.orders:
                raise LookupError(f"the sandbox shop has no order with the id {which}")
            return self.orders[which]
        if which.startswith("gid://"):
            found = self.find(Order, which)
            if found is None:
                raise LookupError(f"the sandbox shop has no order {which}")
            return found
        return self.order_by_name(which)

    # -- the catalogue --

    def add_location(self, name: str) -> Location:
        location = self.register(Location(self.next_id(Location), name))
        self.locations.append(location)
        return location

    def find_location(self, name: str | None) -> Location:
        if name is None:
            return self.location
        for location in self.locations:
            if location.name == name:
                return location
        return self.add_location(name)

    def add_product(
        self,
        title: str,
        variants: Iterable[Mapping[str, Any]],
        *,
        vendor: str = "Acme",
    ) -> Product:
        """A product with variants: {sku, price, options: {"Size": "L"}, requires_shipping, gift_card,
        hs_code, origin}."""
        handle = "-".join(title.lower().split())
        product = self.register(Product(self.next_id(Product), title, handle, vendor, self.now()))
        for fields in variants:
            options = tuple((str(k), str(v)) for k, v in dict(fields.get("options") or {}).items())
            variant = Variant(
                self.next_id(Variant),
                product,
                " / ".join(value for _, value in options) or "Default Title",
                fields.get("sku"),
                Decimal(str(fields.get("price", "20.00"))),
                options,
                bool(fields.get("requires_shipping", True)),
                bool(fields.get("gift_card", False)),
                fields.get("hs_code"),
                fields.get("origin"),
            )
            product.variants.append(self.register(variant))
            self.variants[variant.id] = variant
        self.products[product.id] = product
        return product

    def variant_by_sku(self, sku: str) -> Variant | None:
        return next((variant for variant in self.variants.values() if variant.sku == sku), None)

    def edit_variant(self, sku: str, options: Mapping[str, str]) -> Variant:
        """The merchant gives a variant other option values, or names. What was sold stays as it was sold."""
        variant = self._known_variant(sku)
        variant.options = tuple(options.items())
        variant.title = " / ".join(options.values()) or "Default Title"
        return variant

    def rename_sku(self, sku: str, to: str) -> Variant:
        """The merchant gives a variant another SKU. What was sold keeps the one that it was sold with."""
        if not to.strip() or self.variant_by_sku(to) is not None:
            raise ShopError(f"the SKU {to!r} is taken" if to.strip() else "a SKU has at least one character")
        variant = self._known_variant(sku)
        variant.sku = to
        return variant

    def set_price(self, sku: str, price: Decimal) -> Variant:
        """The merchant changes what a variant costs. What was sold keeps its price."""
        if not price.is_finite() or price < 0:
            raise ShopError(f"a price is a number from 0 on, not {price}")
        variant = self._known_variant(sku)
        variant.price = price
        return variant

    def delete_variant(self, sku: str) -> None:
        """The merchant deletes a variant; lines that were sold with it have none any more."""
        variant = self._known_variant(sku)
        variant.product.variants.remove(variant)
        del self.variants[variant.id]
        self.forget(variant)
        for order in self.orders.values():
            for line in order.lines:
                if line.variant is variant:
                    line.variant = None

    def _known_variant(self, sku: str) -> Variant:
        variant = self.variant_by_sku(sku)
        if variant is None:
            known = ", ".join(sorted(one.sku for one in self.variants.values() if one.sku)) or "none"
            raise LookupError(f"the sandbox shop has no variant with the SKU {sku}; it has {known}")
        return variant

    # -- telling --

    def announce(self, *announcements: tuple[str, Mapping[str, Any], int | str]) -> Event:
        """Tell the listeners of one event, with all its topics."""
        event = Event(
            id=self.uuid(),
            at=self.now(),
            announcements=tuple(Announcement(*announcement) for announcement in announcements),
        )
        for listener in self.listeners:
            listener(event)
        return event

    def announce_order(self, order: Order, *topics: str) -> Event:
        """One event about an order: `topics`, and `orders/updated` beside them as Shopify sends it."""
        if not self.listeners:
            return self.announce()
        body = payloads.order(order)
        return self.announce(*((topic, body, order.id) for topic in (*topics, "orders/updated")))

    def touch(self, order: Order) -> None:
        """Mark the order as updated now. Two changes in one instant still count as two."""
        order.updated_at = max(self.now(), order.updated_at + timedelta(microseconds=1))

    def uuid(self) -> str:
        bits = f"{self.random.getrandbits(128):032x}"
        return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"

    def later(self, delay: timedelta, action: Callable[[], object]) -> None:
        """Do something after `delay`; at once when there is none."""
        if delay <= timedelta(0):
            action()
            return

        def run() -> None:
            self._timers.discard(timer)
            action()

        timer = asyncio.get_running_loop().call_later(delay.total_seconds(), run)
        self._timers.add(timer)

    def close(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
