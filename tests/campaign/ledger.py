"""What was promised, held against Sculpteo's books, the shop, and what is on record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bridge.order.problems import Alarm, Problem
from bridge.order.states import State, Wait
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.sculpteo.model import Book
from bridge.sandbox.shopify.model import Order
from tests.campaign.databases import Database
from tests.campaign.order_kinds import Sale
from tests.campaign.witness import goes_to
from tests.promise.purchase_rights import OF_PAYMENT

ON_THE_WAY = frozenset({State.RECEIVED, State.PLACING, State.PLACED, State.SHIPPED})
PASSES = frozenset({Wait.UPSTREAM, Wait.WINDOW, Wait.ROUTING, Wait.PAYMENT, Wait.SHOP_HOLD, Wait.RECHECK})
"""Reasons to wait that end by themselves in every script."""

TOO_LATE = frozenset(
    {
        Alarm.CANCELLED_AFTER_PLACING,
        Alarm.REFUNDED_AFTER_PLACING,
        Alarm.EDITED_AFTER_PLACING,
        Alarm.ADDRESS_AFTER_PLACING,
        Alarm.FULFILLED_ELSEWHERE,
    }
)
"""The alarms that say: the shop changed its mind when Sculpteo had it already."""

OWN_WISH = frozenset({Wait.HELD, Wait.PAUSED})
"""What a person waits for that has said so: nobody need tell them."""

REMINDED = "still_waiting"
DECIDED_BY_A_PERSON = frozenset(
    {
        *(Wait.APPROVAL, Wait.RISK, Wait.UNPAID, Wait.BEFORE_GO_LIVE, Wait.WAS_TEST, Wait.OTHER_MODE),
        *(Wait.BOUGHT_ALREADY, Wait.TEST_BILLED),
    }
)
"""Of these somebody is told at once, of other waits when they last."""

AT_ONCE = {State.WAITING: "approval", State.ATTENTION: "attention", State.UNKNOWN: "unknown"}
UNREADABLE = "?"  # what a damaged piece of news is about

SECOND = frozenset({Alarm.SECOND_REFERENCE, Alarm.TWO_PURCHASES, Alarm.LATE_ANSWER, Alarm.CLOSED_ALIVE})


@dataclass(frozen=True, slots=True)
class Record:
    """What the database says of an order."""

    key: int
    order_id: str
    state: State
    reason: str | None
    problem: str | None
    reference: str | None
    last_error: str | None
    alarms: frozenset[str] = frozenset()
    told: frozenset[tuple[str, str | None]] = frozenset()
    """The news of it: each code, and the reason or the problem that it is about."""

    @property
    def settled(self) -> bool:
        """Nothing will happen to it by itself any more."""
        if self.state is State.WAITING:
            return self.reason is not None and self.reason not in PASSES
        return self.state not in ON_THE_WAY

    @property
    def explained(self) -> bool:
        """Where it stands, a merchant is told why."""
        if self.state in {State.WAITING, State.IGNORED, State.CANCELLED}:
            return self.reason is not None
        return self.state is not State.ATTENTION or self.problem is not None

    @property
    def silent(self) -> bool:
        """It stands open for a person to decide, and nobody was told."""
        open_and_named = self.state in AT_ONCE and self.settled and self.explained
        if not open_and_named or self.reason in OWN_WISH:
            return False
        if self.state is State.WAITING and self.reason not in DECIDED_BY_A_PERSON:
            return all(code != REMINDED for code, _ in self.told)
        abouts = {about for code, about in self.told if code == AT_ONCE[self.state]}
        return not abouts & {self.reason or self.problem, UNREADABLE}


def records(database: Database) -> dict[str, Record]:
    """Every order on record, by the shop's id."""
    raised: dict[int, set[str]] = {}
    for order, alarm in database.rows("SELECT order_id, alarm FROM alarms"):
        raised.setdefault(order, set()).add(alarm)
    told: dict[int, set[tuple[str, str | None]]] = {}
    for order, code, facts in database.rows(
        "SELECT order_id, code, facts FROM news WHERE order_id IS NOT NULL"
    ):
        told.setdefault(order, set()).add((code, _about(facts)))
    rows = database.rows(
        "SELECT id, order_id, state, reason, problem, reference, last_error FROM orders ORDER BY id"
    )
    found = {}
    for key, order_id, state, reason, problem, reference, error in rows:
        found[order_id] = Record(
            key,
            order_id,
            State(state),
            reason,
            problem,
            reference,
            error,
            frozenset(raised.get(key, ())),
            frozenset(told.get(key, ())),
        )
    return found


