"""The promise, as a state machine: the real steps and the real store, on SQLite and PostgreSQL, among crashes,
faults, duplicates, reordering, restores, clocks that jump, two replicas, people, and a shop that changes
underneath, also in the middle of a purchase.

The invariants, each with an assertion that bears its number:

1.  At most one real print per Shopify order, unless a person said of the first that it does not exist, or had
    it printed again after Sculpteo cancelled it.
2.  Every order of the shop is on record, and at the end of the day each is bought or stands with a named reason.
3.  What was bought is what the order on record says.
4.  Each parcel is in the shop once, and never more units of a line than it has.
5.  Nothing moves backwards: what Sculpteo is known to have never waits, is cancelled or ignored again.
6.  The day's spending limit holds, over both replicas, for all that nobody approved.
7.  Nothing leaves while placing is paused.
8.  Nothing leaves for an order that the shop took back, holds or fulfilled before the last look at it.
9.  Evidence of a second print, or of one that a person denied, is an alarm.
10. In test mode nothing is printed for real.
11. No intent to buy takes the place of a note that says a person's no.
12. Of each purchase somebody asked for exactly this: what is from before go-live, from a rehearsal, not paid, sent
    from another location, above a limit or for a person to approve is bought only as a person approved it in live
    mode.
13. What was closed and Sculpteo makes after all is an alarm, whether it calls or only its page says so.

The replicas may work in different modes, and call the shop by different names; a row may be damaged.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.decisions import transitions
from bridge.decisions.actions import BY_NAME
from bridge.decisions.refusals import NotNow
from bridge.errors import BridgeError, LeaseLost, NeedsPerson, StaleDecision
from bridge.order.model import (
    PRODUCED,
    Mode,
    Parcel,
    PlaceResult,
    PrintOrder,
    PrintStatus,
    RawAnswer,
    ShopOrder,
    Verdict,
)
from bridge.order.policy import ApprovalPolicy, PaymentPolicy, Policy
from bridge.order.problems import Alarm
from bridge.order.records import Delivery, OrderRecord, OrderSignal
from bridge.order.states import State, Wait
from bridge.runtime.go_live import KeptGoLiveDates
from bridge.runtime.worker import (
    LEASE,
    run_step,
)
from bridge.shopify.webhooks import interpret
from bridge.steps.accept import accept
from bridge.steps.cancellation import find_withdrawal_reason
from bridge.steps.context import (
    StepContext,
    StepRun,
)
from bridge.steps.reconcile import reconcile
from bridge.store.shops import ShopIdentity
from bridge.store.store import Store
from tests.promise import shop_changes
from tests.promise.purchase_rights import Asked
from tests.promise.replicas import REPLICAS, Database, House
from tests.support.fake_upstreams import (
    START,
    Crash,
    Fate,
    MemoryPrinter,
    MemoryShop,
    NoInvoice,
    SteppedClock,
)
from tests.support.order_factories import RING, Mapped, euro, line, order, policy

NAMES = ("#1", "#2", "#3")
BOUGHT = {State.PLACED, State.SHIPPED, State.DONE}
FREE = {State.WAITING, State.RECEIVED, State.CANCELLED, State.IGNORED}
MOMENTS = ("price", "invoice", "written", "connect", "sent")
CATALOGS = {
    "v1": {"RING": (RING,)},
    "v2": {"RING": (replace(RING, material="gold"),)},
    "v3": {},
}
SHOP_CHANGES: dict[str, shop_changes.ShopChange] = {
    "pay": lambda order: {"fully_paid": True, "financial_status": "PAID"},
    "cancel": shop_changes.cancelled,
    "refund": shop_changes.refunded,
    "refund a unit": shop_changes.partly_refunded,
    "add units": shop_changes.more_units,
    "add a line": shop_changes.one_line_more,
    "remove the line": shop_changes.printed_line_removed,
    "write a note": lambda order: {"note": "call me"},
    "authorize": shop_changes.authorized,
    "pay in part": shop_changes.paid_in_part,
    "let the payment expire": shop_changes.payment_expired,
    "void the payment": shop_changes.payment_voided,
    "address": shop_changes.another_address,
    "move": shop_changes.moved,
    "hold": shop_changes.held,
    "open": lambda order: {
        "fulfillment_orders": tuple(
            replace(unit, status="OPEN", actions=("CREATE_FULFILLMENT",)) for unit in order.fulfillment_orders
        )
    },
    "ship": shop_changes.fulfilled_by_hand,
}
RULES: dict[str, dict[str, Any]] = {
    "none": {},
    "a person approves all": {"manual": True},
    "a limit per order": {"per_order": euro("12")},
    "since a day before": {"since": {"acme": START - timedelta(days=1)}},
    "an authorization is enough": {"payment": {"acme": PaymentPolicy("authorized")}},
    "a person approves what is not paid": {"payment": {"acme": PaymentPolicy("approve")}},
}
PAYMENTS: dict[str, shop_changes.ShopChange] = {
    "paid": lambda order: {},
    "pending": shop_changes.payment_taken_back,
    "authorized": shop_changes.authorized,
    "in part": shop_changes.paid_in_part,
}
DOMAIN = "acme.myshopify.com"
NAMES_OF_SHOP = ("acme", "boutique")
DAMAGE = {"items": "{", "snapshot": "[1]", "facts": "no"}
"""Columns of an order, and what no version of the bridge wrote there."""
EDITS = ("address", "add units", "add a line", "refund a unit", "move")
MONEY = {"pay", "refund", "authorize", "pay in part", "let the payment expire", "void the payment"}
ON_WHOLE_ORDERS = frozenset(SHOP_CHANGES) - MONEY - {"cancel", "write a note", "address"}
"""Changes that make the order's fulfillment orders anew: only where nothing of them is fulfilled yet."""


