"""What the shops sell and what Sculpteo asks for it: read beside the pages, never by them, and kept for a while.

A page view costs no request. The catalogue is read anew when it is half an hour old; a price is asked again
after a day, or when an operator wants it, one after the other at the pace that all of the bridge keeps to.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from aiohttp import web

from bridge.mapping_review.catalog_reader import read_shops
from bridge.mapping_review.prices import Priced
from bridge.mapping_review.review import (
    MappingReview,
    add_costs,
    build_review,
)
from bridge.mapping_review.variants import (
    ShopCatalog,
    collect_designs,
)
from bridge.order.line_overrides import LineRule
from bridge.order.model import Design
from bridge.web.console.context import Console

GOOD_FOR = timedelta(minutes=30)
TOLD_EVERY = 3.0  # seconds between two words to open pages on how far it has come

log = structlog.get_logger("bridge.console")


@dataclass(frozen=True, slots=True)
class Survey:
    """What was read, and when. `unread` says of shops why they could not be; `priced` = Sculpteo was asked."""

    stocks: Mapping[str, ShopCatalog]
    unread: Mapping[str, str]
    at: datetime
    mapping: str  # the version that the designs to ask for were taken from
    shops: Mapping[str, str]  # which shops these were: each name's domain
    answers: Mapping[Design, Priced | None] = field(default_factory=dict)
    offered: frozenset[str] | None = None
    priced: bool = False


@dataclass(slots=True)
class Surveys:
    """The last survey. `version` grows when there is more to see; `progress` is how many prices of how many
    are there, while they are asked for."""

    known: Survey | None = None
    task: asyncio.Task[None] | None = None
    version: int = 0
    progress: tuple[int, int] | None = None
    _told: float = float("-inf")
    _laid: tuple[object, MappingReview] | None = None

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()

    def of(self, console: Console) -> Survey | None:
        """The last survey, None while there is none. One that is old is made anew, beside the page."""
        known, now = self.known, console.world().clock.now()
        if known is not None and known.shops != _domains(console):
            known = self.known = None  # a name may mean another shop by now
        if known is None or now - known.at > GOOD_FOR or known.mapping != console.loaded().catalog.version:
            self.start(console)
        return known

    def start(self, console: Console, *, fresh: bool = False) -> bool:
        """Survey now; with `fresh`, every price is asked for anew. False = one is under way."""
        if self.running or console.outside is None:
            return False
        self.task = asyncio.create_task(self._run(console, fresh), name="survey")
        return True

    def look(self, survey: Survey, console: Console, decisions: list[LineRule]) -> MappingReview:
        """The survey laid beside the mapping and the decisions as they are now."""
        loaded = console.loaded()
        key = (id(survey), loaded.catalog.version, tuple(rule.key for rule in decisions))
        if self._laid is None or self._laid[0] != key:
            every = set(survey.stocks) >= set(loaded.settings.shops)
            stocks = list(survey.stocks.values())
            plain = build_review(stocks, loaded.catalog, survey.at, decisions=decisions, all_shops=every)
            self._laid = (key, add_costs(plain, survey.answers, survey.offered))
        return self._laid[1]

    async def _run(self, console: Console, fresh: bool) -> None:
        try:
            await self._survey(console, fresh)
        except Exception:  # whatever it is: the page shows what was known, and the next look tries again
            log.exception("the shops could not be surveyed")
        finally:
            self.progress = None
            self.version += 1

    async def _survey(self, console: Console, fresh: bool) -> None:
        outside, loaded, shops = console.outside, console.loaded(), _domains(console)
        assert outside is not None  # noqa: S101 - `start` starts nothing without it
        stocks, unread = await read_shops(loaded.settings.shops, outside.stock)
        before, now = self.known, console.world().clock.now()
        survey = Survey(stocks, unread, now, loaded.catalog.version, shops)
        if before is not None and before.shops == shops:  # what was known is shown until it is known anew
            kept = {name: stock for name, stock in before.stocks.items() if name in unread}
            survey = replace(
                survey, stocks={**kept, **stocks}, answers=before.answers, offered=before.offered
            )
        self._show(survey)
        prices = outside.prices()
        offered = await prices.fetch_material_ids()
        decisions = await console.store.rules.list_rules()
        laid = build_review(list(survey.stocks.values()), loaded.catalog, now, decisions=decisions)
        answers = await prices.fetch_prices(
            collect_designs(laid.rows, offered), fresh=fresh, on_progress=self._came
        )
        self._show(replace(survey, answers=answers, offered=offered, priced=True))

    def _show(self, survey: Survey) -> None:
        self.known = survey
        self.version += 1

    def _came(self, done: int, total: int) -> None:
        self.progress = (done, total)
        if time.monotonic() - self._told > TOLD_EVERY:
            self._told = time.monotonic()
            self.version += 1

    async def close(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


def _domains(console: Console) -> dict[str, str]:
    return {name: shop.domain for name, shop in console.loaded().settings.shops.items()}


SURVEYS = web.AppKey("surveys", Surveys)
