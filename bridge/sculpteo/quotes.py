"""The answers of the price and the materials call. Pure.

"Obtaining the 3D printing price of a design": GET /en/api/design/3D/price_by_uuid/; materials: GET
/{en|fr}/api/material/list/.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from bridge.errors import SCULPTEO, UnreadableAnswer
from bridge.order.model import Design, Money, Quote, RawAnswer
from bridge.sculpteo.order_form import scale_text

PRICE_PATH = "/en/api/design/3D/price_by_uuid/"
MATERIALS_PATHS = {"en": "/en/api/material/list/", "fr": "/fr/api/material/list/"}


@dataclass(frozen=True, slots=True)
class Material:
    """A material that Sculpteo offers: `id` is what a mapping names."""

    id: str
    name: str
    description: str


def price_query(design: Design, quantity: int, currency: str) -> dict[str, str]:
    """The query of the price call; what the design leaves open is left to Sculpteo."""
    query = {"uuid": design.uuid, "quantity": str(quantity), "currency": currency}
    if design.scale is not None:
        query["scale"] = scale_text(design.scale)
    if design.unit is not None:
        query["unit"] = design.unit
    if design.material is not None:
        query["productname"] = design.material
    return query


def read_quote(text: str, currency: str, answer: RawAnswer) -> Quote:
    """The total of a price answer, or why there is none. Raises Unreadable when it is no price answer at all.

    `error` is {id, description} with id 0 when all is well; amounts are strings; shipping is not in them.
    """
    document = _object(_decoded(text))
    error, body = _object(document.get("error")), _object(document.get("body"))
    if not error and not body:
        raise UnreadableAnswer("Sculpteo's price answer has neither error nor body", upstream=SCULPTEO)
    warning = _sentence(document.get("warning"))
    if error and str(error.get("id", 0)) != "0":
        problem = _sentence(error.get("description")) or f"error {_sentence(error.get('id'))}"
        return Quote(None, problem=problem, warning=warning, answer=answer)
    if body.get("success") is False:
        return Quote(None, problem="Sculpteo cannot price it", warning=warning, answer=answer)
    price = _object(body.get("price"))
    amount = _amount(price.get("total_cost_raw"))
    said = body.get("currency", price.get("currency"))
    if amount is None:
        return Quote(None, problem="the answer holds no price", warning=warning, answer=answer)
    if isinstance(said, str) and said.strip().upper() != currency:
        problem = f"it is priced in {said.strip()[:10]}, not in {currency}"
        return Quote(None, problem=problem, warning=warning, answer=answer)
    return Quote(Money(amount, currency), warning=warning, answer=answer)


def read_materials(text: str) -> tuple[Material, ...]:
    """The list of materials. Raises Unreadable when the answer is no such list."""
    listed = _decoded(text)
    entries = [_object(entry) for entry in listed] if isinstance(listed, list) else []
    if not entries or not all(isinstance(entry.get("id"), str) for entry in entries):
        raise UnreadableAnswer("Sculpteo's answer is not a list of materials", upstream=SCULPTEO)
    return tuple(
        Material(
            str(entry["id"]), _sentence(entry.get("name")) or "", _sentence(entry.get("description")) or ""
        )
        for entry in entries
    )


def _decoded(text: str) -> object:
    try:
        decoded: object = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise UnreadableAnswer("Sculpteo's answer is not JSON", upstream=SCULPTEO) from None
    return decoded


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _sentence(value: object) -> str | None:
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return " ".join(str(value).split())[:300] or None
    if isinstance(value, dict):
        return _sentence(value.get("description"))
    return None


def _amount(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None
