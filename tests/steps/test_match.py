"""What of an order is printed, and what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.order.digests import compute_contents_digest, compute_note_digest
from bridge.order.matching import Unmapped
from bridge.order.model import Address, FulfillmentHold, Ledger, LineItem, Mode, ShopOrder
from bridge.order.policy import ApprovalPolicy, GoLive, Policy
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord
from bridge.order.states import Ignored, State, Wait
from bridge.steps.line_selection import (
    Blocked,
    Skipped,
    Waiting,
)
from bridge.steps.match import Assessment, Ready, Withdrawn, assess_purchase
from bridge.steps.right_to_buy import collect_first_locations
from tests.support.order_factories import (
    ADDRESS,
    NOW,
    RING,
    Mapped,
    approval,
    euro,
    line,
    order,
    policy,
    record,
    shipped,
    unit,
)

CATALOG = Mapped(
    RING=(RING,), CHESS=(replace(RING, uuid="Pawn0001", quantity=16), replace(RING, uuid="King0001"))
)
STRANGE_NOTE = Ledger(raw="{", digest="d", why="it is not JSON")


def judge(
    shop_order: ShopOrder,
    *,
    rules: Policy | None = None,
    on_record: OrderRecord | None = None,
    address: str | None = None,
) -> Assessment:
    def problem_with(given: Address | None) -> str | None:
        return address

    return assess_purchase(
        on_record or record(), shop_order, CATALOG, rules or policy(), NOW, problem_with, GoLive()
    )


def test_a_paid_mapped_order_is_ready_and_its_items_are_what_is_left() -> None:
    found = judge(order(line(1, "RING", 3), line(2, "TEE")))
    assert found.verdict == Ready()
    assert [(item.design.uuid, item.quantity, item.line_quantity) for item in found.items] == [
        ("QfGQC4YQ", 3, 3)
    ]


def test_a_bundle_multiplies_its_designs_by_the_line() -> None:
    found = judge(order(line(1, "CHESS", 2)))
    assert [(item.design.uuid, item.quantity) for item in found.items] == [("Pawn0001", 32), ("King0001", 2)]


def test_units_that_are_fulfilled_already_are_not_printed() -> None:
    ring = line(1, "RING", 3)
    partly = unit(1, ring)
    partly = replace(partly, lines=(replace(partly.lines[0], remaining=1),))
    assert [item.quantity for item in judge(order(ring, units=(partly,))).items] == [1]


def test_one_line_over_two_fulfillment_orders_is_added_up() -> None:
    ring = line(1, "RING", 3)
    first, second = unit(1, ring), unit(2, ring)
    first = replace(first, lines=(replace(first.lines[0], remaining=1),))
    second = replace(second, lines=(replace(second.lines[0], remaining=2),))
    assert [item.quantity for item in judge(order(ring, units=(first, second))).items] == [3]


def test_one_unmapped_line_holds_the_order_and_every_such_sku_is_named() -> None:
    found = judge(order(line(1, "RING"), line(2, "VASE"), line(3, None)))
    assert isinstance(found.verdict, Blocked)
    assert found.verdict.problem is Problem.UNMAPPED
    assert found.verdict.facts["skus"] == "“VASE”, “Thing 3” (it has no SKU)"
    assert found.items == ()


def test_an_unmapped_line_that_is_picked_up_does_not_hold_the_rest() -> None:
    ring, vase = line(1, "RING"), line(2, "VASE")
    mixed = order(ring, vase, units=(unit(1, ring), unit(2, vase, delivery_method="PICK_UP")))
    assert judge(mixed).verdict == Ready()


def test_a_printed_line_without_a_fulfillment_order_keeps_the_rest_from_being_bought_alone() -> None:
    ring, chess = line(1, "RING"), line(2, "CHESS")
    half = order(ring, chess, units=(unit(1, ring),))
    found = judge(half)
    assert found.verdict == Waiting(
        Wait.ROUTING, NOW + timedelta(minutes=1), {"missing_since": NOW.isoformat()}
    )
    assert [item.sku for item in found.items] == ["RING"]
    assert judge(replace(half, fulfillment_orders=(unit(1, ring), unit(2, chess)))).verdict == Ready()


def test_an_order_whose_own_stock_is_routed_first_waits_for_what_is_printed() -> None:
    tee, ring = line(1, "TEE"), line(2, "RING")
    found = judge(order(tee, ring, units=(unit(1, tee),)))
    assert found.verdict == Waiting(
        Wait.ROUTING, NOW + timedelta(minutes=1), {"missing_since": NOW.isoformat()}
    )


@pytest.mark.parametrize(
    "other",
    [
        line(2, None, requires_shipping=False),  # a tip
        line(2, "TEE"),
        replace(line(2, "CHESS"), current_quantity=0),  # edited away
        line(2, "CHESS", requires_shipping=False),
    ],
)
def test_a_line_that_needs_no_fulfillment_order_keeps_nothing_waiting(other: LineItem) -> None:
    ring = line(1, "RING")
    assert judge(order(ring, other, units=(unit(1, ring),))).verdict == Ready()


def test_a_line_that_may_have_been_sent_by_others_keeps_nothing_waiting() -> None:
    ring, chess = line(1, "RING"), line(2, "CHESS")
    sent = order(ring, chess, units=(unit(1, ring),), fulfillments=(shipped("1Z999AA10123456784"),))
    assert judge(sent).verdict == Ready()


def test_what_a_fulfillment_service_gave_up_is_not_taken_for_fulfilled() -> None:
    ring, chess = line(1, "RING"), line(2, "CHESS")
    given_up = unit(2, chess, status="INCOMPLETE", actions=("MOVE",))
    found = judge(order(ring, chess, units=(unit(1, ring), given_up)))
    assert isinstance(found.verdict, Waiting)
    assert found.verdict.reason is Wait.SHOP_HOLD
    alone = judge(order(chess, units=(given_up,)))
    assert isinstance(alone.verdict, Waiting)
    assert alone.verdict.reason is Wait.SHOP_HOLD


def test_what_another_fulfillment_order_took_over_counts_once_and_is_not_held() -> None:
    ring = line(1, "RING", 2)
    given_up = unit(1, ring, status="INCOMPLETE", actions=())
    found = judge(order(ring, units=(given_up, unit(2, ring))))
    assert found.verdict == Ready()
    assert [item.quantity for item in found.items] == [2]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"cancelled_at": NOW}, Withdrawn("cancelled")),
        ({"financial_status": "REFUNDED"}, Withdrawn("refunded")),
        ({"financial_status": "VOIDED"}, Withdrawn("voided")),
        ({"test": True}, Skipped(Ignored.SHOP_TEST_ORDER)),
        ({"closed_at": NOW}, Skipped(Ignored.ARCHIVED)),
        (
            {"ledger": STRANGE_NOTE},
            Blocked(
                Problem.LEDGER_UNREADABLE,
                {"why": "it is not JSON", "note": compute_note_digest(STRANGE_NOTE)},
            ),
        ),
        (
            {"fulfillment_orders": ()},
            Waiting(Wait.ROUTING, NOW + timedelta(minutes=1), {"missing_since": NOW.isoformat()}),
        ),
        (
            {"fully_paid": False, "financial_status": "PENDING"},
            Waiting(
                Wait.PAYMENT,
                NOW + timedelta(hours=6),
                {"payment": "PENDING", "why": "the payment is pending"},
            ),
        ),
        ({"risk": "HIGH"}, Waiting(Wait.RISK, NOW + timedelta(hours=1), {"risk": "high"})),
    ],
)
def test_what_the_order_itself_says_comes_first(change: dict[str, Any], expected: object) -> None:
    assert judge(replace(order(line(1, "RING")), **change)).verdict == expected


def test_a_shop_test_order_is_printed_as_a_test_in_test_mode() -> None:
    found = judge(replace(order(line(1, "RING")), test=True), rules=policy(mode=Mode.TEST))
    assert found.verdict == Ready()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": "ON_HOLD", "holds": (FulfillmentHold("INCORRECT_ADDRESS"),)}, Wait.SHOP_HOLD),
        ({"status": "SCHEDULED", "fulfill_at": NOW}, Wait.SCHEDULED),
        ({"actions": ("REQUEST_FULFILLMENT",)}, Wait.SHOP_HOLD),
    ],
)
def test_what_shopify_holds_is_waited_for(change: dict[str, Any], expected: Wait) -> None:
    ring = line(1, "RING")
    found = judge(order(ring, units=(unit(1, ring, **change),)))
    assert isinstance(found.verdict, Waiting)
    assert found.verdict.reason is expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"delivery_method": "PICK_UP"}, Ignored.NOT_SHIPPED),
        ({"status": "CLOSED", "actions": ()}, Ignored.ALREADY_FULFILLED),
    ],
)
def test_an_order_with_nothing_left_to_send_is_ignored_with_the_reason(
    change: dict[str, Any], expected: Ignored
) -> None:
    ring = line(1, "RING")
    found = judge(order(ring, units=(unit(1, ring, **change),)))
    assert isinstance(found.verdict, Skipped)
    assert found.verdict.why is expected


def test_only_the_locations_that_sculpteo_prints_for_count() -> None:
    ring = line(1, "RING")
    rules = policy(locations={"acme": frozenset({"Sculpteo"})})
    elsewhere = judge(order(ring), rules=rules)
    assert elsewhere.verdict == Skipped(Ignored.OTHER_LOCATION, {"locations": "Main"})
    assert (
        judge(order(ring, units=(unit(1, ring, location_name="Sculpteo"),)), rules=rules).verdict == Ready()
    )


def test_a_move_to_another_location_after_the_match_is_for_a_person() -> None:
    ring = line(1, "RING")
    moved = order(
        ring, units=(unit(2, ring, location_id="gid://shopify/Location/2", location_name="Workshop"),)
    )
    matched = judge(order(ring)).items
    before = record(State.WAITING, first_locations=collect_first_locations(order(ring), matched, None))
    assert judge(moved, on_record=before).verdict == Blocked(Problem.MOVED, {"location": "Workshop"})
    asked = record(
        State.ATTENTION,
        problem=Problem.MOVED,
        snapshot=moved,
        items=matched,
        first_locations=before.first_locations,
    )
    approved = replace(asked, **transitions.approve_order(asked, "anna", NOW).values)
    assert judge(moved, on_record=approved).verdict == Ready()
    assert judge(order(ring), on_record=approved).verdict == Blocked(Problem.MOVED, {"location": "Main"})


def test_a_line_that_is_routed_later_than_the_rest_has_not_moved() -> None:
    ring, chess = line(1, "RING"), line(2, "CHESS")
    there = unit(2, chess, location_id="gid://shopify/Location/2", location_name="Workshop")
    half = order(ring, chess, units=(unit(1, ring),))
    before = record(
        State.WAITING, first_locations=collect_first_locations(half, judge(order(ring)).items, None)
    )
    assert judge(order(ring, chess, units=(unit(1, ring), there)), on_record=before).verdict == Ready()


def test_an_address_that_sculpteo_cannot_take_stops_it() -> None:
    found = judge(order(line(1, "RING")), address="there is no city")
    assert found.verdict == Blocked(Problem.ADDRESS, {"why": "there is no city"})


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (ApprovalPolicy(manual=True), "every order is approved by a person"),
        (ApprovalPolicy(tags=frozenset({"vip"})), "it has the tag VIP"),
        (ApprovalPolicy(above=euro("9.99")), "its total is above 9.99 EUR"),
        (ApprovalPolicy(countries=frozenset({"FR"})), "it goes to FR"),
        (ApprovalPolicy(first_order=True), "it is the customer's first order"),
    ],
)
def test_an_approval_is_asked_for_with_its_reason_and_opens_the_gate(
    rule: ApprovalPolicy, reason: str
) -> None:
    asked = replace(order(line(1, "RING")), tags=("VIP",), customer_orders=1)
    assert judge(asked, rules=policy(approval=rule)).verdict == Waiting(Wait.APPROVAL, None, {"why": reason})
    items = judge(asked).items
    approved = record(State.WAITING, **approval(items))
    assert judge(asked, rules=policy(approval=rule), on_record=approved).verdict == Ready()


def test_an_approval_of_other_items_does_not_count() -> None:
    items = judge(order(line(1, "RING", 1))).items
    approved = record(State.WAITING, **approval(items))
    rules = policy(approval=ApprovalPolicy(manual=True))
    found = judge(order(line(1, "RING", 2)), rules=rules, on_record=approved)
    assert isinstance(found.verdict, Waiting)


def test_an_approval_does_not_go_along_to_another_address() -> None:
    ring = order(line(1, "RING"))
    assert ring.address is not None
    approved = record(State.WAITING, snapshot=ring, **approval(judge(ring).items))
    rules = policy(approval=ApprovalPolicy(manual=True))
    calls = replace(ring, address=replace(ring.address, phone="+33 1 99 00 00 00"))
    assert judge(calls, rules=rules, on_record=approved).verdict == Ready()
    moves = replace(ring, address=replace(ring.address, address1="1 Somewhere Else"))
    assert isinstance(judge(moves, rules=rules, on_record=approved).verdict, Waiting)


def test_the_window_opens_once_and_ends_by_itself() -> None:
    rules = policy(approval=ApprovalPolicy(delay=timedelta(minutes=30)))
    opened = judge(order(line(1, "RING")), rules=rules)
    until = NOW + timedelta(minutes=30)
    assert opened.verdict == Waiting(Wait.WINDOW, until)
    assert opened.window_until == until
    seen = compute_contents_digest(opened.items, ADDRESS)
    later = record(State.WAITING, window_until=NOW - timedelta(seconds=1), window_for=seen)
    assert judge(order(line(1, "RING")), rules=rules, on_record=later).verdict == Ready()


def test_an_order_that_was_only_a_test_waits_for_a_person_whatever_it_waited_for_since() -> None:
    was_test = record(State.WAITING, origin="was_test", reason=Wait.HELD)
    assert judge(order(line(1, "RING")), on_record=was_test).verdict == Waiting(Wait.WAS_TEST, None)


def test_a_held_order_stays_held_even_when_it_is_approved() -> None:
    items = judge(order(line(1, "RING"))).items
    held = record(State.WAITING, held_at=NOW, **approval(items))
    assert judge(order(line(1, "RING")), on_record=held).verdict == Waiting(Wait.HELD, None)


def test_a_line_whose_words_at_the_sale_are_not_clear_asks_a_person_with_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unclear = Unmapped(option="Material", sold="L / White", live="Black / L")
    monkeypatch.setattr(CATALOG, "match_line", lambda shop, line: unclear)
    assert judge(order(line(1, "MUG"))).verdict == Blocked(
        Problem.VARIANT, {"sku": "MUG", "sold": "L / White", "live": "Black / L", "option": "Material"}
    )
