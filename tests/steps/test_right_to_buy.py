"""May this order be bought now? The rule by itself, and with the real steps on a real store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.decisions.refusals import NotNow
from bridge.errors import StaleDecision
from bridge.order.model import Mode, Money, PrintItem, ShopOrder
from bridge.order.policy import ApprovalPolicy, GoLive
from bridge.order.problems import Problem
from bridge.order.records import OrderSignal
from bridge.order.states import Ignored, State, Wait
from bridge.steps.reconcile import backfill_orders, reconcile
from bridge.steps.right_to_buy import find_objection
from tests.promise.memory_bridge import ORDER, Day, new_day
from tests.support.order_factories import (
    ADDRESS,
    NOW,
    RING,
    approval,
    euro,
    fulfilled,
    line,
    order,
    policy,
    record,
    shipped,
    unit,
)

ITEMS = (PrintItem(RING, 1, "gid://shopify/LineItem/1", 1, "RING"),)
DAY = timedelta(days=1)
LATER = GoLive(NOW + DAY)
HALF_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("known", "made", "rules", "go_live", "expected"),
    [
        ({}, {}, {}, GoLive(NOW), None),
        ({}, {}, {}, GoLive(NOW + timedelta(seconds=1)), Wait.BEFORE_GO_LIVE),
        ({"paid_now": True}, {}, {}, LATER, Wait.BEFORE_GO_LIVE),
        ({"origin": "webhook"}, {"updated_at": NOW + 2 * DAY}, {}, LATER, Wait.BEFORE_GO_LIVE),
        ({"origin": "import"}, {}, {}, LATER, Wait.BEFORE_GO_LIVE),
        (approval(ITEMS), {}, {}, LATER, None),
        (approval(ITEMS, decided_mode=Mode.LIVE), {}, {}, LATER, None),
        (approval(ITEMS, decided_mode=Mode.TEST), {}, {}, LATER, Wait.BEFORE_GO_LIVE),
        ({}, {}, {"since": {"acme": NOW}}, LATER, None),
        ({}, {}, {"since": {"acme": NOW + DAY}}, GoLive(NOW - DAY), Wait.BEFORE_GO_LIVE),
        ({}, {}, {"since": {"other": NOW + DAY}}, GoLive(NOW - DAY), None),
        ({"first_mode": Mode.LIVE}, {}, {}, GoLive(), None),
        ({"first_mode": Mode.TEST}, {}, {}, GoLive(), Wait.OTHER_MODE),
        ({"first_mode": Mode.PREVIEW}, {}, {}, GoLive(), Wait.OTHER_MODE),
        ({"first_mode": Mode.TEST}, {}, {"mode": Mode.TEST}, GoLive(), None),
        ({"first_mode": Mode.LIVE}, {}, {"mode": Mode.TEST}, GoLive(), None),
        ({"first_mode": Mode.LIVE, "decided_mode": Mode.TEST}, {}, {}, GoLive(), Wait.OTHER_MODE),
        ({"origin": "was_test", "first_mode": Mode.TEST}, {}, {}, GoLive(), Wait.WAS_TEST),
        ({}, {}, {}, GoLive(None, NOW + DAY, Mode.TEST), None),
        ({"first_seen_at": NOW + 2 * DAY}, {}, {}, GoLive(None, NOW + DAY, Mode.TEST), Wait.OTHER_MODE),
        ({"first_seen_at": NOW + 2 * DAY}, {}, {}, GoLive(None, NOW + DAY, Mode.LIVE), None),
        ({"held_at": NOW, **approval(ITEMS)}, {}, {}, GoLive(), Wait.HELD),
        (approval(ITEMS), {"fully_paid": False}, {}, GoLive(), Wait.PAYMENT),
        (approval(ITEMS), {"address": replace(ADDRESS, city="Paris")}, {}, LATER, Wait.BEFORE_GO_LIVE),
        (approval(ITEMS), {"address": replace(ADDRESS, city="  LYON ")}, {}, LATER, None),
        (approval((replace(ITEMS[0], quantity=50),)), {}, {}, LATER, Wait.BEFORE_GO_LIVE),
    ],
)
def test_what_forbids_a_purchase(
    known: dict[str, Any],
    made: dict[str, Any],
    rules: dict[str, Any],
    go_live: GoLive,
    expected: Wait | None,
) -> None:
    found = find_objection(
        record(State.WAITING, **known),
        replace(order(line(1, "RING")), **made),
        ITEMS,
        policy(**rules),
        go_live,
        NOW + 3 * DAY,
    )
    assert (found and found.reason) == expected


# --- with the real steps ---------------------------------------------------------------------------------


class Since:
    """Go-live dates that a test sets."""

    def __init__(self, go_live: GoLive) -> None:
        self.go_live = go_live

    async def load_go_live(self, shop: str) -> GoLive:
        return self.go_live


async def by_webhook(day: Day) -> None:
    await day.news()


async def by_late_creation(day: Day) -> None:
    await day.store.orders.receive_signal(
        OrderSignal("acme", ORDER, "webhook", "#1001", paid_now=True, cause="orders/paid")
    )


async def by_reconciliation(day: Day) -> None:
    await reconcile("acme", day.shop, day.store.orders, day.store.memory, day.clock)


async def by_backfill(day: Day) -> None:
    await backfill_orders("acme", day.shop, day.store.orders, day.clock.now() - 90 * DAY, start=None)


async def by_reopening_a_fulfilled_one(day: Day) -> None:
    """It was fulfilled by hand when the bridge came, and that fulfillment is cancelled later."""
    made = day.shop.orders[ORDER]
    sent = fulfilled(made, {"1-1": 2})
    closed = tuple(replace(one, status="CLOSED", actions=()) for one in sent.fulfillment_orders)
    day.shop.touch(replace(sent, fulfillment_orders=closed, fulfillments=(shipped("1Z1"),)))
    await day.news()
    await day.works()
    assert (await day.record()).state is State.IGNORED
    day.clock.time += DAY
    day.shop.touch(made)
    await reconcile("acme", day.shop, day.store.orders, day.store.memory, day.clock)
    await day.news()


WAYS = (by_webhook, by_late_creation, by_reconciliation, by_backfill, by_reopening_a_fulfilled_one)


@pytest.mark.parametrize("word_comes", WAYS)
async def test_an_order_from_before_go_live_asks_whichever_way_word_of_it_comes(
    tmp_path: Path, word_comes: Callable[[Day], Awaitable[None]]
) -> None:
    async with new_day(tmp_path) as day:
        day.go_live = Since(GoLive(day.clock.now()))
        day.shop.touch(
            order(line(1, "RING", 2), created_at=day.clock.now() - DAY, updated_at=day.clock.now())
        )
        await word_comes(day)
        await day.works()
        waits = await day.record()
        assert (waits.state, waits.reason) == (State.WAITING, Wait.BEFORE_GO_LIVE)
        day.clock.time += 30 * DAY
        await day.works()
        assert day.prints == 0
        await day.decides(transitions.approve_order)
        await day.works()
        assert day.prints == 1


async def going_live(day: Day, before: Mode) -> None:
    """The mode becomes live."""
    day.policy = replace(day.policy, mode=Mode.LIVE)
    day.go_live = Since(GoLive(None, day.clock.now(), before))
    await day.store.wake_for_mode(Mode.LIVE)


@pytest.mark.parametrize("before", [Mode.PREVIEW, Mode.TEST])
@pytest.mark.parametrize(
    "stands",
    [{}, {"fully_paid": False, "financial_status": "PENDING"}, {"address": None}],
    ids=["ready", "unpaid", "no address"],
)
async def test_what_was_first_seen_in_a_rehearsal_waits_for_a_person_in_live_mode(
    tmp_path: Path, before: Mode, stands: dict[str, Any]
) -> None:
    async with new_day(tmp_path, mode=before) as day:
        await day.store.wake_for_mode(before)
        made = await day.comes(**stands)
        await day.works()
        day.clock.time += 7 * DAY
        await going_live(day, before)
        day.change(fully_paid=True, financial_status="PAID", address=ADDRESS)
        await day.news()
        await day.works()
        waits = await day.record()
        assert waits.state is State.WAITING
        assert waits.reason in {Wait.OTHER_MODE, Wait.WAS_TEST}
        assert day.prints == 0
        day.clock.time += 30 * DAY
        await day.works()
        assert day.prints == 0
        assert made.name == waits.name


@pytest.mark.parametrize(
    "decision", [transitions.approve_order, transitions.retry_order, transitions.hold_order]
)
async def test_a_decision_of_a_rehearsal_counts_for_nothing_in_live_mode(
    tmp_path: Path, decision: Callable[..., Any]
) -> None:
    manual = ApprovalPolicy(manual=True)
    async with new_day(tmp_path, mode=Mode.TEST, approval=manual) as day:
        await day.store.wake_for_mode(Mode.TEST)
        await day.comes()
        await day.works()
        await day.decides(decision)
        if decision is transitions.hold_order:
            await day.decides(transitions.release_order)
        await going_live(day, Mode.TEST)
        await day.works()
        assert (await day.record()).reason in {Wait.OTHER_MODE, Wait.WAS_TEST}
        day.clock.time += DAY
        await day.works()
        assert day.prints == 0


@pytest.mark.parametrize(
    ("decision", "held"), [(transitions.release_order, True), (transitions.retry_order, False)]
)
async def test_a_decision_in_live_mode_makes_no_approval_of_one_that_a_rehearsal_left(
    tmp_path: Path, decision: Callable[..., Any], held: bool
) -> None:
    """A hold keeps the approval of the rehearsal on record; so does the moment before the worker's next look."""
    async with new_day(tmp_path, mode=Mode.TEST, approval=ApprovalPolicy(manual=True)) as day:
        await day.store.wake_for_mode(Mode.TEST)
        await day.comes()
        await day.works()
        await day.decides(transitions.approve_order)
        if held:
            await day.decides(transitions.hold_order)
        await going_live(day, Mode.TEST)
        if held:
            await day.works()
        await day.decides(decision)
        await day.works()
        assert (await day.record()).reason == Wait.OTHER_MODE
        assert day.prints == 0
        await day.decides(transitions.approve_order)
        await day.works()
        assert day.prints == 1


