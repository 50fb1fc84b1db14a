"""All that is stored about a customer is one command away, and is JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.order.model import Address
from bridge.order.problems import ALARMS, Alarm, fill_sentence
from bridge.order.records import PrivacyRequest, Transition
from bridge.order.states import Ignored, State
from bridge.store import Store
from tests.cli.test_orders import CONFIG
from tests.support.clocks import RealClock
from tests.support.store_factories import claimed, delivery, gid, key_of, receipt, sent, shop_order, word

HOME = Address("Ada", "Example", None, "1 Rue Inventée", None, "Lyon", postal_code="69001", country_code="FR")
ADA: dict[str, Any] = {
    "address": HOME,
    "email": "Ada@example.com",
    "customer_id": "gid://shopify/Customer/7001",
    "customer_name": "Ada",
}

Run = Callable[..., Result]


async def _story(url: str) -> None:
    async with Store.open(url, clock=RealClock()) as store:
        order = await sent(store, 1001)
        await store.orders.keep_answer(key_of(order), receipt())
        values = {"reference": "ABCD1234", "snapshot": replace(shop_order(1001), **ADA)}
        await store.orders.record_transition(order, Transition(State.PLACED, None, values=values))
        await store.orders.record_transition(await claimed(store), Transition(State.PLACED, None))
        for number, who in ((1002, ADA), (1003, {"email": "otto@example.org"})):
            await store.orders.receive_signal(word(number))
            values = {"snapshot": replace(shop_order(number), **who)}
            change = Transition(State.IGNORED, None, reason=Ignored.PERSON, values=values)
            await store.orders.record_transition(await claimed(store), change)
        await store.inbox.add_delivery(delivery(1, topic="customers/data_request"))
        (one,) = await store.inbox.list_pending(1)
        await store.inbox.settle_privacy_request(
            one.key, "noted", PrivacyRequest(False, (gid(1001),), "9999")
        )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    database = tmp_path / "bridge.db"
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG % database)
    asyncio.run(_story(f"sqlite:///{database}"))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["customer-data", "--config", str(config), *arguments])

    return invoke


@pytest.mark.parametrize(
    "who",
    ["ada@example.com", "7001", "gid://shopify/Customer/7001", "#1001", "1002", "ABCD1234", "--request=9999"],
)
def test_a_customer_is_found_by_all_that_people_know_of_them(run: Run, who: str) -> None:
    found = run(who)
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    names = [one["orders"][0]["name"] for one in told["orders"]]
    assert sorted(names) == ["#1001", "#1002"]
    assert "1 Rue Invent\u00e9e" in found.stdout and "otto" not in found.stdout
    bought = next(one for one in told["orders"] if one["orders"][0]["name"] == "#1001")
    assert bought["attempts"][0]["reference"] == "ABCD1234" and bought["attempts"][0]["token"] == "***"
    assert {"events", "terms"} <= set(bought)


@pytest.mark.parametrize("who", ["nobody@example.org", "9999999", "#4711"])
def test_of_whom_nothing_is_stored_that_is_said_and_the_answer_is_json_all_the_same(
    run: Run, who: str
) -> None:
    found = run(who)
    assert found.exit_code == 0
    assert json.loads(found.stdout) == {"orders": [], "deliveries": []}
    assert "Nothing is stored" in found.stderr


def test_a_request_that_never_came_is_said(run: Run) -> None:
    found = run("--request", "1234")
    assert found.exit_code == 1 and "no request 1234" in found.output
    assert run().exit_code == 2


def test_the_alarm_names_the_command_as_it_is_run(run: Run) -> None:
    remedy = fill_sentence(ALARMS[Alarm.DATA_REQUEST].remedy, {"request": "9999"})
    command = remedy.split("`")[1].split()
    assert command[:2] == ["sculpteo-bridge", "customer-data"]
    assert run(*command[2:]).exit_code == 0
