"""`sculpteo-bridge config`: the configuration as the bridge understands it."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli._options import CommandGroup, config_option, json_option, load_or_exit, print_json


@click.group(cls=CommandGroup)
def command() -> None:
    """Show the configuration, its schema, or its faults."""


@command.command("show")
@config_option
@json_option
def print_config(config: Path, as_json: bool) -> None:
    """Print the effective configuration, defaults included, with secrets masked."""
    from bridge.config.show import build_effective_settings, dump_yaml

    loaded = load_or_exit(config)
    shown = build_effective_settings(loaded)
    if as_json:
        print_json(
            {
                "path": str(loaded.path),
                "hash": loaded.hash,
                "mapping_version": loaded.catalog.version,
                "settings": shown,
            }
        )
        return
    click.echo(f"# {loaded.path}; mapping version {loaded.catalog.version}")
    click.echo(dump_yaml(shown), nl=False)


@command.command("schema")
def print_schema() -> None:
    """Print a JSON Schema of the configuration, for editors."""
    from bridge.config.reference import build_json_schema as made

    print_json(made())


@command.command("check")
@config_option
@json_option
def check_config(config: Path, as_json: bool) -> None:
    """Tell every fault and warning; the same as `check --offline`."""
    from bridge.cli.check import run_checks

    run_checks(config, offline=True, as_json=as_json)
