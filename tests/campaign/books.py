"""What was promised, held against Sculpteo's books, the shop, and what is on record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bridge.order.states import State, Wait
from bridge.sandbox.box import Sandbox
from bridge.sandbox.sculpteo.model import Book
from bridge.sandbox.shopify.model import Order
from tests.campaign.databases import Database
from tests.campaign.script import End

ON_THE_WAY = frozenset({State.RECEIVED, State.PLACING, State.PLACED, State.SHIPPED})
PASSES = frozenset({Wait.UPSTREAM, Wait.WINDOW, Wait.ROUTING, Wait.PAYMENT, Wait.SHOP_HOLD})
"""Reasons to wait that end by themselves in every script."""


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


def records(database: Database) -> dict[str, Record]:
    """Every order on record, by the shop's id."""
    rows = database.rows(
        "SELECT id, order_id, state, reason, problem, reference, last_error FROM orders ORDER BY id"
    )
    return {row[1]: Record(row[0], row[1], State(row[2]), *row[3:]) for row in rows}


@dataclass(slots=True)
class Entry:
    """One order of the run, seen from all sides."""

    order: Order
    kind: str
    end: End
    record: Record | None
    prints: list[Book]

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
    def fulfilled(self) -> bool:
        """Whether the shop has each parcel that Sculpteo sent."""
        sent = {parcel.number for book in self.prints for parcel in book.parcels}
        return bool(sent) and sent <= set(self.numbers)

    @property
    def accounted_for(self) -> bool:
        """On record at its rest; or printed and fulfilled, where the record was lost with the database."""
        if self.record is None:
            return self.fulfilled or (self.end != "printed" and not self.prints)
        if self.record.state is State.DONE:
            return self.fulfilled
        return self.record.settled

    def __str__(self) -> str:
        record = self.record
        where = f"{record.state}/{record.reason or record.problem}" if record else "not on record"
        prints = ", ".join(f"{book.reference} {book.status}" for book in self.prints) or "none"
        error = f", last error: {record.last_error}" if record and record.last_error else ""
        return (
            f"{self.order.name} {self.kind}: {where}{error}; prints: {prints}; "
            f"parcels in the shop: {', '.join(self.numbers) or 'none'}"
        )


@dataclass(slots=True)
class Verdict:
    """What is wrong with a run; empty lists = nothing."""

    doubles: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.doubles or self.lost or self.stuck or self.others)

    def __str__(self) -> str:
        parts = {"double": self.doubles, "lost": self.lost, "stuck": self.stuck, "other": self.others}
        return "\n".join(f"{name}: {text}" for name, texts in parts.items() for text in texts)


def prints_of(box: Sandbox, order: Order) -> list[Book]:
    """The real orders in Sculpteo's books that were made for this one."""
    return [
        book
        for book in box.printer.books(fake=False)
        if any(order.name in comment.split() for comment in book.comments)
    ]


def judge(entries: list[Entry], *, final: bool) -> Verdict:
    """`final`: a person has answered every question truthfully, so nothing is left open."""
    verdict = Verdict()
    for entry in entries:
        text, record = str(entry), entry.record
        if len(entry.prints) > 1:
            verdict.doubles.append(text)
        if entry.end == "never" and entry.prints:
            verdict.others.append(f"printed, although it must not be: {text}")
        if len(entry.numbers) != len(set(entry.numbers)):
            verdict.others.append(f"a parcel is in the shop twice: {text}")
        strangers = set(entry.numbers) - {one.number for book in entry.prints for one in book.parcels}
        if strangers:
            verdict.others.append(f"another order's parcel is in the shop: {text}")
        if record is None and not entry.accounted_for:
            verdict.lost.append(text)
        elif not entry.accounted_for or (record is not None and not record.explained):
            verdict.stuck.append(text)
        elif final and entry.end == "printed" and not (entry.prints and entry.fulfilled):
            verdict.lost.append(f"in the end it was not printed and fulfilled: {text}")
        if record is not None and entry.prints and record.state in {State.CANCELLED, State.IGNORED}:
            verdict.lost.append(f"forgotten although it is printed: {text}")
    return verdict


def missing_deliveries(box: Sandbox, database: Database) -> list[str]:
    """Deliveries that the bridge acknowledged and does not have."""
    kept = {row[0] for row in database.rows("SELECT webhook_id FROM deliveries")}
    return [
        f"delivery {one.webhook_id} ({one.topic}) was acknowledged and is not on record"
        for one in box.webhooks.deliveries
        if any(isinstance(result, int) and result == 200 for result in one.results)
        and one.webhook_id not in kept
    ]


def told(database: Database) -> dict[str, Any]:
    """How many orders were `unknown` at some time, and how each reference was found in the end."""
    unknown = database.rows("SELECT COUNT(DISTINCT order_id) FROM events WHERE target = 'unknown'")[0][0]
    found = database.rows(
        "SELECT kind, COUNT(*) FROM events WHERE kind LIKE 'adopted%' OR kind LIKE 'resolved%' GROUP BY kind"
    )
    return {"unknown": unknown, **dict(found)}
