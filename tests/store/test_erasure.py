"""What is erased is nowhere any more: no row, no page of the file, no byte of its log holds it."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import sqlite3
import typing
import zlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.decisions.refusals import NotNow
from bridge.decisions.transitions import resend_tracking
from bridge.order import redaction as rules
from bridge.order.line_overrides import (
    LineRule,
    Scope,
)
from bridge.order.model import (
    FulfillmentHold,
    FulfillmentOrder,
    Ledger,
    LineItem,
    Mode,
    Money,
    Parcel,
    PlaceResult,
    RawAnswer,
    ShopOrder,
    TaxLine,
    Verdict,
)
from bridge.order.problems import Alarm
from bridge.order.records import ClosedPurchase, PrivacyRequest, TimelineEntry, Transition
from bridge.order.redaction import (
    erase_order,
    erase_parcel,
    match_known_parcels,
)
from bridge.order.states import Ignored, State
from bridge.store import (
    Store,
    secure_delete,
)
from bridge.store.erasure import WHAT_GOES
from bridge.store.outbox import MessageDraft
from bridge.store.personal_data import find_owner_column
from bridge.store.secure_delete import UNSCOURED
from bridge.store.tables import metadata, orders
from tests.support.clocks import START, TurnedClock
from tests.support.store_factories import ITEMS, attempt, claimed, delivery, get, gid, key_of, word

DAYS = timedelta(days=90)
PROOF = {
    # what the merchant's own catalogue, Shopify and Sculpteo's reference say, and no customer
    ShopOrder: rules.OF_ORDER,
    LineItem: rules.OF_LINE,
    FulfillmentOrder: rules.OF_UNIT,
    FulfillmentHold: {"reason"},
    TaxLine: {"title"},
    Money: {"currency"},
}
KEEPS_ALL = {"FulfillmentOrderLine", "Fulfillment", "LedgerEntry", "Decision"}


class Tokens:
    """Words that are nowhere else."""

    numbers = itertools.count(1)

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, where: str) -> str:
        word = f"tok{next(self.numbers):04d}{zlib.crc32(where.encode()):08x}zz"
        self.made.append(word)
        return word

    def filled(self, kind: Any, where: str = "") -> Any:
        """A value of this type, with a token in each text that is not proof."""
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if origin in {UnionType, typing.Union}:
            return self.filled(inner[0], where)
        if origin is tuple:
            if len(inner) == 2 and inner[1] is Ellipsis:
                return (self.filled(inner[0], where),)
            return tuple(self.filled(one, where) for one in inner)
        if dataclasses.is_dataclass(kind):
            return self._dataclass(kind, where)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return next(iter(kind))
        plain: dict[Any, Any] = {
            bool: True, int: 1, datetime: START, date: START.date(), Decimal: Decimal("1.50")
        }  # fmt: skip
        return self(where) if kind is str else plain[kind]

    def _dataclass(self, kind: Any, where: str) -> Any:
        hints = typing.get_type_hints(kind)
        values = {}
        for field in dataclasses.fields(kind):
            is_proof = field.name in PROOF.get(kind, ()) or kind.__name__ in KEEPS_ALL
            if is_proof and hints[field.name] in {str, str | None}:
                values[field.name] = f"proof-{field.name}"
            elif is_proof and "str" in str(hints[field.name]) and "Line" not in str(hints[field.name]):
                values[field.name] = self._proof(field)
            else:
                values[field.name] = self.filled(hints[field.name], f"{where}.{field.name}")
        return kind(**values)

    @staticmethod
    def _proof(field: Any) -> Any:
        return () if field.default is dataclasses.MISSING else field.default


def full_order(tokens: Tokens) -> ShopOrder:
    """An order in which everything that can have a text of a customer has one."""
    made: ShopOrder = tokens.filled(ShopOrder, "order")
    return dataclasses.replace(
        made,
        id=gid(),
        name="#1001",
        currency="EUR",
        ledger=Ledger(made.ledger.entry, "digest", tokens("raw"), tokens("why")),
    )


def all_rows(store: Store) -> Iterator[str]:
    """Every value of every row, with what is compressed as it was."""
    with store._db.reading.connect() as c:
        for table in metadata.sorted_tables:
            names: list[Any] = [
                sa.literal_column(f'"{column.name}"').label(f"c{n}") for n, column in enumerate(table.c)
            ]
            for row in c.execute(sa.select(*names).select_from(table)):
                for value in row:
                    if isinstance(value, bytes | memoryview):
                        raw = bytes(value)
                        yield raw.decode("latin-1")
                        with contextlib.suppress(zlib.error):
                            yield zlib.decompress(raw).decode("latin-1")
                    else:
                        yield str(value)


def left_in(tokens: Tokens, text: str) -> set[str]:
    """Also in the pieces that a search finds."""
    return {token for token in tokens.made if token in text}


async def lived(store: Store, tokens: Tokens) -> int:
    """An order that went through everything, with a token wherever somebody else can put a text."""
    await store.inbox.add_delivery(delivery(1, body=tokens("delivery").encode() * 40))
    (came,) = await store.inbox.list_pending(1)
    await store.inbox.settle_delivery(came.key, "order", word())
    await store.orders.record_transition(
        await claimed(store),
        Transition(State.WAITING, START, values={"snapshot": full_order(tokens), "items": ITEMS}),
    )
    order = await claimed(store)
    answer = RawAnswer(START, 500, (("X", tokens("header")),), tokens("body"), tokens("error"))
    facts = {"why": tokens("fact"), "words": tokens("words"), "nested": {"deep": [tokens("deep")]}}
    trouble = Transition(State.ATTENTION, START, problem="option", facts={"value": tokens("value"), **facts})
    await store.orders.record_transition(order, dataclasses.replace(trouble, failure=tokens("failure")))
    order = await claimed(store)
    rule = LineRule(
        order.shop,
        Scope.LINE,
        "gid://shopify/LineItem/1",
        (),
        tokens("title"),
        "RING-S",
        (("Name", tokens("option")),),
    )
    await store.rules.save_rules(
        order, [rule], Transition(State.WAITING, START, notes=(TimelineEntry("approved", facts),)), "anna"
    )
    order = await claimed(store)
    order = await store.orders.open_attempt(order, attempt(order), values={})
    form = {
        "comments": [tokens("comment")],
        "items": ["QfGQC4YQ:2:1:mm:silver"],
        "address": {"sha256": tokens("hash")},
    }
    await store.orders.mark_sent(order, {**form, "theme": tokens("theme")})
    assert order.attempt is not None
    await store.orders.keep_answer(key_of(order), PlaceResult(Verdict.UNCLEAR, answer, tokens("receipt")))
    await store.orders.record_transition(order, Transition(State.UNKNOWN, None, facts=facts))
    await store.calls.receive_notification(order.attempt.token, "ABCD1234", tokens("call").encode())
    await store.calls.receive_notification("a token that nobody has", None, tokens("stray").encode())
    late = PlaceResult(
        Verdict.PLACED, RawAnswer(START, 200, (), tokens("late")), tokens("late why"), "ABCD1234"
    )
    await store.orders.keep_answer(key_of(order), late)
    parcel = Parcel(tokens("number"), tokens("carrier"), tokens("url"), START.date(), ((tokens("uuid"), 2),))
    closed = ClosedPurchase(
        "EFGH5678", "t" * 20, Mode.LIVE, START, "cancelled", tokens("closed"), look_at=None
    )
    values = {
        "reference": "ABCD1234",
        "mode": "live",
        "print_words": tokens("print words"),
        "print_status": "shipped",
    }
    await store.orders.record_transition(
        await claimed(store),
        Transition(
            State.PLACED,
            START,
            values=values,
            notes=(TimelineEntry("print_status", {"words": tokens("said"), "status": "shipped"}),),
            alarms=((Alarm.EDITED_AFTER_PLACING, {"what": tokens("what"), "reference": "ABCD1234"}),),
            answers=(("tracking", answer),),
            watches=(closed,),
            parcels=(parcel,),
        ),
    )
    await store.outbox.fan_out_news(
        {"hook:1": lambda item, _: MessageDraft(body=f'{{"data":{{"parcels":["{tokens("hook")}"]}}}}')}
    )
    await store.sessions.record_action(
        "anna", "map", "done", order=order.key, facts={"line": tokens("audit"), "why": tokens("y")}
    )
    await store.orders.record_transition(await claimed(store), Transition(State.SHIPPED, START))
    await store.orders.record_transition(await claimed(store), Transition(State.DONE, None))
    return order.key


def file_of(store: Store) -> bytes:
    """All bytes of an SQLite database and of its log; none of PostgreSQL's."""
    if store.file_path is None:
        return b""
    return b"".join(
        path.read_bytes() for end in ("", "-wal") if (path := Path(f"{store.file_path}{end}")).exists()
    )


