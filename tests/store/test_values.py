"""Values come back from the database exactly as they went in."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.order.model import Money, Parcel, PrintItem, RawAnswer, ShopOrder
from bridge.order.records import Attempt, OrderRecord
from bridge.store.row_mapping import (
    WRITABLE,
    compute_facts_digest,
)
from bridge.store.tables import attempts, orders
from bridge.store.types import CleanText, Cost, Json, Moment, Stored

TEXT = st.text(st.characters(), max_size=20)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=None)
MOMENTS = st.datetimes(timezones=st.just(UTC))
MONEY = st.builds(Money, DECIMALS, st.sampled_from(["EUR", "USD", "JPY"]))
for kind, strategy in ((str, TEXT), (Decimal, DECIMALS), (datetime, MOMENTS), (Money, MONEY)):
    st.register_type_strategy(kind, strategy)

SQLITE = sa.create_engine("sqlite://").dialect


def round_trip(column: sa.types.TypeDecorator[Any], value: Any) -> Any:
    bind, result = column.bind_processor(SQLITE), column.result_processor(SQLITE, None)
    stored = bind(value) if bind else value
    assert stored is None or isinstance(stored, str | datetime)
    return result(stored) if result else stored


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.from_type(ShopOrder))
def test_every_order_comes_back_as_it_was(order: ShopOrder) -> None:
    assert round_trip(Stored(ShopOrder), order) == order


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.lists(st.from_type(PrintItem), max_size=3).map(tuple), st.from_type(Parcel), st.from_type(RawAnswer)
)
def test_items_parcels_and_answers_come_back_as_they_were(
    items: tuple[PrintItem, ...], parcel: Parcel, answer: RawAnswer
) -> None:
    assert round_trip(Stored(tuple[PrintItem, ...]), items) == items
    assert round_trip(Stored(Parcel), parcel) == parcel
    assert round_trip(Stored(RawAnswer), answer) == answer


@settings(max_examples=100, deadline=None, derandomize=True)
@given(MONEY)
def test_money_comes_back_to_the_digit(money: Money) -> None:
    back = round_trip(Cost(), money)
    assert back == money
    assert str(back.amount) == str(money.amount)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(timezone(timedelta(hours=-7)))))  # noqa: DTZ001 - hypothesis adds the zone
def test_times_come_back_in_utc_true_to_the_microsecond(at: datetime) -> None:
    back = round_trip(Moment(), at)
    assert back == at
    assert back.tzinfo is UTC


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        round_trip(Moment(), datetime(2026, 11, 23))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize("text", ["plain", "Zoë", "日本", "🖨️"])
def test_text_stays_as_it_is(text: str) -> None:
    assert round_trip(CleanText(), text) == text


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_text_that_a_database_cannot_hold_is_made_harmless(text: str) -> None:
    stored = round_trip(CleanText(), text)
    assert stored in {"a\ufffdb", "a?b"}


def test_facts_may_hold_amounts_and_times_but_no_objects() -> None:
    facts = {"cost": Decimal("1.10"), "at": datetime(2026, 1, 2, tzinfo=UTC), "n": None}
    assert round_trip(Json(), facts) == {"cost": "1.10", "at": "2026-01-02T00:00:00+00:00", "n": None}
    with pytest.raises(TypeError, match="object"):
        round_trip(Json(), {"x": object()})


def test_equal_facts_have_equal_digests_in_any_order() -> None:
    assert (
        compute_facts_digest({"a": 1, "b": 2})
        == compute_facts_digest({"b": 2, "a": 1})
        != compute_facts_digest({"a": 1, "b": 3})
    )


def test_every_field_of_an_order_has_its_column() -> None:
    elsewhere = {"key", "attempt", "closed_attempts", "doubted_token", "closed", "parcels", "lease", "damage"}
    elsewhere |= {"in_force"}  # of all orders alike
    assert {field.name for field in fields(OrderRecord)} - elsewhere <= set(orders.c.keys())
    assert set(orders.c.keys()) >= WRITABLE


def test_every_field_of_an_attempt_has_its_column() -> None:
    renamed = {"key": "id", "order": "order_id", "id": "attempt"}
    own = {"lease_token"}  # only the store has a use for it
    within = {"items"}  # kept in the request
    named = {renamed.get(field.name, field.name) for field in fields(Attempt)}
    assert named - within == set(attempts.c.keys()) - own
