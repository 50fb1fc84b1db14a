"""The only place that joins things: settings become store, clients and steps; `service.py` runs them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import SystemRandom

import aiohttp
import structlog

from bridge.config.database_settings import refuse_file_left_behind
from bridge.config.loader import Loaded
from bridge.config.reload import ReloadStatus
from bridge.config.settings import Settings, ShopSettings
from bridge.config.shipping_settings import select_ship_method
from bridge.errors import BridgeError, ConfigError, LeaseLost, shopify_upstream
from bridge.invoice.invoices import Invoices
from bridge.mapping_review.variants import ShopCatalog
from bridge.net.circuit_breaker import (
    Breakers,
    build_breakers,
    guard_printer,
    guard_shops,
)
from bridge.order import stored_keys
from bridge.order.clock import (
    ClockReading,
    SystemClock,
)
from bridge.order.model import Mode, ShopOrder
from bridge.order.policy import ApprovalPolicy, PaymentPolicy, Policy
from bridge.order.states import State
from bridge.ports import Shop
from bridge.runtime.go_live import KeptGoLiveDates
from bridge.runtime.shop_identity import identify_shops
from bridge.runtime.worker import (
    LEASE,
    process_order,
)
from bridge.sculpteo.client import SculpteoPrinter
from bridge.shopify import installation
from bridge.shopify.auth import ClientCredentials, StaticToken, Tokens
from bridge.shopify.catalog import variants
from bridge.shopify.client import Admin
from bridge.shopify.endpoint import endpoint
from bridge.shopify.orders import ShopifyShop
from bridge.shopify.scopes import SCOPES, granted
from bridge.shopify.shop_status import shop_facts
from bridge.steps.context import (
    StepContext,
    StepRun,
)
from bridge.steps.reconcile import reconcile
from bridge.store.queries import OrderFilter
from bridge.store.shops import ResolvedShops
from bridge.store.store import Store

ALL_ORDERS = 1_000_000

log = structlog.get_logger("bridge.runtime.container")


def build_policy(settings: Settings) -> Policy:
    """The merchant's settings in the words of the steps."""
    approval, public_url = settings.approval, settings.server.public_url.rstrip("/")

    def select_by_rate(order: ShopOrder) -> str | None:
        return select_ship_method(settings.shipping, order)

    return Policy(
        mode=settings.mode,
        notification_url=lambda token: f"{public_url}/sculpteo/notify/{token}",
        ship_method=select_by_rate,
        approval=ApprovalPolicy(
            manual=approval.mode == "manual",
            delay=approval.delay,
            tags=frozenset(approval.tags),
            above=approval.above,
            countries=frozenset(approval.countries),
            first_order=approval.first_order,
            hold_high_risk=approval.high_risk == "hold",
            hold_unrated=approval.unrated == "hold",
        ),
        needs_papers=settings.invoice.mode == "template",
        ask_about_warnings=settings.address_check.warning == "ask",
        theme=settings.sculpteo.theme,
        currency=settings.sculpteo.currency,
        per_order=settings.limits.per_order,
        per_day=settings.limits.per_day,
        since={name: shop.since for name, shop in settings.shops.items() if shop.since},
        locations={name: frozenset(shop.locations) for name, shop in settings.shops.items()},
        payment={
            name: PaymentPolicy(shop.payment, shop.ships_within) for name, shop in settings.shops.items()
        },
        notify_customer={
            name: settings.tracking.notify_customer and shop.notify_customer
            for name, shop in settings.shops.items()
        },
        version=_hash_rules(settings),
        poll=settings.sculpteo.poll,
        without_number_after=settings.tracking.without_number_after,
    )


def _hash_rules(settings: Settings) -> str:
    """Tells the rules apart by which an order waits, is left alone or is bought."""
    shops = sorted(
        (shop.domain, sorted(shop.locations), str(shop.since), shop.payment, shop.ships_within)
        for shop in settings.shops.values()
    )
    asked = f"{settings.approval!r} {settings.limits!r} {settings.address_check!r} {settings.shipping!r}"
    told = f"{settings.mode!r} {asked} {shops!r}"
    return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Parts:
    """All that the configuration decides. Made anew as a whole when it is read again."""

    loaded: Loaded
    admins: dict[str, Admin]
    shops: dict[str, Shop]  # as the adapters give them; the world's are behind breakers
    printer: SculpteoPrinter
    go_live: KeptGoLiveDates
    world: StepContext