async def test_no_row_and_no_byte_keeps_anything_of_a_customer_or_of_sculpteos_page(
    store: Store, clock: TurnedClock, capfd: pytest.CaptureFixture[str]
) -> None:
    tokens = Tokens()
    key = await lived(store, tokens)
    before = "\n".join(all_rows(store))
    assert len(left_in(tokens, before)) > 0.9 * len(tokens.made), "the tokens were there"
    order = await get(store, key)
    clock.forward(DAYS + timedelta(seconds=1))
    assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 1
    assert left_in(tokens, "\n".join(all_rows(store))) == set()
    assert await store.privacy.purge_file()
    assert left_in(tokens, file_of(store).decode("latin-1")) == set()
    assert left_in(tokens, "".join(capfd.readouterr())) == set()
    after = await get(store, key)
    assert (after.reference, after.items, after.cost) == ("ABCD1234", order.items, order.cost)
    assert (after.name, after.state, after.print_status) == ("#1001", State.DONE, "shipped")
    assert after.damage == ()
    assert {line.kind for line in await store.queries.list_events(key)} >= {
        "seen",
        "sent",
        "print_status",
        "erased",
    }


async def test_what_is_read_again_of_an_erased_order_is_kept_without_its_person(
    store: Store, clock: TurnedClock
) -> None:
    tokens = Tokens()
    key = await lived(store, tokens)
    clock.forward(DAYS + timedelta(seconds=1))
    await store.privacy.erase_due_orders(clock.now() - DAYS)
    again = Tokens()
    await store.orders.receive_signal(word())
    clock.forward(timedelta(seconds=3))
    await store.orders.record_transition(
        await claimed(store), Transition(State.DONE, None, values={"snapshot": full_order(again)})
    )
    assert left_in(again, "\n".join(all_rows(store))) == set()
    assert (await get(store, key)).snapshot is not None


