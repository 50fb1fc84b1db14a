"""The console on loopback, over real HTTP, with the real store on SQLite."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, partial
from html import unescape
from pathlib import Path
from random import Random
from typing import Any, NoReturn, cast

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bridge.config.loader import Loaded, load_bytes
from bridge.errors import SCULPTEO, TryAgain
from bridge.net.circuit_breaker import build_breakers
from bridge.runtime.container import build_policy
from bridge.shopify.shop_status import Status
from bridge.steps.context import StepContext
from bridge.store import Store
from bridge.web import console
from bridge.web.console import auth
from bridge.web.console.passwords import hashed
from bridge.web.server import make_app, make_runner
from tests.config.valid_configuration import ENV, GOOD
from tests.support.clocks import RealClock

PASSWORDS = {"anna": "correct horse battery", "otto": "an operator's words", "vera": "only looks at things"}
ROLES = {"anna": "owner", "otto": "operator", "vera": "viewer"}


@cache
def hash_of(name: str) -> str:
    """Each is made once, and is weak: every test signs in."""
    return hashed(PASSWORDS[name], log_n=4)


def configuration(*, users: bool = True, per_day: str = "", **server: object) -> Loaded:
    """A configuration without a fault. `server` sets fields there: trusted_proxies, public_url."""
    text = GOOD.replace("per_order: 300 EUR", f"per_day: {per_day}") if per_day else GOOD
    for key, value in server.items():
        text = re.sub(rf"  {key}: .*\n", "", text)
        text = text.replace("server:\n", f"server:\n  {key}: {value}\n")
    if users:
        rows = [
            f"    {name}: {{role: {role}, password_hash: '{hash_of(name)}'}}" for name, role in ROLES.items()
        ]
        text += "\nconsole:\n  users:\n" + "\n".join(rows) + "\n"
    return load_bytes(text.encode(), Path("config.yaml"), ENV)


class Silent:
    """A Sculpteo that gives no answer."""

    async def fetch_price(self, *asked: object) -> NoReturn:
        raise TryAgain("Sculpteo gave no answer", upstream=SCULPTEO)

    async def track_order(self, reference: str) -> NoReturn:
        raise TryAgain("Sculpteo gave no answer", upstream=SCULPTEO)


@dataclass
class Site:
    """The running console, and somebody's browser for it."""

    url: str
    store: Store
    loaded: Loaded
    client: aiohttp.ClientSession
    app: web.Application
    console: console.Console
    world: StepContext
    stopping: bool = False
    statuses: dict[str, Status] = field(default_factory=dict)

    def use(self, **parts: Any) -> None:
        """Let the console's world have another printer, invoicer, ..."""
        self.world = replace(self.world, **parts)

    async def notice(self) -> str:
        """What the next page says once."""
        found = re.search(r'role="status">.*?<span>(.*?)</span>', (await self.get("/account"))[1], re.DOTALL)
        return unescape(found[1]) if found else ""

    async def get(self, path: str, **more: Any) -> tuple[int, str]:
        more.setdefault("allow_redirects", False)
        async with self.client.get(self.url + path, **more) as answer:
            return answer.status, await answer.text()

    async def post(
        self, path: str, data: dict[str, str] | None = None, **more: Any
    ) -> aiohttp.ClientResponse:
        """As a form of the page would, without its token unless `data` has it."""
        more.setdefault("allow_redirects", False)
        answer = await self.client.post(self.url + path, data=data or {"x": ""}, **more)
        await answer.read()
        return answer

    async def token(self, path: str = "/account") -> str:
        """The CSRF token of a page's forms."""
        _, page = await self.get(path)
        found = re.search(r'name="csrf" value="([^"]+)"', page)
        assert found, f"{path} has no form"
        return found[1]

    async def press(self, path: str, **data: str) -> aiohttp.ClientResponse:
        return await self.post(path, {"csrf": await self.token(), **data})

    async def sign_in(self, name: str = "anna", password: str | None = None) -> aiohttp.ClientResponse:
        data = {"csrf": await self.token("/sign-in"), "name": name}
        data["password"] = PASSWORDS.get(name, "") if password is None else password
        return await self.post("/sign-in", data)

    async def is_signed_in(self, name: str) -> None:
        """As after `sign_in`, without the moment that a password takes."""
        secret, user = "s" * 43, auth.users_of(self.loaded.settings)[name]
        lasts = timedelta(hours=1)
        await self.store.sessions.open_session(
            auth.digest(secret),
            who=name,
            proof=user.proof,
            csrf="c" * 32,
            lasts=lasts,
            address=None,
            agent=None,
        )
        self.client.cookie_jar.update_cookies({"bridge-session": secret}, URL(self.url))

    async def sign_in_again(self, name: str) -> aiohttp.ClientResponse:
        """From a form that was open before somebody else signed in here."""
        self.client.cookie_jar.update_cookies({"bridge-form": "f" * 32}, URL(self.url))
        return await self.post("/sign-in", {"csrf": "f" * 32, "name": name, "password": PASSWORDS[name]})

    def cookie(self, name: str) -> str | None:
        found = [cookie.value for cookie in self.client.cookie_jar if cookie.key.endswith(name)]
        return found[0] if found else None


OpenSite = Callable[..., AbstractAsyncContextManager[Site]]


@asynccontextmanager
async def opened(
    folder: Path, loaded: Loaded | None = None, *, open_here: bool = False
) -> AsyncIterator[Site]:
    loaded = loaded or configuration()
    async with (
        Store.open(f"sqlite:///{folder}/bridge.db", clock=RealClock()) as store,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client,
    ):
        app = make_app(loaded.settings, store)

        made: Site

        async def inspect(shop: str) -> Status:
            return made.statuses.get(shop, Status())

        world = StepContext(
            clock=RealClock(),
            orders=store.orders,
            shops={},
            printer=cast("Any", Silent()),
            catalog=loaded.catalog,
            invoicer=cast("Any", None),
            policy=build_policy(loaded.settings),
            random=Random(7),
        )
        parts = console.Console(
            store=store,
            loaded=lambda: made.loaded,
            world=lambda: made.world,
            inspect=inspect,
            breakers=build_breakers(["acme"], {}),
            stopping=lambda: made.stopping,
            open_here=open_here,
        )
        made = Site("", store, loaded, client, app, parts, world)
        console.add_to(app, parts)
        runner = make_runner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield made
        finally:
            made.stopping = True
            await runner.cleanup()


@pytest.fixture
def open_site(tmp_path: Path) -> OpenSite:
    """Opens the console with another configuration, or as the demo does."""
    return partial(opened, tmp_path)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as made:
        yield made
