"""What `probe` sends, and how it shows what Sculpteo answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from bridge.cli._options import load_or_exit, print_json
from bridge.cli._order_context import with_order_context
from bridge.config.settings import Item, Product, Settings
from bridge.order.clock import SystemClock
from bridge.order.model import STATUS_MEANING, Address, Design, PrintOrder, RawAnswer
from bridge.sculpteo.client import SculpteoPrinter
from bridge.sculpteo.order_response import is_reference
from bridge.sculpteo.test_order import (
    Findings,
    fake_order,
    is_real,
    placed,
    probe,
    save,
    what_was_read,
)
from bridge.store import Store

SHOWN = 3000  # characters of an answer that are shown; --save keeps all of it
TITLES = {
    "order": "Answer to the order call",
    "json": "Tracking, asked by POST with X-Requested-With (JSON, as documented)",
    "page": "Tracking, asked by GET (the page)",
}
INVENTED = {  # field of the address: option, question, default
    "last_name": ("name", "Name", "Bridge Test"),
    "address1": ("street", "Street and number", "1 rue de l'Exemple"),
    "city": ("city", "City", "Paris"),
    "postal_code": ("postal_code", "Postal code", "75001"),
    "country_code": ("country", "Country (two letters)", "FR"),
}
HELD = "In live mode nothing is ordered until you say `sculpteo-bridge probe --seen-to`."
NOTIFICATION = """\
Notifications: Sculpteo says that it POSTs one field `reference` to notification_url at each change of status.
Whether it does so for test orders is not documented. Give --notify with an address of yours that records
what it receives, and look there for the hours that follow."""


def place_test_order(
    config: Path,
    design: str | None,
    notify: str | None,
    folder: Path | None,
    seen_to: bool,
    yes: bool,
    as_json: bool,
    **address: str | None,
) -> None:
    """Place one test order and show what Sculpteo answered; exits with 1 unless it was taken as a test."""
    if seen_to:
        there_was = with_order_context(config, lambda desk: desk.store.clear_billed_probe())
        click.echo("Orders go on." if there_was else "No test order of `probe` was taken for a real one.")
        return
    yes = yes or as_json
    settings = load_or_exit(config).settings
    destination = Address(**{field: ask_address_field(field, address, yes) for field in INVENTED})
    order = fake_order(select_design(settings, design), destination, notify, settings.sculpteo.theme)
    printer = SculpteoPrinter(settings.sculpteo, SystemClock())
    if not as_json:
        print_announcement(printer, order, settings.sculpteo.base_url)
    if not yes:
        click.confirm("Place this test order now?", abort=True)
    try:
        found = asyncio.run(run_with_printer(printer, order))
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    files = keep_findings(found, folder) if folder is not None else ()
    if as_json:
        print_json({**dump_probe(found), "kept": [str(file) for file in files]})
    else:
        print_findings(found)
        print_hints(notify, folder, files)
    if is_real(found):
        reference = found.report.reference if found.report else "?"
        click.secho("\n" + describe_real_order(found, reference), bold=True, err=as_json)
        if Store.exists(settings.database.get_secret_value()):
            with_order_context(config, lambda desk: desk.store.keep_billed_probe(reference))
            click.secho(HELD, bold=True, err=as_json)
    if not placed(found) or is_real(found):
        raise SystemExit(1)


def ask_address_field(field: str, given: Mapping[str, str | None], yes: bool) -> str:
    """A part of the address: as given by its flag, else the invented one, after asking unless `yes`."""
    option, question, default = INVENTED[field]
    value = given[option]
    if value is not None:
        return value
    return default if yes else str(click.prompt(question, default=default))


def select_design(settings: Settings, uuid: str | None) -> Design:
    """The design named, else the first of the configuration with its material, scale and unit if all are fixed.

    Raises click.UsageError when there is none.
    """
    if uuid is not None:
        if not is_reference(uuid):
            raise click.UsageError(f"--design: “{uuid}” cannot be a design's UUID (letters and digits)")
        return Design(uuid)
    products = settings.products + tuple(one for shop in settings.shops.values() for one in shop.products)
    if not products:
        raise click.UsageError("the configuration has no product yet: name a design with --design UUID")
    product = products[0]
    item: Item | Product = product.items[0] if product.items else product
    material = item.material or product.material or settings.defaults.material
    scale = item.scale or product.scale or settings.defaults.scale
    unit = item.unit or product.unit or settings.defaults.unit
    if item.uuid is None:
        raise click.UsageError("the first product has no design: name one with --design UUID")
    if isinstance(material, str) and isinstance(scale, Decimal):
        return Design(item.uuid, 1, material, scale, unit)
    return Design(item.uuid)


async def run_with_printer(printer: SculpteoPrinter, order: PrintOrder) -> Findings:
    async with printer:
        return await probe(printer, order)


def print_announcement(printer: SculpteoPrinter, order: PrintOrder, base_url: str) -> None:
    click.echo(f"This places one test order at {base_url}, with fake=1:")
    click.echo("nothing is made and nothing is billed. Sent would be (secrets and address masked):\n")
    try:
        click.echo(json.dumps(printer.build_summary(order), ensure_ascii=False, indent=2) + "\n")
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def print_findings(found: Findings) -> None:
    for name, answer in found.answers.items():
        click.secho(f"\n{TITLES[name]}", bold=True)
        click.echo(format_raw_answer(answer))
    click.secho("\nWhat the bridge reads out of it", bold=True)
    click.echo(json.dumps(what_was_read(found), ensure_ascii=False, indent=2))


def dump_probe(found: Findings) -> dict[str, Any]:
    """As JSON values: what was sent, every answer in full, and what was read out of them."""
    answers = {
        name: {
            "status": answer.status,
            "headers": dict(answer.headers),
            "body": answer.body,
            "error": answer.error,
        }
        for name, answer in found.answers.items()
    }
    return {
        "placed": placed(found),
        "real": is_real(found),
        "sent": found.form,
        "answers": answers,
        "read": what_was_read(found),
    }


def describe_real_order(found: Findings, reference: str) -> str:
    """What a person has to know who sent fake=1 and got a real order."""
    status = found.report.status if found.report else None
    means = f" ({STATUS_MEANING[status]})" if status else ""
    words = found.report.words if found.report else None
    return (
        f"ALARM: Sculpteo says “{words or '?'}”{means} of the test order {reference}, not "
        "“API Test”: it may be made and billed.\n"
        "Ask Sculpteo's support to cancel it now, and why it was taken as a real order, before you go live."
    )


def print_hints(notify: str | None, folder: Path | None, files: Sequence[Path]) -> None:
    if not notify:
        click.echo("\n" + NOTIFICATION)
    if files:
        click.echo(f"\nKept in {folder}: " + ", ".join(file.name for file in files))
        click.echo(
            "Login, password, e-mail addresses and the address are masked; look through it before you share it."
        )


def format_raw_answer(answer: RawAnswer) -> str:
    """An answer as text: status, kept headers, body; cut where it is long."""
    lines = [f"HTTP {answer.status}" if answer.status is not None else "no answer"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.error:
        lines.append(f"({answer.error})")
    body = answer.body[:SHOWN]
    more = len(answer.body) - len(body)
    printable = "".join(char if char.isprintable() or char in "\n\t" else "�" for char in body)
    lines += ["", printable] + ([f"... and {more} more characters"] if more else [])
    return "\n".join(lines)


def keep_findings(found: Findings, folder: Path) -> Sequence[Path]:
    try:
        return save(found, folder)
    except OSError as error:
        raise click.ClickException(f"cannot keep the sample: {error.filename}: {error.strerror}") from None