def _about(facts: str) -> str | None:
    """The reason or the problem that a piece of news names."""
    try:
        found = json.loads(facts)
    except ValueError:
        return UNREADABLE
    about = found.get("reason") or found.get("problem") if isinstance(found, dict) else None
    return str(about) if about else None


def not_handed_on(database: Database) -> list[str]:
    """News that nobody gets, since it stays in the outbox."""
    rows = database.rows("SELECT id, code, order_id FROM news WHERE shared_at IS NULL ORDER BY id")
    return [f"news {number} ({code}, order {order}) was not handed on" for number, code, order in rows]


@dataclass(slots=True)
class Entry:
    """One order of the run, seen from all sides."""

    sale: Sale
    record: Record | None
    prints: list[Book]

    @property
    def order(self) -> Order:
        return self.sale.order

    @property
    def numbers(self) -> list[str]:
        """The tracking numbers that the shop's customer sees."""
        return [
            number
            for made in self.order.fulfillments
            if made.status != "CANCELLED"
            for number in made.numbers
        ]

    @property
    def missing(self) -> set[str]:
        """Parcels that Sculpteo sent and the shop does not have. Of two prints, the second is followed."""
        followed = self.prints[-1:] if self.sale.allowed > 1 else self.prints
        return {parcel.number for book in followed for parcel in book.parcels} - set(self.numbers)

    @property
    def fulfilled(self) -> bool:
        """Whether the shop has each parcel that Sculpteo sent, of which there are some."""
        return bool(self.numbers) and not self.missing

    @property
    def accounted_for(self) -> bool:
        """On record at its rest; or printed and fulfilled, where the record was lost with the database."""
        if self.record is None:
            return self.fulfilled or (self.sale.end != "printed" and not self.prints)
        if self.record.state is State.DONE:
            return not self.missing
        if self.sale.kind.unpaid and self.record.state is State.WAITING and self.record.reason in OF_PAYMENT:
            return True
        if self.record.state in {State.PLACED, State.SHIPPED} and self.sale.end == "perhaps":
            return Alarm.CANCELLED_AFTER_PLACING in self.record.alarms  # there is nothing left to fulfill
        return self.record.settled

    def __str__(self) -> str:
        record = self.record
        where = f"{record.state}/{record.reason or record.problem}" if record else "not on record"
        alarms = f", alarms: {', '.join(sorted(record.alarms))}" if record and record.alarms else ""
        error = f", last error: {record.last_error}" if record and record.last_error else ""
        prints = ", ".join(f"{book.reference} {book.status}" for book in self.prints) or "none"
        return (
            f"{self.order.name} {self.sale.kind.name}: {where}{alarms}{error}; prints: {prints}; "
            f"parcels in the shop: {', '.join(self.numbers) or 'none'}"
        )


FAULTS = (
    "doubles",
    "unasked",
    "lost",
    "stuck without reason",
    "silent",
    "printed other than ordered",
    "tracking pushed twice",
    "parcels missing",
    "deliveries missing",
    "alarms missing",
    "other faults",
)


@dataclass(slots=True)
class Verdict:
    """What is wrong with a run, by the names of FAULTS; nothing in it = nothing is."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, fault: str, *texts: str) -> None:
        if texts:
            self.found.setdefault(fault, []).extend(texts)

    @property
    def clean(self) -> bool:
        return not self.found

    def count(self, fault: str) -> int:
        return len(self.found.get(fault, ()))

    def __str__(self) -> str:
        return "\n".join(f"{fault}: {text}" for fault, texts in self.found.items() for text in texts)


def prints_of(box: Sandbox, order: Order) -> list[Book]:
    """The real orders in Sculpteo's books that were made for this one."""
    return [
        book
        for book in box.printer.books(fake=False)
        if any(order.name in comment.split() for comment in book.comments)
    ]


def contents_of(book: Book) -> str:
    """What Sculpteo was asked to print, as `Kind.contents` says it."""
    return " ".join(f"{item.uuid}:{item.quantity}" for item in book.items)


