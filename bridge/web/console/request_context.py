"""One request of one person: what every page is given, and what stands before each.

`page` wraps a handler: it finds who is there, refuses the wrong role and forged requests, reads the form, and
shows what goes wrong as a page.
"""

from __future__ import annotations

import asyncio
import functools
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import parse_qsl, quote, unquote

import structlog
from aiohttp import web

from bridge.config.settings import Settings
from bridge.config.simulated_upstreams import list_simulated_upstreams
from bridge.errors import StoreUnavailable
from bridge.i18n.formatter import (
    Formatter,
    build_formatter,
)
from bridge.order.states import FOR_A_PERSON, State
from bridge.steps.context import StepContext
from bridge.store.order_search import OrderCounts
from bridge.store.sessions import Session
from bridge.store.store import Store
from bridge.web.console import auth
from bridge.web.console.auth import (
    Entered,
    Origin,
    Role,
    User,
)
from bridge.web.console.context import (
    CONSOLE,
    Console,
)
from bridge.web.console.navigation import (
    NAVIGATION,
    ROLES,
    STATES,
)
from bridge.web.console.product_pictures import PRODUCT_PICTURES
from bridge.web.console.rendering import render
from bridge.web.health import is_local

LARGEST_FORM = 64 * 1024  # bytes
MOST_FIELDS = 300
READ_WITHIN = 15.0  # seconds
LONGEST_NOTICE = 400  # characters: with accents and quoted, a cookie still holds them
CSRF = "csrf"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",  # so that our own forms say where they come from
    "Vary": "Accept-Language, Cookie",
    "X-Frame-Options": "DENY",
}
NO_FRAME: dict[str, object] = {"needy": 0, "pauses": (), "standing": None}
HINT = """The console is off: nobody may sign in to it yet.

Run `sculpteo-bridge password`: it asks for a password, and says where to put the line that it prints.
Then start the bridge again.
"""

log = structlog.get_logger("bridge.console")


@dataclass(slots=True)
class Form:
    """The fields of a form, in their order."""

    fields: Sequence[tuple[str, str]] = ()

    def get(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.fields if key == name), default)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]


@dataclass(slots=True)
class Visit:
    """A request, who makes it, and how they read."""

    request: web.Request
    console: Console
    origin: Origin
    reader: Formatter
    entered: Entered | None
    form: Form = field(default_factory=Form)
    _counts: OrderCounts | None = None

    @property
    def store(self) -> Store:
        return self.console.store

    @property
    def settings(self) -> Settings:
        return self.console.settings

    @property
    def world(self) -> StepContext:
        return self.console.world()

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def user(self) -> User:
        assert self.entered is not None  # noqa: S101 - `page` lets nobody else in
        return self.entered.user

    @property
    def session(self) -> Session:
        assert self.entered is not None  # noqa: S101 - as above
        return self.entered.session

    def t(self, sentence: str, **facts: object) -> str:
        """The sentence in the reader's language."""
        return self.reader.t(sentence, **facts)

    async def counts(self) -> OrderCounts:
        """The orders by state, counted once for this request."""
        if self._counts is None:
            self._counts = await self.store.desk.count_orders()
        return self._counts

    async def show(self, template: str, *, status: int = 200, **values: object) -> web.Response:
        """A page. Raises StoreUnavailable."""
        return self._page(template, status, {**await self._frame(), **values})

    def show_wrong(self, status: int, sentence: str) -> web.Response:
        """A page that says what is wrong, and asks the store for nothing."""
        return self._page("wrong.html", status, {**NO_FRAME, "code": status, "sentence": sentence})

    async def _frame(self) -> dict[str, object]:
        """What stands around every page."""
        if self.entered is None:
            return NO_FRAME
        counts = await self.counts()
        needy = counts.states[State.ATTENTION] + counts.states[State.UNKNOWN]
        needy += sum(counts.reasons.get(reason, 0) for reason in FOR_A_PERSON)
        pauses = await self.store.switch.list_pauses()
        return {"needy": needy, "pauses": pauses, "standing": self.console.standing()}

    def _page(self, template: str, status: int, values: dict[str, object]) -> web.Response:
        notice = _notice(self.request, self.origin)
        context: dict[str, object] = {
            "r": self.reader,
            "t": self.reader.t,
            "n": self.reader.n,
            "now": self.now,
            "me": self.entered.user if self.entered else None,
            "csrf": self.entered.session.csrf if self.entered else "",
            "mode": str(self.settings.mode),
            "path": self.request.path,
            "notice": notice,
            "demo": self.console.open_here,
            "simulated": [one.name for one in list_simulated_upstreams(self.settings)],
            "navigation": NAVIGATION,
            "state_names": STATES,
            "role_names": ROLES,
            "picture": partial(self.request.app[PRODUCT_PICTURES].address, self.console),
            **values,
        }
        response = web.Response(text=render(template, context), status=status, content_type="text/html")
        if notice is not None:
            auth.drop_cookie(response, "notice", self.origin)
        return response

    def back_to(self, path: str, text: str = "", *, good: bool = True) -> web.Response:
        """To another page of ours, which says `text` once."""
        response = web.Response(status=303, headers={"Location": path})
        if text:
            value = quote(json.dumps([good, text[:LONGEST_NOTICE]], ensure_ascii=False), safe="")
            auth.set_cookie(response, "notice", value, self.origin, timedelta(seconds=60))
        return response

    async def note(self, action: str, outcome: str, order: int | None = None, **facts: object) -> None:
        """Write it into the audit log."""
        who, address = self.user.name, self.origin.address
        await self.store.sessions.record_action(
            who, action, outcome, order=order, address=address, facts=facts
        )


