"""Replicas go by the clock of their database server, whatever their machines' clocks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from bridge import clock
from bridge.clock import SystemClock
from bridge.store import Store
from tests.postgres import Server
from tests.store.make import LEASE, word

WRONG_BY = timedelta(hours=3)


class Wrong(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override] # a plain one
        return datetime.now(tz) + WRONG_BY


def off(tested: SystemClock) -> timedelta:
    return abs(tested.now() - datetime.now(UTC))


async def test_a_machine_whose_clock_is_wrong_goes_by_the_servers(
    bare_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "datetime", Wrong)
    tested = SystemClock()
    assert off(tested) > WRONG_BY / 2
    async with Store.open(bare_url, clock=tested) as store:
        right = store.engine == "PostgreSQL"  # SQLite has no other clock, and no other machine
        assert (off(tested) < WRONG_BY / 2) is right


async def test_a_lease_of_one_replica_is_a_lease_for_another_whose_clock_is_wrong(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.create_database()
    async with Store.open(url, clock=SystemClock()) as right:
        monkeypatch.setattr(clock, "datetime", Wrong)
        async with Store.open(url, clock=SystemClock()) as wrong:
            await right.orders.notice(word(1001))
            (taken,) = await right.orders.claim("right", limit=1, lease_for=LEASE)
            assert await wrong.orders.claim("wrong", limit=1, lease_for=LEASE) == []
            await right.orders.notice(word(1002))
            (other,) = await wrong.orders.claim("wrong", limit=1, lease_for=LEASE)
            assert await right.orders.claim("right", limit=1, lease_for=LEASE) == []
            for store, order in ((right, taken), (wrong, other)):
                await store.orders.extend(order.lease, LEASE)  # type: ignore[arg-type] # it has one


def test_time_is_carried_on_by_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 1000.0
    monkeypatch.setattr(clock, "measured", lambda: seconds)
    tested, told = SystemClock(), datetime(2026, 11, 25, 12, tzinfo=UTC)
    tested.told(told)
    monkeypatch.setattr(clock, "datetime", Wrong)
    seconds += 90
    assert tested.now() == told + timedelta(seconds=90)


def test_what_is_measured_never_goes_back() -> None:
    first = clock.measured()
    assert clock.measured() >= first
