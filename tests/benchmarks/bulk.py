"""A database of any number of orders, as years of a shop would leave it, in minutes instead of years.

The rows are like those that the bridge itself writes, made from a seed: the same number of orders is the same
database. Each page of the console is as full with a thousand orders as with a million. SQLite is filled without its safety, PostgreSQL by COPY; both get their
secondary indexes afterwards.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from bridge.order.model import (
    Address,
    Design,
    FulfillmentOrder,
    FulfillmentOrderLine,
    LineItem,
    Money,
    Parcel,
    PrintItem,
    RawAnswer,
    ShopOrder,
    TaxLine,
)
from bridge.order.problems import Problem
from bridge.order.states import State, Wait
from bridge.store.search_index import collect_terms

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
YEARS = timedelta(days=3 * 365)
MOST_OPEN = 5_000  # orders that are on their way at once, however old the shop is
DELIVERIES = 20_000  # webhook deliveries are kept for a while only
BATCH = 5_000
SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "ri", "so", "tu", "va", "zo")
FIRST = tuple(f"{syllable}lin".capitalize() for syllable in SYLLABLES)
SKUS = tuple(f"ART-{number:03}" for number in range(12))
MATERIALS = ("white_plastic", "black_plastic", "silver", "brass", "alumide")
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def reference_of(number: int) -> str:
    """Eight characters that belong to one order only."""
    value, found = number * 1_000_003 % len(LETTERS) ** 8, ""
    for _ in range(8):
        value, digit = divmod(value, len(LETTERS))
        found += LETTERS[digit]
    return found


def last_name_of(number: int) -> str:
    """A customer's: one orders seven times, so that there are more customers where there are more orders."""
    number, name = number // 7, ""
    for _ in range(5):
        number, syllable = divmod(number, len(SYLLABLES))
        name += SYLLABLES[syllable]
    return name.capitalize()


def tracking_of(number: int) -> str:
    return f"1Z999AA1{number:010}"


@dataclass(frozen=True, slots=True)
class Fate:
    """Where an order stands."""

    state: State
    reason: str | None = None
    problem: str | None = None


def fate(number: int, count: int, chance: random.Random) -> Fate:
    """The newest are open, as many as a shop of that size would have; the others are over."""
    if number <= count - min(count // 2, MOST_OPEN):
        rare = chance.random()
        return Fate(State.IGNORED, "nothing_to_print") if rare < 0.03 else Fate(
            State.CANCELLED, "cancelled") if rare < 0.05 else Fate(State.DONE)  # fmt: skip
    kinds = (
        (Fate(State.PLACED), 40),
        (Fate(State.SHIPPED), 20),
        (Fate(State.WAITING, Wait.WINDOW), 12),
        (Fate(State.WAITING, Wait.APPROVAL), 14),
        (Fate(State.ATTENTION, problem=Problem.UNMAPPED), 12),
        (Fate(State.UNKNOWN), 2),
    )
    return chance.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]