Page = Callable[[Visit], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page(role: Role | None = "viewer") -> Callable[[Page], Handler]:
    """Wraps a page that needs this role; with None, one that anybody may see."""

    def wrap(handler: Page) -> Handler:
        @functools.wraps(handler)
        async def handle(request: web.Request) -> web.StreamResponse:
            console = request.app[CONSOLE]
            off = _closed(console, request)
            if off is not None:
                return off
            visit = visit_of(console, request)
            response = _as_stream(request, await _guarded(visit, handler, role))
            if not response.prepared:
                add_headers(response, visit.origin)
            return response

        return handle

    return wrap


def _as_stream(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """What an open page's stream of events is answered where a person would be shown a page: after 204 the browser
    asks no more, and after an empty stream it asks again in a moment. A page in place of a stream is an error to it.
    https://html.spec.whatwg.org/multipage/server-sent-events.html"""
    if response.prepared or "text/event-stream" not in request.headers.get("Accept", ""):
        return response
    if response.status >= 500:
        return web.Response(text="retry: 5000\n\n", content_type="text/event-stream")
    return web.Response(status=204)


def _closed(console: Console, request: web.Request) -> web.Response | None:
    """The answer while the console is off: a hint for this machine, nothing for others."""
    if not (console.open_here or console.settings.console.list_members()):
        if not is_local(request) or request.path != "/":
            raise web.HTTPNotFound
        return web.Response(text=HINT)
    if not auth.is_known_host(request, console.settings):
        raise web.HTTPMisdirectedRequest(
            text="The console answers under the address of server.public_url, or the machine's own.\n"
        )
    return None


def visit_of(console: Console, request: web.Request) -> Visit:
    """A visit of somebody unknown yet."""
    zone = unquote(request.cookies.get("bridge-zone", ""))
    language = console.settings.console.language
    reader = build_formatter(request.headers.get("Accept-Language", ""), language, zone)
    return Visit(request, console, auth.origin_of(request, console.settings), reader, None)


async def _guarded(visit: Visit, handler: Page, role: Role | None) -> web.StreamResponse:
    """The page, or the page that says why not."""
    try:
        visit.entered = await auth.entered(visit.console, visit.request, visit.origin)
        return await _refused(visit, role) or await handler(visit)
    except web.HTTPNotFound:
        return visit.show_wrong(404, visit.t("There is nothing here."))
    except web.HTTPRequestEntityTooLarge:
        return visit.show_wrong(413, visit.t("That is too much at once."))
    except web.HTTPForbidden:
        return visit.show_wrong(403, visit.t("Your role does not allow this. Ask an owner of the console."))
    except web.HTTPBadRequest:
        return visit.show_wrong(400, visit.t("This request makes no sense."))
    except StoreUnavailable as error:
        log.error("the database is not available", error=str(error))
        return visit.show_wrong(503, visit.t("The database cannot be used just now. Try again in a moment."))
    except Exception:
        log.exception("a page failed by an error of its own", page=handler.__name__)
        return visit.show_wrong(
            500, visit.t("The console itself failed here. The log of the bridge says why.")
        )


async def _refused(visit: Visit, role: Role | None) -> web.Response | None:
    """Why this visit gets no further; None = it does. Reads the form of one that changes something."""
    changes = visit.request.method not in {"GET", "HEAD"}
    if role and visit.entered is None:
        return _to_sign_in(visit, changes)
    if role and not visit.user.may(role):
        if changes:
            await visit.note("refused", "role", path=visit.request.path[:200])
        return visit.show_wrong(403, visit.t("Your role does not allow this. Ask an owner of the console."))
    if changes:
        visit.form = await _form(visit.request)
        why = _forged(visit, role)
        if why:
            log.warning("a forged request was refused", why=why)
            text = visit.t("This form is not valid any more. Go back, reload the page and try again.")
            return visit.show_wrong(403, text)
    return None


def _to_sign_in(visit: Visit, changes: bool) -> web.Response:
    if visit.console.open_here:
        return visit.show_wrong(403, visit.t("The console of the demo is open to this machine only."))
    if changes:
        return visit.show_wrong(403, visit.t("You are signed out. Sign in, then try again."))
    wanted = visit.request.path_qs
    there = "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted[:500], safe='')}"
    return web.Response(status=303, headers={"Location": there})


async def _form(request: web.Request) -> Form:
    """The fields of a plain form. Raises 413 for a large one, 400 for anything else."""
    if request.content_type != "application/x-www-form-urlencoded" or "Content-Encoding" in request.headers:
        raise web.HTTPBadRequest
    if (request.content_length or 0) > LARGEST_FORM:
        raise web.HTTPRequestEntityTooLarge(LARGEST_FORM, request.content_length or 0)
    raw = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN):
            async for chunk in request.content.iter_any():
                raw += chunk
                if len(raw) > LARGEST_FORM:
                    raise web.HTTPRequestEntityTooLarge(LARGEST_FORM, len(raw))
    except TimeoutError:
        raise web.HTTPBadRequest from None
    try:
        return Form(tuple(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)))
    except ValueError:
        raise web.HTTPBadRequest from None


