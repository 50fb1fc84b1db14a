"""Sculpteo's words and dates, in English and French."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.order.model import PrintStatus
from bridge.sculpteo.status_terms import (
    date_in,
    least_advanced,
    plain,
    status_of,
    step_status,
)

S = PrintStatus


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Billed", S.BILLED),
        ("New", S.NEW),
        ("In Process", S.IN_PROCESS),
        ("Shipped", S.SHIPPED),
        ("Blocked", S.BLOCKED),
        ("Cancelled", S.CANCELLED),
        ("API Test", S.API_TEST),
        ("Facturée", S.BILLED),
        ("Nouvelle", S.NEW),
        ("En cours", S.IN_PROCESS),
        ("En cours de production", S.IN_PROCESS),
        ("Expédiée", S.SHIPPED),
        ("Expédié(e)", S.SHIPPED),
        ("Bloquée", S.BLOCKED),
        ("Annulée", S.CANCELLED),
        ("Test API", S.API_TEST),
    ],
)
def test_all_seven_statuses_are_known_however_they_are_written(text: str, status: PrintStatus) -> None:
    bare = plain(text)
    ways = [text, text.upper(), text.lower(), text.title(), f"\xa0{text} \n", f"{text}.", bare]
    ways += [text.replace(" ", "\xa0"), text.replace(" ", "_"), text.replace(" ", "-")]
    assert {status_of(way) for way in ways} == {status}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Partially shipped",
        "Not shipped",
        "Shipped soon",
        "To be shipped",
        "Renewed",
        "Delivered",
        "5",
    ],
)
def test_a_word_that_is_not_exactly_known_is_no_status(text: str) -> None:
    assert status_of(text) is None


@pytest.mark.parametrize(
    ("label", "done", "status"),
    [
        ("Queuing", False, S.NEW),
        ("Queuing", True, S.NEW),
        ("Printing", False, S.IN_PROCESS),
        ("Printing", True, S.IN_PROCESS),
        ("Impression 3D", True, S.IN_PROCESS),
        ("Shipping", False, S.IN_PROCESS),
        ("Shipping", True, S.SHIPPED),
        ("Expédition", False, S.IN_PROCESS),
        ("Shipped", False, S.SHIPPED),
        ("Shipped", True, S.SHIPPED),
        ("Teleporting", True, None),
    ],
)
def test_a_step_of_production_stands_for_a_status(label: str, done: bool, status: PrintStatus | None) -> None:
    assert step_status(label, done=done) is status


@pytest.mark.parametrize(
    ("several", "one"),
    [
        ({S.SHIPPED}, S.SHIPPED),
        ({S.SHIPPED, S.IN_PROCESS}, S.IN_PROCESS),
        ({S.NEW, S.BILLED, S.SHIPPED}, S.BILLED),
        ({S.API_TEST, S.NEW}, None),
        ({S.API_TEST}, S.API_TEST),
        ({S.API_TEST, S.SHIPPED}, None),
        ({S.API_TEST, S.CANCELLED}, None),
        ({S.SHIPPED, S.CANCELLED}, None),
        ({S.IN_PROCESS, S.BLOCKED}, None),
        (set(), None),
    ],
)
def test_contradictions_end_at_the_less_advanced_or_at_a_person(
    several: set[PrintStatus], one: PrintStatus | None
) -> None:
    assert least_advanced(several) is one


@pytest.mark.parametrize(
    ("told", "steps", "one"),
    [
        ({S.BLOCKED}, {S.IN_PROCESS}, S.BLOCKED),
        ({S.CANCELLED}, {S.NEW, S.IN_PROCESS}, S.CANCELLED),
        ({S.API_TEST}, {S.NEW}, S.API_TEST),
        ({S.CANCELLED}, {S.SHIPPED}, None),
        ({S.API_TEST}, {S.SHIPPED}, None),
        ({S.BLOCKED, S.NEW}, {S.NEW}, None),
        ({S.SHIPPED}, {S.IN_PROCESS}, S.IN_PROCESS),
        ({S.BILLED}, {S.SHIPPED}, S.BILLED),
        (set(), {S.SHIPPED, S.NEW}, S.NEW),
        (set(), {S.CANCELLED}, S.CANCELLED),
        ({S.NEW}, {S.CANCELLED}, None),
    ],
)
def test_what_is_told_of_the_order_goes_with_the_steps_it_reached(
    told: set[PrintStatus], steps: set[PrintStatus], one: PrintStatus | None
) -> None:
    assert least_advanced(told, steps) is one


@given(st.sets(st.sampled_from(list(PrintStatus)), min_size=2))
def test_shipped_is_never_concluded_from_a_contradiction(several: set[PrintStatus]) -> None:
    assert least_advanced(several) is not S.SHIPPED


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-08",
        "2026-12-08T23:59:00Z",
        "Dec. 8, 2026",
        "Dec 8 2026",
        "December 8th, 2026",
        "8 December 2026",
        "le 8 décembre 2026",
        "8 déc. 2026",
        "\xa0Tuesday, Dec. 8, 2026",
        "Shipped on 2026-12-08",
    ],
)
def test_a_date_is_read_in_either_language(text: str) -> None:
    assert date_in(text) == date(2026, 12, 8)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("25/12/2026", date(2026, 12, 25)),
        ("12/25/2026", date(2026, 12, 25)),
        ("03.03.2026", date(2026, 3, 3)),
        ("1er mai 2026", date(2026, 5, 1)),
        ("03/04/2026", None),
        ("2026-13-01", None),
        ("31 February 2026", None),
        ("2026-12-08 - 2026-12-10", None),
        ("tomorrow", None),
        ("12345678", None),
        ("", None),
    ],
)
def test_a_date_that_is_not_certain_is_none(text: str, day: date | None) -> None:
    assert date_in(text) == day


@given(st.dates(date(1000, 1, 1)))
def test_iso_dates_come_back(day: date) -> None:
    assert date_in(f"on {day.isoformat()}.") == day


@given(st.text(max_size=80))
def test_no_text_upsets_the_readers(text: str) -> None:
    date_in(text)
    assert plain(plain(text)) == plain(text)


def test_no_word_means_two_things() -> None:
    from bridge.sculpteo.status_terms import STATUS_WORDS

    pairs = [(word, status) for status, words in STATUS_WORDS.items() for word in words]
    clashes = [(one, other) for one, other in product(pairs, pairs) if one[0] == other[0] and one != other]
    assert clashes == []
    assert all(plain(word) == word for word, _ in pairs)