async def test_retention_counts_from_when_the_order_was_over(store: Store, clock: TurnedClock) -> None:
    """Each look at it wrote the row, and put the day of its erasure off for good."""
    key = await lived(store, Tokens())
    for _ in range(8):
        clock.forward(timedelta(days=11))
        await store.orders.receive_signal(word())
        clock.forward(timedelta(seconds=3))
        await store.orders.record_transition(await claimed(store), Transition(State.DONE, None))
        assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 0
    clock.forward(timedelta(days=3))
    assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 1
    snapshot = (await get(store, key)).snapshot
    assert snapshot is not None and snapshot.email is None


async def test_a_lease_that_a_crash_left_behind_keeps_nothing_from_being_erased(
    store: Store, clock: TurnedClock
) -> None:
    await lived(store, Tokens())
    await store.orders.receive_signal(word())
    clock.forward(timedelta(seconds=3))
    await claimed(store)
    clock.forward(DAYS + timedelta(minutes=5))
    assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 1


async def test_a_wish_holds_for_orders_that_come_on_record_later(store: Store, clock: TurnedClock) -> None:
    """The database may be a restored one, or the order's own webhook may be late."""
    await store.inbox.add_delivery(delivery(7, topic="customers/redact"))
    (one,) = await store.inbox.list_pending(1)
    await store.inbox.settle_privacy_request(one.key, "noted", PrivacyRequest(erase=True, orders=(gid(),)))
    tokens = Tokens()
    await lived(store, tokens)
    clock.forward(timedelta(seconds=1))
    assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 1
    assert left_in(tokens, "\n".join(all_rows(store))) == set(await strays(store))


async def strays(store: Store) -> list[str]:
    """What strangers sent to addresses that nobody has; it goes by its own age."""
    with store._db.reading.connect() as c:
        rows = c.execute(sa.text("SELECT raw FROM notifications WHERE NOT known")).scalars()
        return [bytes(raw).decode() for raw in rows]


async def test_a_wish_ends_in_thirty_days_though_its_order_is_not_over(
    store: Store, clock: TurnedClock
) -> None:
    tokens = Tokens()
    key = await lived(store, tokens)
    await store.orders.receive_signal(word())
    clock.forward(timedelta(seconds=3))
    await store.orders.record_transition(
        await claimed(store), Transition(State.SHIPPED, None, values={"snapshot": full_order(tokens)})
    )
    await store.inbox.add_delivery(delivery(7, topic="shop/redact"))
    (one,) = await store.inbox.list_pending(1)
    await store.inbox.settle_privacy_request(one.key, "noted", PrivacyRequest(erase=True, orders=None))
    assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 0
    clock.forward(timedelta(days=31))
    assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 1
    assert (await get(store, key)).state is State.SHIPPED


