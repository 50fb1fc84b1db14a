"""The address on the form, and the addresses that never get as far."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.order.model import Address
from bridge.sculpteo.address import (
    STREET1_LIMIT,
    address_problem,
    addressee,
    fingerprint,
    form_fields,
    street_lines,
)
from tests.sculpteo.sample_orders import ADDRESS


def changed(**parts: str | None) -> Address:
    return replace(ADDRESS, **parts)


def test_every_documented_field_is_filled() -> None:
    assert form_fields(changed(country_code="US", province="Oregon", province_code="OR")) == [
        ("ship_addressee", "Atelier Brume, Odile Varenne"),
        ("ship_street1", "14 rue des Tilleuls"),
        ("ship_street2", "Bâtiment C"),
        ("ship_city", "Lyon"),
        ("ship_state", "OR"),
        ("ship_postal_code", "69003"),
        ("ship_country", "US"),
    ]


def test_the_province_is_named_where_it_has_no_code_and_left_out_where_there_is_none() -> None:
    assert ("ship_state", "Rhône") in form_fields(ADDRESS)
    assert "ship_state" not in dict(form_fields(changed(province=None)))
    assert "ship_state" not in dict(form_fields(changed(province="  ", province_code="")))


@pytest.mark.parametrize("country", ["HK", "AE", "IE"])
def test_a_postal_code_that_a_country_does_not_have_is_sent_empty(country: str) -> None:
    fields = form_fields(changed(country_code=country, postal_code=None))
    assert ("ship_postal_code", "") in fields


@pytest.mark.parametrize(
    ("country", "code", "name", "written"),
    [
        ("PT", "PT-11", "Lisboa", "Lisboa"),
        ("JP", "JP-13", "Tokyo", "Tokyo"),
        ("KR", "KR-11", "Seoul", "Seoul"),
    ],
)
def test_sculpteo_gets_the_name_of_a_province_and_no_code_of_machines(
    country: str, code: str, name: str, written: str
) -> None:
    given_so = changed(country_code=country, province_code=code, province=name)
    assert dict(form_fields(given_so))["ship_state"] == written


@pytest.mark.parametrize(
    ("company", "first", "last", "written"),
    [
        (None, "Odile", "Varenne", "Odile Varenne"),
        ("Brume", None, "Varenne", "Brume, Varenne"),
        ("Brume", None, None, "Brume"),
        (None, None, "Varenne", "Varenne"),
        ("  ", " Odile ", "", "Odile"),
        (None, None, None, ""),
    ],
)
def test_the_addressee_is_company_and_person(
    company: str | None, first: str | None, last: str | None, written: str
) -> None:
    assert addressee(changed(company=company, first_name=first, last_name=last)) == written


def test_a_street_of_80_characters_stays_whole() -> None:
    street = "a" * 39 + " " + "b" * 40
    assert street_lines(changed(address1=street, address2=None)) == (street, "")


def test_a_longer_street_goes_on_at_a_word_before_the_second_line() -> None:
    street = "Résidence du Parc de la Tête d'Or, immeuble des Grands Tilleuls, entrée numéro trois"
    first, second = street_lines(changed(address1=street))
    assert first == "Résidence du Parc de la Tête d'Or, immeuble des Grands Tilleuls, entrée numéro"
    assert second == "trois, Bâtiment C"


def test_a_space_just_behind_the_limit_is_where_the_line_ends() -> None:
    first, second = street_lines(changed(address1="a" * 80 + " rest", address2=None))
    assert (first, second) == ("a" * 80, "rest")


def test_a_street_without_spaces_is_cut_between_whole_characters() -> None:
    first, second = street_lines(changed(address1="東京都" * 40, address2=None))
    assert (len(first), first + second) == (80, "東京都" * 40)
    stacked = "क्षि" * 30  # letters with vowel signs written onto them
    first, second = street_lines(changed(address1=stacked, address2=None))
    assert first + second == stacked
    assert not second.startswith(("्", "ि"))


def test_the_limit_counts_characters_not_bytes() -> None:
    street = "é" * 80
    assert street_lines(changed(address1=street, address2=None)) == (street, "")
    assert street_lines(changed(address1="e\u0301" * 80, address2=None)) == (street, "")


def test_a_second_line_alone_becomes_the_first() -> None:
    assert street_lines(changed(address1=None)) == ("Bâtiment C", "")


def test_line_breaks_become_spaces() -> None:
    assert (
        street_lines(changed(address1="14 rue\r\ndes\tTilleuls", address2=None))[0] == "14 rue des Tilleuls"
    )


@given(st.text(max_size=300), st.text(max_size=100))
def test_no_street_is_ever_longer_than_the_limit_and_nothing_is_lost(one: str, two: str) -> None:
    first, second = street_lines(Address(address1=one, address2=two))
    assert len(first) <= STREET1_LIMIT
    whole, _ = street_lines(Address(address1=one + " " + two))
    kept = "".join((first + second).replace(",", "").split())
    assert kept.startswith("".join(whole.replace(",", "").split()))


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (None, "there is no shipping address"),
        (Address(), "the name, the street, the city and the country are missing"),
        (changed(company=None, first_name=None, last_name="-"), "the name is missing"),
        (changed(address1="", address2=" "), "the street is missing"),
        (changed(city="."), "the city is missing"),
        (changed(country_code=None), "the country is missing"),
        (changed(city=None, country_code=None), "the city and the country are missing"),
        (changed(country_code="FRA"), "“FRA” is not an ISO 3166-1 country code of two letters"),
        (changed(country_code="XX"), "“XX” is not an ISO 3166-1 country code of two letters"),
        (changed(city="Ly\x00on"), "the city holds a character that cannot be printed"),
        (changed(address1="14 rue \ud800"), "the street holds a character that cannot be printed"),
        (changed(last_name="Var\x1b[31m"), "the name holds a character that cannot be printed"),
        (changed(address2="x" * 256), "the street is too long for a label (256 characters)"),
        (changed(company="x" * 300), "the name is too long for a label (315 characters)"),
    ],
)
def test_an_impossible_address_is_named(address: Address | None, why: str) -> None:
    assert address_problem(address) == why


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS,
        changed(country_code="fr"),
        changed(country_code="HK", postal_code=None),
        changed(country_code="IE", postal_code=None),
        changed(country_code="XK", city="Prishtina"),
        changed(country_code="JP", city="東京", last_name="山田", address1="千代田区1-1"),
        changed(country_code="SA", city="الرياض", address1="شارع الملك 7"),
        changed(company=None, first_name=None),
        changed(province=None),
        changed(address1='O\'Neill & Søn, "Nr. 5" <b>'),
    ],
)
def test_an_address_of_any_country_and_script_passes(address: Address) -> None:
    assert address_problem(address) is None


@given(
    st.builds(
        Address,
        **dict.fromkeys(
            ("first_name", "last_name", "company", "address1", "address2", "city", "postal_code"),
            st.none() | st.text(max_size=100),
        ),
        country_code=st.sampled_from(["FR", "US", "HK", "", "??", None]),
    )
)
def test_an_address_that_passes_can_be_encoded_and_is_complete(address: Address) -> None:
    if address_problem(address) is None:
        fields = dict(form_fields(address))
        assert all(value.encode() or name == "ship_postal_code" for name, value in fields.items())
        assert fields.keys() >= {"ship_addressee", "ship_street1", "ship_city", "ship_country"}


def test_a_fingerprint_tells_addresses_apart_and_says_nothing_of_them() -> None:
    one, other = fingerprint(ADDRESS), fingerprint(changed(address1="15 rue des Tilleuls"))
    assert one != other
    assert one == fingerprint(changed(address1=" 14  rue des Tilleuls"))
    assert len(one) == 16
