"""What an invoice says beyond the order is read by itself, and what the app may not read is left out."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.order.model import Customs, Papers
from bridge.shopify.buyer_documents import papers_of
from tests.shopify.fake_shopify import Shop, connection, denied
from tests.shopify.sample_order import ORDER


def row(number: int, variant: Any) -> dict[str, Any]:
    return {"id": f"gid://shopify/LineItem/{number}", "variant": variant}


def item(code: str | None, origin: str | None) -> dict[str, Any]:
    return {"inventoryItem": {"harmonizedSystemCode": code, "countryCodeOfOrigin": origin}}


def company(**changes: Any) -> dict[str, Any]:
    return {
        "__typename": "PurchasingCompany",
        "company": {"name": "Essais SARL"},
        "location": {"taxSettings": {"taxRegistrationId": "FR00 987654321"}},
        **changes,
    }


def shows(shop: Shop, **changes: Any) -> None:
    shown: dict[str, Any] = {
        "poNumber": "PO-77",
        "purchasingEntity": company(),
        "localizedFields": connection({"purpose": "TAX", "title": "Codice fiscale", "value": "XXX000"}),
        "lineItems": connection(row(1, item("711311", "FR")), row(2, item(None, None)), row(3, None)),
        **changes,
    }
    shop.stub.root["order"] = lambda info, id: shown if id == ORDER else None


async def test_all_of_it_is_read_in_one_request(shop: Shop) -> None:
    shows(shop)
    assert await papers_of(shop.admin, ORDER) == Papers(
        po_number="PO-77",
        company="Essais SARL",
        vat_id="FR00 987654321",
        credentials=(("Codice fiscale", "XXX000"),),
        customs=(("gid://shopify/LineItem/1", Customs("711311", "FR")),),
    )
    assert shop.stub.operations() == ["OrderPapers"]


async def test_an_order_that_is_not_there_has_none(shop: Shop) -> None:
    shows(shop)
    assert await papers_of(shop.admin, "gid://shopify/Order/1") is None


async def test_a_buyer_who_is_no_company_is_read_as_none(shop: Shop) -> None:
    shows(shop, purchasingEntity={"__typename": "Customer"}, poNumber=None, localizedFields=connection())
    found = await papers_of(shop.admin, ORDER)
    assert found is not None
    assert (found.company, found.vat_id, found.po_number, found.credentials) == (None, None, None, ())


@pytest.mark.parametrize(
    "refused",
    [
        {"purchasingEntity": denied("purchasingEntity", "read_customers")},
        {"purchasingEntity": company(company=denied("company", "read_customers"))},
        {"purchasingEntity": company(location=denied("location", "read_companies"))},
        {"poNumber": denied("poNumber", "read_orders")},
        {"localizedFields": denied("localizedFields", "read_orders")},
        {"lineItems": connection(row(1, {"inventoryItem": denied("inventoryItem", "read_inventory")}))},
        {"lineItems": connection(row(1, denied("variant", "read_products")))},
    ],
)
async def test_what_the_app_may_not_read_takes_nothing_else_away(shop: Shop, refused: dict[str, Any]) -> None:
    shows(shop, **refused)
    found = await papers_of(shop.admin, ORDER)
    if "localizedFields" in refused:  # it may not be null, so that the order is null with it
        assert found is None
        return
    assert found is not None
    assert found.po_number == (None if "poNumber" in refused else "PO-77")
    assert found.company == (None if "purchasingEntity" in refused else "Essais SARL")
    assert bool(found.customs) is ("lineItems" not in refused)
