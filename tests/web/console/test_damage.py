"""The console with an order whose row cannot be read."""

from __future__ import annotations

import sqlite3
from html import unescape

import pytest

from bridge.order import stored_keys
from bridge.order.states import State
from bridge.store.processes import Process
from tests.cli.test_damage import DAMAGE
from tests.support.clocks import START
from tests.web.console.conftest import Site
from tests.web.console.test_orders import WAITS, asked, now_is, press, put

PROCESS = Process(
    *("machine:1", "machine", 1, "1.0", "all", "test", "127.0.0.1:8080", ("acme",), "config.yaml", "0" * 64),
    *(START, START, START),
    pauses=frozenset({("*", START.isoformat())}),
)


@pytest.mark.parametrize("what", DAMAGE)
async def test_every_page_is_shown_and_a_retry_takes_the_damage_off(site: Site, what: str) -> None:
    await site.sign_in("anna")
    record, well = await put(site, 1001, WAITS), await put(site, 1002, WAITS)
    with sqlite3.connect(str(site.store._db.url.database)) as database:
        assert database.execute(DAMAGE[what]).rowcount == 1
    for path in (
        "/",
        "/orders",
        "/orders?text=ring",
        "/mapping",
        "/condition",
        "/alarms",
        f"/orders/{well.key}",
    ):
        status, _ = await site.get(path)
        assert status in {200, 404}, path
    status, page = await site.get(f"/orders/{record.key}")
    assert status == 200
    assert f"cannot be read ({what})" in unescape(page)
    _, question = await asked(site, "retry", record.key)
    await press(site, question, "Try again")
    assert (await now_is(site, record.key)).state is State.RECEIVED


DAMAGED_BESIDE = {
    "when a session was last seen": "UPDATE sessions SET seen_at = 'yesterday'",
    "when a session was opened": "UPDATE sessions SET created_at = CAST(x'ff00' AS TEXT)",
    "the end of a session": "UPDATE sessions SET until = 'zzz'",
    "the proof of a session": "UPDATE sessions SET proof = x'ff'",
    "the facts of a deed": "UPDATE audit SET facts = '{'",
    "the facts of a deed are a list": "UPDATE audit SET facts = '[1]'",
    "the time of a deed": "UPDATE audit SET at = 'yesterday'",
    "the time of a pause": "UPDATE pauses SET at = 'yesterday'",
    "the rate at which Sculpteo is asked": "UPDATE buckets SET full_at = 'soon'",
    "the words of a process": "UPDATE processes SET shops = '{'",
    "the pauses of a process": "UPDATE processes SET pauses = '[1]'",
    "when a shop was compared": "UPDATE memory SET value = 'yesterday'",
}


@pytest.mark.parametrize("what", DAMAGED_BESIDE)
async def test_a_damaged_row_beside_the_orders_keeps_nobody_out(site: Site, what: str) -> None:
    await site.sign_in("anna")
    await put(site, 1001, WAITS)
    await site.store.switch.pause_ordering("*", "anna")
    await site.store.orders.take_token("sculpteo", rate=4, burst=5)
    await site.store.memory.set(stored_keys.reconciled_at("acme"), START.isoformat())
    await site.store.processes.report_process(PROCESS)
    await site.store.sessions.record_action("anna", "hold", "done", facts={"x": 1})
    with sqlite3.connect(str(site.store._db.url.database)) as database:
        assert database.execute(DAMAGED_BESIDE[what]).rowcount >= 1
    if (await site.get("/"))[0] != 200:  # a session that cannot be read is over
        assert "session" in what
        await site.sign_in("anna")
    for path in ("/", "/orders", "/account", "/deeds", "/settings", "/mapping"):
        status, _ = await site.get(path)
        assert status == 200, path
    assert await site.store.orders.is_shop_paused("acme")
    assert await site.store.orders.take_token("sculpteo", rate=4, burst=5) >= 0
