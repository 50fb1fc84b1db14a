"""How much of a shop's query budget is left: a bucket of points that fills up at a steady rate.

https://shopify.dev/docs/api/usage/limits
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.shopify.json_value import (
    Unexpected,
    Value,
)

FIRST_GUESS = 50.0  # points of a document that was never run
SHORTEST = 0.5  # seconds to wait after being throttled, at least
NEGLIGIBLE = 0.001  # seconds that are not worth waiting
RECHECK = 0.1  # seconds after which requests under way may have given back what they did not use
UNTOLD = 2.0  # seconds to wait when Shopify does not say what is left


class Budget:
    """The bucket as Shopify last told of it, filled since then, less what is on its way."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._available: float | None = None
        self._most = 0.0
        self._rate = 0.0
        self._told_at = 0.0
        self._pending = 0.0
        self._costs: dict[str, float] = {}

    def cost(self, name: str) -> float:
        """What the document of this name asked for when it last ran."""
        return self._costs.get(name, FIRST_GUESS)

    def wait(self, cost: float) -> float:
        """The seconds until it is worth looking again; 0 when `cost` points are there, or nothing is known.

        A query is charged what it asks for and gets back what it did not use, which is most of it. So points
        that are on their way are not waited for as if they had to fill up anew.
        """
        if self._available is None or self._rate <= 0:
            return 0.0
        filled = min(self._available + self._rate * (self._clock() - self._told_at), self._most)
        missing = min(cost, self._most) - filled
        seconds = missing / self._rate
        if seconds >= NEGLIGIBLE:
            return seconds
        return RECHECK if self._pending and missing + self._pending > 0 else 0.0

    def take(self, cost: float) -> None:
        self._pending += cost

    def give_back(self, cost: float) -> None:
        """What was taken is in Shopify's own count now."""
        self._pending = max(self._pending - cost, 0.0)

    def learn(self, name: str, cost: Value) -> None:
        """Take in `extensions.cost` of an answer, as far as it is there."""
        try:
            if cost["requestedQueryCost"]:
                self._costs[name] = float(cost["requestedQueryCost"].decimal())
            status = cost["throttleStatus"]
            if status:
                most = float(status["maximumAvailable"].decimal())
                rate = float(status["restoreRate"].decimal())
                self._available = float(status["currentlyAvailable"].decimal())
                self._most, self._rate, self._told_at = most, rate, self._clock()
        except Unexpected:
            return  # a budget that is told wrong is no budget: Shopify throttles us if need be


def wait_after_throttling(cost: Value) -> float:
    """The seconds after which a throttled request has its points, by the answer that throttled it."""
    try:
        status = cost["throttleStatus"]
        missing = cost["requestedQueryCost"].decimal() - status["currentlyAvailable"].decimal()
        rate = status["restoreRate"].decimal()
    except Unexpected:
        return UNTOLD
    return max(float(missing / rate), SHORTEST) if rate > 0 else UNTOLD
