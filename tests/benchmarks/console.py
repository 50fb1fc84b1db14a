"""How long the console's pages take with 1,000 and with 1,000,000 orders: `python -m tests.benchmarks.console`.

Each database is filled from a seed (`bulk.py`) and served by the real command in a process of its own; pages are
asked for over HTTP by somebody who signed in, one after the other. A page passes if its median is under 100 ms
with a million orders and at most twice that with a thousand. With --postgresql, the same on a real server.

A million orders take some 6 GB in the folder for temporary files, and some minutes; all of it is removed again.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import aiohttp
import click

from bridge.store import Store
from bridge.store.engine import create_engines, parse_url
from bridge.web.console.passwords import hashed
from tests.benchmarks.bulk import (
    FIRST,
    SKUS,
    fill_postgresql,
    fill_sqlite,
    last_name_of,
    reference_of,
    tracking_of,
)
from tests.benchmarks.results import Measure, print_result
from tests.sculpteo.test_place import unused_port
from tests.support.clocks import RealClock
from tests.support.postgres import running as running_postgres

MOST_MILLISECONDS = 100.0
MOST_RATIO = 2.0
WARM_UP = 5  # requests of each page that do not count
SAMPLES = 40
PASSWORD = "a benchmark's password"
CONFIG = """\
mode: live
server: {{public_url: https://bridge.acme-prints.fr, listen: "127.0.0.1:{port}"}}
database: {database}
shops:
  acme: {{domain: acme.myshopify.com, client_id: abc123, client_secret: shhh, admin_url: "http://127.0.0.1:1"}}
sculpteo: {{login: maker, password: shhh, base_url: "http://127.0.0.1:1"}}
defaults: {{material: white_plastic}}
products: [{{sku: "ART-*", uuid: QfGQC4YQ}}]
console: {{users: {{bench: {{role: owner, password_hash: '{hash}'}}}}}}
"""

Paths = dict[str, Callable[[int], str]]
PAGES: Paths = {
    "Today": lambda count: "/",
    "Orders": lambda count: "/orders",
    "Orders, by name": lambda count: f"/orders?q={quote(f'#{1000 + count // 2}')}",
    "Orders, by SKU": lambda count: f"/orders?q={SKUS[5]}",
    "Orders, by reference": lambda count: f"/orders?q={reference_of(count // 2)}",
    "Orders, by tracking number": lambda count: f"/orders?q={tracking_of(count // 2)}",
    "Orders, by customer": lambda count: f"/orders?q={FIRST[count // 14 % 12]}+{last_name_of(count // 2)}",
    "Orders, by a customer's first name": lambda count: f"/orders?q={FIRST[10]}",
    "Orders, one state": lambda count: "/orders?state=done",
    "Orders, rare states": lambda count: "/orders?state=attention&state=unknown",
    "Orders, waiting for approval": lambda count: "/orders?state=waiting%3Aapproval",
    "Orders, a SKU in one state": lambda count: f"/orders?q={SKUS[5]}&state=done",
    "Orders, deep page": lambda count: f"/orders?before={count // 2}",
    "Orders, one state, deep page": lambda count: f"/orders?state=done&before={count // 3}",
    "Order": lambda count: f"/orders/{count // 2}",
}


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of one page, and whether it was there at all."""

    status: int
    median: float
    ninth: float


def times(samples: list[float], status: int) -> Timing:
    return Timing(status, statistics.median(samples), statistics.quantiles(samples, n=10)[-1])


async def fill(url: str, count: int) -> None:
    """Make the tables as the service does, then the rows."""
    async with Store.open(url, clock=RealClock()):
        pass
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        fill_sqlite(parsed.database or "", count)
        return
    _, writing = create_engines(parsed)
    fill_postgresql(writing, count)
    writing.dispose()


@contextmanager
def serving(folder: Path, database: str) -> Iterator[str]:
    """The service's web side in a process of its own; gives its address."""
    port = unused_port()
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(port=port, database=database, hash=hashed(PASSWORD)), "utf-8")
    command = [sys.executable, "-m", "bridge", "serve", "--role", "web", "--config", str(config)]
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@asynccontextmanager
async def signed_in(url: str) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"Accept": "text/html"}) as client:
        for _ in range(200):
            try:
                async with client.get(f"{url}/healthz"):
                    break
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
        async with client.get(f"{url}/sign-in") as answer:
            found = re.search(r'name="csrf" value="([^"]+)"', await answer.text())
        if found is None:
            raise RuntimeError("the page to sign in has no form")
        form = {"csrf": found[1], "name": "bench", "password": PASSWORD}
        async with client.post(f"{url}/sign-in", data=form, allow_redirects=False) as answer:
            if answer.status != 303:
                raise RuntimeError(f"signing in answered HTTP {answer.status}")
        yield client


