"""A purchase that a person closed and that Sculpteo makes after all, told by its call to a real bridge."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.decisions import transitions
from bridge.decisions.refusals import NotNow
from bridge.order.problems import Alarm
from bridge.order.records import OrderRecord
from bridge.order.states import State
from bridge.sandbox.http.faults import Kind
from bridge.store import Store
from tests.service.serve_process import Serving, Stage, staged, until
from tests.support.clocks import RealClock
from tests.support.sandbox_factories import ADA

pytestmark = pytest.mark.long


def buy(stage: Stage) -> str:
    return stage.box.shop.create_order(["RING-S"], address=ADA, email="ada@example.com").name


async def decides(stage: Stage, name: str, wish: object, **options: object) -> None:
    assert callable(wish)
    async with Store.open(stage.database, clock=RealClock(), create=False) as store:
        (order,) = await store.queries.search_orders(name)
        await store.orders.apply_decision(order, wish(order, "anna", datetime.now(UTC), **options), "anna")


async def alarmed(stage: Stage, alarm: Alarm, serving: Serving) -> dict[str, object]:
    found: list[dict[str, object]] = []

    async def raised() -> bool:
        async with Store.open(stage.database, clock=RealClock(), create=False) as store:
            found[:] = [dict(one.facts) for one in await store.queries.list_alarms() if one.alarm == alarm]
        return bool(found)

    await until(raised, serving)
    return found[0]


async def bought_again(stage: Stage, name: str, first: str, serving: Serving) -> OrderRecord:
    async def there() -> bool:
        order = await stage.order(name)
        return order is not None and order.state == "placed" and order.reference not in {None, first}

    await until(there, serving)
    order = await stage.order(name)
    assert order is not None
    return order


@pytest.mark.parametrize("status", ["Billed", "In Process", "Shipped"])
async def test_both_orders_of_one_that_was_printed_again_are_named(tmp_path: Path, status: str) -> None:
    async with staged(tmp_path) as stage, stage.serve(stage.config()) as serving:
        name = buy(stage)
        placed = await stage.reaches(name, "placed", serving)
        first = placed.reference or ""
        stage.box.printer.advance(first, "Cancelled")
        await stage.reaches(name, "attention", serving)
        await decides(stage, name, transitions.print_again)
        again = await bought_again(stage, name, first, serving)
        stage.box.printer.advance(first, status)
        facts = await alarmed(stage, Alarm.TWO_PURCHASES, serving)
        assert facts == {"reference": first, "other": again.reference}
        assert len(stage.box.printer.books()) == 2


async def test_a_dropped_order_that_sculpteo_has_is_taken_over_and_bought_once(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage, stage.serve(stage.config()) as serving:
        stage.box.faults.add("sculpteo.order", Kind.STATUS, effect=True, status=502)
        stage.box.faults.add("sculpteo.notifications", Kind.DROP)  # the call at its first status
        name = buy(stage)
        await stage.reaches(name, "unknown", serving)
        await decides(stage, name, transitions.drop_order)
        (book,) = stage.box.printer.books()
        stage.box.printer.advance(book.reference, "In Process")
        facts = await alarmed(stage, Alarm.CLOSED_ALIVE, serving)
        assert (facts["reference"], facts["name"]) == (book.reference, name)
        with pytest.raises(NotNow, match=book.reference):
            await decides(stage, name, transitions.reopen_order)
        await decides(stage, name, transitions.adopt_purchase)
        order = await stage.reaches(name, State.PLACED, serving)
        assert order.reference == book.reference
        stage.box.printer.add_parcel(book.reference, "1Z999AA10123456784")
        await stage.reaches(name, "done", serving)
        assert len(stage.box.printer.books()) == 1
