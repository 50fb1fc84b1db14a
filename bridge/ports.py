"""What the steps need of the world, in the bridge's own words.

Adapters implement these protocols; the steps and the worker know nothing else. Errors are those of
`bridge.errors`; each docstring names the ones that its callers must expect.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from bridge.errors import BridgeError
from bridge.order.line_overrides import LineRule
from bridge.order.matching import Match
from bridge.order.model import (
    Address,
    Annotation,
    ChangedOrder,
    CustomerOrder,
    Design,
    LedgerEntry,
    LineItem,
    Mode,
    Money,
    NewFulfillment,
    Papers,
    PlaceResult,
    PrintOrder,
    Quote,
    ShopOrder,
    Tracking,
    TrackingReport,
)
from bridge.order.policy import GoLive
from bridge.order.records import (
    Attempt,
    BareFulfillment,
    ClosedPurchase,
    Delivery,
    Facts,
    KnownLocation,
    Lease,
    NotificationRecord,
    OrderRecord,
    OrderSignal,
    PrivacyRequest,
    Transition,
)
from bridge.order.states import State


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


@runtime_checkable
class SharedClock(Clock, Protocol):
    """A clock that goes by the time of the database server, which it is told."""

    def set_time(self, at: datetime) -> None: ...


# --- Shopify ---------------------------------------------------------------------------------------------


class Shop(Protocol):
    """One Shopify shop. Every verb may raise TryAgain, or NeedsPerson("shop_access")."""

    async def fetch_order(self, order_id: str, *, note_of: Mode | None = None) -> ShopOrder | None:
        """The order as it is now, complete (all pages), or None when the shop has no such order.

        What is bought for real and what is tried out have notes of their own: `note_of` says which is read; None =
        that of the mode in which the shop is used.
        """

    def fetch_changed_orders(
        self, since: datetime | None, *, created_since: datetime | None = None, unfulfilled: bool = False
    ) -> AsyncIterator[ChangedOrder]:
        """Orders updated at or after `since`, oldest change first, paged as it is consumed."""

    async def write_ledger(self, order_id: str, entry: LedgerEntry, expected: str | None) -> str | None:
        """Compare-and-set the ledger on the order; gives the new digest.

        `expected` is the digest that was read (None = no entry may exist). It is the note of the entry's own mode
        that is written. Raises LedgerConflict when the ledger is no longer what was read. Where the app lacks the
        scope: NeedsPerson("shop_access").
        """

    async def write_ledger_and_read(
        self, order_id: str, entry: LedgerEntry, expected: str | None
    ) -> ShopOrder:
        """`write_ledger`, and the order as it is after it, complete: one request where the shop can do it.

        After a TryAgain the entry may have been written.
        """

    async def create_fulfillment(self, order_id: str, fulfillment: NewFulfillment) -> str:
        """Create one fulfillment; gives its id. Raises NeedsPerson("cannot_fulfill") when refused."""

    async def extend_tracking(
        self,
        fulfillment_id: str,
        tracking: Sequence[Tracking],
        *,
        notify_customer: bool,
        country_code: str | None = None,
    ) -> None:
        """Replace the tracking of a fulfillment by this list, which must contain what was there. `country_code` is
        where it goes: some carriers are spelled by country."""

    async def annotate_order(self, order_id: str, annotation: Annotation) -> None:
        """Show reference and state on the Shopify order. May be repeated."""

    async def fetch_locations(self) -> Mapping[str, str] | None:
        """All locations of the shop: their names by their ids. None = the app may not read them."""

    async def find_order_id(self, fulfillment_order_id: str) -> str | None:
        """The id of the order that a fulfillment order belongs to, or None when there is none."""

    async def fetch_papers(self, order_id: str) -> Papers | None:
        """What an invoice says beyond the order itself; None when the shop has no such order."""

    async def fetch_customer_orders(self, customer_id: str) -> list[CustomerOrder]:
        """A customer's orders that the app may see, the oldest first; only some where there are many. Empty
        where the shop does not show the customer."""


# --- Sculpteo --------------------------------------------------------------------------------------------


class Printer(Protocol):
    async def place_order(
        self, order: PrintOrder, about_to_send: Callable[[], Awaitable[None]]
    ) -> PlaceResult:
        """Order the prints: at most one request.

        `about_to_send` is awaited after the connection stands (name resolved, connected, TLS done) and
        before the first byte of the request. If it raises, nothing is sent and its error passes through.
        Never raises for what Sculpteo does: each outcome is a Receipt.
        """

    def find_address_problem(self, address: Address | None) -> str | None:
        """Why Sculpteo could not take this address, in a few words; None = it can. Pure."""

    def build_summary(self, order: PrintOrder) -> Facts:
        """The form that `place_order` would send, as evidence: no secret, no name, no street."""

    async def track_order(self, reference: str) -> TrackingReport:
        """What Sculpteo says of the order now. Raises TryAgain when it cannot be asked."""

    async def fetch_price(self, design: Design, quantity: int, currency: str) -> Quote:
        """The price of `quantity` copies. Raises TryAgain when it cannot be asked."""


class Catalog(Protocol):
    """The merchant's mapping from SKUs to designs. Pure."""

    @property
    def version(self) -> str:
        """A hash of all that decides a match, pinned on each order."""

    def match_line(self, shop: str, line: LineItem) -> Match: ...


