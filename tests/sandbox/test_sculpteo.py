from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import aiohttp
import pytest

from bridge.sandbox import Sandbox
from bridge.sandbox.http.faults import Kind
from bridge.sandbox.sculpteo.model import ParcelPlan, Step
from bridge.sandbox.sculpteo.settings import JsonNames, SculpteoSettings
from tests.support.http_receiver import receiver
from tests.support.sandbox_factories import form
from tests.support.waiting import eventually

XHR = {"X-Requested-With": "XMLHttpRequest"}


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def order(box: Sandbox, http: aiohttp.ClientSession, **changes: str | None) -> tuple[int, str]:
    async with http.post(f"{box.sculpteo_url}/en/api/store/3D/order/", data=form(**changes)) as response:
        return response.status, await response.text()


async def test_a_correct_form_gives_a_reference_as_a_plain_string(
    box: Sandbox, http: aiohttp.ClientSession
) -> None:
    status, reference = await order(box, http, notification_url="https://b.example/n", theme="acme")
    assert (status, re.fullmatch("[A-Z0-9]{8}", reference) is not None) == (200, True)
    [book] = box.printer.books()
    assert (book.reference, book.status, book.fake) == (reference, "New", False)
    assert [(item.uuid, item.quantity, str(item.scale), item.unit) for item in book.items] == [
        ("QfGQC4YQ", 2, "0.8697", "in")
    ]
    assert book.address["ship_street1"] == "12 rue des Mésanges"
    assert book.comments == ("acme #1001",)
    assert "sandbox-password" not in str(book)


async def test_the_same_form_twice_is_two_orders(box: Sandbox, http: aiohttp.ClientSession) -> None:
    first, second = await order(box, http), await order(box, http)
    assert first != second
    assert len(box.printer.books("acme #1001")) == 2


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"password": "wrong"}, 401),
        ({"login": None}, 401),
        ({"item_0": None}, 400),
        ({"item_1": "QfGQC4YQ:1", "item_3": "QfGQC4YQ:1"}, 400),
        ({"item_0": "QfGQC4YQ"}, 400),
        ({"item_0": "QfGQC4YQ:0"}, 400),
        ({"item_0": "QfGQC4YQ:two"}, 400),
        ({"item_0": "QfGQC4YQ:1::mm:silver"}, 400),
        ({"item_0": "QfGQC4YQ:1:-1:mm:silver"}, 400),
        ({"item_0": "QfGQC4YQ:1:NaN:mm:silver"}, 400),
        ({"item_0": "QfGQC4YQ:1:1E+2:mm:silver"}, 400),
        ({"item_0": "QfGQC4YQ:1:1:furlong:silver"}, 400),
        ({"item_0": "QfGQC4YQ:1:1:mm:cheese"}, 400),
        ({"item_0": "<script>:1"}, 400),
        ({"ship_street1": "x" * 81}, 400),
        ({"ship_street1": None}, 400),
        ({"ship_addressee": "  "}, 400),
        ({"ship_country": "France"}, 400),
        ({"ship_country": "XX"}, 400),
        ({"ship_method": "quick", "ship_country": "DE"}, 400),
        ({"ship_method": "drone"}, 400),
        ({"notification_url": "javascript:alert(1)"}, 400),
        ({"ship_invoice": "not a file"}, 400),
        ({"fake": "yes"}, 400),
    ],
)
async def test_a_wrong_form_is_refused_with_a_blank_answer(
    box: Sandbox, http: aiohttp.ClientSession, changes: dict[str, str | None], status: int
) -> None:
    assert await order(box, http, **changes) == (status, "")
    assert box.printer.books() == []
    assert len(box.printer.refusals) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"item_0": "QfGQC4YQ:1"},
        {"ship_street1": "x" * 80, "ship_street2": "y" * 90},
        {"ship_addressee": "星野 遥", "ship_city": "渋谷区", "ship_country": "JP"},
        {"ship_method": "quick"},
        {"ship_method": "express", "ship_country": "DE"},
    ],
)
async def test_what_is_documented_is_accepted(
    box: Sandbox, http: aiohttp.ClientSession, changes: dict[str, str | None]
) -> None:
    assert (await order(box, http, **changes))[0] == 200


