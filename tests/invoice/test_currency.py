"""What an invoice says where the customer paid in another currency than the shop's."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.config.settings import Invoice
from bridge.invoice.data import build_invoice_data
from bridge.invoice.invoices import Invoices
from tests.invoice.sample_orders import money, order, text

SETTINGS = Invoice.model_validate({"mode": "template", "seller": {"name": "Acme"}})
PAID_IN_YEN: dict[str, Any] = {
    "presentment_currency": "JPY",
    "total": money("29.80"),
    "presentment_total": money("4842", "JPY"),
}


def note(**changes: Any) -> list[str]:
    notes: list[str] = build_invoice_data("acme", order(**changes), SETTINGS)["notes"]
    return notes


def test_the_total_is_given_as_the_customer_paid_it() -> None:
    data = build_invoice_data("acme", order(**PAID_IN_YEN), SETTINGS)
    assert data["notes"] == ["Paid in JPY (JP¥4,842); amounts are shown in EUR."]
    assert data["presentment"] == {"currency": "JPY", "total": {"amount": "4842", "text": "JP¥4,842"}}
    assert data["total"]["text"] == "€29.80"


def test_an_edited_order_gives_what_it_comes_to_now() -> None:
    edited = {"current_total": money("19.80"), "presentment_current_total": money("3217", "JPY")}
    assert "JP¥3,217" in note(**PAID_IN_YEN, **edited)[0]


def test_a_refund_does_not_make_what_was_paid_smaller() -> None:
    refunded = {
        "refunded_total": money("10"),
        "current_total": money("19.80"),
        "presentment_current_total": money("3217", "JPY"),
    }
    assert "JP¥4,842" in note(**PAID_IN_YEN, **refunded)[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"presentment_currency": "EUR", "presentment_total": money("29.80")}, []),
        ({"presentment_currency": None, "presentment_total": None}, []),
        ({"presentment_total": None}, ["Paid in JPY; amounts are shown in EUR."]),
    ],
)
def test_it_is_said_only_where_it_is_so_and_as_far_as_it_is_known(
    changes: dict[str, Any], said: list[str]
) -> None:
    assert note(**{**PAID_IN_YEN, **changes}) == said


async def test_it_is_on_the_page_in_the_customers_language(tmp_path: Path) -> None:
    paid = order(locale="fr-FR", **{**PAID_IN_YEN, "presentment_total": money(Decimal("31.20"), "USD")})
    pdf = await Invoices(SETTINGS, tmp_path).prepare_invoice("acme", paid)
    assert pdf is not None
    assert "Payé en USD (31,20" in text(pdf).replace("\u202f", " ").replace("\n", " ")
