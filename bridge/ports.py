"""What the steps need of the world, in the bridge's own words.

Adapters implement these protocols; the steps and the worker know nothing else. Errors are those of
`bridge.errors`; each docstring names the ones that its callers must expect.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from bridge.errors import BridgeError
from bridge.order.digests import digest_of, purchase_digest
from bridge.order.line_overrides import LineRule
from bridge.order.model import (
    Address,
    Decision,
    Design,
    LedgerEntry,
    LineItem,
    Mode,
    Money,
    NewFulfillment,
    Papers,
    Parcel,
    PrintItem,
    PrintOrder,
    Quote,
    RawAnswer,
    Receipt,
    ShopOrder,
    Tracking,
    TrackingReport,
)
from bridge.order.problems import Alarm
from bridge.order.spelling import Near
from bridge.order.states import State

Facts = Mapping[str, Any]
"""JSON values that fill a sentence. Never a name, an address or a secret."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


@runtime_checkable
class SharedClock(Clock, Protocol):
    """A clock that goes by the time of the database server, which it is told."""

    def told(self, at: datetime) -> None: ...


# --- Shopify ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changed:
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
class KnownLocation:
    """A name that a location of a shop has, or had. Where the app may not read locations, "name:" and the name
    stand for its id. `gone_at` = when the shop's own list did not have it any more."""

    id: str
    name: str
    first_seen_at: datetime
    seen_at: datetime
    gone_at: datetime | None = None

    @property
    def has_id(self) -> bool:
        return self.id.startswith("gid://")


@dataclass(frozen=True, slots=True)
class Annotation:
    """What the merchant sees of the print on the Shopify order itself: tag, metafield and progress."""

    state: str
    reference: str | None
    fake: bool
    progress: tuple[str, ...] = ()  # fulfillment orders to report as in progress
    note: str | None = None


class Shop(Protocol):
    """One Shopify shop. Every verb may raise TryAgain, or NeedsPerson("shop_access")."""

    async def read(self, order_id: str, *, note_of: Mode | None = None) -> ShopOrder | None:
        """The order as it is now, complete (all pages), or None when the shop has no such order.

        What is bought for real and what is tried out have notes of their own: `note_of` says which is read; None =
        that of the mode in which the shop is used.
        """

    def changed(
        self, since: datetime | None, *, created_since: datetime | None = None, unfulfilled: bool = False
    ) -> AsyncIterator[Changed]:
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

    async def fulfill(self, order_id: str, fulfillment: NewFulfillment) -> str:
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

    async def annotate(self, order_id: str, annotation: Annotation) -> None:
        """Show reference and state on the Shopify order. May be repeated."""

    async def locations(self) -> Mapping[str, str] | None:
        """All locations of the shop: their names by their ids. None = the app may not read them."""

    async def order_of(self, fulfillment_order_id: str) -> str | None:
        """The id of the order that a fulfillment order belongs to, or None when there is none."""

    async def papers(self, order_id: str) -> Papers | None:
        """What an invoice says beyond the order itself; None when the shop has no such order."""

    async def customer_orders(self, customer_id: str) -> list[CustomerOrder]:
        """A customer's orders that the app may see, the oldest first; only some where there are many. Empty
        where the shop does not show the customer."""


# --- Sculpteo --------------------------------------------------------------------------------------------


class Printer(Protocol):
    async def place(self, order: PrintOrder, about_to_send: Callable[[], Awaitable[None]]) -> Receipt:
        """Order the prints: at most one request.

        `about_to_send` is awaited after the connection stands (name resolved, connected, TLS done) and
        before the first byte of the request. If it raises, nothing is sent and its error passes through.
        Never raises for what Sculpteo does: each outcome is a Receipt.
        """

    def problem_with_address(self, address: Address | None) -> str | None:
        """Why Sculpteo could not take this address, in a few words; None = it can. Pure."""

    def summary(self, order: PrintOrder) -> Facts:
        """The form that `place` would send, as evidence: no secret, no name, no street."""

    async def track(self, reference: str) -> TrackingReport:
        """What Sculpteo says of the order now. Raises TryAgain when it cannot be asked."""

    async def price(self, design: Design, quantity: int, currency: str) -> Quote:
        """The price of `quantity` copies. Raises TryAgain when it cannot be asked."""


