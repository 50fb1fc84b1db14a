"""Names and addresses in the configuration: domains, URLs, design UUIDs, materials, countries and the like."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from typing import Annotated, Any
from unicodedata import normalize
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from bridge.config.types import Secret, Text, Words, build_value_error, find_nearest, require_single
from bridge.config.url_secrets import ENCODED, find_alert_url_fault, find_database_url_fault
from bridge.order.spelling import normalize_text

MAX_SKU = 255  # characters: Shopify stores no longer ones

# --- Sculpteo --------------------------------------------------------------------------------------------

PART = re.compile(r"[A-Za-z0-9_.\-]+")
"""What a part of Sculpteo's `uuid:qty:scale:unit:material` may be made of; `:` would shift the parts."""


def _build_part_check(noun: str, example: str) -> Callable[[str], str]:
    def check_part(text: str) -> str:
        if PART.fullmatch(text):
            return text
        last = text.rstrip("/").rpartition("/")[2]
        if text.startswith(("http://", "https://", "www.")) and PART.fullmatch(last):
            raise build_value_error(
                "{value} is an address", f"give only {noun}", hint=f'did you mean "{last}"?'
            )
        if ":" in text:
            raise build_value_error(
                "{value} has a : in it, which separates the parts of Sculpteo's items", f"give only {noun}"
            )
        odd = " ".join(sorted({repr(char) for char in text if not PART.fullmatch(char)}))
        remedy = f"{noun} has letters, digits, _ . and - only, such as {example}"
        raise build_value_error(
            f"{{value}} has characters that {noun} cannot have", remedy, hint=f"leave out {odd}: {remedy}"
        )

    return check_part


Uuid = Annotated[Text, AfterValidator(_build_part_check("the design's UUID", "QfGQC4YQ"))]
Material = Annotated[Text, AfterValidator(_build_part_check("the material's id", "white_plastic"))]


def _check_sku(text: str) -> str:
    if not normalize_text(text):
        raise build_value_error("has no character that can be seen", "write the SKU as Shopify shows it")
    if len(text) > MAX_SKU:
        raise build_value_error(f"is longer than {MAX_SKU} characters, which no SKU can be", "shorten it")
    if text.upper() in {"YOUR-SKU", "YOUR_SKU"}:
        raise build_value_error("still holds the placeholder {value}", kind="placeholder")
    return text


Sku = Annotated[Words, AfterValidator(_check_sku)]
"""A SKU, or a pattern with * (any characters) and ? (one character)."""


