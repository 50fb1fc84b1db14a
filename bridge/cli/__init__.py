"""The command `sculpteo-bridge`: one file per command, found by its file name.

A command `orders` lives in `bridge/cli/orders.py` as the click command or group named `command`;
`config_file` there would be the command `config-file`.
"""

from __future__ import annotations

import importlib
import pkgutil

import click
from click.shell_completion import CompletionItem

from bridge import __version__


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

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """By the names of the files alone: to show each command's help beside it, all would be loaded."""
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return [*map(CompletionItem, names), *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sculpteo-bridge")
def main() -> None:
    """Prints paid Shopify orders at Sculpteo, once each, and brings the tracking numbers back."""
