"""`orders list` and `orders show` on a database with a story."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.order.model import Parcel
from bridge.order.problems import Alarm, Problem
from bridge.order.records import TimelineEntry, Transition
from bridge.order.states import State
from bridge.store import Store
from tests.support.clocks import RealClock
from tests.support.store_factories import claimed, key_of, receipt, sent, word

CONFIG = """\
mode: test
server: {public_url: https://bridge.example.com, listen: "127.0.0.1:1"}
database: sqlite:///%s
shops:
  acme: {domain: acme.myshopify.com, client_id: abc123, client_secret: shhh-secret}
sculpteo: {login: maker, password: shhh-password}
defaults: {material: white_plastic}
products:
  - {sku: RING-S, uuid: QfGQC4YQ}
"""

Run = Callable[..., Result]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


@pytest.fixture
def run(tmp_path: Path, database: Path) -> Run:
    """Runs `sculpteo-bridge orders ...` with a configuration of this test's own."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG % database)

    def invoke(*arguments: str) -> Result:
        command, *rest = arguments
        return CliRunner().invoke(main, ["orders", command, "--config", str(config), *rest])

    return invoke


async def _story(url: str) -> None:
    async with Store.open(url, clock=RealClock()) as store:
        order = await sent(store, 1001)
        await store.orders.keep_answer(key_of(order), receipt())
        placed = Transition(
            State.PLACED,
            RealClock().now(),
            values={"reference": "ABCD1234", "print_words": "In Process"},
            parcels=(Parcel("1Z999", "UPS"),),
            alarms=((Alarm.SECOND_REFERENCE, {"reference": "WXYZ9876"}),),
            notes=(TimelineEntry("placed", {"reference": "ABCD1234"}),),
        )
        await store.orders.record_transition(order, placed)
        await store.orders.record_transition(await claimed(store), Transition(State.PLACED, None))
        await store.orders.receive_signal(word(1002))
        held = await claimed(store)
        problem = Transition(State.ATTENTION, None, problem=Problem.UNMAPPED, facts={"skus": "“MUG\x1b[31m”"})
        await store.orders.record_transition(held, problem)


@pytest.fixture
def story(database: Path) -> None:
    """#1001 is at Sculpteo, with a parcel and an alarm; #1002 needs a person."""
    asyncio.run(_story(f"sqlite:///{database}"))


@pytest.mark.usefixtures("story")
def test_the_list_says_where_each_order_stands_and_why(run: Run) -> None:
    result = run("list")
    assert result.exit_code == 0
    lines = [line for line in result.stdout.splitlines() if "#100" in line]
    assert [line.split()[0] for line in lines] == ["#1002", "#1001"]
    assert "No design is mapped to “MUG" in lines[0]
    assert "ABCD1234" in lines[1]


@pytest.mark.usefixtures("story")
def test_the_list_can_be_narrowed_and_read_by_programs(run: Run) -> None:
    def names(*options: str) -> list[str]:
        result = run("list", "--json", *options)
        assert result.exit_code == 0
        return [order["order"] for order in json.loads(result.stdout)]

    assert names() == ["#1002", "#1001"]
    assert names("--state", "attention") == ["#1002"]
    assert names("--state", "attention", "--state", "placed") == ["#1002", "#1001"]
    assert run("list", "--json", "--shop", "other").exit_code == 1
    assert names("--limit", "1") == ["#1002"]


@pytest.mark.usefixtures("story")
def test_an_unknown_state_is_refused_with_those_that_exist(run: Run) -> None:
    result = run("list", "--state", "lost")
    assert result.exit_code == 2
    assert "received" in result.stderr


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize(
    "name", ["#1001", "1001", "acme/1001", "ABCD1234", "1Z999", "gid://shopify/Order/1001"]
)
def test_an_order_is_shown_with_its_history_by_any_of_its_names(run: Run, name: str) -> None:
    result = run("show", name)
    assert result.exit_code == 0
    for expected in (
        "#1001 of acme",
        "placed: Sculpteo has taken the order",
        "ABCD1234, In Process",
        "2 x QfGQC4YQ for RING-S (silver, scale 0.87 (cm))",
        "1Z999 by UPS, not in the shop yet",
        "Sculpteo told of a second order WXYZ9876",
        "heard of the order for the first time",
        "The request to Sculpteo left now",
        "Sculpteo took the order: its reference is ABCD1234.",
    ):
        assert expected in result.stdout


@pytest.mark.usefixtures("story")
def test_what_to_do_is_said_and_what_a_customer_typed_cannot_reach_the_terminal(run: Run) -> None:
    result = run("show", "1002")
    assert "Add the SKU to `products`" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.usefixtures("story")
def test_the_json_of_an_order_is_whole_and_holds_no_secret(run: Run, database: Path) -> None:
    result = run("show", "1001", "--json")
    shown = json.loads(result.stdout)
    assert (shown["order"], shown["state"], shown["reference"]) == ("#1001", "placed", "ABCD1234")
    assert shown["parcels"][0]["number"] == "1Z999"
    assert shown["alarms"][0]["alarm"] == "second_reference"
    assert [line["kind"] for line in shown["history"]][:1] == ["seen"]
    assert shown["attempts"][0]["verdict"] == "placed"

    async def token() -> str:
        async with Store.open(f"sqlite:///{database}", clock=RealClock()) as store:
            return (await store.queries.list_attempts(1))[0].token

    assert asyncio.run(token()) not in result.stdout
    assert "shhh" not in result.stdout


@pytest.mark.usefixtures("story")
def test_an_order_that_is_not_there_is_said_plainly(run: Run) -> None:
    result = run("show", "4711")
    assert result.exit_code == 1
    assert "no order is called 4711" in result.stderr


def test_two_orders_of_one_name_ask_which(run: Run, database: Path) -> None:
    async def two() -> None:
        async with Store.open(f"sqlite:///{database}", clock=RealClock()) as store:
            await store.orders.receive_signal(word())
            await store.orders.receive_signal(word(shop="other"))

    asyncio.run(two())
    result = run("show", "1001")
    assert result.exit_code == 1
    assert "acme/#1001" in result.stderr
    assert "other/#1001" in result.stderr
    assert run("show", "other/1001").exit_code == 0


def test_looking_makes_no_database(run: Run, database: Path) -> None:
    result = run("list")
    assert result.exit_code == 1
    assert "there is no" in result.stderr
    assert not database.exists()
