"""What a postman knows of addresses: countries, provinces, postal codes, boxes. Pure; told alike to Sculpteo, on
the invoice and by the rules for what a person is asked.

Names of countries and provinces come from ISO 3166 (pycountry). Shopify's own codes and names of provinces are
listed at https://github.com/Shopify/worldwide.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from bridge.order.model import Address

KOSOVO = "XK"
"""ISO 3166-1 has no code for Kosovo and reserves this one for users; Shopify, post offices and UPS use it."""

CODE_IS_WRITTEN = frozenset({"AU", "BR", "CA", "IT", "US"})
"""Where the post itself writes the code of a province on a letter (NSW, SP, ON, MI, NY); elsewhere, its name.
https://www.upu.int/en/postal-solutions/programmes-services/addressing-solutions"""

NO_POSTAL_CODE = frozenset(
    # where post is delivered without a postal code, or where it is optional (Universal Postal Union)
    [
        "AE",
        "AG",
        "AO",
        "AQ",
        "AW",
        "BF",
        "BI",
        "BJ",
        "BO",
        "BQ",
        "BS",
        "BV",
        "BW",
        "BZ",
        "CD",
        "CF",
        "CG",
        "CI",
        "CK",
        "CM",
        "CW",
        "DJ",
        "DM",
        "ER",
        "FJ",
        "GA",
        "GD",
        "GH",
        "GM",
        "GN",
        "GQ",
        "GW",
        "GY",
        "HK",
        "IE",
        "JM",
        "KI",
        "KM",
        "KN",
        "KP",
        "LC",
        "LY",
        "ML",
        "MO",
        "MR",
        "MS",
        "MW",
        "NA",
        "NR",
        "NU",
        "PA",
        "PS",
        "QA",
        "RW",
        "SB",
        "SC",
        "SL",
        "SO",
        "SR",
        "SS",
        "ST",
        "SX",
        "SY",
        "TD",
        "TF",
        "TG",
        "TK",
        "TL",
        "TO",
        "TT",
        "TV",
        "TZ",
        "UG",
        "VC",
        "VU",
        "WS",
        "YE",
        "ZW",
    ]
)


def normalize_country_code(text: str | None) -> str:
    """The code as it is written on a parcel: upper case, without blanks around it."""
    return (text or "").strip().upper()


def is_country(code: str | None) -> bool:
    """Whether it is a country's code of two letters (ISO 3166-1 alpha-2), or Kosovo's."""
    import pycountry  # here and below: whoever only asks for help needs no list of countries

    wanted = normalize_country_code(code)
    return len(wanted) == 2 and (wanted == KOSOVO or pycountry.countries.get(alpha_2=wanted) is not None)


def is_postal_code_missing(address: Address) -> bool:
    """Whether its postal code is missing in a country whose post wants one."""
    return (
        not _normalize_spaces(address.postal_code)
        and normalize_country_code(address.country_code) not in NO_POSTAL_CODE
    )


def format_province(address: Address) -> str:
    """The province as a postman reads it: New York is NY, Tokyo is Tokyo and not JP-13; "" for none.

    The code where the post of the country writes it, else the name: Shopify's, or that of ISO 3166-2 where
    Shopify gives none. What is no code of the country is left as it is.
    """
    code, name = _normalize_spaces(address.province_code), _normalize_spaces(address.province)
    where = normalize_country_code(address.country_code)
    if where in CODE_IS_WRITTEN:
        bare = code.upper().removeprefix(f"{where}-") or _find_province_code(where, name)
        if re.fullmatch("[A-Z]{2,3}", bare):
            return bare
    if name and name.upper() != code.upper() and not _is_machine_code(name, where):
        return name
    return _find_subdivision(where, code or name) or name or code


def _is_machine_code(text: str, country: str) -> bool:
    return re.fullmatch(rf"{re.escape(country)}-\w+", text, re.IGNORECASE) is not None


@cache
def _find_subdivision(country: str, code: str) -> str | None:
    """The name of a province by ISO 3166-2, without what the table adds in brackets or after a comma."""
    import pycountry

    if not country or not code:
        return None
    whole = code.upper() if _is_machine_code(code, country) else f"{country}-{code.upper()}"
    found = pycountry.subdivisions.get(code=whole)  # type: ignore[no-untyped-call]
    return re.split(r"\s*[\[(,]", found.name)[0] if found else None


@cache
def _find_province_code(country: str, name: str) -> str:
    """The code of a province that only its name tells; "" where ISO 3166-2 has none of that name."""
    import pycountry

    known = pycountry.subdivisions.get(country_code=country) or ()  # type: ignore[no-untyped-call]
    codes = [one.code for one in known if one.name.casefold() == name.casefold()]
    return codes[0].removeprefix(f"{country}-") if codes else ""


