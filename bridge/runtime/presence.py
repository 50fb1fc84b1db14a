"""The word that a `serve` process gives of itself: that it runs, on which configuration, and that it knows of a
pause. `pause` and `status` read it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from bridge import __version__
from bridge.config.loader import Loaded
from bridge.errors import StoreUnavailable
from bridge.order.clock import (
    ClockReading,
    read_machine_time,
)
from bridge.ports import Clock
from bridge.store.key_value import Pause
from bridge.store.processes import Process, format_pause_mark
from bridge.store.store import Store

LOOK_EVERY = 1.0  # seconds between looks whether something was paused or resumed
REPORT_EVERY = 10.0  # seconds between words while nothing changes
CLOCK_EVERY = 60.0  # seconds between looks at the database server's clock
DATABASE = "database"

log = structlog.get_logger("bridge.runtime.presence")


class Presence:
    """One per process. `in_force` gives the configuration that holds, `read_at` since when, `digest` the SHA-256
    of the newest file that says the same, and `dates` what Shopify's clock showed, by upstream."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        owner: str,
        *,
        role: str,
        listen: str,
        in_force: Callable[[], Loaded],
        read_at: Callable[[], datetime],
        digest: Callable[[], str],
        dates: Callable[[], Mapping[str, ClockReading]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._role = role
        self._listen = listen
        self._in_force = in_force
        self._read_at = read_at
        self._digest = digest
        self._dates = dates
        self._started_at = clock.now()
        self._database: ClockReading | None = None
        self._said: Process | None = None
        self._pauses: dict[str, Pause] | None = None
        self._told_until: int | None = None
        self._said_at = self._looked_at = float("-inf")

    async def run(self) -> None:
        """Give word until cancelled."""
        while True:
            try:
                await self.report_presence()
            except StoreUnavailable as error:
                log.warning("the database is not available", error=str(error))
            except Exception:
                log.exception("the process could not give word of itself")
            await asyncio.sleep(LOOK_EVERY)

    async def report_presence(self) -> None:
        """Give word, unless nothing changed since it was given last. Raises StoreUnavailable."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at >= CLOCK_EVERY:
            self._database, self._looked_at = await read_database_clock(self._store), now
        await self._log_decisions()
        process = await self._describe_process()
        if process == self._said and now - self._said_at < REPORT_EVERY:
            return
        await self._store.processes.report_process(process)
        self._said, self._said_at = process, now

    async def _log_decisions(self) -> None:
        """Tell the log what people did elsewhere: at a terminal, or on another replica."""
        pauses = {pause.scope: pause for pause in await self._store.switch.list_pauses()}
        before = self._pauses if self._pauses is not None else {}
        for scope, pause in pauses.items():
            if before.get(scope) != pause:
                log.warning("ordering is paused", scope=scope, who=pause.who, why=pause.why or "")
        for scope in before.keys() - pauses.keys():
            log.info("ordering goes on", scope=scope)
        self._pauses = pauses
        sessions = self._store.sessions
        if self._told_until is None:
            self._told_until = await sessions.load_newest_key()
        self._told_until = await sessions.log_terminal_actions(self._told_until)

    async def end_presence(self) -> None:
        """The process ends. Never raises for the database."""
        with contextlib.suppress(StoreUnavailable):
            await self._store.processes.remove_process(self._owner)

    async def _describe_process(self) -> Process:
        loaded = self._in_force()
        known = frozenset(map(format_pause_mark, await self._store.switch.list_pauses()))
        clocks = {name: reading.ahead for name, reading in self._dates().items()}
        if self._database is not None:
            clocks[DATABASE] = self._database.ahead
        return Process(
            owner=self._owner,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
            role=self._role,
            mode=str(loaded.settings.mode),
            listen=self._listen,
            shops=tuple(loaded.settings.shops),
            config_path=str(loaded.path.absolute()),
            config_digest=self._digest(),
            config_since=self._read_at(),
            started_at=self._started_at,
            seen_at=self._started_at,  # set when it is kept
            pauses=known,
            clocks={name: round(ahead) for name, ahead in clocks.items()},
        )


async def read_database_clock(store: Store) -> ClockReading | None:
    """What the database server's clock shows beside this machine's; None for SQLite. Raises StoreUnavailable."""
    asked_at = read_machine_time()
    shown = await store.load_server_time()
    return None if shown is None else ClockReading(asked_at, shown, read_machine_time())
