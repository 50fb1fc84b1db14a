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
import re
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
from bridge.web.console.context import Console
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
        for name, member in settings.console.list_members().items()
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
    if forwarded and is_trusted(peer, settings):
        proto = request.headers.get("X-Forwarded-Proto", "").strip().lower()
        address = _address_behind(request, peer, settings.server.trusted_proxies)
        return Origin(address, False, secure or proto == "https")
    return Origin(peer, here, secure or request.scheme == "https")


def is_trusted(peer: str, settings: Settings) -> bool:
    """Whether the other end of a connection is a proxy whose word on addresses is believed."""
    return is_within(peer, settings.server.trusted_proxies)


def _address_behind(request: web.Request, peer: str, trusted: Iterable[str]) -> str:
    """The nearest address that no trusted proxy has: what lies before it may be invented."""
    address = peer
    for hop in reversed(_hops(request)):
        found = _bare(hop)
        if not _is_address(found):
            break
        address = found
        if not is_within(found, trusted):
            break
    return address


def _hops(request: web.Request) -> list[str]:
    """Whom the proxies say the request came from, in the one header that they use, the nearest last."""
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        said = ",".join(request.headers.getall(name, []))
        if said.strip():
            hops = [hop.strip() for hop in said.split(",") if hop.strip()]
            return [_forwarded_for(hop) for hop in hops] if name == "Forwarded" else hops
    return []


def _forwarded_for(hop: str) -> str:
    """The address of one element of `Forwarded`: https://www.rfc-editor.org/rfc/rfc7239#section-6"""
    pairs = (pair.partition("=") for pair in hop.split(";"))
    return next((value.strip().strip('"') for name, _, value in pairs if name.strip().lower() == "for"), "?")


_WITH_PORT = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+", re.ASCII)


def _bare(hop: str) -> str:
    """The address without the port that some proxies put behind it."""
    found = _WITH_PORT.fullmatch(hop)
    return (found[1] or found[2]) if found else hop


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


def _plain(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; an IPv4 one also where a socket for both kinds writes it as ::ffff:192.0.2.1."""
    address = ipaddress.ip_address(text)
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return inner or address


def is_within(text: str, networks: Iterable[str]) -> bool:
    """Whether an address is in one of these networks."""
    if not _is_address(text):
        return False
    address = _plain(text)
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
    """What guards the sign-in, in this process. A browser in which somebody signed in before has tries of its own,
    so that strangers who try, from wherever and however often, do not keep its owner out."""

    by_device: Throttle = field(default_factory=lambda: Throttle(BY_ADDRESS))
    by_address: Throttle = field(default_factory=lambda: Throttle(BY_ADDRESS))
    by_name: Throttle = field(default_factory=lambda: Throttle(BY_NAME))
    all: Throttle = field(default_factory=lambda: Throttle(ALL))
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HASHES_AT_ONCE))

    def take(self, name: str, address: str, device: str | None = None) -> float:
        """Count a try; gives the seconds to wait instead, if there were too many of them (0 = go on). `device` is
        the browser's own number, where it is known (`known_device`)."""
        tries: tuple[tuple[Throttle, str], ...] = (
            (self.by_address, _neighbours(address)),
            (self.by_name, digest(name)),
            (self.all, ""),
        )
        if device is not None:
            tries = ((self.by_device, device),)
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
    found = _plain(address)
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


DEVICE_LASTS = timedelta(days=365)


def device_token(user: User, number: str | None = None) -> str:
    """What a browser keeps to be known again: a number, and a proof that only who has the user's hash can make. It
    opens nothing, and ends with the password."""
    number = number or secrets.token_urlsafe(12)
    key, said = user.password_hash.encode(), f"device:{user.name}:{number}".encode()
    return f"{number}.{hmac.digest(key, said, hashlib.sha256).hex()}"


def known_device(user: User | None, token: str) -> str | None:
    """The number of a browser in which this user signed in before; None = it is not known."""
    number = token.partition(".")[0]
    if user is None or not number or len(token) > LONGEST_SECRET or not token.isascii():
        return None
    return number if hmac.compare_digest(token, device_token(user, number)) else None


async def enter(console: Console, user: User, origin: Origin, agent: str | None) -> str:
    """Open a session; gives its secret."""
    secret = secrets.token_urlsafe(32)
    await console.store.sessions.open_session(
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
    session = await console.store.sessions.find_session(digest(secret))
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
