"""`report` on a database with purchases."""

from __future__ import annotations

import asyncio
import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.order.model import Address, Design, Mode, Money, PrintItem, ShopOrder
from bridge.order.records import Transition
from bridge.order.states import State
from bridge.store import Store, reports
from tests.cli.test_orders import CONFIG
from tests.support.clocks import RealClock
from tests.support.store_factories import ITEMS, claimed, key_of, receipt, sent, shop_order

DAY = datetime(2026, 11, 20, 9, tzinfo=UTC)
ADDRESS = Address("Ada", "Example", None, "1 Rue Inventée", None, "Lyon", country_code="FR")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text((CONFIG % (tmp_path / "bridge.db")).replace("mode: test", "mode: live"))
    return path


def report(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["report", "--config", str(config), *words])


def told(config: Path, *words: str) -> dict[str, Any]:
    result = report(config, "--json", "--from", "2026-11-01", "--to", "2026-11-30", *words)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


async def _buy(store: Store, number: int, placed_at: datetime, **values: Any) -> None:
    order = await sent(store, number)
    reference = f"REF{number:05}"
    await store.orders.keep_answer(key_of(order), receipt(reference=reference))
    change = {"reference": reference, "placed_at": placed_at, "mode": Mode.LIVE, **values}
    await store.orders.record_transition(order, Transition(State.PLACED, None, values=change))
    await store.orders.record_transition(
        await claimed(store), Transition(State.PLACED, None)
    )  # its answer was news


def mixed() -> tuple[ShopOrder, tuple[PrintItem, ...]]:
    """Two rings and a mug."""
    order = shop_order(1003)
    mug = replace(
        order.lines[0],
        id="gid://shopify/LineItem/2",
        sku="MUG",
        quantity=1,
        total=Money(Decimal("15.00"), "EUR"),
    )
    items = (*ITEMS, PrintItem(Design("MugMug12"), 1, mug.id, 1, "MUG"))
    return replace(order, lines=(*order.lines, mug)), items


@pytest.fixture
def purchases(tmp_path: Path) -> None:
    async def run() -> None:
        async with Store.open(f"sqlite:///{tmp_path / 'bridge.db'}", clock=RealClock()) as store:
            cost = Money(Decimal("12.50"), "EUR")
            await _buy(store, 1001, DAY, cost=cost, shipped_at=DAY + timedelta(days=4))
            await _buy(store, 1002, DAY + timedelta(hours=14, minutes=59), cost=None)
            order, items = mixed()
            await _buy(store, 1003, DAY + timedelta(days=2), cost=cost, snapshot=order, items=items)
            await _buy(store, 1004, DAY - timedelta(days=40), cost=cost)
            await _buy(store, 1005, DAY, cost=cost, mode=Mode.TEST)

    asyncio.run(run())


@pytest.mark.usefixtures("purchases")
def test_each_day_has_its_sums_and_the_total_is_theirs(config: Path) -> None:
    found = told(config)
    assert [
        (line["group"], line["orders"], line["units"], line["revenue"], line["cost"])
        for line in found["lines"]
    ] == [
        ("2026-11-20", 2, 4, "79.60", "12.50"),
        ("2026-11-22", 1, 3, "54.80", "12.50"),
    ]
    (total,) = found["total"]
    assert (total["orders"], total["revenue"], total["cost_orders"], total["margin"]) == (
        3,
        "134.40",
        2,
        "69.60",
    )
    assert (total["shipped_orders"], total["days_to_ship"]) == (1, 4.0)


@pytest.mark.usefixtures("purchases")
def test_an_order_of_several_skus_is_taken_apart_but_for_its_cost(config: Path) -> None:
    found = {line["group"]: line for line in told(config, "--by", "sku")["lines"]}
    assert (found["MUG"]["units"], found["MUG"]["revenue"], found["MUG"]["cost"]) == (1, "15.00", None)
    assert (found["RING-S"]["units"], found["RING-S"]["revenue"], found["RING-S"]["cost"]) == (
        6,
        "119.40",
        "12.50",
    )


