"""Spending limits and approvals: what a person allowed is these prints at this cost, and no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.decisions.refusals import NotNow
from bridge.errors import SCULPTEO, TryAgain
from bridge.order.model import Mode
from bridge.order.policy import ApprovalPolicy
from bridge.order.problems import Problem
from bridge.order.records import OrderSignal
from bridge.order.states import State, Wait
from tests.promise.memory_bridge import ORDER, Day, transitions
from tests.support.order_factories import euro, line, unit


def grows(day: Day, quantity: int) -> None:
    more = line(1, "RING", quantity)
    day.change(lines=(more,), fulfillment_orders=(unit(1, more),))


async def test_an_order_above_the_limit_is_bought_once_a_person_approves_it(day: Day) -> None:
    day.policy = replace(day.policy, per_order=euro("9"))
    await day.comes(2)
    await day.works()
    record = await day.record()
    assert (record.problem, record.cost) == (Problem.LIMIT_ORDER, euro("10"))
    await day.decides(transitions.approve_order)
    await day.works()
    assert ((await day.record()).state, day.prints) == (State.PLACED, 1)


async def test_an_approval_at_a_cost_does_not_count_at_a_higher_one(day: Day) -> None:
    day.policy = replace(day.policy, per_order=euro("9"))
    await day.comes(2)
    await day.works()
    await day.decides(transitions.approve_order)
    day.printer.unit_price = 6
    await day.works()
    record = await day.record()
    assert (record.problem, record.cost, record.approved_at) == (Problem.LIMIT_ORDER, euro("12"), None)
    await day.decides(transitions.retry_order)
    await day.works()
    assert ((await day.record()).problem, day.prints) == (Problem.LIMIT_ORDER, 0)
    await day.decides(transitions.approve_order)
    await day.works()
    assert day.prints == 1


async def test_an_approval_of_some_prints_does_not_count_for_others(day: Day) -> None:
    day.policy = replace(day.policy, per_order=euro("9"))
    await day.comes(2)
    await day.works()
    await day.decides(transitions.approve_order)
    grows(day, 4)
    await day.works()
    assert ((await day.record()).problem, day.prints) == (Problem.LIMIT_ORDER, 0)


async def test_an_approval_over_the_days_limit_does_not_count_for_other_prints(day: Day) -> None:
    day.policy = replace(day.policy, per_day=euro("9"))
    await day.comes(2)
    await day.works()
    assert (await day.record()).problem == Problem.ABOVE_DAY_LIMIT
    await day.decides(transitions.approve_order)
    grows(day, 4)
    await day.works()
    assert ((await day.record()).problem, day.prints) == (Problem.ABOVE_DAY_LIMIT, 0)


async def test_an_order_over_both_limits_needs_one_approval_for_each_and_no_more(day: Day) -> None:
    day.policy = replace(day.policy, per_order=euro("9"), per_day=euro("9"))
    await day.comes(2)
    await day.works()
    assert (await day.record()).problem == Problem.LIMIT_ORDER
    await day.decides(transitions.approve_order)
    await day.works()
    assert (await day.record()).problem == Problem.ABOVE_DAY_LIMIT
    await day.decides(transitions.approve_order)
    await day.works()
    assert day.prints == 1


async def test_an_order_dearer_than_the_whole_limit_of_a_day_needs_a_person_at_once(day: Day) -> None:
    day.policy = replace(day.policy, per_day=euro("9.99"))
    await day.comes(2)
    await day.works()
    record = await day.record()
    assert (record.state, record.problem, record.cost) == (
        State.ATTENTION,
        Problem.ABOVE_DAY_LIMIT,
        euro("10"),
    )
    assert dict(record.facts) | {"name": ""} == {"cost": "10 EUR", "limit": "9.99 EUR", "name": ""}
    day.clock.time += timedelta(days=2)
    await day.works()
    assert ((await day.record()).state, day.prints) == (State.ATTENTION, 0), "tomorrow changes nothing"
    await day.decides(transitions.approve_order)
    await day.works()
    assert ((await day.record()).state, day.prints) == (State.PLACED, 1)


async def test_each_order_dearer_than_a_day_is_an_alert_of_its_own(day: Day) -> None:
    day.policy = replace(day.policy, per_day=euro("9"))
    await day.comes(2)
    other = replace(day.shop.orders[ORDER], id="gid://shopify/Order/1002", name="#1002")
    day.shop.touch(other)
    await day.store.orders.receive_signal(OrderSignal("acme", other.id, "webhook", other.name))
    await day.works()
    told: list[tuple[int | None, str]] = []
    await day.store.outbox.fan_out_news(
        {"a": lambda news, order: told.append((news.order, str(news.facts.get("problem"))))}
    )
    above = [order for order, problem in told if problem == Problem.ABOVE_DAY_LIMIT]
    assert len(above) == 2
    assert len(set(above)) == 2


async def test_the_days_limit_lets_the_order_go_on_tomorrow(day: Day) -> None:
    day.policy = replace(day.policy, per_day=euro("15"))
    await day.comes(2)
    await day.works()
    other = replace(day.shop.orders[ORDER], id="gid://shopify/Order/1002", name="#1002")
    day.shop.touch(other)
    await day.store.orders.receive_signal(OrderSignal("acme", other.id, "webhook", other.name))
    await day.works()
    (second,) = await day.store.queries.search_orders("#1002")
    assert (second.state, second.reason, second.facts["spent"]) == (State.WAITING, Wait.LIMIT_DAY, "10 EUR")
    day.clock.time += timedelta(days=1)
    await day.works()
    assert len(day.printer.real_prints("#1002")) == 1


async def test_nothing_can_be_approved_before_it_is_known_what_is_printed(day: Day) -> None:
    await day.comes(2, units=())
    await day.works(at_most=2)
    assert (await day.record()).reason == Wait.ROUTING
    with pytest.raises(NotNow, match="not known yet"):
        await day.decides(transitions.approve_order)


async def test_a_test_order_does_not_count_against_the_live_limit(day: Day) -> None:
    day.policy = replace(day.policy, per_day=euro("15"), mode=Mode.TEST)
    await day.comes(2)
    await day.works()
    assert len(day.printer.books) == 1
    day.policy = replace(day.policy, mode=Mode.LIVE)
    await day.news()
    await day.works()
    assert (await day.record()).reason == Wait.WAS_TEST
    await day.decides(transitions.approve_order)
    await day.works()
    assert day.prints == 1


async def test_an_order_paused_while_sculpteo_rests_can_be_cancelled_by_a_person(day: Day) -> None:
    """It is not `placing` in the meantime: nothing of it has left."""
    day.fate.printer[:] = ["before"]
    await day.comes()
    await day.works()
    await day.decides(transitions.cancel_order)
    day.clock.time += timedelta(hours=1)
    await day.works()
    assert ((await day.record()).state, day.prints) == (State.CANCELLED, 0)
    assert day.shop.ledgers[ORDER][0].state == "void"


async def test_a_price_that_cannot_be_asked_names_the_upstream(day: Day) -> None:
    day.policy = replace(day.policy, per_order=euro("100"), approval=ApprovalPolicy())

    def away() -> None:
        raise TryAgain("HTTP 503", upstream=SCULPTEO)

    day.fate.meanwhile["price"] = away
    await day.comes()
    await day.works()
    record = await day.record()
    assert (record.state, record.reason, record.failures) == (State.WAITING, Wait.UPSTREAM, 1)