# --- boxes, to which no courier delivers -----------------------------------------------------------------

_ANYWHERE = re.compile(
    r"""\b(?:
      p\W{0,2}\s*o\W{0,2}\s*box | post(?:al)?\s+office\s+box | g\W{0,2}p\W{0,2}o\W{0,2}\s*box
    | p\.?\s?o\.?\s?b\.?\s*\d+ | locked\s+bag | private\s+bag
    | postfach | packstation | postfiliale
    | boite\s+postale | b\.?\s?p\.?\s*\d+ | case\s+postale | casier\s+postal
    | apartado(?:\s+(?:de\s+correos?|postal|aereo))?\s*(?:n\W{0,2}|no\W?)?\s*\d+ | apartado\s+(?:de\s+correos?|postal|aereo)
    | apdo | aptdo | casilla(?:\s+de\s+correos?|\s+postal)?\s*(?:n\W{0,2})?\s*\d+ | caixa\s+postal
    | casella\s+postale | postbus | post(?:boks|box) | postilokero | skrytka\s+pocztowa | skr\.?\s*poczt
    | postovni\s+prihradka | post\.\s*prihr | postafiok | posta\s+kutusu | casuta\s+postala
    )(?!\w)""",
    re.VERBOSE | re.IGNORECASE,
)
_OTHER_SCRIPTS = re.compile(
    "私書箱|邮政信箱|郵政信箱|사서함|ص\\s*\\.?\\s*ب|ת\\s*\\.?\\s*ד|а/я|абонентский ящик|Τ\\.?\\s*Θ\\.",
    re.IGNORECASE,
)
_BY_COUNTRY = {
    "CH": r"\bc\.?\s?p\.?\s*\d+",
    "FI": r"\bpl\.?\s*\d+",
    "FR": r"\bcs\s*\d{4,5}\b",
    "HU": r"\bpf\.?\s*:?\s*\d+",
    "IT": r"\bc\.?\s?p\.?\s*\d+",
    "NO": r"\bboks\s*\d+",
    "RO": r"\bc\.?\s?p\.?\s*\d+",
    "SE": r"^box\s*\d+",
    "TR": r"\bp\.?\s?k\.?\s*:?\s*\d+",
}
"""What means a box in one country, and something else in others."""

_FORCES = re.compile(r"\b(?:APO|FPO|DPO|BFPO|CFPO)\b", re.IGNORECASE)
_FORCES_LINE = re.compile(r"\b(?:APO|FPO|DPO)\W+(?:AA|AE|AP)\b", re.IGNORECASE)
_FORCES_ZIP = re.compile(r"(?:09[0-8]|340|96[2-6])\d\d")
_FORCES_STATES = frozenset({"AA", "AE", "AP"})

BOX = "it is a PO box"
FORCES = "it is a military or diplomatic post office (APO, FPO or DPO)"


def find_courier_obstacle(address: Address | None) -> str | None:
    """Why no courier delivers to this address, as the end of a sentence, or None. Holds no personal data.

    UPS: "Packages cannot be delivered to P.O. boxes", https://www.ups.com/us/en/support/shipping-support/
    """
    if address is None:
        return None
    where = normalize_country_code(address.country_code)
    if where in {"US", "GB", "CA"} and _is_of_the_forces(address, where):
        return FORCES
    lines = [_strip_accents(text) for text in (address.address1, address.address2, address.company)]
    raw = " ".join(filter(None, (address.address1, address.address2)))
    local = _BY_COUNTRY.get(where)
    found = any(_ANYWHERE.search(line) for line in lines) or _OTHER_SCRIPTS.search(raw) is not None
    if not found and local:
        found = any(re.search(local, line, re.IGNORECASE) for line in lines)
    return BOX if found else None


def _is_of_the_forces(address: Address, country: str) -> bool:
    """By state, town or ZIP code: https://pe.usps.com/text/pub28/28c2_010.htm. A street may be called APO."""
    if country == "US":
        state = _normalize_spaces(address.province_code).upper().removeprefix("US-")
        named = _normalize_spaces(address.province).lower().startswith("armed forces")
        if state in _FORCES_STATES or named or _FORCES_ZIP.match(_normalize_spaces(address.postal_code)):
            return True
    streets = (address.address1, address.address2)
    lines = [text for text in streets if country != "US" or _FORCES_LINE.search(_normalize_spaces(text))]
    return any(_FORCES.search(_normalize_spaces(text)) for text in (address.city, *lines))


def _normalize_spaces(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFC", text or "").split())


def _strip_accents(text: str | None) -> str:
    """In one spelling to compare: full-width letters as plain ones, without accents."""
    apart = unicodedata.normalize("NFKD", text or "")
    return " ".join("".join(char for char in apart if not unicodedata.combining(char)).split())
