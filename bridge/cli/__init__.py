"""The command `sculpteo-bridge`: one file per command, found by its file name.

A command `orders` lives in `bridge/cli/orders.py` as the click command or group named `command`;
`config_file` there would be the command `config-file`.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from bridge import __version__
from bridge.cli._json_output import (
    JSON,
    TOLD,
    print_error,
)

SECTIONS: dict[str, tuple[str, ...]] = {
    "Try it": ("demo", "sandbox"),
    "Set it up": ("init", "check", "plan", "designs", "invoice", "probe", "config", "password", "completion"),
    "Run it": ("serve", "status", "pause", "resume", "alerts", "webhooks"),
    "See and decide": ("orders", "why", "alarms", "rules", "report", "customer-data"),
    "Prove and repair": ("audit", "backfill", "deliveries", "rebuild"),
}
"""How the help shows the commands; one that is in no section comes last."""


EXTRAS = {"graphql": "sandbox"}
"""Packages that only some commands import, and the extra of `pyproject.toml` that brings each."""


class Commands(click.Group):
    """Loads a command's module when it is asked for, so that each start pays only for what it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules(__path__))
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        try:
            command = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command
        except ModuleNotFoundError as error:
            extra = EXTRAS.get(error.name or "")
            if extra is None:
                raise
            return _build_missing_command(cmd_name, extra)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By what they are for, each with its whole first sentence."""
        for title, names in self.group_commands(ctx):
            commands = ((name, self.get_command(ctx, name)) for name in names)
            rows = [(name, command.get_short_help_str(limit=200)) for name, command in commands if command]
            with formatter.section(title):
                formatter.write_dl(rows)

    def group_commands(self, ctx: click.Context) -> Iterator[tuple[str, list[str]]]:
        """Every command in one section."""
        names = self.list_commands(ctx)
        for title, wanted in SECTIONS.items():
            yield title, [name for name in wanted if name in names]
        placed = {name for wanted in SECTIONS.values() for name in wanted}
        others = [name for name in names if name not in placed]
        if others:
            yield "Others", others

    def main(self, args: Sequence[str] | None = None, *more: Any, **options: Any) -> Any:
        """As click's own. With `--json`, what fails is told as JSON on standard output too, under the same exit
        code; the sentence for people stays on standard error."""
        logs = sys.modules.get("structlog")
        is_set_up = logs is not None and logs.is_configured()
        try:
            return self._run_with_json_errors(args, *more, **options)
        finally:
            logs = sys.modules.get("structlog")
            if logs is not None and not is_set_up:
                logs.reset_defaults()

    def _run_with_json_errors(self, args: Sequence[str] | None, *more: Any, **options: Any) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        if JSON not in given or not options.get("standalone_mode", True):
            return super().main(args, *more, **options)
        options["standalone_mode"] = False
        TOLD.clear()
        try:
            code = super().main(args, *more, **options)
        except click.ClickException as error:
            error.show()
            print_error(error, error.exit_code)
            code = error.exit_code
        except click.Abort:
            click.echo("Aborted!", err=True)
            print_error(click.ClickException("aborted: nothing more was done"), 1)
            code = 1
        except SystemExit as ended:
            if ended.code and not TOLD:
                print_error(click.ClickException("the command failed; standard error says why"), 1)
            raise
        except Exception as error:
            print_error(click.ClickException(f"an error of the bridge itself ({type(error).__name__})"), 1)
            raise
        sys.exit(code if isinstance(code, int) else 0)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """By the names of the files alone: to show each command's help beside it, all would be loaded."""
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return [*map(CompletionItem, names), *click.Command.shell_complete(self, ctx, incomplete)]


def _build_missing_command(name: str, extra: str) -> click.Command:
    """Stands in for a command whose extra is not installed, and says how to install it."""
    remedy = (
        f"pip install '.[{extra}]', in the folder of the bridge's source and with the pip of its environment"
    )

    def fail() -> None:
        raise click.UsageError(
            f"`sculpteo-bridge {name}` needs the extra `{extra}`, which is not installed: {remedy}."
        )

    return click.Command(
        name,
        callback=fail,
        params=[click.Argument(["anything"], nargs=-1, expose_value=False)],
        help=f"Not installed: it needs the extra `{extra}`.",
        context_settings={"ignore_unknown_options": True},
    )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sculpteo-bridge")
def main() -> None:
    """Prints paid Shopify orders at Sculpteo, once each, and brings the tracking numbers back."""
