"""Each problem of the closed list, and each reason to wait, played for a week in which nothing outside changes:
how often the order is looked at, how many lines its timeline gets and how much is asked of others is bounded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.errors import NeedsPerson, TryAgain, shopify_upstream
from bridge.order.matching import Match, Unmapped
from bridge.order.model import (
    Design,
    Ledger,
    LedgerEntry,
    LineItem,
    Mode,
    Money,
    PrintStatus,
    Quote,
    ShopOrder,
)
from bridge.order.policy import ApprovalPolicy, GoLive, PaymentPolicy
from bridge.order.problems import HEALS_ON_CHANGE, Problem
from bridge.order.records import OrderRecord, Transition
from bridge.order.states import State, Wait
from bridge.ports import LimitReached
from bridge.steps.reconcile import reconcile
from bridge.store.orders import StoredOrders
from tests.steps.test_right_to_buy import Since
from tests.support.order_factories import ADDRESS, NOW, line, order, policy, unit
from tests.support.step_player import Playing, instead, playing

pytestmark = pytest.mark.long

WEEK = timedelta(days=7)
CHEAP = Money(Decimal(1), "EUR")
DEAR = Money(Decimal(1_000), "EUR")

LOOKS = 370  # twice an hour, which is the slowest that a failed try is repeated, and some at the beginning
LINES = 25
ASKED = 4 * LOOKS

Scene = Callable[[Playing], Awaitable[int]]


@dataclass
class Counted:
    """What a week took."""

    looks: int = 0
    asked: int = 0
    lines: int = 0


def counting(play: Playing, counted: Counted) -> None:
    """Count every question to the shop and to Sculpteo."""

    def wrap(of: object, name: str) -> None:
        call = getattr(of, name)

        async def counts(*args: Any, **more: Any) -> Any:
            counted.asked += 1
            return await call(*args, **more)

        setattr(of, name, counts)

    for name in ("fetch_order", "write_ledger", "create_fulfillment", "extend_tracking", "annotate_order"):
        wrap(play.shop, name)
    for name in ("place_order", "track_order", "fetch_price"):
        wrap(play.printer, name)


async def a_week(play: Playing, key: int) -> Counted:
    """Work on whatever is due, from due time to due time, as the worker does."""
    counted, end = Counted(), play.clock.time + WEEK
    counting(play, counted)
    before = len(await play.store.queries.list_events(key))
    while (due := (await play.record(key)).due_at) is not None and due < end:
        play.forward(max(due - play.clock.time, timedelta(0)))
        if await play.step() is not None:
            counted.looks += 1
        assert counted.looks <= LOOKS, f"it spins: {await play.record(key)}"
    counted.lines = len(await play.store.queries.list_events(key)) - before
    return counted


def with_policy(play: Playing, **more: Any) -> None:
    play.world = replace(play.world, policy=policy(**more))


def with_world(play: Playing, **more: Any) -> None:
    play.world = replace(play.world, **more)


class Choosy:
    """A mapping that wants an option, or one that fails."""

    version = "v1"

    def __init__(self, answer: Match | Exception) -> None:
        self.answer = answer

    def match_line(self, shop: str, line: LineItem) -> Match:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def ring(play: Playing, **more: Any) -> int:
    return await play.hear_of(order(line(1, "RING"), **more))


async def bought(play: Playing) -> tuple[int, str]:
    key = await ring(play)
    await play.steps()
    reference = (await play.record(key)).reference
    assert reference is not None
    return key, reference


def refusing(problem: str, **facts: object) -> Callable[..., Awaitable[Any]]:
    async def refuses(*_: Any, **__: Any) -> Any:
        raise NeedsPerson(problem, **facts)

    return refuses


async def forced(play: Playing, problem: Problem, **values: Any) -> int:
    """Into a problem that no upstream here can cause."""
    key = await ring(play)
    (record,) = await play.store.orders.claim_orders("worker", limit=1, lease_for=timedelta(seconds=20))
    await play.store.orders.record_transition(
        record, Transition(State.ATTENTION, play.clock.now(), problem=problem, values=values)
    )
    return key


# --- problems --------------------------------------------------------------------------------------------


async def unmapped(play: Playing) -> int:
    return await play.hear_of(order(line(1, "NOBODY-KNOWS")))


async def option(play: Playing) -> int:
    with_world(play, catalog=Choosy(Unmapped("Material", "Gold")))
    return await ring(play)


async def variant(play: Playing) -> int:
    with_world(play, catalog=Choosy(Unmapped("Material", sold="L / White", live="L / Black")))
    return await ring(play)


async def address(play: Playing) -> int:
    return await ring(play, address=replace(ADDRESS, city=None))


def doubted(**more: Any) -> Scene:
    async def scene(play: Playing) -> int:
        return await ring(play, **more)

    return scene


async def to_a_box(play: Playing) -> int:
    with_policy(play, ship_method=lambda order: "express")
    return await ring(play, address=replace(ADDRESS, address1="Postfach 12"))


async def refused(play: Playing) -> int:
    play.fate.printer = ["refused"] * 10_000
    return await ring(play)


def said(status: PrintStatus | None) -> Scene:
    async def scene(play: Playing) -> int:
        key, reference = await bought(play)
        if status is None:
            track = play.printer.track_order

            async def strange(asked: str) -> Any:
                return replace(await track(asked), status=None, words="Polishing")

            instead(play.printer, "track_order", strange)
        else:
            play.printer.books[reference].status = status
        play.forward(timedelta(days=1))
        return key

    return scene


async def limit_order(play: Playing) -> int:
    with_policy(play, per_order=CHEAP)
    return await ring(play)


async def above_day_limit(play: Playing) -> int:
    with_policy(play, per_day=CHEAP)
    return await ring(play)


async def location(play: Playing) -> int:
    with_policy(play, locations={"acme": frozenset({"Nowhere"})})
    return await ring(play)


async def unpriced(design: Design, quantity: int, currency: str) -> Quote:
    return Quote(None, "Sculpteo does not know the material siver")


async def no_price(play: Playing) -> int:
    instead(play.printer, "fetch_price", unpriced)
    with_policy(play, per_order=DEAR)
    return await ring(play)


async def no_price_by_day(play: Playing) -> int:
    key = await no_price(play)
    with_policy(play, per_day=DEAR)
    return key


async def no_price_approved(play: Playing) -> int:
    """No limit asks for the price, but a person approved the order at a cost."""
    key = await approval(play)
    await play.steps()
    found = await play.record(key)
    change = transitions.approve_order(found, "ada", play.clock.now())
    change = replace(change, values={**change.values, "cost": CHEAP})
    await play.store.orders.apply_decision(found, change, "ada")
    instead(play.printer, "fetch_price", unpriced)
    return key


async def invoice(play: Playing) -> int:
    class Broken:
        async def prepare_invoice(self, shop: str, order: ShopOrder) -> bytes | None:
            raise NeedsPerson("invoice", why="the template has a fault")

    with_world(play, invoicer=Broken())
    return await ring(play)


async def moved(play: Playing) -> int:
    with_policy(play, approval=ApprovalPolicy(manual=True))
    one = line(1, "RING")
    key = await play.hear_of(order(one))
    await play.steps()
    play.shop.touch(order(one, units=(unit(1, one, location_id="gid://shopify/Location/2"),)))
    await play.store.wake_orders([State.WAITING])
    return key


async def unreadable_note(play: Playing) -> int:
    read = play.shop.fetch_order

    async def with_note(order_id: str, **_: object) -> ShopOrder | None:
        found = await read(order_id)
        return found and replace(found, ledger=Ledger(None, "digest", "what is this"))

    instead(play.shop, "fetch_order", with_note)
    return await ring(play)


async def shop_access(play: Playing) -> int:
    instead(play.shop, "fetch_order", refusing("shop_access", why="request id 1"))
    return await ring(play)


async def shop_access_after_placing(play: Playing) -> int:
    key, _ = await bought(play)
    count = 0

    async def refuses(order_id: str, **_: object) -> ShopOrder | None:
        nonlocal count
        count += 1
        raise NeedsPerson("shop_access", why=f"HTTP 403, request id {count}")

    instead(play.shop, "fetch_order", refuses)
    await play.store.wake_orders([State.PLACED])
    return key


async def cannot_fulfill(play: Playing) -> int:
    key, reference = await bought(play)
    play.printer.ships(reference, "1Z1")
    instead(play.shop, "create_fulfillment", refusing("cannot_fulfill", why="no", number="1Z1"))
    play.forward(timedelta(days=1))
    return key


async def deleted_after_shipping(play: Playing) -> int:
    key, reference = await bought(play)
    play.printer.ships(reference, "1Z1")
    play.shop.orders.clear()
    play.forward(timedelta(days=1))
    return key


async def reference_taken(play: Playing) -> int:
    return await forced(play, Problem.REFERENCE_TAKEN)


async def routing(play: Playing) -> int:
    return await ring(play, units=())


async def half_routed(play: Playing) -> int:
    one, two = line(1, "RING"), line(2, "OTHER")
    return await play.hear_of(order(one, two, units=(unit(1, one),)))


async def internal(play: Playing) -> int:
    with_world(play, catalog=Choosy(KeyError("a fault of ours")))
    return await ring(play)


PROBLEMS: dict[str, tuple[Problem, Scene]] = {
    "unmapped": (Problem.UNMAPPED, unmapped),
    "option": (Problem.OPTION, option),
    "variant": (Problem.VARIANT, variant),
    "address": (Problem.ADDRESS, address),
    "address_wrong": (Problem.ADDRESS_WRONG, doubted(address_verdict="ERROR")),
    "address_doubtful": (Problem.ADDRESS_DOUBTFUL, doubted(address_verdict="WARNING")),
    "postal_code": (Problem.POSTAL_CODE, doubted(address=replace(ADDRESS, postal_code=None))),
    "no_courier": (Problem.NO_COURIER, to_a_box),
    "refused": (Problem.REFUSED, refused),
    "blocked": (Problem.BLOCKED, said(PrintStatus.BLOCKED)),
    "cancelled_at_sculpteo": (Problem.CANCELLED_AT_SCULPTEO, said(PrintStatus.CANCELLED)),
    "status_words": (Problem.STATUS_WORDS, said(None)),
    "live_is_test": (Problem.LIVE_IS_TEST, said(PrintStatus.API_TEST)),
    "limit_order": (Problem.LIMIT_ORDER, limit_order),
    "above_day_limit": (Problem.ABOVE_DAY_LIMIT, above_day_limit),
    "no_price": (Problem.NO_PRICE, no_price),
    "no_price_approved": (Problem.NO_PRICE, no_price_approved),
    "no_price_by_day": (Problem.NO_PRICE, no_price_by_day),
    "invoice": (Problem.INVOICE, invoice),
    "moved": (Problem.MOVED, moved),
    "location": (Problem.LOCATION, location),
    "no_fulfillment_order": (Problem.NO_FULFILLMENT_ORDER, routing),
    "half_routed": (Problem.NO_FULFILLMENT_ORDER, half_routed),
    "ledger_unreadable": (Problem.LEDGER_UNREADABLE, unreadable_note),
    "shop_access": (Problem.SHOP_ACCESS, shop_access),
    "shop_access_after_placing": (Problem.SHOP_ACCESS, shop_access_after_placing),
    "cannot_fulfill": (Problem.CANNOT_FULFILL, cannot_fulfill),
    "deleted_after_shipping": (Problem.CANNOT_FULFILL, deleted_after_shipping),
    "reference_taken": (Problem.REFERENCE_TAKEN, reference_taken),
    "internal": (Problem.INTERNAL, internal),
}


OF_SCULPTEO = frozenset(
    {Problem.BLOCKED, Problem.CANCELLED_AT_SCULPTEO, Problem.STATUS_WORDS, Problem.LIVE_IS_TEST}
)
"""Sculpteo may go on with it by itself, and is asked as of any order that it has."""


def test_every_problem_is_played() -> None:
    assert {problem for problem, _ in PROBLEMS.values()} == set(Problem)


@pytest.mark.parametrize("name", PROBLEMS)
async def test_a_problem_that_stays_costs_little(tmp_path: Path, name: str) -> None:
    problem, scene = PROBLEMS[name]
    async with playing(tmp_path) as play:
        key = await scene(play)
        counted = await a_week(play, key)
        found = await play.record(key)
        assert (found.state, found.problem) == (State.ATTENTION, problem)
        assert counted.lines <= LINES, [event.kind for event in await play.store.queries.list_events(key)]
        assert counted.asked <= ASKED
        if problem not in HEALS_ON_CHANGE | OF_SCULPTEO:
            assert counted.looks <= LINES, "what only a person or news can end is not looked at for nothing"


# --- reasons to wait -------------------------------------------------------------------------------------


async def payment(play: Playing) -> int:
    return await ring(play, fully_paid=False, financial_status="PENDING")


async def unpaid(play: Playing) -> int:
    with_policy(play, payment={"acme": PaymentPolicy("approve")})
    return await payment(play)


async def window(play: Playing) -> int:
    with_policy(play, approval=ApprovalPolicy(delay=timedelta(days=8)))
    return await ring(play)


async def approval(play: Playing) -> int:
    with_policy(play, approval=ApprovalPolicy(manual=True))
    return await ring(play)


async def held(play: Playing) -> int:
    key = await approval(play)
    await play.steps()
    found = await play.record(key)
    await play.store.orders.apply_decision(
        found, transitions.hold_order(found, "ada", play.clock.now()), "ada"
    )
    return key


async def shop_hold(play: Playing) -> int:
    one = line(1, "RING")
    return await play.hear_of(order(one, units=(unit(1, one, status="ON_HOLD", actions=()),)))


async def risk(play: Playing) -> int:
    return await ring(play, risk="HIGH")


async def scheduled(play: Playing) -> int:
    one = line(1, "RING")
    past = unit(1, one, status="SCHEDULED", actions=(), fulfill_at=NOW - timedelta(days=2))
    return await play.hear_of(order(one, units=(past,)))


async def paused(play: Playing) -> int:
    await play.store.switch.pause_ordering("*", "ada")
    return await ring(play)


async def preview(play: Playing) -> int:
    with_policy(play, mode=Mode.PREVIEW)
    return await ring(play)


async def before_go_live(play: Playing) -> int:
    with_world(play, go_live=Since(GoLive(NOW)))
    return await ring(play, created_at=NOW - timedelta(days=30))


async def other_mode(play: Playing) -> int:
    key = await preview(play)
    await play.steps()
    with_policy(play, mode=Mode.LIVE)
    await play.store.wake_for_mode(Mode.LIVE)
    return key


async def was_test(play: Playing) -> int:
    with_policy(play, mode=Mode.TEST)
    play.shop.mode = Mode.TEST
    key = await ring(play)
    await play.steps()
    with_policy(play, mode=Mode.LIVE)
    play.shop.mode = Mode.LIVE
    await play.store.wake_orders([State.PLACED])
    return key


async def upstream(play: Playing) -> int:
    count = 0

    async def away(order_id: str, **_: object) -> ShopOrder | None:
        nonlocal count
        count += 1
        raise TryAgain("the shop answered 503", upstream=shopify_upstream("acme"))

    key = await approval(play)
    await play.steps()
    instead(play.shop, "fetch_order", away)
    await play.store.wake_orders([State.WAITING])
    return key


class UsedUp:
    """The day's limit is used up by other orders, each day anew."""

    def __init__(self, orders: StoredOrders) -> None:
        self.orders = orders

    def __getattr__(self, name: str) -> Any:
        return getattr(self.orders, name)

    async def open_attempt(self, *_: Any, **__: Any) -> OrderRecord:
        raise LimitReached(DEAR)


