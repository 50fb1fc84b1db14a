"""Real bridge processes at the price of a fork.

A process that has loaded the bridge once waits for orders on its standard input. For each it forks a child,
which runs the genuine command line (`serve -c FILE`) and can be killed like any other process. Each child
dies with the nursery.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import itertools
import json
import os
import selectors
import signal
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.campaign.crash_points import Death
from tests.campaign.scenario import Jump

PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Child:
    """A bridge that was started. `ended` has its exit status, negative for a signal."""

    pid: int
    ended: asyncio.Future[int]

    @property
    def alive(self) -> bool:
        return not self.ended.done()

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.alive:
                os.kill(self.pid, number)

    async def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await asyncio.shield(self.ended)


@dataclass(slots=True)
class Nursery:
    """Use as `async with Nursery() as nursery:`."""

    rehearsal: str | None = (
        None  # a database, to be thrown away, on which the bridge is tried before the first
    )
    _process: asyncio.subprocess.Process | None = None
    _reader: asyncio.Task[None] | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _births: dict[int, asyncio.Future[Child]] = field(default_factory=dict)
    _children: dict[int, Child] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def __aenter__(self) -> Nursery:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.campaign.process_pool",
            *((self.rehearsal,) if self.rehearsal else ()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.create_task(self._read())
        await self._ready.wait()  # else the first bridges would come seconds after their orders
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is None or self._process.stdin is None:
            return
        for child in list(self._children.values()):
            child.signal(signal.SIGKILL)
        self._process.stdin.close()
        await self._process.wait()
        if self._reader is not None:
            await self._reader

    async def start(
        self, config: Path, log: Path, death: Death | None = None, jump: Jump | None = None
    ) -> Child:
        """A new bridge for this configuration; what it says is added to `log`."""
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("the nursery is not open")
        number = next(self._numbers)
        born: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._births[number] = born
        wish = {
            "number": number,
            "config": str(config),
            "log": str(log),
            "death": asdict(death) if death else None,
            "jump": asdict(jump) if jump else None,
        }
        self._process.stdin.write(json.dumps(wish).encode() + b"\n")
        return await born

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            if "ready" in told:
                self._ready.set()
            elif "number" in told:
                ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
                child = self._children[told["pid"]] = Child(told["pid"], ended)
                born = self._births.pop(told["number"])
                if born.cancelled():  # who asked for it is gone
                    child.signal(signal.SIGKILL)
                else:
                    born.set_result(child)
            else:
                self._children.pop(told["pid"]).ended.set_result(told["status"])
        self._ready.set()
        for born in self._births.values():
            born.set_exception(RuntimeError("the nursery ended by itself"))
        for child in self._children.values():
            child.ended.set_result(-signal.SIGKILL)


# --- in the nursery's own process ------------------------------------------------------------------------


def main() -> None:
    """Fork a bridge for each line of the input until it ends, and tell of each birth and death."""
    _load(*sys.argv[1:])
    _tell(ready=True)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    rest = b""
    while True:
        for key, _ in selector.select():
            chunk = os.read(key.fd, 65_536)
            if key.fd == woken:
                _tell_of_deaths()
            elif not chunk:
                return
            else:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    _give_birth(json.loads(line))


def _load(rehearsal: str | None = None) -> None:
    import bridge.cli.serve
    import bridge.config.loader
    import bridge.runtime.container
    import bridge.runtime.service
    import bridge.store.migrate  # noqa: F401
    from bridge.i18n import formatter
    from bridge.web.console import rendering
    from tests.campaign.short_waits import hurry
    from tests.campaign.warm_up import rehearse

    formatter.load_catalogs()
    rendering.load()
    if rehearsal is not None:
        rehearse(rehearsal)
    hurry()
    gc.collect()
    gc.freeze()  # a child's collector would otherwise copy every page that it shares with its parent


def _tell(**told: Any) -> None:
    os.write(1, json.dumps(told).encode() + b"\n")


def _tell_of_deaths() -> None:
    with contextlib.suppress(ChildProcessError):
        while (dead := os.waitpid(-1, os.WNOHANG))[0]:
            _tell(pid=dead[0], status=os.waitstatus_to_exitcode(dead[1]))


def _give_birth(wish: dict[str, Any]) -> None:
    pid = os.fork()
    if pid:
        _tell(number=wish["number"], pid=pid)
        return
    status = 70
    try:
        _become_a_bridge(wish)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(status)


def _become_a_bridge(wish: dict[str, Any]) -> None:
    from bridge.cli import main as command_line
    from tests.campaign.crash_points import arm
    from tests.campaign.short_waits import jump_ahead

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, 256)
    if wish["death"] is not None:
        arm(Death(**wish["death"]), f"{wish['log']}.deaths")
    if wish["jump"] is not None:
        jump_ahead(**wish["jump"])
    command_line(["serve", "-c", wish["config"]])


if __name__ == "__main__":
    main()