class Promise(RuleBasedStateMachine):
    """One shop with three orders, a bridge of two replicas that die and are restored, one person."""

    make_database: Callable[[Path], Database]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="promise-"))
        self.clock = SteppedClock()
        self.fate = Fate()
        self.shop = MemoryShop(self.clock, self.fate)
        self.printer = MemoryPrinter(self.clock, self.fate)
        self.printer.leaves = self._leaves
        self.keys = dict.fromkeys(REPLICAS, NAMES_OF_SHOP[0])  # what each replica calls the shop
        self.modes = dict.fromkeys(REPLICAS, Mode.LIVE)  # in which each replica works
        self.working = Mode.LIVE  # the mode of the step that runs, which keeps the one that it began with
        self.house = House(type(self).make_database(self.folder), self.clock, self._began)
        self.policy: Policy = policy()
        self.catalog = "v1"
        self.random = Random(1)
        self.lied: set[str] = set()  # orders of which a person said "not placed" although it was
        self.again: set[str] = set()  # orders that a person had printed again
        self.paused = False
        self.backed_up = False
        self.known: dict[str, str] = {}  # the reference of each order, as this database had it
        self.told: list[tuple[str, str]] = []  # (order, reference) that Sculpteo told this database of
        self.wrong: list[str] = []  # what the last moment before a first byte found amiss
        self.deliveries: list[Delivery] = []
        self.asked = Asked()
        self.unasked: list[str] = []  # purchases that nobody asked for
        self.go_live: dict[Store, KeptGoLiveDates] = {}

    # --- the process -------------------------------------------------------------------------------------

    def _began(self, replica: str, store: Store) -> None:
        """A process starts: it recognises its shop, whatever that is called."""
        shop = {self.keys[replica]: ShopIdentity(DOMAIN)}
        self.house.read(store.shops.resolve_shops(shop)).take_effect()

    def policy_of(self, replica: str) -> Policy:
        key = self.keys[replica]
        return replace(
            self.policy,
            mode=self.modes[replica],
            since=dict.fromkeys([key], *self.policy.since.values()) if self.policy.since else {},
            payment=dict.fromkeys([key], *self.policy.payment.values()) if self.policy.payment else {},
        )

    def world(self, store: Store, replica: str) -> StepContext:
        catalog = Mapped(**CATALOGS[self.catalog])
        catalog.version = self.catalog
        return StepContext(
            clock=self.clock,
            orders=store.orders,
            shops={self.keys[replica]: self.shop.seen_in(self.modes[replica])},
            printer=self.printer,
            catalog=catalog,
            invoicer=NoInvoice(self.fate),
            policy=self.policy_of(replica),
            random=self.random,
            go_live=self._go_live(store, replica),
        )

    def _go_live(self, store: Store, replica: str) -> KeptGoLiveDates:
        """The dates as one process keeps them, from its start or the last change of its mode on."""

        async def ask_shop(shop: str, mode: Mode, now: datetime) -> datetime:
            return self.asked.started.setdefault(mode, now)

        async def history() -> tuple[Mode | None, datetime | None, Mode | None]:
            found = await store.load_mode_history()
            return found.mode, found.since, found.before

        if store not in self.go_live:
            mode = self.modes[replica]
            self.go_live[store] = KeptGoLiveDates(mode, store.memory, self.clock, ask_shop, history)
        return self.go_live[store]

    async def _take_up_mode(self, store: Store, replica: str) -> None:
        """What the service does when it starts, and when the configuration says another mode."""
        self.go_live.pop(store, None)
        self._go_live(store, replica)
        self.asked.works_in(self.modes[replica], self.clock.time)
        await store.wake_for_mode(self.modes[replica])

    def _works_in(self, mode: Mode, *replicas: str) -> None:
        for replica in replicas or REPLICAS:
            self.modes[replica] = mode
            store = self.house.store(replica)
            self.house.read(self._take_up_mode(store, replica))

    async def _work(self, store: Store, replica: str) -> bool:
        """What the worker does with one due order, after the deliveries that are there."""
        before, self.working = self.working, self.modes[replica]
        try:
            return await self._work_in_mode(store, replica)
        finally:
            self.working = before

    async def _work_in_mode(self, store: Store, replica: str) -> bool:
        world = self.world(store, replica)
        for delivery in await store.inbox.list_pending(10):
            await accept(delivery, interpret, world.shops, store.inbox)
        claimed = await store.orders.claim_orders(replica, limit=1, lease_for=LEASE)
        for record in claimed:
            job = StepRun(record, world)
            try:
                change = await run_step(job)
                self.fate.tick()
                await world.orders.record_transition(job.record, change)
                self.asked.judged(name_of(job.record), change)
                self.fate.tick()
            except LeaseLost:
                await world.orders.receive_signal(OrderSignal(record.shop, record.order_id, "worker"))
        return bool(claimed)

    def records(self) -> list[OrderRecord]:
        queries = self.house.store().queries

        async def read() -> list[OrderRecord]:
            return [
                record
                for order_id in sorted(self.shop.orders)
                for record in await queries.search_orders(order_id)
            ]

        found: list[OrderRecord] = self.house.read(read())
        return found

    def record_of(self, name: str) -> OrderRecord | None:
        return next((one for one in self.records() if name_of(one) == name), None)

    def _leaves(self, request: PrintOrder) -> None:
        """In the moment of a first byte, behind all that could say no: was it to leave, and who asked for it?"""
        name = request.comments[0].split()[-1]
        if self.paused:
            self.wrong.append(f"(7) {name} left while placing was paused")
        order = self.shop.shown[f"gid://shopify/Order/{name[1:]}"]
        if _taken_back(order):
            self.wrong.append(f"(8) {name} left although it was {_taken_back(order)}")
        if request.fake:
            return
        if self.working is not Mode.LIVE:
            self.wrong.append(f"(10) a real print was bought in {self.working} mode")
            return
        why = self.asked.unasked(request, order, self.policy, self.printer.unit_price, self.clock.time)
        if why:
            self.unasked.append(why)

    @initialize(
        ledger=st.sampled_from([True, True, True, False]),
        limit=st.sampled_from([None, "35", "12"]),
        mode=st.sampled_from([Mode.LIVE, Mode.LIVE, Mode.LIVE, Mode.TEST]),
        delay=st.sampled_from([30, 30, 0]),
        rules=st.sampled_from(["none", "none", *RULES]),
        there_before=st.booleans(),
    )
    def begin(
        self, ledger: bool, limit: str | None, mode: Mode, delay: int, rules: str, there_before: bool
    ) -> None:
        self.shop.ledger_writable = ledger
        more = dict(RULES[rules])
        self.policy = policy(
            approval=ApprovalPolicy(delay=timedelta(minutes=delay), manual=more.pop("manual", False)),
            poll=timedelta(minutes=20),
            per_day=euro(limit) if limit else None,
            **more,
        )
        self._works_in(mode)
        if there_before:
            self.order_comes(NAMES[0], 1, payment="paid", days=2)
        self.order_comes(NAMES[1], 2, payment="paid", days=0)
        self.reconciles()

    # --- the shop ----------------------------------------------------------------------------------------

    @rule(
        name=st.sampled_from(NAMES),
        quantity=st.integers(1, 3),
        payment=st.sampled_from(["paid", "paid", *PAYMENTS]),
        days=st.sampled_from([0, 0, 0, 0, 2]),
    )
    def order_comes(self, name: str, quantity: int, payment: str, days: int) -> None:
        """Some come `days` after they were made, as an order that was imported, or drafted long ago."""
        order_id = f"gid://shopify/Order/{name[1:]}"
        if order_id in self.shop.orders:
            return
        made = replace(
            order(line(1, "RING", quantity), line(2, "TEE")),
            id=order_id,
            name=name,
            created_at=self.clock.truly() - timedelta(days=days),
        )
        self.shop.touch(replace(made, **PAYMENTS[payment](made)))

    @rule(name=st.sampled_from(NAMES), kind=st.sampled_from(sorted(SHOP_CHANGES)))
    def shop_changes(self, name: str, kind: str) -> None:
        known = self.shop.orders.get(f"gid://shopify/Order/{name[1:]}")
        if known is None or (kind in ON_WHOLE_ORDERS and not _whole(known)):
            return
        self.shop.touch(replace(known, **SHOP_CHANGES[kind](known)))

    @rule(
        name=st.sampled_from(NAMES), topic=st.sampled_from(["orders/create", "orders/paid", "orders/updated"])
    )
    def delivery_comes(self, name: str, topic: str) -> None:
        if f"gid://shopify/Order/{name[1:]}" in self.shop.orders:
            body = json.dumps({"admin_graphql_api_id": f"gid://shopify/Order/{name[1:]}", "name": name})
            number = len(self.deliveries)
            self.deliveries.append(Delivery("acme", f"id-{number}", topic, body.encode(), self.clock.now()))
            self._deliver(number)

    @precondition(lambda self: bool(self.deliveries))
    @rule(which=st.integers(0, 30))
    def delivery_comes_again(self, which: int) -> None:
        self._deliver(which % len(self.deliveries))

    def _deliver(self, number: int) -> None:
        delivery = replace(self.deliveries[number], shop=self.keys[REPLICAS[0]])
        self.house.run(self.house.store().inbox.add_delivery(delivery))

    @rule()
    def reconciles(self) -> None:
        store, name = self.house.store(), self.keys[REPLICAS[0]]
        self.house.run(reconcile(name, self.shop, store.orders, store.memory, self.clock))

    # --- the bridge --------------------------------------------------------------------------------------

    @rule(steps=st.integers(1, 6), replica=st.sampled_from(REPLICAS))
    def works(self, steps: int, replica: str) -> None:
        for _ in range(steps):
            self.house.run(self._work(self.house.store(replica), replica), replica)

    @rule(calls=st.integers(1, 14), steps=st.integers(1, 3), replica=st.sampled_from(REPLICAS))
    def dies_while_working(self, calls: int, steps: int, replica: str) -> None:
        self.fate.crash_in = calls
        self.works(steps, replica)
        self.fate.crash_in = None
        self.clock.time += LEASE

    @rule(
        moment=st.sampled_from(MOMENTS),
        kind=st.sampled_from(["freeze", "pause", "news", "time", *map(str, Mode), *sorted(SHOP_CHANGES)]),
        name=st.sampled_from(NAMES),
        told=st.booleans(),
        steps=st.integers(1, 4),
    )
    def something_happens_while_working(
        self, moment: str, kind: str, name: str, told: bool, steps: int
    ) -> None:
        """In the middle of a purchase: the other replica takes over, a pause, another mode, a change in the shop,
        minutes."""

        async def happens() -> None:
            crash, self.fate.crash_in = self.fate.crash_in, None
            other = stores[1]
            if kind == "freeze":
                self.clock.time += 2 * LEASE
                for _ in range(steps):
                    await self._quietly(self._work(other, REPLICAS[1]))
            elif kind == "pause":
                await other.switch.pause_ordering("*", "anna")
                self.paused = True
            elif kind in set(Mode):
                for replica, store in zip(REPLICAS, stores, strict=True):
                    self.modes[replica] = Mode(kind)
                    await self._take_up_mode(store, replica)
            elif kind in SHOP_CHANGES:
                self.shop_changes(name, kind)
            if told or kind == "news":
                shop, order_id = self.keys[REPLICAS[1]], f"gid://shopify/Order/{name[1:]}"
                await other.orders.receive_signal(OrderSignal(shop, order_id, "webhook", name))
            elif kind != "freeze":
                self.clock.time += timedelta(minutes=1)
            self.fate.crash_in = crash

        stores = self.house.both()
        self.fate.meanwhile[moment] = happens
        self.works(steps, REPLICAS[0])
        self.fate.meanwhile.clear()

    async def _quietly(self, work: Awaitable[Any]) -> None:
        try:
            await work
        except (BridgeError, Crash):
            return

    @rule(minutes=st.sampled_from([1, 20, 45, 600, 1500]))
    def time_passes(self, minutes: int) -> None:
        self.clock.time += timedelta(minutes=minutes)

    @rule(minutes=st.sampled_from([-1500, -90, -3, 90, 3000]))
    def clock_jumps(self, minutes: int) -> None:
        """The bridge's own clock is set; the shop's is right."""
        self.clock.skew += timedelta(minutes=minutes)

    @rule(faults=st.lists(st.sampled_from(["before", "after", "ok"]), max_size=4))
    def shop_fails(self, faults: list[str]) -> None:
        self.fate.shop[:] = faults

    @rule(fault=st.sampled_from(["before", "after", "nothing", "refused", "track"]))
    def printer_fails(self, fault: str) -> None:
        self.fate.printer[:] = [fault]

    @rule()
    def is_backed_up(self) -> None:
        self.house.stops()
        self.house.database.backup()
        self.asked.backed_up()
        self.backed_up = True

    @precondition(lambda self: self.backed_up and self.shop.ledger_writable)
    @rule()
    def is_restored(self) -> None:
        self.house.stops()
        self.house.database.restore()
        self.asked.restored()
        self._forgets()

    @precondition(lambda self: self.shop.ledger_writable)
    @rule()
    def loses_its_database(self) -> None:
        self.house.stops()
        self.house.database.lose()
        self.asked.lost()
        self._forgets()

    def _forgets(self) -> None:
        self.clock.time += LEASE
        self.known.clear()
        self.told.clear()
        self.paused = bool(self.house.read(self.house.store().switch.list_pauses()))
        for replica in REPLICAS:
            self._works_in(self.modes[replica], replica)

    @rule(catalog=st.sampled_from(sorted(CATALOGS)))
    def mapping_changes(self, catalog: str) -> None:
        self.catalog = catalog
        self.house.run(self.house.store().wake_for_mapping(catalog))

    @rule(replica=st.sampled_from(REPLICAS), name=st.sampled_from(NAMES_OF_SHOP))
    def shop_is_renamed(self, replica: str, name: str) -> None:
        """Its name in the configuration of one replica; a shop is its domain."""
        self.keys[replica] = name
        store = self.house.store(replica)
        self._began(replica, store)
        self.go_live.pop(store, None)

    @rule(name=st.sampled_from(NAMES), column=st.sampled_from(sorted(DAMAGE)))
    def row_is_damaged(self, name: str, column: str) -> None:
        record = self.record_of(name)
        if record is not None:
            self.house.database.damage(
                f"UPDATE orders SET {column} = '{DAMAGE[column]}' WHERE id = {record.key}"  # noqa: S608 - ours
            )

    @precondition(lambda self: set(self.modes.values()) != {Mode.LIVE})
    @rule()
    def goes_live(self) -> None:
        self._works_in(Mode.LIVE)

    @rule(replica=st.sampled_from(REPLICAS), mode=st.sampled_from(list(Mode)))
    def one_replica_changes_its_mode(self, replica: str, mode: Mode) -> None:
        """As when a new configuration reaches one machine after the other."""
        self._works_in(mode, replica)

    @precondition(lambda self: set(self.modes.values()) == {Mode.LIVE})
    @rule(
        mode=st.sampled_from([Mode.TEST, Mode.PREVIEW]),
        name=st.sampled_from(NAMES),
        steps=st.integers(0, 4),
        approves=st.booleans(),
    )
    def is_rehearsed(self, mode: Mode, name: str, steps: int, approves: bool) -> None:
        """Another mode for a while, in which a person may approve an order; `goes_live` ends it."""
        self._works_in(mode)
        self.works(steps, REPLICAS[0])
        if approves:
            self.person_decides(name, "approve")

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
    @rule(which=st.integers(0, 20), status=st.sampled_from(sorted(PRODUCED)))
    def printer_takes_it_up_again(self, which: int, status: PrintStatus) -> None:
        """What was cancelled, or sent as a test, is made after all."""
        entry = list(self.printer.books.values())[which % len(self.printer.books)]
        if entry.status in {PrintStatus.API_TEST, PrintStatus.CANCELLED}:
            entry.status = status

    @precondition(lambda self: bool(self.printer.books))
    @rule(which=st.integers(0, 20), late_answer=st.booleans())
    def sculpteo_tells(self, which: int, late_answer: bool) -> None:
        """By a call of the secret URL, or by an answer that comes late; known or not, again or not."""
        entry = list(self.printer.books.values())[which % len(self.printer.books)]
        store = self.house.store()
        attempt = self._attempt(entry.about, entry.token)
        if attempt is None:
            self.house.run(store.calls.receive_notification(entry.token, entry.reference, b""))
            return
        if late_answer and attempt.sent_at is not None and attempt.verdict in {None, "void"}:
            raw = RawAnswer(self.clock.now(), 200, (), entry.reference)
            receipt = PlaceResult(Verdict.PLACED, raw, "Sculpteo answered late", entry.reference)
            self.house.run(store.orders.keep_answer(attempt.key, receipt))
        else:
            self.house.run(store.calls.receive_notification(entry.token, entry.reference, b""))
        if not entry.order.fake:
            self.told.append((entry.about, entry.reference))

    def _attempt(self, name: str, token: str) -> Any:
        record = self.record_of(name)
        found = self.house.read(self.house.store().queries.list_attempts(record.key)) if record else []
        return next((one for one in found if one.token == token), None)

    # --- people ------------------------------------------------------------------------------------------

    @rule(
        name=st.sampled_from(NAMES),
        wish=st.sampled_from(["approve", "hold", "release", "retry", "ignore", "cancel", "reopen", "resend"]),
    )
    def person_decides(self, name: str, wish: str) -> None:
        record = self.record_of(name)
        if record is not None:
            self._decide(record, lambda: BY_NAME[wish].decide(record, "anna", self.clock.now()))

    @rule(
        name=st.sampled_from(NAMES),
        edit=st.sampled_from(["", "address", "add units", *EDITS]),
        told=st.booleans(),
    )
    def person_approves_what_is_edited(self, name: str, edit: str, told: bool) -> None:
        """An approval, an edit right behind it, and the work that follows, with word of the edit or without."""
        self.works(2, REPLICAS[0])
        self.person_decides(name, "approve")
        if edit:
            self.shop_changes(name, edit)
        if told:
            self.reconciles()
        self.works(3, REPLICAS[0])

    @rule(name=st.sampled_from(NAMES))
    def person_prints_again(self, name: str) -> None:
        record = self.record_of(name)
        if record and self._decide(record, lambda: transitions.print_again(record, "anna", self.clock.now())):
            self.again.add(name)
            self.known.pop(name, None)

    @rule(name=st.sampled_from(NAMES))
    def person_takes_over(self, name: str) -> None:
        record = self.record_of(name)
        if record is not None:
            self._decide(record, lambda: transitions.adopt_purchase(record, "anna", self.clock.now()))

    @rule(name=st.sampled_from(NAMES))
    def person_resolves(self, name: str) -> None:
        record = self.record_of(name)
        if record is None or record.state is not State.UNKNOWN:
            return
        there = self.printer.real_prints(name)
        now = self.clock.now()
        if there:
            self._decide(
                record, lambda: transitions.resolve_as_placed(record, "anna", now, there[-1].reference)
            )
        else:
            self._decide(record, lambda: transitions.resolve_as_not_placed(record, "anna", now))

    @rule(name=st.sampled_from(NAMES), drop=st.booleans())
    def person_is_wrong(self, name: str, drop: bool) -> None:
        record = self.record_of(name)
        if record is None or record.state is not State.UNKNOWN:
            return
        if self._decide(
            record, lambda: transitions.resolve_as_not_placed(record, "anna", self.clock.now(), drop=drop)
        ):
            self.lied.add(name)
            self.known.pop(name, None)

    @rule(stop=st.booleans())
    def person_pauses(self, stop: bool) -> None:
        switch = self.house.store().switch
        self.house.read(switch.pause_ordering("*", "anna") if stop else switch.resume_ordering("*"))
        self.paused = stop

    def _decide(self, record: OrderRecord, wish: Any) -> bool:
        try:
            change = wish()
            self.house.read(self.house.store().orders.apply_decision(record, change, "anna"))
        except (NotNow, StaleDecision, NeedsPerson):
            return False
        self.asked.decided(name_of(record), record, change)
        return True

    # --- what must hold ----------------------------------------------------------------------------------

    @invariant()
    def no_order_is_printed_twice(self) -> None:
        for name in NAMES:
            prints = self.printer.real_prints(name)
            if name not in self.lied | self.again:
                assert len(prints) <= 1, f"(1) {name} was printed {len(prints)} times"

    @invariant()
    def each_parcel_is_in_the_shop_once(self) -> None:
        for shop_order in self.shop.orders.values():
            numbers = [one.number for made in shop_order.fulfillments for one in made.tracking if one.number]
            assert len(numbers) == len(set(numbers)), f"(4) {numbers}"

    @invariant()
    def nothing_left_that_should_not(self) -> None:
        assert not self.wrong, self.wrong
        assert not self.shop.forbidden, f"(11) {self.shop.forbidden}"

    @invariant()
    def somebody_asked_for_each_purchase(self) -> None:
        assert not self.unasked, f"(12) {self.unasked}"

    @invariant()
    def nothing_moves_backwards(self) -> None:
        for record in self.records():
            name = name_of(record)
            self.asked.knows(name, record)
            if record.mode is Mode.LIVE and record.reference:
                self.known[name] = record.reference
            if name in self.known and name not in self.lied:
                assert record.state not in FREE, f"(5) {name} is {record.state}, and was {self.known[name]}"

    @invariant()
    def the_days_limit_holds(self) -> None:
        limit = self.policy.per_day
        if limit is None or self.lied:
            return
        store = self.house.store()
        spent: dict[tuple[Any, Mode], Decimal] = {}
        attempts = [
            (one, "limit_day" in (record.approved_for or ""))
            for record in self.records()
            for one in self.house.read(store.queries.list_attempts(record.key))
        ]
        for one, approved in sorted(attempts, key=lambda pair: pair[0].key):
            if one.cost is None or one.voided_at is not None:
                continue
            day = (one.created_at.date(), one.mode)
            spent[day] = spent.get(day, Decimal(0)) + one.cost.amount
            assert approved or spent[day] <= limit.amount, f"(6) {spent[day]} were spent on {day}"

    def teardown(self) -> None:
        """At the end of the day, with nothing failing any more, nobody is left out."""
        try:
            self._end_of_day()
            self._day_after()
        finally:
            self.house.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end_of_day(self, hours: int = 4) -> None:
        self.fate.shop.clear()
        self.fate.printer.clear()
        self.fate.crash_in = None
        for _ in range(hours):
            self.clock.time += timedelta(hours=1)
            self.reconciles()
            for turn in range(40):
                replica = REPLICAS[turn % 2]
                if not self.house.run(self._work(self.house.store(replica), replica), replica):
                    break
        self.no_order_is_printed_twice()
        self.each_parcel_is_in_the_shop_once()
        self.nothing_left_that_should_not()
        self.somebody_asked_for_each_purchase()
        self.nothing_moves_backwards()
        self.the_days_limit_holds()
        for shop_order in self.shop.orders.values():
            record = self.record_of(shop_order.name)
            assert record is not None, f"(2) {shop_order.name} was lost"
            self._is_accounted_for(record, shop_order)
        self._alarms_were_raised()

    def _day_after(self) -> None:
        """All that stood in the way is gone, but for what only a person can say: so most days end with a
        purchase, or show one that nobody asked for."""
        if set(self.modes.values()) != {Mode.LIVE}:
            self.goes_live()
        self.person_pauses(stop=False)
        self.mapping_changes("v1")
        for shop_order in list(self.shop.orders.values()):
            if not shop_order.fully_paid:
                self.shop_changes(shop_order.name, "pay")
            self.person_decides(shop_order.name, "retry")  # what is damaged, above all
        self._end_of_day(hours=2)

    def _is_accounted_for(self, record: OrderRecord, now: ShopOrder) -> None:
        name = name_of(record)
        stuck = {State.RECEIVED, State.PLACING}
        assert record.state not in stuck, f"(2) {name} is stuck in {record.state}: {record.last_error}"
        if record.state in {State.WAITING, State.CANCELLED, State.IGNORED}:
            assert record.reason, f"(2) {name} is {record.state} without a reason"
        if record.reason == Wait.PAUSED:
            assert self.paused, f"(2) {name} waits for a pause that is over"
        if record.state is State.ATTENTION:
            assert record.problem, f"(2) {name} needs attention for no named problem"
        if record.state is State.UNKNOWN:
            assert record.facts.get("why"), f"(2) {name} is unknown without evidence"
        attempt = record.attempt
        if record.state in BOUGHT and attempt is not None and attempt.verdict != "adopted":
            entry = self.printer.books.get(record.reference or "")
            assert entry is not None, f"(3) {name} has a reference that Sculpteo does not know"
            assert entry.order.items == record.items, f"(3) {name}: {entry.order.items}, {record.items}"
            assert record.snapshot is not None
            assert entry.order.address == record.snapshot.address, f"(3) {name} went to another address"

    def _alarms_were_raised(self) -> None:
        alarms = self.house.read(self.house.store().queries.list_alarms(open_only=False))
        raised = {one.facts.get("reference") for one in alarms if one.alarm in LOUD}
        for name, reference in self.told:
            record = self.record_of(name)
            attempts = self.house.read(self.house.store().queries.list_attempts(record.key)) if record else []
            ours = {one.reference for one in attempts}
            assert reference in raised | ours, f"(9) nobody was told of {reference} for {name}"
        for record in self.records():
            for closed in record.closed:
                entry = self.printer.books.get(closed.reference)
                alive = (
                    entry is not None and not entry.order.fake and entry.status is not PrintStatus.CANCELLED
                )
                assert not alive or closed.reference in raised, (
                    f"(13) {closed.reference} of {name_of(record)} is made, and nobody was told"
                )


LOUD = {Alarm.SECOND_REFERENCE, Alarm.TWO_PURCHASES, Alarm.LATE_ANSWER, Alarm.CLOSED_ALIVE}


def name_of(record: OrderRecord) -> str:
    return f"#{record.order_id.rpartition('/')[2]}"


def _taken_back(order: ShopOrder) -> str | None:
    units = [unit for unit in order.fulfillment_orders if any(row.remaining for row in unit.lines)]
    if not units:
        return "fulfilled"
    return find_withdrawal_reason(order) or (
        "held" if any(unit.status == "ON_HOLD" for unit in units) else None
    )


def _whole(order: ShopOrder) -> bool:
    """Whether nothing of it is fulfilled, so that a change may lay out its fulfillment orders anew."""
    rows = [row for unit in order.fulfillment_orders for row in unit.lines]
    return not order.fulfillments and all(row.remaining == row.total for row in rows)
