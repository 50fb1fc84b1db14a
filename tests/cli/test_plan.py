"""`plan` against a Shopify and a Sculpteo on this machine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.config.loader import load_config
from bridge.order.problems import Problem
from bridge.order.records import Transition
from bridge.order.states import State
from bridge.sandbox.sculpteo.model import Refused
from bridge.store import Store
from tests.cli.live_sandbox import Floor, floor
from tests.support.clocks import RealClock
from tests.support.order_factories import line, order
from tests.support.store_factories import claimed, word


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Floor]:
    async with floor(tmp_path) as made:
        yield made


async def planned(shop: Floor, *words: str) -> dict[str, Any]:
    result = await shop.run("plan", "--json", *words)
    assert result.stdout, (result.stderr, result.exception)
    found: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if found["result"] == "clean" else 1), result.stderr
    return found


def kinds(found: dict[str, Any]) -> dict[str, list[str]]:
    """What is amiss with each SKU."""
    told = {one["sku"]: [finding["kind"] for finding in one["findings"]] for one in found["variants"]}
    return {sku: amiss for sku, amiss in told.items() if amiss}


async def test_the_demo_shop_is_laid_beside_its_mapping_and_nothing_is_made(shop: Floor) -> None:
    found = await planned(shop)
    assert kinds(found) == {"MUG-GL": ["option"], "DICE-5": ["loss"], "NEW-2026": ["unmapped"]}
    ring = next(one for one in found["variants"] if one["sku"] == "RING-S")
    assert (ring["match"], ring["rule"], ring["designs"][0]["material"]) == ("printed", "RING-*", "silver")
    assert ring["cost"]["currency"] == ring["price"]["currency"] == ring["margin"]["currency"] == "EUR"
    assert found["mapping"]["in_use"] is None
    assert not (shop.path.parent / "bridge.db").exists()


async def test_a_clean_configuration_ends_with_zero(shop: Floor) -> None:
    shop.config["ignore"] += ["NEW-2026", "MUG-GL"]
    next(one for one in shop.config["products"] if one["sku"] == "DICE-5")["material"] = "white_plastic"
    assert (await planned(shop))["result"] == "clean"
    told = await shop.run("plan")
    assert told.exit_code == 0
    assert "nothing is amiss" in told.stdout


async def test_dead_duplicate_and_nameless_are_found(shop: Floor) -> None:
    shop.config["products"].append({"sku": "GONE", "uuid": "GoneGone"})
    shop.box.shop.add_product("Copy", [{"sku": "LAMP", "price": "1.00"}, {"sku": None, "price": "2.00"}])
    found = await planned(shop, "--no-prices")
    assert [one["sentence"] for one in found["dead"]] == [
        "GONE is mapped, but decides on no variant of acme."
    ]
    assert kinds(found)["LAMP"] == ["duplicate"]
    assert kinds(found)[None] == ["no_sku"]  # type: ignore[index]


async def test_what_sculpteo_has_no_more_is_found(shop: Floor) -> None:
    lamp, dice = (one for one in shop.config["products"] if one["sku"] in ("LAMP", "DICE-5"))
    lamp["material"], dice["uuid"] = "gold_leaf", "Nowhere1"
    asked = shop.box.printer.price

    def price(uuid: str, *rest: Any) -> Any:
        if uuid == "Nowhere1":
            raise Refused(404, "there is no such design")
        return asked(uuid, *rest)

    shop.box.printer.price = price  # type: ignore[assignment]
    found = await planned(shop)
    assert (kinds(found)["LAMP"], kinds(found)["DICE-5"]) == (["material"], ["design"])


async def test_a_silent_sculpteo_is_told_and_the_catalogue_is_shown_all_the_same(shop: Floor) -> None:
    await shop.box.stop_sculpteo()
    found = await planned(shop)
    assert kinds(found)["LAMP"] == ["unanswered"]
    assert kinds(found)["NEW-2026"] == ["unmapped"]
    assert "unanswered" not in str(kinds(await planned(shop, "--no-prices")))


async def test_a_shop_that_does_not_answer_is_named(shop: Floor) -> None:
    await shop.box.stop_shopify()
    result = await shop.run("plan")
    assert result.exit_code == 1
    assert "The shop acme could not be read" in result.stdout
    assert "Traceback" not in result.output
    assert "NEW-2026" not in result.output


async def test_prices_in_another_currency_are_not_compared_and_that_is_said(shop: Floor) -> None:
    shop.config["sculpteo"]["currency"] = "USD"
    shop.config["limits"] = {}
    found = await planned(shop)
    ring = next(one for one in found["variants"] if one["sku"] == "RING-S")
    assert (ring["cost"]["currency"], ring["margin"]) == ("USD", None)
    assert "not compared" in (await shop.run("plan")).stdout


async def test_an_unknown_shop_is_refused_with_those_that_exist(shop: Floor) -> None:
    result = await shop.run("plan", "--shop", "nobody")
    assert result.exit_code == 2
    assert "acme" in result.stderr


async def _orders(shop: Floor) -> None:
    """#1001 waits with a ring; #1002 is held for a SKU that nobody mapped. The mapping in use is the demo's."""
    mapping = load_config(shop.path).catalog
    ring = line(1, "RING-S", 2, options=(("Size", "S"),))
    async with Store.open(shop.database, clock=RealClock()) as store:
        await store.wake_for_mapping(mapping.version)
        await store.orders.receive_signal(word(1001))
        first = await claimed(store)
        from bridge.runtime.container import build_policy
        from bridge.steps.line_selection import select_lines

        read = order(ring, updated_at=RealClock().now())
        items = select_lines("acme", read, mapping, build_policy(load_config(shop.path).settings)).items
        values = {"snapshot": read, "items": items, "mapping_version": mapping.version}
        await store.orders.record_transition(
            first, Transition(State.WAITING, None, reason="window", values=values)
        )
        await store.orders.receive_signal(word(1002))
        second = await claimed(store)
        strange = order(line(1, "NEW-2026"), id=second.order_id, name="#1002", updated_at=RealClock().now())
        held = Transition(
            State.ATTENTION, None, problem=Problem.UNMAPPED, facts={"skus": "“NEW-2026”"},
            values={"snapshot": strange, "items": (), "mapping_version": mapping.version},
        )  # fmt: skip
        await store.orders.record_transition(second, held)


