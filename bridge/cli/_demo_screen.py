"""How `demo` shows its day of orders, as they go on and at the end."""

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
    DemoDay,
    PlayedOrder,
    open_demo_day,
    run_demo_orders,
)
from bridge.cli._options import create_console
from bridge.runtime import logging

COLORS = {"done": "green", "attention": "yellow", "unknown": "red", "cancelled": "dim", "ignored": "dim"}


def play_demo(count: int, seed: int, leave: bool) -> None:
    """Play `count` orders; exits with 1 unless every order ended as it should."""
    logging.configure_logging(level="error")
    with tempfile.TemporaryDirectory(prefix="sculpteo-bridge-demo-") as folder:
        good = asyncio.run(_run_demo(Path(folder), count, seed, leave))
    sys.exit(0 if good else 1)


async def _run_demo(folder: Path, count: int, seed: int, leave: bool) -> bool:
    screen = create_console()
    async with open_demo_day(folder, seed) as day:
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
                show = lambda: live.update(_build_table(day, final=False))  # noqa: E731
            else:
                show = _LinePrinter(day).print_changes
            good = await run_demo_orders(day, count, seed, show)
        screen.print(_build_table(day, final=True))
        _print_summary(day, good)
        if not leave:
            screen.print(Text.assemble("\nThe console is at ", (f"{day.url}/", "bold cyan"), "."))
            screen.print("The bridge and both simulated services go on until you press Ctrl-C.")
            with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
                await asyncio.Event().wait()
        return good


class _LinePrinter:
    """Where no terminal shows it: a line for each change."""

    def __init__(self, day: DemoDay) -> None:
        self._day = day
        self._said: dict[str, str] = {}

    def print_changes(self) -> None:
        for row in self._day.rows:
            state = row.record.state if row.record else "ordered"
            if self._said.get(row.order.name) != state:
                self._said[row.order.name] = state
                click.echo(f"{row.order.name:>7}  {state:<10}  {row.scenario.title}")


def _build_table(day: DemoDay, *, final: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(1 if final else 0, 2, 0, 0))
    heads = ("order", "what happens", "state", "why", "Sculpteo", "parcels") + (("",) if final else ())
    for head in heads:
        table.add_column(head, overflow="fold", no_wrap=head in {"order", "state", "Sculpteo"})
    for row in day.rows:
        table.add_row(*_build_cells(row, final=final))
    return table


def _build_cells(row: PlayedOrder, *, final: bool) -> tuple[Text, ...]:
    state = str(row.record.state) if row.record else "ordered"
    between = "\n" if final else ", "
    cells = (
        Text(row.order.name),
        Text(row.scenario.title),
        Text(state, style=COLORS.get(state, "")),
        Text(row.outcome_sentence if final else shorten(row.outcome_sentence, 60, placeholder=" …")),
        Text(between.join(row.prints)),
        Text(between.join(row.parcels)),
    )
    if not final:
        return cells
    faults = row.find_differences()
    return (
        *cells,
        Text("as it should" if not faults else "; ".join(faults), style="red" if faults else "green"),
    )


def _print_summary(day: DemoDay, good: bool) -> None:
    prints = [reference for row in day.rows for reference in row.prints]
    doubles = sum(len(row.prints) > 1 for row in day.rows)
    lost = sum(row.record is None for row in day.rows)
    click.echo(
        f"\n{len(day.rows)} orders, {len(prints)} printed{_format_unsure_count(day)}, {doubles} printed twice, {lost} lost. "
        + ("Every order ended as it should." if good else "NOT every order ended as it should.")
    )


def _format_unsure_count(day: DemoDay) -> str:
    """Why the console counts fewer orders as placed: the bridge does not know what Sculpteo's books show."""
    count = sum(bool(row.prints) and row.record is not None and not row.record.reference for row in day.rows)
    return f" ({count} of them unknown to the bridge, until a person says so)" if count else ""