async def test_an_approval_of_a_rehearsal_is_no_approval_when_the_order_was_placed_as_a_test(
    tmp_path: Path,
) -> None:
    async with new_day(tmp_path, mode=Mode.TEST, approval=ApprovalPolicy(manual=True)) as day:
        await day.store.wake_for_mode(Mode.TEST)
        await day.comes()
        await day.works()
        await day.decides(transitions.approve_order)
        await day.works()
        assert (await day.record()).state is State.PLACED
        await going_live(day, Mode.TEST)
        await day.works()
        waits = await day.record()
        assert (waits.state, waits.reason) == (State.WAITING, Wait.WAS_TEST)
        assert day.prints == 0
        await day.decides(transitions.approve_order)
        await day.works()
        assert day.prints == 1


async def test_the_window_begins_anew_when_an_order_comes_back_to_be_bought(tmp_path: Path) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(delay=HALF_HOUR)) as day:
        made = await day.comes()
        await day.works()
        assert (await day.record()).reason == Wait.WINDOW
        closed = tuple(replace(one, status="CLOSED", actions=()) for one in made.fulfillment_orders)
        sent = fulfilled(replace(made, fulfillment_orders=closed, fulfillments=(shipped("1Z1"),)), {"1-1": 2})
        day.shop.touch(sent)
        await day.news()
        await day.works()
        assert (await day.record()).state is State.IGNORED
        day.clock.time += DAY
        day.shop.touch(made)
        await day.news()
        await day.works()
        waits = await day.record()
        assert (waits.state, waits.reason) == (State.WAITING, Wait.WINDOW)
        assert waits.window_until is not None
        assert waits.window_until > day.clock.now() + HALF_HOUR - timedelta(minutes=2)
        assert day.prints == 0


