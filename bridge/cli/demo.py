"""`sculpteo-bridge demo`: the bridge, a Shopify and a Sculpteo on this machine, and a varied day of orders."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from textwrap import shorten

import click
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bridge.cli._demo_runner import (
    Day,
    Played,
    opened_day,
    play,
)
from bridge.cli._options import console
from bridge.runtime import logging

COLORS = {"done": "green", "attention": "yellow", "unknown": "red", "cancelled": "dim", "ignored": "dim"}


@click.command()
@click.option(
    "--orders",
    "count",
    type=click.IntRange(1, 1000),
    default=28,
    show_default=True,
    help="How many orders come in.",
)
@click.option("--seed", default=7, show_default=True, help="Another seed, other people and numbers.")
@click.option(
    "--exit",
    "leave",
    is_flag=True,
    help="End after the day: exit code 0 only if every order ended as it should.",
)
def command(count: int, seed: int, leave: bool) -> None:
    """Play a varied day of orders on this machine, without any account."""
    logging.configure_logging(level="error")
    with tempfile.TemporaryDirectory(prefix="sculpteo-bridge-demo-") as folder:
        good = asyncio.run(_demo(Path(folder), count, seed, leave))
    sys.exit(0 if good else 1)


async def _demo(folder: Path, count: int, seed: int, leave: bool) -> bool:
    screen = console()
    async with opened_day(folder, seed) as day:
        screen.print(
            f"A Shopify at {day.box.shopify_url}, a Sculpteo at {day.box.sculpteo_url}, the bridge at {day.url}."
        )
        screen.print(f"{count} orders come in; the approval window is two seconds.")
        screen.print(Text.assemble("\nSee it in your browser: ", (f"{day.url}/", "bold cyan"), "\n"))
        with contextlib.ExitStack() as stack:
            show: Callable[[], None]
            if screen.is_terminal:
                live = stack.enter_context(
                    Live(console=screen, refresh_per_second=8, vertical_overflow="crop")
                )
                show = lambda: live.update(_table(day, final=False))  # noqa: E731
            else:
                show = _Lines(day).show
            good = await play(day, count, seed, show)
        screen.print(_table(day, final=True))
        _sum_up(day, good)
        if not leave:
            screen.print(Text.assemble("\nThe console is at ", (f"{day.url}/", "bold cyan"), "."))
            screen.print("The bridge and both simulated services go on until you press Ctrl-C.")
            with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
                await asyncio.Event().wait()
        return good


class _Lines:
    """Where no terminal shows it: a line for each change."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._said: dict[str, str] = {}

    def show(self) -> None:
        for row in self._day.rows:
            state = row.record.state if row.record else "ordered"
            if self._said.get(row.order.name) != state:
                self._said[row.order.name] = state
                click.echo(f"{row.order.name:>7}  {state:<10}  {row.scenario.title}")


def _table(day: Day, *, final: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(1 if final else 0, 2, 0, 0))
    heads = ("order", "what happens", "state", "why", "Sculpteo", "parcels") + (("",) if final else ())
    for head in heads:
        table.add_column(head, overflow="fold", no_wrap=head in {"order", "state", "Sculpteo"})
    for row in day.rows:
        table.add_row(*_cells(row, final=final))
    return table


def _cells(row: Played, *, final: bool) -> tuple[Text, ...]:
    state = str(row.record.state) if row.record else "ordered"
    between = "\n" if final else ", "
    cells = (
        Text(row.order.name),
        Text(row.scenario.title),
        Text(state, style=COLORS.get(state, "")),
        Text(row.why if final else shorten(row.why, 60, placeholder=" …")),
        Text(between.join(row.prints)),
        Text(between.join(row.parcels)),
    )
    if not final:
        return cells
    faults = row.faults()
    return (
        *cells,
        Text("as it should" if not faults else "; ".join(faults), style="red" if faults else "green"),
    )


def _sum_up(day: Day, good: bool) -> None:
    prints = [reference for row in day.rows for reference in row.prints]
    doubles = sum(len(row.prints) > 1 for row in day.rows)
    lost = sum(row.record is None for row in day.rows)
    click.echo(
        f"\n{len(day.rows)} orders, {len(prints)} printed{_unsure(day)}, {doubles} printed twice, {lost} lost. "
        + ("Every order ended as it should." if good else "NOT every order ended as it should.")
    )


def _unsure(day: Day) -> str:
    """Why the console counts fewer orders as placed: the bridge does not know what Sculpteo's books show."""
    count = sum(bool(row.prints) and row.record is not None and not row.record.reference for row in day.rows)
    return f" ({count} of them unknown to the bridge, until a person says so)" if count else ""
