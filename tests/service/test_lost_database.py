"""What a person said no to stays so when the database is lost: real processes, the command line, an empty file."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from bridge.sandbox.shopify.model import Order
from tests.service.serve_process import Serving, Stage, staged, until
from tests.support.sandbox_factories import ADA

pytestmark = pytest.mark.long

KEY = "print"


def buy(stage: Stage) -> Order:
    return stage.box.shop.create_order(["RING-S"], address=ADA, email="ada@example.com")


async def says_no(serving: Serving, wish: str, order: Order) -> None:
    """`orders cancel` and the like, in a process of its own."""
    command = ("-m", "bridge", "orders", wish, order.name, "--yes", "--as", "anna")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        *("--config", str(serving.config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


def choice(order: Order) -> str | None:
    """What the note on the Shopify order says that a person decided."""
    for kept in order.metafields:
        if kept.key == KEY:
            decision = json.loads(kept.value).get("decision") or {}
            return f"{decision.get('choice')} by {decision.get('who')}"
    return None


async def test_orders_that_a_person_cancelled_ignored_or_held_are_not_bought_by_an_empty_database(
    tmp_path: Path,
) -> None:
    wishes = {"cancel": "cancelled", "ignore": "ignored", "hold": "held"}
    async with staged(tmp_path) as stage:
        async with stage.serve(stage.config(approval={"mode": "manual"})) as serving:
            orders = {wish: buy(stage) for wish in wishes}
            for wish, order in orders.items():
                await stage.reaches(order.name, "waiting", serving)
                await says_no(serving, wish, order)
            for wish, order in orders.items():
                await until(lambda o=order, w=wish: choice(o) == f"{wishes[w]} by anna (terminal)", serving)
        for file in tmp_path.glob("bridge.db*"):
            file.unlink()
        async with stage.serve(stage.config()) as serving:
            await stage.reaches(orders["cancel"].name, "cancelled", serving)
            await stage.reaches(orders["ignore"].name, "ignored", serving)
            held = await stage.reaches(orders["hold"].name, "waiting", serving)
            await until(lambda: _is_held(stage, orders["hold"].name), serving)
            fresh = buy(stage)
            await stage.reaches(fresh.name, "placed", serving)
            assert held.reference is None
            assert len(stage.box.printer.books()) == 1, "only what came after it"


async def _is_held(stage: Stage, name: str) -> bool:
    order = await stage.order(name)
    return order is not None and (order.reason, order.held_by) == ("held", "anna (terminal)")