def taken_back(made: ShopOrder) -> ShopOrder:
    """The order after it was fulfilled by hand and that fulfillment was cancelled again."""
    return replace(made, fulfillments=(replace(shipped("1Z1", (1, 2)), status="CANCELLED"),))


@pytest.mark.parametrize("told", [True, False], ids=["a webhook tells", "no word of it"])
async def test_the_window_begins_anew_for_an_order_that_went_and_came_back_between_two_looks(
    tmp_path: Path, *, told: bool
) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(delay=HALF_HOUR)) as day:
        made = await day.comes()
        await day.works()
        day.shop.touch(taken_back(made))
        day.clock.time += HALF_HOUR
        if told:
            await day.news()
        await day.works()
        waits = await day.record()
        assert (waits.state, waits.reason, day.prints) == (State.WAITING, Wait.WINDOW, 0)
        day.clock.time += HALF_HOUR - timedelta(minutes=2)
        await day.news()
        await day.works()
        assert day.prints == 0, "a second look opens no further window, and does not close this one"
        day.clock.time += timedelta(minutes=3)
        await day.works()
        assert day.prints == 1


async def test_an_approval_does_not_count_for_an_order_that_went_and_came_back_between_two_looks(
    tmp_path: Path,
) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(manual=True)) as day:
        made = await day.comes()
        await day.works()
        await day.decides(transitions.approve_order)
        day.shop.touch(taken_back(made))
        await day.works()
        assert ((await day.record()).reason, day.prints) == (Wait.APPROVAL, 0)
        await day.decides(transitions.approve_order)
        await day.works()
        assert day.prints == 1


