"""When to try again: a pure decision. The purchase itself is never retried; see `bridge.steps.place`."""

from __future__ import annotations

from datetime import timedelta
from random import Random

FIRST = timedelta(seconds=5)
CAP = timedelta(minutes=30)
FREE_TRIES = 10  # moves that an order may make in a row, with nothing outside having changed
BUGS_BEFORE_A_PERSON = 5  # failed runs by an error that is our own, before a person is asked


def compute_delay(failures: int, random: Random, *, asked: timedelta | None = None) -> timedelta:
    """The wait after the `failures`-th failure in a row: doubling from 5 s up to 30 min, with up to a third
    of jitter on top so that an outage is not followed by a stampede. `asked` (Retry-After) is a least."""
    doubled = FIRST * (1 << min(max(failures - 1, 0), 16))
    wait = min(doubled, CAP) * (1 + random.random() / 3)
    return max(wait, asked) if asked else wait


def compute_pause(tries: int) -> timedelta:
    """The least wait before an order is looked at again that the bridge has moved, or looked at at once, so
    many times although nothing outside has changed: nothing at first, then doubling from 5 s up to 30 min.

    It holds whatever the steps decide, so that two of them that pass an order to each other for ever cost
    little and keep no other order waiting."""
    beyond = tries - FREE_TRIES
    return min(FIRST * (1 << min(beyond - 1, 16)), CAP) if beyond > 0 else timedelta(0)


def count_tries(tries: int, since_last: timedelta) -> int:
    """What is left of a count of tries: nothing once the order has rested for longer than they asked for."""
    return tries if since_last <= 2 * max(compute_pause(tries), FIRST) else 0


def add_jitter(interval: timedelta, random: Random) -> timedelta:
    """An interval of polling, a fifth shorter or longer by chance, so that orders do not march in step."""
    return interval * (0.8 + 0.4 * random.random())
