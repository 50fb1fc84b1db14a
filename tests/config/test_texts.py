"""A text is what was written, whatever YAML 1.1 makes of it; a number is never a binary float."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bridge.order.model import Money
from tests.config.valid_configuration import GOOD, faults, loaded


@pytest.mark.parametrize(
    "sku",
    [
        "012345", "1e3", "1_000", "12:30", "2026-11-01", "NO", "on", "off", "y", "true", "0x1F", "0b11", ".5",
        "1.10", "+1", "1.", "=", "~A", "null-1", "a,b", "B365,krt169", "Ring Ø 17", "指輪", "💍",
    ],
)  # fmt: skip
def test_a_sku_is_its_text(sku: str) -> None:
    settings = loaded(GOOD.replace("- sku: RING-S", f"- sku: {sku}")).settings
    assert settings.products[0].sku == sku


@pytest.mark.parametrize("sku", ["null", "~", "", " X-1 ", "#1", "a: b", "- a", "a\\b", "YOUR-NAME"])
def test_quotes_keep_a_sku_but_for_the_spaces_around_it(sku: str) -> None:
    text = GOOD.replace("- sku: RING-S", f"- sku: '{sku}'")
    if sku.strip():
        assert loaded(text).settings.products[0].sku == sku.strip()
    else:
        assert [one.path for one in faults(text)] == ["products[0].sku"]


def test_norway_is_a_country() -> None:
    assert loaded(GOOD).settings.approval.countries == ("NO",)
    assert loaded(GOOD.replace("[NO]", "[no, 'fr']")).settings.approval.countries == ("NO", "FR")


def test_keys_of_the_merchant_are_texts_too() -> None:
    text = GOOD.replace(
        "values: {White: white_plastic}", "values: {NO: silver, 1e3: gold, 012: brass, on: steel}"
    )
    material = loaded(text).settings.products[1].material
    assert not isinstance(material, str | None)
    assert material.values == {"NO": "silver", "1e3": "gold", "012": "brass", "on": "steel"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0.87", "0.87"),
        ("0.1", "0.1"),
        ("1e1", "10"),
        ("1.50", "1.5"),
        (".5", "0.5"),
        ('"2"', "2"),
        ("+3", "3"),
    ],
)
def test_a_scale_is_the_decimal_that_was_written(written: str, meant: str) -> None:
    settings = loaded(GOOD.replace("scale: 0.87", f"scale: {written}")).settings
    assert settings.products[0].scale == Decimal(meant)


def test_a_scale_keeps_every_digit() -> None:
    settings = loaded(GOOD.replace("scale: 0.87", "scale: 0.123456789012")).settings
    assert settings.products[0].scale == Decimal("0.123456789012")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30m", 1800), ("2h", 7200), ("1d", 86400), ("1h30m", 5400), ("90s", 90), ("0", 0), ("1d 2h", 93600)],
)
def test_a_duration_is_what_it_says(written: str, seconds: int) -> None:
    settings = loaded(GOOD.replace("delay: 30m", f"delay: {written}")).settings
    assert settings.approval.delay == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("written", "amount"), [("300 EUR", "300"), ("300.50 eur", "300.50"), ("EUR 12", "12"), ("12EUR", "12")]
)
def test_money_is_an_amount_with_its_currency(written: str, amount: str) -> None:
    settings = loaded(GOOD.replace("300 EUR", written)).settings
    assert settings.limits.per_order == Money(Decimal(amount), "EUR")


@pytest.mark.parametrize(("written", "meant"), [("on", True), ("yes", True), ("True", True), ("off", False)])
def test_a_flag_is_read_from_any_of_its_words(written: str, meant: bool) -> None:
    text = GOOD.replace("without_number_after: 2d", f"notify_customer: {written}")
    assert loaded(text).settings.tracking.notify_customer is meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:00:00+01:00", datetime(2026, 11, 1, 7, tzinfo=UTC)),
        ("2026-11-01 08:00:00Z", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_moment_is_in_utc(written: str, meant: datetime) -> None:
    text = GOOD.replace("    client_id", f"    since: {written}\n    client_id")
    assert loaded(text).settings.shops["acme"].since == meant
