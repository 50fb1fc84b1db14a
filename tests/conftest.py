"""What holds for every test."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator

import pytest
import structlog
from hypothesis import HealthCheck, settings

settings.register_profile("bridge", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bridge")  # a busy machine is no fault of the code

# By itself structlog draws each error with the values of its variables, a tenth of a second each.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ],
    logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as the program: never among what it prints
)


def pytest_xdist_auto_num_workers() -> int:
    """With `-n auto`: many tests wait for a process, a database or a browser of their own, so that a core is enough
    for two."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where the environment variable CI is set, a test that skips has failed: nothing may go untried there."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which no test may be here: {call.excinfo.value if call.excinfo else '?'}"
    return report
