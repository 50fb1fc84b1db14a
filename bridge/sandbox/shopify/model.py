"""What the sandbox's shop holds: products, orders and their fulfillment, as plain mutable records.

Nothing here knows HTTP or GraphQL. Money is a Decimal in the shop's currency; `Order.rate` converts it to
the customer's. Times are aware and in UTC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar

from bridge.sandbox.http.strict_json import strict

CENT = Decimal("0.01")
WHOLE_UNIT_CURRENCIES = frozenset({"JPY", "KRW", "CLP", "VND", "XAF", "XOF"})


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` in the smallest coin of `currency`."""
    step = Decimal(1) if currency in WHOLE_UNIT_CURRENCIES else CENT
    return amount.quantize(step, ROUND_HALF_UP)


@dataclass(slots=True)
class Node:
    """Anything with one of Shopify's ids: a number, and the same as a global id."""

    kind: ClassVar[str] = "Node"
    id: int

    @property
    def gid(self) -> str:
        return f"gid://shopify/{self.kind}/{self.id}"


@dataclass(slots=True)
class Location(Node):
    kind: ClassVar[str] = "Location"
    name: str
    city: str = "Lyon"
    country_code: str = "FR"


@dataclass(slots=True)
class Product(Node):
    kind: ClassVar[str] = "Product"
    title: str
    handle: str
    vendor: str
    created_at: datetime
    status: str = "ACTIVE"
    variants: list[Variant] = field(default_factory=list)


@dataclass(slots=True)
class Variant(Node):
    kind: ClassVar[str] = "ProductVariant"
    product: Product
    title: str
    sku: str | None
    price: Decimal
    options: tuple[tuple[str, str], ...] = ()
    requires_shipping: bool = True
    gift_card: bool = False
    hs_code: str | None = None
    origin: str | None = None  # of the goods: a country's code of two letters


@strict
@dataclass(frozen=True, slots=True)
class Company:
    """A company that buys (B2B)."""

    kind: ClassVar[str] = "PurchasingCompany"
    name: str
    vat_id: str | None = None


@strict
@dataclass(frozen=True, slots=True)
class Address:
    """A postal address in Shopify's fields; any of them may be missing, as in real orders."""

    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    province_code: str | None = None
    zip: str | None = None
    country: str | None = None
    country_code: str | None = None
    phone: str | None = None
    validation: str | None = None  # Shopify's check of it: NO_ISSUES, WARNING, ERROR

    @property
    def name(self) -> str | None:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or None


@dataclass(slots=True)
class Customer(Node):
    kind: ClassVar[str] = "Customer"
    first_name: str | None
    last_name: str | None
    email: str | None
    locale: str
    created_at: datetime
    orders: int = 0
    spent: Decimal = Decimal(0)


@dataclass(slots=True)
class LineItem(Node):
    """`quantity` as ordered; `current_quantity` after edits and refunds. `variant` None = custom, or deleted."""

    kind: ClassVar[str] = "LineItem"
    title: str
    sku: str | None
    variant: Variant | None
    quantity: int
    current_quantity: int
    price: Decimal
    discount: Decimal = Decimal(0)
    tax_rate: Decimal = Decimal(0)
    tax_title: str = "VAT"
    properties: tuple[tuple[str, str], ...] = ()
    requires_shipping: bool = True
    gift_card: bool = False
    variant_title: str | None = None  # as sold, whatever becomes of the variant

    @property
    def total(self) -> Decimal:
        """After discounts, for the ordered quantity."""
        return self.price * self.quantity - self.discount

    @property
    def label(self) -> str:
        """What people call the line: its SKU, else its title."""
        return self.sku or self.title

    def share(self, quantity: int) -> Decimal:
        """What `quantity` units of the line cost, after discounts."""
        return self.total * quantity / self.quantity if self.quantity else Decimal(0)

    def tax(self, quantity: int, included: bool) -> Decimal:
        net = self.share(quantity)
        return net - net / (1 + self.tax_rate) if included else net * self.tax_rate


@dataclass(slots=True)
class ShippingLine(Node):
    kind: ClassVar[str] = "ShippingLine"
    title: str
    code: str | None
    price: Decimal
    discount: Decimal = Decimal(0)
    tax_rate: Decimal = Decimal(0)


@dataclass(slots=True)
class Hold(Node):
    kind: ClassVar[str] = "FulfillmentHold"
    reason: str
    notes: str | None = None
    handle: str | None = None
    by_this_app: bool = False


@dataclass(slots=True)
class FulfillmentOrderLine(Node):
    kind: ClassVar[str] = "FulfillmentOrderLineItem"
    line: LineItem
    total: int
    remaining: int