async def test_open_orders_that_would_be_treated_otherwise_are_told(shop: Floor) -> None:
    assert (await shop.run("config", "check")).exit_code == 0
    await _orders(shop)
    same = await planned(shop, "--no-prices")
    assert same["orders"] == []
    assert same["mapping"]["in_use"] == same["mapping"]["version"]

    shop.config["products"][0]["material"] = "brass"
    shop.config["products"].append({"sku": "NEW-2026", "uuid": "NewNew12"})
    found = await planned(shop, "--no-prices")
    assert found["mapping"]["in_use"] != found["mapping"]["version"]
    waits, held = found["orders"]
    assert [item["material"] for item in waits["before"]["items"]] == ["silver"]
    assert [item["material"] for item in waits["after"]["items"]] == ["brass"]
    assert held["before"]["why"] == "No design is mapped to “NEW-2026”."
    assert [item["design"] for item in held["after"]["items"]] == ["NewNew12"]
    assert "2 orders would be treated otherwise" in (await shop.run("plan", "--no-prices")).stdout


async def test_a_configuration_that_would_strand_an_order_is_not_clean(shop: Floor) -> None:
    await shop.run("config", "check")
    await _orders(shop)
    shop.config["products"] = shop.config["products"][1:]
    shop.config["ignore"] += ["NEW-2026", "MUG-GL"]
    for variant in shop.box.shop.variants.values():
        if (variant.sku or "").startswith("RING"):
            variant.product.status = "DRAFT"
    found = await planned(shop, "--no-prices")
    assert (kinds(found), found["result"]) == ({}, "findings")
    assert found["orders"][0]["after"]["why"] == "No design is mapped to “RING-S”."
