"""A Shopify and a Sculpteo on this machine, and the commands as they are typed against them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.order.clock import SystemClock
from bridge.sandbox.control_server import build_info
from bridge.sandbox.demo_config import DemoPlan, add_demo_products, build_demo_config
from bridge.sandbox.sandbox import Sandbox
from bridge.store import Store


@dataclass
class Floor:
    """`config` may be changed by a test before it is written."""

    box: Sandbox
    path: Path
    config: dict[str, Any]

    async def run(self, *words: str) -> Result:
        """The command with the configuration as it is now."""
        self.path.write_text(yaml.safe_dump(self.config, sort_keys=False), "utf-8")
        arguments = [*words, "--config", str(self.path)]
        return await asyncio.to_thread(CliRunner().invoke, main, arguments)

    async def make_database(self) -> None:
        """As `serve` does when it first runs."""
        async with Store.open(self.database, clock=SystemClock()):
            pass

    @property
    def database(self) -> str:
        return str(self.config["database"])


@asynccontextmanager
async def floor(folder: Path) -> AsyncIterator[Floor]:
    """The demo's shop and designs; there is no database yet."""
    async with Sandbox() as box:
        add_demo_products(box.shop, box.printer)
        plan = DemoPlan(
            "127.0.0.1:1", f"sqlite:///{folder / 'bridge.db'}", public_url="https://bridge.example"
        )
        yield Floor(box, folder / "config.yaml", deepcopy(build_demo_config(build_info(box), plan)))
