"""What the tests run in processes of their own. Each talks to its test through a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import resource
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from bridge.errors import StoreUnavailable
from bridge.order.records import Transition
from bridge.order.states import Ignored, State
from bridge.store import Store
from tests.support.clocks import RealClock
from tests.support.store_factories import LEASE, delivery

SPAWN = multiprocessing.get_context("spawn")


@contextlib.contextmanager
def process(target: Any, *arguments: Any) -> Iterator[tuple[Any, Connection]]:
    """A process that runs `target(pipe, *arguments)`, killed at the end if it still runs."""
    ours, theirs = SPAWN.Pipe()
    child = SPAWN.Process(target=target, args=(theirs, *arguments))
    child.start()
    theirs.close()
    try:
        yield child, ours
    finally:
        child.kill()
        child.join()
        ours.close()


def put_for_ever(pipe: Connection, url: str, lanes: int) -> None:
    """Store deliveries as fast as it goes, and tell of each once it is acknowledged."""

    async def lane(store: Store, numbers: Iterator[int]) -> None:
        for number in numbers:
            await store.inbox.add_delivery(delivery(number, body=b"x" * 2000))
            pipe.send(number)

    async def run() -> None:
        async with Store.open(url, clock=RealClock()) as store:
            numbers = itertools.count()
            await asyncio.gather(*(lane(store, numbers) for _ in range(lanes)))

    asyncio.run(run())


def claim_all(pipe: Connection, url: str, owner: str) -> None:
    """Claim and settle orders until none is left; tell which."""

    async def run() -> list[int]:
        done = []
        async with Store.open(url, clock=RealClock()) as store:
            pipe.send("ready")
            pipe.recv()
            while found := await store.orders.claim_orders(owner, limit=3, lease_for=LEASE):
                for order in found:
                    await store.orders.record_transition(
                        order, Transition(State.IGNORED, None, reason=Ignored.PERSON)
                    )
                    done.append(order.key)
        return done

    pipe.send(asyncio.run(run()))


def hold_alone(pipe: Connection, url: str) -> None:
    """Hold a singleton lock until killed."""

    async def run() -> None:
        async with Store.open(url, clock=RealClock()) as store, store.hold_lock("reconcile") as mine:
            pipe.send(mine)
            await asyncio.sleep(60)

    asyncio.run(run())


def write_into_a_small_disk(pipe: Connection, url: str, limit: int) -> None:
    """Store deliveries while no file may grow above `limit` bytes; then with room again. Tells how many were
    acknowledged before, how many refused, and whether it went on afterwards."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    async def run() -> tuple[list[int], int, bool]:
        async with Store.open(url, clock=RealClock()) as store:
            acknowledged, refused = [], 0
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            for number in range(200):
                try:
                    await store.inbox.add_delivery(delivery(number, body=b"x" * 10_000))
                    acknowledged.append(number)
                except StoreUnavailable:
                    refused += 1
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await store.inbox.add_delivery(delivery(1000))
            return acknowledged, refused, len(await store.inbox.list_pending(10_000)) == len(acknowledged) + 1

    pipe.send(asyncio.run(run()))
