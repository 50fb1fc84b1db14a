"""An order as the bridge sees it. Standard library only; every value is immutable.

Shopify's ids are kept as global ids ("gid://shopify/Order/1001"), times are aware and in UTC, money is a
Decimal with its ISO 4217 currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class Mode(StrEnum):
    """How far the bridge goes: nothing leaves, orders with fake=1, or real orders."""

    PREVIEW = "preview"
    TEST = "test"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str

    def __str__(self) -> str:
        """For a sentence: "41.80 EUR"."""
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address in Shopify's fields. `country_code` is ISO 3166-1 alpha-2."""

    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    province_code: str | None = None
    postal_code: str | None = None
    country_code: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class TaxLine:
    title: str
    rate: Decimal | None  # 0.2 means 20 %
    price: Money


@dataclass(frozen=True, slots=True)
class LineItem:
    """One line of the Shopify order. `quantity` as ordered, `current_quantity` after edits and refunds."""

    id: str
    sku: str | None
    title: str
    quantity: int
    current_quantity: int
    unit_price: Money
    total: Money  # after discounts, for `quantity`
    variant_title: str | None = None  # as sold: "White / L"; "" = without options; None = not known
    variant_id: str | None = None
    product_id: str | None = None
    options: tuple[tuple[str, str], ...] = ()  # of the live variant: (("Material", "White"), ...)
    attributes: tuple[tuple[str, str], ...] = ()  # custom attributes that the customer typed or chose
    requires_shipping: bool = True
    gift_card: bool = False
    taxes: tuple[TaxLine, ...] = ()


@dataclass(frozen=True, slots=True)
class FulfillmentHold:
    reason: str  # AWAITING_PAYMENT, HIGH_RISK_OF_FRAUD, ...
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class FulfillmentOrderLine:
    id: str
    line_item_id: str
    total: int
    remaining: int


@dataclass(frozen=True, slots=True)
class FulfillmentOrder:
    """Shopify's unit of work: lines to send from one location by one delivery method."""

    id: str
    status: str  # OPEN, IN_PROGRESS, SCHEDULED, ON_HOLD, INCOMPLETE, CANCELLED, CLOSED
    location_id: str | None
    location_name: str | None
    delivery_method: str | None  # SHIPPING, PICK_UP, PICKUP_POINT, LOCAL, RETAIL, NONE; None = not said
    actions: tuple[str, ...]  # supportedActions: CREATE_FULFILLMENT, REPORT_PROGRESS, ...
    lines: tuple[FulfillmentOrderLine, ...]
    holds: tuple[FulfillmentHold, ...] = ()
    fulfill_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tracking:
    number: str | None
    company: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Fulfillment:
    """A shipment that the shop already knows. `lines` are its units by line item: (line item id, quantity);
    `location_id` is where it was sent from, None where the app may not read locations."""

    id: str
    status: str  # SUCCESS, CANCELLED, ...
    tracking: tuple[Tracking, ...] = ()
    lines: tuple[tuple[str, int], ...] = ()
    location_id: str | None = None

    @property
    def is_cancelled(self) -> bool:
        """It was taken back: its units are to be sent again."""
        return self.status == "CANCELLED"


@dataclass(frozen=True, slots=True)
class ShippingLine:
    title: str
    code: str | None
    price: Money  # after discounts


class Choice(StrEnum):
    """What a person decided about buying an order at all."""

    CANCELLED = "cancelled"
    IGNORED = "ignored"
    HELD = "held"
    OPEN = "open"  # an earlier decision not to buy was taken back


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision whether an order may be bought, and who took it when."""

    choice: Choice
    who: str
    at: datetime

    @property
    def is_forbidding(self) -> bool:
        return self.choice is not Choice.OPEN


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """The bridge's note on the Shopify order about buying its prints: the second ledger.

    `attempt` identifies the attempt, `token` is the secret part of its notification URL; both are empty
    where nothing was tried yet. `state` is "intent" (the request may have left), "placed" (with `reference`)
    or "void" (it is known that nothing was bought). `cost` is what Sculpteo's price call said, where it was
    asked. `decision` is the last word of a person on whether the order may be bought.
    """

    attempt: str
    token: str
    state: str
    mode: str
    mapping_version: str
    at: datetime
    reference: str | None = None
    cost: Money | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger as read from the shop. `digest` is Shopify's compareDigest: None = no entry exists.

    `raw` keeps a value that could not be read as an entry, and `why` says what is strange about it; such an
    order is never placed by itself, and such a note is never written over without a person's word.
    """

    entry: LedgerEntry | None = None
    digest: str | None = None
    raw: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Customs:
    """Of a product, what customs asks: the code of the Harmonized System, and the country it is made in."""

    hs_code: str | None = None
    origin: str | None = None  # ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True)
