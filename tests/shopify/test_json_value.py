"""Untrusted JSON is tamed: each fault named with its place, never a surprise."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.shopify.json_value import (
    Unexpected,
    Value,
    clean,
)

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
READERS: list[Callable[[Value], Any]] = [
    Value.text,
    Value.text_or_none,
    Value.integer,
    Value.flag,
    Value.decimal,
    Value.moment,
    Value.moment_or_none,
    lambda value: list(value.each()),
    lambda value: value["a"]["b"].raw,
]


def test_a_fault_names_its_place() -> None:
    order = Value({"order": {"lines": [{"title": "Ring"}, {"title": 5}]}})
    first, second = order["order"]["lines"].each()
    assert first["title"].text() == "Ring"
    with pytest.raises(Unexpected, match=r"^order\.lines\[1\]\.title is not text$"):
        second["title"].text()
    with pytest.raises(Unexpected, match=r"^order\.customer\.name is missing$"):
        order["order"]["customer"]["name"].text()


def test_the_fault_never_tells_the_value() -> None:
    with pytest.raises(Unexpected) as caught:
        Value({"a": "4111-1111"})["a"].integer()
    assert "4111" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "number"), [(5, 5), ("5", 5), ("18446744073709551615", 18446744073709551615), (-1, -1), (0, 0)]
)
def test_whole_numbers_come_as_numbers_or_as_text(raw: object, number: int) -> None:
    assert Value(raw).integer() == number


@pytest.mark.parametrize("raw", [True, 1.0, "1.0", "-1", "٣", "9" * 21, "", None, []])
def test_what_is_no_whole_number_is_refused(raw: object) -> None:
    with pytest.raises(Unexpected):
        Value(raw).integer()


@pytest.mark.parametrize(
    ("raw", "number"), [("12.30", "12.30"), (0.2, "0.2"), (0.055, "0.055"), (7, "7"), ("0", "0")]
)
def test_amounts_stay_exact(raw: object, number: str) -> None:
    assert Value(raw).decimal() == Decimal(number)


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "1,5", "", True, None, float("nan"), "sNaN"])
def test_what_is_no_amount_is_refused(raw: object) -> None:
    with pytest.raises(Unexpected):
        Value(raw).decimal()


@pytest.mark.parametrize(
    "raw", ["2026-11-23T09:00:00Z", "2026-11-23T10:00:00+01:00", "2026-11-23T04:00:00-05:00"]
)
def test_times_are_told_in_utc(raw: str) -> None:
    assert Value(raw).moment() == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert Value(raw).moment().tzinfo is UTC


@pytest.mark.parametrize(
    "raw", ["2026-11-23T09:00:00", "2026-13-01T00:00:00Z", "now", "0001-01-01T00:00:00+14:00", 5]
)
def test_a_time_without_a_zone_or_sense_is_refused(raw: object) -> None:
    with pytest.raises(Unexpected):
        Value(raw).moment()


def test_blank_text_counts_as_none_where_none_is_allowed() -> None:
    assert [Value(raw).text_or_none() for raw in ("  ", "", None, " a ")] == [None, None, None, "a"]


def test_text_can_be_stored_in_any_database() -> None:
    assert clean("a\x00b\ud800c") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
    assert clean("héllo 😀 漢字") == "héllo 😀 漢字"
    Value(json.loads('"\\udfff"')).text().encode()


@given(ANY)
def test_no_value_breaks_a_reader(raw: object) -> None:
    for reader in READERS:
        try:
            reader(Value(raw))
        except Unexpected:
            continue
