"""Who is there: where a request comes from, sign-in, sessions, forged requests.

- A session's secret is made anew at each sign-in and lives in an HttpOnly cookie; the store has its hash.
- No request that changes something is taken from another site, by what the browser itself says of it.
- The headers of a proxy are believed only where it is configured as trusted.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from aiohttp import web

from bridge.config.settings import Settings
from bridge.store.sessions import Session
from bridge.web.console import passwords
from bridge.web.console.parts import Console
from bridge.web.console.throttle import Rate, Throttle
from bridge.web.health import FORWARDED, is_local

Role = Literal["viewer", "operator", "owner"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "owner")
HASHES_AT_ONCE = 2  # each takes memory and a core for a moment
BY_ADDRESS = Rate(10, 30.0)
BY_NAME = Rate(20, 15.0)
ALL = Rate(60, 1.0)
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
OWN_NETWORK = (".local", ".localhost", ".internal", ".lan", ".home.arpa")
LONGEST_SECRET = 200


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in."""

    name: str
    role: Role
    password_hash: str = field(repr=False)

    def may(self, role: Role) -> bool:
        """Whether this user has the role, or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)

    @property
    def proof(self) -> str:
        """Changes with the user's password, whose sessions then end."""
        return digest(f"proof:{self.name}:{self.password_hash}")


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody with a session."""

    user: User
    session: Session


def users_of(settings: Settings) -> dict[str, User]:
    """Everybody who may sign in, by name."""
    return {
        name: User(name, member.role, member.password_hash.get_secret_value())
        for name, member in settings.console.members().items()
    }


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


# --- where a request comes from --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from."""

    address: str
    here: bool  # from this machine's own browser, through no proxy and under the machine's own name
    secure: bool  # the browser's connection is https


def origin_of(request: web.Request, settings: Settings) -> Origin:
    peer, host = request.remote or "", _host_of(request)
    public = urlsplit(settings.server.public_url)
    forwarded = any(name in request.headers for name in FORWARDED)
    secure = public.scheme == "https" and (forwarded or host == public.hostname)
    here = is_local(request) and host in LOOPBACK_NAMES
    trusted = settings.server.trusted_proxies
    if forwarded and _is_within(peer, trusted):
        proto = request.headers.get("X-Forwarded-Proto", "").strip().lower()
        return Origin(_address_behind(request, peer, trusted), False, secure or proto == "https")
    return Origin(peer, here, secure or request.scheme == "https")


def _address_behind(request: web.Request, peer: str, trusted: Iterable[str]) -> str:
    """The nearest address of X-Forwarded-For that no trusted proxy has: what lies before it may be invented."""
    address = peer
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
        if not _is_address(hop):
            break
        address = hop
        if not _is_within(hop, trusted):
            break
    return address


def _host_of(request: web.Request) -> str | None:
    try:
        return urlsplit(f"//{request.host}").hostname
    except ValueError:
        return None


def is_known_host(request: web.Request, settings: Settings) -> bool:
    """Whether the browser asks for a name of ours. A page elsewhere can make a name of its own point here
    (DNS rebinding), but no address, and no name that only this network has."""
    host = _host_of(request)
    if host is None:
        return False
    ours = host == urlsplit(settings.server.public_url).hostname
    return ours or _is_address(host) or "." not in host or host.endswith(OWN_NETWORK)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_within(text: str, networks: Iterable[str]) -> bool:
    if not _is_address(text):
        return False
    address = ipaddress.ip_address(text)
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


