"""Carriers come out as Shopify spells them, parcels get the carrier's own page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.i18n import carriers
from bridge.i18n.carriers import (
    ALSO,
    BY_COUNTRY,
    LISTED,
    WORLDWIDE,
)
from bridge.shopify.carriers import LINKS, spelling, tracking_url, usable_url


def test_every_name_that_we_give_is_on_shopifys_list_letter_by_letter() -> None:
    of_numbers = {name for _, names in carriers._FORMS for name in names}
    assert {*ALSO.values(), *BY_COUNTRY.values(), *LINKS, *of_numbers, *WORLDWIDE} <= LISTED


@given(st.sampled_from(sorted(LISTED)), st.sampled_from(["FR", "DE", "US", None]))
def test_a_name_of_shopifys_list_stays_itself_but_where_it_is_another_countrys(
    name: str, country: str | None
) -> None:
    here = {ours for (_, where), ours in BY_COUNTRY.items() if where == country}
    assert spelling(name, None, country) in {name, *here, *(["DHL Express"] if name == "DHL" else [])}


UPS_NUMBER, COLISSIMO_NUMBER = "1Z999AA10123456784", "6A12345678901"


@pytest.mark.parametrize(
    ("theirs", "number", "country", "ours"),
    [
        # a known name within the text
        ("UPS Express", UPS_NUMBER, "FR", "UPS"),
        ("UPS Express", None, "FR", "UPS"),
        ("ups_worldwide-express (saver)", None, None, "UPS"),
        ("Livré par Colissimo", None, "FR", "Colissimo"),
        ("Colissimo International", None, "BE", "Colissimo"),
        ("CHRONOPOST Express", None, "FR", "Chronopost"),
        ("FedEx International Priority", None, "US", "FedEx"),
        ("DPD Classic", None, "GB", "DPD UK"),
        ("DPD UK Next Day", None, "GB", "DPD UK"),
        ("DHL Paket", None, "DE", "DHL"),
        ("Österreichische Post AG", None, "AT", "Österreichische Post"),
        # the longest of them
        ("La Poste - Colissimo Access", None, "FR", "La Poste Colissimo"),
        ("La Poste Suisse", None, "CH", "Swiss Post"),
        # words are whole, and words of other meanings are no names
        ("Groups Delivery", None, "FR", "Groups Delivery"),
        ("Speedy delivery", None, "BG", "Speedy delivery"),
        # the service of another country
        ("Hermes Paket", None, "FR", "Hermes Paket"),
        ("Hermes Paket", None, "DE", "Hermes"),
        ("DHL Paket", None, "FR", "DHL Paket"),
        ("Inpost Kurier", None, "FR", "Inpost Kurier"),
        ("DPD Poland", None, "FR", "DPD Poland"),
        ("DPD Poland", None, "PL", "DPD"),
        ("GLS ES", None, "FR", "GLS ES"),
        ("PostNord Denmark", None, "DK", "PostNord DK"),
        ("UPS France", None, "DE", "UPS"),
        # another company, or branch, of the same name
        ("Correos Express", None, "ES", "Correos Express"),
        ("Correos", None, "ES", "Correos"),
        ("DHL Freight", None, "FR", "DHL Freight"),
        ("DHL EU 24h", None, "FR", "DHL Express"),
        # the number's own form
        ("Express", UPS_NUMBER, "FR", "UPS"),
        ("UPS / Colissimo", COLISSIMO_NUMBER, "FR", "Colissimo"),
        ("UPS / Colissimo", UPS_NUMBER, "FR", "UPS"),
        ("UPS / Colissimo", "12345678", "FR", "UPS / Colissimo"),
        ("Express", COLISSIMO_NUMBER, "FR", "Express"),
        (None, "TBA123456789012", None, "Amazon"),
    ],
)
def test_a_carrier_is_known_by_its_name_within_the_text_and_by_the_form_of_its_number(
    theirs: str | None, number: str | None, country: str | None, ours: str
) -> None:
    assert spelling(theirs, number, country) == ours


@given(st.text(), st.none() | st.text(max_size=20), st.sampled_from(["FR", "GB", "", None]))
def test_whatever_the_text_it_is_a_carrier_of_the_list_or_the_text_itself(
    text: str, number: str | None, country: str | None
) -> None:
    found = spelling(text, number, country)
    assert found is None or found in LISTED or found == text.strip()


@pytest.mark.parametrize(
    ("theirs", "own", "ours"),
    [
        ("Sculpteo DHL EU 24h", {"*DHL EU*": "DHL Express", "*": "UPS"}, "DHL Express"),
        ("anything", {"*DHL EU*": "DHL Express", "*": "UPS"}, "UPS"),
        ("colissimo", {"Coliss?mo": "La Poste Colissimo"}, "La Poste Colissimo"),
        ("DHL EU", {"DHL*": "DHL Express", "dhl-eu": "DHL eCommerce"}, "DHL eCommerce"),
    ],
)
def test_the_merchants_table_takes_patterns_the_most_telling_first(
    theirs: str, own: dict[str, str], ours: str
) -> None:
    assert spelling(theirs, None, "FR", own) == ours


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
