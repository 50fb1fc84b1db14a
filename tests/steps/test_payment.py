"""What is bought before it is paid: nothing unasked, with the real steps on a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.order.model import ShopOrder
from bridge.order.policy import ApprovalPolicy, PaymentPolicy
from bridge.order.problems import Alarm
from bridge.order.records import OrderRecord
from bridge.order.states import State, Wait
from bridge.steps.cancellation import collect_change_alarms
from bridge.steps.line_selection import Waiting
from bridge.steps.payment import (
    collect_approval_codes,
    find_payment_wait,
    is_only_for_payment,
    is_paid,
    may_have_lapsed,
)
from tests.support.fake_upstreams import START
from tests.support.order_factories import NOW, euro, line, order, policy, record
from tests.support.step_player import Playing, playing

DAY = timedelta(days=1)
PAID, AUTHORIZED, APPROVE = (PaymentPolicy(rule) for rule in ("paid", "authorized", "approve"))


def owed(status: str | None, **more: Any) -> ShopOrder:
    return order(line(1, "RING"), fully_paid=False, financial_status=status, **more)


def authorized(until: datetime | None) -> ShopOrder:
    return owed("AUTHORIZED", authorized_until=until)


def wait(shop_order: ShopOrder, rule: PaymentPolicy, approved_for: str | None = None) -> Wait | None:
    found = find_payment_wait(shop_order, rule, NOW, approved_for=approved_for)
    return found.reason if isinstance(found, Waiting) else None


@pytest.mark.parametrize(
    ("shop_order", "paid", "authorized_", "approve"),
    [
        (owed("PENDING"), Wait.PAYMENT, Wait.PAYMENT, Wait.UNPAID),
        (owed(None), Wait.PAYMENT, Wait.PAYMENT, Wait.UNPAID),
        (owed("PENDING", payment_terms="Net 30"), Wait.PAYMENT, Wait.PAYMENT, Wait.UNPAID),
        (owed("PARTIALLY_PAID"), Wait.PAYMENT, Wait.PAYMENT, Wait.UNPAID),
        (owed("OF_TOMORROW"), Wait.PAYMENT, Wait.PAYMENT, Wait.UNPAID),
        (owed("EXPIRED"), Wait.UNPAID, Wait.UNPAID, Wait.UNPAID),
        (authorized(NOW + 30 * DAY), Wait.PAYMENT, None, Wait.UNPAID),
        (authorized(NOW + 5 * DAY), Wait.PAYMENT, Wait.UNPAID, Wait.UNPAID),
        (authorized(NOW + 2 * DAY), Wait.PAYMENT, Wait.UNPAID, Wait.UNPAID),
        (authorized(NOW - DAY), Wait.PAYMENT, Wait.UNPAID, Wait.UNPAID),
        (authorized(None), Wait.PAYMENT, Wait.UNPAID, Wait.UNPAID),
        (order(line(1, "RING")), None, None, None),
        (owed("PARTIALLY_REFUNDED", refunded_total=euro("3")), None, None, None),
        (owed("PENDING", total=euro("0"), current_total=euro("0")), None, None, None),
        (order(line(1, "RING"), financial_status="PENDING", total=euro("0")), None, None, None),
    ],
)
def test_each_kind_of_payment_is_judged_by_the_shops_setting(
    shop_order: ShopOrder, paid: Wait | None, authorized_: Wait | None, approve: Wait | None
) -> None:
    assert [wait(shop_order, rule) for rule in (PAID, AUTHORIZED, APPROVE)] == [paid, authorized_, approve]
    assert is_paid(shop_order) is (paid is None)


@pytest.mark.parametrize(
    ("given", "status", "opens"),
    [
        ("unpaid unpaid:PENDING", "PENDING", True),
        ("payment unpaid:PENDING", "PENDING", True),
        ("unpaid unpaid:PENDING", "AUTHORIZED", True),  # the money is nearer than the person was told
        ("unpaid unpaid:AUTHORIZED", "AUTHORIZED", True),
        ("unpaid unpaid:AUTHORIZED", "EXPIRED", False),  # it is farther: that was not the question
        ("unpaid unpaid:AUTHORIZED", "PARTIALLY_PAID", False),
        ("unpaid unpaid:PARTIALLY_PAID", "PENDING", False),
        ("payment", "PENDING", False),  # by an older version, whose question was another one
        ("window", "PENDING", False),
        ("approval risk", "PENDING", False),
        (None, "PENDING", False),
    ],
)
def test_an_approval_opens_payment_only_where_that_was_the_question(
    given: str | None, status: str, opens: bool
) -> None:
    assert (wait(owed(status), APPROVE, given) is None) is opens


def test_an_approval_is_recorded_with_how_far_the_money_was() -> None:
    asked = record(State.WAITING, reason=Wait.UNPAID, facts={"payment": "EXPIRED"})
    assert collect_approval_codes(asked) == ["unpaid", "unpaid:EXPIRED"]
    assert collect_approval_codes(record(State.WAITING, reason=Wait.WINDOW)) == ["window"]
    assert is_only_for_payment("unpaid unpaid:EXPIRED")
    assert not is_only_for_payment("unpaid unpaid:EXPIRED risk")
    assert not is_only_for_payment(None)


# --- the steps ---


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playing]:
    async with playing(tmp_path) as found:
        yield found


def rules(play: Playing, payment: PaymentPolicy, **approval: Any) -> None:
    rule = ApprovalPolicy(**approval)
    play.world = replace(play.world, policy=policy(approval=rule, payment={"acme": payment}))


async def told(play: Playing, shop_order: ShopOrder) -> OrderRecord:
    """The shop has the order as it is now, and the bridge looks until nothing is due."""
    key = await play.hear_of(shop_order)
    play.forward(timedelta(seconds=10))
    await play.steps(5)
    return await play.record(key)


async def approved(play: Playing, on_record: OrderRecord) -> OrderRecord:
    await play.store.orders.apply_decision(
        on_record, transitions.approve_order(on_record, "anna", play.clock.now()), "anna"
    )
    play.forward(timedelta(seconds=1))
    await play.steps(5)
    return await play.record(on_record.key)


def bought(play: Playing) -> int:
    return len(play.printer.books)


async def test_an_authorized_order_is_bought_where_the_authorization_outlasts_the_print(
    play: Playing,
) -> None:
    rules(play, AUTHORIZED)
    found = await told(play, authorized(START + 30 * DAY))
    assert (found.state, bought(play)) == (State.PLACED, 1)


async def test_an_authorization_that_ends_too_soon_asks_a_person_who_may_say_yes(play: Playing) -> None:
    rules(play, AUTHORIZED)
    asks = await told(play, authorized(START + 2 * DAY))
    assert (asks.state, asks.reason, bought(play)) == (State.WAITING, Wait.UNPAID, 0)
    assert "2026-11-25" in asks.facts["why"]
    assert (await approved(play, asks)).state is State.PLACED
    assert bought(play) == 1


async def test_an_authorization_that_runs_short_within_the_window_asks_at_its_end(play: Playing) -> None:
    rules(play, AUTHORIZED, delay=timedelta(hours=6))
    opens = await told(play, authorized(START + 5 * DAY + timedelta(hours=3)))
    assert opens.reason == Wait.WINDOW
    play.forward(timedelta(hours=7))
    await play.steps(5)
    assert ((await play.record(opens.key)).reason, bought(play)) == (Wait.UNPAID, 0)


async def test_an_expired_payment_is_not_taken_for_a_cancelled_order(play: Playing) -> None:
    rules(play, PAID)
    asks = await told(play, owed("EXPIRED"))
    assert (asks.state, asks.reason, bought(play)) == (State.WAITING, Wait.UNPAID, 0)
    assert (await told(play, order(line(1, "RING")))).state is State.PLACED  # paid in another way


async def test_a_voided_payment_cancels_the_order_until_it_is_paid_after_all(play: Playing) -> None:
    rules(play, APPROVE)
    gone = await told(play, owed("VOIDED"))
    assert (gone.state, gone.reason, bought(play)) == (State.CANCELLED, "voided", 0)
    assert (await told(play, owed("VOIDED", note="still so"))).state is State.CANCELLED
    assert (await told(play, order(line(1, "RING")))).state is State.PLACED
    assert bought(play) == 1


async def test_an_order_that_a_person_cancelled_stays_so_when_it_is_paid(play: Playing) -> None:
    rules(play, PAID)
    waits = await told(play, owed("PENDING"))
    change = transitions.cancel_order(waits, "anna", play.clock.now())
    await play.store.orders.apply_decision(waits, change, "anna")
    assert (await told(play, order(line(1, "RING")))).state is State.CANCELLED
    assert bought(play) == 0


@pytest.mark.parametrize("rule", [PAID, AUTHORIZED, APPROVE], ids=lambda rule: rule.rule)
async def test_payment_terms_wait_and_are_bought_by_an_approval_of_just_that(
    play: Playing, rule: PaymentPolicy
) -> None:
    rules(play, rule, delay=timedelta(minutes=30))
    waits = await told(play, owed("PENDING", payment_terms="Net 30"))
    assert waits.reason == (Wait.UNPAID if rule is APPROVE else Wait.PAYMENT)
    assert waits.facts["why"] == "the payment terms are Net 30, and the payment is pending"
    assert (await approved(play, waits)).state is State.PLACED
    assert bought(play) == 1


async def test_a_part_paid_order_waits_for_the_rest(play: Playing) -> None:
    rules(play, AUTHORIZED)
    waits = await told(play, owed("PARTIALLY_PAID", authorized_until=START + 30 * DAY))
    assert (waits.state, waits.reason) == (State.WAITING, Wait.PAYMENT)
    assert (await told(play, order(line(1, "RING")))).state is State.PLACED


async def test_a_payment_that_is_captured_late_is_bought_then_even_unheard(play: Playing) -> None:
    rules(play, PAID)
    waits = await told(play, authorized(START + 7 * DAY))
    assert (waits.reason, bought(play)) == (Wait.PAYMENT, 0)
    play.shop.touch(order(line(1, "RING")))  # and no webhook comes
    play.forward(timedelta(hours=7))
    await play.steps(5)
    assert (await play.record(waits.key)).state is State.PLACED


async def test_an_approval_given_before_it_was_known_to_be_unpaid_opens_nothing(play: Playing) -> None:
    rules(play, APPROVE, manual=True)
    asks = await told(play, order(line(1, "RING")))
    assert asks.reason == Wait.APPROVAL
    play.shop.touch(owed("PARTIALLY_PAID"))  # an edit made it dearer, in the moment of approving
    again = await approved(play, asks)
    assert (again.state, again.reason, bought(play)) == (State.WAITING, Wait.UNPAID, 0)
    assert (await approved(play, again)).state is State.PLACED


async def test_an_approval_of_what_is_not_paid_does_not_open_a_high_risk_that_comes_up(
    play: Playing,
) -> None:
    rules(play, PAID)
    waits = await told(play, owed("PENDING", risk="HIGH"))
    assert waits.reason == Wait.PAYMENT
    risky = await approved(play, waits)
    assert (risky.reason, bought(play)) == (Wait.RISK, 0)
    assert (await approved(play, risky)).state is State.PLACED


LATER = NOW + 6 * DAY
GOOD_UNTIL = {"authorized_until": NOW + 30 * DAY}
PAID_ORDER = order(line(1, "RING"))


@pytest.mark.parametrize(
    ("bought", "now", "told"),
    [
        (authorized(NOW + 30 * DAY), owed("EXPIRED"), True),
        (authorized(NOW + 30 * DAY), owed("VOIDED"), True),
        (
            authorized(NOW + 5 * DAY),
            replace(authorized(NOW + 5 * DAY), read_at=LATER),
            True,
        ),  # Shopify says nothing
        (authorized(NOW + 30 * DAY), owed("PENDING"), True),
        (authorized(NOW + 30 * DAY), replace(authorized(NOW + 30 * DAY), read_at=LATER), False),
        (authorized(NOW + 30 * DAY), PAID_ORDER, False),
        (authorized(NOW + 30 * DAY), owed("PARTIALLY_PAID"), False),  # captured with the first parcel
        (PAID_ORDER, owed("PENDING"), True),
        (PAID_ORDER, owed("VOIDED"), True),
        (PAID_ORDER, owed("EXPIRED"), True),
        (PAID_ORDER, owed("PARTIALLY_PAID"), True),
        (PAID_ORDER, owed("PARTIALLY_PAID", total=euro("99")), False),  # something was added: told as an edit
        (PAID_ORDER, owed("REFUNDED"), False),  # told as a refund
        (PAID_ORDER, owed("PARTIALLY_REFUNDED"), False),
        (owed("PENDING"), owed("PENDING"), False),  # a person approved it so
        (owed("PENDING"), owed("EXPIRED"), True),
        (owed("PENDING"), owed("VOIDED"), True),
        (owed("PENDING"), PAID_ORDER, False),
        (owed("EXPIRED"), owed("EXPIRED"), False),
        (owed("EXPIRED"), owed("VOIDED"), True),
    ],
)
def test_a_payment_that_is_taken_back_after_the_purchase_is_an_alarm(
    bought: ShopOrder, now: ShopOrder, told: bool
) -> None:
    found = dict(collect_change_alarms(bought, now, (), "REF1"))
    assert (Alarm.UNPAID_AFTER_PLACING in found) is told


async def test_an_authorization_that_ends_without_a_word_from_shopify_is_told(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        until = play.clock.time + 9 * DAY
        play.world = replace(play.world, policy=policy(payment={"acme": AUTHORIZED}))
        made = owed("AUTHORIZED", authorized_until=until, created_at=play.clock.time)
        key = await play.hear_of(made)
        await play.steps()
        assert (await play.record(key)).state is State.PLACED
        for _ in range(80):
            play.forward(timedelta(hours=3))
            await play.steps()
        alarms = await play.store.queries.list_alarms(order=key)
        assert [(one.alarm, one.facts["payment"]) for one in alarms] == [
            (Alarm.UNPAID_AFTER_PLACING, "AUTHORIZED")
        ]


async def test_a_payment_that_was_voided_before_its_purchase_was_found_is_told_as_that(
    tmp_path: Path,
) -> None:
    async with playing(tmp_path) as play:
        made = owed("VOIDED", created_at=play.clock.time)
        play.intend(made, "REF00001")
        key = await play.hear_of(made)
        await play.steps(2)
        alarms = await play.store.queries.list_alarms(order=key)
        assert Alarm.UNPAID_AFTER_PLACING in {one.alarm for one in alarms}
        assert Alarm.REFUNDED_AFTER_PLACING not in {one.alarm for one in alarms}


def test_the_shop_is_asked_about_a_payment_only_while_it_may_lapse() -> None:
    assert not may_have_lapsed(PAID_ORDER, NOW, LATER)
    assert may_have_lapsed(authorized(NOW + DAY), NOW, NOW + DAY)
    assert may_have_lapsed(owed("PENDING"), NOW, NOW + DAY)
    assert not may_have_lapsed(owed("PENDING"), NOW, NOW + timedelta(minutes=30))
