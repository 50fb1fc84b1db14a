"""An order whose row cannot be read: every command tells of it, and goes on with the others."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.order.records import Transition
from bridge.order.states import State, Wait
from bridge.store import Store
from tests.cli.test_status import config, service, story
from tests.support.store_factories import ITEMS, claimed, shop_order, word

__all__ = ["config", "service"]

DAMAGE = {
    "snapshot": "UPDATE orders SET snapshot = '{\"customer_name\": \"Ada Example' WHERE name = '#1001'",
    "items": "UPDATE orders SET items = '7' WHERE name = '#1001'",
    "facts": "UPDATE orders SET facts = '[' WHERE name = '#1001'",
    "state": "UPDATE orders SET state = 'teleported' WHERE name = '#1001'",
    "mode": "UPDATE orders SET mode = 'bananas' WHERE name = '#1001'",
    "cost": "UPDATE orders SET cost = 'a lot' WHERE name = '#1001'",
    "due_at": "UPDATE orders SET due_at = 'soon' WHERE name = '#1001'",
}


async def two_orders(store: Store) -> None:
    for number in (1001, 1002):
        await store.orders.receive_signal(word(number))
        values = {"snapshot": shop_order(number), "items": ITEMS}
        change = Transition(State.WAITING, None, reason=Wait.APPROVAL, values=values)
        await store.orders.record_transition(await claimed(store), change)


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(config)])


@pytest.mark.parametrize("what", DAMAGE)
def test_every_command_tells_of_a_damaged_order_and_goes_on_with_the_others(config: Path, what: str) -> None:
    story(config, two_orders)
    database = sqlite3.connect(config.parent / "bridge.db")
    assert database.execute(DAMAGE[what]).rowcount == 1
    database.commit()
    database.close()
    listed = {row["order"]: row for row in json.loads(run(config, "orders", "list", "--json").stdout)}
    read_by_a_list = what != "snapshot"  # which is wide, and of no use there
    assert listed["#1001"]["state"] == ("attention" if read_by_a_list else "waiting")
    assert listed["#1002"]["state"] == "waiting"
    for words in (("orders", "show", "1001"), ("why", "1001")):
        result = run(config, *words)
        assert result.exit_code == 0, (words, result.output)
        assert f"cannot be read ({what})" in result.output
        assert "Retry: what is damaged is left out" in result.output
        assert "Ada Example" not in result.output
    healthy: list[tuple[str, ...]] = [
        ("orders", "show", "1002"),
        ("report",),
        ("alarms", "list"),
        ("deliveries", "list"),
    ]
    for others in healthy:
        assert run(config, *others).exit_code == 0, others
    status = run(config, "status")
    assert not isinstance(status.exception, (ValueError, TypeError, AttributeError))
    assert run(config, "orders", "retry", "1001", "--yes").exit_code == 0
    again = {row["order"]: row for row in json.loads(run(config, "orders", "list", "--json").stdout)}
    assert again["#1001"]["state"] == "received"
