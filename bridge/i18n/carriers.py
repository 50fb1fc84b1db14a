"""Carriers by the names that Shopify knows, and which one a text of somebody else means. Pure.

Shopify builds a tracking link, and follows the parcel, only for names spelled exactly as in its list:
https://shopify.dev/docs/api/admin-graphql/latest/objects/FulfillmentTrackingInfo#field-company
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache

ANYWHERE: tuple[str, ...] = tuple(
    """4PX|AGS|Amazon|Amazon Logistics UK|An Post|Anjun Logistics|APC|Asendia USA|Australia Post|Bonshaw|BPost
    |BPost International|Canada Post|Canpar|CDL Last Mile|China Post|Chronopost|Chukou1|Colissimo|Comingle
    |Coordinadora|Correios|Correos|CTT|CTT Express|Cyprus Post|Delnext|Deutsche Post|DHL eCommerce
    |DHL eCommerce Asia|DHL Express|DPD|DPD Local|DPD UK|DTD Express|DX|Eagle|Estes|Evri|FedEx
    |First Global Logistics|First Line|FSC|Fulfilla|GLS|Guangdong Weisuyi Information Technology (WSE)
    |Heppner Internationale Spedition GmbH & Co.|Iceland Post|IDEX|Israel Post|Japan Post (EN)|Japan Post (JA)
    |La Poste Colissimo|La Poste Burkina Faso|Lasership|Latvia Post|Lietuvos Paštas|Logisters
    |Lone Star Overnight|M3 Logistics|Meteor Space|Mondial Relay|New Zealand Post|NinjaVan
    |North Russia Supply Chain (Shenzhen) Co.|OnTrac|Packeta|Pago Logistics|Ping An Da Tengfei Express
    |Pitney Bowes|Portal PostNord|Poste Italiane|PostNL|PostNord DK|PostNord NO|PostNord SE|Purolator|Qxpress
    |Qyun Express|Royal Mail|Royal Shipments|Sagawa (EN)|Sagawa (JA)|Sendle|SF Express|SFC Fulfillment|ShipBob
    |SHREE NANDAN COURIER|Singapore Post|Southwest Air Cargo|StarTrack|Step Forward Freight|Swiss Post
    |TForce Final Mile|Tinghao|TNT|Toll IPEC|United Delivery Service|UPS|USPS|Venipak|We Post|Whistl|Wizmo|WMYC
    |Xpedigo|XPO Logistics|Yamato (EN)|Yamato (JA)|YiFan Express|YunExpress""".replace("\n    ", "").split(
        "|"
    )
)
"""Names that Shopify knows whatever country the shop is in (2026-10)."""

OF_COUNTRY: dict[str, tuple[str, ...]] = {
    country: tuple(names.split("|"))
    for country, names in (
        ("AT", "Österreichische Post"),
        (
            "AU",
            "Aramex Australia|TNT Australia|Hunter Express|Couriers Please|Bonds|Allied Express|Direct Couriers"
            "|Northline|GO Logistics",
        ),
        ("BG", "Speedy"),
        ("CA", "Intelcom|BoxKnight|Loomis"),
        ("CN", "WanbExpress"),
        ("CZ", "Zásilkovna"),
        ("DE", "Deutsche Post (DE)|Deutsche Post (EN)|DHL|Swiship|Hermes"),
        ("ES", "SEUR"),
        ("FR", "Colis Privé"),
        ("GB", "Parcelforce|Yodel|DHL Parcel|Tuffnells"),
        ("GR", "ACS Courier"),
        ("IE", "Fastway|DPD Ireland"),
        (
            "IN",
            "DTDC|India Post|Delhivery|Gati KWE|Professional Couriers|XpressBees|Ecom Express|Ekart|Shadowfax"
            "|Bluedart",
        ),
        ("IT", "BRT|GLS Italy"),
        ("JP", "エコ配|西濃運輸|西濃スーパーエキスプレス|福山通運|日本通運|名鉄運輸|第一貨物"),
        ("NL", "DHL Parcel"),
        ("NO", "Bring"),
        ("PL", "Inpost"),
        ("TR", "PTT|Yurtiçi Kargo|Aras Kargo|Sürat Kargo"),
        ("US", "Alliance Air Freight|Pilot Freight|LSO|Old Dominion|Pandion|R+L Carriers"),
        ("ZA", "Fastway|Skynet"),
    )
}
"""Names that Shopify knows in one country alone: elsewhere they are another company's, or nobody's."""

LISTED = frozenset(ANYWHERE) | {name for names in OF_COUNTRY.values() for name in names}

ALSO: dict[str, str] = {
    "amazon logistics": "Amazon",
    "asendia": "Asendia USA",
    "austrian post": "Österreichische Post",
    "chronopost international": "Chronopost",
    "correo espanol": "Correos",
    "deutsche post dhl": "DHL Express",
    "dhl": "DHL Express",
    "dhl express worldwide": "DHL Express",
    "dhl international": "DHL Express",
    "dpd france": "DPD",
    "fed ex": "FedEx",
    "federal express": "FedEx",
    "gls france": "GLS",
    "hermes uk": "Evri",
    "la poste": "Colissimo",
    "osterreichische post": "Österreichische Post",
    "post at": "Österreichische Post",
    "post nl": "PostNL",
    "postnord": "PostNord SE",
    "so colissimo": "Colissimo",
    "la poste suisse": "Swiss Post",
    "poste suisse": "Swiss Post",
    "schweizerische post": "Swiss Post",
    "posta svizzera": "Swiss Post",
    "united parcel service": "UPS",
    "united states postal service": "USPS",
    "us postal service": "USPS",
}
"""Other names in use, folded. Plain "DHL" and "La Poste" are not in Shopify's list."""

