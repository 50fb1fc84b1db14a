"""What the control API shows of orders and books: plain values that go through JSON and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bridge.sandbox.sculpteo.model import Book
from bridge.sandbox.shopify.model import Fulfillment, FulfillmentOrder, Order
from bridge.sandbox.shopify.webhooks import Delivery


@dataclass(frozen=True, slots=True)
class FulfillmentOrderView:
    id: str
    status: str
    location: str
    delivery_method: str
    remaining: dict[str, int]  # SKU (or title) -> units
    holds: tuple[str, ...]  # reasons
    in_progress: bool = False  # the app, or a person, has reported that work has begun

    @classmethod
    def from_fulfillment_order(cls, entry: FulfillmentOrder) -> FulfillmentOrderView:
        return cls(
            entry.gid,
            entry.status,
            entry.location.name,
            entry.delivery_method,
            {row.line.label: row.remaining for row in entry.lines},
            tuple(hold.reason for hold in entry.holds),
            bool(entry.progress_notes),
        )


@dataclass(frozen=True, slots=True)
class FulfillmentView:
    id: str
    status: str
    company: str | None
    numbers: tuple[str, ...]
    urls: tuple[str, ...]
    units: dict[str, int]
    notified: bool
    by_app: bool
    location: str = ""
    mails: int = 0  # how often the customer was told of it

    @classmethod
    def from_fulfillment(cls, entry: Fulfillment) -> FulfillmentView:
        units: dict[str, int] = {}
        for row, quantity in entry.lines:
            units[row.line.label] = units.get(row.line.label, 0) + quantity
        return cls(
            entry.gid,
            entry.status,
            entry.company,
            entry.numbers,
            entry.urls,
            units,
            entry.notified,
            entry.by_app,
            entry.location.name,
            entry.mails,
        )


@dataclass(frozen=True, slots=True)
class OrderView:
    id: str
    name: str
    financial_status: str
    fulfillment_status: str
    cancelled: bool
    test: bool
    units: dict[str, int]  # SKU (or title) -> units now ordered
    tags: tuple[str, ...]
    metafields: dict[str, str]  # "namespace.key" -> value
    fulfillment_orders: tuple[FulfillmentOrderView, ...]
    fulfillments: tuple[FulfillmentView, ...]
    ships_to: str | None = None  # name and city

    @classmethod
    def from_order(cls, order: Order) -> OrderView:
        units: dict[str, int] = {}
        for line in order.lines:
            units[line.label] = units.get(line.label, 0) + line.current_quantity
        return cls(
            order.gid,
            order.name,
            order.financial_status,
            order.fulfillment_status,
            order.cancelled_at is not None,
            order.test,
            units,
            tuple(order.tags),
            {f"{entry.namespace}.{entry.key}": entry.value for entry in order.metafields},
            tuple(FulfillmentOrderView.from_fulfillment_order(entry) for entry in order.fulfillment_orders),
            tuple(FulfillmentView.from_fulfillment(entry) for entry in order.fulfillments),
            ", ".join(part for part in (order.address.name, order.address.city) if part)
            if order.address
            else None,
        )


@dataclass(frozen=True, slots=True)
class ParcelView:
    number: str
    carrier: str
    url: str | None
    shipped_on: date
    contents: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class BookView:
    """An order in Sculpteo's books. `fields` is the form as it came, without the password."""

    reference: str
    placed_at: datetime
    status: str
    fake: bool
    items: tuple[str, ...]  # "uuid:quantity:scale:unit:material"
    address: dict[str, str]
    comments: tuple[str, ...]
    ship_method: str | None
    theme: str | None
    notification_url: str | None
    invoice_size: int | None
    parcels: tuple[ParcelView, ...]
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def from_book(cls, book: Book) -> BookView:
        return cls(
            book.reference,
            book.placed_at,
            book.status,
            book.fake,
            tuple(
                f"{item.uuid}:{item.quantity}:{item.scale}:{item.unit}:{item.material}" for item in book.items
            ),
            dict(book.address),
            book.comments,
            book.ship_method,
            book.theme,
            book.notification_url,
            len(book.invoice) if book.invoice is not None else None,
            tuple(
                ParcelView(parcel.number, parcel.carrier, parcel.url, parcel.shipped_on, parcel.contents)
                for parcel in book.parcels
            ),
            book.fields,
        )


@dataclass(frozen=True, slots=True)
class DeliveryView:
    webhook_id: str
    event_id: str
    topic: str
    uri: str
    results: tuple[int | str, ...]
    settled: str | None

    @classmethod
    def from_delivery(cls, delivery: Delivery) -> DeliveryView:
        return cls(
            delivery.webhook_id,
            delivery.event_id,
            delivery.topic,
            delivery.uri,
            tuple(delivery.results),
            delivery.settled,
        )


@dataclass(frozen=True, slots=True)
class ShopInfo:
    """How to reach a shop of the sandbox. The secrets open nothing else."""

    domain: str
    admin_url: str
    client_id: str
    client_secret: str
    access_token: str | None


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    shops: tuple[ShopInfo, ...]
    sculpteo_url: str
    sculpteo_login: str
    sculpteo_password: str
    control_url: str
