"""`orders resolve`: a person says whether Sculpteo has an order whose outcome is not known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from bridge.cli._context import resolve_decider
from bridge.cli._options import config_option, json_option, print_json, to_printable
from bridge.cli._order_context import (
    OrderContext,
    as_option,
    describe_record,
    format_local_time,
    get_order_name,
    refuse_if_changed,
    seen_option,
    with_order_context,
    yes_option,
)
from bridge.decisions.actions import (
    BY_NAME,
    perform_action,
)
from bridge.decisions.refusals import NotNow
from bridge.errors import NeedsPerson, TryAgain
from bridge.order.problems import PROBLEMS, Problem
from bridge.order.records import Attempt, OrderRecord

TAKEN = "The reference {reference} belongs to order {other} already; compare both at Sculpteo."
LONGEST_BODY = 600  # characters of an answer that are shown


@click.command("resolve")
@config_option
@click.argument("order")
@click.option("--placed-as", "reference", metavar="REFERENCE", help="Sculpteo has it, under this reference.")
@click.option("--not-placed", is_flag=True, help="Sculpteo does not have it: it is ordered again.")
@click.option("--drop", is_flag=True, help="With --not-placed: it is cancelled instead of ordered again.")
@yes_option
@seen_option
@as_option
@json_option
def resolve_order(
    config: Path, order: str, reference: str | None, not_placed: bool, drop: bool,
    yes: bool, seen: str | None, as_name: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Say whether Sculpteo has ORDER, whose outcome is not known. The evidence is shown first."""
    if bool(reference) == not_placed or (drop and not not_placed):
        if reference or not_placed or drop:
            raise click.UsageError("say either --placed-as REFERENCE, or --not-placed [--drop]")
        with_order_context(config, lambda desk: _print_evidence(desk, order))
        raise click.UsageError("say which: --placed-as REFERENCE, --not-placed, or --not-placed --drop")
    if as_json and not yes:
        raise click.UsageError("with --json nobody can be asked: say --yes as well")

    async def apply_resolution(desk: OrderContext) -> OrderRecord:
        record = await (desk.load_order(order) if as_json else _print_evidence(desk, order))
        refuse_if_changed(record, seen)
        action = BY_NAME["placed_as" if reference else "drop" if drop else "not_placed"]
        if not action.is_available(record):
            action.build_change(record, "", desk.clock.now(), reference or "")
        doubt = await _find_doubt(desk, record, reference) if reference else None
        click.echo(f"\n{action.sentence}", err=as_json)
        if doubt:
            click.echo(f"Warning: {doubt}", err=True)
        if not yes:
            click.confirm("Go on?", abort=True)
        await _apply_decision(desk, action.name, record, resolve_decider(as_name), reference)
        return await desk.store.queries.find_order(record.key) or record

    record = with_order_context(config, apply_resolution)
    if as_json:
        print_json({"order": get_order_name(record), "state": record.state, "reference": record.reference})
    else:
        click.echo(f"{get_order_name(record)} is {record.state} now: {to_printable(describe_record(record))}")


async def _apply_decision(
    desk: OrderContext, name: str, record: OrderRecord, who: str, reference: str | None
) -> None:
    orders, log = desk.store.orders, desk.store.sessions
    try:
        await perform_action(
            BY_NAME[name], record, who, desk.clock.now(), orders, log, reference=reference or ""
        )
    except NeedsPerson as error:
        raise NotNow(PROBLEMS[Problem(error.problem)].sentence, facts=error.facts) from None


async def _find_doubt(desk: OrderContext, record: OrderRecord, reference: str) -> str | None:
    """What speaks against the reference. Raises NotNow when another order has it."""
    from bridge.sculpteo.client import SculpteoPrinter

    other = await desk.store.orders.find_reference_owner(reference, record)
    if other:
        raise NotNow(TAKEN, reference=reference, other=other)
    async with SculpteoPrinter(desk.loaded.settings.sculpteo, desk.clock) as printer:
        try:
            report = await printer.track_order(reference)
        except TryAgain as error:
            return f"Sculpteo could not be asked about {reference} ({error.why})."
    if not report.exists:
        return f"Sculpteo's tracking page does not know {reference}. Is it spelled right?"
    return None


async def _print_evidence(desk: OrderContext, text: str) -> OrderRecord:
    """Show what is known."""
    record = await desk.load_order(text)
    click.echo(f"{get_order_name(record)} of {record.shop}: {to_printable(describe_record(record))}")
    for line in format_evidence(await desk.store.queries.list_attempts(record.key)):
        click.echo(to_printable(line))
    return record


def format_evidence(attempts: Sequence[Attempt]) -> Iterator[str]:
    """What was sent, when, and what came back, attempt by attempt."""
    for one in attempts:
        yield f"\nAttempt {one.number} ({one.mode}, {one.id})"
        yield f"  sent       {format_local_time(one.sent_at) or 'never'}"
        yield f"  what       {json.dumps(one.request, ensure_ascii=False)}"
        yield f"  answered   {format_local_time(one.answered_at) or 'no answer is known'}"
        if one.verdict or one.why:
            yield f"  came to    {one.verdict or '?'}: {one.why or ''}"
        if one.answer:
            yield f"  HTTP       {one.answer.status or '-'} {one.answer.error or ''}"
            yield f"  body       {one.answer.body[:LONGEST_BODY] or '(empty)'}"
        if one.reference:
            yield f"  reference  {one.reference}"
        if one.voided_at:
            yield f"  void       since {format_local_time(one.voided_at)} by {one.voided_by}"


COMMANDS = (resolve_order,)
