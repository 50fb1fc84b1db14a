"""`serve`: the web side, the worker, the chores that keep both honest, and the configuration read anew."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import SystemRandom
from typing import Any, Literal

import aiohttp
import structlog
from aiohttp import web

from bridge.alerts.channels import (
    AlertOutlet,
    HookOutlet,
    build_alert_outlets,
    build_hook_outlets,
)
from bridge.alerts.dispatcher import Dispatcher
from bridge.config.identifiers import is_simulated
from bridge.config.loader import Loaded
from bridge.config.reload import (
    EVERY,
    ConfigWatcher,
    ReloadStatus,
    needs_restart,
)
from bridge.config.settings import Retention, Settings, ShopSettings
from bridge.config.simulated_upstreams import find_private_upstreams
from bridge.errors import BridgeError, ConfigError, StoreUnavailable, TryAgain
from bridge.health.monitor import HealthMonitor
from bridge.i18n.formatter import build_formatter
from bridge.mapping_review.design_check import find_unknown_designs
from bridge.mapping_review.prices import Prices
from bridge.mapping_review.variants import ShopCatalog
from bridge.order import stored_keys
from bridge.order.model import Picture
from bridge.order.problems import Problem
from bridge.order.states import Ignored, State
from bridge.runtime import logging
from bridge.runtime.container import (
    Bridge,
    fetch_catalog,
    open_bridge,
    reconcile_shop,
    report_ledger_gap,
)
from bridge.runtime.presence import Presence
from bridge.runtime.scheduler import PeriodicTasks
from bridge.runtime.worker import Worker
from bridge.sculpteo.client import tracking_page
from bridge.shopify import subscriptions
from bridge.shopify.product_images import product_pictures
from bridge.shopify.shop_status import (
    Status,
    inspect,
)
from bridge.shopify.webhooks import interpret
from bridge.steps.locations import resolve_locations
from bridge.store import Store
from bridge.web import console
from bridge.web.app_keys import PARTS
from bridge.web.metrics import METRICS
from bridge.web.server import make_app, make_runner

Role = Literal["all", "web", "worker"]

RECONCILE_EVERY = timedelta(minutes=15)
SUBSCRIBE_EVERY = timedelta(hours=1)
SHOP_CHORES = ("reconcile", "subscribe")
WATCH_EVERY = timedelta(minutes=5)
FORGET_EVERY = timedelta(hours=1)
DAMAGE_EVERY = timedelta(hours=1)

SANDBOX_WITHIN = 5.0  # seconds that a sandbox may take to make an order
TOLD_FOR = 1.0  # seconds for which /readyz says which part has ended, before the process does

DATABASE_RETRY = 1.0  # seconds
TIME_EVERY = 15.0  # seconds between looks at the database server's clock
START_PATIENCE = 60.0  # seconds that a database may be away while the service starts

log = structlog.get_logger("bridge.runtime.service")


class PartEnded(BridgeError):
    """A part of the service, which runs for as long as the service does, has ended by itself."""

    def __init__(self, part: str) -> None:
        super().__init__(f"a part of the service has ended by itself: {part}; start the service again")


@dataclass(frozen=True, slots=True)
class _Outside:
    """What the console's Mapping page asks shops and Sculpteo."""

    bridge: Bridge

    async def stock(self, shop: str) -> ShopCatalog:
        return await fetch_catalog(self.bridge.admins[shop])

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
        self._fault: str | None = None
        self._warned: tuple[str, ...] = ()
        self._works = False
        self._worker = Worker(
            lambda: bridge.world,
            bridge.store.inbox,
            interpret,
            on_missed=self._on_missed,
            on_error=self._count_error,
        )
        clock = bridge.world.clock
        self._vigil = HealthMonitor(
            bridge.store,
            clock,
            self._worker.owner,
            settings=lambda: bridge.settings,
            breakers=bridge.breakers,
        )
        self._sender = Dispatcher(
            bridge.store.outbox,
            clock,
            self._worker.owner,
            outlets=self._build_outlets,
            console=lambda: bridge.settings.server.public_url.rstrip("/"),
            translate=lambda: build_formatter("", bridge.settings.console.language, None).translate,
            random=SystemRandom(),
            on_error=self._count_error,
        )
        self._chores = PeriodicTasks(
            bridge.store.hold_lock,
            self._vigil.record_task_outcome,
            on_end=self._handle_part_end,
            on_error=self._count_error,
        )
        self._begun_with = self._followed = bridge.settings
        self._watch = ConfigWatcher(bridge.loaded, every=look_every)
        self._presence = Presence(
            bridge.store,
            clock,
            self._worker.owner,
            role=role,
            listen=bridge.settings.server.listen,
            in_force=lambda: bridge.loaded,
            read_at=lambda: bridge.standing.read_at,
            digest=lambda: self._watch.digest_of(bridge.loaded),
            dates=bridge.collect_shop_dates,
        )
        self._app: web.Application | None = None
        self._checking: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """End gracefully: take nothing new, finish what is under way."""
        self._stop.set()

    def reload_config(self) -> None:
        """Read the configuration now."""
        self._watch.request_reload()

    def _on_missed(self, shop: str) -> None:
        self._chores.request_run(f"reconcile:{shop}")

    def _count_error(self, part: str) -> None:
        """An error of the bridge's own was survived in this part."""
        if self._app is not None:
            self._app[METRICS].errors.labels(part.partition(":")[0]).inc()

    def _handle_part_end(self, part: str, error: BaseException | None = None) -> None:
        """A part that runs for as long as the service does has ended: the service is not ready any more, and
        ends too, so that a supervisor starts it anew."""
        if self._stop.is_set():
            return
        self._fault = part
        log.critical("a part of the service has ended; the service ends too", part=part, exc_info=error)
        self._stop.set()

    def _describe_not_ready(self) -> str | None:
        """Why the service should get no deliveries now, beside its database; None = it should."""
        if self._fault is not None:
            return f"a part of the service has ended: {self._fault}"
        return self._worker.trouble if self._works else None

    def _start_part(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a part of the service beside the others. Its end is the end of the service."""

        def handle_end(task: asyncio.Task[None]) -> None:
            self._handle_part_end(name, None if task.cancelled() else task.exception())

        task = asyncio.create_task(work, name=name)
        task.add_done_callback(handle_end)
        return task

    async def run(self, *, on_ready: Callable[[], None] | None = None) -> None:
        """Serve until stop() is called. Raises PartEnded when a part of the service has ended by itself."""
        async with AsyncExitStack() as stack:
            if self._role != "worker":
                await stack.enter_async_context(self._serve_web())
            worker: asyncio.Task[None] | None = None
            tasks: list[asyncio.Task[None]] = []
            if self._role != "web":
                await self._wake_when_possible()
                worker = self._start_part("worker", self._worker.run())
                self._works = True
                self._start_tasks()
                tasks.append(self._start_part("vigil", self._vigil.run()))
                tasks.append(self._start_part("outbox", self._sender.run()))
            tasks.append(self._start_part("configuration", self._watch_config()))
            tasks.append(self._start_part("time", self._keep_time()))
            with contextlib.suppress(StoreUnavailable):
                await self._presence.report_presence()
            tasks.append(self._start_part("presence", self._presence.run()))
            await self._vigil.record_configuration(())
            with contextlib.suppress(StoreUnavailable):
                if await self._vigil.has_unknown_designs():
                    self._check_designs()
            self._log_warnings()
            tasks.append(asyncio.create_task(self._log_private_addresses(), name="addresses"))
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
            if self._fault is not None:
                await asyncio.sleep(TOLD_FOR)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._chores.stop_tasks()
            if self._checking is not None:
                self._checking.cancel()
            if worker is not None:
                self._worker.stop()
                await asyncio.gather(worker, return_exceptions=True)
            await self._presence.end_presence()
        if self._fault is not None:
            raise PartEnded(self._fault)

    @asynccontextmanager
    async def _serve_web(self) -> AsyncIterator[None]:
        bridge = self._bridge
        self._app = make_app(
            bridge.settings,
            bridge.store,
            on_news=self._worker.wake,
            stopping=self._stop.is_set,
            fault=self._describe_not_ready,
            open_metrics=bridge.settings.server.open_metrics,
        )
        console.add_to(self._app, self._build_console())
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
        return f"{settings.server.public_url.rstrip('/')}/" if settings.console.list_members() else None

    def _build_console(self) -> console.Console:
        bridge = self._bridge

        async def inspect_shop(shop: str) -> Status:
            return await inspect(bridge.admins[shop], bridge.settings.server.public_url, shop)

        async def fetch_pictures(shop: str, product_ids: Sequence[str]) -> Mapping[str, Picture]:
            admin_url = bridge.settings.shops[shop].admin_url
            simulated = admin_url is not None and is_simulated(admin_url)
            return await product_pictures(bridge.admins[shop], product_ids, is_simulated=simulated)

        return console.Console(
            store=bridge.store,
            loaded=lambda: bridge.loaded,
            world=lambda: bridge.world,
            inspect=inspect_shop,
            breakers=bridge.breakers,
            outside=_Outside(bridge),
            pictures=fetch_pictures,
            test_order=self._create_test_order,
            standing=lambda: bridge.standing,
            tracking_page=lambda reference: tracking_page(bridge.settings.sculpteo.base_url, reference),
            on_news=self._worker.wake,
            stopping=self._stop.is_set,
            open_here=self._open_console,
        )

    async def _create_test_order(self, shop: str) -> str:
        from bridge.sandbox.control_client import (  # brings the sandbox, which few need
            ControlClient,
            ControlError,
        )

        settings = self._bridge.settings.shops[shop]
        try:
            async with ControlClient(settings.admin_url or "", seconds=SANDBOX_WITHIN) as control:
                return (await control.select_shop(settings.domain).test_order()).name
        except ControlError as error:
            raise TryAgain(error.sentence) from None
        except (aiohttp.ClientError, TimeoutError):
            raise TryAgain("no sandbox answers at the shop's address") from None

    def _build_outlets(self) -> tuple[AlertOutlet | HookOutlet, ...]:
        settings = self._bridge.settings
        return (*build_alert_outlets(settings), *build_hook_outlets(settings))

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(TIME_EVERY)
            try:
                await self._bridge.store.sync_clock()
            except StoreUnavailable as error:
                log.warning("the database is not available", error=str(error))
            except Exception:
                log.exception("the database could not be asked what time it is")
                self._count_error("time")

    # --- chores ------------------------------------------------------------------------------------------

    def _start_tasks(self) -> None:
        self._chores.start_task("retention", FORGET_EVERY, self._purge_expired)
        for name in self._bridge.shops:
            self._chores.start_task(f"reconcile:{name}", RECONCILE_EVERY, partial(self._reconcile_shop, name))
            self._chores.start_task(f"subscribe:{name}", SUBSCRIBE_EVERY, partial(self._subscribe_shop, name))
        self._chores.start_task("left_over", WATCH_EVERY, self._wake_left_over)
        self._chores.start_task("watch", WATCH_EVERY, self._vigil.check_orders)
        self._chores.start_task("damage", DAMAGE_EVERY, self._check_damage)

    async def _reconcile_shop(self, name: str) -> None:
        count = await reconcile_shop(self._bridge, name)
        if count:
            log.info("reconciled", shop=name, orders=count)
            self._worker.wake()

    async def _purge_expired(self) -> None:
        keep, now = self._bridge.settings.retention, self._bridge.world.clock.now()
        deliveries, orders = await purge_expired(self._bridge.store, keep, now)
        if deliveries or orders:
            log.info("past its retention", deliveries=deliveries, orders_without_personal_data=orders)

    async def _check_damage(self) -> None:
        count = await self._bridge.store.set_aside_damaged()
        if count:
            log.error("orders cannot be read from the database; each needs a person", orders=count)

    async def _subscribe_shop(self, name: str) -> None:
        bridge, public_url = self._bridge, self._bridge.settings.server.public_url
        former = await bridge.store.memory.get(stored_keys.webhooks_to(name))
        report = await subscriptions.ensure(bridge.admins[name], public_url, name, former=former)
        address = subscriptions.address(public_url, name)
        await bridge.store.memory.set(stored_keys.webhooks_to(name), address)
        await report_ledger_gap(bridge, name)
        await self._update_locations(name)
        await bridge.store.memory.set(stored_keys.subscribed_at(name), bridge.world.clock.now().isoformat())
        made = len(report.created) + len(report.updated)
        if made or report.deleted:
            log.info("webhook subscriptions were repaired", shop=name, made=made, deleted=report.deleted)
        for uri in report.bridges:
            log.warning("another bridge uses the same app, or did: see `check`", shop=name, address=uri)
        await self._vigil.record_subscriptions(name, made if former == address else 0, dict(report.failed))
        for topic, why in report.failed:
            log.warning("the shop does not send a topic", shop=name, topic=topic, why=why)

    async def _update_locations(self, name: str) -> None:
        """Remember what the shop's locations are called, and tell of configured ones that it does not have."""
        bridge, orders = self._bridge, self._bridge.store.orders
        if bridge.settings.shops[name].locations:
            try:
                listed = await bridge.shops[name].fetch_locations()
            except BridgeError as error:
                log.warning("the shop's locations could not be read", shop=name, error=str(error))
                return
            if listed is not None:
                await orders.update_locations(name, listed, complete=True)
        known = await orders.list_locations(name)
        found = resolve_locations(bridge.settings.shops[name].locations, known)
        there = {one.name for one in known if one.gone_at is None}
        changed = await self._vigil.check_locations(name, found, there)
        if changed is True:  # what it has hidden so far is looked at anew
            await bridge.store.wake_orders([State.IGNORED], reasons=[Ignored.OTHER_LOCATION], shop=name)
        if changed is False:  # what waited for a person because of it goes on
            await bridge.store.wake_orders([State.ATTENTION], problems=[Problem.LOCATION], shop=name)

    # --- the configuration -------------------------------------------------------------------------------

    async def _watch_config(self) -> None:
        """Take up each new configuration; one that cannot be used is told, and changes nothing."""
        while True:
            found = await self._watch.wait_for_next()
            try:
                if isinstance(found, ConfigError):
                    raise found
                await self._apply_config(found)
            except ConfigError as error:
                await self._keep_old_config(error)
            except BridgeError as error:
                log.warning("the configuration is not taken up whole; it is tried again", error=str(error))
                await asyncio.sleep(EVERY)
                self._watch.request_reload()
            except Exception as error:
                log.exception("the configuration could not be taken up by an error of the bridge")
                why = f"the bridge itself failed over it ({type(error).__name__}); its log says more"
                if self._bridge.loaded is not found:
                    await self._keep_old_config(ConfigError(why))

    async def _keep_old_config(self, error: ConfigError) -> None:
        bridge = self._bridge
        since = bridge.standing.faulty_since or bridge.world.clock.now()
        faults = tuple(str(error).splitlines())
        is_new = faults != bridge.standing.faults
        bridge.standing = replace(bridge.standing, faults=faults, faulty_since=since)
        if is_new:
            log.error("the configuration has faults; the one before stays in force", faults="; ".join(faults))
        await self._vigil.record_configuration(faults)

    async def _apply_config(self, loaded: Loaded) -> None:
        bridge = self._bridge
        await self._switch_config(loaded)
        restart = needs_restart(self._begun_with, loaded.settings)
        bridge.standing = ReloadStatus(bridge.world.clock.now(), needs_restart=restart)
        logging.configure_logging(loaded.settings.logging.format, loaded.settings.logging.level)
        log.info("the configuration was read again", mode=str(loaded.settings.mode))
        self._log_warnings()
        if restart:
            log.warning("these changes need a restart", keys=", ".join(restart))
        await self._vigil.record_configuration((), restart)
        if self._role != "web":
            await self._handle_config_change(self._followed)
        self._followed = loaded.settings
        self._worker.wake()
        self._check_designs()

    def _check_designs(self) -> None:
        """Ask Sculpteo, beside all else, whether it knows what the new mapping names. The configuration is in
        force meanwhile, and stays so: an order that needs what Sculpteo does not know stops by itself."""
        if self._checking is not None:
            self._checking.cancel()
        self._checking = asyncio.create_task(self._report_unknown_designs(), name="designs")

    async def _report_unknown_designs(self) -> None:
        loaded = self._bridge.loaded
        prices = _Outside(self._bridge).prices()
        try:
            designs = [design for _, design in loaded.catalog.list_designs()]
            found = await find_unknown_designs(prices, designs, patience=None)
            for finding in found:
                warning = f"{finding.format_sentence()} {finding.format_remedy()}"
                log.warning("the configuration names what Sculpteo does not know", warning=warning)
            await self._vigil.record_designs([finding.format_sentence() for finding in found])
        except StoreUnavailable as error:
            log.warning("the database is not available", error=str(error))
        except Exception:
            log.exception("the mapping could not be compared with Sculpteo")

    async def _switch_config(self, loaded: Loaded) -> None:
        """Let it be in force, with what its shops are called now. A name that means another shop from now on
        means it to everybody at once: nothing that knows it for the shop before is under way meanwhile."""
        bridge, before = self._bridge, self._bridge.settings.shops
        identified = await bridge.resolve_shop_names(loaded)
        wanted = loaded.settings.shops
        other = [
            name
            for name, shop in before.items()
            if name not in wanted or not _is_same_shop(shop, wanted[name])
        ]
        reused = [name for name in other if name in wanted]
        async with AsyncExitStack() as stack:
            if other and self._role != "web":
                await self._chores.stop_tasks(*(f"{chore}:{name}" for name in other for chore in SHOP_CHORES))
            if reused:
                await stack.enter_async_context(self._worker.pause_work())
            try:
                bridge.replace_config(loaded)
            finally:
                if self._role != "web":
                    self._start_tasks()
            identified.take_effect()
            if self._app is not None:
                self._app[PARTS].shops = loaded.settings.shops

    def _log_warnings(self) -> None:
        """What works, but is hardly meant, such as a simulated upstream in live mode."""
        warnings = tuple(str(fault) for fault in self._bridge.loaded.warnings)
        for warning in warnings:
            if warning not in self._warned:
                log.warning("the configuration works, but is hardly meant", warning=warning)
        self._warned = warnings

    async def _log_private_addresses(self) -> None:
        for one, address in await find_private_upstreams(self._bridge.settings):
            log.warning(
                "an upstream of live mode leads to a private address: it is simulated",
                upstream=one.name,
                key=one.key,
                address=address,
            )

    async def _handle_config_change(self, before: Settings) -> None:
        """What another configuration asks for: orders looked at anew, chores of the shops that are there."""
        bridge, settings = self._bridge, self._bridge.settings
        await self._wake_affected_orders()
        self._start_tasks()
        for name, shop in settings.shops.items():
            if before.shops.get(name) != shop:
                await bridge.store.wake_orders([State.ATTENTION], problems=[Problem.SHOP_ACCESS], shop=name)
            if before.shops.get(name) != shop or before.server.public_url != settings.server.public_url:
                self._chores.request_run(f"reconcile:{name}")
                self._chores.request_run(f"subscribe:{name}")

    async def _wake_when_possible(self) -> None:
        """At the start. A database that goes away in just this moment is waited for, as it is later."""
        while not self._stop.is_set():
            try:
                await self._wake_affected_orders()
                return
            except StoreUnavailable as error:
                log.warning("the database is not available", error=str(error))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), DATABASE_RETRY)

    async def _wake_affected_orders(self) -> None:
        """What a change of the configuration concerns is looked at anew, whether the bridge ran or not."""
        bridge = self._bridge
        await bridge.store.wake_for_mapping(bridge.loaded.catalog.version)
        await bridge.store.wake_for_mode(bridge.settings.mode)
        await bridge.store.wake_for_rules(bridge.world.policy.version)
        await bridge.store.record_judged_by(bridge.world.judged_by)
        await bridge.store.wake_left_over(bridge.world.judged_by, tuple(bridge.settings.shops))
        await self._vigil.record_shops()

    async def _wake_left_over(self) -> None:
        """What a replica judged that had not taken up this configuration yet, or does not know a shop of."""
        bridge = self._bridge
        count = await bridge.store.wake_left_over(bridge.world.judged_by, tuple(bridge.settings.shops))
        if count:
            log.info(
                "a replica with another configuration looked at these; they are looked at anew", orders=count
            )
            self._worker.wake()


