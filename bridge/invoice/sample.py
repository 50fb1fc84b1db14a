"""An invented order, for designing an invoice before the first real one exists."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from bridge.order.model import Address, Customs, LineItem, Money, Papers, ShippingLine, ShopOrder, TaxLine

_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
_VAT = ("VAT", Decimal("0.2"))


def build_sample_order(*, locale: str = "en-GB", currency: str = "EUR") -> ShopOrder:
    """Three lines, options, a discount, shipping and included tax, in an invented customer's name."""

    def build_money(amount: str) -> Money:
        return Money(Decimal(amount), currency)

    def build_line(
        number: int, title: str, sku: str, price: str, quantity: int, total: str, variant: str
    ) -> LineItem:
        return LineItem(
            id=f"gid://shopify/LineItem/{number}",
            sku=sku,
            title=title,
            variant_title=variant,
            quantity=quantity,
            current_quantity=quantity,
            unit_price=build_money(price),
            total=build_money(total),
        )

    ring = build_line(1, "Signet ring, lost-wax silver", "RING-S", "89.00", 1, "89.00", "Silver / 54")
    mug = build_line(2, "Faceted pen holder", "PEN-WHITE", "24.00", 2, "43.20", "White")
    chess = build_line(3, "Chess set, 32 pieces", "CHESS-SET", "140.00", 1, "140.00", "Black and white")
    return ShopOrder(
        id="gid://shopify/Order/1001",
        name="#1001",
        number=1001,
        created_at=_AT,
        updated_at=_AT,
        read_at=_AT,
        currency=currency,
        financial_status="PAID",
        fully_paid=True,
        lines=(ring, mug, chess),
        fulfillment_orders=(),
        address=Address(
            first_name="Ada",
            last_name="Example",
            address1="12 Invented Street",
            address2="Flat 3",
            city="Lyon",
            postal_code="69002",
            country_code="FR",
        ),
        billing_address=Address(
            first_name="Ada",
            last_name="Example",
            company="Example & Daughters",
            address1="4 Made-up Quay",
            city="Lyon",
            postal_code="69001",
            country_code="FR",
        ),
        email="ada@example.com",
        customer_name="Ada Example",
        locale=locale,
        subtotal=build_money("272.20"),
        shipping_total=build_money("7.90"),
        tax_total=build_money("46.68"),
        discount_total=build_money("4.80"),
        total=build_money("280.10"),
        taxes_included=True,
        taxes=(TaxLine(title=_VAT[0], rate=_VAT[1], price=build_money("46.68")),),
        papers=Papers(
            po_number="PO-2026-117",
            company="Example & Daughters",
            vat_id="FR00 987654321",
            customs=(
                (ring.id, Customs("711311", "FR")),
                (mug.id, Customs("392610", "FR")),
                (chess.id, Customs("950490", "FR")),
            ),
        ),
        shipping_lines=(ShippingLine(title="Standard", code="standard", price=build_money("7.90")),),
    )