def order_of(number: int, at: datetime, chance: random.Random) -> tuple[ShopOrder, tuple[PrintItem, ...]]:
    """An invented order of one or two lines, and what is printed for it."""
    lines, items = [], []
    for place in range(chance.choice((1, 1, 1, 2))):
        sku, quantity = chance.choice(SKUS), chance.choice((1, 1, 1, 2))
        price = Money(Decimal(20 + int(sku[-3:]) % 60), "EUR")
        total = Money(price.amount * quantity, "EUR")
        line = LineItem(
            id=gid("LineItem", number * 10 + place), sku=sku, title=f"Article {sku[-3:]}", quantity=quantity,
            current_quantity=quantity, unit_price=price, total=total, variant_title="Large",
            variant_id=gid("ProductVariant", int(sku[-3:])), product_id=gid("Product", int(sku[-3:])),
            options=(("Size", "Large"),), taxes=(TaxLine("TVA", Decimal("0.2"), Money(Decimal(4), "EUR")),),
        )  # fmt: skip
        lines.append(line)
        design = Design(f"D{sku[-3:]}xYz9", 1, MATERIALS[int(sku[-3:]) % 5], Decimal(1), "mm")
        items.append(PrintItem(design, quantity, line.id, quantity, sku))
    first, last = FIRST[number // 7 % len(FIRST)], last_name_of(number)
    address = Address(
        first, last, None, f"{number % 200 + 1} Rue Inventée", None, "Lyon", None, None, "69001", "FR"
    )
    unit = FulfillmentOrder(
        gid("FulfillmentOrder", number), "OPEN", gid("Location", 1), "Main", "SHIPPING",
        ("CREATE_FULFILLMENT",),
        tuple(FulfillmentOrderLine(f"{number}-{one.id}", one.id, one.quantity, one.quantity) for one in lines),
    )  # fmt: skip
    total = Money(sum((line.total.amount for line in lines), Decimal(0)), "EUR")
    order = ShopOrder(
        id=gid("Order", 5_000_000_000_000 + number), name=f"#{1000 + number}", created_at=at, updated_at=at, read_at=at,
        currency="EUR", financial_status="PAID", fully_paid=True, lines=tuple(lines), fulfillment_orders=(unit,),
        number=1000 + number, address=address, email=f"{first}.{last}@example.com".lower(),
        customer_name=f"{first} {last}", locale="fr", total=total, subtotal=total, taxes_included=True,
    )  # fmt: skip
    return order, tuple(items)


class Maker:
    """Rows of whole orders, for either database. Values are those of its driver."""

    def __init__(self, count: int, *, sqlite: bool, seed: int = 7) -> None:
        self.count = count
        self._sqlite = sqlite
        self._chance = random.Random(seed)
        self._order = TypeAdapter(ShopOrder)
        self._items = TypeAdapter(tuple[PrintItem, ...])
        self._parcel = TypeAdapter(Parcel)
        answer = RawAnswer(NOW, 200, (("content-type", "text/plain"),), "ABCD1234")
        self._answer = _json(TypeAdapter(RawAnswer), answer)

    def batches(self) -> Iterator[Rows]:
        """All orders, oldest first, in batches of rows by table."""
        for start in range(1, self.count + 1, BATCH):
            rows: Rows = {table: [] for table in COLUMNS}
            for number in range(start, min(start + BATCH, self.count + 1)):
                self._make(number, rows)
            yield rows

    def _at(self, moment: datetime | None) -> str | None:
        if moment is None:
            return None
        return moment.isoformat(" ", "microseconds").removesuffix("+00:00" if self._sqlite else "")

    def _make(self, number: int, rows: Rows) -> None:
        at = NOW - YEARS + YEARS * (number / (self.count + 1))
        chance, found = self._chance, fate(number, self.count, self._chance)
        order, items = order_of(number, at, chance)
        bought = found.state in (State.PLACED, State.SHIPPED, State.DONE, State.UNKNOWN)
        reference = reference_of(number) if bought and found.state is not State.UNKNOWN else None
        if found.state in (State.IGNORED, State.CANCELLED) or found.problem:
            items = ()
        placed = at + timedelta(minutes=40) if bought else None
        gone = found.state in (State.SHIPPED, State.DONE)
        shipped = placed + timedelta(days=chance.uniform(2, 9)) if placed and gone else None
        revenue = order.total if items else None
        cost = Money((revenue.amount * Decimal("0.6")).quantize(Decimal("0.01")), "EUR") if revenue else None
        self._order_row(rows, number, found, order, items, reference, placed, shipped, cost)
        rows["terms"] += [(term, number) for term in sorted(collect_terms(order, items))]
        if revenue:
            rows["figures"].append((number, f"{revenue.amount} {revenue.currency}"))
        if placed:
            self._attempt(rows, number, found, placed, reference, cost)
        if shipped:
            parcel = Parcel(tracking_of(number), "UPS", f"https://ups.example/{tracking_of(number)}")
            pushed = self._at(shipped + timedelta(minutes=5))
            fulfillment = gid("Fulfillment", number)
            rows["parcels"].append(
                (number, parcel.number, _json(self._parcel, parcel), self._at(shipped), pushed, fulfillment)
            )
        self._events(rows, number, found, at, placed, shipped, reference)
        if number > self.count - DELIVERIES:
            self._delivery(rows, number, at)
        if found.problem and number % 3 == 0:
            facts = json.dumps({"reference": reference_of(number)})
            rows["alarms"].append((number, "second_reference", f"{number:032}", facts, self._at(at)))

    def _order_row(
        self, rows: Rows, number: int, found: Fate, order: ShopOrder, items: tuple[PrintItem, ...],
        reference: str | None, placed: datetime | None, shipped: datetime | None, cost: Money | None,
    ) -> None:  # fmt: skip
        updated = shipped or placed or order.created_at
        facts = {"skus": f"“{order.lines[0].sku}”"} if found.problem else {"reference": reference}
        status = {State.DONE: "shipped", State.SHIPPED: "shipped", State.PLACED: "in_process"}.get(
            found.state
        )
        due = (
            NOW + timedelta(minutes=5 + number % 50) if found.state in (State.PLACED, State.WAITING) else None
        )
        no, yes = (0, 1) if self._sqlite else ("f", "t")
        rows["orders"].append((
            number, "acme", order.id, found.state, 3, self._at(order.created_at), self._at(updated), "webhook", order.name,
            found.reason, found.problem, self._at(due), 0, 4, "v1", self._at(order.created_at), yes if number % 2 else no,
            reference, "live" if placed else None, status, status and status.title(), self._at(placed), self._at(shipped),
            "match", 3, f"{cost.amount} EUR" if cost else None, self._at(order.updated_at), json.dumps(facts),
            _json(self._items, items), _json(self._order, order),
        ))  # fmt: skip

    def _attempt(
        self, rows: Rows, number: int, found: Fate, placed: datetime, reference: str | None, cost: Money | None
    ) -> None:  # fmt: skip
        unknown = found.state is State.UNKNOWN
        request = json.dumps(
            {"items": ["D001xYz9:1:1:mm:silver"], "comments": [f"#{1000 + number}"], "fake": "0"}
        )
        rows["attempts"].append((
            number, 1, f"{number:016x}", f"token-{number:024}", "live", "v1", self._at(placed), self._at(placed),
            self._at(placed + timedelta(seconds=2)), "unclear" if unknown else "placed", "Sculpteo answered", reference,
            f"{cost.amount} EUR" if cost else None, request, self._answer,
        ))  # fmt: skip

    def _events(
        self, rows: Rows, number: int, found: Fate, at: datetime, placed: datetime | None,
        shipped: datetime | None, reference: str | None,
    ) -> None:  # fmt: skip
        def add(moment: datetime, kind: str, source: State | None = None, target: State | None = None, **facts: object) -> None:  # fmt: skip
            who = "bridge"
            rows["events"].append(
                (number, self._at(moment), kind, source, target, None, None, who, json.dumps(facts))
            )

        add(at, "seen", origin="webhook", cause="orders/paid")
        if placed is None:
            add(at + timedelta(seconds=2), "move", State.RECEIVED, found.state)
            return
        add(at + timedelta(seconds=2), "move", State.RECEIVED, State.WAITING)
        add(placed, "move", State.WAITING, State.PLACING)
        add(placed, "sent", attempt=1)
        if reference is None:
            add(placed, "move", State.PLACING, State.UNKNOWN, why="the answer was lost")
            return
        add(placed + timedelta(seconds=2), "placed", reference=reference)
        add(placed + timedelta(seconds=2), "move", State.PLACING, State.PLACED)
        if shipped:
            add(shipped, "parcel", number=tracking_of(number), carrier="UPS")
            add(shipped, "move", State.PLACED, State.SHIPPED)
            add(shipped + timedelta(minutes=5), "pushed", numbers=tracking_of(number))
        if found.state is State.DONE and shipped:
            add(shipped + timedelta(minutes=5), "move", State.SHIPPED, State.DONE)

    def _delivery(self, rows: Rows, number: int, at: datetime) -> None:
        body = json.dumps({"id": 5_000_000_000_000 + number}).encode()
        packed: Any = 0 if self._sqlite else "f"
        payload: Any = body if self._sqlite else "\\x" + body.hex()
        when = self._at(at)
        rows["deliveries"].append(
            ("acme", f"webhook-{number}", "orders/paid", when, when, "noticed", number, packed, payload)
        )


COLUMNS: dict[str, tuple[str, ...]] = {
    "orders": (
        "id", "shop", "order_id", "state", "news", "first_seen_at", "updated_at", "origin", "name", "reason", "problem",
        "due_at", "failures", "lease_token", "mapping_version", "matched_at", "paid_now", "reference", "mode",
        "print_status", "print_words", "placed_at", "shipped_at", "last_step", "read_news", "cost", "shop_updated_at",
        "facts", "items", "snapshot",
    ),
    "attempts": (
        "order_id", "number", "attempt", "token", "mode", "mapping_version", "created_at", "sent_at", "answered_at",
        "verdict", "why", "reference", "cost", "request", "answer",
    ),
    "parcels": ("order_id", "number", "parcel", "found_at", "pushed_at", "fulfillment_id"),
    "events": ("order_id", "at", "kind", "source", "target", "reason", "problem", "who", "facts"),
    "alarms": ("order_id", "alarm", "digest", "facts", "raised_at"),
    "terms": ("term", "order_id"),
    "figures": ("order_id", "revenue"),
    "deliveries": (
        "shop", "webhook_id", "topic", "received_at", "settled_at", "outcome", "order_key", "packed", "body",
    ),
}  # fmt: skip


def _json(adapter: TypeAdapter[Any], value: Any) -> str:
    return adapter.dump_json(value).decode()


def fill_sqlite(path: str, count: int) -> None:
    """Fill a migrated, empty database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
            db.execute(f"PRAGMA {pragma}")
        listed = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        indexes = db.execute(listed).fetchall()
        for name, _ in indexes:
            db.execute(f'DROP INDEX "{name}"')
        db.execute("BEGIN")
        for rows in Maker(count, sqlite=True).batches():
            for table, found in rows.items():
                marks = ", ".join("?" * len(COLUMNS[table]))
                names = ", ".join(COLUMNS[table])
                db.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", found)  # noqa: S608 - our own names
        for _, sql in indexes:
            db.execute(sql)
        db.execute("COMMIT")
        db.execute("ANALYZE")


def fill_postgresql(engine: sa.Engine, count: int) -> None:
    """Fill a migrated, empty database by COPY."""
    with engine.begin() as connection:
        raw: Any = connection.connection.driver_connection
        with raw.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            for rows in Maker(count, sqlite=False).batches():
                for table, found in rows.items():
                    names = ", ".join(COLUMNS[table])
                    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                        for row in found:
                            copy.write_row(row)
            for table in ("orders", "attempts", "events", "parcels", "alarms", "deliveries"):
                # the rows of orders have numbers of their own, so that the next one has to be told
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608
                )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SET statement_timeout = 0"))
        connection.execute(sa.text("VACUUM ANALYZE"))
