"""What an invoice says beyond the order: customs, the company that buys, safety."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.config.mapping import Mapping
from bridge.config.settings import Invoice, Seller
from bridge.invoice.data import build_invoice_data
from bridge.invoice.invoices import Invoices
from bridge.invoice.sample import build_sample_order
from bridge.order.model import Customs, Papers, ShopOrder
from tests.config.valid_configuration import GOOD, loaded
from tests.invoice.sample_orders import SELLER, line, order, text

PAPERS = Papers(
    po_number="PO-77",
    company="Essais SARL",
    vat_id="FR00 987654321",
    credentials=(("Codice fiscale", "XXX000"),),
    customs=(("gid://shopify/LineItem/1", Customs("7113110000", "FR")),),
)
CUSTOMS: dict[str, Any] = {"mode": "template", "template": "customs", "incoterm": "DAP"}


def warns(shop: str, sku: str | None) -> str | None:
    return f"Small parts ({shop})." if sku == "SKU-1" else None


async def printed(tmp_path: Path, shop_order: ShopOrder, **settings: Any) -> str:
    seller = Seller(**{**SELLER.model_dump(), "eori": "FR12345678900012"})
    invoices = Invoices(Invoice(**{**CUSTOMS, **settings}, seller=seller), tmp_path, safety=warns)
    return text((await invoices.render_invoice("acme", shop_order)).pdf).replace("\n", " ")


def test_the_data_has_them_by_line() -> None:
    data = build_invoice_data(
        "acme", order((line(1), line(2)), papers=PAPERS), Invoice(mode="template"), warns
    )
    first, second = data["lines"]
    assert (first["hs_code"], first["origin"]) == ("7113110000", {"code": "FR", "name": "France"})
    assert first["safety"] == "Small parts (acme)."
    assert (second["hs_code"], second["origin"], second["safety"]) == ("", None, "")
    assert data["order"]["po_number"] == "PO-77"
    assert data["buyer"] == {
        "company": "Essais SARL",
        "vat_id": "FR00 987654321",
        "credentials": [{"name": "Codice fiscale", "value": "XXX000"}],
    }


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["Commercial invoice", "HS CODE", "ORIGIN", "CONSIGNEE", "Reason for export", "I declare that"],
        ),
        (
            "fr",
            [
                "Facture commerciale",
                "CODE SH",
                "ORIGINE",
                "DESTINATAIRE",
                "Motif de l’exportation",
                "Je certifie",
            ],
        ),
    ],
)
async def test_the_commercial_invoice_has_what_customs_asks(
    tmp_path: Path, language: str, words: list[str]
) -> None:
    shown = await printed(tmp_path, order((line(1), line(2)), papers=PAPERS), language=language)
    for word in [*words, "7113110000", "France", "DAP", "EORI FR12345678900012", "PO-77", "FR00 987654321"]:
        assert word in shown
    assert "Small parts (acme)." in shown


@pytest.mark.parametrize("template", ["invoice", "customs"])
async def test_without_any_of_them_nothing_is_made_up(tmp_path: Path, template: str) -> None:
    bare = await printed(tmp_path, order((line(2),)), template=template, incoterm=None)
    for word in ("Purchase order", "SAFETY", "Incoterm", "null", "none"):
        assert word not in bare


async def test_an_order_of_which_nothing_is_left_still_has_an_invoice(tmp_path: Path) -> None:
    gone = order(
        (line(1, current_quantity=0),), current_total=replace(order().lines[0].total, amount=Decimal(0))
    )
    for template in ("invoice", "customs"):
        assert "€0.00" in await printed(tmp_path, gone, template=template)


def test_the_safety_text_is_the_products_by_pattern_and_shop_and_changes_no_match() -> None:
    with_text = GOOD.replace("  - sku: RING-S\n", "  - sku: RING-S\n    safety: Small parts.\n")
    catalog = loaded(with_text).catalog
    assert isinstance(catalog, Mapping)
    assert (catalog.find_safety_text("acme", "RING-S"), catalog.find_safety_text("acme", None)) == (
        "Small parts.",
        None,
    )
    assert catalog.find_safety_text("acme", "NO-SUCH-SKU") is None
    assert catalog.version == loaded(GOOD).catalog.version


async def test_the_sample_shows_them(tmp_path: Path) -> None:
    shown = await printed(tmp_path, build_sample_order())
    assert all(word in shown for word in ("711311", "392610", "950490", "PO-2026-117"))