class Papers:
    """What an invoice says beyond the order itself. Empty as far as the app may not read it.

    `company` and `vat_id` are those of a company that buys (B2B). `credentials` are what some countries ask of a
    buyer at the checkout, each with its title: a tax number, a number for customs. `customs` is by line item.
    """

    po_number: str | None = None
    company: str | None = None
    vat_id: str | None = None
    credentials: tuple[tuple[str, str], ...] = ()
    customs: tuple[tuple[str, Customs], ...] = ()


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """A Shopify order as read from the Admin API at `read_at`."""

    id: str
    name: str  # what people call it: "#1001"
    created_at: datetime
    updated_at: datetime
    read_at: datetime
    currency: str  # the shop's currency; all money here is in it unless its name says otherwise
    financial_status: str | None  # PAID, PARTIALLY_REFUNDED, PENDING, ...
    fully_paid: bool
    lines: tuple[LineItem, ...]
    fulfillment_orders: tuple[FulfillmentOrder, ...]
    number: int | None = None
    test: bool = False
    cancelled_at: datetime | None = None
    closed_at: datetime | None = None
    address: Address | None = None
    address_verdict: str | None = None  # of Shopify's check of `address`: NO_ISSUES, WARNING, ERROR
    billing_address: Address | None = None
    email: str | None = None
    customer_id: str | None = None
    customer_name: str | None = None
    customer_orders: int | None = None  # how many orders this customer has placed, if known
    locale: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    risk: str | None = None  # LOW, MEDIUM, HIGH, NONE (rated, without a level), PENDING (not rated yet)
    authorized_until: datetime | None = None  # when the first open authorization ends, if Shopify says it
    payment_terms: str | None = None  # "Net 30"; None = none, or the app may not read them
    presentment_currency: str | None = None
    # what follows is the order as it is now, after edits and returns, but for `total` and what says otherwise
    subtotal: Money | None = None
    shipping_total: Money | None = None
    tax_total: Money | None = None
    discount_total: Money | None = None
    refunded_total: Money | None = None
    total: Money | None = None  # before returns (Shopify's totalPriceSet)
    current_total: Money | None = None  # after edits and returns (Shopify's currentTotalPriceSet)
    presentment_total: Money | None = None  # `total` in the currency that the customer pays in
    presentment_current_total: Money | None = None
    taxes_included: bool = False
    taxes: tuple[TaxLine, ...] = ()
    shipping_lines: tuple[ShippingLine, ...] = ()
    fulfillments: tuple[Fulfillment, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    papers: Papers | None = None  # read where an invoice is made from a template


@dataclass(frozen=True, slots=True)
class Variant:
    """Something that the shop sells. `price` is in the shop's currency; `status` is the product's: ACTIVE,
    ARCHIVED, DRAFT or UNLISTED."""

    id: str
    sku: str | None
    title: str
    product_id: str
    product_title: str
    status: str
    price: Decimal
    options: tuple[tuple[str, str], ...] = ()
    gift_card: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture. `kind` is its media type, by its first bytes: image/png, image/jpeg, image/gif, image/webp."""

    body: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class Design:
    """What one unit of a SKU is made of: `quantity` copies of a Sculpteo design."""

    uuid: str
    quantity: int = 1
    material: str | None = None
    scale: Decimal | None = None
    unit: str | None = None  # mm, cm, m, in, ft, yd


@dataclass(frozen=True, slots=True)
class PrintItem:
    """One item of the Sculpteo order, and the Shopify line it comes from.

    `quantity` = units of the line to print x copies of the design per unit.
    """

    design: Design
    quantity: int
    line_item_id: str
    line_quantity: int  # units of the Shopify line that these prints make
    sku: str


@dataclass(frozen=True, slots=True)
class PrintOrder:
    """All that one order call to Sculpteo says, in our words."""

    items: tuple[PrintItem, ...]
    address: Address
    notification_url: str | None
    comments: tuple[str, ...]
    fake: bool
    ship_method: str | None = None  # express, quick; None = Sculpteo's cheapest
    theme: str | None = None
    invoice: bytes | None = None  # a PDF


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An upstream's answer kept as evidence, cut to a sane length, without our own secrets."""

    at: datetime
    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    error: str | None = None  # what went wrong instead of, or while reading, an answer


class Verdict(StrEnum):
    """What an order call came to."""

    PLACED = "placed"
    REFUSED = "refused"  # a documented refusal: an HTTP error status and a blank body
    NOT_SENT = "not_sent"  # proven to have failed before the first byte
    UNCLEAR = "unclear"  # anything else: the order may exist


@dataclass(frozen=True, slots=True)
class PlaceResult:
    verdict: Verdict
    answer: RawAnswer
    why: str  # one sentence, for people
    reference: str | None = None
    candidate: str | None = None  # in an unclear answer, something that may be the reference


class PrintStatus(StrEnum):
    """Sculpteo's seven documented statuses."""

    BILLED = "billed"
    NEW = "new"
    IN_PROCESS = "in_process"
    SHIPPED = "shipped"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    API_TEST = "api_test"


PRODUCED = frozenset({PrintStatus.BILLED, PrintStatus.NEW, PrintStatus.IN_PROCESS, PrintStatus.SHIPPED})
"""What Sculpteo says of an order that it makes, or will make, for money."""

STATUS_MEANING: dict[PrintStatus, str] = {
    PrintStatus.BILLED: "the order has been made and will be validated by Sculpteo's commercial team after "
    "payment has been received",
    PrintStatus.NEW: "the order is ready to be produced",
    PrintStatus.IN_PROCESS: "the order is being produced",
    PrintStatus.SHIPPED: "the order was produced and shipped to the recipient",
    PrintStatus.BLOCKED: "an error on the order is currently blocking its production",
    PrintStatus.CANCELLED: "the order was cancelled",
    PrintStatus.API_TEST: "the order is a test and is not to be produced or billed",
}
"""What each status means, as https://www.sculpteo.com/en/developer/webapi/order/ says it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel as Sculpteo tells of it. `contents` lists (design uuid, quantity) when Sculpteo says it.

    `replaces` is the number that the same parcel had before it was relabelled; Sculpteo does not say it.
    """

    number: str
    carrier: str | None = None  # as Sculpteo spells it
    url: str | None = None
    shipped_on: date | None = None
    contents: tuple[tuple[str, int], ...] = ()
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class TrackingReport:
    """What Sculpteo says of an order. `status` None with `words` set = a word that we do not know."""

    reference: str
    exists: bool
    status: PrintStatus | None
    words: str | None  # Sculpteo's own words for the status
    parcels: tuple[Parcel, ...]
    answer: RawAnswer
    estimated_delivery: date | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """Sculpteo's price for `quantity` of a design, without shipping. `problem` says why there is none."""

    total: Money | None
    problem: str | None = None
    warning: str | None = None
    answer: RawAnswer | None = None


@dataclass(frozen=True, slots=True)
class FulfillmentLines:
    fulfillment_order_id: str
    lines: tuple[tuple[str, int], ...]  # (fulfillment order line id, quantity)


@dataclass(frozen=True, slots=True)
class NewFulfillment:
    """A shipment to tell the shop of: one carrier, any number of tracking numbers, one location."""

    lines: tuple[FulfillmentLines, ...]
    tracking: tuple[Tracking, ...]
    notify_customer: bool
    country_code: str | None = None  # where it goes: some carriers are spelled by country


@dataclass(frozen=True, slots=True)
class ChangedOrder:
    """An order that reconciliation found, without its details."""

    id: str
    name: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerOrder:
    """One of a customer's orders, without its details."""

    id: str
    created_at: datetime
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """What the merchant sees of the print on the Shopify order itself: tag, metafield and progress."""

    state: str
    reference: str | None
    fake: bool
    progress: tuple[str, ...] = ()  # fulfillment orders to report as in progress
    note: str | None = None
