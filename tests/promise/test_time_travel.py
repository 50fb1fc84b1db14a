"""Time travel: the database is put back to what it was after any of its commits, once the order is done.

A restored backup, a failover and a point-in-time copy all do that, while the shop and Sculpteo go on from where
they are. Whatever the copy knows, it buys nothing again, and obeys the no of a person that it has never heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.decisions import transitions
from bridge.errors import StoreUnavailable
from bridge.order.model import LedgerEntry, Mode, PlaceResult, PrintStatus
from bridge.order.policy import ApprovalPolicy
from bridge.order.states import State
from bridge.runtime.worker import LEASE
from bridge.steps import place as placing
from bridge.store import Store
from bridge.store.engine import Database
from bridge.store.tables import metadata
from tests.promise import shop_changes
from tests.promise.memory_bridge import ORDER, Day
from tests.support.fake_upstreams import Crash, Fate, MemoryPrinter, MemoryShop, SteppedClock
from tests.support.postgres import Server, postgres

__all__ = ["postgres"]

HOUR = timedelta(hours=1)
PASSING = {"id", "lease_owner", "lease_token", "lease_until", "due_at", "updated_at", "news", "name"}
Rows = dict[str, list[dict[str, Any]]]
Plot = Callable[[Day], Awaitable[None]]


class Copies:
    """The rows of a database after each of its commits, as a dump has them."""

    def __init__(self, url: str) -> None:
        driver = url.replace("postgresql:", "postgresql+psycopg:")
        self._engine = sa.create_engine(driver)
        self.taken: list[Rows] = []

    def close(self) -> None:
        self._engine.dispose()

    def take(self) -> None:
        with self._engine.connect() as connection:
            rows = {
                table.name: [
                    dict(row._mapping)
                    for row in connection.execute(sa.text(f"SELECT * FROM {table}"))  # noqa: S608 - our own names
                ]
                for table in metadata.sorted_tables
            }
        if not any(_matters(rows) == _matters(known) for known in self.taken):
            self.taken.append(rows)

    def put_back(self, rows: Rows) -> None:
        mark = "?" if self._engine.dialect.name == "sqlite" else "%s"
        with self._engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
            for name in (table.name for table in metadata.sorted_tables):
                for row in rows[name]:
                    names, marks = ", ".join(row), ", ".join([mark] * len(row))
                    text = f"INSERT INTO {name} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
                    connection.exec_driver_sql(text, tuple(row.values()))


def _matters(rows: Rows) -> list[Any]:
    """What a copy knows of orders and purchases; copies that differ only in leases and times begin alike."""
    return [
        [{name: value for name, value in row.items() if name not in PASSING} for row in rows[table]]
        for table in ("orders", "attempts", "notifications", "pauses")
    ]


@contextlib.contextmanager
def copied_at_each_commit(copies: Copies, patch: pytest.MonkeyPatch) -> Iterator[None]:
    real = Database.write

    async def write(self: Database, work: Any) -> Any:
        try:
            return await real(self, work)
        finally:
            copies.take()

    with patch.context() as within:
        within.setattr(Database, "write", write)
        copies.take()
        yield


@pytest.fixture
def copies(url: str) -> Iterator[Copies]:
    made = Copies(url)
    yield made
    made.close()


@asynccontextmanager
async def day_on(url: str) -> AsyncIterator[Day]:
    clock, fate = SteppedClock(), Fate()
    async with Store.open(url, clock=clock) as store:
        yield Day(store, clock, fate, MemoryShop(clock, fate), MemoryPrinter(clock, fate))


# --- what may happen to an order ---------------------------------------------------------------------------


async def plain(day: Day) -> None:
    await day.comes()
    await day.works()


async def to_the_end(day: Day) -> None:
    await plain(day)
    (bought,) = day.printer.books
    day.printer.ships(bought, "1Z1")
    day.clock.time += HOUR
    await day.works()
    assert (await day.record()).state is State.DONE


def with_printer(*faults: str) -> Plot:
    async def plot(day: Day) -> None:
        day.fate.printer[:] = faults
        await later(day)

    return plot


def with_shop(*faults: str) -> Plot:
    async def plot(day: Day) -> None:
        day.fate.shop[:] = faults
        await later(day)

    return plot


async def later(day: Day) -> None:
    await day.comes()
    for _ in range(3):
        await day.works()
        day.clock.time += timedelta(minutes=10)


def killed(calls: int) -> Plot:
    """The process dies at its so many-th call of the shop or of Sculpteo."""

    async def plot(day: Day) -> None:
        day.fate.crash_in = calls
        await day.comes()
        await day.dies()
        await day.works()
        if (await day.record()).state is State.UNKNOWN and not day.prints:
            await day.decides(transitions.resolve_as_not_placed)
            await day.works()

    return plot


def during(moment: str, what: Callable[[Day], Any]) -> Plot:
    async def plot(day: Day) -> None:
        day.fate.meanwhile[moment] = lambda: what(day)
        await later(day)

    return plot


def dies(day: Day) -> None:
    raise Crash


def killed_during(moment: str) -> Plot:
    async def plot(day: Day) -> None:
        day.fate.meanwhile[moment] = lambda: dies(day)
        await day.comes()
        await day.dies()
        await day.works()
        if not day.prints:
            await day.decides(transitions.resolve_as_not_placed)
            await day.works()

    return plot


async def healed(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    await day.calls("REF00000")
    await day.works()


async def denied_and_confirmed(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    await day.store.switch.pause_ordering("*", "anna")
    await day.decides(transitions.resolve_as_not_placed)
    await day.works()
    await day.calls("REF00000")
    await day.works()
    await day.store.switch.resume_ordering("*")
    await day.works()


async def denied_rightly(day: Day) -> None:
    await day.unknown(at_sculpteo=False)
    await day.decides(transitions.resolve_as_not_placed)
    await day.works()


async def named_by_a_person(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    await day.decides(transitions.resolve_as_placed, "REF00000")
    await day.works()


async def refused_then_tried_again(day: Day) -> None:
    day.fate.printer[:] = ["refused"]
    await plain(day)
    await day.decides(transitions.retry_order)
    await day.works()


async def refused_while_the_shop_is_away(day: Day) -> None:
    day.fate.printer[:] = ["refused"]

    async def away() -> None:
        day.fate.shop[:] = ["before", "before"]

    day.fate.meanwhile["sent"] = away
    await plain(day)
    await day.decides(transitions.retry_order)
    await day.works()


async def printed_again(day: Day) -> None:
    await plain(day)
    day.printer.books["REF00000"].status = PrintStatus.CANCELLED
    day.clock.time += HOUR
    await day.works()
    await day.decides(transitions.print_again)
    await day.works()


async def answered_late(day: Day) -> None:
    """The database is away while the answer comes; it is found when the order is looked at again."""
    real = day.store.orders
    kept: list[tuple[int, PlaceResult]] = []

    class Away:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        async def keep_answer(self, attempt: int, receipt: PlaceResult) -> None:
            kept.append((attempt, receipt))
            raise StoreUnavailable("the disk is full")

    day.store.orders = Away()  # type: ignore[assignment] # one verb of it fails
    day.fate.meanwhile["read"] = lambda: None
    await plain(day)
    day.store.orders = real
    day.clock.time += LEASE
    await day.works()
    await real.keep_answer(*kept[0])
    await day.works()


def another_note(day: Day) -> None:
    entry = LedgerEntry("another", "t", "void", Mode.LIVE, "v1", day.clock.now())
    day.shop.ledgers[ORDER] = (entry, "another-digest")


async def another_worker(day: Day) -> None:
    """The step is frozen between the last look and the first byte, and another worker takes the order."""
    day.clock.time += 2 * LEASE
    await day.works()


async def taken_over(day: Day) -> None:
    day.fate.meanwhile["written"] = lambda: another_worker(day)
    await plain(day)
    assert not day.prints
    await day.news()  # as the worker does that lost its lease
    await day.works()


async def pause_and_resume(day: Day) -> None:
    await day.store.switch.pause_ordering("*", "anna")


async def paused_for_a_while(day: Day) -> None:
    day.fate.meanwhile["written"] = lambda: pause_and_resume(day)
    await plain(day)
    await day.store.switch.resume_ordering("*")
    await day.works()


async def reopened(day: Day) -> None:
    await forbidden(transitions.cancel_order)(day)
    await day.decides(transitions.reopen_order)
    day.policy = replace(day.policy, approval=ApprovalPolicy())
    await day.works()


def forbidden(wish: Any, *, shop: tuple[str, ...] = ()) -> Plot:
    """A person says no while the approval window is open."""

    async def plot(day: Day) -> None:
        day.policy = replace(day.policy, approval=ApprovalPolicy(delay=HOUR))
        await plain(day)
        assert not day.prints
        day.fate.shop[:] = shop
        await day.decides(wish)
        for _ in range(3):
            await day.works()
            day.clock.time += timedelta(minutes=5)

    return plot


async def dropped(day: Day) -> None:
    await day.unknown(at_sculpteo=False)
    await day.decides(transitions.drop_order)
    await day.works()


BOUGHT: dict[str, Plot] = {
    "plain": plain,
    "to the last parcel": to_the_end,
    "no connection": with_printer("before"),
    "lost answer": with_printer("after"),
    "lost answer, then Sculpteo's call": healed,
    "5xx, then a person says that it is not there": denied_rightly,
    "a person denies it wrongly, Sculpteo calls": denied_and_confirmed,
    "a person gives the reference": named_by_a_person,
    "refused, then tried again": refused_then_tried_again,
    "refused while the shop is away": refused_while_the_shop_is_away,
    "cancelled there and printed again": printed_again,
    "the answer is stored late": answered_late,
    "the shop fails before the note": with_shop("ok", "ok", "before"),
    "the shop's answer to the note is lost": with_shop("ok", "ok", "after"),
    "the shop's answer to the note is lost, and then it is away": with_shop("ok", "ok", "after", "before"),
    "another bridge writes its note": during("connect", another_note),
    "news between the look and the first byte": during("written", lambda day: day.news()),
    "the order changes while it is connected": during(
        "connect", lambda day: day.change(**shop_changes.more_units(day.shop.orders[ORDER]))
    ),
    "paused between the look and the first byte": paused_for_a_while,
    "another worker takes over in the gate": taken_over,
    "cancelled and reopened": reopened,
    **{f"killed during {moment}": killed_during(moment) for moment in ("connect", "written", "sent")},
    **{f"killed at call {number}": killed(number) for number in range(1, 13)},
}
FORBIDDEN: dict[str, tuple[Plot, State]] = {
    "cancelled": (forbidden(transitions.cancel_order), State.CANCELLED),
    "ignored": (forbidden(transitions.ignore_order), State.IGNORED),
    "held": (forbidden(transitions.hold_order), State.WAITING),
    "cancelled while the shop is away": (
        forbidden(transitions.cancel_order, shop=("before", "ok", "before")),
        State.CANCELLED,
    ),
    "cancelled, and the shop's answer is lost": (
        forbidden(transitions.cancel_order, shop=("ok", "after")),
        State.CANCELLED,
    ),
    "dropped": (dropped, State.CANCELLED),
}


# --- and no copy buys again --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def migrated(postgres: Server) -> str:
    url = postgres.create_database()

    async def make() -> None:
        async with Store.open(url, clock=SteppedClock()):
            pass

    asyncio.run(make())
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def url(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> Iterator[str]:
    if request.param == "sqlite":
        shutil.copy(template, tmp_path / "bridge.db")
        yield f"sqlite:///{tmp_path / 'bridge.db'}"
        return
    server: Server = request.getfixturevalue("postgres")
    database: str = request.getfixturevalue("migrated")
    yield database
    server.empty(database, [table.name for table in metadata.sorted_tables])


async def goes_on(day: Day) -> None:
    """The bridge starts on the copy: word of the order comes, and hours pass."""
    day.clock.time += 10 * LEASE
    for _ in range(2):
        await day.news()
        await day.works(at_most=12)
        day.clock.time += 2 * HOUR


async def each_copy(day: Day, copies: Copies) -> AsyncIterator[int]:
    """Start from each copy, with the shop and Sculpteo as they are once the order is done."""
    orders, ledgers, sent = dict(day.shop.orders), dict(day.shop.ledgers), list(day.printer.sent)
    books = {name: replace(one) for name, one in day.printer.books.items()}
    done = day.clock.true
    day.fate.shop.clear()
    day.fate.printer.clear()
    for number, rows in enumerate(copies.taken):
        copies.put_back(rows)
        day.clock.true = done
        day.shop.orders, day.shop.ledgers = dict(orders), dict(ledgers)
        day.printer.books = {name: replace(one) for name, one in books.items()}
        day.printer.sent[:] = sent
        await goes_on(day)
        yield number


@pytest.mark.parametrize("name", BOUGHT)
async def test_no_copy_of_the_database_buys_again(
    url: str, copies: Copies, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "KEEP_AGAIN", ())
    async with day_on(url) as day:
        with copied_at_each_commit(copies, monkeypatch):
            await BOUGHT[name](day)
        prints = day.prints
        assert prints == (2 if BOUGHT[name] is printed_again else 1)
        assert len(copies.taken) > 4
        async for number in each_copy(day, copies):
            assert day.prints == prints, f"copy {number} of {len(copies.taken)} bought again"


@pytest.mark.parametrize("name", FORBIDDEN)
async def test_no_copy_of_the_database_buys_what_a_person_said_no_to(
    url: str, copies: Copies, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plot, state = FORBIDDEN[name]
    async with day_on(url) as day:
        with copied_at_each_commit(copies, monkeypatch):
            await plot(day)
        before = await day.record()
        assert (before.state, before.decision_noted, day.prints) == (state, True, 0)
        day.policy = replace(day.policy, approval=ApprovalPolicy())
        async for number in each_copy(day, copies):
            record = await day.record()
            shown = (record.state, record.held_by, day.prints)
            assert shown == (state, before.held_by, 0), f"copy {number} of {len(copies.taken)}"
            assert record.decision is not None and record.decision.who == "anna"