@dataclass(slots=True)
class FulfillmentOrder(Node):
    """Shopify's unit of work: lines to send from one location by one delivery method."""

    kind: ClassVar[str] = "FulfillmentOrder"
    order: Order
    location: Location
    delivery_method: str
    created_at: datetime
    updated_at: datetime
    status: str = "OPEN"
    request_status: str = "UNSUBMITTED"
    lines: list[FulfillmentOrderLine] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    fulfill_at: datetime | None = None
    progress_notes: list[str] = field(default_factory=list)

    @property
    def remaining(self) -> int:
        return sum(line.remaining for line in self.lines)

    @property
    def actions(self) -> tuple[str, ...]:
        """Shopify's supportedActions, by status."""
        if self.status in ("CLOSED", "CANCELLED", "INCOMPLETE") or not self.remaining:
            return ()
        if self.status == "ON_HOLD":
            return ("RELEASE_HOLD", "HOLD", "MOVE")
        if self.status == "SCHEDULED":
            return ("MARK_AS_OPEN", "MOVE")
        actions = ["CREATE_FULFILLMENT", "HOLD"]
        if self.delivery_method != "NONE":
            actions.append("REPORT_PROGRESS")
        actions.append("MARK_AS_OPEN" if self.progress_notes else "MOVE")
        if self.remaining > 1:
            actions.append("SPLIT")
        return tuple(actions)


@dataclass(slots=True)
class Fulfillment(Node):
    """A shipment that the shop knows."""

    kind: ClassVar[str] = "Fulfillment"
    order: Order
    name: str
    location: Location
    created_at: datetime
    updated_at: datetime
    lines: list[tuple[FulfillmentOrderLine, int]]
    fulfillment_orders: list[FulfillmentOrder]
    status: str = "SUCCESS"
    company: str | None = None
    numbers: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    mails: int = 0  # how often the customer was sent a mail about it
    by_app: bool = True

    @property
    def notified(self) -> bool:
        return self.mails > 0


@dataclass(slots=True)
class Refund(Node):
    kind: ClassVar[str] = "Refund"
    order: Order
    created_at: datetime
    note: str | None
    amount: Decimal
    lines: list[tuple[LineItem, int]]


@dataclass(slots=True)
class Metafield(Node):
    kind: ClassVar[str] = "Metafield"
    namespace: str
    key: str
    type: str
    value: str
    created_at: datetime
    updated_at: datetime
    owner: str  # the global id of what it is attached to

    @property
    def digest(self) -> str:
        """Shopify's compareDigest: it changes when, and only when, the value does."""
        return hashlib.sha256(f"{self.type}\0{self.value}".encode()).hexdigest()


def metafield_of(owner: MetafieldOwner, namespace: str, key: str) -> Metafield | None:
    return next((m for m in owner.metafields if (m.namespace, m.key) == (namespace, key)), None)