async def ask(client: aiohttp.ClientSession, url: str) -> Timing:
    samples: list[float] = []
    status = 0
    for turn in range(WARM_UP + SAMPLES):
        began = time.perf_counter()
        async with client.get(url, allow_redirects=False) as answer:
            await answer.read()
        if turn >= WARM_UP:
            samples.append((time.perf_counter() - began) * 1000)
        status = answer.status
        if status >= 400:
            return Timing(status, 0.0, 0.0)
    return times(samples, status)


async def measure(folder: Path, database: str, count: int) -> dict[str, Timing]:
    with serving(folder, database) as url:
        async with signed_in(url) as client:
            return {name: await ask(client, url + path(count)) for name, path in PAGES.items()}


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Callable[[int], str]]:
    """Gives the URL of an empty database for a number of orders."""
    if kind == "sqlite":
        yield lambda count: f"sqlite:///{folder / f'{count}.db'}"
        return
    with running_postgres() as server:
        yield cache(lambda count: server.create_database())


def report(found: dict[int, dict[str, Timing]], small: int, large: int) -> int:
    """Print the table, then the slowest page and the largest ratio; returns the exit code."""
    click.echo(f"{'page':<36}{small:>11,}{large:>13,}{'ratio':>8}{'9 of 10':>10}   (milliseconds)")
    ratios: list[float] = []
    missing = 0
    for name in PAGES:
        one, other = found[small][name], found[large][name]
        if one.status != 200 or other.status != 200:
            click.echo(f"{name:<36}{'HTTP':>11} {one.status} and {other.status}  NOT THERE")
            missing += 1
            continue
        ratio = other.median / one.median
        good = ratio <= MOST_RATIO and other.median < MOST_MILLISECONDS
        ratios.append(ratio)
        told = "" if good else "  TOO SLOW"
        click.echo(
            f"{name:<36}{one.median:>11.1f}{other.median:>13.1f}{ratio:>8.2f}{other.ninth:>10.1f}{told}"
        )
    slowest = max(one.median for one in found[large].values())
    return print_result(
        "console",
        [
            Measure(f"slowest page with {large:,} orders", slowest, "ms", most=MOST_MILLISECONDS),
            Measure(f"largest ratio to {small:,} orders", max(ratios, default=0.0), most=MOST_RATIO),
            Measure("pages that are not there", missing, most=0),
        ],
    )


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--postgresql", action="store_true", help="on a real server instead of SQLite")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="console-"))
    found: dict[int, dict[str, Timing]] = {}
    try:
        with databases("postgresql" if chosen.postgresql else "sqlite", folder) as database:
            for count in (chosen.small, chosen.large):
                began = time.perf_counter()
                await fill(database(count), count)
                click.echo(f"{count:,} orders made in {time.perf_counter() - began:.0f} s")
                found[count] = await measure(folder, database(count), count)
    finally:
        shutil.rmtree(folder)
    return report(found, chosen.small, chosen.large)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
