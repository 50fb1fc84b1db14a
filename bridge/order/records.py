"""What is on record of an order: the order itself, its purchases, parcels and notifications, what came by webhook,
and the change that a step asks for. The store keeps them; no rule is here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.order.digests import compute_digest, compute_purchase_digest
from bridge.order.model import (
    Decision,
    Mode,
    Money,
    Parcel,
    PrintItem,
    RawAnswer,
    ShopOrder,
)
from bridge.order.problems import Alarm
from bridge.order.states import State

Facts = Mapping[str, Any]
"""JSON values that fill a sentence. Never a name, an address or a secret."""


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
class OrderSignal:
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
    verdict: str | None = None  # a Verdict, ADOPTED, or "void"
    why: str | None = None
    reference: str | None = None
    voided_at: datetime | None = None
    voided_by: str | None = None
    cost: Money | None = None
    request: Facts = field(default_factory=dict)  # the form as sent, secrets masked
    items: tuple[PrintItem, ...] = ()  # what it was opened with; none for one from before that was kept
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


ADOPTED = "adopted"
"""The verdict on an attempt that counts as bought by evidence (the note on the Shopify order, a call of Sculpteo), and
not by the answer to its own request."""

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
    def decision_digest(self) -> str:
        """A digest of all that a person decides by: what is bought, where it goes, what it costs, how far it has
        come, and whether it is bought for real. A decision about an order that has another one by now is not
        theirs."""
        attempt = self.attempt
        return compute_digest(
            (self.key, self.state, self.reason, self.problem, sorted(map(repr, self.facts.items()))),
            (
                self.reference,
                compute_purchase_digest(self.items, self.snapshot),
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
    def void_attempt_ids(self) -> tuple[str, ...]:
        """Ids of the attempts that count as void here."""
        return tuple(one.id for one in self.closed_attempts)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A line of the timeline beside the moves: `kind` is a code of `bridge.order.timeline`."""

    kind: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transition:
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
    notes: tuple[TimelineEntry, ...] = ()
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


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """What a customer, or Shopify, asks about personal data. `orders` None = all orders of the shop."""

    erase: bool  # else the customer asks what is kept of them
    orders: tuple[str, ...] | None
    request: str = "?"  # Shopify's number of the request
    customer: str | None = field(default=None, compare=False)  # whose other orders are meant too
