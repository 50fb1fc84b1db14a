from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from bridge import sandbox
from bridge.sandbox import Sandbox
from bridge.sandbox.control import Control, ControlError, PrinterControl, ShopControl
from bridge.sandbox.desk import PrinterDesk, ShopDesk
from bridge.sandbox.faults import Kind
from bridge.sandbox.sculpteo.model import ParcelPlan, Step
from bridge.sandbox.shopify.orders import Buy
from tests.sandbox.make import ADA, form
from tests.sandbox.wait import eventually


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def control(box: Sandbox) -> AsyncIterator[Control]:
    async with Control(box.control_url) as client:
        await client.shop().add_product("Ring", [{"sku": "RING", "options": {"Size": "S"}}])
        yield client


async def place(box: Sandbox) -> str:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{box.sculpteo_url}/en/api/store/3D/order/", data=form()) as response,
    ):
        return await response.text()


async def test_another_process_can_do_all_that_happens_to_an_order(control: Control) -> None:
    shop = control.shop("acme")
    order = await shop.create_order(
        [Buy("RING", 3, properties=(("Engraving", "Zoë"),)), "MUG"],
        address=ADA,
        email="ada@mail.example",
        paid=False,
        shipping_price=Decimal("3.10"),
    )
    assert (order.name, order.financial_status) == ("#1001", "PENDING")
    assert (await shop.pay(order.id)).financial_status == "PAID"
    assert (await shop.hold(order.name, "HIGH_RISK_OF_FRAUD")).fulfillment_orders[0].holds == (
        "HIGH_RISK_OF_FRAUD",
    )
    assert (await shop.release(order.name)).fulfillment_orders[0].status == "OPEN"
    assert (await shop.edit(order.name, add=["LAMP"], quantities={"RING": 2})).units == {
        "RING": 2,
        "MUG": 1,
        "LAMP": 1,
    }
    assert (await shop.move(order.name, "Nantes")).fulfillment_orders[0].location == "Nantes"
    done = await shop.fulfill_by_hand(order.name, {"RING": 1}, number="1Z1", company="UPS")
    assert (done.fulfillments[0].units, done.fulfillments[0].by_app) == ({"RING": 1}, False)
    assert (await shop.refund(order.name, amount=Decimal("1.00"))).financial_status == "PARTIALLY_REFUNDED"
    await shop.set_address(order.name, None)
    await shop.set_risk(order.name, "HIGH")
    assert (await shop.add_tags(order.name, ["vip"])).tags == ("vip",)
    assert (await shop.cancel(order.name)).cancelled
    assert [entry.name for entry in await shop.orders()] == ["#1001"]
    await shop.delete(order.name)
    assert await shop.orders() == []


async def test_another_process_can_read_the_books_and_drive_the_production(
    box: Sandbox, control: Control
) -> None:
    await control.printer.script("Ada Brindille", [Step(0.0, "In Process", ParcelPlan("UPS"))])
    reference = await place(box)
    await eventually(lambda: box.printer.book(reference).parcels)
    assert (await control.printer.books("Ada Brindille"))[0].parcels[0].carrier == "UPS"
    await control.printer.add_parcel(reference, "1Z2", contents=[("QfGQC4YQ", 1)])
    book = await control.printer.advance(reference, "Blocked")
    assert (book.status, [parcel.number for parcel in book.parcels][1]) == ("Blocked", "1Z2")
    assert book.items == ("QfGQC4YQ:2:0.8697:in:silver",)
    assert await control.printer.books(fake=True) == []


async def test_another_process_can_order_faults_and_outages(box: Sandbox, control: Control) -> None:
    made = await control.fault("sculpteo.order", "reset", effect=True, times=2, containing="Ada")
    assert [fault.id for fault in await control.faults()] == [made.id]
    assert box.faults.rules[0].kind is Kind.RESET
    await control.remove_fault(made.id)
    await control.fault("sculpteo.*", Kind.SLOW, probability=0.5, seconds=0.1)
    await control.clear_faults()
    assert await control.faults() == []
    await control.outage("sculpteo", True)
    with pytest.raises(aiohttp.ClientConnectorError):
        await place(box)
    await control.outage("sculpteo", False)
    assert len(await place(box)) == 8
    assert (await control.visits())["sculpteo.order"] == 1


async def test_it_tells_how_to_reach_everything(box: Sandbox, control: Control) -> None:
    info = await control.info()
    assert (info.shops[0].admin_url, info.sculpteo_url) == (box.shopify_url, box.sculpteo_url)


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("shop/-/pay", {"order": "#9999"}, "no order named #9999"),
        ("shop/nobody/orders", {}, "has no shop nobody"),
        ("shop/-/dance", {}, "there is no verb dance; there are add_product"),
        ("shop/-/_shop", {}, "there is no verb _shop"),
        ("shop/-/pay", {"order": 7, "extra": 1}, "order"),
        ("shop/-/pay", [], "a JSON object"),
        ("faults", {"endpoint": "x", "kind": "banana"}, "kind"),
        ("faults", {"endpoint": "x", "kind": "reset", "efect": True}, "efect"),
        ("shop/-/create_order", {"new": {"lines": ["MUG"], "payed": False}}, "payed"),
        ("shop/-/create_order", {"new": {"lines": [{"sku": "MUG", "qty": 2}]}}, "qty"),
        ("printer/script", {"containing": "x", "steps": [{"afer": 1}]}, "afer"),
        ("printer/advance", {"reference": "AAAA", "status": "New"}, "no order AAAA"),
    ],
)
async def test_a_mistake_is_answered_with_a_sentence(
    control: Control, path: str, body: object, sentence: str
) -> None:
    with pytest.raises(ControlError, match=sentence):
        await control.request("POST", path, body)


@pytest.mark.parametrize(("desk", "client"), [(ShopDesk, ShopControl), (PrinterDesk, PrinterControl)])
def test_the_client_has_every_verb_of_the_server(desk: type, client: type) -> None:
    def verbs(kind: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if name[0] != "_"}

    assert verbs(desk) <= verbs(client)


def test_the_readme_names_every_verb_fault_and_endpoint() -> None:
    text = (Path(sandbox.__file__).parent / "README.md").read_text(encoding="utf-8")
    verbs = {
        name for desk in (ShopDesk, PrinterDesk) for name, _ in inspect.getmembers(desk, inspect.isfunction)
    }
    missing = [name for name in (*verbs, *Kind) if name[0] != "_" and f"`{name}`" not in text]
    assert missing == []
