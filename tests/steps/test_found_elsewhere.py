"""A purchase that another database made is taken over as if it were ours: with what is printed by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bridge.decisions import transitions
from bridge.order.model import Address, Parcel, PrintOrder, PrintStatus
from bridge.order.policy import ApprovalPolicy
from bridge.order.problems import Problem
from bridge.order.states import State, Wait
from tests.support.fake_upstreams import Printed
from tests.support.order_factories import line, order
from tests.support.step_player import Playing, playing

RINGS = order(line(1, "RING", 2))
UNSEEN = PrintOrder((), Address(), None, (), fake=False)  # nobody asks what was ordered


def _ships(play: Playing, reference: str) -> None:
    """Sculpteo has it, under this reference, and has shipped it."""
    parcel = Parcel("1Z1", "UPS")
    play.printer.books[reference] = Printed(reference, UNSEEN, "other-token", PrintStatus.SHIPPED, (parcel,))


async def test_a_purchase_with_a_reference_is_followed_to_the_last_parcel(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        _ships(play, "REF1")
        play.intend(RINGS, "REF1")
        key = await play.hear_of(RINGS)
        await play.steps()
        found = await play.record(key)
    assert found.state is State.DONE
    assert [(item.sku, item.line_quantity) for item in found.items] == [("RING", 2)]


async def test_an_intent_that_sculpteo_later_tells_of_is_fulfilled_in_the_shop(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        _ships(play, "REF1")
        entry = play.intend(RINGS)
        key = await play.hear_of(RINGS)
        await play.steps()
        assert (await play.record(key)).state is State.UNKNOWN
        await play.store.calls.receive_notification(entry.token, "REF1", b"reference=REF1")
        await play.steps()
        assert (await play.record(key)).state is State.DONE
        tracked = [one.tracking for one in play.shop.orders[RINGS.id].fulfillments]
        assert [[number.number for number in numbers] for numbers in tracked] == [["1Z1"]]


async def test_a_reference_that_another_order_has_is_never_shared_and_a_person_resolves_it(
    tmp_path: Path,
) -> None:
    copied = replace(RINGS, id="gid://shopify/Order/1002", name="#1002")
    async with playing(tmp_path) as play:
        _ships(play, "REF1")
        play.intend(RINGS, "REF1")
        await play.hear_of(RINGS)
        await play.steps()
        play.intend(copied, "REF1")  # somebody made the shop copy the order, with the bridge's note on it
        key = await play.hear_of(copied)
        for _ in range(3):
            await play.steps()
            play.forward(timedelta(hours=1))
        found = await play.record(key)
        assert (found.state, found.problem) == (State.ATTENTION, Problem.REFERENCE_TAKEN)
        assert found.due_at is None, "nothing spins"
        await play.store.orders.apply_decision(
            found, transitions.resolve_as_not_placed(found, "anna", play.clock.now()), "anna"
        )
        await play.steps()
        bought = await play.record(key)
        assert bought.state is State.PLACED
        assert bought.reference not in {None, "REF1"}


async def test_that_one_note_is_another_orders_says_nothing_of_the_next_note(tmp_path: Path) -> None:
    """A person answered for the first copied note; a second copy, of another purchase, asks again."""
    copied = replace(RINGS, id="gid://shopify/Order/1002", name="#1002")
    third = replace(RINGS, id="gid://shopify/Order/1003", name="#1003")
    async with playing(tmp_path) as play:
        for made, reference, attempt in ((RINGS, "REF1", "a1"), (third, "REF3", "a3")):
            _ships(play, reference)
            play.intend(made, reference, attempt)
            await play.hear_of(made)
            await play.steps()
            play.forward(timedelta(hours=1))
        play.world = replace(
            play.world, policy=replace(play.world.policy, approval=ApprovalPolicy(manual=True))
        )
        play.intend(copied, "REF1", "a1")
        key = await play.hear_of(copied)
        await play.steps()
        found = await play.record(key)
        assert found.problem == Problem.REFERENCE_TAKEN
        await play.store.orders.apply_decision(
            found, transitions.resolve_as_not_placed(found, "anna", play.clock.now()), "anna"
        )
        await play.steps()
        assert (await play.record(key)).reason == Wait.APPROVAL
        play.intend(copied, "REF3", "a3")
        waits = await play.record(key)
        await play.store.orders.apply_decision(
            waits, transitions.approve_order(waits, "anna", play.clock.now()), "anna"
        )
        await play.steps()
        again = await play.record(key)
        assert (again.problem, again.facts["reference"]) == (Problem.REFERENCE_TAKEN, "REF3")
        assert play.printer.sent == []