# --- the merchant's settings as the steps need them ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Printed:
    """The line is printed: these designs for one unit of it."""

    designs: tuple[Design, ...]


@dataclass(frozen=True, slots=True)
class NotPrinted:
    """The line stays the merchant's own: `rule` names the ignore rule (or why)."""

    rule: str


@dataclass(frozen=True, slots=True)
class Unmapped:
    """No rule fits. With `option` set, a rule fits but has no value for this variant option; with `sold` and
    `live` as well, it is not clear with which value the line was sold: its title then, the variant now. `near` is
    the rule that was probably meant where none fits."""

    option: str | None = None
    value: str | None = None
    sold: str | None = None
    live: str | None = None
    near: Near | None = None


Match = Printed | NotPrinted | Unmapped


class Catalog(Protocol):
    """The merchant's mapping from SKUs to designs. Pure."""

    @property
    def version(self) -> str:
        """A hash of all that decides a match, pinned on each order."""

    def match(self, shop: str, line: LineItem) -> Match: ...


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """When a person must approve before anything is bought; any condition that fits asks for one."""

    manual: bool = False
    delay: timedelta = timedelta(0)
    tags: frozenset[str] = frozenset()  # in lower case
    above: Money | None = None
    countries: frozenset[str] = frozenset()
    first_order: bool = False
    hold_high_risk: bool = True
    hold_unrated: bool = True  # for as long as Shopify's fraud analysis says nothing


@dataclass(frozen=True, slots=True)
class PaymentPolicy:
    """Which payment is enough to buy. `rule`: paid, authorized or approve; `ships_within`: for how long after
    the purchase an authorization has to last."""

    rule: str = "paid"
    ships_within: timedelta = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """What an order is judged by: the mode, and versions of the rules and of the mapping."""

    mode: Mode
    rules: str
    mapping: str

    def __str__(self) -> str:
        return f"{self.mode}:{self.rules}:{self.mapping}"


@dataclass(frozen=True, slots=True)
class Policy:
    """The merchant's settings as the steps need them."""

    mode: Mode
    notification_url: Callable[[str], str | None]  # secret token -> URL that Sculpteo calls
    ship_method: Callable[[ShopOrder], str | None]
    approval: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    needs_papers: bool = False  # whether an invoice is made here, which says more than the order itself
    ask_about_warnings: bool = True  # whether a warning of Shopify's address check asks a person
    theme: str | None = None
    currency: str = "EUR"  # in which Sculpteo prices and limits are read
    per_order: Money | None = None
    per_day: Money | None = None
    since: Mapping[str, datetime] = field(default_factory=dict)  # shop -> instead of its go-live
    locations: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # shop -> names and ids; empty = all
    payment: Mapping[str, PaymentPolicy] = field(default_factory=dict)  # by shop; none = its defaults
    unknown_locations: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # shop -> of these, what means no location that is known in the shop
    notify_customer: Mapping[str, bool] = field(default_factory=dict)
    version: str = ""  # tells these rules from others
    poll: timedelta = timedelta(minutes=30)
    without_number_after: timedelta = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class GoLive:
    """Since when the bridge works for a shop in the mode that is in force; and how it came to this mode.

    `at` None = not limited. `mode_since` is the last change of the mode, `mode_before` the mode before that.
    """

    at: datetime | None = None
    mode_since: datetime | None = None
    mode_before: Mode | None = None

    def missed_rehearsal(self, created_at: datetime, first_seen_at: datetime) -> bool:
        """Whether an order was made before the last change of the mode and the bridge heard of it only after:
        in the mode before, it would have been a rehearsal."""
        if self.mode_since is None or self.mode_before in {None, Mode.LIVE}:
            return False
        return created_at < self.mode_since <= first_seen_at


