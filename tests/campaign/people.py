"""The people of a campaign: the one at the console on the day, and the one who cleans up at the end of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from bridge.errors import BridgeError, Outdated, StoreUnavailable
from bridge.order.states import State
from bridge.ports import Change, OrderRecord
from bridge.sandbox.sculpteo.model import Book
from bridge.steps import decide
from bridge.steps.refusals import NotNow
from bridge.store.store import Store
from tests.campaign.books import Entry
from tests.campaign.databases import Away, Clock, Database
from tests.campaign.kinds import Sale

T = TypeVar("T")

WHO = "campaign"
TRIES = 80  # a quarter of a second apart
STOPS = frozenset({"cancel", "ignore"})


async def decide_by(database: Database, sale: Sale, wish: str, prints: Sequence[Book]) -> None:
    """What a person does with this order, if it can be done now."""
    with contextlib.suppress(BridgeError):
        async with Store.open(database.url, clock=Clock()) as store:
            for record in await _found(store, sale):
                change = _wished(record, wish, prints)
                if change is not None:
                    await store.orders.intervene(record, change, WHO)
                    if wish in STOPS and sale.end == "printed":
                        sale.end = "perhaps"


async def _found(store: Store, sale: Sale) -> list[OrderRecord]:
    rows = await store.queries.find(sale.order.name)
    return [row for row in rows if row.order_id == sale.order.gid]


def _wished(record: OrderRecord, wish: str, prints: Sequence[Book]) -> Change | None:
    now = Clock().now()
    if wish == "resolve":
        return _truth(record, prints, now) if record.state is State.UNKNOWN else None
    verb = {
        "approve": decide.approve,
        "hold": decide.hold,
        "release": decide.release,
        "retry": decide.retry,
        "cancel": decide.cancel,
        "ignore": decide.ignore,
    }[wish]
    return verb(record, WHO, now)


def _truth(record: OrderRecord, prints: Sequence[Book], now: datetime, *, drop: bool = False) -> Change:
    """What Sculpteo's support would say of it: of this attempt, where it was ordered more than once."""
    if prints:
        named = record.attempt.id if record.attempt else ""
        own = [book for book in prints if book.mentions(named)] or prints
        return decide.placed_as(record, WHO, now, own[-1].reference)
    return decide.not_placed(record, WHO, now, drop=drop)


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do it again while the database's server is down: another run may have crashed it."""
    for _ in range(TRIES):
        try:
            return await work()
        except (StoreUnavailable, Away):
            await asyncio.sleep(0.25)
    return await work()


async def clean_up(database: Database, entries: Sequence[Entry]) -> bool:
    """Answer what only a person can, by what is true; gives whether there was anything to answer."""
    answered = False
    async with Store.open(database.url, clock=Clock()) as store:
        for entry in entries:
            if entry.record is None or entry.sale.end == "never":
                continue
            record = await store.queries.get(entry.record.key)
            if record is None:
                continue
            with contextlib.suppress(NotNow, Outdated):
                change = _answer(record, entry)
                if change is not None:
                    answered = True  # or will be: what moved in this moment is looked at again
                    await store.orders.intervene(record, change, WHO)
    return answered


def _answer(record: OrderRecord, entry: Entry) -> Change | None:
    now = Clock().now()
    wanted = entry.sale.end == "printed"
    match record.state:
        case State.UNKNOWN:
            return _truth(record, entry.prints, now, drop=not wanted)
        case State.ATTENTION if wanted:
            return decide.retry(record, WHO, now)
        case State.WAITING if wanted:
            return decide.approve(record, WHO, now)
        case _:
            return None


async def say_wrongly_not_placed(database: Database, sale: Sale) -> bool:
    """The slip that no software can prevent; gives whether it was believed."""
    async with Store.open(database.url, clock=Clock()) as store:
        for record in await _found(store, sale):
            if record.state is State.UNKNOWN:
                with contextlib.suppress(NotNow, Outdated):
                    change = decide.not_placed(record, WHO, Clock().now())
                    await store.orders.intervene(record, change, WHO)
                    return True
    return False


async def pause(database: Database, *, on: bool) -> None:
    """The stop switch."""
    async with Store.open(database.url, clock=Clock()) as store:
        if on:
            await store.switch.pause("*", WHO)
        else:
            await store.switch.resume("*")
