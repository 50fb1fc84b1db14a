"""Addresses and invoices on real processes: what a person is asked, what Sculpteo gets, what the parcel holds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from bridge.sandbox.shopify.model import Company, Order
from bridge.sandbox.shopify.orders import Buy
from tests.service.serve_process import Serving, Stage, staged
from tests.support.sandbox_factories import ADA

pytestmark = pytest.mark.long

LISBON = replace(
    ADA, city="Lisboa", zip="1100-585", province="Lisboa", province_code="PT-11", country_code="PT"
)
HONG_KONG = replace(ADA, city="Kowloon", zip=None, province="Kowloon", province_code="KL", country_code="HK")
CHILE = replace(ADA, city="Santiago", zip=None, country_code="CL")
PRISHTINA = replace(ADA, city="Prishtina", zip="10000", country_code="XK")


async def approved(serving: Serving, order: Order) -> None:
    words = ("orders", "approve", order.name, "--yes", "--config", str(serving.config))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bridge", *words)
    assert await process.wait() == 0


def address_at_sculpteo(stage: Stage, order: Order) -> Mapping[str, str]:
    (printed,) = [
        one for one in stage.box.printer.books() if any(order.name in said for said in one.comments)
    ]
    return printed.address


async def test_an_address_is_written_as_a_postman_reads_it_and_doubts_are_for_a_person(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage, stage.serve(stage.config()) as serving:
        shop = stage.box.shop
        lisbon, hong_kong, kosovo = (
            shop.create_order(["RING-S"], address=one) for one in (LISBON, HONG_KONG, PRISHTINA)
        )
        asked = {
            "address_wrong": shop.create_order(["RING-S"], address=replace(LISBON, validation="ERROR")),
            "address_doubtful": shop.create_order(["RING-S"], address=replace(LISBON, validation="WARNING")),
            "postal_code": shop.create_order(["RING-S"], address=CHILE),
            "no_courier": shop.create_order(
                ["RING-S"], address=replace(LISBON, address1="Apartado 12"), shipping="Express 24h"
            ),
        }
        for order in (lisbon, hong_kong, kosovo):
            await stage.reaches(order.name, "placed", serving)
        assert address_at_sculpteo(stage, lisbon)["ship_state"] == "Lisboa"
        assert address_at_sculpteo(stage, hong_kong)["ship_postal_code"] == ""
        assert address_at_sculpteo(stage, kosovo)["ship_country"] == "XK"
        for problem, order in asked.items():
            assert (await stage.reaches(order.name, "attention", serving)).problem == problem
            await approved(serving, order)
            await stage.reaches(order.name, "placed", serving)
        assert address_at_sculpteo(stage, asked["postal_code"])["ship_postal_code"] == ""


async def test_an_edited_orders_commercial_invoice_is_of_one_moment(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        shop = stage.box.shop
        seller = {"name": "Acme Prints", "address": ["5 rue de la Forge"], "eori": "FR00000000000011"}
        invoice = {"mode": "template", "template": "customs", "seller": seller, "language": "fr"}
        config = stage.config(invoice=invoice, approval={"mode": "manual"})
        async with stage.serve(config) as serving:
            order = shop.create_order(
                [Buy("RING-S", 2, price=Decimal(120))],
                address=LISBON,
                email="ada@example.com",
                po_number="PO-7",
                company=Company("Essais SARL", "PT000000000"),
                shipping_price=Decimal(0),
            )
            await stage.reaches(order.name, "waiting", serving)
            shop.edit(order, quantities={"RING-S": 1})
            await asyncio.sleep(2)  # until the edit was heard of
            await approved(serving, order)
            await stage.reaches(order.name, "placed", serving)
        (printed,) = stage.box.printer.books()
        assert printed.invoice is not None
        shown = " ".join(page.extract_text() for page in PdfReader(BytesIO(printed.invoice)).pages)
        shown = shown.replace("\xa0", " ").replace("\u202f", " ")
        for words in ("Facture commerciale", "120,00 €", "20,00 €", "PO-7", "PT000000000", "EORI"):
            assert words in shown
        assert "240,00" not in shown
        assert "40,00 €" not in shown