class GoLiveDates(Protocol):
    async def load_go_live(self, shop: str) -> GoLive:
        """Since when the shop's orders are the bridge's to buy. Raises TryAgain while the shop, which keeps the
        moment, cannot be asked."""


class Invoicer(Protocol):
    async def prepare_invoice(self, shop: str, order: ShopOrder) -> bytes | None:
        """The PDF to send along, or None when none is wanted. Raises NeedsPerson("invoice"), TryAgain,
        or NotReadyYet for one that may come yet."""


# --- the store -------------------------------------------------------------------------------------------


class LimitReached(BridgeError):
    """The day's spending limit does not leave room for this attempt; nothing was written."""

    def __init__(self, spent: Money) -> None:
        super().__init__(f"{spent.amount} {spent.currency} are spent")
        self.spent = spent


class Orders(Protocol):
    """The table of orders, which is also the queue. Each verb is one transaction and durable when it returns.

    Any verb may raise StoreUnavailable. A move is "update ... where id and state and lease token are what I
    read", with its event row in the same transaction. `who` is `authors.SERVICE` or a person's name.
    """

    async def receive_signal(self, notice: OrderSignal) -> int:
        """Create or wake the order (unique: shop + order id); gives its key. Never changes its state.

        Waking = news + 1 and due now, whatever lease is held: the holder's record() sees the newer news and
        leaves the order due now.
        """

    async def claim_orders(
        self, owner: str, *, limit: int, lease_for: timedelta, states: Collection[State] = ()
    ) -> list[OrderRecord]:
        """Take due orders whose lease is free or over, oldest due first; each gets a new lease token. Only
        those in `states`, where these are given."""

    async def extend_lease(self, lease: Lease, lease_for: timedelta) -> Lease:
        """Heartbeat. Raises LeaseLost."""

    async def record_transition(self, order: OrderRecord, change: Transition) -> None:
        """Write a step's decision and give the lease back. Raises LeaseLost and writes nothing when the
        lease token or the state is no longer what `order` says, or ValueError for a move not in the table."""

    async def schedule_retry(self, order: OrderRecord, until: datetime, why: str) -> None:
        """Count a failed try and give the lease back, by the order's own row alone: for a decision that
        cannot be recorded. Raises LeaseLost."""

    async def open_attempt(
        self,
        order: OrderRecord,
        attempt: Attempt,
        *,
        values: Facts,
        day_limit: Money | None = None,
        day_start: datetime | None = None,
    ) -> OrderRecord:
        """Move waiting -> placing with the attempt's row in one transaction; the lease is kept.

        `values` are written to the order as in a Change. With `day_limit`, the cost of all attempts of the
        same mode opened since `day_start` that are not void, this one included, must not exceed it: counted
        in the same transaction, serialized over all replicas; else raises LimitReached. The database holds
        that no other attempt of this order is open. Raises ModeChanged when the attempt's mode is not the one
        in force, and LeaseLost."""

    async def mark_sent(self, order: OrderRecord, request: Facts) -> None:
        """Make `sent_at` of the open attempt durable. The one gate before the first byte: updates only where
        sent_at is null, the attempt is not void and has no answer, the state is placing and the lease token
        is still ours; else raises LeaseLost and nothing may be sent. Raises OrderChanged, with the same effect,
        when there is word of the order that `order.news` does not count, or placing is paused; and ModeChanged
        when the attempt's mode is not the one in force by now."""

    async def keep_answer(self, attempt: int, receipt: PlaceResult) -> None:
        """Store what came back, with or without a lease: an answer is never dropped."""

    async def adopt_attempt(self, order: OrderRecord, attempt: Attempt) -> OrderRecord:
        """Store an attempt found elsewhere (the shop's ledger) as this order's open one; keeps the lease.

        Raises NeedsPerson("reference_taken") when another order has this attempt, or what it bought."""

    async def revive_attempt(self, order: OrderRecord, token: str, reference: str) -> OrderRecord:
        """Make the void attempt with this token the open one again, with its reference: it was bought after
        all, which is an alarm in the same transaction. Keeps the lease. Raises LeaseLost, also when another
        attempt is open."""

    async def keep_look(self, order: OrderRecord, seen: ClosedPurchase) -> OrderRecord:
        """Keep what a look at a closed purchase showed. Keeps the lease. Raises LeaseLost."""

    async def find_billed_test_order(self) -> str | None:
        """The reference of a test order that Sculpteo shows as a real one, while no person has cleared that
        alarm."""

    async def renew_lease(self, order: OrderRecord) -> OrderRecord:
        """Prove and renew the lease in the moment before a write elsewhere. Raises LeaseLost."""

    async def mark_pushed(
        self, order: OrderRecord, numbers: Sequence[str], fulfillment_id: str
    ) -> OrderRecord:
        """These parcels are in the shop. Keeps the lease."""

    async def keep_bare(self, order: OrderRecord, bare: Sequence[BareFulfillment]) -> OrderRecord:
        """These are the order's fulfillments without a number that the bridge made, or is about to make. Keeps
        the lease. Raises LeaseLost."""

    async def list_notifications(self, order: OrderRecord) -> list[NotificationRecord]:
        """Sculpteo's calls on the secret URLs of this order's attempts (void ones too), oldest first."""

    async def settle_notification(self, key: int, settled: str) -> None: ...

    async def find_reference_owner(self, reference: str, order: OrderRecord) -> str | None:
        """The name of another order that has this Sculpteo reference."""

    async def list_line_rules(self, shop: str, subjects: Collection[str]) -> list[LineRule]:
        """What people decided about these lines, variants and products (by Shopify's ids)."""

    async def load_trust(self, shop: str, order_ids: Collection[str]) -> dict[str, bool | None]:
        """Of these orders, those on record: True = bought, or approved by a person; False = neither, and it
        may still come to that or was stopped; None = nothing of it was for Sculpteo."""

    async def list_locations(self, shop: str) -> Sequence[KnownLocation]:
        """The locations of a shop, as far as they were seen, under each name that they have or had."""

    async def update_locations(self, shop: str, seen: Mapping[str, str], *, complete: bool) -> None:
        """These locations are there now, by id; with `complete`, no others are."""

    async def load_known_orders(self, shop: str, order_ids: Sequence[str]) -> dict[str, datetime | None]:
        """Of these orders, those on record, each with the `updated_at` of the snapshot last read."""

    async def take_token(self, bucket: str, *, rate: float, burst: int) -> float:
        """Take one from a token bucket shared by all replicas; gives the seconds to wait before using it."""

    async def is_shop_paused(self, shop: str) -> bool:
        """Whether a person stopped placing for this shop or for all."""


class Memory(Protocol):
    """Small facts that outlive a run: when the bridge went live, how far reconciliation has come."""

    async def get(self, key: str) -> str | None: ...

    async def set(self, key: str, value: str) -> None: ...

    async def set_if_absent(self, key: str, value: str) -> str:
        """Set it unless it is set; gives what is set then."""


class Inbox(Protocol):
    """Webhook deliveries as they came, and what became of each."""

    async def add_delivery(self, delivery: Delivery) -> None:
        """Make it durable (group commit); a webhook id known for this shop is absorbed."""

    async def list_pending(self, limit: int, *, but: Collection[int] = ()) -> list[Delivery]:
        """The oldest deliveries that are not settled, without those of these keys. One that cannot be read
        from the database has an empty body."""

    async def settle_delivery(self, key: int, outcome: str, notice: OrderSignal | None) -> None:
        """Mark it processed and notice its order in one transaction; does nothing if it was settled before."""

    async def settle_privacy_request(self, key: int, outcome: str, wish: PrivacyRequest) -> None:
        """Mark it processed and note the wish in one transaction; the delivery's body is not kept."""

    async def report_unreadable_request(self, delivery: Delivery) -> None:
        """Tell a person, once, that this wish about personal data cannot be read. It stays as it is."""
