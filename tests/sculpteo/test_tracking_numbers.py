"""What is a tracking number, and what is not."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.order.model import Parcel
from bridge.sculpteo.tracking_numbers import (
    link_parcels,
    merge,
    number_in,
    numbers_in,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1Z999AA10123456784", "1Z999AA10123456784"),
        (" 1Z 999 AA1 0123 4567 84 ", "1Z999AA10123456784"),
        ("6A12345678901", "6A12345678901"),
        ("XY123456789FR", "XY123456789FR"),
        ("JD01-4600-0012", "JD01-4600-0012"),
        ("12345678", "12345678"),
    ],
)
def test_numbers_of_carriers_are_taken_without_their_spaces(text: str, number: str) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "n/a",
        "PENDING",
        "Not yet known",
        "1234567",
        "00000000",
        "0000-0000",
        "2026-12-10",
        "Dec. 10, 2026",
        "10 December 2026",
        "ABCDEFGH1",
        "1Z999AA10123456784<script>",
        "1" * 20 + "2" * 21,
        "１２３４５６７８",
        "+33612345678",
        "12345678.90",
    ],
)
def test_what_cannot_be_a_number_is_none(text: str) -> None:
    assert number_in(text) is None
    assert numbers_in(text) == []


@pytest.mark.parametrize("text", ["1ZA1", "12345", "TRK-1", "1Z12 34"])
def test_where_only_a_number_can_stand_a_short_one_is_taken(text: str) -> None:
    assert number_in(text) is None
    assert number_in(text, named=True) == text.replace(" ", "")


@pytest.mark.parametrize(
    "text", ["", "n/a", "none", "0000", "0-0-0-0", "1Z1", "77777777", "2026-12-10", "not yet 1"]
)
def test_a_placeholder_is_no_number_even_there(text: str) -> None:
    assert number_in(text, named=True) is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("12345678, 87654321", ["12345678", "87654321"]),
        ("12345678 87654321", ["12345678", "87654321"]),
        ("12345678 and 87654321", ["12345678", "87654321"]),
        ("12345678\n12345678", ["12345678"]),
        ("UPS: 1Z999AA10123456784", ["1Z999AA10123456784"]),
        ("1Z999AA10123456784 (UPS)", ["1Z999AA10123456784"]),
        ("La Poste 6A 123 456 789 01", ["6A12345678901"]),
        ("order 12345678, thanks", []),
        ("call 12345678", []),
        ("NO 12345678", []),
        ("XY 123 456 789 FR", ["XY123456789FR"]),
    ],
)
def test_several_numbers_are_told_apart_and_prose_gives_none(text: str, numbers: list[str]) -> None:
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("url", "carrier", "numbers"),
    [
        (
            "http://wwwapps.ups.com/WebTracking/processInputRequest?InquiryNumber1=1Z999AA10123456784&loc=en_US",
            "UPS",
            ["1Z999AA10123456784"],
        ),
        (
            "https://wwwapps.ups.com/track?InquiryNumber1=1Z999AA10123456784&InquiryNumber2=1Z999AA10123456795",
            "UPS",
            ["1Z999AA10123456784", "1Z999AA10123456795"],
        ),
        ("https://www.ups.com/track?loc=fr_FR&tracknum=1Z999AA10123456784", "UPS", ["1Z999AA10123456784"]),
        ("https://www.ups.com/track/1Z999AA10123456784", "UPS", ["1Z999AA10123456784"]),
        ("https://wwwapps.ups.com/track?InquiryNumber1=1ZA1&InquiryNumber2=0000", "UPS", ["1ZA1"]),
        (
            "https://www.laposte.fr/outils/suivre-vos-envois?code=6A12345678901",
            "Colissimo",
            ["6A12345678901"],
        ),
        (
            "http://www.colissimo.fr/portail_colissimo/suivre.do?colispart=6A12345678901",
            "Colissimo",
            ["6A12345678901"],
        ),
        (
            "https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT=XY123456789FR",
            "Chronopost",
            ["XY123456789FR"],
        ),
        ("https://www.dhl.com/fr-fr/home/tracking.html?tracking-id=1234567890", "DHL", ["1234567890"]),
        ("https://www.fedex.com/fedextrack/?trknbr=123456789012", "FedEx", ["123456789012"]),
        (
            "https://www.fedex.com/apps/fedextrack/?tracknumbers=123456789012,123456789013",
            "FedEx",
            ["123456789012", "123456789013"],
        ),
        ("https://www.tnt.com/express/fr_fr/site/tracking.html?cons=GD123456789FR", "TNT", ["GD123456789FR"]),
        ("https://trace.dpd.fr/fr/trace/12345678901234", "DPD", ["12345678901234"]),
        ("https://gls-group.eu/FR/fr/suivi-colis?match=ABC12345", "GLS", ["ABC12345"]),
    ],
)
def test_the_links_of_carriers_give_carrier_and_number(url: str, carrier: str, numbers: list[str]) -> None:
    assert [(parcel.carrier, parcel.number, parcel.url) for parcel in link_parcels(url)] == [
        (carrier, number, url) for number in numbers
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://www.ups.com/",
        "https://www.ups.com/track?loc=en_US",
        "https://ups.com.evil.example/track?tracknum=1Z999AA10123456784",
        "https://notups.com/track?tracknum=1Z999AA10123456784",
        "https://example.com/?u=https://www.ups.com/track?tracknum=1Z999AA10123456784",
        "javascript:alert('ups.com?tracknum=1Z999AA10123456784')",
        "//www.ups.com/track?tracknum=1Z999AA10123456784",
        "http://[::1",
        "https://www.ups.com:99999999/track?x=" + "&a=1" * 200,
        "",
    ],
)
def test_other_links_give_nothing(url: str) -> None:
    assert link_parcels(url) == []


def test_mentions_of_one_parcel_are_merged_and_the_reference_is_no_parcel() -> None:
    merged = merge(
        [
            Parcel("1Z999AA10123456784"),
            Parcel("1z999aa10123456784", "UPS", shipped_on=date(2026, 12, 10)),
            Parcel("1Z999AA10123456784", "DHL", "https://www.ups.com/"),
            Parcel("ab12cd34"),
        ],
        "AB12CD34",
    )
    assert merged == (Parcel("1Z999AA10123456784", "UPS", "https://www.ups.com/", date(2026, 12, 10)),)


@given(st.text(max_size=100))
def test_a_number_is_always_literally_in_its_text(text: str) -> None:
    bare = "".join(text.split())
    assert all(number in bare for number in numbers_in(text))
