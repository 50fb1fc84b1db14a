"""The console in a real Chromium, against the running demo: a bridge and both simulated services.

Where Chromium is not installed the tests skip and say so; where the environment variable CI is set they fail.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.page_reader import Site

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "browser"
DAY_IS_OVER = "Every order ended as it should."
LONGEST = 240.0  # seconds until the day is over


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo. `prints` has the reference of each order's last print, as its table shows them."""

    url: str
    prints: Mapping[str, str]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. It asks nobody outside this machine for anything.

    For these tests only: Playwright keeps an event loop running, beside which no asynchronous test can.
    """
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed, and CI skips nothing")
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    quiet = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*quiet, *root])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def demo() -> Iterator[Demo]:
    """A demo whose day is over."""
    yield from running_demo()


@pytest.fixture(scope="module")
def own_demo() -> Iterator[Demo]:
    """A demo of a module's own, whose tests decide of its orders."""
    yield from running_demo()


def running_demo() -> Iterator[Demo]:
    command = [sys.executable, "-u", "-m", "bridge", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            said = _until(process, DAY_IS_OVER)
            found = re.search(r"browser: (http://\S+?)/?\s", said)
            assert found, said
            yield Demo(found[1], dict(re.findall(r"^(#\d+) .* ([A-Z0-9]{8}) ", said, re.MULTILINE)))
        finally:
            process.terminate()
            process.wait(20)


def _until(process: subprocess.Popen[bytes], words: str) -> str:
    """What the process says until it says `words`."""
    assert process.stdout
    said = bytearray()
    deadline = time.monotonic() + LONGEST
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while words.encode() not in said:
            assert process.poll() is None and time.monotonic() < deadline, said.decode()
            if selector.select(timeout=1):
                said += os.read(process.stdout.fileno(), 65536)
    return said.decode()


@pytest.fixture(scope="package")
def site(chromium: Browser, demo: Demo) -> Site:
    """The demo as readers with different screens, tastes and languages see it."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    return Site(chromium, demo.url, ARTIFACTS)