def judge(entries: Iterable[Entry], *, final: bool, remembered: bool) -> Verdict:
    """`final`: a person has answered every question truthfully, so nothing is left open. `remembered`: the
    database was never lost, so it knows what it saw."""
    verdict = Verdict()
    for entry in entries:
        for fault, holds in WRONG.items():
            if holds(entry):
                verdict.add(fault, str(entry))
        if entry.sale.end == "never" and entry.prints:
            verdict.add("other faults", f"printed, although it must not be: {entry}")
        if final and entry.sale.end == "printed" and not (entry.prints and entry.fulfilled):
            verdict.add("lost", f"in the end it was not printed and fulfilled: {entry}")
        if remembered and _changed_too_late(entry) and entry.record and not entry.record.alarms & TOO_LATE:
            verdict.add("alarms missing", f"what is printed is not what the shop wants by now: {entry}")
        if final and entry.sale.alarm_due and entry.record and not entry.record.alarms & SECOND:
            verdict.add("alarms missing", f"nobody is told of the slip: {entry}")
    return verdict


def _double(entry: Entry) -> bool:
    return len(entry.prints) > entry.sale.allowed


def _lost(entry: Entry) -> bool:
    record = entry.record
    if record is None:
        return not entry.accounted_for
    over = record.state in {State.CANCELLED, State.IGNORED}
    told = entry.sale.alarm_due and record.alarms & SECOND  # a person wished it so, and knows what came of it
    return bool(entry.prints) and over and not told


def _stuck(entry: Entry) -> bool:
    return entry.record is not None and not (entry.accounted_for and entry.record.explained)


def _other_than_ordered(entry: Entry) -> bool:
    addresses = [*entry.sale.addresses, *([entry.order.address] if entry.order.address else [])]
    return not all(
        contents_of(book) in entry.sale.kind.contents and any(goes_to(book, one) for one in addresses)
        for book in entry.prints
    )


def _twice(entry: Entry) -> bool:
    return len(entry.numbers) != len(set(entry.numbers))


def _parcels(entry: Entry) -> bool:
    """Those that the bridge says are in the shop and are not; or another order's."""
    strangers = set(entry.numbers) - {one.number for book in entry.prints for one in book.parcels}
    done = entry.record is not None and entry.record.state is State.DONE
    return bool(strangers) or (done and bool(entry.missing))


def _failed(entry: Entry) -> bool:
    record = entry.record
    return record is not None and record.problem == Problem.INTERNAL and not entry.sale.damaged


def _silent(entry: Entry) -> bool:
    return entry.record is not None and entry.record.silent and entry.accounted_for


WRONG: dict[str, Callable[[Entry], bool]] = {
    "doubles": _double,
    "lost": _lost,
    "stuck without reason": _stuck,
    "silent": _silent,
    "printed other than ordered": _other_than_ordered,
    "tracking pushed twice": _twice,
    "parcels missing": _parcels,
    "other faults": _failed,
}


def _changed_too_late(entry: Entry) -> bool:
    """The shop took it back, or changed it, and it is printed as it was before."""
    if not entry.prints:
        return False
    book, order = entry.prints[0], entry.order
    kind = entry.sale.kind
    if order.cancelled_at is not None or 0 < order.paid == order.refunded:
        return True
    if (order.edited or order.refunds) and contents_of(book) != kind.contents[-1]:
        return True
    return order.address is not None and not goes_to(book, order.address)


def missing_deliveries(box: Sandbox, database: Database) -> list[str]:
    """Deliveries that the bridge acknowledged and does not have."""
    kept = {row[0] for row in database.rows("SELECT webhook_id FROM deliveries")}
    return [
        f"delivery {one.webhook_id} ({one.topic}) was acknowledged and is not on record"
        for one in box.webhooks.deliveries
        if 200 in one.results and one.webhook_id not in kept
    ]


def ways_back(database: Database) -> Counter[str]:
    """How many orders were `unknown` at some time, and how references were found without an answer."""
    counts: Counter[str] = Counter()
    told = database.rows("SELECT COUNT(DISTINCT order_id) FROM events WHERE target = 'unknown'")
    counts["unknown"] = told[0][0]
    for kind, number in database.rows(
        "SELECT kind, COUNT(*) FROM events WHERE kind LIKE 'adopted%' OR kind LIKE 'resolved%' GROUP BY kind"
    ):
        counts[kind] = number
    return counts