async def test_an_approval_from_before_an_order_was_fulfilled_by_hand_does_not_count_when_it_comes_back(
    tmp_path: Path,
) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(manual=True)) as day:
        made = await day.comes()
        await day.works()
        closed = tuple(replace(one, status="CLOSED", actions=()) for one in made.fulfillment_orders)
        sent = fulfilled(replace(made, fulfillment_orders=closed, fulfillments=(shipped("1Z1"),)), {"1-1": 2})
        await day.decides(transitions.approve_order)
        day.shop.touch(sent)
        await day.works()
        assert (await day.record()).state is State.IGNORED
        day.shop.touch(made)
        await day.news()
        await day.works()
        assert (await day.record()).reason == Wait.APPROVAL
        assert day.prints == 0


@pytest.mark.parametrize(
    "change",
    [
        {"address": replace(ADDRESS, city="Paris", postal_code="75001")},
        {"lines": (line(1, "RING", 50),), "fulfillment_orders": (unit(1, line(1, "RING", 50)),)},
    ],
    ids=["another city", "fifty rings"],
)
async def test_an_approval_counts_for_what_the_person_saw(tmp_path: Path, change: dict[str, Any]) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(manual=True)) as day:
        await day.comes(quantity=1)
        await day.works()
        seen = await day.record()
        day.change(**change)
        await day.news()
        await day.works()
        approve = transitions.approve_order(seen, "anna", day.clock.now())
        with pytest.raises(StaleDecision, match="changed since you looked"):
            await day.store.orders.apply_decision(seen, approve, "anna")
        await day.works()
        assert day.prints == 0


async def test_a_price_that_rose_since_it_was_approved_is_asked_again(tmp_path: Path) -> None:
    async with new_day(tmp_path, per_order=euro("5")) as day:
        await day.comes(quantity=2)
        await day.works()
        assert (await day.record()).problem == Problem.LIMIT_ORDER
        await day.decides(transitions.approve_order)
        day.printer.unit_price = 50
        day.policy = replace(day.policy, per_order=None)
        await day.works()
        waits = await day.record()
        assert (waits.state, waits.reason) == (State.WAITING, Wait.APPROVAL)
        assert "when it was approved" in waits.facts["why"]
        assert day.prints == 0
        await day.decides(transitions.approve_order)
        await day.works()
        assert day.prints == 1


ELSEWHERE: dict[str, Any] = {"location_id": "gid://shopify/Location/2", "location_name": "Workshop"}


def moved(made: ShopOrder) -> ShopOrder:
    """The merchant moved it to the workshop."""
    units = tuple(replace(one, id=f"{one.id}9", **ELSEWHERE) for one in made.fulfillment_orders)
    return replace(made, fulfillment_orders=units)


