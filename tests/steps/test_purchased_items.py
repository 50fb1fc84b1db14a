"""What a purchase holds is known although the order's own record of it is lost, or a person is asked for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.decisions import transitions
from bridge.order.model import PrintStatus
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord
from bridge.order.states import State
from tests.support.order_factories import RING, Mapped, line, order
from tests.support.step_player import Playing, playing

ITEMS_LOST = "UPDATE orders SET items = '\"Ada Example\"' WHERE id = :key"
ATTEMPT_TOO = "UPDATE attempts SET request = '{' WHERE order_id = :key"
NEVER_KEPT = "UPDATE attempts SET request = json_remove(request, '$.print_items') WHERE order_id = :key"
"""As an attempt was kept by the releases before: with the form alone."""


async def bought(play: Playing) -> tuple[int, str]:
    """Two rings, bought; their parcel is not out yet."""
    key = await play.hear_of(order(line(1, "RING", 2), line(2, "TEE")))
    await play.steps()
    reference = (await play.record(key)).reference
    assert reference is not None
    return key, reference


def spoil(folder: Path, key: int, *statements: str) -> None:
    engine = sa.create_engine(f"sqlite:///{folder / 'bridge.db'}")
    with engine.begin() as connection:
        for one in statements:
            connection.execute(sa.text(one), {"key": key})
    engine.dispose()


async def retry(play: Playing, key: int) -> OrderRecord:
    """A person is told, and tries again; the parcel leaves meanwhile."""
    seen = await play.record(key)
    assert (seen.state, seen.problem) == (State.ATTENTION, Problem.INTERNAL)
    change = transitions.retry_order(seen, "ada", play.clock.now())
    await play.store.orders.apply_decision(seen, change, "ada")
    for _ in range(3):
        play.forward(timedelta(days=1))
        await play.steps()
    return await play.record(key)


@pytest.mark.parametrize(
    ("statements", "remap"),
    [
        ([ITEMS_LOST], None),
        ([ITEMS_LOST], lambda: Mapped()),
        ([ITEMS_LOST, NEVER_KEPT], None),
        ([ITEMS_LOST, ATTEMPT_TOO], None),
    ],
    ids=["the attempt says it", "and no mapping does", "the form says it", "the mapping alone"],
)
async def test_a_parcel_comes_into_the_shop_although_the_record_of_its_lines_was_lost(
    tmp_path: Path, statements: list[str], remap: Callable[[], Mapped] | None
) -> None:
    async with playing(tmp_path) as play:
        key, reference = await bought(play)
        spoil(tmp_path, key, *statements)
        if remap is not None:
            play.world = replace(play.world, catalog=remap())
        play.printer.ships(reference, "1Z1", status=PrintStatus.SHIPPED)
        play.forward(timedelta(days=1))
        await play.store.set_aside_damaged()
        done = await retry(play, key)
        assert done.state is State.DONE
        assert [(one.design.uuid, one.line_quantity) for one in done.items] == [(RING.uuid, 2)]
        (made,) = play.shop.orders[done.order_id].fulfillments
        assert made.lines == (("gid://shopify/LineItem/1", 2),)
        assert len(play.printer.books) == 1, "and nothing is bought anew"


@pytest.mark.parametrize(
    "mapping",
    [Mapped(), Mapped(RING=(replace(RING, uuid="Other001"),)), Mapped(RING=(replace(RING, quantity=3),))],
    ids=["no design", "another design", "another number of copies"],
)
async def test_where_nothing_tells_what_a_parcel_holds_a_person_is_asked_and_nothing_is_claimed(
    tmp_path: Path, mapping: Mapped
) -> None:
    async with playing(tmp_path) as play:
        key, reference = await bought(play)
        spoil(tmp_path, key, ITEMS_LOST, NEVER_KEPT)
        known = play.world.catalog
        play.world = replace(play.world, catalog=mapping)
        play.printer.ships(reference, "1Z1", status=PrintStatus.SHIPPED)
        play.forward(timedelta(days=1))
        await play.store.set_aside_damaged()
        stopped = await retry(play, key)
        assert (stopped.state, stopped.problem) == (State.ATTENTION, Problem.CANNOT_FULFILL)
        assert stopped.facts["why"] == "the bridge's record of what it holds is lost"
        assert stopped.facts["number"] == "1Z1"
        assert play.shop.orders[stopped.order_id].fulfillments == ()
        play.world = replace(play.world, catalog=known)  # the mapping comes back, and a person tries again
        change = transitions.retry_order(stopped, "ada", play.clock.now())
        await play.store.orders.apply_decision(stopped, change, "ada")
        await play.steps()
        assert (await play.record(key)).state is State.DONE


async def test_a_purchase_that_is_found_holds_what_was_bought_and_not_what_is_mapped_by_now(
    tmp_path: Path,
) -> None:
    async with playing(tmp_path) as play:
        key, _ = await bought(play)
        before = (await play.record(key)).items
        spoil(
            tmp_path,
            key,
            "UPDATE orders SET state = 'waiting', reference = NULL, due_at = updated_at WHERE id = :key",
        )
        play.world = replace(play.world, catalog=Mapped(RING=(replace(RING, uuid="Other001"),)))
        await play.steps()
        found = await play.record(key)
        assert (found.state, found.items) == (State.PLACED, before)
