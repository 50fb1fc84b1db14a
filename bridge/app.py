"""The only place that joins things: settings become store, clients, steps, worker and web."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import Any, Literal

import aiohttp
import structlog
from aiohttp import web

from bridge.breaker import Breaker, GuardedPrinter, guarded
from bridge.config.loader import Loaded
from bridge.config.settings import Settings, ShopSettings
from bridge.config.shipping import ship_method
from bridge.errors import BridgeError, ConfigError
from bridge.invoice.invoices import Invoices
from bridge.order.model import Mode, ShopOrder
from bridge.order.states import State
from bridge.plan.catalogue import Stock
from bridge.ports import ApprovalPolicy, Policy, Shop
from bridge.sculpteo.client import SculpteoPrinter
from bridge.shopify import installation, subscriptions
from bridge.shopify.admin import Admin
from bridge.shopify.auth import ClientCredentials, StaticToken, Tokens
from bridge.shopify.catalog import variants
from bridge.shopify.endpoint import endpoint
from bridge.shopify.orders import ShopifyShop
from bridge.shopify.status import Status, inspect, shop_facts
from bridge.shopify.webhooks import interpret
from bridge.steps.job import Job, World
from bridge.steps.reconcile import reconcile
from bridge.store.queries import Filter
from bridge.store.store import Store
from bridge.web import console
from bridge.web.server import make_app, make_runner
from bridge.worker import LEASE, Worker, run_step

Role = Literal["all", "web", "worker"]

RECONCILE_EVERY = timedelta(minutes=15)
SUBSCRIBE_EVERY = timedelta(hours=1)
ALL_ORDERS = 1_000_000
RETRY_CHORE = timedelta(minutes=1)

log = structlog.get_logger("bridge.app")


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def policy_of(settings: Settings) -> Policy:
    """The merchant's settings in the words of the steps."""
    approval, public_url = settings.approval, settings.server.public_url.rstrip("/")

    def by_rate(order: ShopOrder) -> str | None:
        return ship_method(settings.shipping, order)

    return Policy(
        mode=settings.mode,
        notification_url=lambda token: f"{public_url}/sculpteo/notify/{token}",
        ship_method=by_rate,
        approval=ApprovalPolicy(
            manual=approval.mode == "manual",
            delay=approval.delay,
            tags=frozenset(tag.lower() for tag in approval.tags),
            above=approval.above,
            countries=frozenset(approval.countries),
            first_order=approval.first_order,
            hold_high_risk=approval.high_risk == "hold",
        ),
        theme=settings.sculpteo.theme,
        currency=settings.sculpteo.currency,
        per_order=settings.limits.per_order,
        per_day=settings.limits.per_day,
        locations={name: frozenset(shop.locations) for name, shop in settings.shops.items()},
        notify_customer={
            name: settings.tracking.notify_customer and shop.notify_customer
            for name, shop in settings.shops.items()
        },
        poll=settings.sculpteo.poll,
        without_number_after=settings.tracking.without_number_after,
    )


@dataclass(frozen=True, slots=True)
class Bridge:
    """The parts, joined and open."""

    loaded: Loaded
    store: Store
    admins: dict[str, Admin]
    shops: dict[str, Shop]  # as the adapters give them; the world's are behind breakers
    printer: SculpteoPrinter
    world: World
    breakers: dict[str, Breaker]

    @property
    def settings(self) -> Settings:
        return self.loaded.settings


@asynccontextmanager
async def opened(loaded: Loaded) -> AsyncIterator[Bridge]:
    """Open the database (migrated) and the clients; nothing runs yet."""
    settings, clock = loaded.settings, SystemClock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(settings.database.get_secret_value(), clock=clock))
        session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        polite = politely(store, settings.sculpteo.requests_per_second)
        admins = {name: admin_of(name, shop, session) for name, shop in settings.shops.items()}
        shops: dict[str, Shop] = {
            name: ShopifyShop(
                admin,
                mode=settings.mode,
                carriers=settings.tracking.carriers,
                log=log.bind(shop=name).warning,
            )
            for name, admin in admins.items()
        }
        printer = await stack.enter_async_context(SculpteoPrinter(settings.sculpteo, clock, polite))
        guarded_shops, breakers = guarded(shops)
        breakers["sculpteo"] = Breaker("sculpteo")
        world = World(
            clock=clock,
            orders=store.orders,
            shops=guarded_shops,
            printer=GuardedPrinter(printer, breakers["sculpteo"]),
            catalog=loaded.catalog,
            invoicer=Invoices(settings.invoice, loaded.path.parent, session),
            policy=policy_of(settings),
            random=SystemRandom(),
        )
        yield Bridge(loaded, store, admins, shops, printer, world, breakers)


