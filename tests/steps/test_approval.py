"""Who must be asked before money is spent: each rule, and each way through the approval window, with the real
steps on a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.order.model import Money, ShopOrder
from bridge.order.policy import ApprovalPolicy
from bridge.order.records import OrderRecord, OrderSignal, Transition
from bridge.order.states import State, Wait
from bridge.runtime.worker import (
    LEASE,
    process_order,
)
from bridge.steps.approval import find_approval_reason
from bridge.steps.context import (
    StepContext,
    StepRun,
)
from bridge.store.store import Store
from tests.support.fake_upstreams import Fate, MemoryPrinter, MemoryShop, NoInvoice, SteppedClock
from tests.support.order_factories import NOW, RING, Mapped, euro, line, order, policy

HALF_HOUR = timedelta(minutes=30)


def dollar(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("rule", "given", "asks"),
    [
        (ApprovalPolicy(), {}, None),
        (ApprovalPolicy(manual=True), {}, "every order is approved by a person"),
        (ApprovalPolicy(tags=frozenset({"vip"})), {"tags": ("new", " VIP ")}, "it has the tag  VIP "),
        (ApprovalPolicy(tags=frozenset({"vip"})), {"tags": ("vips",)}, None),
        (ApprovalPolicy(above=euro("10")), {"total": euro("10")}, None),
        (ApprovalPolicy(above=euro("10")), {"total": euro("10.01")}, "its total is above 10 EUR"),
        (
            ApprovalPolicy(above=euro("10")),
            {"total": euro("9"), "current_total": euro("12")},
            "its total is above 10 EUR",
        ),
        (
            ApprovalPolicy(above=euro("10")),
            {"total": euro("12"), "current_total": euro("9")},
            "its total is above 10 EUR",
        ),
        (
            ApprovalPolicy(above=euro("10")),
            {"total": dollar("1")},
            "its total is in USD, which cannot be compared with 10 EUR",
        ),
        (
            ApprovalPolicy(above=euro("10")),
            {"total": None},
            "its total is not known, so it may be above 10 EUR",
        ),
        (ApprovalPolicy(countries=frozenset({"FR"})), {}, "it goes to FR"),
        (ApprovalPolicy(countries=frozenset({"US"})), {}, None),
        (
            ApprovalPolicy(countries=frozenset({"US"})),
            {"address": None},
            "it is not known to which country it goes",
        ),
        (ApprovalPolicy(first_order=True), {"customer_orders": 2}, None),
        (ApprovalPolicy(first_order=True), {"customer_orders": 1}, "it is the customer's first order"),
        (ApprovalPolicy(first_order=True), {"customer_orders": 0}, "it is the customer's first order"),
        (
            ApprovalPolicy(first_order=True),
            {"customer_orders": None},
            "it is not known whether the customer has ordered before",
        ),
    ],
)
def test_a_rule_asks_when_it_fits_and_when_it_cannot_be_judged(
    rule: ApprovalPolicy, given: dict[str, Any], asks: str | None
) -> None:
    assert find_approval_reason(replace(order(line(1, "RING")), **given), rule) == asks


class Play:
    """One order, the real steps, and a clock that is moved by hand."""

    def __init__(self, store: Store, clock: SteppedClock, rule: ApprovalPolicy) -> None:
        fate = Fate()
        self.store, self.clock = store, clock
        self.shop = MemoryShop(clock, fate)
        self.printer = MemoryPrinter(clock, fate)
        self.world = StepContext(
            clock=clock,
            orders=store.orders,
            shops={"acme": self.shop},
            printer=self.printer,
            catalog=Mapped(RING=(RING,)),
            invoicer=NoInvoice(),
            policy=policy(approval=rule),
            random=Random(1),
        )

    async def tell(self, shop_order: ShopOrder) -> None:
        """The shop has this order now, and says so."""
        self.shop.touch(shop_order)
        await self.store.orders.receive_signal(OrderSignal("acme", shop_order.id, "webhook", shop_order.name))
        self.clock.time += timedelta(seconds=5)

    async def work(self) -> OrderRecord:
        """Run steps until nothing is due; gives the order as it is then."""
        for _ in range(20):
            claimed = await self.store.orders.claim_orders("worker", limit=1, lease_for=LEASE)
            if not claimed:
                break
            job = StepRun(claimed[0], self.world)
            if (await process_order(job)).target is State.PLACED:
                break  # from here on it is followed for ever
        return await self.look()

    async def look(self) -> OrderRecord:
        [found] = await self.store.queries.search_orders("#1001")
        return found

    async def decide(self, change: Transition) -> None:
        await self.store.orders.apply_decision(await self.look(), change, "anna")
        self.clock.time += timedelta(seconds=1)


class Stage:
    """Opens a play for a rule on a fresh database."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.folder, self.stack = folder, stack

    async def __call__(self, rule: ApprovalPolicy) -> Play:
        clock = SteppedClock()
        store = await self.stack.enter_async_context(
            Store.open(f"sqlite:///{self.folder / 'bridge.db'}", clock=clock)
        )
        return Play(store, clock, rule)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        yield Stage(tmp_path, stack)


ORDER = replace(order(line(1, "RING")), tags=("VIP",), customer_orders=1)

