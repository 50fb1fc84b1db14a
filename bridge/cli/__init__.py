"""The command `sculpteo-bridge`: one file per command, found by its file name.

A command `orders` lives in `bridge/cli/orders.py` as the click command or group named `command`;
`config_file` there would be the command `config-file`.
"""

from __future__ import annotations

import importlib
import importlib.util
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

SECTIONS: dict[str, dict[str, str]] = {
    "Try it": {
        "demo": "Play a varied day of orders on this machine, without any account.",
        "sandbox": "Run a simulated Shopify and Sculpteo on this machine until it is told to stop.",
    },
    "Set it up": {
        "init": "Write a commented configuration, by asking or by flags.",
        "check": "Check the configuration, the shop and its permissions, and every design at Sculpteo.",
        "plan": "Lay the configuration beside the live catalogue and the open orders, before it is applied.",
        "designs": "Upload designs to Sculpteo, ask their price, see the materials.",
        "invoice": "Make the invoice of ORDER (its name, as #1001 or acme/#1001) without sending it anywhere.",
        "probe": "Place ONE test order (fake=1) and show Sculpteo's raw answers, masked.",
        "config": "Show the configuration, its schema, or its faults.",
        "password": "Print the hash of a password for the console, and where to put it.",
        "completion": "Print what bash, zsh or fish needs to complete commands and options at the press of Tab.",
    },
    "Run it": {
        "serve": "Run the bridge until it is told to stop.",
        "status": "Tell on one screen whether everything is fine; if not, what to do.",
        "pause": "Stop ordering prints at once; orders keep coming in and wait.",
        "resume": "Let ordering go on after a pause; what waited for it goes on at once.",
        "alerts": "Who is told when a person is needed.",
        "webhooks": "Other systems that are told of orders by signed requests.",
    },
    "See and decide": {
        "orders": "The orders on record.",
        "why": "Tell every decision about ORDER in plain words, what happens next and when, and what you can do.",
        "alarms": "Alarms beside orders that go on.",
        "rules": "Variants and products that people decided not to print.",
        "report": "Sum up what was bought: revenue, cost, margin and days to ship, by day, SKU or shop.",
        "customer-data": "Print all that is stored about a customer, as JSON.",
    },
    "Prove and repair": {
        "audit": "List every order of the shop with where it stands; exit code 1 if one is not accounted for.",
        "backfill": "Take in every order placed since a date, and tell which of them will wait for your approval.",
        "deliveries": "Look at webhook deliveries, or let today's program read them again.",
        "rebuild": "Read the shop's open orders, with what the bridge noted on them, into the database.",
    },
}
"""How the help shows the commands, each with the first sentence of its own help (a test compares them): the modules
of all commands take longer to load than a person waits for a list. One that is in no section comes last."""

EXTRAS = {"demo": ("graphql", "sandbox"), "sandbox": ("graphql", "sandbox")}
"""Commands that need a package which not every installation has, and the extra of `pyproject.toml` that brings it."""


class Commands(click.Group):
    """Loads a command's module when it is asked for, so that each start pays only for what it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules(__path__))
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        extra = find_missing_extra(cmd_name)
        if extra is not None:
            return _build_missing_command(cmd_name, extra)
        command = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By what they are for, each with its whole first sentence."""
        for title, rows in self.group_commands(ctx):
            with formatter.section(title):
                formatter.write_dl(rows)

    def group_commands(self, ctx: click.Context) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Every command in one section, with its first sentence."""
        others = dict.fromkeys(self.list_commands(ctx))
        for title, sentences in SECTIONS.items():
            rows = [(name, sentence) for name, sentence in sentences.items() if name in others]
            for name, _ in rows:
                del others[name]
            yield title, [(name, _describe_missing(name) or sentence) for name, sentence in rows]
        commands = ((name, self.get_command(ctx, name)) for name in others)
        rows = [(name, command.get_short_help_str(limit=200)) for name, command in commands if command]
        if rows:
            yield "Others", rows

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


def find_missing_extra(command: str) -> str | None:
    """The extra that this command needs and that is not installed."""
    package, extra = EXTRAS.get(command, ("", ""))
    return extra if package and importlib.util.find_spec(package) is None else None


def _describe_missing(command: str) -> str | None:
    extra = find_missing_extra(command)
    return extra and f"Not installed: it needs the extra `{extra}`."


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
        help=_describe_missing(name),
        context_settings={"ignore_unknown_options": True},
    )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sculpteo-bridge")
def main() -> None:
    """Prints paid Shopify orders at Sculpteo, once each, and brings the tracking numbers back."""
