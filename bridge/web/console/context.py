"""What the console works with; `bridge.runtime.service` joins it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from bridge.config.loader import Loaded
from bridge.config.reload import ReloadStatus
from bridge.config.settings import Settings
from bridge.errors import Upstream
from bridge.mapping_review.prices import Prices
from bridge.mapping_review.variants import ShopCatalog
from bridge.net.circuit_breaker import CircuitBreaker
from bridge.order.model import Picture
from bridge.shopify.shop_status import Status
from bridge.steps.context import StepContext
from bridge.store.store import Store


class Outside(Protocol):
    """The shops' catalogues and Sculpteo's prices, which only the Mapping page asks for."""

    async def stock(self, shop: str) -> ShopCatalog:
        """Raises TryAgain and NeedsPerson as the shop does."""

    def prices(self) -> Prices: ...


@dataclass(slots=True)
class Console:
    """Everything that pages may ask. What a reload of the configuration replaces is given by a call.

    `pictures` fetches small pictures of products, given a shop and ids, by these ids.
    `inspect` asks a shop how the bridge stands with it. `open_here` lets whoever sits at this machine in as
    owner, without a password: for the demo, which has nothing to lose. `test_order` lets an invented customer buy
    something in a simulated shop and gives the order's name; it raises TryAgain where the sandbox does not.
    """

    store: Store
    loaded: Callable[[], Loaded]
    world: Callable[[], StepContext]
    inspect: Callable[[str], Awaitable[Status]]
    breakers: Mapping[Upstream, CircuitBreaker] = field(default_factory=dict)
    outside: Outside | None = None
    pictures: Callable[[str, Sequence[str]], Awaitable[Mapping[str, Picture]]] | None = None
    test_order: Callable[[str], Awaitable[str]] | None = None
    standing: Callable[[], ReloadStatus | None] = lambda: None
    tracking_page: Callable[[str], str | None] = lambda reference: None  # where people see a Sculpteo order
    on_news: Callable[[], None] = lambda: None
    stopping: Callable[[], bool] = lambda: False
    open_here: bool = False

    @property
    def settings(self) -> Settings:
        return self.loaded().settings


CONSOLE = web.AppKey("console", Console)
