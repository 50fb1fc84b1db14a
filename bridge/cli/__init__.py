"""The command `sculpteo-bridge`: one file per command, found by its file name.

A command `orders` lives in `bridge/cli/orders.py` as the click command or group named `command`;
`config_file` there would be the command `config-file`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import click
from click.shell_completion import CompletionItem

from bridge import __version__

SECTIONS: dict[str, tuple[str, ...]] = {
    "Try it": ("demo", "sandbox"),
    "Set it up": ("init", "check", "plan", "designs", "invoice", "probe", "config", "password", "completion"),
    "Run it": ("serve", "status", "pause", "resume", "alerts", "webhooks"),
    "See and decide": ("orders", "why", "alarms", "rules", "report"),
    "Prove and repair": ("audit", "backfill", "deliveries", "rebuild"),
}
"""How the help shows the commands; one that is in no section comes last."""


class Commands(click.Group):
    """Loads a command's module when it is asked for, so that each start pays only for what it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules(__path__))
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By what they are for, each with its whole first sentence."""
        for title, names in self.sections(ctx):
            commands = ((name, self.get_command(ctx, name)) for name in names)
            rows = [(name, command.get_short_help_str(limit=200)) for name, command in commands if command]
            with formatter.section(title):
                formatter.write_dl(rows)

    def sections(self, ctx: click.Context) -> Iterator[tuple[str, list[str]]]:
        """Every command in one section."""
        names = self.list_commands(ctx)
        for title, wanted in SECTIONS.items():
            yield title, [name for name in wanted if name in names]
        placed = {name for wanted in SECTIONS.values() for name in wanted}
        others = [name for name in names if name not in placed]
        if others:
            yield "Others", others

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """By the names of the files alone: to show each command's help beside it, all would be loaded."""
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return [*map(CompletionItem, names), *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sculpteo-bridge")
def main() -> None:
    """Prints paid Shopify orders at Sculpteo, once each, and brings the tracking numbers back."""
