"""The console with an order whose row cannot be read."""

from __future__ import annotations

import sqlite3
from html import unescape

import pytest

from bridge.order.states import State
from tests.cli.test_damage import DAMAGE
from tests.web.console.conftest import Site
from tests.web.console.test_orders import WAITS, asked, now_is, press, put


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