class Bridge:
    """The parts, joined and open. A step that runs keeps the world that it began with."""

    def __init__(
        self, loaded: Loaded, store: Store, session: aiohttp.ClientSession, clock: SystemClock
    ) -> None:
        self.store = store
        self._clock = clock
        self._session = session
        self._printers: list[SculpteoPrinter] = []
        self.breakers: Breakers = {}
        self._parts = self._build_parts(loaded, None)
        self.standing = ReloadStatus(self.world.clock.now())

    @property
    def loaded(self) -> Loaded:
        return self._parts.loaded

    @property
    def settings(self) -> Settings:
        return self._parts.loaded.settings

    @property
    def admins(self) -> dict[str, Admin]:
        return self._parts.admins

    @property
    def shops(self) -> dict[str, Shop]:
        return self._parts.shops

    @property
    def printer(self) -> SculpteoPrinter:
        return self._parts.printer

    @property
    def world(self) -> StepContext:
        return self._parts.world

    def collect_shop_dates(self) -> dict[str, ClockReading]:
        """What the clocks of the shops showed when they last answered, by upstream."""
        return {admin.upstream: admin.date for admin in self.admins.values() if admin.date is not None}

    async def resolve_shop_names(self, loaded: Loaded) -> ResolvedShops:
        """Which shops are meant by the names of a configuration that is to be in force. Raises as `identify_shops`
        does."""
        has_order = partial(is_order_in_shop, loaded.settings, self._session)
        return await identify_shops(self.store, loaded, has_order=has_order)

    def replace_config(self, loaded: Loaded) -> None:
        """Let another configuration be in force from the next step on. Raises ConfigError, and changes
        nothing then."""
        self._parts = self._build_parts(loaded, self._parts)

    async def close(self) -> None:
        for printer in self._printers:
            await printer.close()

    def _build_parts(self, loaded: Loaded, before: Parts | None) -> Parts:
        """Clients of unchanged accounts are gone on with, and so is what breakers know."""
        settings, clock, store = loaded.settings, self._clock, self.store
        admins = {
            name: before.admins[name]
            if before and before.loaded.settings.shops.get(name) == shop
            else build_admin(name, shop, self._session)
            for name, shop in settings.shops.items()
        }
        shops: dict[str, Shop] = {
            name: ShopifyShop(
                admin,
                mode=settings.mode,
                now=clock.now,
                carriers=settings.tracking.carriers,
                log=log.bind(shop=name).warning,
            )
            for name, admin in admins.items()
        }
        breakers = build_breakers(shops, self._keep_known_breakers(settings, before))
        same = before is not None and before.loaded.settings.sculpteo == settings.sculpteo
        printer = before.printer if before and same else self._create_printer(settings)
        go_live = self._build_go_live(settings, admins, before)
        world = StepContext(
            clock=clock,
            orders=store.orders,
            shops=guard_shops(shops, breakers),
            printer=guard_printer(printer, breakers),
            catalog=loaded.catalog,
            invoicer=Invoices(
                settings.invoice, loaded.path.parent, self._session, safety=loaded.catalog.find_safety_text
            ),
            policy=build_policy(settings),
            random=SystemRandom(),
            go_live=go_live,
        )
        self.breakers.clear()  # the same mapping for ever: who shows it need not ask for it again
        self.breakers.update(breakers)
        return Parts(loaded, admins, shops, printer, go_live, world)

    def _build_go_live(
        self, settings: Settings, admins: dict[str, Admin], before: Parts | None
    ) -> KeptGoLiveDates:
        """Dates that are known are gone on with while the mode stays."""

        async def ask_shop(shop: str, mode: Mode, now: datetime) -> datetime | None:
            return await installation.first_started(admins[shop], mode, now)

        async def load_mode_history() -> tuple[Mode | None, datetime | None, Mode | None]:
            found = await self.store.load_mode_history()
            return found.mode, found.since, found.before

        if before and before.loaded.settings.mode == settings.mode and before.admins == admins:
            return before.go_live
        return KeptGoLiveDates(settings.mode, self.store.memory, self._clock, ask_shop, load_mode_history)

    def _keep_known_breakers(self, settings: Settings, before: Parts | None) -> Breakers:
        """Those that are known, but for names that mean another shop by now."""
        if before is None:
            return {}
        changed = {
            shopify_upstream(name)
            for name, shop in before.loaded.settings.shops.items()
            if name in settings.shops and settings.shops[name].domain != shop.domain
        }
        return {upstream: one for upstream, one in self.breakers.items() if upstream not in changed}

    def _create_printer(self, settings: Settings) -> SculpteoPrinter:
        """The one before stays open until the end: a step may be using it."""
        polite = build_rate_limiter(self.store, settings.sculpteo.requests_per_second)
        printer = SculpteoPrinter(settings.sculpteo, self._clock, polite)
        self._printers.append(printer)
        return printer


@asynccontextmanager
async def open_bridge(
    loaded: Loaded, *, create: bool = True, upgrade: bool | None = None
) -> AsyncIterator[Bridge]:
    """Open the database and the clients; nothing runs yet. `create` and `upgrade` as `Store.open` has them: only
    the service brings an older database to its own schema.

    Raises as `Store.open` does, and ConfigError when a new database would begin beside the real one, or when a
    shop's name belongs to another shop's orders.
    """
    database, clock = loaded.settings.database.get_secret_value(), SystemClock()
    if create:
        refuse_file_left_behind(database, loaded.database_file)
    async with AsyncExitStack() as stack:
        opening = Store.open(database, clock=clock, create=create, upgrade=upgrade)
        store = await stack.enter_async_context(opening)
        session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        has_order = partial(is_order_in_shop, loaded.settings, session) if create else None
        (await identify_shops(store, loaded, has_order=has_order)).take_effect()
        bridge = Bridge(loaded, store, session, clock)
        stack.push_async_callback(bridge.close)
        yield bridge


