"""Lists as CSV: what the list shows, on all its pages, and nothing that a spreadsheet would take for a formula."""

from __future__ import annotations

import asyncio
import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.order.line_overrides import (
    LineRule,
    Scope,
)
from bridge.order.model import Money
from bridge.order.records import Transition
from bridge.order.states import State
from bridge.web.console import export
from bridge.web.console.export import TURNS, harmless
from bridge.web.console.orders import rows_of
from tests.support.store_factories import shop_order
from tests.web.console.conftest import Site
from tests.web.console.orders import bought
from tests.web.console.test_orders import UNMAPPED, WAITS, put

MARK = "\ufeff"


async def rows(site: Site, path: str, language: str = "en") -> list[dict[str, str]]:
    status, text = await site.get(path, headers={"Accept-Language": language})
    assert status == 200
    assert text.startswith(MARK)
    return list(csv.DictReader(text[1:].splitlines(), delimiter=";" if language == "fr" else ","))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+33 1",
        "-2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "\uff1d1",
        '=HYPERLINK("http://x","y")',
        "\n@x",
    ],
)
def test_what_a_spreadsheet_would_take_for_a_formula_is_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "#1001", "2 × Lamp", "a=b", "Ring-S", "Zoë"])
def test_other_text_is_left_as_it_is(text: str) -> None:
    assert harmless(text) == text


async def test_the_file_has_what_the_list_shows_and_no_formula(site: Site) -> None:
    await site.is_signed_in("vera")
    line = replace(shop_order().lines[0], title="=cmd|' /C calc'!A0", sku="@SKU", variant_title="White / L")
    total = Money(Decimal("1234.50"), "EUR")
    await put(site, 1001, WAITS, lines=(line,), customer_name='+Zélie; "B", <b>', total=total)
    status, text = await site.get("/orders.csv")
    assert status == 200
    assert not any(cell[:1] in "=+-@" for row in csv.reader(text[1:].splitlines()) for cell in row if cell)
    [row] = await rows(site, "/orders.csv")
    assert row["Order"] == "#1001"
    assert row["Customer"] == '\'+Zélie; "B", <b>'
    assert row["Products"] == "2 × =cmd|' /C calc'!A0 · White / L"
    assert row["SKU"] == "'@SKU"
    assert (row["Total"], row["Currency"], row["Units"]) == ("1234.50", "EUR", "2")
    assert (row["Bought next"], row["Bought when"]) == ("2 × RING-S", "once you approve it")
    assert datetime.fromisoformat(row["Came in (UTC)"]).replace(tzinfo=UTC) <= datetime.now(UTC)
    [french] = await rows(site, "/orders.csv", "fr")
    assert (french["Total"], french["État"]) == ("1234,50", "En attente")


async def test_the_file_is_filtered_as_the_list_and_has_all_of_its_pages(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CHUNK", 2)
    await site.is_signed_in("vera")
    for number in range(1001, 1006):
        await put(site, number, WAITS if number % 2 else UNMAPPED, customer_name="Zélie Brindille")
    every = [row["Order"] for row in await rows(site, "/orders.csv")]
    assert every == ["#1005", "#1004", "#1003", "#1002", "#1001"]
    for query, found in (
        ("state=attention", ["#1004", "#1002"]),
        ("state=waiting%3Aapproval", ["#1005", "#1003", "#1001"]),
        ("q=brindille&state=attention", ["#1004", "#1002"]),
        ("q=1003", ["#1003"]),
        ("state=waiting&before=3", ["#1005", "#1003", "#1001"]),  # all pages, from whichever it is asked
        ("q=nobody", []),
    ):
        assert [row["Order"] for row in await rows(site, f"/orders.csv?{query}")] == found, query
        page = (await site.get(f"/orders?{query}"))[1]
        address = query.replace("&before=3", "").replace("&", "&amp;")
        assert f'href="/orders.csv?{address}" download' in page
    assert (await site.get("/orders.csv?state=nonsense"))[0] == 400


async def test_a_file_that_would_be_too_long_says_where_it_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST", 3)
    monkeypatch.setattr(export, "CHUNK", 2)
    await site.is_signed_in("vera")
    for number in range(1001, 1006):
        await put(site, number, WAITS)
    told = [row["Order"] for row in await rows(site, "/orders.csv")]
    assert told == ["#1005", "#1004", "#1003", "Only the first 3 rows are here."]


async def test_few_files_are_written_at_once_and_each_is_in_the_audit_log(site: Site) -> None:
    await site.is_signed_in("anna")
    await put(site, 1001, WAITS)
    async with site.app[TURNS], asyncio.timeout(10):
        await rows(site, "/orders.csv")
        async with site.app[TURNS]:
            status, text = await site.get("/orders.csv")
            assert status == 503
            assert "Other lists are being exported." in text
    deed = (await site.store.sessions.list_audit_entries())[0]
    assert (deed.who, deed.action, deed.facts["list"], deed.facts["rows"]) == ("anna", "export", "orders", 1)


async def test_a_file_that_breaks_off_is_not_taken_for_a_whole_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = iter([rows_of])

    async def breaks(*asked: Any) -> Any:
        return await next(pieces)(*asked)  # the second piece fails

    monkeypatch.setattr(export, "CHUNK", 1)
    monkeypatch.setattr(export, "rows_of", breaks)
    await site.is_signed_in("vera")
    for number in (1001, 1002):
        await put(site, number, WAITS)
    with pytest.raises(Exception, match=r"payload|disconnected|closed|reset"):
        await site.get("/orders.csv")


@pytest.mark.parametrize("path", ["/orders.csv", "/mapping.csv", "/rules.csv", "/figures.csv", "/deeds.csv"])
async def test_who_may_not_see_a_list_gets_no_file_of_it(site: Site, path: str) -> None:
    assert (await site.get(path))[0] == 303  # to the sign-in
    await site.is_signed_in("otto")
    assert (await site.get(path))[0] == (403 if path == "/deeds.csv" else 200)


async def test_other_lists_are_exported_too(site: Site) -> None:
    await site.is_signed_in("anna")
    cost = Money(Decimal("12.50"), "EUR")
    await bought(site.store, 1002, timedelta(hours=3), cost=cost, shipped_at=datetime.now(UTC))
    order = await put(site, 1001, UNMAPPED)
    rule = LineRule("acme", Scope.PRODUCT, "p1", (), "=Prototype", "NEW", (("Size", "L"),))
    change = Transition(State.RECEIVED, datetime.now(UTC))
    await site.store.rules.save_rules(order, [rule], change, "anna")
    [row] = await rows(site, "/rules.csv")
    assert (row["Product"], row["SKU"], row["Who"]) == ("'=Prototype · L", "NEW", "anna")
    days = await rows(site, "/figures.csv")
    assert len(days) == 30
    assert sum(int(day["Orders"]) for day in days) == 1
    assert sum(Decimal(day["Cost"]) for day in days) == Decimal("12.50")
    assert {day["Hours to ship (median)"] for day in days} == {"", "3.00"}
    deeds = await rows(site, "/deeds.csv")
    assert [deed["Details"] for deed in deeds][:2] == ["list: days, rows: 30", "list: not-printed, rows: 1"]
    assert await rows(site, "/mapping.csv") == []
