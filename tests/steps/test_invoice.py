"""An order whose invoice does not come: waited for, but not for ever."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.errors import INVOICE, NotThere, TryAgain
from bridge.order.model import ShopOrder
from bridge.order.problems import Problem
from bridge.order.states import State
from bridge.steps.place import INVOICE_TRIES
from tests.steps.make import line, order
from tests.steps.playing import Playing, playing


@dataclass
class Service:
    """An invoicing service that fails in one way until it has a PDF."""

    error: TryAgain
    pdf: bytes | None = None
    asked: int = 0

    async def invoice(self, shop: str, order: ShopOrder) -> bytes | None:
        self.asked += 1
        if self.pdf is None:
            raise self.error
        return self.pdf


async def tried(play: Playing, service: Service, times: int) -> int:
    play.world = replace(play.world, invoicer=service)
    key = await play.hear_of(order(line(1, "RING")))
    for _ in range(times):
        await play.steps()
        play.forward(timedelta(hours=1))
    return key


async def test_an_invoice_that_never_comes_needs_a_person_and_buys_nothing(tmp_path: Path) -> None:
    service = Service(NotThere("invoices.example has no invoice yet (HTTP 404)", upstream=INVOICE))
    async with playing(tmp_path) as play:
        key = await tried(play, service, INVOICE_TRIES + 3)
        found = await play.record(key)
        assert (found.state, found.problem) == (State.ATTENTION, Problem.INVOICE)
        assert "HTTP 404" in str(found.facts["why"])
        assert service.asked == INVOICE_TRIES
        assert found.attempt is None


async def test_an_invoice_that_comes_late_is_sent_along(tmp_path: Path) -> None:
    service = Service(NotThere("invoices.example has no invoice yet (HTTP 404)", upstream=INVOICE))
    async with playing(tmp_path) as play:
        key = await tried(play, service, INVOICE_TRIES - 1)
        assert (await play.record(key)).state is State.WAITING
        service.pdf = b"%PDF-1.7"
        await play.steps()
        assert (await play.record(key)).state is State.PLACED


@pytest.mark.parametrize("why", ["invoices.example answered HTTP 503", "invoices.example gave no invoice"])
async def test_a_service_in_trouble_is_waited_for_as_long_as_it_takes(tmp_path: Path, why: str) -> None:
    async with playing(tmp_path) as play:
        key = await tried(play, Service(TryAgain(why, upstream=INVOICE)), INVOICE_TRIES + 5)
        assert (await play.record(key)).state is State.WAITING
