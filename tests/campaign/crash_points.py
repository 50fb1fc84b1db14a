"""The moments at which a bridge dies: before and after every write to the store, every call of an upstream,
every SQL statement and commit, and around (and in the middle of) every write to the network.

Armed in the bridge's own process, by wrapping what it calls: the product knows nothing of it.
"""

from __future__ import annotations

import asyncio.selector_events
import functools
import os
import signal
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy.engine.default

from bridge.sculpteo.client import SculpteoPrinter
from bridge.sculpteo.http import Gate
from bridge.shopify.orders import ShopifyShop
from bridge.store.inbox import StoredInbox
from bridge.store.key_value import StoredMemory
from bridge.store.orders import StoredOrders
from bridge.store.print_notifications import StoredNotifications

ORDERS = (
    "receive_signal", "claim_orders", "extend_lease", "renew_lease", "record_transition", "open_attempt",
    "mark_sent", "keep_answer", "adopt_attempt", "revive_attempt", "mark_pushed", "keep_bare", "settle_notification",
)  # fmt: skip
CALLS: dict[str, tuple[type, tuple[str, ...]]] = {
    "orders": (StoredOrders, ORDERS),
    "inbox": (StoredInbox, ("add_delivery", "settle_delivery")),
    "calls": (StoredNotifications, ("receive_notification",)),
    "memory": (StoredMemory, ("set", "set_if_absent")),
    "shop": (
        ShopifyShop,
        (
            "fetch_order",
            "write_ledger",
            "write_ledger_and_read",
            "create_fulfillment",
            "extend_tracking",
            "annotate_order",
        ),
    ),
    "printer": (SculpteoPrinter, ("place_order", "track_order", "fetch_price")),
    "gate": (Gate, ("open",)),
}
NAMED = tuple(
    f"{owner}.{verb}:{when}"
    for owner, (_, verbs) in CALLS.items()
    for verb in verbs
    for when in ("before", "after")
)
"""Each write to the store and each call of an upstream, from the outside."""
PURCHASE = (
    "orders.open_attempt:before", "orders.open_attempt:after", "printer.place_order:before", "gate.open:before",
    "shop.write_ledger_and_read:before", "shop.write_ledger_and_read:after", "orders.mark_sent:before",
    "orders.mark_sent:after", "gate.open:after", "printer.place_order:after", "orders.keep_answer:before",
    "orders.keep_answer:after", "orders.record_transition:before", "orders.record_transition:after",
)  # fmt: skip
"""Those around the money."""
FINE = ("sql.execute:before", "sql.execute:after", "sql.commit:before", "sql.commit:after")
NETWORK = ("net.write:before", "net.write:half", "net.write:after")
POINTS = (*NAMED, *FINE, *NETWORK)


@dataclass(frozen=True, slots=True)
class Death:
    """Die when `point` is reached for the `nth` time; or freeze there, as by SIGSTOP, until somebody lets the
    process go on."""

    point: str
    nth: int = 1
    freeze: bool = False


class Reaper:
    """Counts down to the death, and writes down where it happened."""

    def __init__(self, death: Death, register: str) -> None:
        self._point = death.point
        self._left = death.nth
        self._signal = signal.SIGSTOP if death.freeze else signal.SIGKILL
        self._register = register

    def reached(self, point: str) -> None:
        if point != self._point:
            return
        self._left -= 1
        if self._left == 0:
            self.now()

    def now(self) -> None:
        note = os.open(self._register, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(note, f"{self._point}\n".encode())
        os.close(note)
        os.kill(os.getpid(), self._signal)

    def halves(self) -> bool:
        """Whether this is the write that is cut in two."""
        if self._point != "net.write:half":
            return False
        self._left -= 1
        return self._left == 0


def arm(death: Death, register: str) -> None:
    """From now on this process dies at `death`."""
    reaper = Reaper(death, register)
    for owner, (kind, verbs) in CALLS.items():
        for verb in verbs:
            setattr(kind, verb, _wrapped(reaper, f"{owner}.{verb}", getattr(kind, verb)))
    if death.point in FINE:
        _arm_sql(reaper)
    if death.point in NETWORK:
        _arm_network(reaper)


def _wrapped(reaper: Reaper, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(call)
    async def wrapped(*arguments: Any, **options: Any) -> Any:
        reaper.reached(f"{name}:before")
        result = await call(*arguments, **options)
        reaper.reached(f"{name}:after")
        return result

    return wrapped


def _arm_sql(reaper: Reaper) -> None:
    dialect = sqlalchemy.engine.default.DefaultDialect
    for name, moment in (("do_execute", "execute"), ("do_executemany", "execute"), ("do_commit", "commit")):
        setattr(dialect, name, _wrapped_sql(reaper, moment, getattr(dialect, name)))


def _wrapped_sql(reaper: Reaper, moment: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        reaper.reached(f"sql.{moment}:before")
        result = call(*arguments, **options)
        reaper.reached(f"sql.{moment}:after")
        return result

    return wrapped


def _arm_network(reaper: Reaper) -> None:
    """Both what asyncio writes at once and what it gathers first (`writelines`) ends in these two."""
    transport: Any = asyncio.selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    write, writelines = transport.write, transport.writelines

    def dying_write(self: Any, data: bytes) -> None:
        reaper.reached("net.write:before")
        if reaper.halves():
            write(self, bytes(data)[: len(data) // 2])
            reaper.now()
        write(self, data)
        reaper.reached("net.write:after")

    def dying_writelines(self: Any, parts: Iterable[bytes]) -> None:
        whole = list(parts)
        reaper.reached("net.write:before")
        if reaper.halves():
            write(self, b"".join(whole)[: sum(map(len, whole)) // 2])
            reaper.now()
        writelines(self, whole)
        reaper.reached("net.write:after")

    transport.write, transport.writelines = dying_write, dying_writelines