async def limit_day(play: Playing) -> int:
    with_policy(play, per_day=DEAR)
    with_world(play, orders=UsedUp(play.store.orders))
    return await ring(play)


async def recheck(play: Playing) -> int:
    """Somebody writes on the note just before the bridge does, each time."""
    write = play.shop.write_ledger_and_read

    async def taken(order_id: str, entry: LedgerEntry, expected: str | None) -> ShopOrder:
        return await write(order_id, entry, "what nobody has read")

    instead(play.shop, "write_ledger_and_read", taken)
    return await ring(play)


async def bought_already(play: Playing) -> int:
    """Sculpteo makes what was ordered as a test, and the bridge goes live."""
    key = await billed_as_test(play)
    await play.store.wake_for_mode(Mode.LIVE)
    return key


async def billed_test(play: Playing) -> int:
    await billed_as_test(play)
    return await ring(play, id="gid://shopify/Order/1002", name="#1002")


async def billed_as_test(play: Playing) -> int:
    with_policy(play, mode=Mode.TEST)
    play.shop.mode = Mode.TEST
    key, reference = await bought(play)
    play.printer.books[reference].status = PrintStatus.BILLED
    play.forward(timedelta(hours=1))
    await play.steps()
    with_policy(play, mode=Mode.LIVE)
    play.shop.mode = Mode.LIVE
    return key


