"""Never printed twice, never lost: the promise under everything that can go wrong."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.promise.machine import Promise

TestPromise = Promise.TestCase
TestPromise.settings = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
