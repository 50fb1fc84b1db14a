"""How often somebody may try: each key has a bucket that refills evenly. In memory, of a bounded size."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

KEYS = 10_000  # that are remembered; the one that was tried longest ago is forgotten first


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` tries at once, then one each `every` seconds."""

    burst: int
    every: float


class Throttle:
    """Buckets of one rate."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until the next try is allowed; 0 = now. Takes nothing."""
        now = self._clock()
        full_at = max(self._full_at.get(key, now), now)
        return max(0.0, full_at - now - (self._rate.burst - 1) * self._rate.every)

    def take(self, key: str) -> None:
        """Count a try."""
        now = self._clock()
        self._full_at[key] = max(self._full_at.get(key, now), now) + self._rate.every
        self._full_at.move_to_end(key)
        while len(self._full_at) > KEYS:
            self._full_at.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Forget the tries of a key: the last one was right."""
        self._full_at.pop(key, None)