WAITS: dict[str, tuple[Wait, Scene]] = {
    "payment": (Wait.PAYMENT, payment),
    "unpaid": (Wait.UNPAID, unpaid),
    "window": (Wait.WINDOW, window),
    "approval": (Wait.APPROVAL, approval),
    "held": (Wait.HELD, held),
    "shop_hold": (Wait.SHOP_HOLD, shop_hold),
    "risk": (Wait.RISK, risk),
    "scheduled": (Wait.SCHEDULED, scheduled),
    "paused": (Wait.PAUSED, paused),
    "preview": (Wait.PREVIEW, preview),
    "before_go_live": (Wait.BEFORE_GO_LIVE, before_go_live),
    "was_test": (Wait.WAS_TEST, was_test),
    "other_mode": (Wait.OTHER_MODE, other_mode),
    "upstream": (Wait.UPSTREAM, upstream),
    "limit_day": (Wait.LIMIT_DAY, limit_day),
    "recheck": (Wait.RECHECK, recheck),
    "bought_already": (Wait.BOUGHT_ALREADY, bought_already),
    "test_billed": (Wait.TEST_BILLED, billed_test),
}

SHORT = frozenset({Wait.ROUTING, Wait.UNRATED})
"""What never lasts a week: it becomes a problem, or another wait, which are played."""


