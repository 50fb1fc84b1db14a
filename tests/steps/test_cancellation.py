"""What the shop takes back after the purchase becomes an alarm."""

from __future__ import annotations

from dataclasses import replace

from bridge.order.problems import Alarm
from bridge.steps.cancellation import collect_change_alarms
from bridge.steps.line_selection import select_lines
from tests.support.order_factories import NOW, RING, Mapped, euro, line, order, policy

BOUGHT = order(line(1, "RING", 2), line(2, "TEE", 1))
ITEMS = select_lines("acme", BOUGHT, Mapped(RING=(RING,)), policy()).items


def alarms(**change: object) -> dict[Alarm, dict[str, object]]:
    found = collect_change_alarms(BOUGHT, replace(BOUGHT, **change), ITEMS, "ABCD1234")  # type: ignore[arg-type]
    return {alarm: dict(facts) for alarm, facts in found}


def test_nothing_is_said_of_an_order_that_stays_as_it_was() -> None:
    assert alarms(updated_at=NOW, tags=("seen",)) == {}


def test_a_refund_and_another_address_are_told() -> None:
    assert BOUGHT.address is not None
    found = alarms(refunded_total=euro("5"), address=replace(BOUGHT.address, address1="2 Other Street"))
    assert set(found) == {Alarm.REFUNDED_AFTER_PLACING, Alarm.ADDRESS_AFTER_PLACING}
    assert found[Alarm.ADDRESS_AFTER_PLACING]["reference"] == "ABCD1234"


def test_a_cancellation_is_one_alarm_although_it_refunds_and_empties_the_order() -> None:
    emptied = (replace(BOUGHT.lines[0], current_quantity=0), BOUGHT.lines[1])
    found = alarms(cancelled_at=NOW, refunded_total=euro("20"), lines=emptied)
    assert found == {Alarm.CANCELLED_AFTER_PLACING: {"reference": "ABCD1234"}}


def test_an_address_that_differs_in_spacing_and_case_is_the_same() -> None:
    assert BOUGHT.address is not None
    assert alarms(address=replace(BOUGHT.address, city=" LYON ")) == {}


def test_an_edit_names_what_was_added_and_removed_of_what_concerns_the_print() -> None:
    edited = (replace(BOUGHT.lines[0], current_quantity=1), BOUGHT.lines[1], line(3, "MUG", 2))
    assert alarms(lines=edited) == {
        Alarm.EDITED_AFTER_PLACING: {"reference": "ABCD1234", "what": "-1 RING, +2 MUG"}
    }


def test_an_edit_of_lines_that_the_merchant_sends_alone_is_not_told() -> None:
    assert alarms(lines=(BOUGHT.lines[0], replace(BOUGHT.lines[1], current_quantity=0))) == {}
