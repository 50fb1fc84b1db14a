"""The fault menu: rules that spoil requests, answers, webhooks and notifications.

A rule names an endpoint ("sculpteo.order", "shopify.graphql.metafieldsSet", "shopify.webhooks.*") and what
goes wrong there. `effect` says whether the request takes effect before its answer is spoilt: with it, the
order is in the books and only the answer is lost.
"""

from __future__ import annotations

import fnmatch
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from random import Random
from typing import Any

from bridge.sandbox.http.strict_json import strict


class Kind(StrEnum):
    STATUS = "status"  # an HTTP error: `status`, `body`
    SLOW = "slow"  # the right answer after `seconds`
    RESET = "reset"  # the connection is reset instead of an answer
    SILENCE = "silence"  # no answer, until the client gives up or for `seconds`
    TRUNCATED = "truncated"  # the first half of the right answer, then the connection closes
    GARBAGE = "garbage"  # 200 with bytes that mean nothing
    HTML = "html"  # 200 with a web page
    REDIRECT = "redirect"  # 302 to a login page
    EMPTY = "empty"  # 200 with an empty body
    THROTTLE = "throttle"  # Shopify: THROTTLED in a 200 for GraphQL, 429 elsewhere
    EXPIRE_TOKEN = "expire_token"  # noqa: S105 - a kind of fault. Shopify: 401, tokens are void from now on
    AS_TEST = "as_test"  # Sculpteo's order call: a real order is taken as a test; it is not made
    AS_REAL = "as_real"  # Sculpteo's order call: fake=1 is overlooked; the order is made and billed
    DUPLICATE = "duplicate"  # a delivery is sent twice
    DELAY = "delay"  # a delivery is sent `seconds` later
    REORDER = "reorder"  # a delivery is sent up to `seconds` later, so that others overtake it
    DROP = "drop"  # a delivery is never sent
    ID_ONLY = "id_only"  # a webhook's body is only {"id": ...}, as for bodies that are too large


VISITS_KEPT = 10_000
DELIVERY_KINDS = frozenset({Kind.DUPLICATE, Kind.DELAY, Kind.REORDER, Kind.DROP, Kind.ID_ONLY})
IN_HANDLER_KINDS = frozenset({Kind.THROTTLE, Kind.EXPIRE_TOKEN, Kind.AS_TEST, Kind.AS_REAL})
"""What the endpoint itself does wrong."""
ALWAYS_TAKES_EFFECT = frozenset({Kind.SLOW, Kind.TRUNCATED})


@strict
@dataclass(slots=True)
class Fault:
    """One rule. It applies `times` times (None = for ever), each time with `probability`, after having let
    `skip` requests pass; with `containing`, only to requests whose body holds that text."""

    endpoint: str
    kind: Kind
    times: int | None = 1
    probability: float = 1.0
    effect: bool = False
    status: int = 500
    seconds: float = 5.0
    body: str = ""
    skip: int = 0
    containing: str | None = None
    id: int = 0

    def __post_init__(self) -> None:
        self.kind = Kind(self.kind)
        if not 0 <= self.probability <= 1:
            raise ValueError(f"a fault's probability is between 0 and 1, not {self.probability}")

    @property
    def takes_effect(self) -> bool:
        return self.effect or self.kind in ALWAYS_TAKES_EFFECT

    def fits(self, names: Iterable[str], text: str) -> bool:
        return any(fnmatch.fnmatchcase(name, self.endpoint) for name in names) and (
            self.containing is None or self.containing in text
        )


@dataclass(frozen=True, slots=True)
class Visit:
    """One request that the sandbox got, for the tests to look at. Never its body."""

    at: datetime
    names: tuple[str, ...]
    status: int | None  # None = no answer was given
    fault: Kind | None


@dataclass(slots=True)
class FaultMenu:
    """The rules in force. Deterministic for a seed and a sequence of requests."""

    seed: int = 0
    rules: list[Fault] = field(default_factory=list)
    visits: deque[Visit] = field(default_factory=lambda: deque(maxlen=VISITS_KEPT))
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    random: Random = field(init=False)
    _ids: Any = field(init=False, default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.random = Random(f"faults/{self.seed}")  # noqa: S311 - it has to be repeatable

    def add(self, endpoint: str, kind: Kind | str, **options: Any) -> Fault:
        """A new rule; `options` are the fields of Fault."""
        return self.put(Fault(endpoint, Kind(kind), **options))

    def put(self, fault: Fault) -> Fault:
        fault.id = next(self._ids)
        self.rules.append(fault)
        return fault

    def remove(self, number: int) -> bool:
        before = len(self.rules)
        self.rules = [rule for rule in self.rules if rule.id != number]
        return len(self.rules) < before

    def clear(self) -> None:
        self.rules.clear()

    def draw(self, names: Iterable[str], text: str = "") -> Fault | None:
        """The first rule that applies to this request, used up by one."""
        names = tuple(names)
        for rule in self.rules:
            if rule.times == 0 or not rule.fits(names, text):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.probability < 1 and self.random.random() >= rule.probability:
                continue
            if rule.times is not None:
                rule.times -= 1
            return rule
        return None

    def saw(self, names: Iterable[str], status: int | None, fault: Fault | None) -> None:
        names = tuple(names)
        self.counts[names] += 1
        self.visits.append(Visit(datetime.now(UTC), names, status, fault.kind if fault else None))

    def count(self, endpoint: str) -> int:
        """How many requests an endpoint (or a pattern of them) got."""
        return sum(
            times
            for names, times in self.counts.items()
            if any(fnmatch.fnmatchcase(name, endpoint) for name in names)
        )

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self.rules]
