"""Sculpteo is asked politely: once for each design, and not again within a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from bridge.errors import SCULPTEO, TryAgain
from bridge.mapping_review.prices import (
    GIVE_UP,
    GOOD_FOR,
    Offered,
    Prices,
)
from bridge.order.model import Design, Money, Quote
from tests.support.clocks import TurnedClock

RING = Design("QfGQC4YQ", 1, "silver", Decimal("0.870"), "cm")
PAIR = Design("QfGQC4YQ", 2, "silver", Decimal("0.87"), "cm")


class Memory:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self.kept.get(key)

    async def set(self, key: str, value: str) -> None:
        self.kept[key] = value

    async def set_if_absent(self, key: str, value: str) -> str:
        return self.kept.setdefault(key, value)


QUOTE = Quote(Money(Decimal("12.50"), "EUR"), warning="thin walls")


@dataclass
class Sculpteo:
    answer: Quote | None = QUOTE
    asked: list[tuple[str, int, str]] = field(default_factory=list)

    async def fetch_price(self, design: Design, quantity: int, currency: str) -> Quote:
        self.asked.append((design.uuid, quantity, currency))
        if self.answer is None:
            raise TryAgain("silence", upstream=SCULPTEO)
        return self.answer

    async def fetch_materials(self) -> Sequence[Offered]:
        raise TryAgain("silence", upstream=SCULPTEO)


async def test_an_answer_is_remembered_for_a_day_by_all_processes() -> None:
    sculpteo, memory, clock = Sculpteo(), Memory(), TurnedClock()
    first = await Prices(sculpteo, memory, clock, "EUR").fetch_prices([RING, PAIR])
    clock.at += GOOD_FOR - timedelta(minutes=1)
    again = await Prices(sculpteo, memory, clock, "EUR").fetch_prices([RING, PAIR])
    assert again == first
    assert sculpteo.asked == [("QfGQC4YQ", 1, "EUR"), ("QfGQC4YQ", 2, "EUR")]
    clock.at += timedelta(minutes=2)
    later = await Prices(sculpteo, memory, clock, "EUR").fetch_prices([RING])
    assert len(sculpteo.asked) == 3
    assert (answer := later[RING]) is not None
    assert answer.at == clock.at


async def test_another_currency_and_a_fresh_look_ask_anew() -> None:
    sculpteo, memory, clock = Sculpteo(), Memory(), TurnedClock()
    await Prices(sculpteo, memory, clock, "EUR").fetch_prices([RING])
    await Prices(sculpteo, memory, clock, "USD").fetch_prices([RING])
    await Prices(sculpteo, memory, clock, "EUR").fetch_prices([RING], fresh=True)
    assert [asked[2] for asked in sculpteo.asked] == ["EUR", "USD", "EUR"]


async def test_a_refusal_is_not_remembered_since_it_may_be_mended_at_once() -> None:
    sculpteo, memory = Sculpteo(Quote(None, problem="no such design")), Memory()
    prices = Prices(sculpteo, memory, TurnedClock(), "EUR")
    refused = (await prices.fetch_prices([RING]))[RING]
    assert refused is not None
    assert refused.problem == "no such design"
    sculpteo.answer = Quote(Money(Decimal(3), "EUR"))
    mended = (await prices.fetch_prices([RING]))[RING]
    assert mended is not None
    assert mended.total == Money(Decimal(3), "EUR")


async def test_a_silent_sculpteo_is_left_alone_and_what_is_remembered_still_counts() -> None:
    sculpteo, memory, clock = Sculpteo(), Memory(), TurnedClock()
    await Prices(sculpteo, memory, clock, "EUR").fetch_prices([RING])
    sculpteo.answer = None
    sculpteo.asked.clear()
    others = [Design(f"Design{number:02}") for number in range(10)]
    found = await Prices(sculpteo, memory, clock, "EUR").fetch_prices([*others, RING])
    assert len(sculpteo.asked) == GIVE_UP
    assert [found[design] for design in others] == [None] * 10
    assert found[RING] is not None


async def test_progress_is_told_from_nothing_to_all() -> None:
    told: list[tuple[int, int | None]] = []
    await Prices(Sculpteo(), None, TurnedClock(), "EUR").fetch_prices(
        [RING, PAIR], on_progress=lambda *step: told.append(step)
    )
    assert told == [(0, 2), (1, 2), (2, 2)]
