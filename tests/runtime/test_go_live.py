"""Since when the bridge works for a shop: as the database, the shop, or the start of the process says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.errors import NeedsPerson, TryAgain
from bridge.order.model import Mode
from bridge.runtime.go_live import (
    PATIENCE,
    KeptGoLiveDates,
)
from tests.support.clocks import TurnedClock

START = datetime(2026, 11, 23, 12, 0, 0, 400_000, tzinfo=UTC)
SECOND = START.replace(microsecond=0)
LONG_AGO = START - timedelta(days=90)


class Memory(dict[str, str]):
    async def get(self, key: str) -> str | None:  # type: ignore[override]
        return super().get(key)

    async def set(self, key: str, value: str) -> None:
        self[key] = value

    async def set_if_absent(self, key: str, value: str) -> str:
        return self.setdefault(key, value)


class AskedShop:
    """The shop's own note; an error is what asking for it comes to."""

    def __init__(self, answer: datetime | Exception | None = None) -> None:
        self.answer = answer
        self.asked: list[tuple[str, Mode, datetime]] = []

    async def __call__(self, shop: str, mode: Mode, now: datetime) -> datetime | None:
        self.asked.append((shop, mode, now))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def dates(
    shop: AskedShop, memory: Memory, clock: TurnedClock, mode: Mode = Mode.LIVE, *, before: Mode | None = None
) -> KeptGoLiveDates:
    async def history() -> tuple[Mode | None, datetime | None, Mode | None]:
        return mode, START if before else None, before

    return KeptGoLiveDates(mode, memory, clock, shop, history)


async def test_a_lost_database_knows_from_the_shop_since_when_it_is_live() -> None:
    memory = Memory()
    found = await dates(AskedShop(LONG_AGO), memory, TurnedClock(START)).load_go_live("acme")
    assert found.at == LONG_AGO
    assert memory["go_live_live:acme"] == LONG_AGO.isoformat()


async def test_the_first_start_is_told_to_the_shop_in_whole_seconds_as_shopify_counts() -> None:
    shop = AskedShop(SECOND)
    await dates(shop, Memory(), TurnedClock(START)).load_go_live("acme")
    assert shop.asked == [("acme", Mode.LIVE, SECOND)]


async def test_where_the_shop_cannot_tell_the_start_counts_so_that_older_orders_ask() -> None:
    assert (await dates(AskedShop(None), Memory(), TurnedClock(START)).load_go_live("acme")).at == SECOND
    refused = AskedShop(NeedsPerson("shop_access", why="no"))
    assert (await dates(refused, Memory(), TurnedClock(START)).load_go_live("acme")).at == SECOND


async def test_a_database_that_was_there_before_counts_from_its_first_start() -> None:
    memory = Memory({"go_live:acme": LONG_AGO.isoformat()})
    assert (await dates(AskedShop(None), memory, TurnedClock(START)).load_go_live("acme")).at == LONG_AGO


async def test_a_shop_that_does_not_answer_is_waited_for_and_not_for_ever() -> None:
    clock, memory = TurnedClock(START), Memory()
    known = dates(AskedShop(TryAgain("no answer")), memory, clock)
    with pytest.raises(TryAgain):
        await known.load_go_live("acme")
    assert not memory
    clock.at += PATIENCE
    assert (await known.load_go_live("acme")).at == SECOND


async def test_each_mode_has_a_date_of_its_own_and_preview_asks_no_shop() -> None:
    memory, shop = Memory({"go_live_live:acme": LONG_AGO.isoformat()}), AskedShop(SECOND)
    assert (await dates(shop, memory, TurnedClock(START), Mode.PREVIEW).load_go_live("acme")).at == SECOND
    assert shop.asked == []
    assert (await dates(shop, memory, TurnedClock(START), Mode.TEST).load_go_live("acme")).at == SECOND
    assert (await dates(shop, memory, TurnedClock(START), Mode.LIVE).load_go_live("acme")).at == LONG_AGO


async def test_the_last_change_of_the_mode_comes_along() -> None:
    found = await dates(AskedShop(SECOND), Memory(), TurnedClock(START), before=Mode.TEST).load_go_live(
        "acme"
    )
    assert (found.mode_since, found.mode_before) == (START, Mode.TEST)


async def test_a_mode_that_another_process_changed_there_and_back_is_noticed() -> None:
    changes = [(Mode.LIVE, START, Mode.TEST), (Mode.LIVE, START + timedelta(hours=1), Mode.PREVIEW)]

    async def history() -> tuple[Mode | None, datetime | None, Mode | None]:
        return changes.pop(0)

    known = KeptGoLiveDates(Mode.LIVE, Memory(), TurnedClock(START), AskedShop(SECOND), history)
    assert (await known.load_go_live("acme")).mode_before is Mode.TEST
    assert (await known.load_go_live("acme")).mode_before is Mode.PREVIEW


@pytest.mark.parametrize("damage", ["yesterday", "", "2026-11-23T12:00:00"])
async def test_a_date_that_cannot_be_read_is_asked_of_the_shop_again(damage: str) -> None:
    memory = Memory({"go_live_live:acme": damage, "go_live:acme": damage})
    assert (await dates(AskedShop(LONG_AGO), memory, TurnedClock(START)).load_go_live("acme")).at == LONG_AGO
    assert memory["go_live_live:acme"] == LONG_AGO.isoformat()