def politely(store: Store, rate: float) -> Callable[[], Awaitable[None]]:
    """Sleeps as long as all processes together would else ask Sculpteo more than `rate` times a second."""

    async def polite() -> None:
        wait = await store.orders.take_token("sculpteo", rate=rate, burst=5)
        if wait > 0:
            await asyncio.sleep(wait)

    return polite


def admin_of(name: str, shop: ShopSettings, session: aiohttp.ClientSession) -> Admin:
    """The GraphQL client of one shop. Raises ConfigError for a domain that is not a shop's."""
    where = endpoint(shop.domain, shop.admin_url)
    tokens: Tokens
    if shop.access_token is not None:
        tokens = StaticToken(shop.access_token.get_secret_value())
    elif shop.client_id is not None and shop.client_secret is not None:
        secret = shop.client_secret.get_secret_value()
        tokens = ClientCredentials(session, where.token, shop.client_id, secret, upstream=f"shopify:{name}")
    else:
        raise ConfigError(f"shops.{name}: give client_id and client_secret, or access_token")
    return Admin(session, where, tokens, shop=name, warn=log.bind(shop=name).warning)


async def stock_of(
    admin: Admin, *, on_progress: Callable[[int, int | None], None] = lambda *_: None
) -> Stock:
    """What a shop sells. Raises TryAgain and NeedsPerson as the shop does."""
    facts = await shop_facts(admin)
    found = []
    async for variant in variants(admin):
        found.append(variant)
        on_progress(len(found), None)
    return Stock(admin.shop, facts.currency, facts.taxes_included, tuple(found))


async def rebuilt(bridge: Bridge, name: str) -> dict[State, int]:
    """Take in a shop's open orders anew and match them, without placing any; gives how many are in which state.

    Only orders in `received` are worked on: a purchase that the shop's ledger knows is adopted, the others
    wait for `serve`. Raises TryAgain and NeedsPerson as the shop does.
    """
    world, store = bridge.world, bridge.store
    await store.memory.forget(f"reconciled:{name}")
    await take_in(bridge, name)
    for record in await store.queries.page(Filter((State.RECEIVED,), name), limit=ALL_ORDERS):
        claimed = await store.orders.claim_one(record.key, "rebuild", lease_for=LEASE)
        if claimed is not None and claimed.state is State.RECEIVED:
            job = Job(claimed, world)
            change = await run_step(job)
            await store.orders.record(job.record, change)
    return dict(await store.queries.counts())


async def take_in(bridge: Bridge, name: str) -> int:
    """Reconcile one shop; an empty database takes up every order since the bridge went live there."""
    since = bridge.settings.shops[name].since or await _went_live(bridge, name)
    count = await reconcile(
        name, bridge.shops[name], bridge.store.orders, bridge.store.memory, bridge.world.clock, since=since
    )
    await bridge.store.memory.set(f"reconciled_at:{name}", bridge.world.clock.now().isoformat())
    return count


async def _went_live(bridge: Bridge, name: str) -> datetime | None:
    """Since when the orders of this shop are the bridge's, as the shop itself remembers it. Where the shop
    cannot tell, or its ledger had a gap, older orders wait for a person."""
    if bridge.settings.mode is not Mode.LIVE or await bridge.store.memory.get(f"reconciled:{name}"):
        return None
    try:
        return await installation.went_live(bridge.admins[name], bridge.world.clock.now())
    except BridgeError as error:
        log.warning("the shop does not tell since when the bridge is live", shop=name, error=str(error))
        return None


async def _note_ledger_gap(bridge: Bridge, name: str) -> None:
    """Keep in the shop that its ledger could not always be written, if that is so."""
    if bridge.settings.mode is Mode.LIVE:
        try:
            await installation.went_live(bridge.admins[name], bridge.world.clock.now())
        except BridgeError as error:
            log.warning("the shop keeps no note of the bridge", shop=name, error=str(error))