class GoLiveDates(Protocol):
    async def of(self, shop: str) -> GoLive:
        """Since when the shop's orders are the bridge's to buy. Raises TryAgain while the shop, which keeps the
        moment, cannot be asked."""


class Invoicer(Protocol):
    async def invoice(self, shop: str, order: ShopOrder) -> bytes | None:
        """The PDF to send along, or None when none is wanted. Raises NeedsPerson("invoice"), TryAgain,
        or NotThere for one that may come yet."""


# --- the store -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook delivery as it came in, byte for byte."""

    shop: str
    webhook_id: str
    topic: str
    body: bytes
    received_at: datetime
    event_id: str | None = None
    api_version: str | None = None
    triggered_at: datetime | None = None
    key: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """Word of an order: create its record, or wake it. `origin`: webhook, reconciliation, import, ..."""

    shop: str
    order_id: str
    origin: str
    name: str | None = None
    paid_now: bool = False  # the event says that it was placed or paid after go-live
    cause: str | None = None  # the topic or command, for the timeline
    deleted: bool = False  # the event says that the order was deleted in the shop


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to move an order until `until`. `token` fences: it grows with each claim."""

    order: int
    owner: str
    token: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to buy the prints of an order. At most one per order is not void."""

    key: int
    order: int
    number: int
    id: str  # a random id, also in the shop's ledger
    token: str  # the secret part of its notification URL
    mode: Mode
    mapping_version: str
    created_at: datetime
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    verdict: str | None = None  # a Verdict, "adopted", or "void"
    why: str | None = None
    reference: str | None = None
    voided_at: datetime | None = None
    voided_by: str | None = None
    cost: Money | None = None
    request: Facts = field(default_factory=dict)  # the form as sent, secrets masked
    answer: RawAnswer | None = None


@dataclass(frozen=True, slots=True)
class ClosedPurchase:
    """An order at Sculpteo that was bought, or may have been, for this one, and does not count as its purchase:
    a person closed the attempt, or Sculpteo itself named the order. It stays watched.

    `token` is that of the attempt it belongs to, `status` a PrintStatus as last seen. `alive_at` = since when
    Sculpteo shows it as one that is made; None = as far as is known it is not.
    """

    reference: str
    token: str
    mode: Mode
    closed_at: datetime
    status: str | None = None
    words: str | None = None
    looked_at: datetime | None = None
    look_at: datetime | None = None  # when its tracking page is to be read next; None = not any more
    alive_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClosedAttempt:
    """A void attempt. `proven` = it bought nothing although the note on the Shopify order says that it may
    have: the run that opened it knows that it was not sent, Sculpteo refused it, or a person says so. An
    attempt that was void because the database knew nothing of its being sent proves nothing: the database
    may be a restored copy. `reference` is what it had been when it became void."""

    id: str
    reference: str | None
    proven: bool


@dataclass(frozen=True, slots=True)
class ParcelRecord:
    parcel: Parcel
    found_at: datetime
    pushed_at: datetime | None = None
    fulfillment_id: str | None = None


@dataclass(frozen=True, slots=True)
class BareFulfillment:
    """A fulfillment without a tracking number that the bridge makes: nothing in the shop says that it did.

    It is on record before the call: `id` None = the answer is not known yet, and it is the bridge's if it is none
    of those that were `known` then and has these `lines`. `told` = Shopify was to tell the customer of it;
    `awaits_number` = no parcel that it may be in was known then, so a number that comes later belongs on it.
    """

    lines: tuple[tuple[str, int], ...]  # (line item id, quantity)
    known: tuple[str, ...]
    told: bool
    awaits_number: bool = True
    id: str | None = None


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """One call of an order's secret URL by Sculpteo."""

    key: int
    token: str
    reference: str | None
    received_at: datetime
    settled: str | None = None
    attempt_reference: str | None = None  # what the attempt with this token is known to have bought
    attempt_mode: Mode = Mode.LIVE


