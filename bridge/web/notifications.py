"""`POST /sculpteo/notify/{token}`: Sculpteo says that something changed on the order with this secret URL.

Documented is a POST with the one field `reference`; its encoding is not. So a form, JSON, a query string and
a bare reference are all understood, the raw call is kept, and every call is answered with 200: what it is
worth is decided by reading the tracking page. A call for an unknown token may be evidence of an attempt that
this database does not know yet, so a few of them are kept.
"""

from __future__ import annotations

import asyncio
import json
import re
from urllib.parse import parse_qs

import structlog
from aiohttp import web

from bridge.web.app_keys import (
    PARTS,
    Allowance,
)
from bridge.web.metrics import METRICS

LARGEST = 64 * 1024  # bytes
READ_WITHIN = 15.0  # seconds
STRAYS_PER_MINUTE = 30  # calls with unknown tokens that are looked at further
REFERENCE = re.compile(r"[A-Za-z0-9_-]{4,64}", re.ASCII)

log = structlog.get_logger("bridge.web")

routes = web.RouteTableDef()


STRAYS = web.AppKey("strays", Allowance)


@routes.post("/sculpteo/notify/{token}")
async def take(request: web.Request) -> web.Response:
    """Keep the call and wake its order."""
    app = request.app
    token = request.match_info["token"]
    calls = app[PARTS].store.calls
    known = await calls.has_token(token)
    if not known and not app[STRAYS].take():
        app[METRICS].notifications.labels("dropped").inc()
        return web.Response()
    raw = await _raw(request)
    reference = read_reference(request.headers.get("Content-Type", ""), raw, request.query_string)
    known = await calls.receive_notification(token, reference, raw or request.query_string.encode())
    app[METRICS].notifications.labels("known" if known else "unknown").inc()
    if known:
        app[PARTS].on_news()
    else:
        log.warning("Sculpteo, or somebody else, called a notification URL of no order that is known here")
    return web.Response()


async def _raw(request: web.Request) -> bytes:
    """The body, up to a small size. Raises 413 beyond."""
    parts = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN):
            async for chunk in request.content.iter_any():
                parts += chunk
                if len(parts) > LARGEST:
                    raise web.HTTPRequestEntityTooLarge(max_size=LARGEST, actual_size=len(parts))
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body took too long\n") from None
    return bytes(parts)


def read_reference(content_type: str, raw: bytes, query: str = "") -> str | None:
    """The reference that a call names, or None. Never raises, whatever the bytes.

    Only strict characters count: the text is shown, looked up and compared, but never trusted.
    """
    text = raw.decode("utf-8", "replace").strip()
    for found in (
        _from_multipart(content_type, text),
        _from_json(text),
        _from_form(text),
        _from_form(query),
        text,
    ):
        if found is not None and REFERENCE.fullmatch(found):
            return found
    return None


def _from_json(text: str) -> str | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):
        value = value.get("reference")
    return value.strip() if isinstance(value, str) else None


def _from_form(text: str) -> str | None:
    try:
        found = parse_qs(text, max_num_fields=20).get("reference")
    except ValueError:
        return None
    return found[0].strip() if found else None


def _from_multipart(content_type: str, text: str) -> str | None:
    if not content_type.lower().startswith("multipart/"):
        return None
    for part in re.split(r"(?:^|\r?\n)--", text):
        head, *value = re.split(r"\r?\n\r?\n", part, maxsplit=1)
        if value and re.search(r'\bname="?reference"?(?:[;\s]|$)', head):
            return value[0].strip()
    return None


def add_to(app: web.Application) -> None:
    """Add the route and what it needs."""
    app[STRAYS] = Allowance(STRAYS_PER_MINUTE)
    app.add_routes(routes)
