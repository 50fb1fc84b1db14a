"""What Sculpteo asks for designs: asked politely, one after the other, and remembered for a day."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from bridge.errors import TryAgain
from bridge.order.model import Design, Money, Quote
from bridge.ports import Clock, Memory

KEY = "prices"
GOOD_FOR = timedelta(days=1)
GIVE_UP = 3  # calls in a row without an answer, after which Sculpteo is left alone


@dataclass(frozen=True, slots=True)
class Priced:
    """Sculpteo's answer for a design in its quantity, and when it came. `problem` says why it has no total."""

    total: Money | None
    problem: str | None
    warning: str | None
    at: datetime


class Offered(Protocol):
    @property
    def id(self) -> str: ...


class PriceSource(Protocol):
    """Sculpteo, as far as it is asked here. Both verbs raise TryAgain when it cannot be asked."""

    async def fetch_price(self, design: Design, quantity: int, currency: str) -> Quote: ...

    async def fetch_materials(self) -> Sequence[Offered]: ...


Progress = Callable[[int, int], None]
"""Told how many of how many are done."""


def discard_progress(done: int, total: int) -> None:
    """For those who need not be told."""


class Prices:
    """Prices in one currency. What is remembered is shared by all processes; refusals are not remembered,
    since a merchant looks again right after mending one."""

    def __init__(self, printer: PriceSource, memory: Memory | None, clock: Clock, currency: str) -> None:
        """`memory` None = nothing is remembered."""
        self._printer = printer
        self._memory = memory
        self._clock = clock
        self._currency = currency

    async def fetch_prices(
        self, designs: Sequence[Design], *, fresh: bool = False, on_progress: Progress = discard_progress
    ) -> Mapping[Design, Priced | None]:
        """The answer for each design; None = Sculpteo gave none. `fresh` asks for all of them anew."""
        known = await self._load_prices()
        newest = self._clock.now() - GOOD_FOR
        found: dict[Design, Priced | None] = {}
        unanswered = 0
        for index, design in enumerate(designs):
            on_progress(index, len(designs))
            answer = known.get(self._build_key(design))
            if answer is None or fresh or answer.at < newest:
                answer = await self._fetch_price(design) if unanswered < GIVE_UP else None
                unanswered = 0 if answer else unanswered + 1
            found[design] = answer
            if answer is not None and answer.total is not None:
                known[self._build_key(design)] = answer
        on_progress(len(designs), len(designs))
        await self._save_prices(known, newest)
        return found

    async def fetch_material_ids(self) -> frozenset[str] | None:
        """The ids of the materials that Sculpteo offers now; None = it gave no answer."""
        try:
            return frozenset(material.id for material in await self._printer.fetch_materials())
        except TryAgain:
            return None

    async def _fetch_price(self, design: Design) -> Priced | None:
        try:
            quote = await self._printer.fetch_price(design, design.quantity, self._currency)
        except TryAgain:
            return None
        return Priced(quote.total, quote.problem, quote.warning, self._clock.now())

    def _build_key(self, design: Design) -> str:
        scale = None if design.scale is None else format(design.scale.normalize(), "f")
        parts = [design.uuid, design.quantity, design.material, scale, design.unit, self._currency]
        return json.dumps(parts, separators=(",", ":"))

    async def _load_prices(self) -> dict[str, Priced]:
        text = await self._memory.get(KEY) if self._memory else None
        try:
            entries: dict[str, list[str | None]] = json.loads(text) if text else {}
            return {name: _parse_price(entry) for name, entry in entries.items()}
        except (ValueError, TypeError, AttributeError, ArithmeticError):
            return {}  # what cannot be read is asked for again

    async def _save_prices(self, known: Mapping[str, Priced], newest: datetime) -> None:
        if self._memory is None:
            return
        kept = {name: _dump_price(answer) for name, answer in known.items() if answer.at >= newest}
        await self._memory.set(KEY, json.dumps(kept, separators=(",", ":")))


def _dump_price(answer: Priced) -> list[str | None]:
    total = answer.total
    money = [str(total.amount), total.currency] if total else [None, None]
    return [*money, answer.warning, answer.at.isoformat()]


def _parse_price(entry: Sequence[str | None]) -> Priced:
    amount, currency, warning, at = entry
    total = Money(Decimal(amount), currency) if amount and currency else None
    return Priced(total, None, warning, datetime.fromisoformat(at or ""))
