from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from click.testing import CliRunner

from bridge import sandbox
from bridge.cli import main
from bridge.cli._demo_runner import find_free_port
from bridge.cli._sample_catalog import (
    build_sample_catalog,
    fill_pattern,
)
from bridge.config.loader import load_config
from bridge.config.settings import ByOption, Item, Product, ScaleByOption
from bridge.sandbox.control_client import ControlClient
from bridge.sandbox.id_sequences import iter_order_numbers
from tests.support.http_receiver import receiver
from tests.support.sandbox_factories import ADA

README = Path(sandbox.__file__).with_name("README.md")
OWN: dict[str, Any] = {
    "mode": "test",
    "server": {"public_url": "https://bridge.example.org", "listen": "127.0.0.1:1"},  # where nobody listens
    "shops": {
        "north": {
            "domain": "north-prints.myshopify.com",
            "client_id": "abc123",
            "client_secret": "shpss_x1y2",
        }
    },
    "sculpteo": {"login": "north", "password": "own-password"},
    "products": [
        {
            "sku": "MUG-*",
            "uuid": "Mg7wKp2L",
            "material": {
                "option": "Material",
                "values": {"White": "white_plastic", "Black": "black_plastic"},
            },
        }
    ],
    "ignore": ["GIFT-*"],
}


@pytest.fixture(autouse=True)
def own_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with the first order number, and leaves none behind."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The command in a process of its own: what it printed until it ran, and the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bridge", "sandbox", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        said = ""
        async with asyncio.timeout(20):
            while "Running until Ctrl-C" not in said:
                line = await process.stdout.readline()
                assert line, f"it ended early: {said}"
                said += line.decode()
        yield said, process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 10)


def control_of(said: str) -> ControlClient:
    found = re.search(r"Control: (\S+)/_control/info", said)
    assert found
    return ControlClient(found[1])


async def test_it_runs_alone_prints_a_configuration_and_stops_when_it_is_told_to(tmp_path: Path) -> None:
    async with running("--port", "0") as (said, process):
        lines = yaml.safe_load(said.split("A configuration for it:")[1].split("Webhooks and")[0])
        async with control_of(said) as control:
            info = await control.fetch_info()
            assert lines["shops"]["acme"]["admin_url"] == info.shops[0].admin_url
            assert lines["sculpteo"]["base_url"] == info.sculpteo_url
            config = tmp_path / "config.yaml"
            config.write_text(yaml.safe_dump(lines))
            assert set(load_config(config, {}).settings.shops) == {"acme"}
            order = await control.select_shop().create_order(["CHESS-SET"], address=ADA)
            assert order.name == "#1001"
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_it_simulates_ones_own_shop_and_sends_to_ones_own_bridge(tmp_path: Path) -> None:
    async with receiver() as inbox:
        own = {
            **OWN,
            "server": {"public_url": "https://b.example.org", "listen": inbox.url.removeprefix("http://")},
        }
        config = tmp_path / "config.yaml"
        config.write_text(yaml.safe_dump(own))
        faults = tmp_path / "faults.yaml"
        faults.write_text("- {endpoint: sculpteo.order, kind: reset, effect: true, times: 3}")
        arguments = ("-c", str(config), "--port", "0", "--orders", "1", "--faults", str(faults))
        async with running(*arguments) as (said, _), control_of(said) as control:
            assert "admin_url: http://127.0.0.1:" in said
            assert "own-password" not in said
            shop = control.select_shop("north-prints")
            assert (await control.fetch_faults())[0].times == 3
            assert (await control.fetch_info()).shops[0].client_secret == "shpss_x1y2"
            subscribe = """mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE,
              webhookSubscription: {uri: "https://b.example.org/webhooks/shopify/north"}) {
              userErrors { message } } }"""
            await graphql(control, "shpss_x1y2", subscribe)
            [(headers, _body)] = await inbox.got(1)
            assert headers["x-shopify-shop-domain"] == "north-prints.myshopify.com"
            [order] = await shop.orders()
            assert set(order.units) <= {"MUG-WHITE", "MUG-BLACK", "GIFT-1"}


