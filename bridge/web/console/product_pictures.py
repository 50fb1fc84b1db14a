"""Pictures of products beside their names: fetched beside the pages, kept in memory for a while, and never loaded by
the browser from elsewhere. A page shows those that are there; open pages get the others when they have come."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import structlog
from aiohttp import web

from bridge.errors import BridgeError
from bridge.order.model import Picture
from bridge.web.console.context import Console

KEPT = 400  # products whose picture is kept; the one that was shown longest ago goes first
GOOD_FOR = 24 * 3600.0  # seconds
NONE_FOR = 3600.0  # seconds until it is asked again for one that there is not, or that could not be had
WANTED = 200  # products that are asked for at most, from one look at the pages to the next
AT_ONCE = 20  # products of one question
GID = "gid://shopify/Product/"

log = structlog.get_logger("bridge.console")

Key = tuple[str, str, str]  # name of the shop, its domain, number of the product


@dataclass(frozen=True, slots=True)
class Known:
    picture: Picture | None
    digest: str
    until: float


@dataclass(slots=True)
class ProductPictures:
    """`version` grows when there is more to see."""

    known: OrderedDict[Key, Known] = field(default_factory=OrderedDict)
    wanted: dict[Key, None] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None
    version: int = 0

    def address(self, console: Console, shop: str, product_id: str | None) -> str | None:
        """Where our own copy of the picture is. None = there is none, or not yet: then it is asked for."""
        key = key_of(console, shop, (product_id or "").removeprefix(GID))
        if key is None or console.pictures is None:
            return None
        found = self.known.get(key)
        if found is None or time.monotonic() > found.until:
            self._ask(console, key)
        if found is None or found.picture is None:
            return None
        self.known.move_to_end(key)
        return f"/pictures/{quote(shop, safe='')}/{key[2]}?v={found.digest}"

    def of(self, console: Console, shop: str, number: str) -> Picture | None:
        """The picture as it is kept."""
        key = key_of(console, shop, number)
        found = self.known.get(key) if key else None
        return found.picture if found else None

    def _ask(self, console: Console, key: Key) -> None:
        if len(self.wanted) < WANTED:
            self.wanted[key] = None
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._run(console), name="product pictures")

    async def _run(self, console: Console) -> None:
        """Runs after the page that asked is written, so that all its products are asked for together."""
        while self.wanted:
            shop, domain, _ = next(iter(self.wanted))
            keys = [key for key in self.wanted if key[:2] == (shop, domain)][:AT_ONCE]
            found = await self._found(console, shop, [key[2] for key in keys])
            for key in keys:
                self.wanted.pop(key, None)
                self._keep(key, found.get(GID + key[2]))
            self.version += bool(found)

    async def _found(self, console: Console, shop: str, numbers: Sequence[str]) -> Mapping[str, Picture]:
        fetch: Callable[[str, Sequence[str]], Awaitable[Mapping[str, Picture]]] | None = console.pictures
        try:
            return await fetch(shop, [GID + number for number in numbers]) if fetch else {}
        except BridgeError as error:
            log.info("there are no pictures of products", shop=shop, why=str(error))
        except Exception:
            log.exception("pictures of products could not be fetched", shop=shop)
        return {}

    def _keep(self, key: Key, picture: Picture | None) -> None:
        before = self.known.pop(key, None)
        if picture is None and before is not None:
            picture = before.picture  # it may only be out of reach
        digest = hashlib.sha256(picture.body).hexdigest()[:12] if picture else ""
        self.known[key] = Known(picture, digest, time.monotonic() + (GOOD_FOR if picture else NONE_FOR))
        while len(self.known) > KEPT:
            self.known.popitem(last=False)

    async def close(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


def key_of(console: Console, shop: str, number: str) -> Key | None:
    """None for a shop that is not configured and for what is no product's number. A name may mean another shop later, so
    the domain belongs to the key."""
    settings = console.settings.shops.get(shop)
    if settings is None or not (number.isascii() and number.isdigit() and len(number) < 20):
        return None
    return shop, settings.domain, number


PRODUCT_PICTURES = web.AppKey("product_pictures", ProductPictures)
