"""An order whose invoice does not come: waited for, but not for ever."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.errors import INVOICE, BridgeError, NeedsPerson, NotReadyYet, TryAgain, shopify_upstream
from bridge.order.model import Papers, ShopOrder
from bridge.order.problems import Problem
from bridge.order.states import State
from bridge.steps.place import INVOICE_TRIES
from tests.support.order_factories import line, order
from tests.support.step_player import Playing, instead, playing


@dataclass
class Service:
    """An invoicing service that fails in one way until it has a PDF."""

    error: TryAgain
    pdf: bytes | None = None
    asked: int = 0

    async def prepare_invoice(self, shop: str, order: ShopOrder) -> bytes | None:
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
    service = Service(NotReadyYet("invoices.example has no invoice yet (HTTP 404)", upstream=INVOICE))
    async with playing(tmp_path) as play:
        key = await tried(play, service, INVOICE_TRIES + 3)
        found = await play.record(key)
        assert (found.state, found.problem) == (State.ATTENTION, Problem.INVOICE)
        assert "HTTP 404" in str(found.facts["why"])
        assert service.asked == INVOICE_TRIES
        assert found.attempt is None


@dataclass
class Drawer:
    """Makes a PDF, and keeps the order that it was given."""

    given: list[ShopOrder] = field(default_factory=list)

    async def prepare_invoice(self, shop: str, order: ShopOrder) -> bytes | None:
        self.given.append(order)
        return b"%PDF-1.7"


@pytest.mark.parametrize("needs", [True, False])
async def test_an_invoice_gets_what_it_says_beyond_the_order_and_only_where_it_is_needed(
    tmp_path: Path, needs: bool
) -> None:
    papers, drawer = Papers(po_number="PO-7"), Drawer()
    asked: list[str] = []
    async with playing(tmp_path) as play:

        async def told(order_id: str) -> Papers:
            asked.append(order_id)
            return papers

        instead(play.shop, "fetch_papers", told)
        rules = replace(play.world.policy, needs_papers=needs)
        play.world = replace(play.world, invoicer=drawer, policy=rules)
        key = await play.hear_of(order(line(1, "RING")))
        await play.steps()
        found = await play.record(key)
        assert found.reference is not None, "that they are read is no change of the order"
        assert [one.papers for one in drawer.given] == [papers if needs else None]
        assert len(asked) == (2 if needs else 0), "when it is matched, and anew when the invoice is made"
        assert found.snapshot is not None
        assert found.snapshot.papers == (papers if needs else None)


@pytest.mark.parametrize(
    ("error", "bought"),
    [
        (NeedsPerson(Problem.SHOP_ACCESS, why="the shop does not show them"), True),
        (TryAgain("Shopify is away", upstream=shopify_upstream("acme")), False),
    ],
)
async def test_what_the_shop_does_not_show_is_left_out_and_what_it_may_show_soon_is_waited_for(
    tmp_path: Path, error: BridgeError, bought: bool
) -> None:
    drawer = Drawer()
    async with playing(tmp_path) as play:

        async def told(order_id: str) -> Papers:
            raise error

        instead(play.shop, "fetch_papers", told)
        rules = replace(play.world.policy, needs_papers=True)
        play.world = replace(play.world, invoicer=drawer, policy=rules)
        key = await play.hear_of(order(line(1, "RING")))
        await play.steps()
        found = await play.record(key)
        assert found.items, "it is matched all the same"
        assert (found.reference is not None, len(drawer.given)) == (bought, int(bought))


async def test_an_invoice_that_comes_late_is_sent_along(tmp_path: Path) -> None:
    service = Service(NotReadyYet("invoices.example has no invoice yet (HTTP 404)", upstream=INVOICE))
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