class Service:
    """`serve`: the web side, the worker, and the chores that keep both honest."""

    def __init__(self, bridge: Bridge, role: Role, *, open_console: bool = False) -> None:
        """`open_console` lets whoever sits at this machine into the console without a password: the demo."""
        self._bridge = bridge
        self._role = role
        self._open_console = open_console
        self._stop = asyncio.Event()
        self._missed = {name: asyncio.Event() for name in bridge.shops}
        self._worker = Worker(lambda: bridge.world, bridge.store.inbox, interpret, on_missed=self._on_missed)

    def stop(self) -> None:
        """End gracefully: take nothing new, finish what is under way."""
        self._stop.set()

    def _on_missed(self, shop: str) -> None:
        if shop in self._missed:
            self._missed[shop].set()

    async def run(self, *, on_ready: Callable[[], None] | None = None) -> None:
        """Serve until stop() is called."""
        async with AsyncExitStack() as stack:
            if self._role != "worker":
                await stack.enter_async_context(self._web())
            tasks: list[asyncio.Task[None]] = []
            if self._role != "web":
                await self._wake_what_changed()
                worker = asyncio.create_task(self._worker.run(), name="worker")
                tasks = [asyncio.create_task(chore, name=name) for name, chore in self._chores()]
            log.info(
                "ready",
                mode=self._bridge.settings.mode,
                role=self._role,
                listen=self._bridge.settings.server.listen,
                console=self.console_url or "off",
            )
            if on_ready:
                on_ready()
            await self._stop.wait()
            log.info("stopping")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._role != "web":
                self._worker.stop()
                await worker

    @asynccontextmanager
    async def _web(self) -> AsyncIterator[None]:
        bridge = self._bridge
        app = make_app(bridge.settings, bridge.store, on_news=self._worker.wake, stopping=self._stop.is_set)
        console.add_to(app, self._console())
        runner = make_runner(app)
        await runner.setup()
        try:
            host, _, port = bridge.settings.server.listen.rpartition(":")
            await web.TCPSite(runner, host.strip("[]") or None, int(port), backlog=1024).start()
            yield
        finally:
            await runner.cleanup()

    @property
    def console_url(self) -> str | None:
        """Where people find the console; None while nobody may sign in, or another process has it."""
        settings = self._bridge.settings
        if self._role == "worker":
            return None
        if self._open_console:
            return f"http://{settings.server.listen}/"
        return f"{settings.server.public_url.rstrip('/')}/" if settings.console.members() else None

    def _console(self) -> console.Console:
        bridge = self._bridge

        async def inspected(shop: str) -> Status:
            return await inspect(bridge.admins[shop], bridge.settings.server.public_url, shop)

        return console.Console(
            store=bridge.store,
            loaded=lambda: bridge.loaded,
            world=lambda: bridge.world,
            inspect=inspected,
            breakers=bridge.breakers,
            on_news=self._worker.wake,
            stopping=self._stop.is_set,
            open_here=self._open_console,
        )

    async def _wake_what_changed(self) -> None:
        """What a change of the configuration since the last run concerns is looked at anew."""
        bridge = self._bridge
        await bridge.store.wake_for_mapping(bridge.loaded.catalog.version)
        await bridge.store.wake_for_mode(bridge.settings.mode)

    def _chores(self) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        chores: list[tuple[str, Coroutine[Any, Any, None]]] = []
        for name in self._bridge.shops:
            chores.append(
                (
                    f"reconcile-{name}",
                    self._every(RECONCILE_EVERY, f"reconcile:{name}", self._reconcile, name),
                )
            )
            chores.append(
                (
                    f"subscribe-{name}",
                    self._every(SUBSCRIBE_EVERY, f"subscribe:{name}", self._subscribe, name),
                )
            )
        return chores

    async def _every(
        self, interval: timedelta, lock: str, chore: Callable[[str], Coroutine[Any, Any, None]], shop: str
    ) -> None:
        """Run a chore now and then, by one replica at a time; a failure is said and tried again soon."""
        while True:
            wait = interval
            try:
                async with self._bridge.store.alone(lock) as mine:
                    if mine:
                        await chore(shop)
            except BridgeError as error:
                wait = RETRY_CHORE
                log.warning("a chore failed; it is tried again", chore=lock, error=str(error))
            except Exception:
                wait = RETRY_CHORE
                log.exception("a chore failed by an error of its own", chore=lock)
            event = self._missed[shop] if lock.startswith("reconcile") else asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), wait.total_seconds())
                await asyncio.sleep(1)  # several deliveries that were missed at once need one look
            event.clear()

    async def _reconcile(self, name: str) -> None:
        count = await take_in(self._bridge, name)
        if count:
            log.info("reconciled", shop=name, orders=count)
            self._worker.wake()

    async def _subscribe(self, name: str) -> None:
        bridge, public_url = self._bridge, self._bridge.settings.server.public_url
        former = await bridge.store.memory.get(f"webhooks_to:{name}")
        report = await subscriptions.ensure(bridge.admins[name], public_url, name, former=former)
        await bridge.store.memory.set(f"webhooks_to:{name}", subscriptions.address(public_url, name))
        await _note_ledger_gap(bridge, name)
        await bridge.store.memory.set(f"subscribed_at:{name}", bridge.world.clock.now().isoformat())
        made = len(report.created) + len(report.updated)
        if made or report.deleted:
            log.info("webhook subscriptions were repaired", shop=name, made=made, deleted=report.deleted)
        for uri in report.bridges:
            log.warning("another bridge uses the same app, or did: see `check`", shop=name, address=uri)
        for topic, why in report.failed:
            log.warning("the shop does not send a topic", shop=name, topic=topic, why=why)


async def serve(loaded: Loaded, role: Role = "all", *, on_ready: Callable[[], None] | None = None) -> None:
    """Run the service until SIGTERM or SIGINT."""
    async with opened(loaded) as bridge:
        service = Service(bridge, role)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, service.stop)
        await service.run(on_ready=on_ready)