async def test_a_move_stays_a_question_until_a_person_approves_it(tmp_path: Path) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(delay=HALF_HOUR)) as day:
        made = await day.comes()
        await day.works()
        day.shop.touch(moved(made))
        await day.news()
        await day.works()
        assert (await day.record()).problem == Problem.MOVED
        await day.decides(transitions.retry_order)
        await day.works()
        day.clock.time += DAY
        await day.works()
        assert (await day.record()).problem == Problem.MOVED
        assert day.prints == 0
        await day.decides(transitions.approve_order)
        await day.works()
        assert day.prints == 1


@pytest.mark.parametrize("ends", [transitions.release_order, transitions.approve_order])
async def test_a_move_during_a_hold_is_not_forgotten(tmp_path: Path, ends: Callable[..., Any]) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(delay=HALF_HOUR)) as day:
        made = await day.comes()
        await day.works()
        await day.decides(transitions.hold_order)
        day.shop.touch(moved(made))
        await day.news()
        await day.works()
        await day.decides(ends)
        await day.works()
        assert (await day.record()).problem == Problem.MOVED
        day.clock.time += DAY
        await day.works()
        assert day.prints == 0


async def test_contents_that_are_not_known_yet_cannot_be_approved(tmp_path: Path) -> None:
    async with new_day(tmp_path) as day:
        ring = line(1, "RING")
        day.shop.touch(order(ring, units=(), created_at=day.clock.now()))
        await day.news()
        await day.works()
        assert (await day.record()).reason == Wait.ROUTING
        await day.decides(transitions.hold_order)
        with pytest.raises(NotNow, match="not known yet what is printed"):
            await day.decides(transitions.approve_order)


# --- one approval, and what it is not given for ----------------------------------------------------------


async def _goes_live(day: Day) -> None:
    day.policy = replace(day.policy, mode=Mode.LIVE)
    await day.store.wake_for_mode(Mode.LIVE)
    await day.works()


async def _rehearses(day: Day, **rules: Any) -> None:
    await day.store.wake_for_mode(Mode.TEST)
    day.policy = replace(day.policy, mode=Mode.TEST, **rules)


async def _approved_at(day: Day, cost: str) -> None:
    """An order comes while placing is paused, and a person approves it at this cost."""
    await day.store.switch.pause_ordering("*", "anna")
    await day.comes()
    await day.works()
    seen = await day.record()
    change = transitions.approve_order(seen, "anna", day.clock.now())
    change = replace(change, values={**change.values, "cost": euro(cost)})
    await day.store.orders.apply_decision(seen, change, "anna")


async def test_what_was_refused_in_a_rehearsal_is_not_bought_by_a_retry_in_live(tmp_path: Path) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(manual=True)) as day:
        await _rehearses(day)
        await day.comes()
        await day.works()
        day.fate.printer = ["refused"]
        await day.decides(transitions.approve_order)
        await day.works()
        assert (await day.record()).problem == Problem.REFUSED
        await _goes_live(day)
        await day.decides(transitions.retry_order)
        await day.works()
        assert ((await day.record()).reason, day.prints) == (Wait.OTHER_MODE, 0)


async def test_what_was_approved_unpaid_in_a_rehearsal_is_asked_again_in_live(tmp_path: Path) -> None:
    async with new_day(tmp_path) as day:
        await _rehearses(day, per_order=euro("1"))
        await day.comes()
        made = day.shop.orders[ORDER]
        day.shop.touch(replace(made, fully_paid=False, financial_status="PENDING"))
        await day.works()
        await day.decides(transitions.approve_order)
        await day.works()
        assert (await day.record()).problem == Problem.LIMIT_ORDER
        await _goes_live(day)
        await day.decides(transitions.approve_order)
        await day.works()
        assert ((await day.record()).reason, day.prints) == (Wait.PAYMENT, 0)


