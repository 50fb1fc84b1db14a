"""The whole sandbox: one or more shops, a Sculpteo, the fault menu and the control API, on free ports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from bridge.sandbox.control_server import ControlServer
from bridge.sandbox.http.faults import FaultMenu
from bridge.sandbox.http.site import Site
from bridge.sandbox.sculpteo.api import SculpteoApi
from bridge.sandbox.sculpteo.notifications import Notifier
from bridge.sandbox.sculpteo.printer import Printer
from bridge.sandbox.sculpteo.settings import SculpteoSettings
from bridge.sandbox.shopify.api import AdminApi
from bridge.sandbox.shopify.settings import ShopSettings
from bridge.sandbox.shopify.shop import Shop
from bridge.sandbox.shopify.webhooks import WebhookSender


@dataclass(slots=True)
class RunningShop:
    """A shop with its server and its sender of webhooks."""

    shop: Shop
    api: AdminApi
    webhooks: WebhookSender
    site: Site

    @property
    def url(self) -> str:
        return self.site.url


@dataclass(frozen=True, slots=True)
class Ports:
    """Where to listen; 0 = any free port. Further shops take the ports after the control API's."""

    shopify: int = 0
    sculpteo: int = 0
    control: int = 0

    @classmethod
    def from_first(cls, first: int) -> Ports:
        return cls(first, first + 1, first + 2) if first else cls()

    def get_shop_port(self, index: int) -> int:
        if index == 0 or not self.control:
            return self.shopify if index == 0 else 0
        return self.control + index


@dataclass(slots=True)
class Sandbox:
    """Use as `async with Sandbox() as box:`. Everything in it is deterministic for `seed`, except times.

    `webhook_speed` shortens the gaps between webhook retries: at 3600, the four hours of Shopify's schedule
    pass in four seconds. `remove_subscriptions` is Shopify's rule for deliveries that fail to the end.
    `deliver_to` ("http://127.0.0.1:8080") takes all webhooks and notifications, whatever public address they
    were asked for at.

    A sandbox that is not to give out again what an earlier run gave out has another `salt` (of references, tracking
    numbers, tokens), its ids begin `ids_after` later, and `order_numbers` (domain, first) go on.
    """

    shops: Sequence[ShopSettings] = field(default_factory=lambda: (ShopSettings(),))
    sculpteo: SculpteoSettings = field(default_factory=SculpteoSettings)
    seed: int = 0
    ports: Ports = field(default_factory=Ports)
    host: str = "127.0.0.1"
    webhook_speed: float = 1.0
    remove_subscriptions: bool = True
    deliver_to: str | None = None
    notification_retries: tuple[float, ...] = ()
    salt: str = ""
    order_numbers: Callable[[str, int], Iterator[int]] | None = None
    ids_after: int = 0
    faults: FaultMenu = field(init=False)
    running: dict[str, RunningShop] = field(init=False, default_factory=dict)
    printer: Printer = field(init=False)
    notifier: Notifier = field(init=False)
    _sculpteo_site: Site = field(init=False)
    _control_site: Site = field(init=False)

    def __post_init__(self) -> None:
        self.faults = FaultMenu(self.seed)
        for settings in self.shops:
            self._open_shop(settings)
        self.printer = Printer(self.sculpteo, seed=self._salted_seed)
        self.notifier = Notifier(
            self.printer, self.faults, retries=self.notification_retries, address=self.resolve_address
        )
        sculpteo = SculpteoApi(self.printer, self.faults)
        self._sculpteo_site = Site(sculpteo.application(), host=self.host, port=self.ports.sculpteo)
        desk = ControlServer(self)
        self._control_site = Site(desk.build_application(), host=self.host, port=self.ports.control)

    @property
    def _salted_seed(self) -> int | str:
        return f"{self.seed}/{self.salt}" if self.salt else self.seed

    def _open_shop(self, settings: ShopSettings) -> RunningShop:
        numbers = self.order_numbers
        shop = Shop(
            settings,
            seed=self._salted_seed,
            order_numbers=numbers(settings.domain, settings.first_order_number) if numbers else None,
            ids_after=self.ids_after,
        )
        api = AdminApi(shop, self.faults)
        sender = WebhookSender(
            shop,
            self.faults,
            speed=self.webhook_speed,
            remove=self.remove_subscriptions,
            address=self.resolve_address,
        )
        port = settings.port if settings.port is not None else self.ports.get_shop_port(len(self.running))
        app = api.application()
        ControlServer(self).add_routes_to(app)
        running = RunningShop(shop, api, sender, Site(app, host=self.host, port=port))
        self.running[settings.domain] = running
        return running

    async def add_shop(self, settings: ShopSettings) -> RunningShop:
        """One more shop, while the sandbox runs."""
        running = self._open_shop(settings)
        await _start_shop(running)
        return running

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except OSError:  # a port is taken
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        for running in self.running.values():
            await _start_shop(running)
        await self.notifier.start()
        await self._sculpteo_site.start()
        await self._control_site.start()

    async def stop(self) -> None:
        for running in self.running.values():
            running.shop.close()
            await running.webhooks.stop()
        await self.printer.close()
        await self.notifier.stop()
        for site in self._list_sites():
            await site.stop()

    def resolve_address(self, url: str) -> str:
        """Where a delivery to `url` really goes."""
        if self.deliver_to is None:
            return url
        there, asked = urlsplit(self.deliver_to), urlsplit(url)
        return urlunsplit((there.scheme, there.netloc, asked.path, asked.query, ""))

    def _list_sites(self) -> Iterable[Site]:
        yield from (running.site for running in self.running.values())
        yield self._sculpteo_site
        yield self._control_site

    async def wait_until_settled(self) -> None:
        """Wait until no webhook and no notification is on its way."""
        for running in self.running.values():
            await running.webhooks.settle()
        await self.notifier.settle()

    # -- one shop is the usual case --

    def get_running_shop(self, domain: str | None = None) -> RunningShop:
        """The shop with this domain, or with its first label ("acme"); None = the first."""
        if domain is None:
            return next(iter(self.running.values()))
        for known, running in self.running.items():
            if domain in (known, known.partition(".")[0]):
                return running
        raise LookupError(f"the sandbox has no shop {domain}; it has {', '.join(self.running)}")

    @property
    def shop(self) -> Shop:
        return self.get_running_shop().shop

    @property
    def webhooks(self) -> WebhookSender:
        return self.get_running_shop().webhooks

    @property
    def shopify_url(self) -> str:
        return self.get_running_shop().url

    @property
    def sculpteo_url(self) -> str:
        return self._sculpteo_site.url

    @property
    def control_url(self) -> str:
        return self._control_site.url

    # -- outages: connections are refused --

    async def stop_sculpteo(self) -> None:
        await self._sculpteo_site.down()

    async def start_sculpteo(self) -> None:
        await self._sculpteo_site.up()

    async def stop_shopify(self, domain: str | None = None) -> None:
        await self.get_running_shop(domain).site.down()

    async def start_shopify(self, domain: str | None = None) -> None:
        await self.get_running_shop(domain).site.up()


async def _start_shop(running: RunningShop) -> None:
    await running.webhooks.start()
    await running.site.start()
    running.shop.pictures_at = running.url
