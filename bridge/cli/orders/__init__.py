"""`sculpteo-bridge orders`: the orders that the bridge has on record, why each stands where it does, and what
a person decides about them."""

from __future__ import annotations

import click

from bridge.cli._options import CommandGroup
from bridge.cli.orders import decisions, listing, mapping, resolving


@click.group(cls=CommandGroup)
def command() -> None:
    """The orders on record."""


for one in (*listing.COMMANDS, *decisions.COMMANDS, *resolving.COMMANDS, *mapping.COMMANDS):
    command.add_command(one)
