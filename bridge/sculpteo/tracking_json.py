"""Reading the tracking address's JSON, whose field names Sculpteo does not document. Pure.

Keys are compared by their letters alone ("tracking_number" = "trackingNumber"). A status counts where the
answer speaks of the order, not where it speaks of an address, and a number only under a key that says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from bridge.order.model import Parcel, PrintStatus
from bridge.sculpteo import (
    status_terms,
    tracking_numbers,
)
from bridge.sculpteo.tracking_result import Reading

Json = dict[str, object]

MAX_DEPTH = 12


def _keys(names: str) -> tuple[str, ...]:
    return tuple(names.split())


STATUS_KEYS = frozenset(
    _keys("""status statut orderstatus statuslabel statusname statustext statusdisplay getstatusdisplay
    currentstatus productionstatus statutcommande orderstate etatcommande""")
)
STATE_KEYS = frozenset(_keys("state etat step currentstep etape"))
TEXT_KEYS = ("label", "name", "title", "text", "value", "status", "code", "nom", "libelle")
FLAG_KEYS = {
    "cancelled": PrintStatus.CANCELLED,
    "canceled": PrintStatus.CANCELLED,
    "iscancelled": PrintStatus.CANCELLED,
    "iscanceled": PrintStatus.CANCELLED,
    "blocked": PrintStatus.BLOCKED,
    "isblocked": PrintStatus.BLOCKED,
}
REFERENCE_KEYS = frozenset(_keys("reference ref orderreference referencecommande"))
NUMBER_KEYS = (
    *_keys("trackingnumber trackingnumbers trackingno trackingnum trackingcode trackingcodes trackingid"),
    *_keys("numerosuivi numerosdesuivi numerodesuivi numerocolis numerodecolis parcelnumber parcelnumbers"),
    *_keys("packagenumber packagenumbers colisnumber inquirynumber waybill waybillnumber awb"),
)
NAMED = frozenset(key for key in NUMBER_KEYS if "num" in key)  # what stands under them is nothing else
OWN_NUMBER_KEYS = ("number", "numbers", "num", "no", "numero", "numeros", "barcode")  # only inside a parcel
TRACKING_KEYS = frozenset(_keys("tracking trackings suivi"))
PARCEL_KEYS = frozenset(
    _keys("parcel parcels package packages shipment shipments colis expedition expeditions")
)
CARRIER_KEYS = ("carrier", "carriername", "transporteur", "shipper", "courier", "shippingcompany")
OWN_CARRIER_KEYS = ("company", "name", "service")
URL_KEYS = ("trackingurl", "trackinglink", "urlsuivi", "liensuivi", "url", "link", "href", "lien")
SHIPPED_KEYS = (
    *_keys("shippedon shippedat shippeddate dateshipped shipdate shippingdate shipmentdate"),
    *_keys("dateexpedition datedexpedition expediele sentat senton dateenvoi shipped"),
)
ESTIMATE_KEYS = frozenset(
    _keys("""estimateddelivery estimateddeliverydate deliveryestimate expecteddelivery expecteddeliverydate
    eta livraisonestimee datelivraisonestimee datedelivraisonestimee""")
)
CONTENT_KEYS = ("items", "contents", "designs", "articles", "lines", "contenu")
PLACE_KEYS = frozenset(
    _keys("city zip zipcode postalcode country countrycode shipcity")
)  # a "state" of the map
PRIVATE_KEYS = frozenset(_keys("recipient customer client billing shipto billto destinataire user"))


def letters(key: str) -> str:
    """A key reduced to what it says: "Numéro_de-suivi" -> "numerodesuivi"."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", key).casefold())


def read_json(document: object, reference: str) -> Reading:
    """What a decoded JSON answer says of the order `reference`; a Reading that tells nothing if nothing."""
    root = _own_part(document, reference)
    statuses, said, unknown = _statuses(root)
    estimates = {
        day for key, value in _pairs(root) if key in ESTIMATE_KEYS and (day := _date(value)) is not None
    }
    return Reading(
        statuses=tuple(statuses),
        said=tuple(said),
        unknown=tuple(unknown),
        parcels=tracking_numbers.merge(_parcels(root, inside=False, carrier=None, depth=0), reference),
        estimated_delivery=max(estimates, default=None),
        denied=any(isinstance(value, str) and _denies(value) for _, value in _pairs(root)),
    )


