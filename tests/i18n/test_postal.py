"""Provinces as a postman reads them, countries, postal codes, and boxes to which no courier goes."""

from __future__ import annotations

import pycountry
import pytest

from bridge.i18n.postal import (
    BOX,
    FORCES,
    find_courier_obstacle,
    format_province,
    is_country,
    is_postal_code_missing,
)
from bridge.order.model import Address


def place(country: str, code: str | None = None, name: str | None = None, **more: str) -> Address:
    return Address(country_code=country, province_code=code, province=name, **more)


@pytest.mark.parametrize(
    ("address", "written"),
    [
        # Shopify's name, where its code is one for machines
        (place("PT", "PT-11", "Lisboa"), "Lisboa"),
        (place("JP", "JP-13", "Tokyo"), "Tokyo"),
        (place("KR", "KR-11", "Seoul"), "Seoul"),
        (place("TH", "TH-10", "Bangkok"), "Bangkok"),
        (place("PA", "PA-8", "Panamá"), "Panamá"),
        (place("PE", "PE-LIM", "Lima (departamento)"), "Lima (departamento)"),
        (place("HK", "KL", "Kowloon"), "Kowloon"),
        (place("CN", "GD", "Guangdong"), "Guangdong"),
        (place("ES", "M", "Madrid"), "Madrid"),
        (place("AR", "B", "Buenos Aires"), "Buenos Aires"),
        (place("IE", "D", "Dublin"), "Dublin"),
        (place("jp", "jp-13", " Tokyo "), "Tokyo"),
        # the table's, where Shopify gives the code alone, or twice
        (place("PT", "PT-11"), "Lisboa"),
        (place("JP", "JP-13", "JP-13"), "Tokyo"),
        (place("TH", None, "TH-10"), "Krung Thep Maha Nakhon"),
        (place("ES", "M"), "Madrid"),
        # the code, where the post itself writes it
        (place("US", "NY", "New York"), "NY"),
        (place("US", "US-NY", "New York"), "NY"),
        (place("US", None, "New York"), "NY"),
        (place("CA", "QC", "Quebec"), "QC"),
        (place("AU", "NSW", "New South Wales"), "NSW"),
        (place("BR", "SP", "São Paulo"), "SP"),
        (place("IT", "MI", "Milano"), "MI"),
        (place("US", "AE", "Armed Forces Europe"), "AE"),
        # nothing is made up
        (place("FR"), ""),
        (place("HK", "KL"), "KL"),
        (place("", "JP-13"), "JP-13"),
        (place("US", None, "Somewhere"), "Somewhere"),
    ],
)
def test_a_province_is_written_as_a_postman_reads_it(address: Address, written: str) -> None:
    assert format_province(address) == written


def test_no_province_of_any_country_comes_out_as_a_code_of_machines() -> None:
    for one in pycountry.subdivisions:
        found = format_province(place(one.country_code, one.code))
        assert not found.startswith(f"{one.country_code}-"), one.code
        assert found == found.strip() != ""


@pytest.mark.parametrize("code", ["FR", "xk", "XK", " us "])
def test_a_country_is_one_and_kosovo_too(code: str) -> None:
    assert is_country(code)


@pytest.mark.parametrize("code", ["", None, "FRA", "XX", "ZZ", "AN", "EU", "F"])
def test_what_is_no_country_is_none(code: str | None) -> None:
    assert not is_country(code)


@pytest.mark.parametrize("country", ["HK", "IE", "AE", "PA", "QA", "BO", "ae"])
def test_a_country_without_postal_codes_lacks_none(country: str) -> None:
    assert not is_postal_code_missing(place(country))


@pytest.mark.parametrize("country", ["FR", "DE", "US", "XK", "CL", "TH", "CO"])
def test_a_country_with_postal_codes_lacks_one_that_is_missing_or_blank(country: str) -> None:
    assert is_postal_code_missing(place(country, postal_code=" "))
    assert not is_postal_code_missing(place(country, postal_code="12345"))


BOXES = [
    ("US", "PO Box 12"), ("US", "P.O. Box 12"), ("AE", "P. O. BOX 7"), ("US", "P O Box 3"), ("US", "POBOX 3"),
    ("US", "Post Office Box 3"), ("AU", "GPO Box 3"), ("AU", "Locked Bag 3"), ("ZA", "Private Bag X3"),
    ("DE", "Postfach 10 01 02"), ("AT", "postfach 3"), ("DE", "Packstation 145"), ("FR", "BP 123"),
    ("FR", "B.P. 123"), ("FR", "12 rue Inventée, BP12"), ("FR", "Boîte postale 12"), ("FR", "CS 10203"),
    ("CH", "Case postale 12"), ("CH", "CP 12"), ("ES", "Apartado 12"), ("ES", "Apartado de Correos 12"),
    ("PT", "Apartado 12"), ("MX", "Apdo. Postal 12"), ("CL", "Casilla 12"), ("BR", "Caixa Postal 12"),
    ("IT", "Casella Postale 12"), ("IT", "C.P. 12"), ("NL", "Postbus 12"), ("DK", "Postboks 12"),
    ("NO", "Boks 12"), ("SE", "Box 12"), ("FI", "PL 12"), ("PL", "Skrytka pocztowa 12"), ("HU", "Pf. 12"),
    ("CZ", "Poštovní přihrádka 12"), ("TR", "P.K. 12"), ("JP", "Ｐ．Ｏ．Ｂｏｘ 12"), ("JP", "渋谷郵便局私書箱12号"),
    ("IL", "ת.ד. 12"), ("SA", "ص.ب 12"), ("RU", "а/я 12"),
]  # fmt: skip


@pytest.mark.parametrize(("country", "street"), BOXES)
def test_a_box_is_seen_in_the_words_of_its_country(country: str, street: str) -> None:
    assert find_courier_obstacle(place(country, address1=street)) == BOX
    assert find_courier_obstacle(place(country, address1="1 Invented Street", address2=street)) == BOX


@pytest.mark.parametrize(
    ("country", "street"),
    [
        *(("AU", "12 Box Hill Road"), ("DE", "Postfachweg 3"), ("ES", "Apartamento 12")),
        *(("FR", "12 rue de la Poste"), ("FR", "12 rue Inventée, CP 12"), ("US", "PL 12"), ("GB", "Box 12")),
        *(("US", "1200 Apo Street"), ("FR", ""), ("BR", "Rua da Caixa 3"), ("FR", "Bâtiment B, p. 12")),
    ],
)
def test_a_street_is_no_box(country: str, street: str) -> None:
    assert find_courier_obstacle(place(country, address1=street)) is None


@pytest.mark.parametrize(
    "address",
    [
        place("US", "AE", "Armed Forces Europe", city="APO", postal_code="09012"),
        place("US", None, "Armed Forces Pacific"),
        place("US", city="FPO"),
        place("US", city="Dpo"),
        place("US", city="Elsewhere", postal_code="96201-1234"),
        place("US", address1="PSC 3", address2="APO, AE 09012"),
        place("GB", address1="BFPO 5"),
        place("CA", city="CFPO 5048"),
    ],
)
def test_an_address_of_the_forces_is_seen(address: Address) -> None:
    assert find_courier_obstacle(address) == FORCES


def test_a_town_of_elsewhere_is_no_address_of_the_forces() -> None:
    assert find_courier_obstacle(place("IT", city="Apo")) is None
    assert find_courier_obstacle(place("US", "NY", "New York", city="Apollo", postal_code="10001")) is None
    assert find_courier_obstacle(None) is None