async def test_a_higher_cost_than_the_approved_one_is_asked_whatever_news_comes(tmp_path: Path) -> None:
    async with new_day(tmp_path, per_day=euro("500")) as day:
        await _approved_at(day, "5")
        day.printer.unit_price = 50
        await day.store.switch.resume_ordering("*")
        await day.works()
        assert (await day.record()).reason == Wait.APPROVAL
        for _ in range(3):
            await day.news()
            await day.works()
        waits = await day.record()
        assert (waits.reason, day.prints) == (Wait.APPROVAL, 0)
        assert "when it was approved" in waits.facts["why"]
        await day.decides(transitions.approve_order)
        await day.works()
        assert day.prints == 1


async def test_a_raised_limit_buys_nothing_at_a_cost_that_nobody_approved(tmp_path: Path) -> None:
    async with new_day(tmp_path, per_order=euro("100"), approval=ApprovalPolicy(manual=True)) as day:
        await _approved_at(day, "5")
        day.printer.unit_price = 200
        await day.store.switch.resume_ordering("*")
        await day.works()
        assert (await day.record()).problem == Problem.LIMIT_ORDER
        day.policy = replace(day.policy, per_order=euro("1000"))
        await day.store.wake_for_rules("raised")
        await day.works()
        assert ((await day.record()).reason, day.prints) == (Wait.APPROVAL, 0)


async def test_an_unreadable_note_is_asked_about_once(tmp_path: Path) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(manual=True)) as day:
        await day.comes()
        day.shop.unreadable[ORDER] = "what is this"
        await day.works()
        assert (await day.record()).problem == Problem.LEDGER_UNREADABLE
        await day.decides(transitions.resolve_as_not_placed)
        await day.works()
        assert (await day.record()).reason == Wait.APPROVAL
        await day.decides(transitions.approve_order)
        await day.works()
        assert (await day.record()).problem != Problem.LEDGER_UNREADABLE


async def test_an_answer_about_an_unreadable_note_counts_for_that_note_alone(tmp_path: Path) -> None:
    async with new_day(tmp_path) as day:
        await day.comes()
        day.shop.unreadable[ORDER] = "what is this"
        await day.works()
        seen = await day.record()
        day.shop.unreadable[ORDER] = "and what is that"  # while the person looks, or soon after
        await day.decides(transitions.resolve_as_not_placed)
        await day.works()
        asked = await day.record()
        assert (asked.problem, asked.facts["why"]) == (Problem.LEDGER_UNREADABLE, "and what is that")
        assert day.printer.sent == []
        with pytest.raises(StaleDecision):
            change = transitions.resolve_as_not_placed(seen, "anna", day.clock.now())
            await day.store.orders.apply_decision(seen, change, "anna")
        await day.decides(transitions.resolve_as_not_placed)
        await day.works()
        assert day.prints == 1


async def test_a_note_that_changes_again_while_a_person_is_asked_is_shown_as_it_is(tmp_path: Path) -> None:
    async with new_day(tmp_path) as day:
        await day.comes()
        day.shop.unreadable[ORDER] = "what is this"
        await day.works()
        day.shop.unreadable[ORDER] = "and what is that"
        await day.news()
        await day.works()
        assert (await day.record()).facts["why"] == "and what is that"


