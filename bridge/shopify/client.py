"""A client of one shop's GraphQL Admin API.

https://shopify.dev/docs/api/admin-graphql
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import aiohttp

from bridge import __version__
from bridge.errors import CircuitOpen, UnreadableAnswer, shopify_upstream
from bridge.order.clock import (
    ClockReading,
    read_machine_time,
)
from bridge.shopify import http
from bridge.shopify.auth import Tokens
from bridge.shopify.documents import API_VERSION, document
from bridge.shopify.endpoint import Endpoint
from bridge.shopify.json_value import (
    Unexpected,
    Value,
)
from bridge.shopify.response import (
    Reply,
    Throttled,
    TokenRefused,
    UserError,
    judge,
    user_errors,
)
from bridge.shopify.throttle import Budget

PATIENCE = 10.0  # seconds that a call may wait for its budget before it says TryAgain
THROTTLED_TRIES = 3
LEAST_WAIT = 0.1  # seconds, so that a wait of nothing cannot be repeated without an end


class Admin:
    """Runs documents of `queries/` on one shop. Safe to share between tasks.

    `warn` is told once when Shopify serves another API version than the one asked for: what it serves now
    is `served_version`. Retried inside are only requests that Shopify did not run: a refused token (once,
    with a new one) and throttling (for `PATIENCE`). All else is for the caller, who re-reads before writing.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: Endpoint,
        tokens: Tokens,
        *,
        shop: str,
        warn: Callable[[str], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        timeout: aiohttp.ClientTimeout = http.TIMEOUT,
    ) -> None:
        self.shop = shop
        self.domain = endpoint.domain
        self.upstream = shopify_upstream(shop)
        self.served_version: str | None = None
        self.date: ClockReading | None = None  # what Shopify's clock showed in its last answer
        self._url = endpoint.graphql
        self._session = session
        self._tokens = tokens
        self._warn = warn
        self._sleep = sleep
        self._timeout = timeout
        self._clock = clock
        self._budget = Budget(clock)
        self._turn = asyncio.Lock()
        self._patience = PATIENCE
        self._on_wait: Callable[[float], None] = lambda seconds: None

    def be_patient(self, patience: float, on_wait: Callable[[float], None]) -> None:
        """For a command that a person waits for: each call waits up to so many seconds for its budget, and
        `on_wait` is told of each wait, in seconds, before it begins."""
        self._patience, self._on_wait = patience, on_wait

    async def run(
        self,
        name: str,
        variables: Mapping[str, object] | None = None,
        *,
        optional: frozenset[str] = frozenset(),
    ) -> Reply:
        """Run the document of this name. `optional` names fields that may be null for want of a permission.

        Raises TryAgain, AccessDenied, or NeedsPerson("shop_access" or "internal"). After a TryAgain a
        mutation may have been run.
        """
        body = json.dumps({"query": document(name), "variables": variables or {}}).encode()
        tries, waited = 1, 0.0
        while True:
            try:
                return await self._authorized(name, body, optional)
            except Throttled as throttled:
                is_last = tries >= THROTTLED_TRIES and self._patience <= PATIENCE
                wait = max(throttled.seconds, LEAST_WAIT)
                if is_last or waited + wait > self._patience:
                    raise
                tries, waited = tries + 1, waited + wait
                await self._wait(wait)

    async def _wait(self, seconds: float) -> None:
        self._on_wait(seconds)
        await self._sleep(seconds)

    async def write(
        self, name: str, field: str, variables: Mapping[str, object]
    ) -> tuple[Value, list[UserError]]:
        """Run a mutation; gives the payload of `field` and its user errors. Raises as `run` does."""
        reply = await self.run(name, variables)
        payload = reply.data[field]
        with self.reading(name, reply):
            if not payload:
                raise Unexpected(f"{field} is missing")
            return payload, user_errors(payload)

    @contextmanager
    def reading(self, name: str, reply: Reply) -> Iterator[None]:
        """Within it, data that is not as the schema says raises Unreadable with the place and the request id."""
        try:
            yield
        except Unexpected as error:
            why = f"Shopify's answer to {name} is not as expected: {error} (request id {reply.request_id})"
            raise UnreadableAnswer(why, upstream=self.upstream) from None

    async def pages(
        self, name: str, field: str, variables: Mapping[str, object] | None = None
    ) -> AsyncIterator[Value]:
        """The nodes of a connection at the root, page after page. Raises as `run` does."""
        after: str | None = None
        while True:
            reply = await self.run(name, {**(variables or {}), "after": after})
            connection = reply.data[field]
            with self.reading(name, reply):
                nodes = list(connection["nodes"].each())
                after = next_page(connection, after)
            for node in nodes:
                yield node
            if after is None:
                return

    async def _authorized(self, name: str, body: bytes, optional: frozenset[str]) -> Reply:
        token = await self._tokens.token()
        try:
            return await self._paced(name, body, token, optional)
        except TokenRefused:
            other = await self._tokens.renew(token)
            if other is None:
                raise
            return await self._paced(name, body, other, optional)

    async def _paced(self, name: str, body: bytes, token: str, optional: frozenset[str]) -> Reply:
        """Send when the budget allows it."""
        cost = self._budget.cost(name)
        await self._take(cost)
        try:
            answer = await self._send(body, token)
        finally:
            self._budget.give_back(cost)
        self._watch_version(answer)
        try:
            reply = judge(answer, upstream=self.upstream, name=name, optional=optional)
        except Throttled as throttled:
            self._budget.learn(name, throttled.cost)
            raise
        self._budget.learn(name, reply.cost)
        return reply

    async def _take(self, cost: float) -> None:
        """Take points from the budget, in the order of asking: else a dear query would starve beside many cheap
        ones. Raises CircuitOpen when that takes longer than `PATIENCE`."""
        asked_at = self._clock()
        async with self._turn:
            while wait := self._budget.wait(cost):
                if self._clock() - asked_at + wait > self._patience:
                    why = "Shopify's query budget is used up"
                    raise CircuitOpen(why, after=timedelta(seconds=wait), upstream=self.upstream)
                await self._wait(wait)
            self._budget.take(cost)

    async def _send(self, body: bytes, token: str) -> http.Answer:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Shopify-Access-Token": token,
            "User-Agent": f"sculpteo-bridge/{__version__}",
        }
        asked_at = read_machine_time()
        answer = await http.post(
            self._session,
            self._url,
            data=body,
            headers=headers,
            upstream=self.upstream,
            timeout=self._timeout,
        )
        if answer.date is not None:
            self.date = ClockReading(asked_at, answer.date, read_machine_time(), resolution=1.0)
        return answer

    def _watch_version(self, answer: http.Answer) -> None:
        """Shopify serves its oldest supported version once ours is too old, and says so only here.

        https://shopify.dev/docs/api/usage/versioning
        """
        served = answer.headers.get("x-shopify-api-version")
        if served is None or served == self.served_version:
            return
        self.served_version = served[:20]
        if served != API_VERSION and self._warn is not None:
            self._warn(
                f"Shopify serves API version {self.served_version} to {self.shop} instead of {API_VERSION}: "
                "update sculpteo-bridge"
            )


def next_page(connection: Value, before: str | None) -> str | None:
    """The cursor of the next page, or None at the end. Raises Unexpected, also where it would turn in circles."""
    info = connection["pageInfo"]
    if not info["hasNextPage"].flag():
        return None
    cursor = info["endCursor"].text()
    if cursor == before:
        raise Unexpected(f"{info.path}.endCursor does not move on")
    return cursor
