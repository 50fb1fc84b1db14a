"""A first configuration: the commented example, with a merchant's answers in it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files

from bridge.config.types import is_placeholder

PLACES: Mapping[str, tuple[str, str]] = {
    # answer: the line of the example that it changes, and that line with the answer in it
    "name": ("  my-shop:\n", "  {}:\n"),
    "domain": ("    domain: YOUR-SHOP.myshopify.com\n", "    domain: {}\n"),
    "client_id": ("    client_id: YOUR-CLIENT-ID\n", "    client_id: {}\n"),
    "public_url": ("  public_url: https://YOUR-DOMAIN\n", "  public_url: {}\n"),
    "login": ("  login: YOUR-LOGIN\n", "  login: {}\n"),
    "theme": ("  # theme: acme\n", "  theme: {}\n"),
    "currency": ("  currency: EUR\n", "  currency: {}\n"),  # limits count in it too
    "database": ("database: sqlite:///bridge.db\n", "database: {}\n"),
    "material": ("  material: white_plastic\n", "  material: {}\n"),
    "unit": ("  unit: mm\n", "  unit: {}\n"),
    "admin_url": ("    # admin_url: http://127.0.0.1:9001\n", "    admin_url: {}\n"),
    "base_url": ("  # base_url: https://www.sculpteo.com\n", "  base_url: {}\n"),
    "sku": ("  - sku: YOUR-SKU\n", "  - sku: {}\n"),
    "uuid": ("    uuid: YOUR-DESIGN-UUID\n", "    uuid: {}\n"),
}
SECRET_PLACES: Mapping[str, tuple[str, str]] = {
    # secret: as PLACES, with what stands for the secret
    "client_secret": ("    client_secret: ${SHOPIFY_CLIENT_SECRET}\n", "    client_secret: {}\n"),
    "access_token": ("    access_token: ${SHOPIFY_ACCESS_TOKEN}\n", "    access_token: {}\n"),
    "password": ("  password: ${SCULPTEO_PASSWORD}\n", "  password: {}\n"),
    "alerts": ("# alerts:\n", "alerts:\n  - {}\n"),
    "console": ("# console:\n", "console:\n  password_hash: {}\n"),
}
_PLAIN = re.compile(r"(?!null$|~)[A-Za-z][A-Za-z0-9_./@+-]*(?::[A-Za-z0-9_./@+-]+)*", re.ASCII)
_LIMITS = re.compile(r"^(  per_(?:order|day): \d+) EUR$", re.MULTILINE)
_PRODUCT = "  - sku: YOUR-SKU\n    uuid: YOUR-DESIGN-UUID\n"
_CLIENT_ID = re.compile(r"^    client_id: .*\n", re.MULTILINE)
_TOKEN = "    # access_token: ${SHOPIFY_ACCESS_TOKEN}\n"  # noqa: S105 - a line of the example, no secret


def read_example() -> str:
    """config.example.yaml."""
    return files(__package__).joinpath("example.yaml").read_text("utf-8")


def render_starter(
    answers: Mapping[str, str], *, older_app: bool = False, secrets: Mapping[str, str] | None = None
) -> str:
    """The example with these answers; what has none keeps its placeholder, which the bridge refuses by name.

    Without a first product none is configured, so that designs can be uploaded by what is there. With `older_app`, the
    shop is reached by the access token of a custom app instead of a client id. `secrets` says for some of them what
    stands in their places: "${NAME}" or "{file: path}".
    """
    text = read_example()
    if "currency" in answers:
        text = _LIMITS.sub(rf"\1 {answers['currency']}", text)
    if not answers.keys() & {"sku", "uuid"}:
        text = text.replace(_PRODUCT, _PRODUCT.replace("  - ", "  # - ").replace("    uuid", "  #   uuid"), 1)
    for name, answer in answers.items():
        line, filled = PLACES[name]
        text = text.replace(line, filled.format(format_scalar(answer)), 1)
    if older_app:
        text = _CLIENT_ID.sub("", text, count=1).replace(_TOKEN, _TOKEN.replace("# ", "", 1), 1)
    for name, where in (secrets or {}).items():
        line, filled = SECRET_PLACES[name]
        text = text.replace(line, filled.format(where), 1)
    return text


def format_scalar(text: str) -> str:
    """A text as YAML: in quotes where it could be taken for something else. `${` in it stays what it is."""
    text = text.replace("${", "$${")
    return (
        text if _PLAIN.fullmatch(text) and not is_placeholder(text) else json.dumps(text, ensure_ascii=False)
    )
