"""`sculpteo-bridge demo`: the bridge, a Shopify and a Sculpteo on this machine, and a varied day of orders."""

from __future__ import annotations

import click


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
    from bridge.cli._demo_screen import play_demo

    play_demo(count, seed, leave)