def test_every_wait_is_played() -> None:
    assert {wait for wait, _ in WAITS.values()} == set(Wait) - SHORT


AFTER_A_TEST = frozenset({Wait.WAS_TEST, Wait.BOUGHT_ALREADY, Wait.TEST_BILLED})
"""What was ordered at Sculpteo as a test stays all there is."""

TRIES = frozenset({Wait.RECHECK})
"""What is tried anew each time has some lines for each try."""


@pytest.mark.parametrize("name", WAITS)
async def test_a_wait_that_lasts_costs_little(tmp_path: Path, name: str) -> None:
    wait, scene = WAITS[name]
    async with playing(tmp_path) as play:
        key = await scene(play)
        counted = await a_week(play, key)
        found = await play.record(key)
        assert (found.state, found.reason) == (State.WAITING, wait)
        assert counted.lines <= (8 * LOOKS if wait in TRIES else LINES)
        assert counted.asked <= 2 * ASKED
        assert len(play.printer.books) <= (wait in AFTER_A_TEST)


# --- what is over ----------------------------------------------------------------------------------------


async def ignored(play: Playing) -> int:
    return await play.hear_of(order(line(1, "TEE")))


async def ignored_by_a_person(play: Playing) -> int:
    key = await approval(play)
    await play.steps()
    found = await play.record(key)
    await play.store.orders.apply_decision(
        found, transitions.ignore_order(found, "ada", play.clock.now()), "ada"
    )
    return key