BY_COUNTRY: dict[tuple[str, str], str] = {
    ("dhl paket", "DE"): "DHL",
    ("dhl parcel", "GB"): "DHL Parcel",
    ("dhl parcel", "NL"): "DHL Parcel",
    ("dpd", "GB"): "DPD UK",
    ("dpd", "IE"): "DPD Ireland",
    ("gls", "IT"): "GLS Italy",
    ("hermes", "DE"): "Hermes",
    ("hermes", "GB"): "Evri",
    ("postnord", "DK"): "PostNord DK",
    ("postnord", "NO"): "PostNord NO",
    ("postnord", "SE"): "PostNord SE",
}
"""Names that depend on where the parcel goes."""

OTHERS = frozenset(
    [
        "correos express",
        "dhl freight",
        "dhl global forwarding",
        "dhl global mail",
        "dhl globalmail",
        "dhl packet",
        "dhl supply chain",
        "tnt post",
        "ups freight",
    ]
)
"""Services, folded, that bear the name of a carrier on Shopify's list, and are not that carrier: its page does not
know their parcels."""

WORLDWIDE = frozenset({"DHL Express", "FedEx", "TNT", "UPS", "USPS"})
"""One company with one tracking page, whichever country's branch the text names."""

_WORDS_TOO = frozenset(
    [
        "ags",
        "apc",
        "bonds",
        "bring",
        "dx",
        "eagle",
        "estes",
        "first line",
        "fsc",
        "idex",
        "lso",
        "ptt",
        "speedy",
        "we post",
        "wizmo",
    ]
)
"""Names that are words or letters of other meanings: taken only where they are the whole text."""

UPS_NUMBER = re.compile(r"1Z[0-9A-Z]{16}")
_FORMS: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (UPS_NUMBER, frozenset({"UPS"})),
    (re.compile(r"TB[ACM]\d{12}"), frozenset({"Amazon"})),
    (re.compile(r"9[1-5]\d{20}(?:\d{4})?"), frozenset({"USPS"})),
    (re.compile(r"\d[A-Z]\d{11}"), frozenset({"Colissimo", "La Poste Colissimo"})),
    (re.compile(r"[A-Z]{2}\d{9}FR"), frozenset({"Colissimo", "La Poste Colissimo", "Chronopost"})),
    (re.compile(r"[A-Z]{2}\d{9}(?:JB|JF|EE)"), frozenset({"Chronopost"})),
    (re.compile(r"[A-Z]{2}\d{9}GB"), frozenset({"Royal Mail"})),
    (re.compile(r"[A-Z]{2}\d{9}DE"), frozenset({"Deutsche Post"})),
    (re.compile(r"[A-Z]{2}\d{9}CH"), frozenset({"Swiss Post"})),
    (re.compile(r"[A-Z]{2}\d{9}BE"), frozenset({"BPost", "BPost International"})),
    (re.compile(r"[A-Z]{2}\d{9}NL"), frozenset({"PostNL"})),
    (re.compile(r"[A-Z]{2}\d{9}ES"), frozenset({"Correos"})),
    (re.compile(r"[A-Z]{2}\d{9}IT"), frozenset({"Poste Italiane"})),
    (re.compile(r"[A-Z]{2}\d{9}AT"), frozenset({"Österreichische Post"})),
    (re.compile(r"[A-Z]{2}\d{9}US"), frozenset({"USPS"})),
)
"""Whose numbers look so; the two letters, nine digits and country are of the Universal Postal Union (S10)."""

_ALONE = frozenset({"UPS", "Amazon"})
"""Carriers whose numbers no other has: the number alone tells them."""


def fold_name(text: str, keep: str = "") -> str:
    """Lower case, no accents, single blanks: how names are compared. `keep` are signs that stay."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(char for char in apart if not unicodedata.combining(char))
    return " ".join(re.sub(rf"[^\w{re.escape(keep)}]+|_", " ", plain).split())


@cache
def get_known_names() -> dict[str, str]:
    """Every name that is known whatever the country, folded, and Shopify's spelling."""
    return {**{fold_name(name): name for name in ANYWHERE}, **ALSO}


