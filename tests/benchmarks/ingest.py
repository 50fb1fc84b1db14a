"""How fast deliveries become durable: `python -m tests.benchmarks.ingest`.

The service's own web application takes signed webhooks over real HTTP and stores them in SQLite on disk
(WAL, synchronous=FULL); beside it the same application verifies them and stores nothing. Server and load run
in processes of their own; both kinds of server are measured in turn, several times, and the medians compared.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from aiohttp import web

from bridge.order.records import Delivery, OrderSignal, PrivacyRequest
from bridge.order.states import State
from bridge.shopify.webhooks import sign
from bridge.store import Store
from bridge.web.app_keys import Condition, ShopDoor
from bridge.web.server import make_app, make_runner
from tests.benchmarks.results import Measure, print_result
from tests.support.clocks import RealClock

SECRET = b"benchmark"
LEAST_RATIO = 0.40
SPAWN = multiprocessing.get_context("spawn")


class Door:
    domain = "acme.myshopify.com"
    former_domain: str | None = None

    def signing_secrets(self) -> tuple[bytes, ...]:
        return (SECRET,)


class Settings:
    shops: Mapping[str, ShopDoor] = {"acme": Door()}  # so typed, a stand-in that lacks something is found


class Nothing:
    """A store that stores nothing."""

    @property
    def inbox(self) -> Nothing:
        return self

    calls = queries = conditions = desk = inbox

    async def add_delivery(self, delivery: Delivery) -> None: ...

    async def list_pending(self, limit: int, *, but: Collection[int] = ()) -> list[Delivery]:
        return []

    async def settle_delivery(self, key: int, outcome: str, notice: OrderSignal | None) -> None: ...

    async def settle_privacy_request(self, key: int, outcome: str, wish: PrivacyRequest) -> None: ...

    async def report_unreadable_request(self, delivery: Delivery) -> None: ...

    async def has_token(self, token: str) -> bool:
        return False

    async def receive_notification(self, token: str, reference: str | None, raw: bytes) -> bool:
        return False

    async def count_by_state(self) -> Mapping[State, int]:
        return {}

    async def list_incidents(self) -> list[Condition]:
        return []

    async def find_oldest_due(self) -> None: ...

    async def check_ready(self) -> None: ...


def serve(pipe: Connection, database: str | None) -> None:
    """The server's process: say the port, serve until told to stop."""
    asyncio.run(_serve(pipe, database))


async def _serve(pipe: Connection, database: str | None) -> None:
    async with AsyncExitStack() as stack:
        store = (
            await stack.enter_async_context(Store.open(database, clock=RealClock()))
            if database
            else Nothing()
        )
        runner = make_runner(make_app(Settings(), store))
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=512)
        await site.start()
        pipe.send(runner.addresses[0][1])
        await asyncio.to_thread(pipe.recv)


@contextmanager
def server(database: str | None) -> Iterator[int]:
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=serve, args=(theirs, database))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join(20)
        process.kill()