async def test_an_answer_about_a_note_that_cannot_be_read_does_not_outlive_that_note(tmp_path: Path) -> None:
    """The order waits for something else after the answer, and gets another note meanwhile."""
    async with new_day(tmp_path, approval=ApprovalPolicy(manual=True)) as day:
        await day.comes()
        day.shop.unreadable[ORDER] = "what is this"
        await day.works()
        await day.decides(transitions.resolve_as_not_placed)
        await day.works()
        day.shop.unreadable[ORDER] = "and what is that"
        await day.decides(transitions.approve_order)
        await day.works()
        assert (await day.record()).problem == Problem.LEDGER_UNREADABLE
        assert day.printer.sent == []


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({"per_order": Money(Decimal(1000), "USD"), "currency": "USD"}, None),
        ({"per_order": Money(Decimal(7), "USD"), "currency": "USD"}, Problem.LIMIT_ORDER),
        ({"per_order": None}, None),
        ({"per_order": euro("1000")}, None),
        ({"per_order": euro("8")}, Problem.LIMIT_ORDER),
        ({"per_order": None, "per_day": euro("6")}, Problem.ABOVE_DAY_LIMIT),
    ],
)
@pytest.mark.parametrize("before", ["per_order", "per_day"])
async def test_other_limits_have_what_is_above_one_judged_anew(
    tmp_path: Path, before: str, limits: dict[str, Any], problem: Problem | None
) -> None:
    async with new_day(tmp_path, **{before: euro("5")}) as day:
        await day.comes()  # two rings, at 5 each
        await day.works()
        assert (await day.record()).state is State.ATTENTION
        day.policy = replace(day.policy, **{"per_order": None, "per_day": None, **limits})
        day.printer.currency = day.policy.currency
        await day.store.wake_for_rules("other")
        await day.works()
        now = await day.record()
        assert now.problem == problem
        assert day.prints == (0 if problem else 1)
        if problem:
            limit = day.policy.per_order or day.policy.per_day
            assert now.facts["limit"] == str(limit)


async def test_an_approval_above_the_days_limit_is_for_the_cost_that_was_told(tmp_path: Path) -> None:
    async with new_day(tmp_path, per_day=euro("15")) as day:
        first = await day.comes()
        await day.works()
        assert day.prints == 1
        second = replace(first, id="gid://shopify/Order/1002", name="#1002")
        day.shop.touch(second)
        key = await day.store.orders.receive_signal(OrderSignal("acme", second.id, "webhook", "#1002"))
        await day.works()
        asks = await day.store.queries.find_order(key)
        assert asks is not None
        assert (asks.reason, asks.cost) == (Wait.LIMIT_DAY, euro("10"))
        day.printer.unit_price = 500
        change = transitions.approve_order(asks, "anna", day.clock.now())
        await day.store.orders.apply_decision(asks, change, "anna")
        await day.works()
        now = await day.store.queries.find_order(key)
        assert now is not None
        assert now.state in {State.ATTENTION, State.WAITING}
        assert day.printer.real_prints("#1002") == []


async def test_an_approval_of_a_place_is_none_of_a_suspected_fraud(tmp_path: Path) -> None:
    async with new_day(tmp_path, locations={"acme": frozenset({"Nowhere"})}) as day:
        made = await day.comes()
        day.shop.touch(replace(made, risk="HIGH"))
        await day.works()
        assert (await day.record()).problem == Problem.LOCATION
        await day.decides(transitions.approve_order)
        await day.works()
        assert ((await day.record()).reason, day.prints) == (Wait.RISK, 0)
        await day.decides(transitions.approve_order)
        await day.works()
        assert day.prints == 1


async def test_a_problem_with_the_location_begins_the_window_anew(tmp_path: Path) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(delay=HALF_HOUR)) as day:
        await day.comes()
        await day.works()
        day.policy = replace(day.policy, locations={"acme": frozenset({"Nowhere"})})
        await day.news()
        await day.works()
        assert (await day.record()).problem == Problem.LOCATION
        day.clock.time += 2 * DAY
        day.policy = replace(day.policy, locations={})
        await day.news()
        await day.works()
        assert ((await day.record()).reason, day.prints) == (Wait.WINDOW, 0)


async def test_a_move_back_ends_the_question(tmp_path: Path) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(delay=HALF_HOUR)) as day:
        made = await day.comes()
        await day.works()
        for now in (moved(made), made):
            day.shop.touch(now)
            await day.news()
            await day.works()
        assert ((await day.record()).reason, day.prints) == (Wait.WINDOW, 0)


async def test_the_cost_of_other_prints_is_not_shown(tmp_path: Path) -> None:
    async with new_day(tmp_path, per_order=euro("50"), approval=ApprovalPolicy(manual=True)) as day:
        await day.comes(20)
        await day.works()
        await day.decides(transitions.approve_order)
        await day.works()
        assert ((await day.record()).problem, (await day.record()).cost) == (Problem.LIMIT_ORDER, euro("100"))
        fewer = line(1, "RING", 2)
        day.change(lines=(fewer,), fulfillment_orders=(unit(1, fewer),))
        await day.decides(transitions.retry_order)
        await day.works()
        assert ((await day.record()).reason, (await day.record()).cost) == (Wait.APPROVAL, None)


