"""The form of Sculpteo's order call. Pure.

"Ordering designs via API": POST https://www.sculpteo.com/en/api/store/3D/order/, form-encoded, or multipart
when an invoice goes along.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from decimal import Decimal
from urllib.parse import urlencode

from bridge.order.model import Design, PrintOrder
from bridge.sculpteo.address import clean, fingerprint, form_fields

Fields = list[tuple[str, str]]

ORDER_PATH = "/en/api/store/3D/order/"
MASK = "***"
_PART = re.compile(r"[A-Za-z0-9_.\-]+")
_PRIVATE = ("login", "password", "notification_url")


def fields(order: PrintOrder, login: str, password: str) -> Fields:
    """Every field of the order call, in the order of Sculpteo's page.

    Raises ValueError for an item that cannot be written in Sculpteo's `uuid:qty:scale:unit:material` form, for
    an order without items, and for a shipping method that it does not have.
    """
    if not order.items:
        raise ValueError("an order needs at least one item")
    form: Fields = [("login", login), ("password", password)]
    form += form_fields(order.address)
    if method := _ship_method(order):
        form.append(("ship_method", method))
    form += [
        (f"item[{index}]", item_text(item.design, item.quantity)) for index, item in enumerate(order.items)
    ]
    if order.notification_url:
        form.append(("notification_url", order.notification_url))
    form += [("comment", text) for comment in order.comments if (text := _sendable(comment))]
    if order.theme:
        form.append(("theme", order.theme))
    if order.fake:
        form.append(("fake", "1"))
    return form


def _ship_method(order: PrintOrder) -> str | None:
    """`quick` is Colissimo within France; elsewhere Sculpteo's cheapest method takes its place."""
    if order.ship_method not in (None, "express", "quick"):
        raise ValueError(f"{order.ship_method!r} is not a ship_method of Sculpteo: express, quick")
    abroad = clean(order.address.country_code).upper() != "FR"
    return None if order.ship_method == "quick" and abroad else order.ship_method


def item_text(design: Design, quantity: int) -> str:
    """`uuid:qty`, or all five parts: Sculpteo does not say how to leave out one in the middle.

    With a part known, the others must be too; scale alone defaults to 1, which is the design as uploaded.
    """
    if quantity < 1:
        raise ValueError(f"the quantity of design {design.uuid!r} is {quantity}; it must be at least 1")
    parts = [design.uuid, str(quantity)]
    if design.scale is not None or design.unit is not None or design.material is not None:
        if design.unit is None or design.material is None:
            raise ValueError(f"design {design.uuid!r} needs both unit and material, or neither of them")
        parts += [
            scale_text(Decimal(1) if design.scale is None else design.scale),
            design.unit,
            design.material,
        ]
    for part in parts:
        if not _PART.fullmatch(part):
            raise ValueError(f"{part!r} of design {design.uuid!r} cannot be part of an item")
    return ":".join(parts)


def scale_text(scale: Decimal) -> str:
    """A plain decimal without exponent or needless zeros: 0.87, 1, 250."""
    if not scale.is_finite() or scale <= 0:
        raise ValueError(f"a scale must be a number above 0, not {scale}")
    text = format(scale, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _sendable(text: str) -> str:
    """One line that UTF-8 can carry: characters that cannot be printed become spaces."""
    return clean("".join(char if char.isprintable() else " " for char in text))


def encode(form: Fields, invoice: bytes | None) -> tuple[str, bytes]:
    """Content type and body. Multipart only with an invoice, as Sculpteo's page says."""
    if invoice is None:
        return "application/x-www-form-urlencoded", urlencode(form).encode("ascii")
    boundary = _boundary([invoice, *(value.encode() for _, value in form)])
    body = bytearray()
    for name, value in form:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    body += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="ship_invoice"; filename="invoice.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    ).encode()
    body += invoice + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", bytes(body)


def _boundary(contents: Sequence[bytes]) -> str:
    while True:
        boundary = f"----bridge{secrets.token_hex(16)}"
        if not any(boundary.encode() in content for content in contents):
            return boundary


def masked(form: Iterable[tuple[str, str]], order: PrintOrder) -> dict[str, object]:
    """The form as evidence: JSON values without password, login, secret URL or personal data."""
    shown: dict[str, object] = {}
    items, comments = list[str](), list[str]()
    for name, value in form:
        if name.startswith("item["):
            items.append(value)
        elif name == "comment":
            comments.append(value)
        elif name in _PRIVATE:
            shown[name] = mask_url(value) if name == "notification_url" else MASK
        elif not name.startswith("ship_") or name == "ship_method":
            shown[name] = value
    shown["items"] = items
    shown["comments"] = comments
    shown["address"] = {
        "country": clean(order.address.country_code).upper() or None,
        "sha256": fingerprint(order.address),
    }
    if order.invoice is not None:
        digest = hashlib.sha256(order.invoice).hexdigest()[:16]
        shown["ship_invoice"] = {"bytes": len(order.invoice), "sha256": digest}
    return shown


def mask_url(url: str) -> str:
    """The notification URL without its secret last part."""
    base, slash, _ = url.partition("?")[0].rpartition("/")
    return f"{base}{slash}{MASK}"


def token_of(url: str | None) -> str:
    """The secret last part of a notification URL, or ""."""
    return (url or "").partition("?")[0].rpartition("/")[2]