@cache
def _get_national_names() -> dict[str, dict[str, str]]:
    """Names of one country alone, folded: by the country, Shopify's spelling."""
    found: dict[str, dict[str, str]] = {}
    for country, names in OF_COUNTRY.items():
        for name in names:
            if fold_name(name) not in get_known_names():
                found.setdefault(fold_name(name), {})[country] = name
    for (name, country), ours in BY_COUNTRY.items():
        found.setdefault(name, {})[country] = ours
    return found


def find_carriers(number: str | None) -> frozenset[str]:
    """The carriers whose tracking numbers look like this one; none where its form tells nothing."""
    plain = re.sub(r"\s+", "", number or "").upper()
    return frozenset().union(*(names for form, names in _FORMS if form.fullmatch(plain)))


def find_own_name(name: str, own: Mapping[str, str] | None) -> str | None:
    """What the merchant's own table says of a name: the same name first, then the pattern (`*`, `?`) with the most
    other characters."""
    folded = fold_name(name)
    table = {fold_name(theirs, "*?"): ours for theirs, ours in (own or {}).items()}
    if folded in table:
        return table[folded]
    fitting = [key for key in table if fnmatchcase(folded, key)]
    return table[max(fitting, key=lambda key: len(re.sub(r"[*?]", "", key)))] if fitting else None


def find_carrier(text: str, number: str | None, country: str | None) -> str | None:
    """The carrier on Shopify's list that a text means, or None where that is not plain.

    `country` is where the parcel goes (ISO 3166-1 alpha-2). A known name within the text is taken ("UPS Express"),
    unless it is the name of another country's service. Where the text names several, or none, the form of the
    number decides.
    """
    where = (country or "").strip().upper()
    folded = fold_name(text)
    whole = _find_name(folded, where)
    if whole is not None:
        return whole
    named = set(_find_names_within(text, folded.split(), where))
    likely = find_carriers(number)
    if len(named) == 1 and None not in named:
        return named.pop()
    chosen = [one for one in named if one in likely] if len(named) > 1 else list(likely & _ALONE)
    return chosen[0] if len(chosen) == 1 else None


def _find_name(folded: str, country: str) -> str | None:
    return _get_national_names().get(folded, {}).get(country) or get_known_names().get(folded)


def _find_names_within(text: str, words: list[str], country: str) -> Iterator[str | None]:
    """The known names in a text in Shopify's spelling, the longest where one is part of another; None for one
    that is another country's, or of a service that Shopify does not know."""
    taken = [False] * len(words)
    for length in range(min(len(words), 6), 0, -1):
        for start in range(len(words) - length + 1):
            phrase = " ".join(words[start : start + length])
            is_name = phrase in get_known_names() or phrase in _get_national_names() or phrase in OTHERS
            if not is_name or phrase in _WORDS_TOO or any(taken[start : start + length]):
                continue
            taken[start : start + length] = [True] * length
            rest = [*words[:start], "|", *words[start + length :]]
            yield None if phrase in OTHERS else _find_local_name(phrase, text, rest, country)


def _find_local_name(phrase: str, text: str, rest: list[str], country: str) -> str | None:
    """Shopify's spelling of a name within a text; None where the name, or a country that the text names beside
    it, makes it the service of a country to which the parcel does not go."""
    ours = _find_name(phrase, country)
    if ours in WORLDWIDE:
        return ours
    named = _find_countries(text, rest)
    for one in named:
        special = _get_national_names().get(phrase, {}).get(one) or get_known_names().get(
            f"{phrase} {one.lower()}"
        )
        if special is not None:
            return special
    return ours if not named or country in named else None


def _find_countries(text: str, rest: list[str]) -> set[str]:
    """The countries that the other words of a text name: in full, or by a code in capitals at either end."""
    joined = f" {' '.join(rest)} "
    found = {code for name, code in _load_country_names().items() if f" {name} " in joined}
    codes = [word for word in re.findall(r"\w+", text) if word.isupper()]
    for word in {*codes[:1], *codes[-1:]}:
        code = {"UK": "GB"}.get(word, word)
        if code not in _NOT_COUNTRIES and code in _load_country_names().values() and word.lower() in rest:
            found.add(code)
    return found


_NOT_COUNTRIES = frozenset({"AG", "AS", "BV", "CO", "IN", "LA", "SA", "SE", "ST"})
"""Codes of countries that are rather the legal form of a company, or a word, in the name of a carrier."""


@cache
def _load_country_names() -> dict[str, str]:
    """Names of countries in the languages of Sculpteo and its carriers, folded, each with the code."""
    from babel import Locale

    names: dict[str, str] = {"uk": "GB", "usa": "US"}
    for language in ("en", "fr", "de", "es", "it", "nl"):
        for code, name in Locale(language).territories.items():
            if re.fullmatch("[A-Z]{2}", code) and code not in {"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"}:
                names.setdefault(fold_name(name), code)
    return names
