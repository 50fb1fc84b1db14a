"""Carriers: as Sculpteo or others spell them, as Shopify does, and where their parcels are looked up.

Shopify builds a tracking link, and follows the parcel, only for names spelled exactly as in its list:
https://shopify.dev/docs/api/admin-graphql/latest/objects/FulfillmentTrackingInfo
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

SPELLINGS: dict[str, str] = {
    "amazon": "Amazon",
    "amazon logistics": "Amazon",
    "asendia": "Asendia USA",
    "asendia usa": "Asendia USA",
    "australia post": "Australia Post",
    "austrian post": "Österreichische Post",
    "bpost": "BPost",
    "bpost international": "BPost International",
    "canada post": "Canada Post",
    "chronopost": "Chronopost",
    "chronopost international": "Chronopost",
    "colis prive": "Colis Privé",
    "colissimo": "Colissimo",
    "correos": "Correos",
    "deutsche post": "Deutsche Post",
    "dhl": "DHL Express",
    "dhl ecommerce": "DHL eCommerce",
    "dhl express": "DHL Express",
    "dhl express worldwide": "DHL Express",
    "dhl international": "DHL Express",
    "dpd": "DPD",
    "dpd france": "DPD",
    "dpd uk": "DPD UK",
    "evri": "Evri",
    "fed ex": "FedEx",
    "federal express": "FedEx",
    "fedex": "FedEx",
    "fedex express": "FedEx",
    "gls": "GLS",
    "gls france": "GLS",
    "hermes uk": "Evri",
    "la poste": "Colissimo",
    "la poste colissimo": "La Poste Colissimo",
    "mondial relay": "Mondial Relay",
    "osterreichische post": "Österreichische Post",
    "post at": "Österreichische Post",
    "post nl": "PostNL",
    "poste italiane": "Poste Italiane",
    "postnl": "PostNL",
    "postnord": "PostNord SE",
    "postnord dk": "PostNord DK",
    "postnord no": "PostNord NO",
    "postnord se": "PostNord SE",
    "purolator": "Purolator",
    "royal mail": "Royal Mail",
    "sf express": "SF Express",
    "so colissimo": "Colissimo",
    "swiss post": "Swiss Post",
    "tnt": "TNT",
    "tnt express": "TNT",
    "united parcel service": "UPS",
    "ups": "UPS",
    "ups express saver": "UPS",
    "ups saver": "UPS",
    "ups standard": "UPS",
    "usps": "USPS",
    "us postal service": "USPS",
}
"""Known spellings, folded by `_fold`, and Shopify's. Plain "DHL" and "La Poste" are not in Shopify's list."""

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
"""Spellings that depend on where the parcel goes."""

LINKS: dict[str, str] = {
    "Chronopost": "https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT={}",
    "Colissimo": "https://www.laposte.fr/outils/suivre-vos-envois?code={}",
    "La Poste Colissimo": "https://www.laposte.fr/outils/suivre-vos-envois?code={}",
    "DHL": "https://www.dhl.de/en/privatkunden/pakete-empfangen/verfolgen.html?piececode={}",
    "DHL Express": "https://www.dhl.com/global-en/home/tracking/tracking-express.html?submit=1&tracking-id={}",
    "DPD": "https://tracking.dpd.de/status/en_US/parcel/{}",
    "DPD UK": "https://track.dpd.co.uk/search?reference={}",
    "FedEx": "https://www.fedex.com/fedextrack/?trknbr={}",
    "GLS": "https://gls-group.eu/EU/en/parcel-tracking?match={}",
    "Royal Mail": "https://www.royalmail.com/track-your-item#/tracking-results/{}",
    "TNT": "https://www.tnt.com/express/en_gb/site/shipping-tools/tracking.html?searchType=con&cons={}",
    "UPS": "https://www.ups.com/track?tracknum={}",
    "USPS": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
}
"""Tracking pages by Shopify's spelling; a carrier whose page also wants a postcode has none here."""

_FRENCH_DPD = "https://trace.dpd.fr/fr/trace/{}"
_UPS_NUMBER = re.compile(r"1Z[0-9A-Z]{16}")
_PLAIN = str.maketrans("éèêëàâîïôöüûçÉÈÀÖÜ", "eeeeaaiioouucEEAOU")


def _fold(name: str) -> str:
    """Lower case, no accents, single blanks: how spellings are compared."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", name.translate(_PLAIN).lower()).split())


def spelling(
    name: str | None,
    number: str | None = None,
    country: str | None = None,
    own: Mapping[str, str] | None = None,
) -> str | None:
    """Shopify's spelling of a carrier, `name` itself if there is none, None if nothing tells the carrier.

    `country` is where the parcel goes (ISO 3166-1 alpha-2). `own` is the merchant's own table, which comes
    first. Without a name, only a number that no other carrier has (UPS's 1Z...) tells one.
    """
    if name is None or not name.strip():
        return "UPS" if number and _UPS_NUMBER.fullmatch(number.strip().upper()) else None
    folded = _fold(name)
    mine = {_fold(theirs): ours for theirs, ours in (own or {}).items()}
    if folded in mine:
        return mine[folded]
    return BY_COUNTRY.get((folded, (country or "").upper())) or SPELLINGS.get(folded) or name.strip()


def tracking_url(company: str | None, number: str | None, country: str | None = None) -> str | None:
    """The carrier's page for a parcel, by Shopify's spelling of the carrier; None where there is none."""
    if not company or not number or not number.strip():
        return None
    link = _FRENCH_DPD if (company, country) == ("DPD", "FR") else LINKS.get(company)
    return link.format(quote(number.strip(), safe="", errors="replace")) if link else None


def usable_url(url: str | None) -> str | None:
    """The url if Shopify will take it and a customer may safely click it: http or https, with a host."""
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return None
    return url.strip() if fits and url.isprintable() and " " not in url.strip() else None