def _forged(visit: Visit, role: Role | None) -> str | None:
    """Why it does not come from a form of ours."""
    expected = visit.session.csrf if role else auth.cookie(visit.request, "form", visit.origin)
    given = visit.form.get(CSRF)
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        return "its token is not that of the session"
    return auth.forged(visit.request, visit.settings)


def form_token(visit: Visit) -> str:
    """The token of a form that is shown before anybody is signed in."""
    known = auth.cookie(visit.request, "form", visit.origin)
    return known if 20 <= len(known) <= 100 and known.isascii() else secrets.token_urlsafe(24)


def _notice(request: web.Request, origin: Origin) -> tuple[bool, str] | None:
    """What the page before wants said. It is text, and is shown as such."""
    raw = auth.cookie(request, "notice", origin)
    if not raw or len(raw) > 12 * LONGEST_NOTICE:
        return None
    try:
        good, text = json.loads(unquote(raw))
    except (ValueError, TypeError, RecursionError):
        return None
    return bool(good), str(text)[:LONGEST_NOTICE]


def local_path(path: str) -> str:
    """A path of ours; anything else leads to the first page."""
    sane = all(32 < ord(char) < 127 for char in path) and "\\" not in path
    return path if sane and path.startswith("/") and not path.startswith("//") else "/"


def add_headers(response: web.StreamResponse, origin: Origin) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if origin.secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