def _denies(text: str) -> bool:
    return bool(
        re.search(
            r"\b(not found|does not exist|unknown order|introuvable|n existe pas)\b", status_terms.plain(text)
        )
    )


def markup(document: object) -> str:
    """The pieces of HTML that the JSON carries, if any: an answer may wrap the page."""
    return "\n".join(
        value for _, value in _pairs(document) if isinstance(value, str) and re.search(r"<[a-z]+[ >]", value)
    )


def _fields(node: object) -> Iterator[tuple[str, object]]:
    if isinstance(node, dict):
        for key, value in node.items():
            name = letters(str(key))
            if name not in PRIVATE_KEYS and "address" not in name and "adresse" not in name:
                yield name, value


def _pairs(node: object, depth: int = 0) -> Iterator[tuple[str, object]]:
    """Each key and value at any depth, without addresses and people."""
    if depth > MAX_DEPTH:
        return
    for key, value in _fields(node):
        yield key, value
        yield from _pairs(value, depth + 1)
    if isinstance(node, list):
        for value in node:
            yield from _pairs(value, depth + 1)


def _dicts(node: object, depth: int = 0) -> Iterator[Json]:
    if depth > MAX_DEPTH:
        return
    if isinstance(node, dict):
        yield node
    children = [value for _, value in _fields(node)] if isinstance(node, dict) else node
    if isinstance(children, list):
        for child in children:
            yield from _dicts(child, depth + 1)


def _own_part(document: object, reference: str) -> object:
    """Of an answer about several orders, the part about ours; nothing when it is about others only."""
    ours, others = [], False
    for node in _dicts(document):
        fields = dict(_fields(node))
        names = {str(value).casefold() for key, value in fields.items() if key in REFERENCE_KEYS}
        if not names or not (fields.keys() & (STATUS_KEYS | STATE_KEYS)):
            continue
        if reference.casefold() in names:
            ours.append(node)
        else:
            others = True
    if not others:
        return document
    return ours[0] if len(ours) == 1 else None


# --- status ----------------------------------------------------------------------------------------------


def _statuses(root: object) -> tuple[list[PrintStatus], list[str], list[str]]:
    """Known statuses, their words, and unknown words: from the shallowest level that speaks of a status."""
    flags = [
        status for key, value in _pairs(root) if value is True and (status := FLAG_KEYS.get(key)) is not None
    ]
    statuses, said, unknown = list(flags), [str(flag) for flag in flags], list[str]()
    level: list[object] = [root]
    for _ in range(MAX_DEPTH):
        for node in level:
            _level_status(node, statuses, said, unknown)
        if len(statuses) > len(flags) or unknown:
            break
        level = [child for node in level for child in _order_children(node)]
    return statuses, said, unknown


def _level_status(node: object, statuses: list[PrintStatus], said: list[str], unknown: list[str]) -> None:
    fields = list(_fields(node))
    keys = {key for key, _ in fields}
    has_status = bool(keys & STATUS_KEYS)
    for key, value in fields:
        if key not in STATUS_KEYS and (key not in STATE_KEYS or keys & PLACE_KEYS):
            continue
        for text in _texts(value):
            status = status_terms.status_of(text) or status_terms.step_status(text, done=False)
            if status is not None:
                statuses.append(status)
                said.append(text)
            elif status_terms.plain(text) in status_terms.ENVELOPE or (key in STATE_KEYS and has_status):
                continue
            else:
                unknown.append(text)


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        named = {letters(str(key)): text for key, text in value.items()}
        value = next((named[key] for key in TEXT_KEYS if isinstance(named.get(key), str)), None)
    if isinstance(value, list):
        return [text for entry in value[:50] if not isinstance(entry, list) for text in _texts(entry)]
    return [" ".join(value.split())[:200]] if isinstance(value, str) and value.strip() else []


def _order_children(node: object) -> list[object]:
    """Where else the order's status may stand: not inside its parcels, whose status is the carrier's."""
    if isinstance(node, list):
        return list(node)
    return [
        value for key, value in _fields(node) if key not in PARCEL_KEYS and isinstance(value, (dict, list))
    ]


# --- parcels ---------------------------------------------------------------------------------------------


