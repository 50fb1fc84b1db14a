"""What the web side needs of the rest, in its own words, and the keys under which the application holds it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from aiohttp import web

from bridge.order.states import State
from bridge.ports import Inbox


class ShopDoor(Protocol):
    """What is to be known of a shop to take its deliveries."""

    @property
    def domain(self) -> str: ...

    @property
    def former_domain(self) -> str | None: ...

    def signing_secrets(self) -> Sequence[bytes]: ...


class Configured(Protocol):
    """The settings as far as the web side reads them."""

    @property
    def shops(self) -> Mapping[str, Any]: ...


class Calls(Protocol):
    """Where Sculpteo's notifications are kept."""

    async def has_token(self, token: str) -> bool: ...

    async def receive_notification(self, token: str, reference: str | None, raw: bytes) -> bool: ...


class Counts(Protocol):
    async def count_by_state(self) -> Mapping[State, int]: ...


class Condition(Protocol):
    @property
    def code(self) -> str: ...


class Conditions(Protocol):
    """What is wrong with the bridge as a whole."""

    async def list_incidents(self) -> Sequence[Condition]: ...


class Dues(Protocol):
    async def find_oldest_due(self) -> datetime | None: ...


class Storage(Protocol):
    """The store as far as the web side uses it. Every verb may raise StoreUnavailable."""

    @property
    def inbox(self) -> Inbox: ...

    @property
    def calls(self) -> Calls: ...

    @property
    def queries(self) -> Counts: ...

    @property
    def conditions(self) -> Conditions: ...

    @property
    def desk(self) -> Dues: ...

    async def check_ready(self) -> None: ...


def utcnow() -> datetime:
    return datetime.now(UTC)


class Allowance:
    """So many a minute, refilled evenly; in memory, since it guards this process only."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._left = float(per_minute)
        self._at = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._left = min(self._left + (now - self._at) * self._per_minute / 60, self._per_minute)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(slots=True)
class Parts:
    """What the handlers work with. `shops` may be replaced when the configuration is read again."""

    shops: Mapping[str, ShopDoor]
    store: Storage
    on_news: Callable[[], None]
    stopping: Callable[[], bool]
    fault: Callable[[], str | None] = lambda: None


PARTS = web.AppKey("parts", Parts)
