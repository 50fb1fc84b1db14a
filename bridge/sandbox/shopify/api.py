"""The shop's Admin API over HTTP: tokens, GraphQL, a little REST.

https://shopify.dev/docs/api/admin-graphql and
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from aiohttp.typedefs import Handler

from bridge.sandbox.http.faults import (
    FaultMenu,
    Kind,
)
from bridge.sandbox.http.site import (
    IN_HANDLER,
    LARGEST_BODY,
    spoiling,
)
from bridge.sandbox.shopify import pictures, rest
from bridge.sandbox.shopify.cost import Bucket
from bridge.sandbox.shopify.engine import Engine, root_fields
from bridge.sandbox.shopify.settings import API_VERSIONS
from bridge.sandbox.shopify.shop import Shop

THROTTLED_COST = 100  # points that a spoilt answer claims to have needed
UNAUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"


class AdminApi:
    """The application of one shop."""

    def __init__(self, shop: Shop, menu: FaultMenu, clock: Callable[[], float] = time.monotonic) -> None:
        self.shop = shop
        self.engine = Engine(shop, Bucket(shop.settings.bucket_size, shop.settings.restore_rate, clock))
        self._menu = menu

    def application(self) -> web.Application:
        app = web.Application(
            client_max_size=LARGEST_BODY, middlewares=[self._headers, spoiling(self._menu, self._names)]
        )
        app.add_routes(
            [
                web.post("/admin/oauth/access_token", self.access_token),
                web.post("/admin/api/{version}/graphql.json", self.graphql),
                web.post("/admin/api/graphql.json", self.graphql),
                *rest.routes(self.shop, self._guard),
                *pictures.routes(self.shop),
            ]
        )
        return app

    # -- around every request --

    @web.middleware
    async def _headers(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        extra = {"x-request-id": self.shop.uuid(), "X-Shopify-API-Version": served_version(request)}
        try:
            response = await handler(request)
        except web.HTTPException as error:
            error.headers.update(extra)
            raise
        if not response.prepared:
            response.headers.update(extra)
        return response

    def _names(self, request: web.Request, body: bytes) -> Sequence[str]:
        """What the fault menu calls this request."""
        if request.path.startswith("/_control/"):
            return ("control",)
        if request.path.startswith("/pictures/"):
            return ("shopify.pictures",)
        if request.path.endswith("/oauth/access_token"):
            return ("shopify.token",)
        if not request.path.endswith("graphql.json"):
            return ("shopify.rest",)
        query, _, name = _graphql_body(body)
        operation = self.engine.prepare(query).operation(name) if query else None
        fields = root_fields(operation) if operation else []
        label = operation.name.value if operation and operation.name else name
        named = [f"shopify.graphql.{entry}" for entry in (*fields, label) if entry]
        return ("shopify.graphql", *named)

    def _guard(self, request: web.Request) -> None:
        """Raises 401 for a request without a token that works, 404 for a version that is none."""
        fault = IN_HANDLER.get()
        if fault is not None and fault.kind is Kind.EXPIRE_TOKEN:
            self.shop.expire_tokens()
            raise _refusal(401, {"errors": UNAUTHORIZED})
        if not self.shop.accepts_token(request.headers.get("X-Shopify-Access-Token")):
            raise _refusal(401, {"errors": UNAUTHORIZED})
        if fault is not None and fault.kind is Kind.THROTTLE and not request.path.endswith("graphql.json"):
            raise _refusal(429, {"errors": "Exceeded 2 calls per second"}, {"Retry-After": "2.0"})
        if not served_version(request):
            raise _refusal(404, {"errors": "Not Found"})

    # -- endpoints --

    async def access_token(self, request: web.Request) -> web.Response:
        """The client credentials grant, as a form or as JSON."""
        fields = _fields(await request.read(), request.content_type)
        settings = self.shop.settings
        if fields.get("grant_type") != "client_credentials":
            return _oauth_error("unsupported_grant_type", "The grant type is not supported.")
        if not self.shop.installed or (fields.get("client_id"), fields.get("client_secret")) != (
            settings.client_id,
            settings.client_secret,
        ):
            return _oauth_error("invalid_client", "The client is unknown or the app is not installed.")
        return web.json_response(
            {
                "access_token": self.shop.issue_token(),
                "scope": ",".join(settings.scopes),
                "expires_in": int(settings.token_lifetime.total_seconds()) - 1,
            }
        )

    async def graphql(self, request: web.Request) -> web.Response:
        self._guard(request)
        query, variables, name = _graphql_body(await request.read())
        if query is None:
            raise _refusal(400, {"errors": {"query": "Required parameter missing or invalid"}})
        fault = IN_HANDLER.get()
        if fault is not None and fault.kind is Kind.THROTTLE:
            return web.json_response(self.engine.throttled(THROTTLED_COST, empty=True))
        return web.json_response(self.engine.run(query, variables, name))


def served_version(request: web.Request) -> str:
    """The version that answers: a retired one falls forward to the oldest; "" when it is none at all.

    https://shopify.dev/docs/api/usage/versioning
    """
    asked = request.match_info.get("version", API_VERSIONS[0])
    if asked in API_VERSIONS or asked == "unstable":
        return asked
    digits = asked.replace("-", "")
    if len(asked) == 7 and digits.isdigit() and asked < API_VERSIONS[0]:
        return API_VERSIONS[0]
    return ""


def _graphql_body(body: bytes) -> tuple[str | None, Mapping[str, Any], str | None]:
    try:
        parsed = json.loads(body)
        query = parsed["query"]
        variables = parsed.get("variables") or {}
        name = parsed.get("operationName")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, {}, None
    if not isinstance(query, str) or not isinstance(variables, dict):
        return None, {}, None
    return query, variables, name if isinstance(name, str) else None


def _fields(body: bytes, content_type: str) -> Mapping[str, str]:
    text = body.decode("utf-8", "replace")
    if content_type == "application/json":
        try:
            parsed = json.loads(text)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}
    return {name: values[0] for name, values in parse_qs(text).items()}


def _oauth_error(code: str, description: str) -> web.Response:
    return web.json_response({"error": code, "error_description": description}, status=400)


def _refusal(
    status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> web.HTTPException:
    kinds: dict[int, type[web.HTTPException]] = {
        400: web.HTTPBadRequest,
        401: web.HTTPUnauthorized,
        404: web.HTTPNotFound,
        429: web.HTTPTooManyRequests,
    }
    return kinds[status](text=json.dumps(body), content_type="application/json", headers=headers)