@dataclass(slots=True)
class Load:
    """What one run came to. Times in seconds."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    bad: int = 0

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def percentile(self, share: float) -> float:
        return sorted(self.times)[min(int(len(self.times) * share), len(self.times) - 1)]


class Caller(asyncio.Protocol):
    """One connection, kept alive: sends a delivery, waits for its answer, sends the next. A whole HTTP client
    would be slower than the server that it measures."""

    def __init__(
        self, load: Load, requests: Iterator[bytes], until: float, done: asyncio.Future[None]
    ) -> None:
        self._load, self._requests, self._until, self._done = load, requests, until, done
        self._sent = 0.0
        self._answer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._sent = time.perf_counter()
        if self._sent > self._until:
            self._transport.close()
            return
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b"\r\n\r\n"):
            return
        if self._answer.startswith(b"HTTP/1.1 200 "):
            self._load.times.append(time.perf_counter() - self._sent)
        else:
            self._load.bad += 1
        self._answer = b""
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


def requests(size: int, seed: str) -> Iterator[bytes]:
    """Deliveries of `size` bytes, each with an id of its own."""
    texts = [f'{{"id":{1000 + number},"name":"#{number}","note":"' for number in range(64)]
    bodies = [(text + "x" * (size - len(text) - 2) + '"}').encode() for text in texts]
    heads = [
        b"POST /webhooks/shopify/acme HTTP/1.1\r\nHost: bridge.example\r\nUser-Agent: benchmark\r\n"
        b"Content-Type: application/json\r\nX-Shopify-Topic: orders/updated\r\n"
        b"X-Shopify-Shop-Domain: acme.myshopify.com\r\nX-Shopify-Api-Version: 2026-10\r\n"
        b"X-Shopify-Event-Id: 5b1c7a52-6a0e-4a2c-9a51-1f6c7d0a9f11\r\n"
        b"X-Shopify-Triggered-At: 2026-11-23T09:00:00.123456789Z\r\n"
        b"X-Shopify-Hmac-Sha256: " + sign(SECRET, body) + b"\r\nContent-Length: "
        + str(len(body)).encode() + b"\r\n"
        for body in bodies
    ]  # fmt: skip
    number = 0
    while True:
        which = number % len(bodies)
        yield heads[which] + f"X-Shopify-Webhook-Id: {seed}-{number}\r\n\r\n".encode() + bodies[which]
        number += 1


def load(pipe: Connection, port: int, connections: int, seconds: float, size: int, seed: str) -> None:
    """The load's process."""
    pipe.send(asyncio.run(_load(port, connections, seconds, size, seed)))


async def _load(port: int, connections: int, seconds: float, size: int, seed: str) -> Load:
    loop = asyncio.get_running_loop()
    result = Load()
    source = requests(size, seed)
    began = time.perf_counter()
    until = began + seconds
    waits = [loop.create_future() for _ in range(connections)]
    for done in waits:
        await loop.create_connection(partial(Caller, result, source, until, done), "127.0.0.1", port)
    await asyncio.gather(*waits)
    result.seconds = time.perf_counter() - began
    return result


def measure(port: int, connections: int, seconds: float, size: int, seed: str) -> Load:
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=load, args=(theirs, port, connections, seconds, size, seed))
    process.start()
    result: Load = ours.recv()
    process.join()
    if result.bad:
        raise SystemExit(f"{result.bad} answers were not 200")
    return result


def stored(database: Path) -> int:
    import sqlite3

    with sqlite3.connect(database) as connection:
        return int(connection.execute("SELECT count(*) FROM deliveries").fetchone()[0])


def _line(name: str, one: Load) -> str:
    return (
        f"{name:<10} {one.rate:8.0f}/s   p50 {one.percentile(0.5) * 1000:6.2f} ms"
        f"   p99 {one.percentile(0.99) * 1000:6.2f} ms   {len(one.times)} answers"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--bytes", type=int, default=8192)
    parser.add_argument("--folder", help="where the database is written; should be a real disk")
    options = parser.parse_args()
    shape = (options.connections, options.seconds, options.bytes)
    plain: list[Load] = []
    durable: list[Load] = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for number in range(options.rounds):
            with server(None) as port:
                measure(port, options.connections, 0.3, options.bytes, "warm")
                plain.append(measure(port, *shape, f"plain-{number}"))
            database = Path(folder) / f"{number}.db"
            with server(f"sqlite:///{database}") as port:
                warm = measure(port, options.connections, 0.3, options.bytes, "warm")
                durable.append(measure(port, *shape, f"durable-{number}"))
            acknowledged = len(warm.times) + len(durable[-1].times)
            if stored(database) < acknowledged:
                raise SystemExit(f"{acknowledged} were acknowledged, {stored(database)} are stored")
            database.unlink()
            print(_line("nothing", plain[-1]))  # noqa: T201 - a program for people
            print(_line("durable", durable[-1]), flush=True)  # noqa: T201
    ratio = statistics.median(one.rate for one in durable) / statistics.median(one.rate for one in plain)
    pairs = ", ".join(f"{d.rate / p.rate:.2f}" for p, d in zip(plain, durable, strict=True))
    print(  # noqa: T201
        f"{options.connections} connections, {options.bytes} bytes, {os.cpu_count()} processors:"
        f" ratios of the rounds {pairs}"
    )
    return print_result(
        "ingest", [Measure("durable to nothing, ratio of the medians", ratio, least=LEAST_RATIO)]
    )


if __name__ == "__main__":
    raise SystemExit(main())
