"""The errors of the bridge, each named for the reaction that it asks for.

A leaf: imported by all, imports nothing of the bridge. Only an adapter knows an upstream's own wording;
what it raises is one of these, with the upstream's request id in the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NewType

Upstream = NewType("Upstream", str)
"""Who is asked, and what for: the unit that can be in trouble. Made by the names below only, so that a shop
that happens to be called like another upstream is not taken for that one. Its text is kept and shown."""

SCULPTEO = Upstream("sculpteo")  # what a purchase needs: the price, and the order itself
SCULPTEO_TRACKING = Upstream("sculpteo:tracking")  # following what was bought; it must never stop buying
INVOICE = Upstream("invoice")  # the merchant's own invoicing service


def shopify_upstream(shop: str) -> Upstream:
    """The Admin API of one shop, by the shop's name in the configuration."""
    return Upstream(f"shopify:{shop}")


class BridgeError(Exception):
    """Anything that the bridge raises on purpose."""


class TryAgain(BridgeError):
    """Nothing was bought or changed for sure, and a later try may succeed.

    `after` is the least time to wait when the upstream named one (Retry-After, throttle status).
    `upstream` names who failed, so that an outage can be told from a bad order.
    """

    def __init__(self, why: str, *, after: timedelta | None = None, upstream: Upstream | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.after = after
        self.upstream = upstream


class CircuitOpen(TryAgain):
    """An upstream in trouble is left alone for a while. Says nothing against the order that met it."""


class UnreadableAnswer(TryAgain):
    """The upstream answered, but this one answer says nothing that can be used: a matter of the order, design
    or page that was asked for, and no sign that the upstream is in trouble."""


class NotReadyYet(TryAgain):
    """What was asked for may come yet, or never: a person is told when it does not come for long."""


class NotConfigured(TryAgain):
    """The order's shop is not in the configuration: nothing can be learned of it, or done, until it is there again,
    when the order is woken (`Store.wake_left_over`)."""


class NeedsPerson(BridgeError):
    """A person must act first. `problem` is a code of `bridge.order.problems`, `facts` fill its sentence."""

    def __init__(self, problem: str, **facts: object) -> None:
        super().__init__(f"{problem} {facts}" if facts else problem)
        self.problem = problem
        self.facts = facts


class LedgerConflict(BridgeError):
    """Somebody else wrote the ledger on the Shopify order between our read and our write."""


class OrderChanged(BridgeError):
    """Word of the order, or a stop of placing, came between the decision to buy and the first byte.

    Nothing was sent. `news` is the count of words that whoever looks again will have seen.
    """

    def __init__(self, why: str, news: int) -> None:
        super().__init__(why)
        self.why = why
        self.news = news


class ModeChanged(BridgeError):
    """Another mode is in force by now than the one that the purchase was judged in. Nothing was sent."""

    def __init__(self, judged_in: str, in_force: str) -> None:
        self.why = f"it was judged in {judged_in} mode, and the bridge works in {in_force} mode by now"
        super().__init__(self.why)


class LeaseLost(BridgeError):
    """This worker no longer holds the order: another one may be working on it. Nothing may be moved."""


class StaleDecision(BridgeError):
    """The order moved on since the person looked at it: what they decided was not done. Look again."""


class StoreUnavailable(BridgeError):
    """The database could not make a change durable (disk full, connection lost). Nothing was acknowledged."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the configuration. Lines and columns count from 1; 0 = no place in the file.

    Holds no secret: what came from the environment or a secret file is never part of it.
    """

    file: str
    line: int
    column: int
    path: str  # "products[2].unit"; "" = the file as a whole
    what: str  # one sentence part without a full stop: '"mn" is not a unit'
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.tail}" if self.path else f"{place}: {self.tail}"

    @property
    def tail(self) -> str:
        """What is wrong and what to do, without the place."""
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


class ConfigError(BridgeError):
    """The configuration cannot be used. The text holds every fault, one per line, with place and remedy."""

    def __init__(self, *faults: Fault | str) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(fault for fault in faults if isinstance(fault, Fault))


class WrongSchema(ConfigError):
    """The database is of an older or newer program, or has no tables yet. `found` and `needed` are numbers of
    migrations; `found` is None for a database without tables."""

    def __init__(self, sentence: str, remedy: str, *, found: str | None, needed: str) -> None:
        super().__init__(f"database: {sentence}. {remedy}")
        self.sentence = sentence
        self.remedy = remedy
        self.found = found
        self.needed = needed
