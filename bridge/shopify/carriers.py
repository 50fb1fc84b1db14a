"""A parcel's carrier as Shopify spells it, and where the parcel is looked up.

Shopify builds a tracking link, and follows the parcel, only for names spelled exactly as in its list:
https://shopify.dev/docs/api/admin-graphql/latest/objects/FulfillmentTrackingInfo
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from bridge.i18n.carriers import (
    find_carrier,
    find_own_name,
)

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
    text = (name or "").strip()
    return (find_own_name(text, own) if text else None) or find_carrier(text, number, country) or text or None


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