async def test_an_invoice_comes_as_a_file_and_is_kept_byte_for_byte(
    box: Sandbox, http: aiohttp.ClientSession
) -> None:
    pdf = b"%PDF-1.7\r\n\x00\xff--boundary\r\n\r\n" * 500
    data = aiohttp.FormData(form())
    data.add_field("ship_invoice", pdf, filename="invoice.pdf", content_type="application/pdf")
    async with http.post(f"{box.sculpteo_url}/en/api/store/3D/order/", data=data) as response:
        assert response.status == 200
    [book] = box.printer.books()
    assert book.invoice == pdf
    assert book.address["ship_street1"] == "12 rue des Mésanges"


async def test_a_file_that_is_no_pdf_is_refused(box: Sandbox, http: aiohttp.ClientSession) -> None:
    data = aiohttp.FormData(form())
    data.add_field("ship_invoice", b"GIF89a", filename="invoice.pdf")
    async with http.post(f"{box.sculpteo_url}/en/api/store/3D/order/", data=data) as response:
        assert (response.status, await response.text()) == (400, "")


async def test_a_fake_order_is_a_test_and_is_never_made(box: Sandbox, http: aiohttp.ClientSession) -> None:
    box.printer.script("acme #1001", [Step(0, "Shipped", ParcelPlan())])
    _, reference = await order(box, http, fake="1")
    await asyncio.sleep(0.02)
    assert box.printer.book(reference).status == "API Test"
    assert box.printer.books(fake=True) == box.printer.books()
    assert box.printer.books(fake=False) == []


# -- tracking --


async def tracking(box: Sandbox, http: aiohttp.ClientSession, reference: str) -> dict[str, object]:
    url = f"{box.sculpteo_url}/shop/tracking/reference/{reference}"
    async with http.post(url, headers=XHR) as response:
        assert response.status == 200
        answer: dict[str, object] = await response.json()
        return answer


async def test_tracking_is_json_for_scripts_and_a_page_for_people(
    box: Sandbox, http: aiohttp.ClientSession
) -> None:
    _, reference = await order(box, http)
    box.printer.add_parcel(reference, "1Z999", "UPS")
    answer = await tracking(box, http, reference)
    assert (answer["status"], len(box.printer.book(reference).parcels)) == ("Shipped", 1)
    url = f"{box.sculpteo_url}/shop/tracking/reference/{reference}"
    async with http.get(url) as response:
        page = await response.text()
    assert response.content_type == "text/html"
    assert "InquiryNumber1=1Z999" in page
    assert '<td title="Shipped">' in page
    async with http.get(url.replace("/shop/", "/fr/shop/")) as response:
        assert '<td title="Expédié">' in await response.text()


async def test_the_invented_json_names_can_be_other_ones(http: aiohttp.ClientSession) -> None:
    names = JsonNames(status="etat", parcels="colis", number="numero_suivi", wrap="order")
    async with Sandbox(sculpteo=SculpteoSettings(json_names=names)) as box:
        _, reference = await order(box, http)
        box.printer.add_parcel(reference, "1Z999")
        answer = await tracking(box, http, reference)
    inner = answer["order"]
    assert isinstance(inner, dict)
    assert (inner["etat"], inner["colis"][0]["numero_suivi"]) == ("Shipped", "1Z999")


async def test_an_unknown_reference_is_404(box: Sandbox, http: aiohttp.ClientSession) -> None:
    url = f"{box.sculpteo_url}/shop/tracking/reference/ABCD1234"
    for method in ("GET", "POST"):
        async with http.request(method, url, headers=XHR) as response:
            assert response.status == 404


async def test_a_cancelled_order_says_so_on_its_page(box: Sandbox, http: aiohttp.ClientSession) -> None:
    _, reference = await order(box, http)
    box.printer.advance(reference, "Cancelled")
    async with http.get(f"{box.sculpteo_url}/shop/tracking/reference/{reference}") as response:
        assert "This order has been cancelled" in await response.text()


# -- production and notifications --


async def test_a_script_ships_two_parcels_at_different_times(
    box: Sandbox, http: aiohttp.ClientSession
) -> None:
    steps = [
        Step(0.01, "In Process", ParcelPlan("UPS", (0,))),
        Step(0.05, "Shipped", ParcelPlan("DHL", (1,))),
    ]
    box.printer.script("Ada Brindille", steps)
    _, reference = await order(box, http, item_1="Rg4sT9xQ:3:1:mm:brass")
    book = box.printer.book(reference)
    await eventually(lambda: len(book.parcels) == 2)
    assert [status for status, _ in book.history] == ["New", "In Process", "Shipped"]
    assert [(parcel.carrier, parcel.contents) for parcel in book.parcels] == [
        ("UPS", (("QfGQC4YQ", 2),)),
        ("DHL", (("Rg4sT9xQ", 3),)),
    ]


