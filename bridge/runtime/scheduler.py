"""Work that is done now and then, by one replica at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import structlog

from bridge.errors import BridgeError

RETRY = timedelta(minutes=1)  # after a failure
GATHER = 1.0  # seconds: what is asked for several times at once needs one look

log = structlog.get_logger("bridge.runtime.scheduler")

Outcome = Callable[[str, BridgeError | None], Awaitable[None]]


def _count_nothing(name: str) -> None:
    """Where nobody counts."""


def _ignore_end(name: str, error: BaseException | None) -> None:
    """Where nobody wants to know."""


async def _ignore_outcome(name: str, error: BridgeError | None) -> None:
    """Where nobody wants to know."""


class PeriodicTasks:
    """Each chore runs in a task of its own, under a lock of its name that all replicas share.

    `on_outcome` is told of each run that was ours, and of its failure if it failed.
    """

    def __init__(
        self,
        alone: Callable[[str], AbstractAsyncContextManager[bool]],
        on_outcome: Outcome = _ignore_outcome,
        *,
        on_end: Callable[[str, BaseException | None], None] = _ignore_end,
        on_error: Callable[[str], None] = _count_nothing,
    ) -> None:
        """`on_end` is told of a chore that ended though nobody stopped it, `on_error` of an error of the
        bridge's own that was survived."""
        self._on_end = on_end
        self._on_error = on_error
        self._alone = alone
        self._on_outcome = on_outcome
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[str, asyncio.Event] = {}

    def start_task(self, name: str, every: timedelta, work: Callable[[], Awaitable[None]]) -> None:
        """Begin with a chore, unless it is begun with already."""
        if name not in self._tasks:
            self._asked[name] = asyncio.Event()
            task = asyncio.create_task(self._run_repeatedly(name, every, work), name=name)
            self._tasks[name] = task
            task.add_done_callback(self._handle_end)

    def _handle_end(self, task: asyncio.Task[None]) -> None:
        name = task.get_name()
        if self._tasks.get(name) is task:  # else it was stopped
            self._on_end(f"chores: {name}", None if task.cancelled() else task.exception())

    def request_run(self, name: str) -> None:
        """Have it done now. Nothing happens if there is no such chore."""
        if name in self._asked:
            self._asked[name].set()

    async def stop_tasks(self, *names: str) -> None:
        """End these chores, or all."""
        ended = [self._tasks.pop(name) for name in names or list(self._tasks) if name in self._tasks]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    def list_names(self) -> set[str]:
        return set(self._tasks)

    async def _run_repeatedly(self, name: str, every: timedelta, work: Callable[[], Awaitable[None]]) -> None:
        asked = self._asked[name]
        while True:
            wait = every if await self._run_once(name, work) else min(every, RETRY)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), wait.total_seconds())
                await asyncio.sleep(GATHER)
            asked.clear()

    async def _run_once(self, name: str, work: Callable[[], Awaitable[None]]) -> bool:
        """One run; a failure is said, and the chore is tried again soon."""
        try:
            async with self._alone(name) as mine:
                if mine:
                    await work()
            if mine:
                await self._on_outcome(name, None)
        except BridgeError as error:
            log.warning("a chore failed; it is tried again", chore=name, error=str(error))
            try:
                await self._on_outcome(name, error)
            except BridgeError as again:
                log.warning("nor could its outcome be kept", chore=name, error=str(again))
            except Exception:
                log.exception("nor could its outcome be kept", chore=name)
                self._on_error("chores")
            return False
        except Exception:
            log.exception("a chore failed by an error of its own", chore=name)
            self._on_error("chores")
            return False
        return True
