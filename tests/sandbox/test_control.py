from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from bridge import sandbox
from bridge.sandbox import Sandbox
from bridge.sandbox.control_client import (
    ControlClient,
    ControlError,
    PrinterClient,
    ShopClient,
)
from bridge.sandbox.control_server import (
    PrinterVerbs,
    ShopVerbs,
)
from bridge.sandbox.http.faults import Kind
from bridge.sandbox.sculpteo.model import ParcelPlan, Step
from bridge.sandbox.shopify.orders import Buy
from tests.support.sandbox_factories import ADA, form
from tests.support.waiting import eventually


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def control(box: Sandbox) -> AsyncIterator[ControlClient]:
    async with ControlClient(box.control_url) as client:
        await client.select_shop().add_product("Ring", [{"sku": "RING", "options": {"Size": "S"}}])
        yield client


async def place(box: Sandbox) -> str:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{box.sculpteo_url}/en/api/store/3D/order/", data=form()) as response,
    ):
        return await response.text()


async def test_another_process_can_do_all_that_happens_to_an_order(control: ControlClient) -> None:
    shop = control.select_shop("acme")
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
    box: Sandbox, control: ControlClient
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


async def test_another_process_can_order_faults_and_outages(box: Sandbox, control: ControlClient) -> None:
    made = await control.add_fault("sculpteo.order", "reset", effect=True, times=2, containing="Ada")
    assert [fault.id for fault in await control.fetch_faults()] == [made.id]
    assert box.faults.rules[0].kind is Kind.RESET
    await control.remove_fault(made.id)
    await control.add_fault("sculpteo.*", Kind.SLOW, probability=0.5, seconds=0.1)
    await control.clear_faults()
    assert await control.fetch_faults() == []
    await control.set_outage("sculpteo", True)
    with pytest.raises(aiohttp.ClientConnectorError):
        await place(box)
    await control.set_outage("sculpteo", False)
    assert len(await place(box)) == 8
    assert (await control.fetch_visit_counts())["sculpteo.order"] == 1


async def test_it_tells_how_to_reach_everything(box: Sandbox, control: ControlClient) -> None:
    info = await control.fetch_info()
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
    control: ControlClient, path: str, body: object, sentence: str
) -> None:
    with pytest.raises(ControlError, match=sentence):
        await control.send_request("POST", path, body)


@pytest.mark.parametrize(("desk", "client"), [(ShopVerbs, ShopClient), (PrinterVerbs, PrinterClient)])
def test_the_client_has_every_verb_of_the_server(desk: type, client: type) -> None:
    def verbs(kind: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if name[0] != "_"}

    assert verbs(desk) <= verbs(client)


def test_the_readme_names_every_verb_fault_and_endpoint() -> None:
    text = (Path(sandbox.__file__).parent / "README.md").read_text(encoding="utf-8")
    verbs = {
        name for desk in (ShopVerbs, PrinterVerbs) for name, _ in inspect.getmembers(desk, inspect.isfunction)
    }
    missing = [name for name in (*verbs, *Kind) if name[0] != "_" and f"`{name}`" not in text]
    assert missing == []


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("shop/-/create_order", {"lines": ["RING"]}, "new is missing; lines is not known here"),
        ("shop/-/create_order", {"new": {"lines": []}}, "an order has at least one line"),
        (
            "shop/-/create_order",
            {"new": {"lines": [{"sku": "MUG", "quantity": "two"}]}},
            "new.lines.0.quantity should be",
        ),
        ("shop/-/create_order", {"new": {"lines": ["RING"], "address": "here"}}, "new.address"),
        (
            "shop/-/refund",
            {"order": "#1", "amount": "much"},
            "amount should be a valid decimal, and is 'much'",
        ),
        ("shop/-/delete_variant", {"sku": "GONE"}, "no variant with the SKU GONE; it has RING"),
        ("shop/-/rename_sku", {"sku": "RING", "to": " "}, "a SKU has at least one character"),
        ("shop/-/set_price", {"sku": "RING", "price": "-1"}, "a price is a number from 0 on, not -1"),
        ("shop/-/set_price", {"sku": "RING", "price": "NaN"}, "price"),
        ("shop/-/test_order", {}, "sells nothing that is printed"),
        ("outage", {"service": "sculpteo"}, "an outage is"),
        ("outage", ["sculpteo"], "an outage is"),
        ("nothing", {}, "there is nothing at /_control/nothing"),
        ("info", {}, "/_control/info takes GET, not POST"),
    ],
)
async def test_what_is_wrong_is_one_sentence_without_the_words_of_a_library(
    control: ControlClient, path: str, body: object, sentence: str
) -> None:
    with pytest.raises(ControlError) as refused:
        await control.send_request("POST", path, body)
    said = str(refused.value)
    assert sentence in said
    assert not any(word in said for word in ("\\n", "validation error", "pydantic", "[type=", "Traceback"))


async def test_a_body_that_is_no_json_is_told(box: Sandbox) -> None:
    url = f"{box.control_url}/_control/shop/-/create_order"
    async with aiohttp.ClientSession() as http, http.post(url, data="{new: }") as response:
        assert response.status == 400
        assert "the body is not JSON" in (await response.json())["error"]


async def test_an_order_without_an_address_is_of_an_invented_customer(
    control: ControlClient, box: Sandbox
) -> None:
    sent = await control.send_request("POST", "shop/-/create_order", {"new": {"lines": ["RING"]}})
    order = box.shop.order(json.loads(sent)["name"])
    assert order.address is not None
    assert order.customer is not None
    assert (order.email or "").endswith("@mail.example")
    other = box.shop.order((await control.select_shop().create_order(["RING"])).name)
    assert other.address is not None
    assert other.address.name != order.address.name
    without = await control.send_request(
        "POST", "shop/-/create_order", {"new": {"lines": ["RING"], "address": None}}
    )
    assert box.shop.order(json.loads(without)["name"]).address is None


async def test_a_sku_is_renamed_and_a_price_changed_for_what_is_sold_from_then_on(
    control: ControlClient, box: Sandbox
) -> None:
    shop = control.select_shop()
    before = box.shop.order((await shop.create_order(["RING"])).name)
    await shop.rename_sku("RING", "RING-2026")
    await shop.set_price("RING-2026", Decimal("31.50"))
    after = box.shop.order((await shop.create_order(["RING-2026"])).name)
    assert [(line.sku, line.price) for line in before.lines] == [("RING", Decimal("20.00"))]
    assert [(line.sku, line.price) for line in after.lines] == [("RING-2026", Decimal("31.50"))]
    assert after.lines[0].variant is before.lines[0].variant
    with pytest.raises(ControlError, match="is taken"):
        await shop.rename_sku("RING-2026", "RING-2026")


async def test_each_shops_own_address_answers_too(box: Sandbox, control: ControlClient) -> None:
    box.shop.test_skus = ("RING",)
    async with ControlClient(box.shopify_url) as beside:
        order = await beside.select_shop("acme").test_order()
    assert order.units == {"RING": 1}
    assert order.ships_to
