"""The gap proof: orders that the shop has, and numbers that it leaves out."""

from __future__ import annotations

import pytest

from bridge.steps.order_audit import find_gaps


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ([], []),
        (["#1001"], []),
        (["#1001", "#1002", "#1003"], []),
        (["#1004", "#1001", "#1002"], ["#1003"]),
        (["#1001", "#1005", "#1007"], ["#1002 to #1004", "#1006"]),
        (["#1001", "EN-1003", "#1002", "EN-1001"], ["EN-1002"]),
        (["#1001-B", "#1003-B", "#1002"], ["#1002-B"]),
        (["0008", "0011"], ["0009 to 0010"]),
        (["#998", "#1001"], ["#999 to #1000"]),
        (["#1166X01", "->1003", "gift"], []),
        (["#1", "#1000000"], ["#2 to #999999"]),
        (["#1001", "#1001"], []),
    ],
)
def test_numbers_that_are_left_out_are_named(names: list[str], missing: list[str]) -> None:
    assert [str(gap) for gap in find_gaps(names)] == missing


def test_a_gap_knows_its_names_and_how_many_they_are() -> None:
    (gap,) = find_gaps(["0008", "0012"])
    assert (list(gap.missing_names), len(gap)) == (["0009", "0010", "0011"], 3)
