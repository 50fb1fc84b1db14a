"""What the console needs of the rest, in its own words. `bridge.app` joins it together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol

from bridge.order.model import Money, RawAnswer
from bridge.order.states import State
from bridge.ports import Attempt, Change, Facts, Memory, Notice, OrderRecord
from bridge.steps.job import World

Role = Literal["viewer", "operator", "owner"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "owner")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in."""

    name: str
    role: Role
    password_hash: str = field(repr=False)

    def may(self, role: Role) -> bool:
        """Whether this user has the role, or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Session(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def who(self) -> str: ...
    @property
    def proof(self) -> str: ...
    @property
    def csrf(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def seen_at(self) -> datetime: ...
    @property
    def until(self) -> datetime: ...
    @property
    def address(self) -> str | None: ...
    @property
    def agent(self) -> str | None: ...


class Deed(Protocol):
    """A line of the audit log."""

    @property
    def key(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def who(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def order(self) -> int | None: ...
    @property
    def order_name(self) -> str | None: ...
    @property
    def address(self) -> str | None: ...
    @property
    def facts(self) -> Facts: ...


class Sessions(Protocol):
    async def open(
        self,
        id: str,
        *,
        who: str,
        proof: str,
        csrf: str,
        lasts: timedelta,
        address: str | None,
        agent: str | None,
    ) -> Session: ...
    async def find(self, id: str) -> Session | None: ...
    async def close(self, id: str) -> None: ...
    async def close_all(self, who: str, *, but: str | None = None) -> int: ...
    async def of(self, who: str) -> Sequence[Session]: ...
    async def note(
        self,
        who: str,
        action: str,
        outcome: str,
        *,
        order: int | None = None,
        address: str | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None: ...
    async def deeds(self, *, before: int | None = None, limit: int = 50) -> Sequence[Deed]: ...


class Event(Protocol):
    """A line of an order's timeline."""

    @property
    def at(self) -> datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def who(self) -> str: ...
    @property
    def facts(self) -> Facts: ...
    @property
    def source(self) -> State | None: ...
    @property
    def target(self) -> State | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def problem(self) -> str | None: ...


class AlarmRecord(Protocol):
    @property
    def key(self) -> int: ...
    @property
    def order(self) -> int: ...
    @property
    def order_name(self) -> str: ...
    @property
    def alarm(self) -> str: ...
    @property
    def facts(self) -> Facts: ...
    @property
    def raised_at(self) -> datetime: ...
    @property
    def cleared_at(self) -> datetime | None: ...
    @property
    def cleared_by(self) -> str | None: ...


class Evidence(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def answer(self) -> RawAnswer: ...


class Counts(Protocol):
    @property
    def states(self) -> Mapping[State, int]: ...
    @property
    def reasons(self) -> Mapping[str, int]: ...
    @property
    def alarms(self) -> int: ...
    @property
    def deliveries(self) -> int: ...


class Placed(Protocol):
    @property
    def placed_at(self) -> datetime: ...
    @property
    def shipped_at(self) -> datetime | None: ...
    @property
    def cost(self) -> Money | None: ...
    @property
    def revenue(self) -> Money | None: ...


class Pause(Protocol):
    @property
    def scope(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def who(self) -> str: ...
    @property
    def why(self) -> str | None: ...


class Queries(Protocol):
    async def get(self, key: int) -> OrderRecord | None: ...
    async def find(self, text: str) -> Sequence[OrderRecord]: ...
    async def events(self, key: int) -> Sequence[Event]: ...
    async def attempts(self, key: int) -> Sequence[Attempt]: ...
    async def alarms(
        self, *, open_only: bool = True, order: int | None = None
    ) -> Sequence[AlarmRecord]: ...
    async def answers(self, key: int) -> Sequence[Evidence]: ...


class Desk(Protocol):
    async def counts(self) -> Counts: ...
    async def page(
        self,
        *,
        text: str = "",
        states: Collection[State] = (),
        reasons: Collection[str] = (),
        shop: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[OrderRecord]: ...
    async def placed_since(self, start: datetime, mode: str) -> Sequence[Placed]: ...
    async def spent_since(self, start: datetime, mode: str, currency: str) -> Decimal: ...
    async def last_event(self) -> int: ...


class Orders(Protocol):
    async def notice(self, notice: Notice) -> int: ...
    async def intervene(self, order: OrderRecord, change: Change, who: str) -> None: ...


class Switch(Protocol):
    async def pause(self, scope: str, who: str, why: str | None = None) -> bool: ...
    async def resume(self, scope: str) -> bool: ...
    async def pauses(self) -> Sequence[Pause]: ...


class ConsoleStore(Protocol):
    """The store as far as the console uses it. Every verb may raise StoreUnavailable."""

    @property
    def queries(self) -> Queries: ...
    @property
    def desk(self) -> Desk: ...
    @property
    def orders(self) -> Orders: ...
    @property
    def memory(self) -> Memory: ...
    @property
    def switch(self) -> Switch: ...
    @property
    def sessions(self) -> Sessions: ...
    async def clear_alarm(self, key: int, who: str) -> bool: ...


class Variant(Protocol):
    """A variant of the shop's catalogue."""

    @property
    def id(self) -> str: ...
    @property
    def sku(self) -> str | None: ...
    @property
    def title(self) -> str: ...
    @property
    def product_id(self) -> str: ...
    @property
    def product_title(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def price(self) -> Decimal: ...
    @property
    def options(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def gift_card(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission of the app in a shop; `lost` says what does not work without it."""

    name: str
    given: bool
    needed: bool
    lost: str


@dataclass(frozen=True, slots=True)
class ShopView:
    """A shop as the console looks at it. Its calls raise TryAgain or NeedsPerson."""

    name: str
    domain: str
    variants: Callable[[], AsyncIterator[Variant]]
    permissions: Callable[[], Awaitable[Sequence[Permission]]]
    skus: Sequence[str]  # SKUs and patterns that the mapping names for this shop, ignored ones not


@dataclass(frozen=True, slots=True)
class Setup:
    """The configuration as the console reads it; given anew after each reload."""

    users: Mapping[str, User]
    lasts: timedelta
    language: str | None
    public_url: str
    trusted_proxies: tuple[str, ...]
    shops: Mapping[str, ShopView]
    tracking_page: Callable[[str], str]  # reference -> Sculpteo's page of it
    effective: Callable[[], str]  # the configuration as YAML, secrets masked
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Console:
    """Everything that the console works with. `open_to_all` lets anybody on this machine in as owner: for
    the demo, which has nothing to lose."""

    store: ConsoleStore
    setup: Callable[[], Setup]
    world: Callable[[], World]
    on_news: Callable[[], None] = lambda: None
    stopping: Callable[[], bool] = lambda: False
    open_to_all: bool = False
