"""Which orders are told of for standing too long: a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.config.alert_settings import Reminders
from bridge.health.reminders import build_reminders
from bridge.order.problems import Problem
from bridge.order.states import State, Wait
from bridge.store.stalled_orders import StalledOrder

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
RULES = Reminders()
DAY = timedelta(days=1)
UNTIL = (NOW + DAY).isoformat()


def standing(state: State, age: timedelta, **more: object) -> StalledOrder:
    return replace(StalledOrder(7, state, NOW - age, reference="ABCD1234"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("order", "codes"),
    [
        (standing(State.PLACED, 6 * DAY), []),
        (standing(State.PLACED, 7 * DAY), ["still_placed"]),
        (standing(State.PLACED, DAY, estimated_delivery=NOW - DAY), []),
        (standing(State.PLACED, DAY, estimated_delivery=NOW - 2 * DAY), ["late"]),
        (standing(State.SHIPPED, DAY, estimated_delivery=NOW - 2 * DAY), []),
        (standing(State.SHIPPED, 6 * DAY), []),
        (standing(State.SHIPPED, 90 * DAY), ["still_shipped"]),
        (standing(State.WAITING, DAY, reason=Wait.APPROVAL), []),
        (standing(State.WAITING, 2 * DAY, reason=Wait.APPROVAL), ["still_waiting"]),
        (standing(State.WAITING, 2 * DAY, reason=Wait.HELD), ["still_waiting"]),
        (standing(State.WAITING, 2 * DAY, reason=Wait.SHOP_HOLD), ["still_waiting"]),
        (standing(State.WAITING, timedelta(hours=1), reason=Wait.ROUTING), ["still_waiting"]),
        (standing(State.WAITING, timedelta(hours=5), reason=Wait.UPSTREAM), []),
        (standing(State.WAITING, timedelta(hours=6), reason=Wait.UPSTREAM), ["still_waiting"]),
        (standing(State.WAITING, DAY, reason=Wait.PAYMENT), []),
        (standing(State.WAITING, 2 * DAY, reason=Wait.PAYMENT), ["still_waiting"]),
        (standing(State.WAITING, 2 * DAY, reason=Wait.UNPAID), ["still_waiting"]),
        (standing(State.WAITING, timedelta(minutes=50), reason=Wait.UNRATED), []),
        (standing(State.WAITING, timedelta(hours=1), reason=Wait.UNRATED), ["still_waiting"]),
        (standing(State.WAITING, 90 * DAY, reason=Wait.SCHEDULED, facts={"until": UNTIL}), []),
        (standing(State.WAITING, 90 * DAY, reason=Wait.SCHEDULED, due_at=NOW + DAY), []),
        (standing(State.WAITING, 90 * DAY, reason=Wait.SCHEDULED), ["still_waiting"]),
        (standing(State.WAITING, 90 * DAY, reason="of tomorrow"), ["still_waiting"]),
        (standing(State.ATTENTION, DAY, problem=Problem.UNMAPPED), []),
        (standing(State.ATTENTION, 2 * DAY, problem=Problem.UNMAPPED), ["still_attention"]),
        (standing(State.ATTENTION, 2 * DAY, problem="of tomorrow"), ["still_attention"]),
        (standing(State.UNKNOWN, 2 * DAY), ["still_attention"]),
        (standing(State.RECEIVED, timedelta(minutes=59), due_at=NOW), []),
        (standing(State.RECEIVED, timedelta(hours=1), due_at=NOW), ["still_received"]),
        (standing(State.PLACING, timedelta(minutes=14)), []),
        (standing(State.PLACING, timedelta(minutes=15)), ["still_placing"]),
        (standing(State.PLACING, timedelta(hours=5), moved_at=NOW), []),  # Shopify was down, and is back
        (standing(State.PLACING, timedelta(hours=6), moved_at=NOW), ["still_placing"]),
        (standing(State.PLACED, 90 * DAY, mode="test"), []),
        (standing(State.PLACED, 2 * DAY, failures=3, last_error="HTTP 500"), ["failing"]),
        (standing(State.PLACED, 2 * DAY, failures=3, looked_at=NOW - timedelta(hours=23)), []),
        (standing(State.RECEIVED, DAY, due_at=NOW - timedelta(hours=2)), ["overdue"]),
        (standing(State.WAITING, timedelta(minutes=5), due_at=NOW - timedelta(hours=2)), ["overdue"]),
        (standing(State.UNKNOWN, DAY, due_at=NOW - timedelta(hours=2)), []),
        (standing(State.SHIPPED, DAY, failures=2, number="1Z"), []),
        (standing(State.SHIPPED, DAY, failures=3, number="1Z", last_error="HTTP 500"), ["tracking"]),
        (standing(State.SHIPPED, timedelta(hours=23), failures=9), []),
        (standing(State.SHIPPED, DAY, failures=9), ["failing"]),
    ],
)
def test_what_is_told_of_an_order_that_stands(order: StalledOrder, codes: list[str]) -> None:
    found = build_reminders(order, NOW, RULES)
    assert [news.code for news in found] == codes
    assert all(news.order == 7 for news in found)


def keys(order: StalledOrder, times: list[timedelta]) -> list[str]:
    return [news.key for by in times for news in build_reminders(order, NOW + by, RULES)]


def test_what_lasts_is_told_again_only_when_the_time_has_doubled() -> None:
    order = standing(State.WAITING, 2 * DAY, reason=Wait.APPROVAL)
    found = keys(order, [DAY * days for days in range(31)])  # it stands for 2 to 32 days
    assert len(found) == 31
    assert len(set(found)) == 5  # after 2, 4, 8, 16 and 32 days


def test_what_moved_since_is_told_anew() -> None:
    order = standing(State.PLACED, 7 * DAY)
    later = replace(order, since=NOW)
    assert set(keys(order, [DAY * 0])).isdisjoint(keys(later, [DAY * 7]))


def test_the_times_are_the_merchants() -> None:
    order = standing(State.PLACED, DAY)
    quick = Reminders(placed=timedelta(hours=1))
    assert [news.code for news in build_reminders(order, NOW, quick)] == ["still_placed"]