async def is_order_in_shop(
    settings: Settings, session: aiohttp.ClientSession, name: str, order_id: str
) -> bool:
    """Whether the shop of this name has an order of this id. Raises TryAgain and NeedsPerson as the shop does."""
    admin = build_admin(name, settings.shops[name], session)
    return await ShopifyShop(admin, mode=settings.mode).has(order_id)


def build_rate_limiter(store: Store, rate: float) -> Callable[[], Awaitable[None]]:
    """Sleeps as long as all processes together would else ask Sculpteo more than `rate` times a second."""

    async def wait_for_token() -> None:
        wait = await store.orders.take_token("sculpteo", rate=rate, burst=5)
        if wait > 0:
            await asyncio.sleep(wait)

    return wait_for_token


def build_admin(name: str, shop: ShopSettings, session: aiohttp.ClientSession) -> Admin:
    """The GraphQL client of one shop. Raises ConfigError for a domain that is not a shop's."""
    where = endpoint(shop.domain, shop.admin_url)
    tokens: Tokens
    if shop.access_token is not None:
        tokens = StaticToken(shop.access_token.get_secret_value())
    elif shop.client_id is not None and shop.client_secret is not None:
        secret = shop.client_secret.get_secret_value()
        tokens = ClientCredentials(
            session, where.token, shop.client_id, secret, upstream=shopify_upstream(name)
        )
    else:
        raise ConfigError(f"shops.{name}: give client_id and client_secret, or access_token")
    return Admin(session, where, tokens, shop=name, warn=log.bind(shop=name).warning)


async def fetch_catalog(
    admin: Admin, *, on_progress: Callable[[int, int | None], None] = lambda *_: None
) -> ShopCatalog:
    """What a shop sells. Raises TryAgain and NeedsPerson as the shop does."""
    facts = await shop_facts(admin)
    found = []
    async for variant in variants(admin):
        found.append(variant)
        on_progress(len(found), None)
    return ShopCatalog(admin.shop, facts.currency, facts.taxes_included, tuple(found))


async def rebuild_shop(bridge: Bridge, name: str) -> dict[State, int]:
    """Take in a shop's open orders anew and match them, without placing any; gives how many are in which state.

    Only orders in `received` are worked on: a purchase that the shop's ledger knows is adopted, the others
    wait for `serve`. Raises TryAgain and NeedsPerson as the shop does.
    """
    world, store = bridge.world, bridge.store
    await store.memory.delete(stored_keys.reconciled_until(name))
    await reconcile_shop(bridge, name)
    await store.wake_orders(
        [State.RECEIVED], shop=name
    )  # news of the shop rests for a moment; here nobody waits for it
    for record in await store.queries.list_orders(OrderFilter((State.RECEIVED,), name), limit=ALL_ORDERS):
        claimed = await store.orders.claim_order(record.key, "rebuild", lease_for=LEASE)
        if claimed is not None and claimed.state is State.RECEIVED:
            job = StepRun(claimed, world)
            with contextlib.suppress(LeaseLost):  # whoever has it goes on with it
                await process_order(job)
    return dict(await store.queries.count_by_state())


async def reconcile_shop(bridge: Bridge, name: str) -> int:
    """Reconcile one shop; an empty database takes up every order since the bridge went live there."""
    since = bridge.settings.shops[name].since or (await bridge.world.go_live.load_go_live(name)).at
    count = await reconcile(
        name, bridge.shops[name], bridge.store.orders, bridge.store.memory, bridge.world.clock, since=since
    )
    await bridge.store.memory.set(stored_keys.reconciled_at(name), bridge.world.clock.now().isoformat())
    return count


async def report_ledger_gap(bridge: Bridge, name: str) -> None:
    """Say that the shop's ledger cannot be written, and keep it in the shop, if that is so."""
    try:
        if installation.LEDGER_SCOPE not in await granted(bridge.admins[name]):
            lost = next(scope.lost for scope in SCOPES if scope.handle == installation.LEDGER_SCOPE)
            log.warning("the app lacks the scope write_orders", shop=name, lost=lost)
        if bridge.settings.mode is Mode.LIVE:
            await bridge.world.go_live.load_go_live(
                name
            )  # the moment of going live, before the gap is noted beside it
            await installation.went_live(bridge.admins[name], bridge.world.clock.now())
    except BridgeError as error:
        log.warning("the shop keeps no note of the bridge", shop=name, error=str(error))
