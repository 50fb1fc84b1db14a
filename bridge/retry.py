"""When to try again: a pure decision. The purchase itself is never retried; see `bridge.steps.place`."""

from __future__ import annotations

from datetime import timedelta
from random import Random

FIRST = timedelta(seconds=5)
CAP = timedelta(minutes=30)
BUGS_BEFORE_A_PERSON = 5  # failed runs by an error that is our own, before a person is asked


def delay(failures: int, random: Random, *, asked: timedelta | None = None) -> timedelta:
    """The wait after the `failures`-th failure in a row: doubling from 5 s up to 30 min, with up to a third
    of jitter on top so that an outage is not followed by a stampede. `asked` (Retry-After) is a least."""
    doubled = FIRST * (1 << min(max(failures - 1, 0), 16))
    wait = min(doubled, CAP) * (1 + random.random() / 3)
    return max(wait, asked) if asked else wait


def jittered(interval: timedelta, random: Random) -> timedelta:
    """An interval of polling, a fifth shorter or longer by chance, so that orders do not march in step."""
    return interval * (0.8 + 0.4 * random.random())
