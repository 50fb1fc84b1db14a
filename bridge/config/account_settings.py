"""What names the merchant's accounts, and their secrets: each refuses what belongs into another field.

Shopify's secrets tell what they are by their first letters:
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from bridge.config.identifiers import BaseUrl
from bridge.config.types import Secret, Text, build_value_error

CLIENT_SECRET = "shpss_"  # noqa: S105 - its first letters
_SHOPIFY_SECRET = re.compile(r"shp[a-z]{2}_", re.IGNORECASE)
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]+")
_ADDRESS = re.compile(r"(?:\w+://|www\.)|.*\.myshopify\.com\b|\S*/", re.IGNORECASE | re.DOTALL)
UPSTREAMS = {"shopify.com": "Shopify", "myshopify.com": "Shopify", "sculpteo.com": "Sculpteo"}


def is_secret(text: str) -> bool:
    """Whether it is one of Shopify's secrets, which is never to be shown."""
    return _SHOPIFY_SECRET.match(text.strip()) is not None


def _check_client_id(text: str) -> str:
    where = "write the client ID, which stands beside the secret in the settings of your app in Shopify"
    if is_secret(text):
        raise build_value_error("is a secret, not a client ID", where)
    if _CLIENT_ID.fullmatch(text) is None:
        raise build_value_error("{value} is not a client ID, which has letters and digits only", where)
    return text


def _check_login(text: str) -> str:
    where = "write what you sign in with at Sculpteo: an e-mail address or a user name"
    if is_secret(text):
        raise build_value_error("is a secret of Shopify, not a login", where)
    if _ADDRESS.match(text) or any(char.isspace() for char in text):
        raise build_value_error("{value} is not a login", where)
    return text


def _check_theme(text: str) -> str:
    where = "write the name that you agreed on with Sculpteo, or leave the theme out"
    if is_secret(text):
        raise build_value_error("is a secret of Shopify, not a theme", where)
    if _ADDRESS.match(text) or "@" in text:
        raise build_value_error("{value} is not the name of a theme", where)
    return text


def _check_public_url(text: str) -> str:
    host = (urlsplit(text).hostname or "").rstrip(".")
    for domain, whose in UPSTREAMS.items():
        if host == domain or host.endswith(f".{domain}"):
            raise build_value_error(
                f"{{value}} is {whose}'s own address", "write the one under which this machine is reached"
            )
    return text


def _check_client_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if is_secret(text) and not text.lower().startswith(CLIENT_SECRET):
        raise build_value_error(
            "is an access token, not the client secret", "write it as access_token, or take the secret"
        )
    return secret


def _check_access_token(secret: SecretStr) -> SecretStr:
    if secret.get_secret_value().lower().startswith(CLIENT_SECRET):
        raise build_value_error(
            "is a client secret, not an access token", "write it as client_secret, and client_id beside it"
        )
    return secret


ClientId = Annotated[Text, AfterValidator(_check_client_id)]
Login = Annotated[Text, AfterValidator(_check_login)]
Theme = Annotated[Text, AfterValidator(_check_theme)]
PublicUrl = Annotated[BaseUrl, AfterValidator(_check_public_url)]
ClientSecret = Annotated[Secret, AfterValidator(_check_client_secret)]
AccessToken = Annotated[Secret, AfterValidator(_check_access_token)]
