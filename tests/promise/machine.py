"""The promise, as a state machine: the real steps and the real store among crashes, faults, duplicates,
reordering, restores, people, and a shop that changes underneath.

The invariants:

1.  At most one real print per Shopify order, unless a person said of the first that it does not exist.
2.  Every paid, mapped order that can be shipped is bought, or stands with a named reason.
3.  What was bought is what the order on record says.
4.  Each parcel is in the shop once.
5.  Nothing moves backwards: what Sculpteo has is never waiting, cancelled or ignored again.
6.  An order that is cancelled here was not bought.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.errors import BridgeError, LeaseLost, Outdated, StoreUnavailable
from bridge.order.model import Parcel, PrintStatus
from bridge.order.states import State
from bridge.ports import ApprovalPolicy, Notice, OrderRecord, Policy
from bridge.steps import decide
from bridge.steps.job import Job, World
from bridge.steps.reconcile import reconcile
from bridge.store.store import Store
from bridge.worker import LEASE, run_step
from tests.promise.world import Crash, Fate, MemoryPrinter, MemoryShop, NoInvoice, SteppedClock
from tests.steps.make import RING, Mapped, line, order, policy

NAMES = ("#1", "#2", "#3")
BOUGHT = {State.PLACED, State.SHIPPED, State.DONE}


class Promise(RuleBasedStateMachine):
    """One shop with three orders, one bridge that dies and is restored, one person."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="promise-"))
        self.runner = asyncio.Runner()
        self.clock = SteppedClock()
        self.fate = Fate()
        self.shop = MemoryShop(self.clock, self.fate)
        self.printer = MemoryPrinter(self.clock, self.fate)
        self.policy: Policy = policy(
            approval=ApprovalPolicy(delay=timedelta(minutes=30)), poll=timedelta(minutes=20)
        )
        self.lied: set[str] = set()  # orders of which a person said "not placed" although it was
        self.lost_ledger: set[str] = set()  # orders bought while the ledger could not be written
        self.store: Store | None = None
        self.backup: Path | None = None

    # --- the process -------------------------------------------------------------------------------------

    def url(self) -> str:
        return f"sqlite:///{self.folder / 'bridge.db'}"

    def open(self) -> Store:
        if self.store is None:
            self.opening = AsyncExitStack()
            store = Store.open(self.url(), clock=self.clock)
            self.store = self.runner.run(self.opening.enter_async_context(store))
        return self.store

    def close(self) -> None:
        if self.store is not None:
            self.runner.run(self.opening.aclose())
            self.store = None

    def world(self) -> World:
        return World(
            clock=self.clock,
            orders=self.open().orders,
            shops={"acme": self.shop},
            printer=self.printer,
            catalog=Mapped(RING=(RING,)),
            invoicer=NoInvoice(self.fate),
            policy=self.policy,
            random=Random(1),
        )

    def run(self, work: Any) -> Any:
        """Run something of the process; its death ends only the process."""
        try:
            return self.runner.run(work)
        except Crash:
            self.close()
        except (BridgeError, StoreUnavailable):
            pass
        return None

    async def _work(self, world: World) -> bool:
        """What the worker does with one due order."""
        claimed = await world.orders.claim("worker", limit=1, lease_for=LEASE)
        for record in claimed:
            job = Job(record, world)
            try:
                change = await run_step(job)
                self.fate.tick()
                await world.orders.record(job.record, change)
                self.fate.tick()
            except LeaseLost:
                await world.orders.notice(Notice("acme", record.order_id, "worker"))
        return bool(claimed)

    def records(self) -> list[OrderRecord]:
        queries = self.open().queries

        async def read() -> list[OrderRecord]:
            ids = (f"gid://shopify/Order/{name[1:]}" for name in NAMES)
            return [record for order_id in ids for record in await queries.find(order_id)]

        return self.runner.run(read())

    def record_of(self, name: str) -> OrderRecord | None:
        return next(
            (one for one in self.records() if one.order_id == f"gid://shopify/Order/{name[1:]}"), None
        )

    # --- the shop ----------------------------------------------------------------------------------------

    @initialize(ledger=st.sampled_from([True, True, True, False]))
    def begin(self, ledger: bool) -> None:
        self.shop.ledger_writable = ledger
        self.run(reconcile("acme", self.shop, self.open().orders, self.open().memory, self.clock))

    @rule(name=st.sampled_from(NAMES), quantity=st.integers(1, 3), paid=st.booleans())
    def order_comes(self, name: str, quantity: int, paid: bool) -> None:
        order_id = f"gid://shopify/Order/{name[1:]}"
        if order_id in self.shop.orders:
            return
        made = replace(
            order(line(1, "RING", quantity), line(2, "TEE")),
            id=order_id,
            name=name,
            created_at=self.clock.now(),
            fully_paid=paid,
            financial_status="PAID" if paid else "PENDING",
        )
        self.shop.touch(made)

    @rule(
        name=st.sampled_from(NAMES),
        kind=st.sampled_from(["pay", "cancel", "refund", "edit", "hold", "open", "ship"]),
    )
    def shop_changes(self, name: str, kind: str) -> None:
        known = self.shop.orders.get(f"gid://shopify/Order/{name[1:]}")
        if known is None:
            return
        unit = known.fulfillment_orders[0]
        changes: dict[str, dict[str, Any]] = {
            "pay": {"fully_paid": True, "financial_status": "PAID"},
            "cancel": {"cancelled_at": self.clock.now()},
            "refund": {"financial_status": "REFUNDED"},
            "edit": {"note": "call me"},
            "hold": {"fulfillment_orders": (replace(unit, status="ON_HOLD", actions=()),)},
            "open": {"fulfillment_orders": (replace(unit, status="OPEN", actions=("CREATE_FULFILLMENT",)),)},
            "ship": {
                "fulfillment_orders": (
                    replace(
                        unit,
                        status="CLOSED",
                        actions=(),
                        lines=tuple(replace(row, remaining=0) for row in unit.lines),
                    ),
                )
            },
        }
        if kind in {"hold", "open"} and all(row.remaining == 0 for row in unit.lines):
            return
        self.shop.touch(replace(known, **changes[kind]))

    @rule(name=st.sampled_from(NAMES), paid_now=st.booleans())
    def word_comes(self, name: str, paid_now: bool) -> None:
        order_id = f"gid://shopify/Order/{name[1:]}"
        if order_id in self.shop.orders:
            self.run(self.world().orders.notice(Notice("acme", order_id, "webhook", name, paid_now)))

    @rule()
    def reconciles(self) -> None:
        self.run(reconcile("acme", self.shop, self.open().orders, self.open().memory, self.clock))

    # --- the bridge --------------------------------------------------------------------------------------

    @rule(steps=st.integers(1, 6))
    def works(self, steps: int) -> None:
        for _ in range(steps):
            self.run(self._work(self.world()))

    @rule(calls=st.integers(1, 12), steps=st.integers(1, 3))
    def dies_while_working(self, calls: int, steps: int) -> None:
        self.fate.crash_in = calls
        for _ in range(steps):
            self.run(self._work(self.world()))
        self.fate.crash_in = None
        self.clock.time += LEASE

    @rule(minutes=st.sampled_from([1, 20, 45, 600]))
    def time_passes(self, minutes: int) -> None:
        self.clock.time += timedelta(minutes=minutes)

    @rule(faults=st.lists(st.sampled_from(["before", "after", "ok"]), max_size=4))
    def shop_fails(self, faults: list[str]) -> None:
        self.fate.shop[:] = faults

    @rule(fault=st.sampled_from(["before", "after", "nothing", "refused", "track"]))
    def printer_fails(self, fault: str) -> None:
        self.fate.printer[:] = [fault]

    @rule()
    def is_backed_up(self) -> None:
        self.open()
        self.close()
        self.backup = self.folder / "backup.db"
        shutil.copy(self.folder / "bridge.db", self.backup)

    @precondition(lambda self: self.backup is not None and self.shop.ledger_writable)
    @rule()
    def is_restored(self) -> None:
        assert self.backup is not None
        self.close()
        self._delete_database()
        shutil.copy(self.backup, self.folder / "bridge.db")
        self.clock.time += LEASE

    def _delete_database(self) -> None:
        for file in self.folder.glob("bridge.db*"):
            file.unlink()

    @precondition(lambda self: self.shop.ledger_writable)
    @rule()
    def loses_its_database(self) -> None:
        self.close()
        self._delete_database()

    # --- Sculpteo ----------------------------------------------------------------------------------------

    @precondition(lambda self: bool(self.printer.books))
    @rule(which=st.integers(0, 20), status=st.sampled_from(list(PrintStatus)), parcels=st.integers(0, 2))
    def printer_goes_on(self, which: int, status: PrintStatus, parcels: int) -> None:
        entry = list(self.printer.books.values())[which % len(self.printer.books)]
        if entry.status in {PrintStatus.API_TEST, PrintStatus.CANCELLED} or status is PrintStatus.API_TEST:
            return
        entry.status = status
        if status in {PrintStatus.SHIPPED, PrintStatus.IN_PROCESS}:
            entry.parcels += tuple(
                Parcel(f"1Z{entry.reference}{len(entry.parcels) + one}", "UPS") for one in range(parcels)
            )

    @precondition(lambda self: bool(self.printer.books))
    @rule(which=st.integers(0, 20))
    def sculpteo_calls(self, which: int) -> None:
        entry = list(self.printer.books.values())[which % len(self.printer.books)]
        self.run(self.open().calls.notify(entry.token, entry.reference, b""))

    # --- people ------------------------------------------------------------------------------------------

    @rule(
        name=st.sampled_from(NAMES),
        wish=st.sampled_from(["approve", "hold", "release", "retry", "ignore", "cancel", "reopen", "resend"]),
    )
    def person_decides(self, name: str, wish: str) -> None:
        record = self.record_of(name)
        if record is not None:
            self._decide(record, lambda: getattr(decide, wish)(record, "anna", self.clock.now()))

    @rule(name=st.sampled_from(NAMES))
    def person_resolves(self, name: str) -> None:
        record = self.record_of(name)
        if record is None or record.state is not State.UNKNOWN:
            return
        there = self.printer.real_prints(name)
        now = self.clock.now()
        if there:
            self._decide(record, lambda: decide.placed_as(record, "anna", now, there[0].reference))
        else:
            self._decide(record, lambda: decide.not_placed(record, "anna", now))

    @rule(name=st.sampled_from(NAMES), drop=st.booleans())
    def person_is_wrong(self, name: str, drop: bool) -> None:
        record = self.record_of(name)
        if record is None or record.state is not State.UNKNOWN:
            return
        if self._decide(record, lambda: decide.not_placed(record, "anna", self.clock.now(), drop=drop)):
            self.lied.add(name)

    def _decide(self, record: OrderRecord, wish: Any) -> bool:
        try:
            self.runner.run(self.open().orders.intervene(record, wish(), "anna"))
        except (decide.NotNow, Outdated):
            return False
        return True

    # --- what must hold ----------------------------------------------------------------------------------

    @invariant()
    def no_order_is_printed_twice(self) -> None:
        for name in NAMES:
            prints = self.printer.real_prints(name)
            if name not in self.lied:
                assert len(prints) <= 1, f"{name} was printed {len(prints)} times"

    @invariant()
    def each_parcel_is_in_the_shop_once(self) -> None:
        for shop_order in self.shop.orders.values():
            numbers = [one.number for made in shop_order.fulfillments for one in made.tracking if one.number]
            assert len(numbers) == len(set(numbers)), numbers

    @invariant()
    def what_is_cancelled_or_ignored_here_was_not_bought(self) -> None:
        if self.store is None:
            return
        for record in self.records():
            name = f"#{record.order_id.rpartition('/')[2]}"
            if record.state in {State.CANCELLED, State.WAITING, State.RECEIVED} and record.name:
                bought = [
                    one for one in self.printer.real_prints(name) if self._known_here(record, one.reference)
                ]
                assert not bought or name in self.lied, f"{name} is {record.state} although it was bought"

    def _known_here(self, record: OrderRecord, reference: str) -> bool:
        return record.attempt is not None and record.attempt.reference == reference

    def teardown(self) -> None:
        """At the end of the day, with nothing failing any more, nobody is left out."""
        try:
            self._end_of_day()
        finally:
            self.close()
            self.runner.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end_of_day(self) -> None:
        self.fate.shop.clear()
        self.fate.printer.clear()
        self.fate.crash_in = None
        for _ in range(3):
            self.clock.time += timedelta(hours=1)
            self.run(reconcile("acme", self.shop, self.open().orders, self.open().memory, self.clock))
            for _ in range(40):
                if not self.run(self._work(self.world())):
                    break
        self.no_order_is_printed_twice()
        self.each_parcel_is_in_the_shop_once()
        for shop_order in self.shop.orders.values():
            record = self.record_of(shop_order.name)
            assert record is not None, f"{shop_order.name} was lost"
            self._is_accounted_for(record)

    def _is_accounted_for(self, record: OrderRecord) -> None:
        name = f"#{record.order_id.rpartition('/')[2]}"
        assert record.state not in {State.RECEIVED, State.PLACING}, f"{name} is stuck in {record.state}"
        if record.state in {State.WAITING, State.CANCELLED, State.IGNORED}:
            assert record.reason, f"{name} is {record.state} without a reason"
        if record.state is State.ATTENTION:
            assert record.problem, f"{name} needs attention for no named problem"
        if record.state in BOUGHT:
            entry = self.printer.books.get(record.reference or "")
            assert entry is not None, f"{name} has a reference that Sculpteo does not know"
            bought = [(item.design.uuid, item.quantity) for item in entry.order.items]
            kept = [(item.design.uuid, item.quantity) for item in record.items]
            assert bought == kept or not kept, f"{name}: bought {bought}, on record {kept}"