def _is_same_shop(one: ShopSettings, other: ShopSettings) -> bool:
    """Whether both are the same shop, whatever else is set."""
    return bool({one.domain, one.former_domain} & {other.domain, other.former_domain} - {None})


async def purge_expired(store: Store, keep: Retention, now: datetime) -> tuple[int, int]:
    """Delete the deliveries, and erase the personal data, that are past their retention; gives how many
    deliveries and orders. In batches, which leave the database to others in between."""
    deliveries = 0
    while gone := await store.inbox.purge_settled(now - keep.deliveries):
        deliveries += gone
    orders = await store.privacy.erase_due_orders(now - keep.personal_data)
    await store.privacy.purge_file()
    return deliveries, orders


async def _open_when_possible(stack: AsyncExitStack, loaded: Loaded) -> Bridge:
    """Machines that start together, and a database that restarts under a rolling restart: both come in a
    moment. A database that never comes is told by the end of the process, which a supervisor sees."""
    loop = asyncio.get_running_loop()
    until = loop.time() + START_PATIENCE
    while True:
        try:
            return await stack.enter_async_context(open_bridge(loaded))
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
        service = Service(await _open_when_possible(stack, loaded), role)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, service.stop)
        loop.add_signal_handler(signal.SIGHUP, service.reload_config)
        await service.run(on_ready=on_ready)