RULES = {
    "manual": ApprovalPolicy(manual=True),
    "tag": ApprovalPolicy(tags=frozenset({"vip"})),
    "amount": ApprovalPolicy(above=euro("9")),
    "country": ApprovalPolicy(countries=frozenset({"FR"})),
    "first order": ApprovalPolicy(first_order=True),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
async def test_an_order_that_a_rule_names_is_bought_only_once_a_person_approves(
    stage: Stage, rule: ApprovalPolicy
) -> None:
    play = await stage(rule)
    await play.tell(ORDER)
    waits = await play.work()
    assert (waits.state, waits.reason) == (State.WAITING, Wait.APPROVAL)
    play.clock.time += timedelta(days=3)
    assert (await play.work()).state is State.WAITING
    assert play.printer.books == {}
    await play.decide(transitions.approve_order(await play.look(), "anna", play.clock.now()))
    assert (await play.work()).state is State.PLACED
    assert len(play.printer.books) == 1


async def test_the_window_ends_by_itself(stage: Stage) -> None:
    play = await stage(ApprovalPolicy(delay=HALF_HOUR))
    await play.tell(ORDER)
    opened = await play.work()
    assert (opened.state, opened.reason) == (State.WAITING, Wait.WINDOW)
    play.clock.time += HALF_HOUR - timedelta(seconds=10)
    assert (await play.work()).state is State.WAITING
    play.clock.time += timedelta(seconds=20)
    assert (await play.work()).state is State.PLACED


async def test_a_person_can_release_it_before_the_window_ends(stage: Stage) -> None:
    play = await stage(ApprovalPolicy(delay=HALF_HOUR))
    await play.tell(ORDER)
    await play.work()
    await play.decide(transitions.approve_order(await play.look(), "anna", play.clock.now()))
    placed = await play.work()
    assert (placed.state, placed.approved_by) == (State.PLACED, "anna")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cancelled_at": NOW}, "cancelled"),
        ({"financial_status": "REFUNDED"}, "refunded"),
        ({"financial_status": "VOIDED"}, "voided"),
    ],
)
async def test_what_is_taken_back_within_the_window_is_never_bought(
    stage: Stage, change: dict[str, Any], reason: str
) -> None:
    play = await stage(ApprovalPolicy(delay=HALF_HOUR))
    await play.tell(ORDER)
    await play.work()
    await play.tell(replace(ORDER, **change))
    cancelled = await play.work()
    assert (cancelled.state, cancelled.reason) == (State.CANCELLED, reason)
    play.clock.time += timedelta(days=1)
    await play.work()
    assert play.printer.books == {}


async def test_a_cancellation_that_no_webhook_told_of_counts_at_the_end_of_the_window(stage: Stage) -> None:
    play = await stage(ApprovalPolicy(delay=HALF_HOUR))
    await play.tell(ORDER)
    await play.work()
    play.shop.touch(replace(ORDER, cancelled_at=NOW))
    play.clock.time += HALF_HOUR
    assert (await play.work()).state is State.CANCELLED
    assert play.printer.books == {}


async def test_a_cancellation_that_comes_with_the_approval_wins(stage: Stage) -> None:
    play = await stage(ApprovalPolicy(manual=True))
    await play.tell(ORDER)
    await play.work()
    play.shop.touch(replace(ORDER, cancelled_at=NOW))
    await play.decide(transitions.approve_order(await play.look(), "anna", play.clock.now()))
    assert (await play.work()).state is State.CANCELLED
    assert play.printer.books == {}


async def test_an_edit_within_the_window_opens_it_anew_and_is_bought_as_it_is_then(stage: Stage) -> None:
    play = await stage(ApprovalPolicy(delay=HALF_HOUR))
    await play.tell(ORDER)
    await play.work()
    play.clock.time += HALF_HOUR - timedelta(minutes=1)
    await play.tell(order(line(1, "RING", 3)))
    assert (await play.work()).reason == Wait.WINDOW
    play.clock.time += timedelta(minutes=2)
    assert (await play.work()).state is State.WAITING
    play.clock.time += HALF_HOUR
    await play.work()
    [bought] = play.printer.books.values()
    assert [item.quantity for item in bought.order.items] == [3]


async def test_an_approval_of_what_was_edited_since_no_longer_counts(stage: Stage) -> None:
    play = await stage(ApprovalPolicy(manual=True))
    await play.tell(ORDER)
    await play.work()
    play.shop.touch(order(line(1, "RING", 3)))
    await play.decide(transitions.approve_order(await play.look(), "anna", play.clock.now()))
    again = await play.work()
    assert (again.state, again.reason, again.approved_at) == (State.WAITING, Wait.APPROVAL, None)
    assert play.printer.books == {}


async def test_a_tag_that_comes_within_the_window_asks_a_person(stage: Stage) -> None:
    play = await stage(replace(RULES["tag"], delay=HALF_HOUR))
    await play.tell(replace(ORDER, tags=()))
    assert (await play.work()).reason == Wait.WINDOW
    await play.tell(ORDER)
    play.clock.time += HALF_HOUR
    assert (await play.work()).reason == Wait.APPROVAL
    assert play.printer.books == {}
