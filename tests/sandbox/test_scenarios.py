from __future__ import annotations

import asyncio
import fnmatch

import pytest

from bridge.order.states import State
from bridge.sandbox import Sandbox
from bridge.sandbox.control_server import build_info
from bridge.sandbox.demo_config import (
    DESIGNS,
    IGNORE,
    MAPPING,
    PRODUCTS,
    DemoPlan,
    add_demo_products,
    build_demo_config,
)
from bridge.sandbox.scenario import (
    Scenario,
    Stage,
)
from bridge.sandbox.scenarios import DAY, select_scenarios
from bridge.sandbox.shopify.model import Order

NEEDED = {
    "bundle",
    "options",
    "two_parcels",
    "unmapped",
    "bad_address",
    "blocked",
    "cancelled_in_time",
    "lost_answer",
    "pickup_and_post",
    "own_stock",
    "quantities",
    "in_dollars",
    "in_japanese",
    "long_address",
}


async def played(scenario: Scenario, seed: int = 0) -> tuple[Sandbox, Order]:
    """The order that a scenario makes, after all that happens to it in the shop."""
    async with Sandbox(seed=seed) as box:
        add_demo_products(box.shop, box.printer)
        stage = Stage(box, seed=seed, beat=0.01)
        order = scenario.play(stage)
        if scenario.key != "cancelled_too_late":  # waits for the order to be printed
            await asyncio.wait_for(stage.wait_for_actions(), 5)
        stage.cancel_actions()
        return box, order


@pytest.mark.parametrize("scenario", DAY, ids=lambda scenario: scenario.key)
async def test_each_scenario_makes_one_order(scenario: Scenario) -> None:
    box, order = await played(scenario)
    assert list(box.shop.orders.values()) == [order]
    assert scenario.title[0].isupper()


@pytest.mark.parametrize("scenario", DAY, ids=lambda scenario: scenario.key)
async def test_a_scenario_that_prints_can_be_printed(scenario: Scenario) -> None:
    """What is to be printed is mapped, goes by post and is still to be sent when the window ends."""
    _, order = await played(scenario)
    printable = [
        row.line.sku
        for entry in order.fulfillment_orders
        if entry.delivery_method == "SHIPPING" and "CREATE_FULFILLMENT" in entry.actions
        for row in entry.lines
        if row.remaining and mapped(row.line.sku)
    ]
    if scenario.expected.prints:
        assert printable
        assert not order.outstanding
    if scenario.expected.state in (State.CANCELLED, State.IGNORED) and not order.test:
        assert not printable


def mapped(sku: str | None) -> bool:
    return any(fnmatch.fnmatchcase(sku or "", str(rule["sku"])) for rule in MAPPING)


def test_a_day_has_what_a_shop_meets() -> None:
    assert {scenario.key for scenario in DAY} >= NEEDED
    assert len({scenario.key for scenario in DAY}) == len(DAY)
    assert [scenario.key for scenario in select_scenarios(3)] == ["ring", "bundle", "options"]
    assert len(select_scenarios(80)) == 80
    assert select_scenarios(80, seed=1) == select_scenarios(80, seed=1) != select_scenarios(80, seed=2)


async def test_the_same_seed_plays_the_same_day() -> None:
    days = []
    for _ in range(2):
        async with Sandbox(seed=7) as box:
            add_demo_products(box.shop, box.printer)
            stage = Stage(box, seed=7)
            days.append([scenario.play(stage).address for scenario in DAY])
            stage.cancel_actions()
    assert days[0] == days[1]


def test_every_product_is_mapped_ignored_or_meant_to_be_neither() -> None:
    skus = [str(variant["sku"]) for _, variants in PRODUCTS for variant in variants]
    left = [
        sku for sku in skus if not mapped(sku) and not any(fnmatch.fnmatchcase(sku, rule) for rule in IGNORE)
    ]
    assert left == ["NEW-2026"]
    known = {design.uuid for design in DESIGNS}
    used = {item["uuid"] for rule in MAPPING for item in rule.get("items", [rule])}
    assert used == known


async def test_the_demos_configuration_points_at_the_sandbox() -> None:
    async with Sandbox() as box:
        config = build_demo_config(
            build_info(box), DemoPlan(listen="127.0.0.1:8123", database="sqlite:///x.db")
        )
    assert config["shops"]["acme"]["admin_url"] == box.shopify_url
    assert config["sculpteo"]["base_url"] == box.sculpteo_url
