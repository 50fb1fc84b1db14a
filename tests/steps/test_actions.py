"""Every action on every kind of order: what is offered works, what is not offered is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import product

import pytest

from bridge.decisions.actions import (
    ACTIONS,
    BY_NAME,
    Action,
    list_available_actions,
    perform_action,
)
from bridge.decisions.refusals import NotNow
from bridge.decisions.transitions import is_bought
from bridge.errors import StaleDecision
from bridge.order.digests import compute_note_digest
from bridge.order.model import Ledger, Mode, Parcel, PrintItem
from bridge.order.policy import GoLive
from bridge.order.problems import Problem
from bridge.order.records import Attempt, ClosedPurchase, OrderRecord, ParcelRecord, Transition
from bridge.order.states import Ignored, State, Wait, is_move_allowed
from bridge.steps.line_selection import Blocked
from bridge.steps.match import Ready, assess_purchase
from tests.support import order_factories
from tests.support.order_factories import NOW, RING, Mapped, line, policy, record

REASONS: dict[State, tuple[str | None, ...]] = {
    State.WAITING: tuple(Wait),
    State.IGNORED: tuple(Ignored),
    State.CANCELLED: ("cancelled", "refunded", "person"),
}
ITEMS = (PrintItem(RING, 1, "gid://shopify/LineItem/1", 1, "RING"),)
ATTEMPT = Attempt(1, 1, 1, "a1", "token", Mode.LIVE, "v1", NOW)
ALIVE = ClosedPurchase("REF0", "token-0", Mode.LIVE, NOW, "new", "New", NOW, NOW, NOW)
PURCHASES: tuple[dict[str, object], ...] = (
    {},
    {"attempt": ATTEMPT},
    {"attempt": replace(ATTEMPT, sent_at=NOW)},
    {"attempt": replace(ATTEMPT, sent_at=NOW, reference="REF1"), "reference": "REF1"},
    {"reference": "REF1", "parcels": (ParcelRecord(Parcel("1Z1"), NOW, NOW, "f1"),), "shipped_at": NOW},
    {"closed": (ALIVE,)},
    {"closed": (replace(ALIVE, alive_at=None),), "doubted_token": "token-0"},
    {"closed": (ALIVE,), "attempt": replace(ATTEMPT, sent_at=NOW, reference="REF1"), "reference": "REF1"},
)


def every_kind() -> list[OrderRecord]:
    """Each state with each of its reasons or problems, held or not, as far bought as can be."""
    found = []
    for state in State:
        problems: tuple[str | None, ...] = tuple(Problem) if state is State.ATTENTION else (None,)
        for reason, problem in product(REASONS.get(state, (None,)), problems):
            for purchase, held in product(PURCHASES, (None, NOW)):
                known = {"reason": reason, "problem": problem, "held_at": held, "items": ITEMS}
                found.append(record(state, **known, **purchase))
    return found


KINDS = every_kind()


def change(action: Action, order: OrderRecord) -> Transition:
    return action.build_change(order, "anna", NOW, "REF9")


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_what_is_offered_is_done_by_a_move_of_the_table_and_the_rest_is_refused(action: Action) -> None:
    offered = refused = 0
    for order in KINDS:
        if action in list_available_actions(order):
            assert is_move_allowed(order.state, change(action, order).target), (order.state, order.problem)
            offered += 1
        else:
            with pytest.raises(NotNow):
                change(action, order)
            refused += 1
    assert offered and refused


def test_what_sculpteo_may_have_is_bought_again_only_by_a_decision_that_warns_of_it() -> None:
    warned = {"not_placed", "print_again"}
    for order in filter(is_bought, KINDS):
        for action in list_available_actions(order):
            target = change(action, order).target
            before_buying = target in {State.RECEIVED, State.WAITING} and target is not order.state
            if before_buying and order.state not in {State.IGNORED, State.CANCELLED}:
                assert action.name in warned, (action.name, order.state, order.problem)
                assert action.at_stake(order)


def test_what_sculpteo_is_known_to_make_is_not_bought_again_but_taken_over() -> None:
    """Whatever state the order is in: no button and no command buys it, and one takes over what there is."""
    taken_over = set()
    for order in [one for one in KINDS if ALIVE in one.closed and not is_bought(one)]:
        for action in list_available_actions(order):
            made = change(action, order)
            assert made.target not in {State.RECEIVED, State.WAITING} or action.name == "hold", action.name
            if action.name == "adopt":
                assert made.values["reference"] == "REF0"
                taken_over.add(order.state)
    assert taken_over == {State.WAITING, State.UNKNOWN, State.ATTENTION, State.CANCELLED, State.IGNORED}


@pytest.mark.parametrize("state", [State.CANCELLED, State.IGNORED])
def test_whoever_closed_an_order_wrongly_can_say_as_what_sculpteo_has_it(state: State) -> None:
    order = record(state, reason="person", doubted_token="token-0")
    said = change(BY_NAME["placed_as"], order)
    assert (said.target, said.revives, said.values["reference"]) == (State.PLACED, "token-0", "REF9")
    with pytest.raises(NotNow):
        change(BY_NAME["placed_as"], replace(order, doubted_token=None))


def test_whatever_may_lead_to_a_purchase_says_that_money_is_at_stake() -> None:
    for order in KINDS:
        for action in list_available_actions(order):
            made = change(action, order)
            toward_buying = made.target in {State.RECEIVED, State.WAITING} and made.due_at is not None
            if toward_buying and not is_bought(order) and action.name != "hold":
                assert action.at_stake(order), (action.name, order.state)


@pytest.mark.parametrize(
    ("state", "more", "expected"),
    [
        (
            State.WAITING,
            {"reason": Wait.APPROVAL, "items": ITEMS},
            {"approve", "retry", "hold", "cancel", "ignore"},
        ),
        (State.WAITING, {"reason": Wait.HELD, "held_at": NOW}, {"retry", "release", "cancel", "ignore"}),
        (State.UNKNOWN, {"attempt": replace(ATTEMPT, sent_at=NOW)}, {"placed_as", "not_placed", "drop"}),
        (State.ATTENTION, {"problem": Problem.UNMAPPED}, {"retry", "cancel", "ignore"}),
        (
            State.ATTENTION,
            {"problem": Problem.LIMIT_ORDER, "items": ITEMS},
            {"approve", "retry", "cancel", "ignore"},
        ),
        (
            State.ATTENTION,
            {"problem": Problem.LEDGER_UNREADABLE},
            {"retry", "placed_as", "not_placed", "drop", "cancel", "ignore"},
        ),
        (
            State.ATTENTION,
            {"problem": Problem.CANCELLED_AT_SCULPTEO, "reference": "REF1"},
            {"retry", "print_again", "ignore"},
        ),
        (State.PLACED, {"reference": "REF1"}, set()),
        (State.DONE, PURCHASES[4], {"resend"}),
        (State.CANCELLED, {"reason": "person"}, {"reopen"}),
    ],
)
def test_what_a_person_is_offered(state: State, more: dict[str, object], expected: set[str]) -> None:
    assert {action.name for action in list_available_actions(record(state, **more))} == expected


def test_each_action_has_a_name_and_words_of_its_own() -> None:
    assert len(BY_NAME) == len(ACTIONS)
    assert len({action.label for action in ACTIONS}) == len(ACTIONS)
    assert all(action.sentence.endswith(".") and action.done.endswith(".") for action in ACTIONS)


class Written:
    """A store that keeps what is decided, or finds that the order moved on."""

    def __init__(self, *, outdated: bool = False) -> None:
        self.outdated = outdated
        self.changes: list[Transition] = []
        self.deeds: list[tuple[str, str, object]] = []

    async def apply_decision(self, order: OrderRecord, change: Transition, who: str) -> None:
        if self.outdated:
            raise StaleDecision("order #1001 was waiting and is placed now; look again")
        self.changes.append(change)

    async def record_action(
        self, who: str, action: str, outcome: str, *, facts: object = None, **more: object
    ) -> None:
        self.deeds.append((action, outcome, facts))


def test_a_decision_is_noted_with_what_it_said() -> None:
    store = Written()
    asyncio.run(
        perform_action(BY_NAME["placed_as"], record(State.UNKNOWN), "anna", NOW, store, store, reference="R1")
    )
    assert store.changes[0].values["reference"] == "R1"
    assert store.deeds == [("placed_as", "done", {"reference": "R1"})]


@pytest.mark.parametrize(
    ("order", "outdated", "error"),
    [(record(State.PLACED), False, NotNow), (record(State.WAITING, items=ITEMS), True, StaleDecision)],
)
def test_a_decision_that_comes_too_late_is_noted_as_refused(
    order: OrderRecord, outdated: bool, error: type[Exception]
) -> None:
    store = Written(outdated=outdated)
    with pytest.raises(error):
        asyncio.run(perform_action(BY_NAME["approve"], order, "anna", NOW, store, store))
    assert not store.changes
    assert store.deeds[0][:2] == ("approve", "refused")


def test_a_retry_of_what_sculpteo_may_have_asks_what_became_of_it() -> None:
    sent = record(State.ATTENTION, problem=Problem.INTERNAL, attempt=replace(ATTEMPT, sent_at=NOW))
    assert change(BY_NAME["retry"], sent).target is State.UNKNOWN
    known = replace(sent, reference="REF1")
    assert change(BY_NAME["retry"], known).target is State.PLACED


def test_an_order_whose_ledger_cannot_be_read_goes_on_once_a_person_says_that_it_was_not_bought() -> None:
    seen = order_factories.order(
        line(1, "RING"), ledger=Ledger(None, "d1", "scribbled over", "it is not JSON")
    )

    def verdict(known: OrderRecord) -> object:
        return assess_purchase(
            known, seen, Mapped(RING=(RING,)), policy(), NOW, lambda address: None, GoLive()
        ).verdict

    facts = {"why": "it is not JSON", "note": compute_note_digest(seen.ledger)}
    unreadable = record(State.ATTENTION, problem=Problem.LEDGER_UNREADABLE, facts=facts)
    assert verdict(unreadable) == Blocked(Problem.LEDGER_UNREADABLE, facts)
    said = change(BY_NAME["not_placed"], unreadable)
    assert isinstance(verdict(replace(unreadable, state=said.target, **said.values)), Ready)
