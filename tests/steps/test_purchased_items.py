"""What a purchase holds is known although the order's own record of it is lost, or a person is asked for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.decisions import transitions
from bridge.order.line_overrides import LineRule, Scope
from bridge.order.model import Parcel, PrintStatus
from bridge.order.problems import Alarm, Problem, fill_sentence, find_text
from bridge.order.records import OrderRecord
from bridge.order.states import State
from tests.steps.test_found_elsewhere import UNSEEN
from tests.support.fake_upstreams import Printed
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


class Remapped(Mapped):
    """What the configuration maps since it was changed."""

    version = "v2"


async def test_a_part_that_is_in_the_shop_already_hides_nothing_of_what_was_bought(tmp_path: Path) -> None:
    """The order as it is now shows what is left of it; the order as it was bought is what counts."""
    for number, statements in enumerate(([ITEMS_LOST, NEVER_KEPT], [ITEMS_LOST, ATTEMPT_TOO])):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with playing(folder) as play:
            key, reference = await bought(play)
            play.printer.ships(reference, "1Z1", status=PrintStatus.IN_PROCESS)
            play.forward(timedelta(days=1))
            await play.steps()
            spoil(folder, key, *statements)
            await play.store.set_aside_damaged()
            play.printer.ships(reference, "1Z2", status=PrintStatus.SHIPPED)
            done = await retry(play, key)
            assert done.state is State.DONE
            made = play.shop.orders[done.order_id].fulfillments
            assert [one.lines for one in made] == [(("gid://shopify/LineItem/1", 1),)] * 2
            assert [one.line_quantity for one in done.items] == [2]


async def test_another_mapping_is_no_proof_of_what_was_bought(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        key, reference = await bought(play)
        spoil(tmp_path, key, ITEMS_LOST, ATTEMPT_TOO)
        play.world = replace(play.world, catalog=Remapped(RING=(replace(RING, uuid="Other001"),)))
        play.printer.ships(reference, "1Z1")
        play.forward(timedelta(days=1))
        await play.store.set_aside_damaged()
        stopped = await retry(play, key)
        assert (stopped.state, stopped.problem) == (State.ATTENTION, Problem.CANNOT_FULFILL)
        text = find_text(Problem.CANNOT_FULFILL, stopped.facts)
        sentence = fill_sentence(text.sentence, dict(stopped.facts))
        assert "record of what it holds is lost" in sentence
        assert "1Z1" in sentence
        assert "by hand" in text.remedy
        assert "`products`" in text.remedy
        assert play.shop.orders[stopped.order_id].fulfillments == ()


async def test_what_a_person_had_mapped_counts_where_the_mapping_is_asked(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        key = await play.hear_of(order(line(1, "NEW", 2)))
        await play.steps()
        seen = await play.record(key)
        rule = LineRule("acme", Scope.LINE, "gid://shopify/LineItem/1", (RING,), "Thing 1", "NEW")
        again = transitions.remap_order(seen, play.clock.now(), ())
        await play.store.rules.save_rules(seen, [rule], again, "ada")
        await play.steps()
        reference = (await play.record(key)).reference
        assert reference is not None
        spoil(tmp_path, key, ITEMS_LOST, NEVER_KEPT)
        play.printer.ships(reference, "1Z1")
        play.forward(timedelta(days=1))
        await play.store.set_aside_damaged()
        assert (await retry(play, key)).state is State.DONE


async def test_a_purchase_found_while_its_sku_is_not_mapped_is_fulfilled_once_it_is(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        there = order(line(1, "RING", 2))
        known = play.world.catalog
        play.world = replace(play.world, catalog=Remapped())
        play.shop.touch(there)
        play.intend(there, "REF1")
        parcel = Parcel("1Z1", "UPS")
        play.printer.books["REF1"] = Printed("REF1", UNSEEN, "token", PrintStatus.SHIPPED, (parcel,))
        key = await play.hear_of(there)
        play.forward(timedelta(days=1))
        await play.steps()
        for _ in range(2):
            play.forward(timedelta(days=1))
            await play.steps()
        stopped = await play.record(key)
        assert (stopped.problem, stopped.facts.get("lost")) == (Problem.CANNOT_FULFILL, True)
        play.world = replace(play.world, catalog=known)
        change = transitions.retry_order(stopped, "ada", play.clock.now())
        await play.store.orders.apply_decision(stopped, change, "ada")
        await play.steps()
        assert (await play.record(key)).state is State.DONE
        (made,) = play.shop.orders[there.id].fulfillments
        assert made.lines == (("gid://shopify/LineItem/1", 2),)


async def test_what_left_without_a_number_is_not_called_done_while_nobody_knows_what_it_is(
    tmp_path: Path,
) -> None:
    async with playing(tmp_path) as play:
        key, reference = await bought(play)
        spoil(tmp_path, key, ITEMS_LOST, ATTEMPT_TOO)
        play.world = replace(play.world, catalog=Remapped())
        play.printer.ships(reference)
        play.forward(timedelta(days=1))
        await play.store.set_aside_damaged()
        await retry(play, key)
        for _ in range(5):
            play.forward(timedelta(days=7))
            await play.steps()
        stopped = await play.record(key)
        assert (stopped.state, stopped.problem) == (State.ATTENTION, Problem.CANNOT_FULFILL)
        assert stopped.facts["number"] == "without a number"


async def test_an_order_whose_snapshot_was_lost_is_not_cancelled_in_silence(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        key, _ = await bought(play)
        spoil(tmp_path, key, "UPDATE orders SET snapshot = '{' WHERE id = :key")
        await play.store.set_aside_damaged()
        await retry(play, key)
        there = play.shop.orders[(await play.record(key)).order_id]
        await play.hear_of(replace(there, cancelled_at=play.clock.now()))
        await play.steps()
        told = [one.alarm for one in await play.store.queries.list_alarms(order=key)]
        assert told == [Alarm.CANCELLED_AFTER_PLACING]


async def test_where_the_record_of_own_fulfillments_was_lost_nobody_else_is_named(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        key, reference = await bought(play)
        play.printer.ships(reference)
        for _ in range(3):
            play.forward(timedelta(days=4))
            await play.steps()
        there = play.shop.orders[(await play.record(key)).order_id]
        assert len(there.fulfillments) == 1, "it was fulfilled without a number"
        spoil(tmp_path, key, "UPDATE orders SET bare = '{' WHERE id = :key")
        await play.store.set_aside_damaged()
        play.printer.ships(reference, "1Z1")
        stopped = await retry(play, key)
        assert stopped.problem == Problem.CANNOT_FULFILL
        assert "the bridge has no record of doing that" in stopped.facts["why"]
        assert play.shop.orders[stopped.order_id].fulfillments == there.fulfillments, (
            "and nothing is sent twice"
        )


async def test_an_edit_is_told_although_the_record_of_the_lines_was_lost(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        key, _ = await bought(play)
        spoil(tmp_path, key, ITEMS_LOST, NEVER_KEPT)
        await play.store.set_aside_damaged()
        await retry(play, key)
        there = play.shop.orders[(await play.record(key)).order_id]
        fewer = replace(there.lines[0], current_quantity=1)
        await play.hear_of(replace(there, lines=(fewer, *there.lines[1:])))
        await play.steps()
        (told,) = await play.store.queries.list_alarms(order=key)
        assert (told.alarm, told.facts["what"]) == (Alarm.EDITED_AFTER_PLACING, "-1 RING")
