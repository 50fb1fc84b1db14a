"""`serve`: the web side, the worker, the chores that keep both honest, and the configuration read anew."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import SystemRandom
from typing import Literal

import structlog
from aiohttp import web

from bridge import logs
from bridge.alerts.outlets import AlertOutlet, HookOutlet, alert_outlets, hook_outlets
from bridge.alerts.sender import Sender
from bridge.app import Bridge, note_ledger_gap, opened, stock_of, take_in
from bridge.chores import Chores
from bridge.config.loader import Loaded
from bridge.config.settings import Retention, Settings
from bridge.config.watch import EVERY, Standing, Watch, needs_restart
from bridge.errors import BridgeError, ConfigError, StoreUnavailable
from bridge.order.problems import Problem
from bridge.order.states import Ignored, State
from bridge.plan.catalogue import Stock
from bridge.plan.prices import Prices
from bridge.sculpteo.client import tracking_page
from bridge.shopify import subscriptions
from bridge.shopify.status import Status, inspect
from bridge.shopify.webhooks import interpret
from bridge.steps.locations import resolve
from bridge.store import Store
from bridge.vigil import Vigil
from bridge.web import console
from bridge.web.console.words import reader_for
from bridge.web.parts import PARTS
from bridge.web.server import make_app, make_runner
from bridge.worker import Worker

Role = Literal["all", "web", "worker"]

RECONCILE_EVERY = timedelta(minutes=15)
SUBSCRIBE_EVERY = timedelta(hours=1)
WATCH_EVERY = timedelta(minutes=5)
FORGET_EVERY = timedelta(hours=1)

DATABASE_RETRY = 1.0  # seconds
TIME_EVERY = 15.0  # seconds between looks at the database server's clock
START_PATIENCE = 60.0  # seconds that a database may be away while the service starts

log = structlog.get_logger("bridge.service")


@dataclass(frozen=True, slots=True)
class _Outside:
    """What the console's Mapping page asks shops and Sculpteo."""

    bridge: Bridge

    async def stock(self, shop: str) -> Stock:
        return await stock_of(self.bridge.admins[shop])

    def prices(self) -> Prices:
        bridge = self.bridge
        currency = bridge.settings.sculpteo.currency
        return Prices(bridge.printer, bridge.store.memory, bridge.world.clock, currency)


