"""What the commands share: where the configuration is, how faults, tables and JSON are shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from bridge.cli._json_output import print_json as print_json
from bridge.errors import BridgeError, ConfigError, StoreUnavailable

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod

    from bridge.config.database_location import Located
    from bridge.config.loader import Loaded

EXIT_CONFIG = 2
WIDTH_OF_PIPES = 200  # columns of a table that no terminal shows

config_option = click.option(
    "-c",
    "--config",
    "config",
    type=click.Path(path_type=Path),
    envvar="SCULPTEO_BRIDGE_CONFIG",
    default=Path("config.yaml"),
    show_default=True,
    show_envvar=True,
    help="The configuration file.",
)
"""Decorates a command, which gets the path as `config: Path`."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
"""Decorates a command, which gets `as_json: bool`."""


class CommandGroup(click.Group):
    """A command of several, whose help tells the whole first sentence of each."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self.commands[name].get_short_help_str(limit=200)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def load_or_exit(path: Path) -> Loaded:
    """The configuration, or every fault on standard error and exit code 2."""
    from bridge.config.loader import load_config
    from bridge.runtime import logging

    logging.configure_for_commands()
    try:
        return load_config(path)
    except ConfigError as error:
        raise ConfigurationFaulty(error) from None


def locate_or_exit(path: Path) -> Located:
    """The configuration as far as it can be used, faults or not. One that does not tell where the database is:
    every fault on standard error and exit code 2."""
    from bridge.config.database_location import load_config_location
    from bridge.runtime import logging

    logging.configure_for_commands()
    try:
        return load_config_location(path)
    except ConfigError as error:
        raise ConfigurationFaulty(error) from None


class ConfigurationFaulty(click.ClickException):
    """The configuration has faults, each with its place and remedy."""

    exit_code = EXIT_CONFIG

    def __init__(self, error: ConfigError) -> None:
        super().__init__(str(error))
        self.faults = error.faults

    def show(self, file: IO[Any] | None = None) -> None:
        """Every fault as a line of its own on standard error."""
        click.echo(self.message, err=True)
        if len(self.faults) > 1:
            click.echo(f"{len(self.faults)} faults; nothing was started.", err=True)


class _ConfigurationRefused(click.ClickException):
    """The file can be read, but does not fit what the database knows."""

    exit_code = EXIT_CONFIG


def to_click_exception(error: BridgeError) -> click.ClickException:
    """What ends a command, as a sentence: of a database that is away, what to do about it too."""
    from bridge.mapping_review.catalog_reader import describe_error

    if isinstance(error, StoreUnavailable):
        return click.ClickException(
            f"the database cannot be used ({error}). Start it, or correct `database` in the configuration."
        )
    if isinstance(error, ConfigError) and error.faults:
        return _ConfigurationRefused(describe_error(error))
    return click.ClickException(describe_error(error))


def create_console(*, err: bool = False) -> Console:
    """A console of rich that drops colors and markup when its output is piped."""
    from rich.console import Console

    found = Console(stderr=err, highlight=False, soft_wrap=False)
    return found if found.is_terminal else Console(stderr=err, highlight=False, width=WIDTH_OF_PIPES)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    styles: Sequence[str] | None = None,
    numbers: Sequence[int] = (),
    empty: str | None = None,
) -> None:
    """A table for people. Cells are plain text: nothing in them is read as markup or escape codes.

    Without a row, `empty` is said instead. `styles` gives each column's rich style; `numbers` are the columns that stand to the right. A cell that is
    a `rich.text.Text` keeps its own style.
    """
    from rich.table import Table
    from rich.text import Text

    if title:
        create_console().print(Text(to_printable(title), style="bold"), soft_wrap=True)
    rows = list(rows)
    if empty and not rows:
        click.echo(empty)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, name in enumerate(columns):
        style = styles[index] if styles else None
        justify: JustifyMethod = "right" if index in numbers else "left"
        table.add_column(name, style=style, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(to_printable(cell)) for cell in row))
    create_console().print(table)


@contextmanager
def open_progress_bar(title: str) -> Iterator[Callable[[int, int | None], None]]:
    """Within it: a function that is told how many of how many are done. It shows them as a bar on standard
    error if that is a terminal; elsewhere it shows nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    shown = Console(stderr=True)
    bar = Progress(
        TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=shown, transient=True, disable=not shown.is_terminal,
    )  # fmt: skip
    with bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def describe_os_error(error: OSError) -> str:
    """What the system says of it, without the words of Python."""
    return os.strerror(error.errno) if error.errno else str(error)


def format_count(number: int, noun: str) -> str:
    """ "1 order", "2 orders"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def to_printable(value: object) -> str:
    """Text that is safe on a terminal: control characters, which a customer may have typed, become spaces."""
    text = "" if value is None else str(value)
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)
