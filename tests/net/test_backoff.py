"""When to try again."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from bridge.net.backoff import (
    CAP,
    add_jitter,
    compute_delay,
)


@pytest.mark.parametrize(
    ("failures", "least"), [(1, 5), (2, 10), (3, 20), (8, 640), (9, 1280), (10, 1800), (99, 1800)]
)
def test_the_wait_doubles_to_its_cap(failures: int, least: int) -> None:
    random = Random(7)
    for _ in range(50):
        wait = compute_delay(failures, random)
        assert timedelta(seconds=least) <= wait <= timedelta(seconds=least) * 4 / 3


def test_what_the_upstream_asks_for_is_the_least() -> None:
    asked = timedelta(hours=2)
    assert compute_delay(1, Random(1), asked=asked) == asked
    assert compute_delay(99, Random(1), asked=timedelta(seconds=1)) >= CAP


def test_polling_is_jittered_by_a_fifth() -> None:
    waits = [add_jitter(timedelta(minutes=10), Random(seed)) for seed in range(100)]
    assert min(waits) >= timedelta(minutes=8)
    assert max(waits) <= timedelta(minutes=12)
    assert len(set(waits)) > 90
