"""One request of one person: what every page is given, and what stands before each.

`page` wraps a handler: it finds who is there, refuses the wrong role and forged requests, reads the form, and
shows what goes wrong as a page.
"""

from __future__ import annotations

import functools
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote

import structlog
from aiohttp import web

from bridge.errors import BridgeError
from bridge.steps.job import World
from bridge.web.console import access
from bridge.web.console.access import Entered, Gate, Origin
from bridge.web.console.needs import Console, ConsoleStore, Role, Session, Setup, User
from bridge.web.console.rendering import render
from bridge.web.console.words import Reader, reader_for

CONSOLE = web.AppKey("console", Console)
GATE = web.AppKey("gate", Gate)

LARGEST_FORM = 64 * 1024  # bytes
MOST_FIELDS = 300
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
}
SECURE = {"Strict-Transport-Security": "max-age=31536000"}

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
    setup: Setup
    origin: Origin
    reader: Reader
    entered: Entered | None
    form: Form = field(default_factory=Form)

    @property
    def store(self) -> ConsoleStore:
        return self.console.store

    @property
    def world(self) -> World:
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
        return self.reader.t(sentence, **facts)

    def show(self, template: str, *, status: int = 200, **values: object) -> web.Response:
        """A page."""
        notice = _notice(self.request, self.origin)
        context: dict[str, object] = {
            "r": self.reader,
            "t": self.reader.t,
            "n": self.reader.n,
            "now": self.now,
            "me": self.entered.user if self.entered else None,
            "csrf": self.entered.session.csrf if self.entered else "",
            "mode": str(self.world.policy.mode),
            "path": self.request.path,
            "notice": notice,
            "demo": self.entered is not None and self.entered.user.name == access.DEMO,
            "warnings": self.setup.warnings,
            **values,
        }
        response = web.Response(text=render(template, context), status=status, content_type="text/html")
        if notice is not None:
            access.drop_cookie(response, "notice", secure=self.origin.secure)
        return response

    def back_to(self, path: str, text: str = "", *, good: bool = True) -> web.Response:
        """To another page of ours, which says `text` once."""
        response = web.Response(status=303, headers={"Location": path})
        if text:
            value = quote(json.dumps([good, text[:600]]), safe="")
            access.set_cookie(
                response, "notice", value, secure=self.origin.secure, lasts=timedelta(seconds=60)
            )
        return response

    async def note(self, action: str, outcome: str, order: int | None = None, **facts: object) -> None:
        """Write it into the audit log."""
        await self.store.sessions.note(
            self.user.name, action, outcome, order=order, address=self.origin.address, facts=facts
        )


Page = Callable[[Visit], Awaitable[web.StreamResponse]]


def _notice(request: web.Request, origin: Origin) -> tuple[bool, str] | None:
    """What the page before wants said. It is text, and is shown as such."""
    raw = request.cookies.get(access.cookie_name("notice", origin.secure))
    if not raw or len(raw) > 4000:
        return None
    try:
        good, text = json.loads(unquote(raw))
    except (ValueError, TypeError, RecursionError):
        return None
    return bool(good), str(text)[:600]