async def graphql(control: ControlClient, secret: str, query: str) -> None:
    shop = (await control.fetch_info()).shops[0]
    form = {"grant_type": "client_credentials", "client_id": shop.client_id, "client_secret": secret}
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{shop.admin_url}/admin/oauth/access_token", data=form) as response:
            token = (await response.json())["access_token"]
        url = f"{shop.admin_url}/admin/api/2026-10/graphql.json"
        headers = {"X-Shopify-Access-Token": token}
        async with http.post(url, json={"query": query}, headers=headers) as response:
            assert "errors" not in await response.json()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {endpoint: x, kind: reset", ":1:28: is no YAML: "),
        ("- {endpoint: x, kind: reset, times: often}", "entry 0.times should be a valid integer"),
        ("- {kind: reset}", "entry 0.endpoint is missing"),
        ("- {endpoint: x, kind: reset, efect: true}", "entry 0.efect is not known here"),
        ("nothing", "should be a valid list"),
    ],
)
def test_what_is_wrong_with_faults_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text(text)
    result = CliRunner().invoke(main, ["sandbox", "--faults", str(faults)])
    assert result.exit_code == 1
    assert said in result.output
    assert "Error: " in result.output
    assert not any(word in result.output for word in ("\n  in ", "validation error", "Traceback"))


async def test_a_bad_file_of_faults_is_named(tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("- {endpoint: x, kind: banana}")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge", "sandbox", "--faults", str(faults)),
        stderr=asyncio.subprocess.PIPE,
    )
    _, error = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert str(faults) in error.decode()
    assert "banana" in error.decode()
    assert "Traceback" not in error.decode()


def test_a_catalogue_has_a_variant_for_every_value_that_decides() -> None:
    mug = Product(
        sku="MUG-*",
        uuid="Mg7wKp2L",
        material=ByOption(option="Material", values={"White": "white_plastic", "Black": "black_plastic"}),
        scale=ScaleByOption(option="Size", values={"S": Decimal("0.8"), "L": Decimal("1.2")}),
    )
    chess = Product(sku="CHESS", items=(Item(uuid="ChPawn01", quantity=16), Item(uuid="ChRoyal2")))
    [(title, mugs), (_, sets), (_, gifts)] = build_sample_catalog([mug, chess], ["GIFT-?"])
    assert title == "Mug"
    assert [variant["sku"] for variant in mugs] == [
        "MUG-WHITE-S",
        "MUG-WHITE-L",
        "MUG-BLACK-S",
        "MUG-BLACK-L",
    ]
    assert mugs[0]["options"] == {"Material": "White", "Size": "S"}
    assert ([variant["sku"] for variant in sets], gifts) == (["CHESS"], [{"sku": "GIFT-1"}])


@pytest.mark.parametrize(("pattern", "sku"), [("A-*", "A-1"), ("?-*-*", "1-1-1"), ("RING", "RING")])
def test_patterns_are_filled_in(pattern: str, sku: str) -> None:
    assert fill_pattern(pattern) == sku


def configured(folder: Path, listen: str, **changes: object) -> Path:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**OWN, "server": {**OWN["server"], "listen": listen}, **changes}))
    return path


async def codes(control: ControlClient) -> set[str]:
    """Everything that a run gave out for one order that is printed and shipped."""
    order = await control.select_shop().test_order()
    info = await control.fetch_info()
    async with aiohttp.ClientSession() as http:
        fields = {
            "login": info.sculpteo_login,
            "password": info.sculpteo_password,
            "item[0]": "Mg7wKp2L:1:1:mm:white_plastic",
        }
        async with http.post(f"{info.sculpteo_url}/en/api/store/3D/order/", data=fields) as response:
            reference = await response.text()
    book = await control.printer.add_parcel(reference)
    lines = {unit.id for unit in order.fulfillment_orders}
    return {order.id, order.name, reference, book.parcels[0].number, *lines}


@pytest.mark.long
async def test_no_code_is_given_out_twice_over_restarts(tmp_path: Path) -> None:
    config = configured(tmp_path, "127.0.0.1:1")
    given: list[set[str]] = []
    for _ in range(3):
        async with running("-c", str(config), "--port", "0") as (said, process), control_of(said) as control:
            given.append(await codes(control))
            process.kill()
    assert all(len(found) == 5 for found in given)
    assert len(set().union(*given)) == 15


def test_numbers_go_on_and_where_they_cannot_be_kept_they_follow_the_clock(tmp_path: Path) -> None:
    kept = tmp_path / "sub" / "sandbox.json"
    first = iter_order_numbers(kept, "acme.myshopify.com", 1001)
    assert [next(first), next(first)] == [1001, 1002]
    again, other = (
        iter_order_numbers(kept, "acme.myshopify.com", 1001),
        iter_order_numbers(kept, "b.myshopify.com", 1001),
    )
    assert [next(again), next(first), next(other)] == [1003, 1004, 1001]
    broken = tmp_path / "broken.json"
    broken.write_text("not ours")
    numbers = iter_order_numbers(broken, "acme.myshopify.com", 1001)
    assert next(numbers) < next(numbers)
    assert broken.read_text() == "not ours"