async def test_one_order_that_cannot_be_erased_keeps_no_other_back(
    store: Store, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await lived(store, Tokens())
    await store.orders.receive_signal(word(1002))
    clock.forward(timedelta(seconds=3))
    await store.orders.record_transition(
        await claimed(store), Transition(State.IGNORED, None, reason=Ignored.PERSON)
    )
    import bridge.store.erasure as module

    real = module._erase_order_rows

    def broken(c: Any, now: datetime, key: int, asked: bool) -> None:
        real(c, now, key, asked)
        if key == first:
            raise sa.exc.OperationalError("statement", {}, Exception("the table is locked"))

    monkeypatch.setattr(module, "_erase_order_rows", broken)
    clock.forward(DAYS + timedelta(days=1))
    assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 1
    monkeypatch.setattr(module, "_erase_order_rows", real)
    assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 1, "it is tried again"


@pytest.mark.parametrize("column", ["snapshot", "facts", "items"], ids=["order", "facts", "items"])
async def test_rows_that_cannot_be_read_are_erased_all_the_same(
    store: Store, clock: TurnedClock, column: str
) -> None:
    tokens = Tokens()
    await lived(store, tokens)
    broken = [
        ("orders", column),
        ("parcels", "parcel"),
        ("events", "facts"),
        ("attempts", "request"),
        ("news", "facts"),
    ]

    def damage(c: Connection) -> None:
        for number, (table, name) in enumerate(broken):
            text = '{"half": "' + tokens.made[number]
            c.execute(sa.text(f"UPDATE {table} SET {name} = :text"), {"text": text})  # noqa: S608 - names of ours

    await store._db.write(damage)
    clock.forward(DAYS + timedelta(days=1))
    assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 1
    left = left_in(tokens, "\n".join(all_rows(store)))
    assert left <= ({tokens.made[0]} if column == "items" else set())


async def test_a_crash_before_the_file_is_rid_of_it_is_made_up_for(
    store: Store, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secure_delete, "BUSY_TIMEOUT_MS", 50)
    tokens = Tokens()
    await lived(store, tokens)
    clock.forward(DAYS + timedelta(days=1))
    await store.privacy.erase_due_orders(clock.now() - DAYS)
    assert await store.memory.get(UNSCOURED) is not None
    if store.file_path is not None:
        with contextlib.closing(sqlite3.connect(store.file_path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM orders").fetchone()
            assert not await store.privacy.purge_file(), "somebody reads what was there before"
            assert await store.memory.get(UNSCOURED) is not None
    assert await store.privacy.purge_file()
    assert await store.memory.get(UNSCOURED) is None
    assert left_in(tokens, file_of(store).decode("latin-1")) == set()


def test_a_parcel_without_its_number_is_known_again() -> None:
    parcel, other = Parcel("6A123", "Colissimo", "https://example.org/6A123"), Parcel("6A124")
    bare = erase_parcel(parcel, 7)
    assert "6A123" not in str(bare) and erase_parcel(bare, 7) == bare
    assert match_known_parcels([parcel, other], [bare], 7) == (bare, other)
    assert match_known_parcels([parcel], [bare], 8) == (parcel,), "of another order"


async def test_a_number_that_is_erased_is_not_brought_to_the_shop_again(
    store: Store, clock: TurnedClock
) -> None:
    key = await lived(store, Tokens())
    before = await get(store, key)
    assert resend_tracking(before, "anna", clock.now()).resend
    clock.forward(DAYS + timedelta(days=1))
    await store.privacy.erase_due_orders(clock.now() - DAYS)
    with pytest.raises(NotNow):
        resend_tracking(await get(store, key), "anna", clock.now())


def test_nothing_of_an_order_is_kept_that_nobody_listed() -> None:
    tokens = Tokens()
    bare = erase_order(full_order(tokens))
    assert left_in(tokens, repr(bare)) == set()
    assert (bare.id, bare.name, bare.currency) == (gid(), "#1001", "EUR")


def test_what_is_kept_is_still_there_and_nothing_else_must_be_given() -> None:
    """Else a field that has no default would have to be kept."""
    for kind, kept in (
        (ShopOrder, rules.OF_ORDER),
        (LineItem, rules.OF_LINE),
        (FulfillmentOrder, rules.OF_UNIT),
    ):
        fields = {one.name: one for one in dataclasses.fields(kind)}
        assert set(kept) <= set(fields)
        needed = {
            name
            for name, one in fields.items()
            if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        }
        assert needed - set(kept) <= {"lines", "fulfillment_orders"}


KEPT_COLUMNS = {
    "orders": {"shop", "order_id", "state", "origin", "name", "reason", "problem", "lease_owner", "mapping_version",
               "approved_by", "approved_for", "held_by", "reference", "mode", "print_status", "annotated", "last_step",
               "items", "first_mode", "decided_mode", "approved_seen", "window_for", "first_locations", "judged_by",
               "decision", "reference_by", "cost", "bare"},
    "attempts": {"attempt", "token", "mode", "mapping_version", "verdict", "reference", "voided_by", "cost"},
    "closed_purchases": {"reference", "token", "mode", "status"},
    "parcels": {"fulfillment_id"},
    "events": {"kind", "source", "target", "reason", "problem", "who"},
    "alarms": {"alarm", "digest", "cleared_by"},
    "notifications": {"token", "reference", "settled"},
    "figures": {"revenue"},
    "line_rules": {"shop", "scope", "subject", "designs", "sku", "who", "removed_by"},
    "audit": {"who", "action", "outcome", "address"},
    "news": {"key", "code", "uid"},
    "messages": {"outlet", "outcome"},
}  # fmt: skip
NO_CUSTOMER = {
    *(
        "memory",
        "shops",
        "locations",
        "buckets",
        "pauses",
        "privacy_wishes",
        "erasures",
        "sessions",
        "outlets",
    ),
    *("conditions", "processes"),
}


def test_it_is_decided_of_every_column_whether_it_goes() -> None:
    for table in metadata.sorted_tables:
        if table.name in NO_CUSTOMER or "*" in WHAT_GOES.get(table.name, {}):
            continue
        texts = {
            column.name
            for column in table.c
            if not isinstance(
                getattr(column.type, "impl", column.type), sa.Integer | sa.Boolean | sa.DateTime
            )
        }
        assert texts == KEPT_COLUMNS.get(table.name, set()) | set(WHAT_GOES.get(table.name, {})), table.name


def test_every_table_is_part_of_what_a_customer_is_told_or_has_nothing_of_customers() -> None:
    told = {table.name for table in metadata.sorted_tables if find_owner_column(table) is not None}
    assert told | {"notifications"} | NO_CUSTOMER - {"erasures"} == {
        table.name for table in metadata.sorted_tables
    }


async def test_all_that_is_kept_of_a_person_is_told_and_nothing_of_others(store: Store) -> None:
    tokens = Tokens()
    await lived(store, tokens)
    snapshot = full_order(other := Tokens())
    await store.orders.receive_signal(word(1002))
    stranger = dataclasses.replace(
        snapshot, id=gid(1002), email="otto@example.org", customer_id="gid://shopify/Customer/9"
    )
    await store.orders.record_transition(
        await claimed(store),
        Transition(State.IGNORED, None, reason=Ignored.PERSON, values={"snapshot": stranger}),
    )
    mine = (await store.queries.search_orders("#1001"))[0]
    assert mine.snapshot is not None and mine.snapshot.email is not None
    told = await store.privacy.load_personal_data([], [mine.snapshot.email.upper()])
    assert len(told.orders) == 1
    text = json.dumps(dataclasses.asdict(told), default=str)
    strangers = set(await strays(store))
    assert left_in(tokens, text) == left_in(tokens, "\n".join(all_rows(store))) - strangers
    assert not any(one in text for one in other.made)
    assert mine.attempt is not None and mine.attempt.token not in text, "our secrets are nobody's data"
    otto = await store.privacy.load_personal_data([], ["gid://shopify/Customer/9"])
    assert [row["orders"][0]["name"] for row in otto.orders] == ["#1002"]
    assert (await store.privacy.load_personal_data([], ["nobody@example.org"])).orders == []


def test_the_columns_that_stay_are_there() -> None:
    assert {column.name for column in orders.c} >= KEPT_COLUMNS["orders"]
