"""The stop switch as `pause` and `resume` use it: it must work, and be believed, when nothing else does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from bridge.cli._options import locate_or_exit, to_click_exception
from bridge.cli._running_services import print_config_faults
from bridge.errors import BridgeError, ConfigError
from bridge.order.clock import SystemClock

if TYPE_CHECKING:
    from bridge.config.database_location import Located
    from bridge.store import Store
    from bridge.store.key_value import Pause
    from bridge.store.processes import Process

T = TypeVar("T")

CONFIRMED_WITHIN = 10.0  # seconds that a pause is waited for
LOOK_EVERY = 0.2  # seconds


@dataclass(frozen=True, slots=True)
class PauseContext:
    """The store of a configuration that may have faults, and may be of another version of the program."""

    located: Located
    store: Store

    @property
    def masked_database_url(self) -> str:
        """The database as people may see it."""
        from bridge.config.database_settings import mask_url

        return mask_url(self.located.database)

    @property
    def has_process_records(self) -> bool:
        """Whether services tell in this database that they run: those of older versions do not."""
        from bridge.store.tables import REVISION

        return self.store.schema >= REVISION

    async def list_running_processes(self) -> list[Process]:
        return await self.store.processes.list_running() if self.has_process_records else []

    async def resolve_scope(self, shop: str | None) -> tuple[str, list[str]]:
        """What a pause of this shop, or of all, is kept under, and the shops that it concerns. Raises
        BadParameter for a shop that nobody knows: a pause of it would stop nothing."""
        from bridge.store.key_value import ALL

        processes = await self.list_running_processes()
        known = dict.fromkeys(self.located.shops or ())
        known |= dict.fromkeys(name for process in processes for name in process.shops)
        if shop is None:
            return ALL, list(known)
        if shop not in known:
            listed = ", ".join(known) or "none that can be read"
            raise click.BadParameter(f"there is no shop “{shop}”; the configuration has {listed}")
        return shop, [shop]

    async def wait_until_confirmed(self, pause: Pause) -> tuple[list[Process], list[Process]]:
        """The processes that have confirmed the pause, and those that run but have not within some seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + CONFIRMED_WITHIN
        while True:
            running = await self.list_running_processes()
            missing = [process for process in running if not process.has_confirmed(pause)]
            if not missing or loop.time() > until:
                return [process for process in running if process.has_confirmed(pause)], missing
            await asyncio.sleep(LOOK_EVERY)


def with_pause_context(config: Path, work: Callable[[PauseContext], Awaitable[T]]) -> T:
    """Open the database that the configuration names, whatever else is wrong with that file, and work with it.
    Faults of the file go to standard error. Errors become one line, exit code 1."""
    from bridge.runtime.shop_identity import identify_shops
    from bridge.store import Store
    from bridge.store.tables import REVISION

    located = locate_or_exit(config)

    async def run_with_store() -> T:
        opening = Store.open(located.database, clock=SystemClock(), create=False, any_schema=True)
        async with opening as store:
            if located.loaded is not None and store.schema == REVISION:
                with contextlib.suppress(ConfigError):  # a shop that cannot be told apart keeps its last name
                    (await identify_shops(store, located.loaded, write=False)).take_effect()
            switch = PauseContext(located, store)
            print_config_faults(located, await switch.list_running_processes())
            return await work(switch)

    try:
        return asyncio.run(run_with_store())
    except BridgeError as error:
        raise to_click_exception(error) from None


def format_shop_list(shops: list[str]) -> str:
    """ ": acme, beta" for a sentence; nothing where no shop is known."""
    return f": {', '.join(shops)}" if shops else ""
