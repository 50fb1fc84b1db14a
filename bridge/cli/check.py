"""`sculpteo-bridge check`: is everything in place, and if not, what to do."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from bridge.cli._json_output import dump_error
from bridge.cli._options import (
    EXIT_CONFIG,
    config_option,
    create_console,
    format_count,
    json_option,
    print_json,
    to_printable,
)
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from bridge.cli._upstream_checks import CheckResult
    from bridge.config.loader import Loaded

STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@click.command()
@config_option
@click.option("--offline", is_flag=True, help="Look at the configuration only; ask nobody.")
@json_option
def command(config: Path, offline: bool, as_json: bool) -> None:
    """Check the configuration, the shop and its permissions, and every design at Sculpteo.

    Exit code 0: all is well, or there are only warnings; 1: something failed; 2: the configuration has faults.
    """
    run_checks(config, offline=offline, as_json=as_json)


def run_checks(path: Path, *, offline: bool, as_json: bool) -> NoReturn:
    """Check, tell, and exit."""
    from bridge.config.loader import load_config

    try:
        loaded = load_config(path)
    except ConfigError as error:
        print_faults(error, as_json)
        sys.exit(EXIT_CONFIG)
    checks = asyncio.run(collect_checks(loaded, offline=offline, show=not as_json))
    worst = "failed" if any(check.result == "failed" for check in checks) else "ok"
    if as_json:
        print_json({"result": worst, "checks": [dataclasses.asdict(check) for check in checks]})
    else:
        print_summary(checks)
    sys.exit(1 if worst == "failed" else 0)


async def collect_checks(loaded: Loaded, *, offline: bool, show: bool) -> list[CheckResult]:
    """All checks; with `show`, each is told as soon as it is done."""
    from bridge.cli._record_checks import check_records
    from bridge.cli._upstream_checks import check_offline as offline_checks
    from bridge.cli._upstream_checks import check_online as online_checks

    checks = list(offline_checks(loaded))
    if show:
        for check in checks:
            print_check(check)
    if not offline:
        for more in (online_checks(loaded), check_records(loaded)):
            async for check in more:
                checks.append(check)
                if show:
                    print_check(check)
    return checks


def print_check(check: CheckResult) -> None:
    from rich.text import Text

    line = Text(f"{check.result:<8}", style=STYLES[check.result])
    line.append(f"{to_printable(check.name)}: ", style="bold")
    line.append(to_printable(check.sentence), style="default")
    create_console().print(line, soft_wrap=True)
    if check.remedy:
        create_console().print(Text(f"{'':<8}{to_printable(check.remedy)}", style="dim"), soft_wrap=True)


def print_summary(checks: list[CheckResult]) -> None:
    counts = {result: sum(check.result == result for check in checks) for result in STYLES}
    told = (f"{counts['ok']} ok", format_count(counts["warning"], "warning"), f"{counts['failed']} failed")
    click.echo(", ".join(text for text in told if not text.startswith("0 ")))


def print_faults(error: ConfigError, as_json: bool) -> None:
    if as_json:
        told = dump_error(str(error), EXIT_CONFIG, error.faults)
        print_json({"result": "configuration", "faults": told["error"].get("faults", []), **told})
        return
    click.echo(str(error), err=True)
    if len(error.faults) > 1:
        click.echo(f"{len(error.faults)} faults", err=True)
