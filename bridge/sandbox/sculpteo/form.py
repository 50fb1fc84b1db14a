"""The order call's form, read as strictly as Sculpteo documents it.

https://www.sculpteo.com/en/developer/webapi/order/
"""

from __future__ import annotations

import email.policy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from email.parser import BytesParser
from urllib.parse import parse_qsl

from bridge.i18n.postal import is_country
from bridge.sandbox.sculpteo.model import UNITS, Item, Refused
from bridge.sandbox.sculpteo.settings import SculpteoSettings

UUID = re.compile(r"[A-Za-z0-9_-]{4,40}")
LONGEST_STREET1 = 80
MOST_OF_AN_ITEM = 10_000
ADDRESS = ("ship_addressee", "ship_street1", "ship_city", "ship_country")
OPTIONAL_ADDRESS = ("ship_street2", "ship_state", "ship_postal_code")


@dataclass(frozen=True, slots=True)
class Form:
    """A posted form: text fields in order, and files by name."""

    fields: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, bytes], ...] = ()

    def one(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.fields if key == name)

    def file(self, name: str) -> bytes | None:
        return next((content for key, content in self.files if key == name), None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a correct form asks for."""

    items: tuple[Item, ...]
    address: dict[str, str]
    ship_method: str | None
    theme: str | None
    notification_url: str | None
    comments: tuple[str, ...]
    fake: bool
    invoice: bytes | None


def parse_form(body: bytes, content_type: str) -> Form:
    """Read an urlencoded or multipart body. Raises Refused(400)."""
    if content_type.startswith("multipart/form-data"):
        return _multipart(body, content_type)
    try:
        text = body.decode()
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError:
        raise Refused(400, "the form cannot be read") from None
    return Form(tuple(pairs))


def _multipart(body: bytes, content_type: str) -> Form:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    if not message.is_multipart():
        raise Refused(400, "the form cannot be read")
    fields: list[tuple[str, str]] = []
    files: list[tuple[str, bytes]] = []
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            raise Refused(400, "the form has a part within a part")
        if part.get_filename() is not None:
            files.append((name, content))
            continue
        try:
            fields.append((name, content.decode()))
        except UnicodeDecodeError:
            raise Refused(400, "the form is not in UTF-8") from None
    return Form(tuple(fields), tuple(files))


def read_order(form: Form, settings: SculpteoSettings) -> Wanted:
    """What the form asks for. Raises Refused with the status of the first thing that is wrong."""
    if (form.one("login"), form.one("password")) != (settings.login, settings.password):
        raise Refused(401, "login or password is wrong")
    if not settings.invoice_payment:
        raise Refused(402, "the account may not pay by invoice")
    theme = form.one("theme")
    if theme is not None and settings.themes is not None and theme not in settings.themes:
        raise Refused(400, f"there is no theme {theme}")
    address = _address(form)
    invoice = form.file("ship_invoice")
    if form.one("ship_invoice") is not None or (invoice is not None and not invoice.startswith(b"%PDF-")):
        raise Refused(400, "ship_invoice is not an uploaded PDF")
    fake = form.one("fake")
    if fake not in (None, "0", "1"):
        raise Refused(400, "fake is neither 0 nor 1")
    return Wanted(
        items=_items(form, settings),
        address=address,
        ship_method=_ship_method(form, address),
        theme=theme,
        notification_url=_notification_url(form),
        comments=form.all("comment"),
        fake=fake == "1",
        invoice=invoice,
    )


def _items(form: Form, settings: SculpteoSettings) -> tuple[Item, ...]:
    given = {name: value for name, value in form.fields if name.startswith("item")}
    if not given:
        raise Refused(400, "no item")
    names = [f"item[{number}]" for number in range(len(given))]
    if sorted(given) != sorted(names):
        raise Refused(400, "items are not numbered from 0 without a gap")
    return tuple(read_item(given[name], settings) for name in names)


def read_item(text: str, settings: SculpteoSettings) -> Item:
    parts = text.split(":")
    if not 2 <= len(parts) <= 5 or not all(parts):
        raise Refused(400, "an item has two to five parts")
    uuid, quantity = parts[0], parts[1]
    scale = parts[2] if len(parts) > 2 else "1"
    unit = parts[3] if len(parts) > 3 else "cm"
    material = parts[4] if len(parts) > 4 else settings.default_material
    if not UUID.fullmatch(uuid):
        raise Refused(400, "a design id has odd characters")
    if not quantity.isascii() or not quantity.isdigit() or not 1 <= int(quantity) <= MOST_OF_AN_ITEM:
        raise Refused(400, "a quantity is no number from 1 on")
    if unit not in UNITS:
        raise Refused(400, f"there is no unit {unit}")
    if material not in {entry.id for entry in settings.materials}:
        raise Refused(400, f"there is no material {material}")
    return Item(uuid, int(quantity), read_scale(scale), unit, material)


def read_scale(text: str) -> Decimal:
    try:
        scale = Decimal(text)
    except InvalidOperation:
        raise Refused(400, "a scale is no number") from None
    if not scale.is_finite() or scale <= 0 or "e" in text.lower():
        raise Refused(400, "a scale is no plain positive number")
    return scale


def _address(form: Form) -> dict[str, str]:
    """The address, or nothing at all: then it goes to the account's own."""
    given = {name: form.one(name) for name in (*ADDRESS, *OPTIONAL_ADDRESS)}
    if not any(value is not None for value in given.values()):
        return {}
    missing = [name for name in ADDRESS if not (given[name] or "").strip()]
    if missing:
        raise Refused(400, f"{missing[0]} is missing")
    if len(given["ship_street1"] or "") > LONGEST_STREET1:
        raise Refused(400, f"ship_street1 has more than {LONGEST_STREET1} characters")
    country = given["ship_country"] or ""
    if not country.isupper() or not is_country(country):
        raise Refused(400, "ship_country is no ISO 3166-1 alpha-2 code")
    return {name: value for name, value in given.items() if value is not None}


def _ship_method(form: Form, address: dict[str, str]) -> str | None:
    method = form.one("ship_method")
    if method not in (None, "express", "quick"):
        raise Refused(400, f"there is no shipping method {method}")
    if method == "quick" and address.get("ship_country", "FR") != "FR":
        raise Refused(400, "quick is for France only")
    return method


def _notification_url(form: Form) -> str | None:
    url = form.one("notification_url")
    if url is not None and not url.startswith(("https://", "http://")):
        raise Refused(400, "notification_url is no web address")
    return url


def without_password(fields: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in fields if name != "password")
