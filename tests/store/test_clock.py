"""Replicas go by the clock of their database server, whatever their machines' clocks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.order import clock
from bridge.order.clock import SystemClock
from bridge.store import Store
from tests.support.postgres import Server
from tests.support.store_factories import LEASE, word

WRONG_BY = timedelta(hours=3)


def wrong_clock() -> SystemClock:
    return SystemClock(lambda: datetime.now(UTC) + WRONG_BY)


def off(tested: SystemClock) -> timedelta:
    return abs(tested.now() - datetime.now(UTC))


async def test_a_machine_whose_clock_is_wrong_goes_by_the_servers(bare_url: str) -> None:
    tested = wrong_clock()
    assert off(tested) > WRONG_BY / 2
    async with Store.open(bare_url, clock=tested) as store:
        right = store.engine_name == "PostgreSQL"  # SQLite has no other clock, and no other machine
        assert (off(tested) < WRONG_BY / 2) is right


async def test_a_lease_of_one_replica_is_a_lease_for_another_whose_clock_is_wrong(postgres: Server) -> None:
    url = postgres.create_database()
    async with (
        Store.open(url, clock=SystemClock()) as right,
        Store.open(url, clock=wrong_clock()) as wrong,
    ):
        for number, mine, others in ((1001, right, wrong), (1002, wrong, right)):
            await right.orders.receive_signal(word(number))
            (taken,) = await mine.orders.claim_orders("mine", limit=1, lease_for=LEASE)
            assert await others.orders.claim_orders("others", limit=1, lease_for=LEASE) == []
            assert taken.lease is not None
            await mine.orders.extend_lease(taken.lease, LEASE)


def test_time_is_carried_on_by_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 1000.0
    monkeypatch.setattr(clock, "measure_seconds", lambda: seconds)
    tested, told = wrong_clock(), datetime(2026, 11, 25, 12, tzinfo=UTC)
    tested.set_time(told)
    seconds += 90
    assert tested.now() == told + timedelta(seconds=90)


def test_what_is_measured_never_goes_back() -> None:
    first = clock.measure_seconds()
    assert clock.measure_seconds() >= first
