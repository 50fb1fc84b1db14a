"""Invented orders for the tests of invoices."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from bridge.config.settings import Invoice, Seller
from bridge.order.model import Address, LineItem, Money, ShopOrder

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

ADDRESS = Address(
    first_name="Ada",
    last_name="Example",
    address1="12 Invented Street",
    city="Lyon",
    postal_code="69002",
    country_code="FR",
)

SELLER = Seller(name="Atelier Example", address=("8 Made-up Lane", "75011 Paris"), tax_id="FR00123456789")

SETTINGS = Invoice(mode="template", seller=SELLER)


def money(amount: str | Decimal, currency: str = "EUR") -> Money:
    return Money(Decimal(amount), currency)


def line(number: int = 1, *, title: str | None = None, **changes: Any) -> LineItem:
    plain = LineItem(
        id=f"gid://shopify/LineItem/{number}",
        sku=f"SKU-{number}",
        title=title or f"Thing {number}",
        quantity=1,
        current_quantity=1,
        unit_price=money("10.00"),
        total=money("10.00"),
    )
    return replace(plain, **changes)


def order(lines: tuple[LineItem, ...] | None = None, **changes: Any) -> ShopOrder:
    lines = (line(),) if lines is None else lines
    plain = ShopOrder(
        id="gid://shopify/Order/7001",
        name="#1001",
        number=1001,
        created_at=AT,
        updated_at=AT,
        read_at=AT,
        currency="EUR",
        financial_status="PAID",
        fully_paid=True,
        lines=lines,
        fulfillment_orders=(),
        address=ADDRESS,
        locale="en-GB",
        total=Money(sum((item.total.amount for item in lines), Decimal(0)), "EUR"),
    )
    return replace(plain, **changes)


def pages(pdf: bytes) -> list[str]:
    """The text of each page, without the break marks that the template sets in long words."""
    return [page.extract_text().replace("\u200b", "") for page in PdfReader(BytesIO(pdf)).pages]


def text(pdf: bytes) -> str:
    return "\n".join(pages(pdf))
