"""How long a command takes to answer, and the service to be ready: `python -m tests.benchmarks.startup`.

Each is a process of its own, run several times; the median counts. Beside it the same of `python -c pass`, which no
Python program undercuts. With --orders, the service starts on a database of as many orders instead of an empty one.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import click

from bridge.web.console.passwords import hashed
from tests.benchmarks.console import CONFIG, PASSWORD, fill
from tests.benchmarks.results import Measure, print_result
from tests.sculpteo.test_place import unused_port

BRIDGE = ("-m", "bridge")
COMMANDS = {"--help": 250.0, "status --help": 300.0}
"""Most milliseconds."""
MOST_UNTIL_READY = 1_000.0  # milliseconds
PATIENCE = 60.0  # seconds


def time_command(*arguments: str) -> float:
    """Milliseconds until the process has ended."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1000


def time_start(config: Path, port: int) -> float:
    """Milliseconds from the start of `serve` until `/readyz` says that it is ready."""
    began = time.perf_counter()
    service = subprocess.Popen([sys.executable, *BRIDGE, "serve", "-c", str(config)], stderr=subprocess.PIPE)
    try:
        while not is_ready(port):
            if service.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise SystemExit("the service did not get ready")
            time.sleep(0.002)
        return (time.perf_counter() - began) * 1000
    finally:
        service.terminate()
        service.communicate(timeout=PATIENCE)


def is_ready(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False


def find_median(rounds: int, measure: Callable[[], float]) -> float:
    measure()  # the first one reads files that the others find in memory
    return statistics.median(measure() for _ in range(rounds))


def write_config(folder: Path, orders: int) -> tuple[Path, int]:
    """A configuration with its database, and the port that it listens at."""
    port, database = unused_port(), f"sqlite:///{folder / 'bridge.db'}"
    asyncio.run(fill(database, orders))
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(port=port, database=database, hash=hashed(PASSWORD)), encoding="utf-8")
    return config, port


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--orders", type=int, default=0, help="orders in the database; default: none")
    options = parser.parse_args()
    python = find_median(options.rounds, lambda: time_command("-c", "pass"))
    found = [Measure("python -c pass", python, "ms")]
    for command, most in COMMANDS.items():
        arguments = (*BRIDGE, *command.split())
        median = find_median(options.rounds, partial(time_command, *arguments))
        found.append(Measure(command, median, "ms", most))
    with tempfile.TemporaryDirectory(prefix="startup-") as folder:
        config, port = write_config(Path(folder), options.orders)
        ready = find_median(options.rounds, lambda: time_start(config, port))
    found.append(Measure(f"serve, {options.orders:,} orders", ready, "ms", MOST_UNTIL_READY))
    for one in found:
        click.echo(f"{one.name:<28}{one.value:>8.0f} ms {one.value / python:>8.1f} x")
    return print_result("startup", found)


if __name__ == "__main__":
    sys.exit(main())