@pytest.mark.parametrize(
    ("judged_in", "by_now"), [(Mode.TEST, Mode.LIVE), (Mode.LIVE, Mode.TEST), (Mode.LIVE, Mode.PREVIEW)]
)
@pytest.mark.parametrize("moment", ["read", "price", "invoice", "connect", "written"])
async def test_a_mode_that_changes_in_the_middle_of_a_purchase_stops_it(
    tmp_path: Path, judged_in: Mode, by_now: Mode, moment: str
) -> None:
    """The configuration is read again, or another replica works by another one: nothing leaves Sculpteo's way."""
    async with new_day(tmp_path, mode=judged_in, per_order=euro("1000")) as day:
        await day.store.wake_for_mode(judged_in)
        await day.comes()
        await day.works(at_most=1)  # matched; the next step buys

        async def changes() -> None:
            await day.store.wake_for_mode(by_now)

        day.fate.meanwhile[moment] = changes
        await day.works()
        assert day.printer.sent == []
        waits = await day.record()
        assert (waits.state, waits.reason) == (State.WAITING, Wait.RECHECK)
        assert f"{by_now} mode" in str(waits.facts["why"])
        day.policy = replace(day.policy, mode=by_now)
        day.clock.time += HALF_HOUR
        await day.works()
        assert all(one.fake for one in day.printer.sent)


@pytest.mark.parametrize("approves", [False, True])
async def test_an_order_that_was_gone_for_a_while_comes_back_with_a_window_of_its_own(
    tmp_path: Path, approves: bool
) -> None:
    """Neither the window of then nor an approval of then counts for it."""
    async with new_day(tmp_path, approval=ApprovalPolicy(delay=HALF_HOUR)) as day:
        made = await day.comes()
        await day.works()
        assert (await day.record()).reason == Wait.WINDOW
        if approves:
            await day.store.switch.pause_ordering("*", "anna")
            await day.decides(transitions.approve_order)
            await day.works()
        del day.shop.orders[ORDER]
        for _ in range(6):
            day.clock.time += HALF_HOUR
            await day.news()
            await day.works()
        assert (await day.record()).reason == Ignored.GONE
        await day.store.switch.resume_ordering("*")
        day.shop.touch(made)
        await day.news()
        await day.works()
        assert ((await day.record()).reason, day.prints) == (Wait.WINDOW, 0)
        day.clock.time += HALF_HOUR
        await day.works()
        assert day.prints == 1


@pytest.mark.parametrize("seen", [None, "LOW", "PENDING"])
async def test_a_suspicion_of_fraud_that_comes_after_an_approval_asks_again(
    tmp_path: Path, seen: str | None
) -> None:
    async with new_day(tmp_path, approval=ApprovalPolicy(manual=True)) as day:
        await day.comes(risk=seen)
        await day.works()
        await day.store.switch.pause_ordering("*", "anna")
        day.clock.time += 2 * HALF_HOUR
        await day.news()
        await day.works()
        await day.decides(transitions.approve_order)
        await day.works()
        day.change(risk="HIGH")
        await day.store.switch.resume_ordering("*")
        await day.news()
        await day.works()
        assert ((await day.record()).reason, day.prints) == (Wait.RISK, 0)
        await day.decides(transitions.approve_order)
        await day.works()
        assert day.prints == 1


async def test_an_approval_of_one_that_is_suspected_of_fraud_stays_what_it_was(tmp_path: Path) -> None:
    async with new_day(tmp_path) as day:
        await day.comes(risk="HIGH")
        await day.works()
        assert (await day.record()).reason == Wait.RISK
        await day.store.switch.pause_ordering("*", "anna")
        await day.decides(transitions.approve_order)
        await day.works()
        day.change(tags=("a word of the merchant",))
        await day.news()
        await day.store.switch.resume_ordering("*")
        await day.works()
        assert day.prints == 1
