"""What commands share that open the bridge: its database, and its clients when they ask the shop."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from bridge.cli._budget_wait import enable_budget_waits
from bridge.cli._options import load_or_exit, to_click_exception
from bridge.cli._order_context import OrderContext
from bridge.errors import BridgeError
from bridge.order.clock import SystemClock

if TYPE_CHECKING:
    from bridge.config.loader import Loaded
    from bridge.runtime.container import Bridge
    from bridge.sculpteo.client import SculpteoPrinter
    from bridge.shopify.client import Admin
    from bridge.store import Store

T = TypeVar("T")


def with_bridge(config: Path, work: Callable[[Bridge], Awaitable[T]], *, create: bool = False) -> T:
    """Open the bridge that `config` describes, do the work, close it. Errors become one line, exit code 1.

    Unless `create`, a database that is not there yet is not made. One of an older version is never migrated:
    only `serve` does that.
    """
    from bridge.runtime.container import open_bridge

    loaded = load_or_exit(config)

    async def run_with_bridge() -> T:
        async with open_bridge(loaded, create=create, upgrade=False) as bridge:
            for admin in bridge.admins.values():
                enable_budget_waits(admin)
            return await work(bridge)

    try:
        return asyncio.run(run_with_bridge())
    except BridgeError as error:
        raise to_click_exception(error) from None


@dataclass(frozen=True, slots=True)
class UpstreamClients:
    """The clients of a configuration, for commands that look and change nothing. `store` None = there is no
    database yet, and none is made. `pace` is awaited before anything else is sent to Sculpteo."""

    loaded: Loaded
    admins: Mapping[str, Admin]
    printer: SculpteoPrinter
    store: Store | None
    pace: Callable[[], Awaitable[None]]


@asynccontextmanager
async def open_upstream_clients(loaded: Loaded) -> AsyncIterator[UpstreamClients]:
    import aiohttp

    from bridge.cli._upstream_checks import create_pacer
    from bridge.runtime.container import build_admin, build_rate_limiter
    from bridge.runtime.shop_identity import identify_shops
    from bridge.sculpteo.client import SculpteoPrinter
    from bridge.store import Store

    settings, clock = loaded.settings, SystemClock()
    database = settings.database.get_secret_value()
    async with AsyncExitStack() as stack:
        store: Store | None = None
        if Store.exists(database):
            store = await stack.enter_async_context(Store.open(database, clock=clock, create=False))
            (await identify_shops(store, loaded, write=False)).take_effect()
        session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        admins = {name: build_admin(name, shop, session) for name, shop in settings.shops.items()}
        for admin in admins.values():
            enable_budget_waits(admin)
        rate = settings.sculpteo.requests_per_second
        pace = build_rate_limiter(store, rate) if store else create_pacer(rate)
        printer = await stack.enter_async_context(SculpteoPrinter(settings.sculpteo, clock, pace))
        yield UpstreamClients(loaded, admins, printer, store, pace)


def with_upstream_clients(config: Path, work: Callable[[UpstreamClients], Awaitable[T]]) -> T:
    """Open the clients that `config` describes, do the work, close them. Errors become one line and exit code
    1."""

    async def run_with_clients() -> T:
        async with open_upstream_clients(load_or_exit(config)) as outside:
            return await work(outside)

    try:
        return asyncio.run(run_with_clients())
    except BridgeError as error:
        raise to_click_exception(error) from None


def get_terminal_user() -> str:
    """Who decides at this terminal, for the record."""
    try:
        return f"{getpass.getuser()} (terminal)"
    except (KeyError, OSError):
        return "terminal"


def resolve_shops(bridge: Bridge | UpstreamClients | OrderContext, shop: str | None) -> list[str]:
    """The shop named, or all. Exits with the known names when there is no such shop."""
    known = list(bridge.loaded.settings.shops)
    if shop is None:
        return known
    if shop not in known:
        raise click.BadParameter(f"there is no shop “{shop}”; the configuration has {', '.join(known)}")
    return [shop]


class DateTimeParam(click.ParamType[datetime]):
    """A date or time of the caller: 2026-11-01, or 2026-11-01T09:30+01:00. Without an offset it is UTC."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"“{value}” is not a date; write 2026-11-01 or 2026-11-01T09:30+01:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class DayParam(click.ParamType[datetime]):
    """A day of the caller, 2026-11-01, as its first moment in UTC."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"“{value}” is not a day; write 2026-11-01", param, ctx)
        return datetime.combine(day, time.min, UTC)


shop_option = click.option("--shop", help="Only this shop (its name in the configuration).")


def resolve_decider(as_name: str | None) -> str:
    return f"{as_name} (terminal)" if as_name else get_terminal_user()