@pytest.mark.long
async def test_it_follows_the_configuration_and_prices_only_what_it_knows(tmp_path: Path) -> None:
    config = configured(tmp_path, "127.0.0.1:1")
    async with running("-c", str(config), "--port", "0") as (said, _), control_of(said) as control:
        url = (await control.fetch_info()).sculpteo_url

        async def price(uuid: str, material: str = "white_plastic") -> object:
            query = {"uuid": uuid, "productname": material, "unit": "mm"}
            where = f"{url}/en/api/design/3D/price_by_uuid/"
            async with aiohttp.ClientSession() as http, http.get(where, params=query) as response:
                return (await response.json(content_type=None))["error"]["id"]

        assert await price("Mg7wKp2L") == 0
        assert await price("Mg7wKp2L", "unobtainium") != 0
        assert await price("Newer001") != 0
        configured(
            tmp_path,
            "127.0.0.1:2",
            products=[*OWN["products"], {"sku": "RING", "uuid": "Newer001"}],
        )
        async with asyncio.timeout(20):
            while await price("Newer001") != 0:  # noqa: ASYNC110 - the sandbox tells nobody
                await asyncio.sleep(0.1)
        order = await control.select_shop().create_order(["RING"])
        assert order.ships_to
        skus = {sku for _ in range(3) for sku in (await control.select_shop().test_order()).units}
        assert skus == {"MUG-WHITE", "MUG-BLACK", "RING"}


@pytest.mark.long
async def test_a_test_order_goes_to_the_sandbox_that_runs_and_is_never_for_money(tmp_path: Path) -> None:
    config = configured(tmp_path, "127.0.0.1:1")
    async with running("-c", str(config), "--port", "0") as (said, _), control_of(said) as control:
        shop = {**OWN["shops"]["north"], "admin_url": (await control.fetch_info()).shops[0].admin_url}
        configured(tmp_path, "127.0.0.1:1", shops={"north": shop})
        sent = await asyncio.to_thread(
            CliRunner().invoke, main, ["sandbox", "-c", str(config), "--test-order"]
        )
        assert sent.exit_code == 0, sent.output
        [order] = await control.select_shop().orders()
        [sku] = order.units
        assert f"{order.name} is ordered and paid: 1 x {sku}, to {order.ships_to}." in sent.output
        assert f"`sculpteo-bridge why {order.name[1:]} -c {config}`" in sent.output
        configured(tmp_path, "127.0.0.1:1", shops={"north": shop}, mode="live", alerts=[])
        refused = await asyncio.to_thread(
            CliRunner().invoke, main, ["sandbox", "-c", str(config), "--test-order"]
        )
        assert refused.exit_code == 2  # a simulated shop beside the real Sculpteo
        assert len(await control.select_shop().orders()) == 1


@pytest.mark.long
async def test_the_example_of_its_readme_is_an_order_that_is_printed(tmp_path: Path) -> None:
    """Everything as it is printed: the configuration of the sandbox, and the first command of its README."""
    listen = f"127.0.0.1:{find_free_port()}"
    async with running("--port", "0") as (said, _), control_of(said) as control:
        lines = yaml.safe_load(said.split("A configuration for it:")[1].split("Webhooks and")[0])
        config = tmp_path / "config.yaml"
        lines["server"]["listen"] = listen
        config.write_text(yaml.safe_dump(lines))
        # whoever follows the README has 8080 free; here webhooks get lost, and the shop is compared
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bridge", "serve", "-c", str(config)), stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr is not None
        try:
            async with asyncio.timeout(60):
                while b"event=ready" not in await process.stderr.readline():
                    pass
                found = re.search(r"create_order -d '(.*)'", README.read_text("utf-8"))
                assert found
                await control.send_request("POST", "shop/-/create_order", json.loads(found[1]))
                await asyncio.to_thread(
                    CliRunner().invoke, main, ["backfill", "--since", "2026-01-01", "-c", str(config)]
                )
                while not (books := await control.printer.books()):  # noqa: ASYNC110 - the books tell nobody
                    await asyncio.sleep(0.2)
            assert [item.split(":")[:2] for item in books[0].items] == [["Rg4sT9xQ", "1"], ["Lm2Moon8", "2"]]
            assert books[0].address["ship_addressee"]
        finally:
            process.terminate()
            await process.wait()
