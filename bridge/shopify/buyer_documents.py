"""What an invoice says beyond the order itself: customs data of the products, and who buys for a company.

https://shopify.dev/docs/api/admin-graphql/latest/objects/InventoryItem
https://shopify.dev/docs/api/admin-graphql/latest/objects/PurchasingCompany
"""

from __future__ import annotations

from bridge.order.model import Customs, Papers
from bridge.shopify.client import (
    Admin,
    next_page,
)
from bridge.shopify.json_value import Value

OPTIONAL = frozenset(
    {
        *("purchasingEntity", "company", "location", "taxSettings", "taxRegistrationId"),
        *("poNumber", "localizedFields", "variant", "inventoryItem"),
        *("harmonizedSystemCode", "countryCodeOfOrigin"),
    }
)
"""What an invoice can do without, where the app may not read it, or the shop has no B2B."""


async def papers_of(admin: Admin, order_id: str) -> Papers | None:
    """All pages; None where the shop does not have the order. What the app may not read is left empty.

    Raises TryAgain, or NeedsPerson("shop_access") where the order itself may not be read.
    """
    customs: dict[str, Customs] = {}
    cursor: str | None = None
    while True:
        variables = {"id": order_id, "after": cursor}
        reply = await admin.run("order_papers", variables, optional=OPTIONAL)
        order = reply.data["order"]
        if not order:
            return None
        with admin.reading("order_papers", reply):
            for line in order["lineItems"]["nodes"].each():
                found = _customs(line["variant"]["inventoryItem"])
                if found is not None:
                    customs[line["id"].text()] = found
            cursor = next_page(order["lineItems"], cursor)
            if cursor is None:
                return _papers(order, customs)


def _customs(item: Value) -> Customs | None:
    code, origin = item["harmonizedSystemCode"].text_or_none(), item["countryCodeOfOrigin"].text_or_none()
    return Customs(code, origin) if code or origin else None


def _papers(order: Value, customs: dict[str, Customs]) -> Papers:
    company = order["purchasingEntity"]
    fields = [
        (field["title"].text(), field["value"].text())
        for field in order["localizedFields"]["nodes"].each()
        if field["value"].text_or_none()
    ]
    return Papers(
        po_number=order["poNumber"].text_or_none(),
        company=company["company"]["name"].text_or_none(),
        vat_id=company["location"]["taxSettings"]["taxRegistrationId"].text_or_none(),
        credentials=tuple(fields),
        customs=tuple(customs.items()),
    )
