"""How an order is shipped, by the rate that the customer chose."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bridge.config.settings import Shipping
from bridge.config.shipping_settings import (
    select_ship_method,
    select_shipping,
)
from bridge.order.model import Address, Money, ShippingLine, ShopOrder

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULES = Shipping.model_validate(
    {"by_rate": {"Express*": "express", "*Colissimo*": "quick", "Express slow": "cheapest", "UPS": "express"}}
)


def order(*rates: str, country: str | None = "FR") -> ShopOrder:
    lines = tuple(ShippingLine(rate, None, Money(Decimal(5), "EUR")) for rate in rates)
    return ShopOrder(
        id="gid://shopify/Order/1", name="#1001", created_at=NOW, updated_at=NOW, read_at=NOW, currency="EUR",
        financial_status="PAID", fully_paid=True, lines=(), fulfillment_orders=(), shipping_lines=lines,
        address=Address(country_code=country),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rate", "method"),
    [
        ("Express", "express"),
        ("EXPRESS  24h", "express"),
        ("  ups ", "express"),
        ("Express slow", None),
        ("La Poste Colissimo", "quick"),
        ("Standard", None),
        ("", None),
    ],
)
def test_the_name_of_the_rate_decides(rate: str, method: str | None) -> None:
    assert select_ship_method(RULES, order(rate)) == method


def test_quick_goes_to_france_only_and_says_so() -> None:
    for country in ("BE", "GP", None, ""):
        found = select_shipping(RULES, order("Colissimo", country=country))
        assert found.method is None
        assert "goes to France only" in found.why
    assert select_ship_method(RULES, order("Colissimo", country=" fr ")) == "quick"


def test_an_order_without_an_address_is_not_sent_quick() -> None:
    assert select_ship_method(RULES, replace(order("Colissimo"), address=None)) is None


def test_the_first_rate_that_a_rule_names_decides() -> None:
    assert select_ship_method(RULES, order("Pickup", "Express", "Colissimo")) == "express"


def test_the_default_holds_where_no_rule_does() -> None:
    express = Shipping.model_validate({"default": "express"})
    assert select_ship_method(express, order()) == "express"
    assert select_ship_method(express, order("Anything")) == "express"
    assert select_ship_method(Shipping.model_validate({"default": "quick"}), order(country="DE")) is None


def test_the_reason_names_rate_and_rule() -> None:
    assert (
        select_shipping(RULES, order("Express 24h")).why
        == "the shipping rate “Express 24h” fits “Express*”: express"
    )
