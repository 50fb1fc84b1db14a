"""What Shopify's fraud analysis says, or does not say yet, of an order that is to be bought."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.decisions import transitions
from bridge.order.policy import ApprovalPolicy
from bridge.order.states import State, Wait
from bridge.steps.fraud_risk import find_risk_wait
from tests.support.fake_upstreams import START
from tests.support.order_factories import NOW, line, order, policy
from tests.support.step_player import Playing, playing

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HOLD, ALLOW_UNRATED = ApprovalPolicy(), ApprovalPolicy(hold_unrated=False)
ALLOW = ApprovalPolicy(hold_high_risk=False)


@pytest.mark.parametrize(
    ("risk", "age", "hold", "allow_unrated", "allow"),
    [
        ("HIGH", MINUTE, Wait.RISK, Wait.RISK, None),
        ("SEVERE", MINUTE, Wait.RISK, Wait.RISK, None),  # a level of tomorrow
        ("PENDING", MINUTE, Wait.UNRATED, Wait.UNRATED, None),
        ("PENDING", 59 * MINUTE, Wait.UNRATED, Wait.UNRATED, None),
        ("PENDING", HOUR, Wait.RISK, None, None),
        ("PENDING", 90 * 24 * HOUR, Wait.RISK, None, None),
        ("MEDIUM", MINUTE, None, None, None),
        ("LOW", MINUTE, None, None, None),
        ("NONE", MINUTE, None, None, None),
        (None, MINUTE, None, None, None),
    ],
)
def test_only_high_waits_for_a_person_and_what_is_not_rated_waits_for_the_rating(
    risk: str | None, age: timedelta, hold: Wait | None, allow_unrated: Wait | None, allow: Wait | None
) -> None:
    made = order(line(1, "RING"), risk=risk, created_at=NOW - age)
    found = [find_risk_wait(made, rule, NOW) for rule in (HOLD, ALLOW_UNRATED, ALLOW)]
    assert [one.reason if one else None for one in found] == [hold, allow_unrated, allow]
    assert all(one.due_at is not None for one in found if one)  # each is looked at again by itself


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playing]:
    async with playing(tmp_path) as found:
        yield found


UNRATED = order(line(1, "RING"), risk="PENDING", created_at=START)


async def test_an_order_that_is_not_rated_yet_is_bought_when_it_is(play: Playing) -> None:
    key = await play.hear_of(UNRATED)
    await play.steps(5)
    waits = await play.record(key)
    assert (waits.state, waits.reason, play.printer.books) == (State.WAITING, Wait.UNRATED, {})
    play.shop.touch(replace(UNRATED, risk="LOW"))  # no webhook tells of it
    play.forward(2 * MINUTE)
    await play.steps(5)
    assert (await play.record(key)).state is State.PLACED


async def test_an_order_that_is_never_rated_asks_a_person_after_an_hour(play: Playing) -> None:
    key = await play.hear_of(UNRATED)
    for _ in range(30):
        play.forward(HOUR)
        await play.steps(3)
    waits = await play.record(key)
    assert (waits.reason, waits.facts, play.printer.books) == (Wait.RISK, {"risk": "nothing yet"}, {})
    await play.store.orders.apply_decision(
        waits, transitions.approve_order(waits, "anna", play.clock.now()), "anna"
    )
    play.forward(MINUTE)
    await play.steps(3)
    assert (await play.record(key)).state is State.PLACED


async def test_where_the_merchant_says_so_an_order_that_is_not_rated_for_an_hour_is_bought(
    play: Playing,
) -> None:
    play.world = replace(play.world, policy=policy(approval=ALLOW_UNRATED))
    key = await play.hear_of(UNRATED)
    await play.steps(5)
    assert (await play.record(key)).reason == Wait.UNRATED
    play.forward(HOUR + MINUTE)
    await play.steps(5)
    assert (await play.record(key)).state is State.PLACED
