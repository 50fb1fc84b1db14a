"""`sculpteo-bridge probe`: one test order, to see what Sculpteo really answers."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli._options import config_option


@click.command()
@config_option
@click.option(
    "--design", metavar="UUID", help="The design to order; default: the first one of the configuration."
)
@click.option("--name", help="Addressee.")
@click.option("--street", help="Street and number.")
@click.option("--city")
@click.option("--postal-code")
@click.option("--country", help="Two letters, such as FR.")
@click.option("--notify", metavar="URL", help="A notification_url of your own to send along.")
@click.option(
    "--save", "folder", type=click.Path(path_type=Path, file_okay=False), help="Keep a sample here."
)
@click.option(
    "--seen-to",
    is_flag=True,
    help="Place nothing: you have seen to the test order that Sculpteo took for a real one.",
)
@click.option("--yes", is_flag=True, help="Do not ask; take the invented address unless flags say otherwise.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs. Implies --yes.")
def command(
    config: Path,
    design: str | None,
    notify: str | None,
    folder: Path | None,
    seen_to: bool,
    yes: bool,
    as_json: bool,
    **address: str | None,
) -> None:
    """Place ONE test order (fake=1) and show Sculpteo's raw answers, masked.

    Sculpteo neither makes nor bills a test order. The answers show what its page does not document. The
    address is asked for, with an invented one as the default.
    """
    from bridge.cli._probe_report import place_test_order

    place_test_order(config, design, notify, folder, seen_to, yes, as_json, **address)
