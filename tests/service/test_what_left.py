"""A real bridge tells a shop exactly what has left, whatever the merchant, Shopify and Sculpteo do in between."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.order.problems import Alarm
from bridge.order.records import OrderRecord
from bridge.sandbox.http.faults import Kind
from bridge.sandbox.shopify.model import Fulfillment, Order
from bridge.sandbox.shopify.orders import Buy
from bridge.store import Store
from tests.service.serve_process import Serving, Stage, staged, until
from tests.support.clocks import RealClock
from tests.support.sandbox_factories import ADA

pytestmark = pytest.mark.long

RING, LAMP = "Rg4sT9xQ", "Lm2Moon8"
HERE = "Workshop Lyon"
FORMS: dict[str, dict[str, object]] = {
    "contents": {},
    "page": {"json_tracking": False},
}


@dataclass
class Scene:
    stage: Stage
    serving: Serving

    def buy(self, *lines: str | Buy, **options: Any) -> Order:
        return self.stage.box.shop.create_order(lines, address=ADA, email="ada@example.com", **options)

    def split(self, units: int, elsewhere: int, place: str = "Depot") -> Order:
        """Rings of which some are sent from another place than the workshop."""
        order = self.buy(Buy("RING-S", units + elsewhere), hold="OTHER")
        shop = self.stage.box.shop
        shop.release(order)
        part = shop.split(order.fulfillment_orders[0], {"RING-S": elsewhere})
        shop.move(part, place)
        return order

    async def placed(self, order: Order) -> str:
        record = await self.stage.reaches(order.name, "placed", self.serving)
        assert record.reference is not None
        return record.reference

    async def record(self, order: Order) -> OrderRecord:
        found = await self.stage.order(order.name)
        assert found is not None
        return found

    async def done(self, order: Order) -> None:
        await self.stage.reaches(order.name, "done", self.serving)

    async def alarms(self, order: Order) -> list[str]:
        async with Store.open(self.stage.database, clock=RealClock(), create=False) as store:
            return [
                one.alarm for one in await store.queries.list_alarms(order=(await self.record(order)).key)
            ]

    async def says(self, order: Order) -> str:
        """What `why` prints of the order."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bridge", "why", order.name, "--config", str(self.serving.config)),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return out.decode()


@asynccontextmanager
async def scene(folder: Path, form: str = "contents", **changes: Any) -> AsyncIterator[Scene]:
    async with staged(folder) as stage:
        stage.box.printer.settings.automatic = False
        for place in ("Depot", "Annex"):
            stage.box.shop.add_location(place)
        for name, value in FORMS[form].items():
            setattr(stage.box.printer.settings, name, value)
        config = stage.config()
        shop = {**config["shops"]["acme"], **changes.pop("shop", {})}
        async with stage.serve({**config, "shops": {"acme": shop}, "limits": {}, **changes}) as serving:
            yield Scene(stage, serving)


def units(made: list[Fulfillment], *, by_app: bool = True) -> int:
    return sum(quantity for one in made if one.by_app is by_app for _, quantity in one.lines)


def mails(order: Order) -> int:
    return sum(one.mails for one in order.fulfillments if one.by_app)


@pytest.mark.parametrize("form", FORMS)
async def test_a_split_line_a_hold_and_two_locations(tmp_path: Path, form: str) -> None:
    async with scene(tmp_path, form, shop={"locations": [HERE, "Annex"]}) as now:
        shop, printer = now.stage.box.shop, now.stage.box.printer

        order = now.split(3, 2)
        reference = await now.placed(order)
        assert [item.quantity for item in printer.book(reference).items] == [3]
        shop.fulfill_by_hand(order, number="DPD-1", company="DPD", location="Depot")
        await asyncio.sleep(1)
        shop.hold(order.fulfillment_orders[0], "HIGH_RISK_OF_FRAUD")
        printer.add_parcel(reference, "1Z999AA10000000001")

        async def waits() -> bool:
            return (await now.record(order)).reason == "shop_hold"

        await until(waits, now.serving)
        assert "Shopify holds its fulfillment: HIGH_RISK_OF_FRAUD." in await now.says(order)
        assert [one.numbers for one in order.fulfillments] == [("DPD-1",)]
        shop.release(order)
        await now.done(order)
        assert (units(order.fulfillments), mails(order)) == (3, 1)
        assert [one.numbers for one in order.fulfillments] == [("DPD-1",), ("1Z999AA10000000001",)]
        assert await now.alarms(order) == []

        both = now.split(2, 1, "Annex")
        reference = await now.placed(both)
        printer.add_parcel(reference, "1Z999AA10000000002")
        await now.done(both)
        assert [one.numbers for one in both.fulfillments] == [("1Z999AA10000000002",)] * 2
        assert (units(both.fulfillments), mails(both)) == (3, 1)


async def test_a_relabelled_parcel_and_one_without_a_number(tmp_path: Path) -> None:
    async with scene(tmp_path, tracking={"without_number_after": "5s"}) as now:
        printer = now.stage.box.printer
        order = now.buy(Buy("RING-S", 3))
        reference = await now.placed(order)
        printer.add_parcel(reference, "1Z999AA10000000003", contents=[(RING, 1)], status="In Process")
        await until(lambda: units(order.fulfillments) == 1, now.serving)
        printer.relabel(reference, "1Z999AA10000000003", "1Z999AA10000000004")
        await until(lambda: len(order.fulfillments[0].numbers) == 2, now.serving)
        assert (units(order.fulfillments), mails(order)) == (1, 2)
        printer.add_parcel(reference, "1Z999AA10000000005", contents=[(RING, 2)])
        await now.done(order)
        assert [one.numbers for one in order.fulfillments] == [
            ("1Z999AA10000000003", "1Z999AA10000000004"),
            ("1Z999AA10000000005",),
        ]
        bare = now.buy("LAMP")
        reference = await now.placed(bare)
        printer.advance(reference, "Shipped")
        await now.done(bare)
        assert await now.alarms(bare) == [Alarm.NO_TRACKING_NUMBER]
        assert (bare.fulfillments[0].numbers, mails(bare)) == ((), 1)


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.STATUS])
async def test_hundreds_of_lines_over_an_answer_that_is_lost(tmp_path: Path, kind: Kind) -> None:
    async with scene(tmp_path) as now:
        order = now.buy(*(Buy("DICE-5") for _ in range(260)))
        reference = await now.placed(order)
        now.stage.box.faults.add("shopify.graphql.fulfillmentCreate", kind, effect=True)
        now.stage.box.printer.add_parcel(reference, "1Z999AA10000000006")
        await now.done(order)
        assert sorted(len(one.lines) for one in order.fulfillments) == [10, 250]
        assert (units(order.fulfillments), mails(order)) == (260, 1)


async def test_progress_is_shown_for_what_is_printed_alone_until_somebody_stops_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as now:
        shop = now.stage.box.shop
        mixed, alone = now.buy("RING-S", "TEE-TOWEL"), now.buy(Buy("RING-S", 2))
        await now.placed(mixed)
        reference = await now.placed(alone)
        unit = alone.fulfillment_orders[0]
        await until(lambda: unit.progress_notes, now.serving)
        shop.open(unit)
        heard = (await now.record(alone)).news
        await asyncio.sleep(12)
        assert (await now.record(alone)).news >= heard
        assert unit.progress_notes == []
        assert mixed.fulfillment_orders[0].progress_notes == []
        now.stage.box.printer.add_parcel(reference, "1Z999AA10000000007")
        await now.done(alone)