def _parcels(node: object, *, inside: bool, carrier: str | None, depth: int) -> Iterator[Parcel]:
    """Every parcel below `node`; `inside` = under a key that speaks of parcels."""
    if depth > MAX_DEPTH:
        return
    if isinstance(node, str):
        yield from _text_parcels(node, inside, carrier)
    elif isinstance(node, int) and not isinstance(node, bool):
        yield from _text_parcels(str(node), inside, carrier)
    elif isinstance(node, list):
        for entry in node:
            yield from _parcels(entry, inside=inside, carrier=carrier, depth=depth + 1)
    elif isinstance(node, dict):
        fields = dict(_fields(node))
        carrier = _carrier(fields, inside) or carrier
        yield from _dict_parcels(fields, inside, carrier)
        for key, value in node.items():
            name = letters(str(key))
            if name not in fields:
                continue
            within = name in TRACKING_KEYS or name in PARCEL_KEYS
            if (
                inside
                and isinstance(value, (dict, list))
                and (number := tracking_numbers.number_in(str(key)))
            ):
                yield Parcel(number, carrier)
            if within or isinstance(value, (dict, list)) or _is_link(value):
                yield from _parcels(value, inside=within, carrier=carrier, depth=depth + 1)


def _is_link(value: object) -> bool:
    return isinstance(value, str) and value.lstrip().lower().startswith(("http://", "https://"))


def _text_parcels(text: str, inside: bool, carrier: str | None) -> Iterator[Parcel]:
    if _is_link(text):
        yield from tracking_numbers.link_parcels(text)
    elif inside:
        yield from (Parcel(number, carrier) for number in tracking_numbers.numbers_in(text))


def _dict_parcels(fields: Json, inside: bool, carrier: str | None) -> Iterator[Parcel]:
    keys = (*NUMBER_KEYS, *OWN_NUMBER_KEYS) if inside else NUMBER_KEYS
    numbers: list[str] = next(
        (found for key in keys if (found := _numbers(fields.get(key), named=key in NAMED))), []
    )
    url = next((str(fields[key]).strip() for key in URL_KEYS if _is_link(fields.get(key))), None)
    linked = tracking_numbers.link_parcels(url) if url else []
    if len(numbers) == 1 and len(linked) == 1 and linked[0].number.upper() != numbers[0].upper():
        return  # key and link disagree: the link, which people will click, is read elsewhere
    shipped = next((day for key in SHIPPED_KEYS if (day := _date(fields.get(key)))), None)
    if inside and shipped is None:
        shipped = _date(fields.get("date"))
    for number in numbers:
        own = url if len(numbers) == 1 else None
        yield Parcel(number, carrier, own, shipped, _contents(fields) if len(numbers) == 1 else ())


def _numbers(value: object, *, named: bool) -> list[str]:
    if isinstance(value, list):
        entries = [entry for entry in value if not isinstance(entry, list)]
        return [number for entry in entries for number in _numbers(entry, named=named)]
    if isinstance(value, bool) or not isinstance(value, (str, int)) or _is_link(value):
        return []
    numbers = tracking_numbers.numbers_in(str(value))
    if not numbers and named and (number := tracking_numbers.number_in(str(value), named=True)):
        return [number]
    return numbers


def _carrier(fields: Json, inside: bool) -> str | None:
    for key in (*CARRIER_KEYS, *OWN_CARRIER_KEYS) if inside else CARRIER_KEYS:
        texts = _texts(fields.get(key))
        if len(texts) == 1 and len(texts[0]) <= 60:
            return texts[0]
    return None


def _contents(fields: Json) -> tuple[tuple[str, int], ...]:
    """(design uuid, quantity) where the parcel lists what it holds; nothing unless each line is complete."""
    listed = next((fields[key] for key in CONTENT_KEYS if isinstance(fields.get(key), list)), [])
    lines = []
    for entry in listed if isinstance(listed, list) else []:
        named = dict(_fields(entry))
        uuid, quantity = named.get("uuid"), named.get("quantity", named.get("qty"))
        if isinstance(quantity, str) and quantity.isascii() and quantity.isdigit() and len(quantity) < 8:
            quantity = int(quantity)
        if (
            not isinstance(uuid, str)
            or isinstance(quantity, bool)
            or not isinstance(quantity, int)
            or quantity < 1
        ):
            return ()
        lines.append((uuid, quantity))
    return tuple(lines)


def _date(value: object) -> date | None:
    return status_terms.date_in(value) if isinstance(value, str) else None
