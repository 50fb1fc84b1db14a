"""The client against the Sculpteo of the sandbox: another reading of the same pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from bridge.config.settings import SculpteoSettings
from bridge.order.model import Design, PrintStatus, Verdict
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.sculpteo.settings import JsonNames
from bridge.sandbox.sculpteo.settings import SculpteoSettings as Account
from bridge.sculpteo.client import SculpteoPrinter
from tests.sculpteo.sample_orders import NOW, item, print_order
from tests.sculpteo.test_place import Sending
from tests.support.clocks import TurnedClock

OTHER_NAMES = JsonNames(
    "ref",
    "orderStatus",
    "eta",
    "shipments",
    "trackingNumber",
    "company",
    "link",
    "sentOn",
    "designs",
    "order",
)
ACCOUNTS = {
    "JSON": Account(),
    "JSON with other names": Account(json_names=OTHER_NAMES),
    "page": Account(json_tracking=False),
    "French page": Account(json_tracking=False, page_language="fr"),
}
STATUSES = {
    "Billed": PrintStatus.BILLED,
    "New": PrintStatus.NEW,
    "In Process": PrintStatus.IN_PROCESS,
    "Blocked": PrintStatus.BLOCKED,
    "Cancelled": PrintStatus.CANCELLED,
    "API Test": PrintStatus.API_TEST,
}


@asynccontextmanager
async def both(
    account: Account, password: str | None = None
) -> AsyncIterator[tuple[Sandbox, SculpteoPrinter]]:
    async with Sandbox(sculpteo=account) as box:
        settings = SculpteoSettings(
            login=account.login, password=password or account.password, base_url=box.sculpteo_url
        )
        async with SculpteoPrinter(settings, TurnedClock(NOW)) as client:
            yield box, client


async def test_a_full_order_arrives_as_it_was_meant() -> None:
    order = print_order(
        items=(item(), item("YLXNMztE", 2, None, None, None)),
        invoice=b"%PDF-1.7",
        ship_method="quick",
        fake=False,
    )
    async with both(Account()) as (box, client):
        receipt = await client.place_order(order, Sending())
        (book,) = box.printer.books()
    assert (receipt.verdict, receipt.reference) == (Verdict.PLACED, book.reference)
    assert [(one.uuid, one.quantity) for one in book.items] == [("QfGQC4YQ", 4), ("YLXNMztE", 2)]
    assert (book.fake, book.theme, book.ship_method, book.invoice) == (False, "acme", "quick", b"%PDF-1.7")
    assert book.comments == order.comments
    assert book.notification_url == order.notification_url
    assert book.address["ship_addressee"] == "Atelier Brume, Odile Varenne"
    assert book.address["ship_street2"] == "Bâtiment C"


async def test_a_wrong_password_is_a_refusal_and_nothing_is_booked() -> None:
    async with both(Account(), "wrong") as (box, client):
        receipt = await client.place_order(print_order(), Sending())
        assert (receipt.verdict, receipt.answer.status) == (Verdict.REFUSED, 401)
        assert box.printer.books() == []


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS.keys())
async def test_every_status_and_parcel_is_read_in_every_form(account: Account) -> None:
    async with both(account) as (box, client):
        receipt = await client.place_order(print_order(fake=False), Sending())
        reference = receipt.reference or ""
        for word, status in STATUSES.items():
            box.printer.advance(reference, word)
            report = await client.track_order(reference)
            assert (report.exists, report.status) == (True, status), (word, report.words)
            assert report.estimated_delivery is not None
        ups = box.printer.add_parcel(reference, status="In Process")
        colissimo = box.printer.add_parcel(reference, carrier="Colissimo", status="Shipped")
        report = await client.track_order(reference)
    assert report.status is PrintStatus.SHIPPED
    assert [parcel.number for parcel in report.parcels] == [ups.number, colissimo.number]
    assert [parcel.carrier for parcel in report.parcels] == ["UPS", "Colissimo"]
    assert [parcel.url for parcel in report.parcels] == [ups.url, colissimo.url]
    assert {parcel.shipped_on for parcel in report.parcels} == {ups.shipped_on}


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS.keys())
async def test_a_word_that_sculpteo_may_come_to_use_is_shown_not_guessed(account: Account) -> None:
    async with both(account) as (box, client):
        receipt = await client.place_order(print_order(fake=False), Sending())
        box.printer.advance(receipt.reference or "", "Partially Shipped")
        report = await client.track_order(receipt.reference or "")
    assert (report.exists, report.status) == (True, None)
    assert "Partially Shipped" in (report.words or "")


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS.keys())
async def test_an_order_that_sculpteo_does_not_have_does_not_exist(account: Account) -> None:
    async with both(account) as (_, client):
        assert not (await client.track_order("ZZ99YY88")).exists


async def test_prices_and_materials_are_read() -> None:
    async with both(Account()) as (_, client):
        quote = await client.fetch_price(Design("QfGQC4YQ", 1, "silver", Decimal("0.5"), "cm"), 3, "USD")
        wrong = await client.fetch_price(Design("QfGQC4YQ", 1, "unobtainium", Decimal(1), "cm"), 1, "EUR")
        materials = await client.fetch_materials()
    assert quote.total is not None
    assert quote.total.currency == "USD"
    assert wrong.total is None
    assert wrong.problem == "there is no material unobtainium"
    assert "silver" in {material.id for material in materials}