class Service:
    """Runs until stop() is called. `look_every` is how often the configuration is looked at, in seconds."""

    def __init__(
        self, bridge: Bridge, role: Role, *, open_console: bool = False, look_every: float = EVERY
    ) -> None:
        """`open_console` lets whoever sits at this machine into the console without a password: the demo."""
        self._bridge = bridge
        self._role = role
        self._open_console = open_console
        self._stop = asyncio.Event()
        self._worker = Worker(lambda: bridge.world, bridge.store.inbox, interpret, on_missed=self._on_missed)
        clock = bridge.world.clock
        self._vigil = Vigil(
            bridge.store,
            clock,
            self._worker.owner,
            settings=lambda: bridge.settings,
            breakers=bridge.breakers,
        )
        self._sender = Sender(
            bridge.store.outbox,
            clock,
            self._worker.owner,
            outlets=self._outlets,
            console=lambda: bridge.settings.server.public_url.rstrip("/"),
            translate=lambda: reader_for("", bridge.settings.console.language, None).said,
            random=SystemRandom(),
        )
        self._chores = Chores(bridge.store.alone, self._vigil.chore)
        self._begun_with = self._followed = bridge.settings
        self._watch = Watch(bridge.loaded, every=look_every)
        self._app: web.Application | None = None

    def stop(self) -> None:
        """End gracefully: take nothing new, finish what is under way."""
        self._stop.set()

    def reload(self) -> None:
        """Read the configuration now."""
        self._watch.ask()

    def _on_missed(self, shop: str) -> None:
        self._chores.hurry(f"reconcile:{shop}")

    async def run(self, *, on_ready: Callable[[], None] | None = None) -> None:
        """Serve until stop() is called."""
        async with AsyncExitStack() as stack:
            if self._role != "worker":
                await stack.enter_async_context(self._web())
            worker: asyncio.Task[None] | None = None
            tasks: list[asyncio.Task[None]] = []
            if self._role != "web":
                await self._wake_when_possible()
                worker = asyncio.create_task(self._worker.run(), name="worker")
                self._start_chores()
                tasks.append(asyncio.create_task(self._vigil.run(), name="vigil"))
                tasks.append(asyncio.create_task(self._sender.run(), name="sender"))
            tasks.append(asyncio.create_task(self._read_again(), name="configuration"))
            tasks.append(asyncio.create_task(self._keep_time(), name="time"))
            await self._vigil.configuration(())
            settings = self._bridge.settings
            log.info(
                "ready",
                mode=str(settings.mode),
                role=self._role,
                listen=settings.server.listen,
                console=self.console_url or "off",
            )
            if on_ready:
                on_ready()
            await self._stop.wait()
            log.info("stopping")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._chores.stop()
            if worker is not None:
                self._worker.stop()
                await worker

    @asynccontextmanager
    async def _web(self) -> AsyncIterator[None]:
        bridge = self._bridge
        self._app = make_app(
            bridge.settings,
            bridge.store,
            on_news=self._worker.wake,
            stopping=self._stop.is_set,
            open_metrics=bridge.settings.server.open_metrics,
        )
        console.add_to(self._app, self._console())
        runner = make_runner(self._app)
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
            outside=_Outside(bridge),
            standing=lambda: bridge.standing,
            tracking_page=lambda reference: tracking_page(bridge.settings.sculpteo.base_url, reference),
            on_news=self._worker.wake,
            stopping=self._stop.is_set,
            open_here=self._open_console,
        )

    def _outlets(self) -> tuple[AlertOutlet | HookOutlet, ...]:
        settings = self._bridge.settings
        return (*alert_outlets(settings), *hook_outlets(settings))

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(TIME_EVERY)
            with contextlib.suppress(StoreUnavailable):
                await self._bridge.store.tell_time()

    # --- chores ------------------------------------------------------------------------------------------

    def _start_chores(self) -> None:
        self._chores.start("retention", FORGET_EVERY, self._forget)
        for name in self._bridge.shops:
            self._chores.start(f"reconcile:{name}", RECONCILE_EVERY, partial(self._reconcile, name))
            self._chores.start(f"subscribe:{name}", SUBSCRIBE_EVERY, partial(self._subscribe, name))
        self._chores.start("watch", WATCH_EVERY, self._vigil.orders)

    async def _reconcile(self, name: str) -> None:
        count = await take_in(self._bridge, name)
        if count:
            log.info("reconciled", shop=name, orders=count)
            self._worker.wake()

    async def _forget(self) -> None:
        keep, now = self._bridge.settings.retention, self._bridge.world.clock.now()
        deliveries, orders = await forgotten(self._bridge.store, keep, now)
        if deliveries or orders:
            log.info("past its retention", deliveries=deliveries, orders_without_personal_data=orders)

    async def _subscribe(self, name: str) -> None:
        bridge, public_url = self._bridge, self._bridge.settings.server.public_url
        former = await bridge.store.memory.get(f"webhooks_to:{name}")
        report = await subscriptions.ensure(bridge.admins[name], public_url, name, former=former)
        address = subscriptions.address(public_url, name)
        await bridge.store.memory.set(f"webhooks_to:{name}", address)
        await note_ledger_gap(bridge, name)
        await self._note_locations(name)
        await bridge.store.memory.set(f"subscribed_at:{name}", bridge.world.clock.now().isoformat())
        made = len(report.created) + len(report.updated)
        if made or report.deleted:
            log.info("webhook subscriptions were repaired", shop=name, made=made, deleted=report.deleted)
        for uri in report.bridges:
            log.warning("another bridge uses the same app, or did: see `check`", shop=name, address=uri)
        await self._vigil.subscriptions(name, made if former == address else 0, dict(report.failed))
        for topic, why in report.failed:
            log.warning("the shop does not send a topic", shop=name, topic=topic, why=why)

    async def _note_locations(self, name: str) -> None:
        """Remember what the shop's locations are called, and tell of configured ones that it does not have."""
        bridge, orders = self._bridge, self._bridge.store.orders
        if bridge.settings.shops[name].locations:
            try:
                listed = await bridge.shops[name].locations()
            except BridgeError as error:
                log.warning("the shop's locations could not be read", shop=name, error=str(error))
                return
            if listed is not None:
                await orders.see_locations(name, listed, complete=True)
        known = await orders.locations(name)
        found = resolve(bridge.settings.shops[name].locations, known)
        there = {one.name for one in known if one.gone_at is None}
        if await self._vigil.locations(name, found, there):  # what it has hidden so far is looked at anew
            await bridge.store.wake([State.IGNORED], reasons=[Ignored.OTHER_LOCATION], shop=name)

    # --- the configuration -------------------------------------------------------------------------------

    async def _read_again(self) -> None:
        """Take up each new configuration; one that cannot be used is told, and changes nothing."""
        while True:
            found = await self._watch.next()
            try:
                if isinstance(found, ConfigError):
                    raise found
                await self._take_up(found)
            except ConfigError as error:
                await self._stay_with_the_old(error)
            except BridgeError as error:
                log.warning("the configuration is not taken up whole; it is tried again", error=str(error))
                await asyncio.sleep(EVERY)
                self._watch.ask()
            except Exception:
                log.exception("the configuration could not be taken up by an error of the bridge")

    async def _stay_with_the_old(self, error: ConfigError) -> None:
        bridge = self._bridge
        since = bridge.standing.faulty_since or bridge.world.clock.now()
        faults = tuple(str(error).splitlines())
        bridge.standing = replace(bridge.standing, faults=faults, faulty_since=since)
        log.error("the configuration has faults; the one before stays in force", faults="; ".join(faults))
        await self._vigil.configuration(faults)

    async def _take_up(self, loaded: Loaded) -> None:
        bridge = self._bridge
        bridge.adopt(loaded)
        restart = needs_restart(self._begun_with, loaded.settings)
        bridge.standing = Standing(bridge.world.clock.now(), needs_restart=restart)
        if self._app is not None:
            self._app[PARTS].shops = loaded.settings.shops
        logs.setup(loaded.settings.logging.format, loaded.settings.logging.level)
        log.info("the configuration was read again", mode=str(loaded.settings.mode))
        for fault in loaded.warnings:
            log.warning("the configuration", warning=str(fault))
        if restart:
            log.warning("these changes need a restart", keys=", ".join(restart))
        await self._vigil.configuration((), restart)
        if self._role != "web":
            await self._follow(self._followed)
        self._followed = loaded.settings
        self._worker.wake()

    async def _follow(self, before: Settings) -> None:
        """What another configuration asks for: orders looked at anew, chores of the shops that are there."""
        bridge, settings = self._bridge, self._bridge.settings
        await self._wake_what_changed()
        gone = set(before.shops) - set(settings.shops)
        await self._chores.stop(*(f"{chore}:{shop}" for shop in gone for chore in ("reconcile", "subscribe")))
        self._start_chores()
        for name, shop in settings.shops.items():
            if before.shops.get(name) != shop:
                await bridge.store.wake([State.ATTENTION], problems=[Problem.SHOP_ACCESS], shop=name)
            if before.shops.get(name) != shop or before.server.public_url != settings.server.public_url:
                self._chores.hurry(f"reconcile:{name}")
                self._chores.hurry(f"subscribe:{name}")

    async def _wake_when_possible(self) -> None:
        """At the start. A database that goes away in just this moment is waited for, as it is later."""
        while not self._stop.is_set():
            try:
                await self._wake_what_changed()
                return
            except StoreUnavailable as error:
                log.warning("the database is not available", error=str(error))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), DATABASE_RETRY)

    async def _wake_what_changed(self) -> None:
        """What a change of the configuration concerns is looked at anew, whether the bridge ran or not."""
        bridge = self._bridge
        await bridge.store.wake_for_mapping(bridge.loaded.catalog.version)
        await bridge.store.wake_for_mode(bridge.settings.mode)
        await bridge.store.wake_for_rules(rules_of(bridge.settings))