async def test_each_change_is_notified_with_the_reference_alone(http: aiohttp.ClientSession) -> None:
    async with receiver() as inbox, Sandbox() as box:
        _, reference = await order(box, http, notification_url=f"{inbox.url}/notify/secret")
        box.printer.advance(reference, "In Process")
        await box.wait_until_settled()
        assert [parse_qs(body.decode()) for _, body in inbox.requests] == [{"reference": [reference]}] * 2


async def test_notifications_can_be_lost_and_doubled(http: aiohttp.ClientSession) -> None:
    async with receiver() as inbox, Sandbox() as box:
        box.faults.add("sculpteo.notifications", Kind.DROP, containing="Ada Brindille")
        box.faults.add("sculpteo.notifications", Kind.DUPLICATE)
        _, reference = await order(box, http, notification_url=inbox.url)
        await box.wait_until_settled()
        assert inbox.requests == []
        box.printer.advance(reference, "In Process")
        await box.wait_until_settled()
        assert len(inbox.requests) == 2


async def test_production_goes_by_itself_when_it_is_told_to(http: aiohttp.ClientSession) -> None:
    settings = SculpteoSettings(automatic=True, speed=10_000_000)
    async with Sandbox(sculpteo=settings) as box:
        _, reference = await order(box, http, ship_method="quick")
        await eventually(lambda: box.printer.book(reference).status == "Shipped")
        assert box.printer.book(reference).parcels[0].carrier == "Colissimo"


# -- prices, materials, designs --


async def price(box: Sandbox, http: aiohttp.ClientSession, **query: str) -> dict[str, dict[str, object]]:
    async with http.get(f"{box.sculpteo_url}/en/api/design/3D/price_by_uuid/", params=query) as response:
        answer: dict[str, dict[str, object]] = await response.json()
        return answer


async def test_the_price_counts_copies_material_and_currency(
    box: Sandbox, http: aiohttp.ClientSession
) -> None:
    one = await price(box, http, uuid="QfGQC4YQ", unit="mm", productname="brass", currency="EUR")
    five = await price(
        box, http, uuid="QfGQC4YQ", unit="mm", productname="brass", currency="GBP", quantity="5"
    )
    assert one["error"]["id"] == 0
    unit, total = (answer["body"]["price"] for answer in (one, five))
    assert isinstance(unit, dict)
    assert isinstance(total, dict)
    assert float(total["total_cost_raw"]) == pytest.approx(float(unit["total_cost_raw"]) * 5 * 0.86, abs=0.01)
    assert five["body"]["currency"] == "GBP"


@pytest.mark.parametrize("query", [{"productname": "cheese"}, {"unit": "furlong"}, {"quantity": "x"}])
async def test_what_cannot_be_priced_is_an_error_with_an_id(
    box: Sandbox, http: aiohttp.ClientSession, query: dict[str, str]
) -> None:
    assert (await price(box, http, uuid="QfGQC4YQ", **query))["error"]["id"] != 0


async def test_an_uploaded_design_can_be_ordered_where_only_known_ones_can(
    http: aiohttp.ClientSession,
) -> None:
    async with Sandbox(sculpteo=SculpteoSettings(any_design=False)) as box:
        assert (await order(box, http))[0] == 404
        data = aiohttp.FormData({"name": "Ring", "unit": "mm", "share": "0"})
        data.add_field("file", b"solid ring\nendsolid ring\n", filename="ring.stl")
        async with http.post(
            f"{box.sculpteo_url}/en/upload_design/a/3D/", data=data, headers=XHR
        ) as response:
            uuid = (await response.json())["uuid"]
        assert box.printer.designs[uuid].private
        assert (await order(box, http, item_0=f"{uuid}:1"))[0] == 200


async def test_the_material_list_has_the_documented_fields(box: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{box.sculpteo_url}/fr/api/material/list/") as response:
        materials = await response.json()
    assert {"id", "name", "description", "dimensions_mm", "rendering"} == set(materials[0])