async def cancelled(play: Playing) -> int:
    return await ring(play, cancelled_at=NOW)


async def cancelled_by_a_person(play: Playing) -> int:
    key = await approval(play)
    await play.steps()
    found = await play.record(key)
    await play.store.orders.apply_decision(
        found, transitions.cancel_order(found, "ada", play.clock.now()), "ada"
    )
    return key


QUIET: dict[str, tuple[State, Scene]] = {
    "ignored": (State.IGNORED, ignored),
    "ignored_by_a_person": (State.IGNORED, ignored_by_a_person),
    "cancelled": (State.CANCELLED, cancelled),
    "cancelled_by_a_person": (State.CANCELLED, cancelled_by_a_person),
    "unmapped": (State.ATTENTION, unmapped),
    "held": (State.WAITING, held),
    "limit_order": (State.ATTENTION, limit_order),
    "refused": (State.ATTENTION, refused),
}


@pytest.mark.parametrize("name", QUIET)
async def test_a_quiet_shop_is_not_read_again_and_again(tmp_path: Path, name: str) -> None:
    """The order changed once more after it was judged, which no webhook told of; then nothing happens."""
    state, scene = QUIET[name]
    async with playing(tmp_path) as play:
        key = await scene(play)
        await play.steps()

        async def compare() -> None:
            await reconcile("acme", play.shop, play.store.orders, play.store.memory, play.clock)
            play.forward(timedelta(seconds=5))
            await play.steps()

        await compare()
        play.shop.touch(next(iter(play.shop.orders.values())))  # a note of the merchant, say
        counted = Counted()
        counting(play, counted)
        for _ in range(24 * 4):
            await compare()
            play.forward(timedelta(minutes=15))
        assert (await play.record(key)).state is state
        assert counted.asked <= 12


async def test_an_order_goes_on_once_its_price_is_known(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        price = play.printer.fetch_price
        key = await no_price(play)
        await play.steps()
        assert (await play.record(key)).problem == Problem.NO_PRICE
        instead(play.printer, "fetch_price", price)
        play.forward(timedelta(hours=1))
        await play.steps()
        assert (await play.record(key)).state is State.PLACED


async def test_two_steps_that_pass_an_order_to_each_other_are_slowed_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step is wrong in the future: `match` says that it is ready, `place` that it is not."""
    async with playing(tmp_path) as play:
        key = await ring(play)

        async def never(*_: Any) -> Any:
            raise NeedsPerson(Problem.ADDRESS, why="only `place` sees it")

        monkeypatch.setattr("bridge.steps.place.check_limits", never)
        counted = await a_week(play, key)
        assert counted.looks <= 2 * LOOKS
        monkeypatch.undo()
        await play.store.wake_orders([State.ATTENTION, State.WAITING])
        await play.steps()
        assert (await play.record(key)).state is State.PLACED, "news is looked at at once"
