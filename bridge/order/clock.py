"""The time that the bridge goes by."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What another clock showed, between two moments of this machine's clock. `resolution` is what the other
    one shows at least, in seconds: 1 for the Date of an HTTP answer."""

    asked_at: datetime
    shown: datetime
    heard_at: datetime
    resolution: float = 0.0

    @property
    def ahead(self) -> float:
        """By how many seconds the other clock is ahead of this machine's at the least; 0 where both may well
        show the same."""
        least = (self.shown - self.heard_at).total_seconds()
        most = (self.shown - self.asked_at).total_seconds() + self.resolution
        return least if least > 0 else min(most, 0.0)


def read_machine_time() -> datetime:
    """What this machine's clock shows, in UTC."""
    return datetime.now(UTC)


def measure_seconds() -> float:
    """Seconds from some moment on, which nobody can set; where the system can tell, also those slept through."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)  # Linux
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class SystemClock:
    """This machine's clock; once a database server has told its time, that one, carried on by measuring.

    Leases and due times are compared between replicas, and the clocks of two machines may differ by hours:
    each would then take the other's leases for over, or for forgotten, and neither would finish a step. The
    server of their database is the one clock that all replicas have.
    """

    def __init__(self, shown: Callable[[], datetime] = read_machine_time) -> None:
        """`shown` is what the machine's clock shows."""
        self._shown = shown
        self._told: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        if self._told is None:
            return self._shown()
        at, since = self._told
        return at + timedelta(seconds=measure_seconds() - since)

    def set_time(self, at: datetime) -> None:
        """Hear what time it is at the database server."""
        self._told = at, measure_seconds()