@dataclass(slots=True)
class Installation(Node):
    """The app in this shop; it may keep values of its own there."""

    kind: ClassVar[str] = "AppInstallation"
    metafields: list[Metafield] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A step of a payment. Only an open authorization can be captured."""

    order: Order
    kind: str
    amount: Decimal
    capturable: bool = False
    expires_at: datetime | None = None
    status: str = "SUCCESS"

    @property
    def gid(self) -> str:
        return f"gid://shopify/OrderTransaction/{self.order.id}{len(self.kind)}"


@dataclass(slots=True)
class Order(Node):
    kind: ClassVar[str] = "Order"
    number: int
    name: str
    created_at: datetime
    updated_at: datetime
    currency: str
    presentment_currency: str
    rate: Decimal  # presentment units for one unit of the shop's currency
    lines: list[LineItem]
    shipping_lines: list[ShippingLine]
    address: Address | None
    billing_address: Address | None
    customer: Customer | None
    email: str | None
    locale: str | None
    taxes_included: bool
    paid: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    authorized: bool = False
    authorized_until: datetime | None = None  # Shopify tells it to shops on Shopify Plus
    lapsed: str | None = None  # what became of the authorization: EXPIRED or VOIDED
    payment_terms: str | None = None
    test: bool = False
    risk: str = "LOW"
    assessments: tuple[str, ...] | None = None  # several assessments, or none at all; else the one of `risk`
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    attributes: tuple[tuple[str, str], ...] = ()
    po_number: str | None = None
    company: Company | None = None
    credentials: tuple[tuple[str, str], ...] = ()  # what the buyer's country asks for, each with its title
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    edited: bool = False
    source_name: str = "web"
    fulfillment_orders: list[FulfillmentOrder] = field(default_factory=list)
    fulfillments: list[Fulfillment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    metafields: list[Metafield] = field(default_factory=list)

    # -- money, in the shop's currency --

    @property
    def subtotal(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def current_subtotal(self) -> Decimal:
        return sum((line.share(line.current_quantity) for line in self.lines), Decimal(0))

    @property
    def shipping(self) -> Decimal:
        return sum((line.price - line.discount for line in self.shipping_lines), Decimal(0))

    @property
    def discounts(self) -> Decimal:
        rows: list[LineItem | ShippingLine] = [*self.lines, *self.shipping_lines]
        return sum((row.discount for row in rows), Decimal(0))

    @property
    def current_discounts(self) -> Decimal:
        shares = [line.discount * line.current_quantity / max(line.quantity, 1) for line in self.lines]
        return sum(shares, sum((line.discount for line in self.shipping_lines), Decimal(0)))

    def taxes(self, current: bool = False) -> list[tuple[str, Decimal, Decimal]]:
        """(title, rate, amount) for each tax rate in the order."""
        sums: dict[tuple[str, Decimal], Decimal] = {}
        for line in self.lines:
            quantity = line.current_quantity if current else line.quantity
            key = (line.tax_title, line.tax_rate)
            sums[key] = sums.get(key, Decimal(0)) + line.tax(quantity, self.taxes_included)
        return [
            (title, rate, rounded(amount, self.currency)) for (title, rate), amount in sums.items() if rate
        ]

    @property
    def tax(self) -> Decimal:
        return sum((amount for _, _, amount in self.taxes()), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.shipping + (Decimal(0) if self.taxes_included else self.tax)

    @property
    def current_total(self) -> Decimal:
        tax = sum((amount for _, _, amount in self.taxes(current=True)), Decimal(0))
        return self.current_subtotal + self.shipping + (Decimal(0) if self.taxes_included else tax)

    @property
    def outstanding(self) -> Decimal:
        due = Decimal(0) if self.cancelled_at else self.current_total
        return max(Decimal(0), rounded(due - (self.paid - self.refunded), self.currency))

    # -- Shopify's words for where it stands --

    @property
    def financial_status(self) -> str:
        if self.refunded:
            return "REFUNDED" if self.refunded >= self.paid else "PARTIALLY_REFUNDED"
        if self.paid:
            return "PARTIALLY_PAID" if self.outstanding else "PAID"
        if self.cancelled_at:
            return "VOIDED"
        if self.lapsed:
            return self.lapsed
        if self.authorized:
            return "AUTHORIZED"
        return "PENDING" if self.current_total else "PAID"

    @property
    def fully_paid(self) -> bool:
        """What was received covers the total; what was given back later was received all the same."""
        if self.cancelled_at is not None:
            return bool(self.paid)
        received = rounded(self.paid, self.currency) >= rounded(self.current_total, self.currency)
        return received and not self.lapsed

    @property
    def transactions(self) -> list[Transaction]:
        """How the money came, or is to come."""
        found = []
        if self.authorized:
            open_ = not self.lapsed and not self.paid
            found.append(Transaction(self, "AUTHORIZATION", self.total, open_, self.authorized_until))
        if self.lapsed == "VOIDED":
            found.append(Transaction(self, "VOID", self.total))
        if self.paid:
            found.append(Transaction(self, "CAPTURE" if self.authorized else "SALE", self.paid))
        return found

    @property
    def risk_levels(self) -> tuple[str, ...]:
        return (self.risk,) if self.assessments is None else self.assessments

    @property
    def fulfillment_status(self) -> str:
        left = [order for order in self.fulfillment_orders if order.status not in ("CLOSED", "CANCELLED")]
        sent = any(fulfillment.status == "SUCCESS" for fulfillment in self.fulfillments)
        if not left:
            return "FULFILLED" if sent else "UNFULFILLED"
        if sent:
            return "PARTIALLY_FULFILLED"
        statuses = {order.status for order in left}
        if "ON_HOLD" in statuses:
            return "ON_HOLD"
        if "IN_PROGRESS" in statuses:
            return "IN_PROGRESS"
        return "SCHEDULED" if statuses == {"SCHEDULED"} else "UNFULFILLED"

    def fulfilled_quantity(self, line: LineItem) -> int:
        return sum(
            quantity
            for fulfillment in self.fulfillments
            if fulfillment.status == "SUCCESS"
            for row, quantity in fulfillment.lines
            if row.line is line
        )

    def nodes(self) -> Iterator[Node]:
        """The order and everything under it that has an id of its own."""
        yield self
        yield from self.lines
        yield from self.fulfillments
        for order in self.fulfillment_orders:
            yield order
            yield from order.lines


MetafieldOwner = Order | Installation