def page(role: Role | None = "viewer") -> Callable[[Page], Callable[[web.Request], Awaitable[web.StreamResponse]]]:
    """Wraps a page that needs this role; with None, one that anybody may see."""

    def wrap(handler: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        @functools.wraps(handler)
        async def handle(request: web.Request) -> web.StreamResponse:
            visit = await _visit(request)
            response = await _opened(visit) if role and visit.entered is None else None
            if response is None:
                response = await _answered(visit, handler, role)
            _add_headers(response, visit.origin)
            return response

        return handle

    return wrap


async def _visit(request: web.Request) -> Visit:
    console = request.app[CONSOLE]
    setup = console.setup()
    origin = access.origin_of(request, setup)
    zone = request.cookies.get("bridge-zone", "").replace("%2F", "/")
    reader = reader_for(request.headers.get("Accept-Language", ""), setup.language, zone)
    entered = await access.entered(console, request, origin, setup)
    return Visit(request, console, setup, origin, reader, entered)


async def _opened(visit: Visit) -> web.StreamResponse | None:
    """Nobody is signed in. In the demo, whoever is on this machine gets a session; else: to the sign-in."""
    request = visit.request
    if not access.is_open(visit.console, request, visit.origin):
        if request.method not in {"GET", "HEAD"}:
            return _wrong(visit, 403, visit.t("You are signed out. Sign in, then try again."))
        wanted = request.path_qs if request.path != "/live" else "/"
        there = "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}"
        return web.Response(status=303, headers={"Location": there})
    user = access.demo_user()
    agent = request.headers.get("User-Agent")
    _, secret = await access.enter(visit.console, user, visit.origin, agent, visit.setup)
    response = web.Response(status=303, headers={"Location": local_path(request.path_qs)})
    if request.method not in {"GET", "HEAD"}:
        response = _wrong(visit, 403, visit.t("You are signed out. Sign in, then try again."))
    access.set_cookie(response, "session", secret, secure=visit.origin.secure, lasts=visit.setup.lasts)
    return response


async def _answered(visit: Visit, handler: Page, role: Role | None) -> web.StreamResponse:
    if role and not visit.user.may(role):
        await visit.note("refused", "role", path=visit.request.path[:200])
        return _wrong(visit, 403, visit.t("Your role does not allow this. Ask an owner of the console."))
    try:
        if visit.request.method not in {"GET", "HEAD"}:
            visit.form = await _form(visit.request)
            forged = _forged(visit, role)
            if forged:
                log.warning("a forged request was refused", why=forged, path=visit.request.path)
                text = visit.t("This form is not valid any more. Go back, reload the page and try again.")
                return _wrong(visit, 403, text)
        return await handler(visit)
    except web.HTTPNotFound:
        return _wrong(visit, 404, visit.t("There is nothing here."))
    except web.HTTPRequestEntityTooLarge:
        return _wrong(visit, 413, visit.t("That is too much at once."))
    except web.HTTPBadRequest:
        return _wrong(visit, 400, visit.t("This request makes no sense."))


def _wrong(visit: Visit, status: int, text: str) -> web.Response:
    return visit.show("wrong.html", status=status, title=text, code=status)


async def _form(request: web.Request) -> Form:
    """The fields of a plain form. Raises 413 for a large one, 400 for anything else."""
    if request.content_type != "application/x-www-form-urlencoded" or "Content-Encoding" in request.headers:
        raise web.HTTPBadRequest
    if (request.content_length or 0) > LARGEST_FORM:
        raise web.HTTPRequestEntityTooLarge(LARGEST_FORM, request.content_length or 0)
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > LARGEST_FORM:
            raise web.HTTPRequestEntityTooLarge(LARGEST_FORM, len(raw))
    try:
        return Form(
            tuple(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
        )
    except (ValueError, UnicodeDecodeError):
        raise web.HTTPBadRequest from None


def _forged(visit: Visit, role: Role | None) -> str | None:
    forged = access.is_forged(visit.request, visit.setup, visit.origin)
    if forged:
        return forged
    if role is None:
        expected = visit.request.cookies.get(access.cookie_name("form", visit.origin.secure), "")
    else:
        expected = visit.session.csrf
    given = visit.form.get(CSRF)
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        return "its token is not that of the session"
    return None


def form_token(visit: Visit) -> str:
    """The token of a form that is shown before anybody is signed in."""
    known = visit.request.cookies.get(access.cookie_name("form", visit.origin.secure), "")
    return known if 20 <= len(known) <= 100 and known.isascii() else secrets.token_urlsafe(24)


def local_path(path: str) -> str:
    """A path of ours; anything else leads to the first page."""
    sane = path.isascii() and all(32 < ord(char) < 127 for char in path) and "\\" not in path
    return path if sane and path.startswith("/") and not path.startswith("//") else "/"


def _add_headers(response: web.StreamResponse, origin: Origin) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if origin.secure:
        for name, value in SECURE.items():
            response.headers.setdefault(name, value)


def say_error(visit: Visit, error: BridgeError) -> str:
    """An error that the person can do something about, as a sentence."""
    text = str(error)
    return text[:1].upper() + text[1:]