def _check_shop_name(text: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", text):
        return text
    remedy = (
        "a shop's name here has a-z, 0-9, - and _ only, at most 40: it becomes part of the webhook's address"
    )
    raise build_value_error("{value} cannot be the name of a shop", remedy)


ShopName = Annotated[Text, AfterValidator(_check_shop_name)]

# --- addresses on the net --------------------------------------------------------------------------------

_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


def _check_domain(text: str) -> str:
    name = text.lower()
    if _DOMAIN.fullmatch(name):
        return name
    store = re.match(r"(?:https?://)?admin\.shopify\.com/store/([a-z0-9][a-z0-9-]*)", name)
    if store:
        hint = f'did you mean "{store[1]}.myshopify.com"?'
        raise build_value_error("{value} is a page of Shopify's admin", "write the shop's domain", hint=hint)
    bare = name.removeprefix("https://").removeprefix("http://").split("/")[0]
    if _DOMAIN.fullmatch(bare):
        raise build_value_error(
            "{value} is more than a domain", "write the domain only", hint=f'did you mean "{bare}"?'
        )
    if re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        hint = f'did you mean "{name}.myshopify.com"?'
        raise build_value_error("{value} is not a whole domain", "write it with .myshopify.com", hint=hint)
    remedy = "use the name that ends in .myshopify.com (in Shopify: Settings, Domains)"
    raise build_value_error("{value} is not the shop's own Shopify domain", remedy)


Domain = Annotated[Text, AfterValidator(_check_domain)]


def _split_url(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise build_value_error(
            "is not a URL that can be read", "write it like https://bridge.example.com"
        ) from None
    if parts.scheme not in {"http", "https"}:
        hint = f'did you mean "https://{text}"?' if "://" not in text and "." in text else ""
        raise build_value_error("{value} does not begin with https://", "begin it with https://", hint=hint)
    if not parts.hostname or port == 0 or re.search(r"[\s<>\"{}|\\^`]", text):
        raise build_value_error("{value} is not a complete URL", "write it like https://bridge.example.com")
    if parts.username is not None or parts.password is not None:
        raise build_value_error("has a user name or password in it", "take them out of the URL")
    if parts.query or parts.fragment:
        raise build_value_error("{value} goes on after its path", "leave out everything from ? or # on")
    return parts


LOCAL_ENDINGS = (
    *(
        ".localhost",
        ".localdomain",
        ".local",
        ".internal",
        ".intranet",
        ".lan",
        ".home",
        ".home.arpa",
        ".corp",
    ),
    *(".test", ".invalid"),
)
"""Names that no public server has: RFC 6761 (https://www.rfc-editor.org/rfc/rfc6761), and what networks use."""
_NUMBERS = re.compile(r"(?:0x[0-9a-f]+|\d+)(?:\.(?:0x[0-9a-f]+|\d+)){0,3}", re.IGNORECASE | re.ASCII)


def is_local(host: str) -> bool:
    """Whether a host is this machine or in a private network, as far as its name or number tells. Every way to
    write an address counts: 127.1, 2130706433, 0x7f.0.0.1 and ::ffff:10.0.0.1 too."""
    name = normalize("NFKC", host).lower().rstrip(".")
    address = parse_ip_address(name.partition("%")[0])
    if address is not None:
        from bridge.net.ssrf import is_public  # brings aiohttp, which few configurations need

        return not is_public(address)
    return "." not in name or name.endswith(LOCAL_ENDINGS)


def parse_ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a host is, in any of its spellings; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if not _NUMBERS.fullmatch(host):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def is_simulated(url: str) -> bool:
    """Whether an upstream at this address is none that a shop sells or prints with: one on this machine or in a
    private network, or one that is spoken to in clear text."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme.lower() == "http" or (bool(host) and is_local(host))


def _check_base_url(text: str) -> str:
    """Webhooks, notifications, pages and cookies of the bridge are at the root of their host."""
    parts = _split_url(text)
    if parts.path.strip("/"):
        host = f"{parts.scheme}://{parts.netloc}"
        remedy = "give the bridge a host name of its own, such as bridge.example.com, and leave out the path"
        hint = f'write "{host}", if nothing else answers there; else {remedy}'
        raise build_value_error(
            "{value} has a path, and the bridge answers at the root of its host only", remedy, hint=hint
        )
    return text.rstrip("/")


def _check_upstream_url(text: str) -> str:
    """Passwords and tokens go there: in clear text only within this machine or its own network."""
    parts = _split_url(text)
    if parts.scheme == "http" and not is_local(parts.hostname or ""):
        raise build_value_error(
            "{value} is not encrypted, and passwords are sent there", "begin it with https://"
        )
    return text.rstrip("/")


BaseUrl = Annotated[Text, AfterValidator(_check_base_url)]
UpstreamUrl = Annotated[Text, AfterValidator(_check_upstream_url)]


def _check_listen(text: str) -> str:
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]*):(\d{1,5})", text, re.ASCII)
    if found and int(found[2]) <= 65535:
        return text
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        hint = f'did you mean "127.0.0.1:{text}"?'
        raise build_value_error("{value} is a port without an address", "write address:port", hint=hint)
    remedy = "write address:port, such as 127.0.0.1:8080 (a port is at most 65535)"
    raise build_value_error("{value} is not an address to listen on", remedy)


Listen = Annotated[Text, AfterValidator(_check_listen)]


def _parse_network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise build_value_error(
            "{value} is not an IP address or network", "write it like 10.0.0.1 or 10.0.0.0/8"
        ) from None


Network = Annotated[Text, AfterValidator(_parse_network)]


def _check_database_url(secret: Any) -> Any:
    """The URL may hold a password, so no fault shows it."""
    url: str = secret.get_secret_value()
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise build_value_error(
            "is not a database URL", "write sqlite:///bridge.db or postgresql://user:password@host/name"
        )
    backend = scheme.partition("+")[0]
    if backend == "postgres":
        raise build_value_error("begins with postgres://", "write postgresql:// instead")
    if backend not in {"sqlite", "postgresql"}:
        raise build_value_error(
            "is neither SQLite nor PostgreSQL", "write sqlite:///bridge.db or postgresql://..."
        )
    if backend == "sqlite" and not rest.startswith("/"):
        raise build_value_error(
            "has too few slashes", "write three: sqlite:///bridge.db (four for a path from the root)"
        )
    if backend == "sqlite" and (rest.strip("/") == "" or ":memory:" in rest):
        raise build_value_error("names no file, so nothing would be kept", "write sqlite:///bridge.db")
    if backend == "sqlite" and (rest.startswith("/file:") or "uri=" in rest.partition("?")[2]):
        raise build_value_error(
            "names the file by a file: address", "write the path itself: sqlite:///bridge.db"
        )
    fault = find_database_url_fault(rest) if backend == "postgresql" else None
    if fault is not None:
        raise build_value_error(
            fault, f"write postgresql://user:password@host/name; in user and password, {ENCODED}"
        )
    return secret


DatabaseUrl = Annotated[Secret, AfterValidator(_check_database_url)]


def _check_alert_url(secret: Any) -> Any:
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://\S", secret.get_secret_value()):
        raise build_value_error(
            "is not an Apprise URL", "write it like mailto://user:password@example.com (see appriseit.com)"
        )
    fault = find_alert_url_fault(secret.get_secret_value())
    if fault is not None:
        raise build_value_error(fault, f"in user and password, {ENCODED}")
    return secret


AlertUrl = Annotated[Secret, AfterValidator(_check_alert_url)]

# --- countries, time zones, languages --------------------------------------------------------------------


def _parse_country(value: object) -> str:
    import pycountry

    from bridge.i18n.postal import (
        KOSOVO,
        is_country,
    )

    text = require_single(value).strip()
    code = text.upper()
    if is_country(code):
        return code
    if code == "KOSOVO":
        raise build_value_error(
            "{value} is not a two-letter country code", "write it like FR", hint=f'did you mean "{KOSOVO}"?'
        )
    try:
        known = pycountry.countries.lookup("GB" if code in {"UK", "EN"} else text)
    except LookupError:
        raise build_value_error("{value} is not a country", "write its two-letter code, such as FR") from None
    hint = f'did you mean "{known.alpha_2}"?'
    raise build_value_error("{value} is not a two-letter country code", "write it like FR", hint=hint)


Country = Annotated[
    str,
    BeforeValidator(_parse_country),
    WithJsonSchema({"type": ["string", "boolean"], "examples": ["FR", "NO"]}),
]


def _check_time_zone(text: str) -> str:
    from zoneinfo import available_timezones

    known = available_timezones()
    if text in known or text == "UTC":
        return text
    close = find_nearest(text, known)
    raise build_value_error(
        "{value} is not a time zone",
        "write it like Europe/Paris",
        hint=f'did you mean "{close}"?' if close else "",
    )


Zone = Annotated[Text, AfterValidator(_check_time_zone)]


def _check_language(text: str) -> str:
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(text.replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        raise build_value_error(
            "{value} is not a language", "write its code, such as en, fr or pt-BR"
        ) from None
    return text


Language = Annotated[Text, AfterValidator(_check_language)]

# --- texts with {placeholders} ---------------------------------------------------------------------------

NUMBER_FIELDS = ("order", "order_name", "order_number", "shop", "year")
URL_FIELDS = ("order_number", "order_name", "order_id", "shop")
_FIELD = re.compile(r"\{(\w*)\}")


def _check_placeholders(text: str, known: tuple[str, ...]) -> None:
    listed = ", ".join(f"{{{name}}}" for name in known)
    for name in _FIELD.findall(text):
        if name not in known:
            hint = f"{{{name}}} is none of {listed}"
            raise build_value_error(
                "has a placeholder that the bridge cannot fill", f"use {listed}", hint=hint
            )
    if "{" in _FIELD.sub("", text) or "}" in _FIELD.sub("", text):
        raise build_value_error("{value} has a brace without its other half", f"use {listed}")


def _check_number_pattern(text: str) -> str:
    _check_placeholders(text, NUMBER_FIELDS)
    if not {"order", "order_name", "order_number"} & set(_FIELD.findall(text)):
        raise build_value_error("{value} gives every invoice the same number", "put {order} into it")
    return text


def _check_invoice_url(text: str) -> str:
    _check_placeholders(text, URL_FIELDS)
    if "{" in text.partition("://")[2].partition("/")[0]:
        raise build_value_error("has a placeholder in its host", "placeholders belong behind the host")
    parts = _split_url(_FIELD.sub("x", text).partition("?")[0])
    if parts.scheme != "https":
        raise build_value_error(
            "does not begin with https://", "invoices hold addresses: begin it with https://"
        )
    if not {"order_name", "order_number", "order_id"} & set(_FIELD.findall(text)):
        raise build_value_error("is the same for every order", "put {order_number} into it")
    return text


NumberPattern = Annotated[Text, AfterValidator(_check_number_pattern)]
InvoiceUrl = Annotated[Text, AfterValidator(_check_invoice_url)]
