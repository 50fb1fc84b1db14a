"""What customers and the merchant do to orders: buy, pay, edit, refund, cancel, correct the address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from bridge.sandbox.http.strict_json import strict
from bridge.sandbox.shopify import payloads
from bridge.sandbox.shopify.fulfilling import Fulfilling
from bridge.sandbox.shopify.model import (
    Address,
    Company,
    Customer,
    FulfillmentOrder,
    FulfillmentOrderLine,
    LineItem,
    Order,
    Refund,
    ShippingLine,
    rounded,
)
from bridge.sandbox.shopify.state import ShopError


@strict
@dataclass(frozen=True, slots=True)
class Buy:
    """One line of a new order. What is not given comes from the variant that has the SKU.

    A SKU without a variant makes a custom line, as merchants type them into draft orders.
    """

    sku: str | None
    quantity: int = 1
    price: Decimal | None = None
    discount: Decimal = Decimal(0)
    title: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    delivery: str = "SHIPPING"  # SHIPPING, PICK_UP, LOCAL, ... as in FulfillmentOrder.deliveryMethod
    location: str | None = None
    requires_shipping: bool | None = None
    gift_card: bool | None = None


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """What a customer orders. Unless `paid`, the money comes later (`Shop.pay`) or never: `authorized` (until
    `authorized_until`), by `payment_terms` such as "Net 30", or after a `deposit`. `assessments` are the
    levels that several fraud analyses give, or none at all; else there is the one of `risk`.

    `hold` is a reason (HIGH_RISK_OF_FRAUD, AWAITING_PAYMENT, ...) with which Shopify holds the fulfillment
    from the start. `rate` is what one unit of the shop's currency is in `presentment_currency`.
    """

    lines: tuple[Buy | str, ...]
    address: Address | Literal["invented"] | None = (
        "invented"  # None = it has none; else with an invented customer
    )
    billing_address: Address | None = None
    email: str | None = None
    locale: str | None = "en"
    paid: bool = True
    authorized: bool = False
    authorized_until: datetime | None = None
    payment_terms: str | None = None
    deposit: Decimal = Decimal(0)
    shipping: str | None = "Standard"
    shipping_price: Decimal = Decimal("4.90")
    presentment_currency: str | None = None
    rate: Decimal = Decimal(1)
    taxes_included: bool = True
    tax_rate: Decimal = Decimal("0.2")
    test: bool = False
    risk: str = "LOW"
    assessments: tuple[str, ...] | None = None
    hold: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    po_number: str | None = None
    company: Company | None = None
    credentials: tuple[tuple[str, str], ...] = ()
    name: str | None = None
    created_at: datetime | None = None
    source_name: str = "web"


class Orders(Fulfilling):
    def create_order(self, lines: Iterable[Buy | str], **options: Any) -> Order:
        """`place_order`, with the fields of NewOrder as keywords."""
        return self.place_order(NewOrder(lines=tuple(lines), **options))

    def test_order(self) -> Order:
        """An invented customer orders and pays one of the products that are printed, each time another."""
        if not self.test_skus:
            raise LookupError(
                "the sandbox shop sells nothing that is printed; map a product in the configuration"
            )
        sku, *others = self.test_skus
        self.test_skus = (*others, sku)
        return self.create_order([sku], note="A test order of the sandbox")

    def place_order(self, new: NewOrder) -> Order:
        """A customer places an order; Shopify tells the app, and routes it a little later."""
        if not new.lines:
            raise ValueError('an order has at least one line, such as "RING-S"')
        order = self._new_order(new)
        wanted = [buy if isinstance(buy, Buy) else Buy(buy) for buy in new.lines]
        bought = [(self._line(order, buy, new.tax_rate), buy) for buy in wanted]
        self.keep_order(order)
        order.paid = order.total if new.paid else new.deposit
        if order.customer:
            order.customer.orders += 1
            order.customer.spent += order.total
        self.announce_order(order, "orders/create", *(("orders/paid",) if new.paid else ()))
        self.later(self.settings.routing_delay, lambda: self._route(order, bought, new.hold))
        return order

    def _new_order(self, new: NewOrder) -> Order:
        address, email = new.address, new.email
        if address == "invented":
            person = self.people.next()
            address, email = person.address, email or person.email
        number = next(self._order_numbers)
        at = new.created_at or self.now()
        order = Order(
            self.next_id(Order),
            number=number,
            name=new.name or self.settings.order_name.format(number=number),
            created_at=at,
            updated_at=at,
            currency=self.settings.currency,
            presentment_currency=new.presentment_currency or self.settings.currency,
            rate=new.rate,
            lines=[],
            shipping_lines=[],
            address=address,
            billing_address=new.billing_address or address,
            customer=self._customer(address, email, new.locale),
            email=email,
            locale=new.locale,
            taxes_included=new.taxes_included,
            authorized=new.authorized,
            authorized_until=new.authorized_until,
            payment_terms=new.payment_terms,
            test=new.test,
            risk=new.risk,
            assessments=new.assessments,
            note=new.note,
            tags=list(new.tags),
            attributes=new.attributes,
            po_number=new.po_number,
            company=new.company,
            credentials=new.credentials,
            source_name=new.source_name,
        )
        if new.shipping is not None:
            order.shipping_lines.append(
                ShippingLine(self.next_id(ShippingLine), new.shipping, new.shipping, new.shipping_price)
            )
        return order

    def _customer(self, address: Address | None, email: str | None, locale: str | None) -> Customer | None:
        if email is None:
            return None
        if email not in self.customers:
            self.customers[email] = self.register(
                Customer(
                    self.next_id(Customer),
                    address.first_name if address else None,
                    address.last_name if address else None,
                    email,
                    locale or "en",
                    self.now(),
                )
            )
        return self.customers[email]

    def _line(self, order: Order, buy: Buy, tax_rate: Decimal) -> LineItem:
        if buy.quantity < 1:
            raise ValueError(f"a line needs at least one unit, not {buy.quantity}")
        variant = self.variant_by_sku(buy.sku) if buy.sku else None
        line = LineItem(
            self.next_id(LineItem),
            title=buy.title or (variant.product.title if variant else buy.sku or "Custom item"),
            sku=buy.sku,
            variant=variant,
            quantity=buy.quantity,
            current_quantity=buy.quantity,
            price=buy.price if buy.price is not None else (variant.price if variant else Decimal("20.00")),
            discount=buy.discount,
            tax_rate=tax_rate,
            properties=buy.properties,
            requires_shipping=_given(buy.requires_shipping, variant.requires_shipping if variant else True),
            gift_card=_given(buy.gift_card, variant.gift_card if variant else False),
            variant_title=variant.title if variant and variant.options else None,
        )
        order.lines.append(self.register(line))
        return line

    def _route(self, order: Order, bought: Iterable[tuple[LineItem, Buy]], hold: str | None) -> None:
        """Shopify's order routing: one fulfillment order for each location and delivery method."""
        if order.cancelled_at or order.id not in self.orders:
            return
        made = self._make_fulfillment_orders(order, bought)
        self.announce(
            *(
                ("fulfillment_orders/order_routing_complete", payloads.fulfillment_order(entry), entry.gid)
                for entry in made
            )
        )
        if hold:
            for entry in made:
                self.hold(entry, hold)

    def _make_fulfillment_orders(
        self, order: Order, bought: Iterable[tuple[LineItem, Buy]]
    ) -> list[FulfillmentOrder]:
        groups: dict[tuple[int, str], FulfillmentOrder] = {}
        for line, buy in bought:
            location = self.find_location(buy.location)
            delivery = buy.delivery if line.requires_shipping else "NONE"
            entry = groups.get((location.id, delivery))
            if entry is None:
                entry = FulfillmentOrder(
                    self.next_id(FulfillmentOrder), order, location, delivery, self.now(), self.now()
                )
                groups[(location.id, delivery)] = self.register(entry)
                order.fulfillment_orders.append(entry)
            row = FulfillmentOrderLine(
                self.next_id(FulfillmentOrderLine), line, line.current_quantity, line.current_quantity
            )
            entry.lines.append(self.register(row))
        return list(groups.values())

    # -- money --

    def pay(self, which: Order | int | str, amount: Decimal | None = None) -> Order:
        """The customer pays what is still to be paid, or an amount of it; an authorization is captured."""
        order = self.order(which)
        order.paid += min(order.outstanding, order.outstanding if amount is None else amount)
        if not order.outstanding:
            order.lapsed = None
        self.touch(order)
        self.announce_order(order, *(() if order.outstanding else ("orders/paid",)))
        return order

    def lapse(self, which: Order | int | str, how: str = "EXPIRED") -> Order:
        """The authorization of the payment is EXPIRED, or the merchant has VOIDED it."""
        order = self.order(which)
        if not order.authorized or order.paid or how not in ("EXPIRED", "VOIDED"):
            raise ShopError(f"{order.name} has no open authorization that can be {how}")
        order.lapsed = how
        self.touch(order)
        self.announce_order(order)
        return order

    def refund(
        self,
        which: Order | int | str,
        lines: Mapping[str, int] | None = None,
        *,
        amount: Decimal | None = None,
        note: str | None = None,
    ) -> Order:
        """Give money back: for `lines` (SKU -> units, which are then no longer to be fulfilled), an amount,
        or, with neither, for everything."""
        order = self.order(which)
        if lines is None and amount is None:
            lines = {line.label: line.current_quantity for line in order.lines}
            amount = order.paid - order.refunded
        taken = [(self._line_of(order, sku), quantity) for sku, quantity in (lines or {}).items()]
        for line, quantity in taken:
            self._take_off(order, line, quantity)
        due = sum((line.share(quantity) for line, quantity in taken), Decimal(0))
        given = rounded(amount if amount is not None else due, order.currency)
        order.refunded += min(given, order.paid - order.refunded)
        refund = Refund(self.next_id(Refund), order, self.now(), note, given, taken)
        order.refunds.append(self.register(refund))
        self.touch(order)
        body = payloads.order(order)
        self.announce(
            ("refunds/create", payloads.refund(refund), refund.id),
            ("orders/updated", body, order.id),
        )
        return order

    def _line_of(self, order: Order, sku: str) -> LineItem:
        for line in order.lines:
            if sku in (line.sku, line.title, line.gid):
                return line
        raise LookupError(f"order {order.name} has no line {sku}")

    def _take_off(self, order: Order, line: LineItem, quantity: int) -> None:
        """Units that are no longer to be fulfilled: from what was ordered and from what is left to send."""
        if not 0 < quantity <= line.current_quantity:
            raise ShopError(f"cannot take {quantity} of {line.current_quantity} units off {line.title}")
        line.current_quantity -= quantity
        for entry in order.fulfillment_orders:
            for row in entry.lines:
                if row.line is line and quantity:
                    cut = min(quantity, row.remaining)
                    row.remaining -= cut
                    row.total -= cut
                    quantity -= cut
            if entry.status in ("OPEN", "IN_PROGRESS", "ON_HOLD") and not entry.remaining:
                entry.status = "CLOSED"

    # -- changes --

    def edit(
        self,
        which: Order | int | str,
        *,
        add: Sequence[Buy | str] = (),
        quantities: Mapping[str, int] | None = None,
        tax_rate: Decimal = Decimal("0.2"),
    ) -> Order:
        """The merchant edits the order: more lines, or new quantities of lines (SKU -> units)."""
        order = self.order(which)
        added: list[tuple[LineItem, int]] = []
        removed: list[tuple[LineItem, int]] = []
        fresh: list[tuple[LineItem, Buy]] = []
        for buy in (entry if isinstance(entry, Buy) else Buy(entry) for entry in add):
            line = self._line(order, buy, tax_rate)
            fresh.append((line, buy))
            added.append((line, line.quantity))
        for sku, quantity in (quantities or {}).items():
            line = self._line_of(order, sku)
            delta = quantity - line.current_quantity
            if delta < 0:
                self._take_off(order, line, -delta)
                removed.append((line, -delta))
            elif delta > 0:
                line.quantity += delta
                line.current_quantity += delta
                self._add_units(order, line, delta)
                added.append((line, delta))
        self._make_fulfillment_orders(order, fresh)
        order.edited = True
        self.touch(order)
        self.announce(
            ("orders/edited", payloads.order_edit(order, added, removed), order.id),
            ("orders/updated", payloads.order(order), order.id),
        )
        return order

    def _add_units(self, order: Order, line: LineItem, units: int) -> None:
        for entry in order.fulfillment_orders:
            for row in entry.lines:
                if row.line is line and entry.status in ("OPEN", "IN_PROGRESS", "ON_HOLD"):
                    row.total += units
                    row.remaining += units
                    return
        made = self._make_fulfillment_orders(order, [(line, Buy(line.sku))])
        made[0].lines[0].total = made[0].lines[0].remaining = units

    def set_address(self, which: Order | int | str, address: Address | None) -> Order:
        order = self.order(which)
        order.address = address
        self.touch(order)
        self.announce_order(order)
        return order

    def set_risk(
        self, which: Order | int | str, risk: str, assessments: tuple[str, ...] | None = None
    ) -> Order:
        order = self.order(which)
        order.risk, order.assessments = risk, assessments
        self.touch(order)
        self.announce_order(order)
        return order

    def cancel(self, which: Order | int | str, *, reason: str = "CUSTOMER", refund: bool = True) -> Order:
        """Cancel the order: nothing of it is to be fulfilled any more. Irreversible, as at Shopify."""
        order = self.order(which)
        if order.cancelled_at:
            raise ShopError("Order has already been canceled", ["orderId"], "INVALID")
        order.cancelled_at = order.closed_at = self.now()
        order.cancel_reason = reason
        if refund:
            order.refunded = order.paid
        for line in order.lines:
            line.current_quantity = order.fulfilled_quantity(line)
        cancelled: list[FulfillmentOrder] = []
        for entry in order.fulfillment_orders:
            if entry.status not in ("CLOSED", "CANCELLED"):
                entry.status = "CANCELLED"
                cancelled.append(entry)
                for row in entry.lines:
                    row.remaining = 0
        self.touch(order)
        body = payloads.order(order)
        self.announce(
            ("orders/cancelled", body, order.id),
            ("orders/updated", body, order.id),
            *(
                ("fulfillment_orders/cancelled", payloads.fulfillment_order(entry), entry.gid)
                for entry in cancelled
            ),
        )
        return order

    def close_order(self, which: Order | int | str) -> Order:
        """Archive it, as Shopify does by itself with paid and fulfilled orders."""
        order = self.order(which)
        order.closed_at = self.now()
        self.touch(order)
        self.announce_order(order)
        return order

    def delete(self, which: Order | int | str) -> None:
        order = self.order(which)
        del self.orders[order.id]
        for node in order.nodes():
            self.forget(node)
        self.announce(("orders/delete", {"id": order.id}, order.id))

    # -- tags --

    def add_tags(self, which: Order | int | str, tags: Iterable[str]) -> Order:
        order = self.order(which)
        known = {tag.lower() for tag in order.tags}
        fresh = [tag.strip() for tag in tags if tag.strip() and tag.strip().lower() not in known]
        if fresh:
            order.tags.extend(dict.fromkeys(fresh))
            self.touch(order)
            self.announce_order(order)
        return order

    def remove_tags(self, which: Order | int | str, tags: Iterable[str]) -> Order:
        order = self.order(which)
        gone = {tag.strip().lower() for tag in tags}
        kept = [tag for tag in order.tags if tag.lower() not in gone]
        if kept != order.tags:
            order.tags = kept
            self.touch(order)
            self.announce_order(order)
        return order


def _given(value: bool | None, default: bool) -> bool:
    return default if value is None else value
