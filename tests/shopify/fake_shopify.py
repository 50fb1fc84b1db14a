"""A small Shopify for these tests: real HTTP on loopback, documents executed on the project's schema.

`root` answers fields (a value, or a callable with the field's arguments); `faults` are HTTP answers that
come before anything is executed. What was asked is kept in `requests`.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from graphql import GraphQLError, GraphQLSchema, build_schema, graphql_sync

from bridge.shopify.auth import StaticToken, Tokens
from bridge.shopify.client import Admin
from bridge.shopify.documents import API_VERSION
from bridge.shopify.endpoint import Endpoint, endpoint

SCHEMA = Path(__file__).parents[2] / f"bridge/sandbox/schema/admin_{API_VERSION}.graphql"
DOMAIN = "acme.myshopify.com"
REQUEST_ID = "1a2b3c4d-request"
TOKEN = "shpat_a-token-of-the-tests"


@cache
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text("utf-8"), assume_valid=True)


@dataclass(frozen=True)
class Fault:
    """An HTTP answer instead of the right one. `delay` in seconds; `drop` closes the connection unanswered."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    drop: bool = False


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def variables(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["variables"]
        return found

    @property
    def operation(self) -> str:
        """The name of the operation: Order, TagsAdd, ..."""
        text: str = json.loads(self.body)["query"]
        line = next(line for line in text.splitlines() if line.startswith(("query ", "mutation ")))
        return line.split(maxsplit=1)[1].split("(")[0].split(" ")[0]


def denied(field_name: str, scope: str) -> GraphQLError:
    """Shopify's error for a field that the app may not read."""
    return GraphQLError(
        f"Access denied for {field_name} field. Required access: `{scope}` access scope.",
        extensions={"code": "ACCESS_DENIED", "requiredAccess": f"`{scope}` access scope."},
    )


def throttled(requested: float, available: float, rate: float = 100.0, most: float = 2000.0) -> Fault:
    """Shopify's answer to a query that there are no points for: an error in a 200."""
    body = {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {"cost": cost(requested, available, rate, most)},
    }
    return Fault(body=json.dumps(body).encode())


def cost(requested: float, available: float, rate: float = 100.0, most: float = 2000.0) -> dict[str, Any]:
    return {
        "requestedQueryCost": requested,
        "actualQueryCost": None,
        "throttleStatus": {"maximumAvailable": most, "currentlyAvailable": available, "restoreRate": rate},
    }


def connection(*nodes: Any, after: str | None = None) -> dict[str, Any]:
    """A page of a list; `after` is the cursor of the next one."""
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}


class Stub:
    """The shop. `cost`, when set, is sent with every answer."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self.faults: deque[Fault] = deque()
        self.token_faults: deque[Fault] = deque()
        self.requests: list[Request] = []
        self.token_requests: list[Request] = []
        self.tokens = {TOKEN}
        self.lifetime = 86_399
        self.cost: dict[str, Any] | None = None
        self.version = API_VERSION

    def operations(self) -> list[str]:
        return [request.operation for request in self.requests]

    def of(self, operation: str) -> list[dict[str, Any]]:
        """The variables of every request of this operation."""
        return [request.variables for request in self.requests if request.operation == operation]

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post(f"/admin/api/{API_VERSION}/graphql.json", self._graphql)
        app.router.add_post("/admin/oauth/access_token", self._token)
        return app

    async def _keep(self, request: web.Request, kept: list[Request]) -> Request:
        one = Request(request.path, dict(request.headers), await request.read())
        kept.append(one)
        return one

    async def _fault(self, request: web.Request, fault: Fault) -> web.Response:
        await asyncio.sleep(fault.delay)
        if fault.drop and request.transport is not None:
            request.transport.abort()
        headers = {"X-Request-Id": REQUEST_ID, **fault.headers}
        return web.Response(status=fault.status, body=fault.body, headers=headers)

    async def _token(self, request: web.Request) -> web.Response:
        await self._keep(request, self.token_requests)
        if self.token_faults:
            return await self._fault(request, self.token_faults.popleft())
        token = f"shpca_{len(self.token_requests)}"
        self.tokens.add(token)
        body = {"access_token": token, "scope": "write_orders", "expires_in": self.lifetime}
        return web.json_response(body)

    async def _graphql(self, request: web.Request) -> web.Response:
        one = await self._keep(request, self.requests)
        if self.faults:
            return await self._fault(request, self.faults.popleft())
        headers = {"X-Request-Id": REQUEST_ID, "X-Shopify-API-Version": self.version}
        if one.headers.get("X-Shopify-Access-Token") not in self.tokens:
            body: dict[str, Any] = {"errors": "[API] Invalid API key or access token (unrecognized login)"}
            return web.json_response(body, status=401, headers=headers)
        asked = json.loads(one.body)
        result = graphql_sync(schema(), asked["query"], self.root, variable_values=asked["variables"])
        body = dict(result.formatted)
        if self.cost is not None:
            body["extensions"] = {"cost": self.cost}
        return web.json_response(body, headers=headers)


class Time:
    """A clock that moves when somebody sleeps by it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@dataclass
class Shop:
    """A stub that runs, and a client of it."""

    stub: Stub
    admin: Admin
    time: Time
    session: aiohttp.ClientSession
    where: Endpoint
    warnings: list[str]

    def client(self, tokens: Tokens, *, timeout: float = 30, shop: str = "acme") -> Admin:
        return Admin(
            self.session,
            self.where,
            tokens,
            shop=shop,
            warn=self.warnings.append,
            sleep=self.time.sleep,
            clock=self.time.clock,
            timeout=aiohttp.ClientTimeout(total=timeout),
        )


@asynccontextmanager
async def running(stub: Stub | None = None) -> AsyncIterator[Shop]:
    """A shop that listens on loopback, with a client that holds a static token."""
    stub = stub or Stub()
    async with TestServer(stub.app()) as server, aiohttp.ClientSession() as session:
        where = endpoint(DOMAIN, str(server.make_url("/")))
        shop = Shop(stub, None, Time(), session, where, [])  # type: ignore[arg-type]  # set in the next line
        shop.admin = shop.client(StaticToken(TOKEN))
        yield shop


Answerer = Callable[..., Any]
