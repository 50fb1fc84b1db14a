"""`sculpteo-bridge sandbox`: a Shopify and a Sculpteo on this machine, for one's own configuration."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Your configuration: its shops, SKUs and credentials are simulated. Without it, the demo's shop is.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_000),
    default=8900,
    show_default=True,
    help="The first of the ports to use; 0 = any.",
)
@click.option(
    "--orders",
    type=click.IntRange(0, 100_000),
    default=0,
    show_default=True,
    help="How many orders come in, one every two seconds.",
)
@click.option(
    "--test-order",
    is_flag=True,
    help="Send one order of a product that is printed: to the sandbox that runs already, else to this one.",
)
@click.option(
    "--speed",
    default=3600.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="How many times faster than real production and webhook retries go.",
)
@click.option(
    "--faults",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A YAML or JSON list of what goes wrong, as bridge/sandbox/README.md describes it.",
)
@click.option("--seed", default=0, show_default=True, help="Another seed, other people and chances.")
def command(
    config: Path | None,
    port: int,
    orders: int,
    test_order: bool,
    speed: float,
    faults: Path | None,
    seed: int,
) -> None:
    """Run a simulated Shopify and Sculpteo on this machine until it is told to stop.

    It prints the lines that point your configuration at it, and follows the file: new products are on sale at
    once. Webhooks and notifications go to the address at which your bridge listens. The control address takes
    orders, cancellations, faults and outages as JSON.
    """
    from bridge.cli._sandbox_runner import run_sandbox

    run_sandbox(config, port, orders, test_order, speed, faults, seed)