APPROVAL = ("approved_at", "approved_by", "approved_for", "approved_seen")
"""The fields of an order that make up a person's approval, and end together."""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order as the store has it. `facts` fill the sentence of its reason or problem."""

    key: int
    shop: str
    order_id: str
    state: State
    news: int  # grows with each word of the order; a step records which it has seen
    first_seen_at: datetime
    updated_at: datetime
    origin: str  # webhook, reconciliation, import, before_go_live, was_test
    name: str | None = None
    reason: str | None = None  # a Wait or Ignored code
    problem: str | None = None
    facts: Facts = field(default_factory=dict)
    due_at: datetime | None = None
    failures: int = 0  # failed runs of the present step in a row
    last_error: str | None = None
    last_step: str | None = None
    read_news: int | None = None  # the news after which the shop was last read, for orders that are bought
    shop_updated_at: datetime | None = None  # of the order as it was last read
    snapshot: ShopOrder | None = None
    items: tuple[PrintItem, ...] = ()
    mapping_version: str | None = None
    judged_by: str | None = None  # by which rules and mapping it was last looked at
    matched_at: datetime | None = None  # when it first could have been placed: the window counts from here
    window_until: datetime | None = None
    window_for: str | None = None  # a digest of what the approval window was opened for
    first_locations: Mapping[str, list[str]] | None = None  # by printed line: where it was first sent from
    created_at: datetime | None = None  # when the order was made in the shop
    deleted_at: datetime | None = None  # when the shop told that it was deleted; only a read proves it
    first_mode: Mode | None = None  # the mode in which the bridge first saw it
    paid_now: bool = False
    approved_at: datetime | None = None
    approved_by: str | None = None
    approved_for: str | None = None  # the reasons and problems that it was given for, with spaces between
    decided_mode: Mode | None = (
        None  # in which a person last let it go on: their word counts in that mode only
    )
    approved_seen: str | None = None  # a digest of the contents and address that were approved
    held_at: datetime | None = None
    held_by: str | None = None
    reference: str | None = None
    mode: Mode | None = None  # of the attempt that holds
    print_status: str | None = None  # a PrintStatus
    print_words: str | None = None
    polled_at: datetime | None = None
    placed_at: datetime | None = None
    shipped_at: datetime | None = None  # when Sculpteo first said, or showed, that it shipped
    estimated_delivery: datetime | None = None
    annotated: str | None = None  # what was last shown on the Shopify order
    cost: Money | None = None
    attempt: Attempt | None = None  # the one that is not void
    closed_attempts: tuple[ClosedAttempt, ...] = ()  # the void ones
    doubted_token: str | None = None  # of the last attempt that left and is void by a person's word alone
    closed: tuple[ClosedPurchase, ...] = ()  # what Sculpteo has, or had, beside the present purchase
    parcels: tuple[ParcelRecord, ...] = ()
    lease: Lease | None = None
    tries: int = 0  # moves and looks at once, by the bridge itself, since anything outside changed
    tries_news: int | None = None  # the news with which `tries` began to count
    tried_at: datetime | None = None  # when the shop was last asked to take a parcel that it refused
    decision: Decision | None = None  # the last word of a person on whether it may be bought
    decision_noted: bool | None = None  # whether that is on the Shopify order, or never can be
    reference_by: str | None = None  # who said that Sculpteo has it as `reference`; None = Sculpteo itself
    bare: tuple[BareFulfillment, ...] = ()  # fulfillments without a number that the bridge made, or began to
    damage: tuple[str, ...] = ()  # what of its rows in the database cannot be read
    in_force: Mode | None = None  # the mode in force when it was read from the database; None = not known

    @property
    def shown_digest(self) -> str:
        """A digest of all that a person decides by: what is bought, where it goes, what it costs, how far it has
        come, and whether it is bought for real. A decision about an order that has another one by now is not
        theirs."""
        attempt = self.attempt
        return digest_of(
            (self.key, self.state, self.reason, self.problem, sorted(map(repr, self.facts.items()))),
            (
                self.reference,
                purchase_digest(self.items, self.snapshot),
                self.cost,
                self.approved_at,
                self.held_at,
            ),
            attempt and (attempt.key, attempt.sent_at, attempt.verdict, attempt.reference),
            [(one.parcel.number, one.pushed_at is None) for one in self.parcels],
            [(one.reference, one.alive_at is not None) for one in self.closed],
            self.in_force,
        )

    @property
    def void_attempts(self) -> tuple[str, ...]:
        """Ids of the attempts that count as void here."""
        return tuple(one.id for one in self.closed_attempts)


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the timeline beside the moves: `kind` is a code of `bridge.order.timeline`."""

    kind: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What a step decided: the order's next state and what to write with it, in one transaction.

    `due_at` None = nothing to do until news comes. Only fields named in `values` are written; they are
    OrderRecord fields (snapshot, items, reference, window_until, print_status, ...).
    """

    target: State
    due_at: datetime | None
    reason: str | None = None
    problem: str | None = None
    facts: Facts = field(default_factory=dict)
    values: Facts = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    parcels: tuple[Parcel, ...] = ()  # all that Sculpteo told of; known ones are left as they are
    alarms: tuple[tuple[Alarm, Facts], ...] = ()  # raised once per (order, alarm, facts)
    void_attempt: str | None = None  # why the present attempt is proven to have bought nothing
    failure: str | None = None  # a failed run: counts up and is shown; None resets the count
    answers: tuple[tuple[str, RawAnswer], ...] = ()  # evidence to keep: (kind, answer)
    settles: tuple[
        tuple[int, str], ...
    ] = ()  # Sculpteo's calls that this change follows: (key, what came of it)
    is_look: bool = False  # nothing was tried: the count of failed runs stays as it is
    resend: bool = False  # its parcels count as not in the shop, until it is read again
    watches: tuple[ClosedPurchase, ...] = ()  # what is known of closed purchases now
    revives: str | None = None  # the token of a void attempt that is the order's purchase after all


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

    async def notice(self, notice: Notice) -> int:
        """Create or wake the order (unique: shop + order id); gives its key. Never changes its state.

        Waking = news + 1 and due now, whatever lease is held: the holder's record() sees the newer news and
        leaves the order due now.
        """

    async def claim(
        self, owner: str, *, limit: int, lease_for: timedelta, states: Collection[State] = ()
    ) -> list[OrderRecord]:
        """Take due orders whose lease is free or over, oldest due first; each gets a new lease token. Only
        those in `states`, where these are given."""

    async def extend(self, lease: Lease, lease_for: timedelta) -> Lease:
        """Heartbeat. Raises LeaseLost."""

    async def record(self, order: OrderRecord, change: Change) -> None:
        """Write a step's decision and give the lease back. Raises LeaseLost and writes nothing when the
        lease token or the state is no longer what `order` says, or ValueError for a move not in the table."""

    async def put_off(self, order: OrderRecord, until: datetime, why: str) -> None:
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
        is still ours; else raises LeaseLost and nothing may be sent. Raises LookAgain, with the same effect,
        when there is word of the order that `order.news` does not count, or placing is paused; and ModeChanged
        when the attempt's mode is not the one in force by now."""

    async def keep_answer(self, attempt: int, receipt: Receipt) -> None:
        """Store what came back, with or without a lease: an answer is never dropped."""

    async def adopt(self, order: OrderRecord, attempt: Attempt) -> OrderRecord:
        """Store an attempt found elsewhere (the shop's ledger) as this order's open one; keeps the lease.

        Raises NeedsPerson("reference_taken") when another order has this attempt, or what it bought."""

    async def revive(self, order: OrderRecord, token: str, reference: str) -> OrderRecord:
        """Make the void attempt with this token the open one again, with its reference: it was bought after
        all, which is an alarm in the same transaction. Keeps the lease. Raises LeaseLost, also when another
        attempt is open."""

    async def keep_look(self, order: OrderRecord, seen: ClosedPurchase) -> OrderRecord:
        """Keep what a look at a closed purchase showed. Keeps the lease. Raises LeaseLost."""

    async def billed_test_order(self) -> str | None:
        """The reference of a test order that Sculpteo shows as a real one, while no person has cleared that
        alarm."""

    async def renew(self, order: OrderRecord) -> OrderRecord:
        """Prove and renew the lease in the moment before a write elsewhere. Raises LeaseLost."""

    async def mark_pushed(
        self, order: OrderRecord, numbers: Sequence[str], fulfillment_id: str
    ) -> OrderRecord:
        """These parcels are in the shop. Keeps the lease."""

    async def keep_bare(self, order: OrderRecord, bare: Sequence[BareFulfillment]) -> OrderRecord:
        """These are the order's fulfillments without a number that the bridge made, or is about to make. Keeps
        the lease. Raises LeaseLost."""

    async def notifications(self, order: OrderRecord) -> list[NotificationRecord]:
        """Sculpteo's calls on the secret URLs of this order's attempts (void ones too), oldest first."""

    async def settle_notification(self, key: int, settled: str) -> None: ...

    async def other_holder(self, reference: str, order: OrderRecord) -> str | None:
        """The name of another order that has this Sculpteo reference."""

    async def line_rules(self, shop: str, subjects: Collection[str]) -> list[LineRule]:
        """What people decided about these lines, variants and products (by Shopify's ids)."""

    async def trusted(self, shop: str, order_ids: Collection[str]) -> dict[str, bool | None]:
        """Of these orders, those on record: True = bought, or approved by a person; False = neither, and it
        may still come to that or was stopped; None = nothing of it was for Sculpteo."""

    async def locations(self, shop: str) -> Sequence[KnownLocation]:
        """The locations of a shop, as far as they were seen, under each name that they have or had."""

    async def see_locations(self, shop: str, seen: Mapping[str, str], *, complete: bool) -> None:
        """These locations are there now, by id; with `complete`, no others are."""

    async def known(self, shop: str, order_ids: Sequence[str]) -> dict[str, datetime | None]:
        """Of these orders, those on record, each with the `updated_at` of the snapshot last read."""

    async def take_token(self, bucket: str, *, rate: float, burst: int) -> float:
        """Take one from a token bucket shared by all replicas; gives the seconds to wait before using it."""

    async def paused(self, shop: str) -> bool:
        """Whether a person stopped placing for this shop or for all."""


