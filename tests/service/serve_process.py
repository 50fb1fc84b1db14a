"""`sculpteo-bridge serve` in a process of its own, beside a sandbox in this one."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from bridge.cli._demo_runner import find_free_port
from bridge.order.records import OrderRecord
from bridge.sandbox.control_server import build_info
from bridge.sandbox.demo_config import SHOP, DemoPlan, add_demo_products, build_demo_config, write_config
from bridge.sandbox.sandbox import Sandbox
from bridge.store import Store
from tests.support.clocks import RealClock

PATIENCE = 90.0  # seconds after which something that should happen counts as not happening


@dataclass
class Serving:
    """One replica. `said` are the lines of its log."""

    config: Path
    process: asyncio.subprocess.Process
    said: list[str] = field(default_factory=list)

    async def listen(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.said.append(line.decode().rstrip())

    async def says(self, *words: str, since: int = 0) -> str:
        """Wait for a line of the log with all these words; gives it."""

        def found() -> str | None:
            return next((line for line in self.said[since:] if all(word in line for word in words)), None)

        try:
            await until(found, self)
        except TimeoutError:
            raise AssertionError(f"never said {words}:\n" + "\n".join(self.said)) from None
        return found() or ""

    def hang_up(self) -> None:
        self.process.send_signal(signal.SIGHUP)


async def until(
    condition: Callable[[], object] | Callable[[], Awaitable[object]], serving: Serving | None = None
) -> None:
    """Look again until it is so. Raises TimeoutError, or AssertionError when the process has ended."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            if serving is not None and serving.process.returncode is not None:
                raise AssertionError("it ended:\n" + "\n".join(serving.said))
            await asyncio.sleep(0.1)


@dataclass
class Stage:
    """A sandbox, and the configuration of bridges beside it."""

    box: Sandbox
    folder: Path
    database: str

    def config(self, **changes: Any) -> dict[str, Any]:
        """The demo's configuration with other values at its top level."""
        listen = f"127.0.0.1:{find_free_port()}"
        plan = DemoPlan(listen, self.database, window_seconds=0)
        config = build_demo_config(build_info(self.box), plan)
        return {**config, "invoice": {"mode": "none"}, **changes}

    @asynccontextmanager
    async def launched(
        self, config: dict[str, Any], name: str = "config.yaml", *arguments: str, code: str | None = None
    ) -> AsyncIterator[Serving]:
        """A process that has just begun to start; one that runs `code` with the path of its configuration instead."""
        path = self.folder / name
        write_config(path, config)
        command = (
            ("-m", "bridge", "serve", "--config", str(path)) if code is None else ("-c", code, str(path))
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, *arguments, stderr=asyncio.subprocess.PIPE
        )
        serving = Serving(path, process)
        listening = asyncio.create_task(serving.listen())
        try:
            yield serving
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
            await listening

    @asynccontextmanager
    async def serve(
        self, config: dict[str, Any], name: str = "config.yaml", *arguments: str
    ) -> AsyncIterator[Serving]:
        async with self.launched(config, name, *arguments) as serving:
            await serving.says("event=ready")
            await until(self._looked_at_the_shop, serving)
            yield serving

    async def _looked_at_the_shop(self) -> bool:
        """Orders that come in from now on are new ones, and are told of."""
        async with Store.open(self.database, clock=RealClock(), create=False) as store:
            memory = store.memory
            return bool(await memory.get("reconciled_at:acme") and await memory.get("subscribed_at:acme"))

    async def order(self, name: str) -> OrderRecord | None:
        async with Store.open(self.database, clock=RealClock(), create=False) as store:
            found = await store.queries.search_orders(name)
        return found[0] if found else None

    async def reaches(self, name: str, state: str, serving: Serving) -> OrderRecord:
        """Wait until an order is in this state."""

        async def there() -> bool:
            order = await self.order(name)
            return order is not None and order.state == state

        try:
            await until(there, serving)
        except TimeoutError:
            raise AssertionError(f"{name} is {await self.order(name)}:\n" + "\n".join(serving.said)) from None
        order = await self.order(name)
        assert order is not None
        return order


@asynccontextmanager
async def staged(folder: Path, database: str | None = None) -> AsyncIterator[Stage]:
    async with Sandbox(shops=(replace(SHOP),), webhook_speed=600) as box:
        add_demo_products(box.shop, box.printer)
        yield Stage(box, folder, database or f"sqlite:///{folder / 'bridge.db'}")


def rewritten(path: Path, config: dict[str, Any]) -> None:
    """As an editor does: another file, put in the place of the old one."""
    other = path.with_name(f".{path.name}.swp")
    write_config(other, config)
    other.replace(path)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found
