"""Who is there: sign-in, sessions, roles, forged requests, throttling.

- A session's secret is made anew at each sign-in and lives in an HttpOnly cookie; the store has its hash.
- A request that changes something carries the session's CSRF token; the sign-in form carries one of its own,
  in a cookie, and no request from another site is taken, by what the browser itself says of it.
- Where no proxy is configured, its headers are not believed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from aiohttp import web

from bridge.web.console import passwords
from bridge.web.console.needs import Console, Session, Setup, User
from bridge.web.console.throttle import Rate, Throttle

HASHES_AT_ONCE = 2  # each takes memory and a core for a moment
BY_ADDRESS = Rate(10, 30.0)
BY_NAME = Rate(20, 15.0)
ALL = Rate(60, 1.0)
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
DEMO = "demo"
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
Verdict = Literal["ok", "wrong", "wait"]


@dataclass(slots=True)
class Gate:
    """What guards the sign-in, in this process."""

    by_address: Throttle = field(default_factory=lambda: Throttle(BY_ADDRESS))
    by_name: Throttle = field(default_factory=lambda: Throttle(BY_NAME))
    all: Throttle = field(default_factory=lambda: Throttle(ALL))
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HASHES_AT_ONCE))

    def wait(self, name: str, address: str) -> float:
        """Seconds until this one may try."""
        return max(self.by_address.wait(address), self.by_name.wait(name), self.all.wait(""))

    async def check(self, users: dict[str, User], name: str, password: str, address: str) -> User | None:
        """The user, if the password is theirs. Takes as long for a name that does not exist."""
        for throttle, key in ((self.by_address, address), (self.by_name, name), (self.all, "")):
            throttle.take(key)
        user = users.get(name)
        line = user.password_hash if user else passwords.NOBODY
        async with self.turn:
            good = await asyncio.to_thread(passwords.fits, password, line)
        if not good or user is None:
            return None
        self.by_address.forgive(address)
        self.by_name.forgive(name)
        return user


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from. `secure` = the browser's own connection is https."""

    address: str
    local: bool  # from this machine, and through no proxy
    secure: bool


def origin_of(request: web.Request, setup: Setup) -> Origin:
    peer = request.remote or ""
    forwarded = any(name in request.headers for name in FORWARDED)
    local = _is_loopback(peer) and not forwarded
    if not (forwarded and _is_trusted(peer, setup.trusted_proxies)):
        return Origin(peer, local, request.scheme == "https" or (not local and _https(setup)))
    address = peer
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
        if not _is_address(hop):
            break
        address = hop
        if not _is_trusted(hop, setup.trusted_proxies):
            break
    proto = request.headers.get("X-Forwarded-Proto", "").strip().lower()
    return Origin(address, False, proto == "https" or _https(setup))


def _https(setup: Setup) -> bool:
    return urlsplit(setup.public_url).scheme == "https"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(text: str) -> bool:
    return _is_address(text) and ipaddress.ip_address(text).is_loopback


def _is_trusted(text: str, networks: tuple[str, ...]) -> bool:
    if not _is_address(text):
        return False
    address = ipaddress.ip_address(text)
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


def cookie_name(base: str, secure: bool) -> str:
    """With the `__Host-` prefix no other host, and no plain connection, can set it."""
    return f"__Host-bridge-{base}" if secure else f"bridge-{base}"


def set_cookie(
    response: web.StreamResponse, base: str, value: str, *, secure: bool, lasts: timedelta | None = None
) -> None:
    response.set_cookie(
        cookie_name(base, secure),
        value,
        max_age=int(lasts.total_seconds()) if lasts else None,
        path="/",
        secure=secure,
        httponly=True,
        samesite="Lax",
    )


def drop_cookie(response: web.StreamResponse, base: str, *, secure: bool) -> None:
    response.del_cookie(
        cookie_name(base, secure), path="/", secure=secure or None, httponly=True, samesite="Lax"
    )


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def proof_of(user: User) -> str:
    """Changes with the user's password, whose sessions then end."""
    return hash_of(f"proof:{user.name}:{user.password_hash}")


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody with a session."""

    user: User
    session: Session


async def enter(
    console: Console, user: User, origin: Origin, agent: str | None, setup: Setup
) -> tuple[Session, str]:
    """A new session; gives it and its secret."""
    secret = secrets.token_urlsafe(32)
    session = await console.store.sessions.open(
        hash_of(secret),
        who=user.name,
        proof=proof_of(user),
        csrf=secrets.token_urlsafe(24),
        lasts=setup.lasts,
        address=origin.address,
        agent=agent,
    )
    return session, secret


async def entered(console: Console, request: web.Request, origin: Origin, setup: Setup) -> Entered | None:
    """Who the request's session belongs to, if it still counts."""
    secret = request.cookies.get(cookie_name("session", origin.secure))
    if not secret or len(secret) > 200:
        return None
    session = await console.store.sessions.find(hash_of(secret))
    if session is None:
        return None
    user = demo_user() if is_open(console, request, origin) else setup.users.get(session.who)
    if user is None or not hmac.compare_digest(session.proof, proof_of(user)):
        return None
    return Entered(user, session)


def demo_user() -> User:
    return User(DEMO, "owner", "")


def is_open(console: Console, request: web.Request, origin: Origin) -> bool:
    """Whether anybody may enter: the demo, for this machine's own browser, under the machine's own name (a
    page elsewhere whose name was made to point here has another)."""
    host = urlsplit(f"//{request.host}").hostname
    return console.open_to_all and origin.local and host in LOOPBACK_NAMES


def is_forged(request: web.Request, setup: Setup, origin: Origin) -> str | None:
    """Why a request that changes something cannot come from our own pages; None = it may."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        return f"it comes from another site ({site})"
    said = request.headers.get("Origin")
    if said is not None:
        own = {request.host.lower(), urlsplit(setup.public_url).netloc.lower()}
        if urlsplit(said).netloc.lower() not in own:
            return "it comes from another origin"
    return None


