"""The time that the bridge goes by."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def measured() -> float:
    """Seconds from some moment on, which nobody can set; where the system can tell, also those slept through."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)  # Linux
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class SystemClock:
    """This machine's clock; once a database server has told its time, that one, carried on by measuring.

    Leases and due times are compared between replicas, and the clocks of two machines may differ by hours:
    each would then take the other's leases for over, or for forgotten, and neither would finish a step. The
    server of their database is the one clock that all replicas have.
    """

    def __init__(self, shown: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`shown` is what the machine's clock shows."""
        self._shown = shown
        self._told: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        if self._told is None:
            return self._shown()
        at, since = self._told
        return at + timedelta(seconds=measured() - since)

    def told(self, at: datetime) -> None:
        """Hear what time it is at the database server."""
        self._told = at, measured()
