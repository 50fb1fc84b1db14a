"""`sculpteo-bridge status`: is everything fine, and if not, what to do."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli._options import (
    config_option,
    json_option,
)


@click.command()
@config_option
@json_option
def command(config: Path, as_json: bool) -> None:
    """Tell on one screen whether everything is fine; if not, what to do.

    It looks at the bridge's own records, and asks the service whether it can work. It works with a configuration
    that has faults, too. Exit code 0: everything is fine; 1: something needs a person.
    """
    from bridge.cli._status_output import show_status

    show_status(config, as_json)
