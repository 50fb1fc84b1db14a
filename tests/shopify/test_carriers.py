"""Carriers come out as Shopify spells them, parcels get the carrier's own page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.shopify.carriers import BY_COUNTRY, LINKS, SPELLINGS, spelling, tracking_url, usable_url

SHOPIFYS_LIST = frozenset(
    """Amazon|Asendia USA|Australia Post|BPost|BPost International|Canada Post|Chronopost|Colissimo|Correos
    |Deutsche Post|DHL eCommerce|DHL Express|DPD|DPD UK|Evri|FedEx|GLS|La Poste Colissimo|Mondial Relay
    |Poste Italiane|PostNL|PostNord DK|PostNord NO|PostNord SE|Purolator|Royal Mail|SF Express|Swiss Post|TNT
    |UPS|USPS|Österreichische Post|Colis Privé|DHL|DHL Parcel|DPD Ireland|GLS Italy|Hermes""".replace(
        "\n    ", ""
    ).split("|")
)
"""The names used here, from the list at FulfillmentTrackingInfo.company in Shopify's manual (2026-10)."""


def test_every_name_that_we_give_is_on_shopifys_list_letter_by_letter() -> None:
    given_names = {*SPELLINGS.values(), *BY_COUNTRY.values(), *LINKS}
    assert given_names <= SHOPIFYS_LIST


@pytest.mark.parametrize(
    ("theirs", "country", "ours"),
    [
        ("UPS", None, "UPS"),
        ("ups", None, "UPS"),
        ("U.P.S.", None, "U.P.S."),
        ("UPS Standard", "US", "UPS"),
        ("Colissimo", "FR", "Colissimo"),
        ("COLISSIMO", "FR", "Colissimo"),
        ("La Poste", "FR", "Colissimo"),
        ("La Poste - Colissimo", "FR", "La Poste Colissimo"),
        ("DHL", "US", "DHL Express"),
        ("DHL", "DE", "DHL Express"),
        ("dhl_express", None, "DHL Express"),
        ("Fedex", None, "FedEx"),
        ("Fed-Ex", None, "FedEx"),
        ("Chronopost", "FR", "Chronopost"),
        ("Colis Prive", "FR", "Colis Privé"),
        ("Colis Privé", "FR", "Colis Privé"),
        ("DPD", "FR", "DPD"),
        ("DPD", "gb", "DPD UK"),
        ("GLS", "IT", "GLS Italy"),
        ("PostNord", "NO", "PostNord NO"),
        ("Snail Mail", None, "Snail Mail"),
        ("  Snail Mail ", None, "Snail Mail"),
    ],
)
def test_a_carrier_is_spelled_as_shopify_does(theirs: str, country: str | None, ours: str) -> None:
    assert spelling(theirs, None, country) == ours


def test_the_merchants_own_table_comes_first_however_it_is_spelled() -> None:
    assert spelling("u-p-s", None, None, {"U P S": "UPS Mail"}) == "UPS Mail"
    assert spelling("La Poste", None, "FR", {"la poste": "La Poste Colissimo"}) == "La Poste Colissimo"


@pytest.mark.parametrize("theirs", [None, "", "   "])
def test_only_a_number_that_no_other_carrier_has_tells_the_carrier(theirs: str | None) -> None:
    assert spelling(theirs, "1Z999AA10123456784") == "UPS"
    assert spelling(theirs, "1z999aa10123456784 ") == "UPS"
    assert spelling(theirs, "6A12345678901") is None
    assert spelling(theirs, "123456789012") is None
    assert spelling(theirs, None) is None


@pytest.mark.parametrize(
    ("company", "country", "link"),
    [
        ("UPS", None, "https://www.ups.com/track?tracknum=N%2F1"),
        ("Colissimo", "FR", "https://www.laposte.fr/outils/suivre-vos-envois?code=N%2F1"),
        ("DPD", "FR", "https://trace.dpd.fr/fr/trace/N%2F1"),
        ("DPD", "DE", "https://tracking.dpd.de/status/en_US/parcel/N%2F1"),
        ("Snail Mail", None, None),
        ("Mondial Relay", "FR", None),
        (None, None, None),
    ],
)
def test_a_parcel_has_its_carriers_page(company: str | None, country: str | None, link: str | None) -> None:
    assert tracking_url(company, " N/1 ", country) == link


@pytest.mark.parametrize("number", [None, "", "  "])
def test_without_a_number_there_is_no_page(number: str | None) -> None:
    assert tracking_url("UPS", number) is None


@given(st.sampled_from(sorted(LINKS)), st.text(min_size=1).filter(lambda text: bool(text.strip())))
def test_whatever_the_number_the_page_is_the_carriers(company: str, number: str) -> None:
    link = tracking_url(company, number)
    assert link is not None
    assert link.startswith(LINKS[company].split("{}")[0])
    assert usable_url(link) == link


@given(st.text())
def test_no_text_breaks_the_check_of_links(text: str) -> None:
    found = usable_url(text)
    assert found is None or found.lower().startswith(("http://", "https://"))
