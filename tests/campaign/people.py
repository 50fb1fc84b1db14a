"""The people of a campaign: the one at the console on the day, and the one who cleans up at the end of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from bridge.decisions import transitions
from bridge.decisions.refusals import NotNow
from bridge.errors import BridgeError, StaleDecision, StoreUnavailable
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord, Transition
from bridge.order.states import State
from bridge.sandbox.sculpteo.model import Book
from bridge.store.store import Store
from tests.campaign.databases import Away, Clock, Database
from tests.campaign.ledger import Entry
from tests.campaign.order_kinds import Sale
from tests.campaign.witness import Witness

T = TypeVar("T")

WHO = "campaign"
TRIES = 80  # a quarter of a second apart
STOPS = frozenset({"cancel", "ignore"})


async def decide_by(
    database: Database,
    sale: Sale,
    wish: str,
    prints: Sequence[Book],
    witness: Witness,
    *,
    slow: float = 0.0,
) -> None:
    """What a person does with this order, if it can be done now; as they were shown it so many seconds ago."""
    with contextlib.suppress(BridgeError):
        async with Store.open(database.url, clock=Clock()) as store:
            shown = await _found(store, sale)
            await asyncio.sleep(slow)
            for record in shown:
                change = _wished(record, wish, prints)
                if change is not None:
                    await _decide(store, record, change, wish, witness)
                    if wish in STOPS and sale.end == "printed":
                        sale.end = "perhaps"
                    if wish == "approve" and sale.end == "never":
                        sale.end = "perhaps"


async def _decide(store: Store, record: OrderRecord, change: Transition, wish: str, witness: Witness) -> None:
    """Have it written, if the order still is what the person saw. The witness hears of a yes before it can lead
    to anything, and of a no when it is in force."""
    yes = wish == "approve"
    if yes:
        witness.approved(record)
    try:
        await store.orders.apply_decision(record, change, WHO)
    except (NotNow, StaleDecision):
        if yes:
            witness.refused(record)
        raise
    if wish in STOPS | {"hold"}:
        witness.stopped(record.name or "", wish)
    elif wish in {"approve", "release"}:
        witness.let_go(record.name or "")


async def _found(store: Store, sale: Sale) -> list[OrderRecord]:
    rows = await store.queries.search_orders(sale.order.name)
    return [row for row in rows if row.order_id == sale.order.gid]


def _wished(record: OrderRecord, wish: str, prints: Sequence[Book]) -> Transition | None:
    now = Clock().now()
    if wish == "resolve":
        return _truth(record, prints, now) if record.state is State.UNKNOWN else None
    verb = {
        "approve": transitions.approve_order,
        "hold": transitions.hold_order,
        "release": transitions.release_order,
        "retry": transitions.retry_order,
        "cancel": transitions.cancel_order,
        "ignore": transitions.ignore_order,
    }[wish]
    return verb(record, WHO, now)


def _truth(record: OrderRecord, prints: Sequence[Book], now: datetime, *, drop: bool = False) -> Transition:
    """What Sculpteo's support would say of it: of this attempt, where it was ordered more than once."""
    if prints:
        named = record.attempt.id if record.attempt else ""
        own = [book for book in prints if book.mentions(named)] or prints
        return transitions.resolve_as_placed(record, WHO, now, own[-1].reference)
    return transitions.resolve_as_not_placed(record, WHO, now, drop=drop)


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do it again while the database's server is down: another run may have crashed it."""
    for _ in range(TRIES):
        try:
            return await work()
        except (StoreUnavailable, Away):
            await asyncio.sleep(0.25)
    return await work()


async def clean_up(database: Database, entries: Sequence[Entry], witness: Witness) -> bool:
    """Answer what only a person can, by what is true; gives whether there was anything to answer."""
    answered = False
    async with Store.open(database.url, clock=Clock()) as store:
        for entry in entries:
            if entry.record is None or entry.sale.end == "never":
                continue
            record = await store.queries.find_order(entry.record.key)
            if record is None:
                continue
            with contextlib.suppress(NotNow, StaleDecision):
                found = _answer(record, entry)
                if found is not None:
                    wish, change = found
                    answered = True  # or will be: what moved in this moment is looked at again
                    await _decide(store, record, change, wish, witness)
    return answered


def _answer(record: OrderRecord, entry: Entry) -> tuple[str, Transition] | None:
    now = Clock().now()
    wanted = entry.sale.end == "printed"
    match record.state:
        case State.UNKNOWN:
            return "resolve", _truth(record, entry.prints, now, drop=not wanted)
        case State.ATTENTION if wanted and record.problem in transitions.APPROVABLE:
            return "approve", transitions.approve_order(record, WHO, now)
        case State.ATTENTION if wanted or record.damage:
            return "retry", transitions.retry_order(record, WHO, now)
        case State.WAITING if wanted:
            return "approve", transitions.approve_order(record, WHO, now)
        case _:
            return None


async def say_wrongly_not_placed(database: Database, sale: Sale) -> bool:
    """The slip that no software can prevent; gives whether it was believed."""
    async with Store.open(database.url, clock=Clock()) as store:
        for record in await _found(store, sale):
            if record.state is State.UNKNOWN:
                with contextlib.suppress(NotNow, StaleDecision):
                    change = transitions.resolve_as_not_placed(record, WHO, Clock().now())
                    await store.orders.apply_decision(record, change, WHO)
                    return True
    return False


async def after_a_stop(database: Database, sale: Sale, wish: str, witness: Witness) -> bool:
    """What a person does with an order that Sculpteo has cancelled: have it “printed again”, or “ignored”. Gives
    whether it was one."""
    now = Clock().now()
    async with Store.open(database.url, clock=Clock()) as store:
        for record in await _found(store, sale):
            if record.state is State.ATTENTION and record.problem == Problem.CANCELLED_AT_SCULPTEO:
                again = wish == "printed again"
                change = (transitions.print_again if again else transitions.ignore_order)(record, WHO, now)
                with contextlib.suppress(NotNow, StaleDecision):
                    await _decide(store, record, change, "again" if again else "ignore", witness)
                    return True
    return False


async def pause(database: Database, witness: Witness, *, on: bool) -> None:
    """The stop switch."""
    async with Store.open(database.url, clock=Clock()) as store:
        if on:
            await store.switch.pause_ordering("*", WHO)
            witness.paused = True
        else:
            witness.paused = False
            await store.switch.resume_ordering("*")
