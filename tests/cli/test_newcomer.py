"""What somebody meets who has only just installed it: nothing there yet, and nobody who answers."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.cli._demo_runner import find_free_port
from bridge.order import stored_keys
from bridge.order.model import Mode
from bridge.store import Store
from tests.cli.live_sandbox import Floor, floor
from tests.support.clocks import RealClock
from tests.support.sandbox_factories import ADA

OFFLINE = (
    "alarms list", "audit", "backfill --since 2026-11-01", "check", "config show", "deliveries list", "designs materials",
    "orders list", "orders show 1001", "pause", "plan", "probe --yes", "rebuild", "report", "resume", "rules list",
    "serve", "status", "why 1001",
)  # fmt: skip


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Floor]:
    async with floor(tmp_path) as made:
        yield made


@pytest.mark.parametrize("words", OFFLINE)
def test_without_a_configuration_it_is_said_how_to_make_one(tmp_path: Path, words: str) -> None:
    result = CliRunner().invoke(main, [*words.split(), "--config", str(tmp_path / "config.yaml")])
    assert result.exit_code == 2
    assert "sculpteo-bridge init" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        "alarms list", "audit", "backfill --since 2026-11-01", "deliveries body 1", "deliveries list", "deliveries replay 1",
        "orders list", "pause", "report", "resume", "status", "why 1",
    ],
)  # fmt: skip
async def test_looking_before_the_first_start_says_so_and_makes_no_database(shop: Floor, words: str) -> None:
    result = await shop.run(*words.split())
    assert result.exit_code == 1
    assert "`sculpteo-bridge serve` makes it" in result.stderr
    assert "Traceback" not in result.output
    assert not (shop.path.parent / "bridge.db").exists()


@pytest.mark.parametrize("words", ["audit", "backfill --since 2026-11-01", "plan --no-prices", "rebuild"])
async def test_a_shop_that_cannot_be_reached_is_told_in_one_line(shop: Floor, words: str) -> None:
    await shop.make_database()
    await shop.box.stop_shopify()
    result = await shop.run(*words.split())
    assert result.exit_code == 1
    assert "Shopify could not be reached: no connection to 127.0.0.1" in result.output
    assert "Traceback" not in result.output
    assert "ClientConnectorError" not in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("alarms list", "No alarm is open."),
        ("deliveries list", "No webhook has come in yet."),
        ("orders list", "No order has come in yet."),
        ("orders list --state done", "There is no such order."),
        ("rebuild", "The shop has no open order."),
        ("rules list", "Nobody decided anything"),
    ],
)
async def test_a_list_of_nothing_says_so_instead_of_showing_heads(shop: Floor, words: str, said: str) -> None:
    await shop.make_database()
    result = await shop.run(*words.split())
    assert result.stdout.startswith(said), result.output


@pytest.mark.parametrize(
    "family", ["alarms", "alerts", "config", "deliveries", "designs", "orders", "rules", "webhooks"]
)
def test_the_help_of_a_family_tells_whole_sentences(family: str) -> None:
    result = CliRunner().invoke(main, [family, "--help"])
    assert result.exit_code == 0
    commands = result.stdout.partition("Commands:\n")[2].splitlines()
    assert commands
    assert not [line for line in commands if line.endswith("...")]


async def test_a_public_address_that_does_not_answer_is_told_in_words(shop: Floor) -> None:
    shop.config["server"]["public_url"] = f"http://127.0.0.1:{find_free_port()}"
    result = await shop.run("check")
    assert "could not be reached from here: the connection failed: Connection refused" in result.stdout
    assert "Error" not in result.stdout


def test_time_zones_are_known_on_a_machine_that_has_no_list_of_them() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "from zoneinfo import ZoneInfo; print(ZoneInfo('Europe/Paris'))"],
        env={"PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.strip() == "Europe/Paris", found.stderr


@pytest.mark.parametrize(
    "words",
    ["demo --orders -1 --exit", "demo --orders 0 --exit", "sandbox --port 99999", "sandbox --orders -1"],
)
def test_numbers_that_make_no_sense_are_refused(words: str) -> None:
    result = CliRunner().invoke(main, words.split())
    assert result.exit_code == 2
    assert "is not in the range" in result.stderr


def test_a_port_that_is_taken_is_told_with_the_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = subprocess.run(
            [sys.executable, "-m", "bridge", "sandbox", "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert found.returncode == 1
    assert found.stderr == "Error: cannot listen: Address already in use; choose another --port\n"


async def test_a_shop_that_nobody_knows_has_no_orders_to_list(shop: Floor) -> None:
    await shop.make_database()
    result = await shop.run("orders", "list", "--shop", "amce")
    assert result.exit_code == 1
    assert "there is no shop “amce”" in result.stderr
    assert "the configuration has acme" in result.stderr


async def test_pauses_are_told_to_programs_too(shop: Floor) -> None:
    await shop.make_database()
    paused = json.loads((await shop.run("pause", "--shop", "acme", "--json")).stdout)
    assert (paused["scope"], paused["paused"], paused["new"]) == ("acme", True, True)
    assert (paused["shops"], paused["database"]) == (["acme"], shop.database)
    assert json.loads((await shop.run("resume", "--json")).stdout)["still_paused"] == ["acme"]
    assert "Placing goes on for acme." in (await shop.run("resume", "--shop", "acme")).stdout
    assert "Placing was not paused." in (await shop.run("resume")).stdout


async def test_a_delivery_that_is_not_there_cannot_be_replayed(shop: Floor) -> None:
    await shop.make_database()
    result = await shop.run("deliveries", "replay", "7", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == [{"key": 7, "outcome": None}]


async def test_a_backfill_says_how_many_orders_it_found(shop: Floor) -> None:
    await shop.make_database()
    result = await shop.run("backfill", "--since", "2026-11-01", "--json")
    assert json.loads(result.stdout) == [{"shop": "acme", "orders": 0, "new": 0, "for_approval": 0}]
    said = await shop.run("backfill", "--since", "2026-11-01")
    assert said.output == "acme: the shop has no order of that time.\n"


async def test_a_backfill_tells_which_orders_wait_for_approval(shop: Floor) -> None:
    def buy() -> None:
        shop.box.shop.create_order(("RING-S",), address=ADA, email="ada@example.com")

    buy()
    buy()
    await shop.run("pause")  # which makes the database
    async with Store.open(shop.database, clock=RealClock()) as store:
        await asyncio.sleep(1.1)  # the resolution of Shopify's times
        await store.memory.set(stored_keys.go_live_in(Mode.LIVE, "acme"), RealClock().now().isoformat())
    await asyncio.sleep(1.1)
    buy()
    await asyncio.sleep(1.1)  # the date on record counts, and not the second in which this command starts
    said = (await shop.run("backfill", "--since", "2026-01-01")).output
    assert said.startswith("acme: 3 orders, of which 3 new to the bridge.\n")
    assert (
        "2 of the new ones: created before the bridge went live here. They are not ordered until you approve"
        in said
    )
    assert "1 of the new ones: ordered by your rules and limits once they are paid and mapped." in said
    buy()
    again = (await shop.run("backfill", "--since", "2026-01-01")).output
    assert again.startswith("acme: 4 orders, of which 1 new to the bridge; the others are looked at anew.\n")
    assert "went live" not in again
    told = json.loads((await shop.run("backfill", "--since", "2026-01-01", "--json")).stdout)
    assert told == [{"shop": "acme", "orders": 4, "new": 0, "for_approval": 0}]


async def test_a_backfill_before_the_first_start_promises_no_order(shop: Floor) -> None:
    await shop.make_database()
    shop.box.shop.create_order(("RING-S",), address=ADA, email="ada@example.com")
    await asyncio.sleep(1.1)  # the resolution of Shopify's times
    told = json.loads((await shop.run("backfill", "--since", "2026-01-01", "--json")).stdout)
    assert told == [{"shop": "acme", "orders": 1, "new": 1, "for_approval": 1}]


async def test_a_backfill_promises_nothing_for_orders_before_the_shops_own_date(shop: Floor) -> None:
    await shop.make_database()
    shop.config["shops"]["acme"]["since"] = "2100-01-01"
    shop.box.shop.create_order(("RING-S",), address=ADA, email="ada@example.com")
    told = json.loads((await shop.run("backfill", "--since", "2026-01-01", "--json")).stdout)
    assert told == [{"shop": "acme", "orders": 1, "new": 1, "for_approval": 1}]


@pytest.mark.parametrize("words", ["status", "plan --no-prices", "orders list", "check --offline"])
async def test_nothing_is_colored_and_no_bar_is_drawn_where_no_terminal_is(shop: Floor, words: str) -> None:
    await shop.make_database()
    result = await shop.run(*words.split())
    assert "\x1b" not in result.output
