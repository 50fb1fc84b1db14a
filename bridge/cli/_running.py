"""What commands share that open the bridge: its database, and its clients when they ask the shop."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from bridge.app import Bridge, opened
from bridge.cli._options import load_or_exit
from bridge.errors import BridgeError

T = TypeVar("T")


def with_bridge(config: Path, work: Callable[[Bridge], Awaitable[T]]) -> T:
    """Open the bridge that `config` describes, do the work, close it. Errors become one line, exit code 1."""

    async def run() -> T:
        async with opened(load_or_exit(config)) as bridge:
            return await work(bridge)

    try:
        return asyncio.run(run())
    except BridgeError as error:
        raise click.ClickException(str(error)) from None


def who() -> str:
    """Who decides at this terminal, for the record."""
    try:
        return f"{getpass.getuser()} (terminal)"
    except (KeyError, OSError):
        return "terminal"


def shops_of(bridge: Bridge, shop: str | None) -> list[str]:
    """The shop named, or all. Exits with the known names when there is no such shop."""
    if shop is None:
        return list(bridge.shops)
    if shop not in bridge.shops:
        raise click.BadParameter(
            f"there is no shop “{shop}”; the configuration has {', '.join(bridge.shops)}"
        )
    return [shop]


class Moment(click.ParamType[datetime]):
    """A date or time of the caller: 2026-11-01, or 2026-11-01T09:30+01:00. Without an offset it is UTC."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"“{value}” is not a date; write 2026-11-01 or 2026-11-01T09:30+01:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


shop_option = click.option("--shop", help="Only this shop (its name in the configuration).")
