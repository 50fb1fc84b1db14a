"""The shop's live variants, to lay beside the mapping.

https://shopify.dev/docs/api/admin-graphql/latest/queries/productVariants
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from bridge.errors import TryAgain
from bridge.order.model import Variant
from bridge.shopify.client import Admin
from bridge.shopify.json_value import (
    Unexpected,
    Value,
)


async def variants(admin: Admin) -> AsyncIterator[Variant]:
    """Every variant, paged as they are consumed. Raises TryAgain, or NeedsPerson("shop_access")."""
    async for node in admin.pages("variants", "productVariants"):
        try:
            yield _variant(node)
        except Unexpected as error:
            why = f"Shopify's list of variants is not as expected: {error}"
            raise TryAgain(why, upstream=admin.upstream) from None


def _variant(node: Value) -> Variant:
    product = node["product"]
    return Variant(
        id=node["id"].text(),
        sku=node["sku"].text_or_none(),
        title=node["title"].text(),
        product_id=product["id"].text(),
        product_title=product["title"].text(),
        status=product["status"].text(),
        price=node["price"].decimal(),
        options=tuple(
            (option["name"].text(), option["value"].text()) for option in node["selectedOptions"].each()
        ),
        gift_card=product["isGiftCard"].flag(),
    )
