"""Access tokens: one for ever, or one for a day by the client credentials grant.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlencode

import aiohttp

from bridge.errors import NeedsPerson, TryAgain, Upstream
from bridge.shopify import http
from bridge.shopify.json_value import (
    Unexpected,
    Value,
)

EARLY = timedelta(hours=1)  # a day's token is renewed this long before it ends
EARLY_SHARE = 0.1  # and a shorter one when this share of its life is left
RETRY_EARLY = timedelta(minutes=1)  # between tries to renew a token that still works


class Tokens(Protocol):
    async def token(self) -> str:
        """A token to use now. Raises TryAgain, or NeedsPerson("shop_access")."""

    async def renew(self, refused: str) -> str | None:
        """Another token after Shopify refused this one, or None where there can be no other."""


class StaticToken:
    """The token of an older custom app, which holds until the app is removed."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token

    async def renew(self, refused: str) -> str | None:
        return None


class ClientCredentials:
    """Tokens of a Dev Dashboard app: asked for when needed, kept, renewed early, one request at a time.

    `clock` counts seconds and never goes back: the token's life is counted here, not by the wall clock.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        client_id: str,
        client_secret: str,
        *,
        upstream: Upstream,
        clock: Callable[[], float] = time.monotonic,
        timeout: aiohttp.ClientTimeout = http.TIMEOUT,
    ) -> None:
        self._session = session
        self._url = url
        self._form = urlencode(
            {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        ).encode()
        self._upstream = upstream
        self._clock = clock
        self._timeout = timeout
        self._token: str | None = None
        self._ends_at = 0.0
        self._renew_at = 0.0
        self._asking: asyncio.Task[str] | None = None

    async def token(self) -> str:
        """The token that is kept, or a new one. A failure to renew early does not stop what still works."""
        now = self._clock()
        known = self._token
        if known is not None and now < self._renew_at:
            return known
        if known is None or now >= self._ends_at:
            return await self._ask()
        self._renew_at = now + RETRY_EARLY.total_seconds()
        try:
            return await self._ask()
        except (TryAgain, NeedsPerson):
            return known

    async def renew(self, refused: str) -> str | None:
        if self._token is not None and self._token != refused:
            return self._token
        self._token = None
        return await self._ask()

    async def _ask(self) -> str:
        """Everybody who waits gets the answer, or the failure, of one request."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._request())
            self._asking.add_done_callback(self._asked)
        return await asyncio.shield(self._asking)

    def _asked(self, task: asyncio.Task[str]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # looked at, even if everybody who waited has gone

    async def _request(self) -> str:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        answer = await http.post(
            self._session,
            self._url,
            data=self._form,
            headers=headers,
            upstream=self._upstream,
            timeout=self._timeout,
            largest=100_000,
        )
        token, lifetime = self._read(answer)
        now = self._clock()
        self._token = token
        self._ends_at = now + lifetime
        self._renew_at = self._ends_at - min(EARLY.total_seconds(), lifetime * EARLY_SHARE)
        return token

    def _read(self, answer: http.Answer) -> tuple[str, float]:
        """The token and its life in seconds. Never puts any of the answer's body into an error but its words."""
        if answer.status == 429 or answer.status >= 500 or answer.status == 408:
            why = f"Shopify gives no access token now ({answer.describe()})"
            raise TryAgain(why, after=answer.retry_after, upstream=self._upstream)
        if answer.status != 200:
            said = answer.sayings() or "no reason given"
            why = (
                f"it gives no access token: {said} (HTTP {answer.status}, request id {answer.request_id}); "
                "client_id or client_secret is wrong, or the app is not installed on this shop"
            )
            raise NeedsPerson("shop_access", why=why)
        try:
            body = Value(answer.json())
            token = body["access_token"].text()
            lifetime = body["expires_in"].integer() if body["expires_in"] else 3600
        except (ValueError, Unexpected):
            why = f"Shopify's answer to the token request cannot be read ({answer.describe()})"
            raise TryAgain(why, upstream=self._upstream) from None
        if not (token and token.isascii() and token.isprintable()):
            why = f"Shopify's access token cannot be used ({answer.describe()})"
            raise TryAgain(why, upstream=self._upstream)
        return token, float(max(lifetime, 1))