async def forgotten(store: Store, keep: Retention, now: datetime) -> tuple[int, int]:
    """Delete the deliveries, and erase the personal data, that are past their retention; gives how many
    deliveries and orders. In batches, which leave the database to others in between."""
    deliveries = orders = 0
    while gone := await store.inbox.prune(now - keep.deliveries):
        deliveries += gone
    while gone := await store.privacy.forget(now - keep.personal_data):
        orders += gone
    return deliveries, orders


def rules_of(settings: Settings) -> str:
    """Tells the rules apart by which an order waits for a person, a limit or another location."""
    locations = sorted((name, sorted(shop.locations)) for name, shop in settings.shops.items())
    told = f"{settings.approval!r} {settings.limits!r} {locations!r}"
    return hashlib.sha256(told.encode()).hexdigest()


async def _opened_when_possible(stack: AsyncExitStack, loaded: Loaded) -> Bridge:
    """Machines that start together, and a database that restarts under a rolling restart: both come in a
    moment. A database that never comes is told by the end of the process, which a supervisor sees."""
    loop = asyncio.get_running_loop()
    until = loop.time() + START_PATIENCE
    while True:
        try:
            return await stack.enter_async_context(opened(loaded))
        except StoreUnavailable as error:
            if loop.time() + DATABASE_RETRY > until:
                raise
            log.warning(
                "the database is not available; the service starts when it is",
                error=str(error),
                remedy="start it, or correct `database` in the configuration",
                gives_up_in=f"{until - loop.time():.0f} s",
            )
            await asyncio.sleep(DATABASE_RETRY)


async def serve(loaded: Loaded, role: Role = "all", *, on_ready: Callable[[], None] | None = None) -> None:
    """Run the service until SIGTERM or SIGINT; SIGHUP reads the configuration again.

    Raises StoreUnavailable when the database is still away after START_PATIENCE.
    """
    async with AsyncExitStack() as stack:
        service = Service(await _opened_when_possible(stack, loaded), role)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, service.stop)
        loop.add_signal_handler(signal.SIGHUP, service.reload)
        await service.run(on_ready=on_ready)