def forged(request: web.Request, settings: Settings) -> str | None:
    """Why a request that changes something cannot come from our own pages; None = it may."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        return f"it comes from another site ({site})"
    said = request.headers.get("Origin")
    if said is not None:
        own = {request.host.lower(), urlsplit(settings.server.public_url).netloc.lower()}
        if urlsplit(said).netloc.lower() not in own:
            return "it comes from another origin"
    return None


# --- cookies ---------------------------------------------------------------------------------------------


def cookie_name(base: str, origin: Origin) -> str:
    """With the `__Host-` prefix no other host, and no plain connection, can set it."""
    return f"__Host-bridge-{base}" if origin.secure else f"bridge-{base}"


def cookie(request: web.Request, base: str, origin: Origin) -> str:
    return request.cookies.get(cookie_name(base, origin), "")


def set_cookie(
    response: web.StreamResponse, base: str, value: str, origin: Origin, lasts: timedelta | None = None
) -> None:
    """`lasts` None = until the browser closes."""
    response.set_cookie(
        cookie_name(base, origin),
        value,
        max_age=int(lasts.total_seconds()) if lasts else None,
        path="/",
        secure=origin.secure,
        httponly=True,
        samesite="Lax",
    )


def drop_cookie(response: web.StreamResponse, base: str, origin: Origin) -> None:
    response.del_cookie(
        cookie_name(base, origin), path="/", secure=origin.secure or None, httponly=True, samesite="Lax"
    )


# --- sign-in and sessions --------------------------------------------------------------------------------


@dataclass(slots=True)
class Gate:
    """What guards the sign-in, in this process."""

    by_address: Throttle = field(default_factory=lambda: Throttle(BY_ADDRESS))
    by_name: Throttle = field(default_factory=lambda: Throttle(BY_NAME))
    all: Throttle = field(default_factory=lambda: Throttle(ALL))
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HASHES_AT_ONCE))

    def take(self, name: str, address: str) -> float:
        """Count a try; gives the seconds to wait instead, if there were too many of them (0 = go on)."""
        tries = ((self.by_address, _neighbours(address)), (self.by_name, digest(name)), (self.all, ""))
        wait = max(throttle.wait(key) for throttle, key in tries)
        if not wait:
            for throttle, key in tries:
                throttle.take(key)
        return wait

    async def check(self, users: dict[str, User], name: str, password: str, address: str) -> User | None:
        """The user, if the password is theirs. Takes as long for a name that does not exist."""
        user = users.get(name)
        line = (user or next(iter(users.values()))).password_hash
        async with self.turn:
            good = await asyncio.to_thread(passwords.fits, password, line)
        if user is None or not good:
            return None
        self.by_address.forgive(_neighbours(address))
        self.by_name.forgive(digest(name))
        return user


GATE = web.AppKey("gate", Gate)


def _neighbours(address: str) -> str:
    """The address, or the network of an IPv6 one: a single customer has 2^64 of them."""
    if not _is_address(address):
        return address
    found = ipaddress.ip_address(address)
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


async def enter(console: Console, user: User, origin: Origin, agent: str | None) -> str:
    """Open a session; gives its secret."""
    secret = secrets.token_urlsafe(32)
    await console.store.sessions.open(
        digest(secret),
        who=user.name,
        proof=user.proof,
        csrf=secrets.token_urlsafe(24),
        lasts=console.settings.console.session,
        address=origin.address,
        agent=agent,
    )
    return secret


async def entered(console: Console, request: web.Request, origin: Origin) -> Entered | None:
    """Who the request's session belongs to, if it still counts."""
    if console.open_here:
        return DEMO if origin.here else None
    secret = cookie(request, "session", origin)
    if not secret or len(secret) > LONGEST_SECRET:
        return None
    session = await console.store.sessions.find(digest(secret))
    user = users_of(console.settings).get(session.who) if session else None
    if session is None or user is None or not hmac.compare_digest(session.proof, user.proof):
        return None
    return Entered(user, session)


def _demo() -> Entered:
    """Whoever sits at the machine of the demo: a session of this process, known to no store."""
    start = datetime.now(UTC)
    session = Session(
        "", "demo", "", secrets.token_urlsafe(24), start, start, datetime.max.replace(tzinfo=UTC)
    )
    return Entered(User("demo", "owner", ""), session)


DEMO = _demo()
