"""Configured locations: matched as people write them, known by their ids, and never a reason to hide an order
while one of them means nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.decisions import transitions
from bridge.order.problems import Problem
from bridge.order.records import KnownLocation, OrderRecord
from bridge.order.states import Ignored, State
from bridge.steps.allocation import is_location_named
from bridge.steps.locations import resolve_locations
from bridge.store import Store
from tests.service.serve_process import rewritten, staged, until
from tests.service.test_reload import buy
from tests.support.clocks import RealClock
from tests.support.order_factories import NOW, line, order, unit
from tests.support.step_player import Playing, playing

MAIN, PRINT, NEW = (f"gid://shopify/Location/{number}" for number in (1, 77, 5))
HOUR = timedelta(hours=1)


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playing]:
    async with playing(tmp_path) as found:
        yield found


def configured(play: Playing, *words: str) -> None:
    locations = {"acme": frozenset(words)}
    play.world = replace(play.world, policy=replace(play.world.policy, locations=locations))


async def comes(play: Playing, number: int, *places: tuple[str | None, str]) -> OrderRecord:
    """An order with a ring from each of these locations, worked on."""
    lines = [line(index, "RING") for index in range(1, len(places) + 1)]
    units = tuple(
        unit(index, one, location_id=place or f"name:{name}", location_name=name)
        for index, (one, (place, name)) in enumerate(zip(lines, places, strict=True), start=1)
    )
    made = order(*lines, units=units, id=f"gid://shopify/Order/{number}", name=f"#{number}")
    key = await play.hear_of(made)
    await play.steps()
    return await play.record(key)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Atelier Sud", True),
        ("atelier sud", True),
        ("  ATELIER   SUD ", True),
        (PRINT, True),
        ("77", True),
        ("7", False),
        ("Atelier", False),
        ("Main", False),
    ],
)
def test_a_location_is_meant_by_its_name_in_any_case_and_spacing_its_id_or_the_number_of_it(
    word: str, meant: bool
) -> None:
    assert is_location_named([word], PRINT, "Atelier  Sud") is meant


@pytest.mark.parametrize("word", ["atelier SUD", "77", PRINT])
async def test_an_order_is_printed_for_a_location_however_it_is_written(play: Playing, word: str) -> None:
    configured(play, word)
    play.shop.places = {MAIN: "Main", PRINT: "Atelier Sud"}
    assert (await comes(play, 1001, (PRINT, "Atelier Sud"))).state is State.PLACED
    other = await comes(play, 1002, (MAIN, "Main"))
    assert (other.state, other.reason) == (State.IGNORED, Ignored.OTHER_LOCATION)


@pytest.mark.parametrize("words", [("Sculpto",), ("78",), ("Sculpto", "Depot")])
@pytest.mark.parametrize("listed", [True, False])
async def test_a_location_that_the_shop_does_not_have_hides_nothing_a_person_is_asked(
    play: Playing, words: tuple[str, ...], listed: bool
) -> None:
    configured(play, *words)
    play.shop.places = {MAIN: "Main", PRINT: "Sculpteo"} if listed else None
    found = await comes(play, 1001, (PRINT, "Sculpteo"))
    assert (found.state, found.problem) == (State.ATTENTION, Problem.LOCATION)
    assert "“Sculpteo”" in found.facts["places"]
    assert all(f"“{word}”" in found.facts["locations"] for word in words)
    assert not play.printer.real_prints("#1001")
    await play.store.orders.apply_decision(
        found, transitions.approve_order(found, "ada", play.clock.now()), "ada"
    )
    await play.steps()
    assert (await play.record(found.key)).state is State.PLACED


async def test_no_part_of_an_order_is_left_out_while_a_location_means_nothing(play: Playing) -> None:
    configured(play, "Main", "Sculpto")
    play.shop.places = {MAIN: "Main", PRINT: "Sculpteo"}
    found = await comes(play, 1001, (MAIN, "Main"), (PRINT, "Sculpteo"))
    assert (found.state, found.problem) == (State.ATTENTION, Problem.LOCATION)
    whole = await comes(play, 1002, (MAIN, "Main"))
    assert whole.state is State.PLACED, "what it does not concern goes on"


async def test_a_corrected_name_lets_the_order_go_on_by_itself(play: Playing) -> None:
    configured(play, "Sculpto")
    play.shop.places = {PRINT: "Sculpteo"}
    found = await comes(play, 1001, (PRINT, "Sculpteo"))
    assert found.problem == Problem.LOCATION
    configured(play, "Sculpteo")
    await play.store.wake_for_rules("other rules")
    await play.steps()
    assert (await play.record(found.key)).state is State.PLACED


async def test_a_renamed_location_is_known_by_its_id(play: Playing) -> None:
    configured(play, "Sculpteo")
    play.shop.places = {MAIN: "Main", PRINT: "Sculpteo"}
    assert (await comes(play, 1001, (PRINT, "Sculpteo"))).state is State.PLACED
    play.forward(HOUR)
    play.shop.places = {MAIN: "Main", PRINT: "3D-Druck"}
    assert (await comes(play, 1002, (PRINT, "3D-Druck"))).state is State.PLACED
    found = resolve_locations(["Sculpteo"], await play.store.orders.list_locations("acme"))
    assert (found.unknown, dict(found.renamed)) == (frozenset(), {"Sculpteo": "3D-Druck"})
    other = await comes(play, 1003, (MAIN, "Main"))
    assert other.reason == Ignored.OTHER_LOCATION


async def test_without_the_permission_a_location_that_appears_where_another_one_was_is_asked_about(
    play: Playing,
) -> None:
    configured(play, "Sculpteo")
    assert (await comes(play, 1001, (None, "Sculpteo"))).state is State.PLACED
    play.forward(HOUR)
    renamed = await comes(play, 1002, (None, "3D-Druck"))
    assert renamed.problem == Problem.LOCATION, "it may be the same one"
    play.forward(HOUR)
    assert (await comes(play, 1003, (None, "Sculpteo"))).state is State.PLACED
    await play.steps()
    known = resolve_locations(["Sculpteo"], await play.store.orders.list_locations("acme"))
    assert known.unknown == frozenset(), "both are there: they are two"


def known(place: str, name: str, first: int = 0, last: int = 9, gone: bool = False) -> KnownLocation:
    return KnownLocation(place, name, NOW + first * HOUR, NOW + last * HOUR, NOW if gone else None)


def test_a_location_that_was_closed_is_none_that_the_shop_has() -> None:
    assert resolve_locations(["Sculpteo"], [known(PRINT, "Sculpteo", gone=True)]).unknown == {"Sculpteo"}


def test_a_name_that_another_location_has_by_now_means_that_one() -> None:
    found = resolve_locations(
        ["Depot"], [known(PRINT, "Depot", last=3), known(PRINT, "Sud", 4), known(NEW, "Depot", 5)]
    )
    assert found.ids == {NEW}
    assert not found.renamed


def sends_from(name: str, shop: Any) -> None:
    """The merchant gives the shop's one location another name."""
    shop.location.name = name