@pytest.mark.usefixtures("purchases")
def test_the_last_day_is_included_and_modes_are_kept_apart(config: Path) -> None:
    one_day = json.loads(report(config, "--json", "--from", "2026-11-20", "--to", "2026-11-20").stdout)
    assert [line["orders"] for line in one_day["lines"]] == [2]
    assert [line["orders"] for line in told(config, "--mode", "test")["lines"]] == [1]
    assert [line["group"] for line in told(config, "--by", "shop")["lines"]] == ["acme"]


@pytest.mark.usefixtures("purchases")
def test_a_report_is_read_in_pieces_without_losing_or_doubling_an_order(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = told(config)
    monkeypatch.setattr(reports, "BATCH", 1)
    assert told(config) == whole


@pytest.mark.usefixtures("purchases")
def test_people_get_a_table_and_spreadsheets_csv(config: Path) -> None:
    words = ("--from", "2026-11-01", "--to", "2026-11-30")
    table = report(config, *words)
    assert "79.60 EUR" in table.stdout
    assert "Sculpteo's price is known of 2 of 3 orders" in table.stdout
    rows = list(csv.DictReader(StringIO(report(config, "--csv", *words).stdout)))
    assert [(row["day"], row["revenue"], row["revenue_currency"]) for row in rows] == [
        ("2026-11-20", "79.60", "EUR"), ("2026-11-22", "54.80", "EUR"),
    ]  # fmt: skip


@pytest.mark.usefixtures("purchases")
def test_what_shopifys_check_says_of_the_addresses_is_counted(config: Path, tmp_path: Path) -> None:
    said = (("WARNING", None), ("ERROR", None), ("NO_ISSUES", None), (None, '"address_verdict": "ERROR"'))

    async def run() -> None:
        async with Store.open(f"sqlite:///{tmp_path / 'bridge.db'}", clock=RealClock()) as store:
            for number, (verdict, note) in enumerate(said, start=1006):
                shown = replace(
                    shop_order(number),
                    address=ADDRESS,
                    address_verdict=verdict,
                    customer_name=note,
                    note=note,
                )
                await _buy(store, number, DAY, snapshot=shown)

    asyncio.run(run())
    (total,) = told(config)["total"]
    assert (total["orders"], total["address_errors"], total["address_warnings"]) == (7, 1, 1)
    table = report(config, "--from", "2026-11-01", "--to", "2026-11-30").stdout
    assert "finds 1 of these addresses very likely wrong, and warns of 1" in table


@pytest.mark.usefixtures("purchases")
def test_a_sku_that_a_spreadsheet_would_run_is_written_as_text(config: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async with Store.open(f"sqlite:///{tmp_path / 'bridge.db'}", clock=RealClock()) as store:
            await _buy(store, 1006, DAY, items=(replace(ITEMS[0], sku="=cmd|' /C calc'!A0"),))

    asyncio.run(run())
    result = report(config, "--csv", "--by", "sku", "--from", "2026-11-01", "--to", "2026-11-30")
    assert "'=cmd" in result.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "yesterday"), "write 2026-11-01"),
        (("--from", "2026-11-02", "--to", "2026-11-01"), "--to is before --from"),
        (("--csv", "--json"), "choose one"),
    ],
)
def test_what_cannot_be_meant_is_said(config: Path, words: tuple[str, ...], told: str) -> None:
    result = report(config, *words)
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.usefixtures("purchases")
def test_a_time_without_purchases_is_said_plainly(config: Path) -> None:
    assert "Nothing was bought" in report(config, "--from", "2020-01-01", "--to", "2020-01-31").stdout


@pytest.mark.usefixtures("purchases")
def test_an_unknown_shop_is_refused_with_those_that_exist(config: Path) -> None:
    result = report(config, "--shop", "nobody")
    assert result.exit_code == 2
    assert "the configuration has acme" in result.stderr