class Memory(Protocol):
    """Small facts that outlive a run: when the bridge went live, how far reconciliation has come."""

    async def get(self, key: str) -> str | None: ...

    async def set(self, key: str, value: str) -> None: ...

    async def set_if_absent(self, key: str, value: str) -> str:
        """Set it unless it is set; gives what is set then."""


@dataclass(frozen=True, slots=True)
class PrivacyWish:
    """What a customer, or Shopify, asks about personal data. `orders` None = all orders of the shop."""

    erase: bool  # else the customer asks what is kept of them
    orders: tuple[str, ...] | None
    request: str = "?"  # Shopify's number of the request
    customer: str | None = field(default=None, compare=False)  # whose other orders are meant too


class Inbox(Protocol):
    """Webhook deliveries as they came, and what became of each."""

    async def put(self, delivery: Delivery) -> None:
        """Make it durable (group commit); a webhook id known for this shop is absorbed."""

    async def pending(self, limit: int, *, but: Collection[int] = ()) -> list[Delivery]:
        """The oldest deliveries that are not settled, without those of these keys. One that cannot be read
        from the database has an empty body."""

    async def settle(self, key: int, outcome: str, notice: Notice | None) -> None:
        """Mark it processed and notice its order in one transaction; does nothing if it was settled before."""

    async def settle_wish(self, key: int, outcome: str, wish: PrivacyWish) -> None:
        """Mark it processed and note the wish in one transaction; the delivery's body is not kept."""

    async def doubt_wish(self, delivery: Delivery) -> None:
        """Tell a person, once, that this wish about personal data cannot be read. It stays as it is."""