@pytest.mark.long
async def test_a_real_service_tells_of_a_location_that_the_shop_does_not_have_and_goes_on_once_it_is_right(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        sends_from("Atelier Sud", stage.box.shop)
        plain = stage.config()
        wrong = {**plain, "shops": {"acme": {**plain["shops"]["acme"], "locations": ["Atelier Nord"]}}}
        async with stage.serve(wrong) as serving:
            name = buy(stage, "RING-S")
            held = await stage.reaches(name, State.ATTENTION, serving)
            assert held.problem == Problem.LOCATION

            async def told() -> bool:
                async with Store.open(stage.database, clock=RealClock(), create=False) as store:
                    found = {one.code: one.facts for one in await store.conditions.list_incidents()}
                return "“Atelier Sud”" in found.get("location", {}).get("known", "")

            await until(told, serving)
            said = await asyncio.to_thread(
                CliRunner().invoke, main, ["status", "--config", str(serving.config)]
            )
            assert said.exit_code == 1
            assert "has no location “Atelier Nord”" in said.stdout
            checked = await asyncio.to_thread(
                CliRunner().invoke, main, ["check", "--config", str(serving.config), "--json"]
            )
            found = {one["name"]: one for one in json.loads(checked.stdout)["checks"]}
            assert found["locations acme"]["result"] == "failed"
            assert "“Atelier Nord”" in found["locations acme"]["sentence"]
            planned = await asyncio.to_thread(
                CliRunner().invoke, main, ["plan", "--no-prices", "--config", str(serving.config)]
            )
            assert planned.exit_code == 1
            assert "“Atelier Nord”" in " ".join(planned.output.split())
            right = {**plain, "shops": {"acme": {**plain["shops"]["acme"], "locations": ["atelier  SUD"]}}}
            rewritten(serving.config, right)
            await stage.reaches(name, State.PLACED, serving)
            sends_from("Werkstatt", stage.box.shop)
            other = buy(stage, "RING-S")
            await stage.reaches(other, State.PLACED, serving)
