"""`orders resolve`: a person says whether Sculpteo has an order whose outcome is not known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from bridge.cli._context import decider
from bridge.cli._options import config_option, echo_json, json_option, printable
from bridge.cli._order_context import (
    Desk,
    as_option,
    at_desk,
    local,
    name_of,
    refuse_if_changed,
    seen_option,
    sentence_of,
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
from bridge.sculpteo.client import SculpteoPrinter

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
def resolve(
    config: Path, order: str, reference: str | None, not_placed: bool, drop: bool,
    yes: bool, seen: str | None, as_name: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Say whether Sculpteo has ORDER, whose outcome is not known. The evidence is shown first."""
    if bool(reference) == not_placed or (drop and not not_placed):
        if reference or not_placed or drop:
            raise click.UsageError("say either --placed-as REFERENCE, or --not-placed [--drop]")
        at_desk(config, lambda desk: _look(desk, order))
        raise click.UsageError("say which: --placed-as REFERENCE, --not-placed, or --not-placed --drop")
    if as_json and not yes:
        raise click.UsageError("with --json nobody can be asked: say --yes as well")

    async def work(desk: Desk) -> OrderRecord:
        record = await (desk.order(order) if as_json else _look(desk, order))
        refuse_if_changed(record, seen)
        action = BY_NAME["placed_as" if reference else "drop" if drop else "not_placed"]
        if not action.is_available(record):
            action.build_change(record, "", desk.clock.now(), reference or "")
        doubt = await _doubt(desk, record, reference) if reference else None
        click.echo(f"\n{action.sentence}", err=as_json)
        if doubt:
            click.echo(f"Warning: {doubt}", err=True)
        if not yes:
            click.confirm("Go on?", abort=True)
        await _carry_out(desk, action.name, record, decider(as_name), reference)
        return await desk.store.queries.find_order(record.key) or record

    record = at_desk(config, work)
    if as_json:
        echo_json({"order": name_of(record), "state": record.state, "reference": record.reference})
    else:
        click.echo(f"{name_of(record)} is {record.state} now: {printable(sentence_of(record))}")


async def _carry_out(desk: Desk, name: str, record: OrderRecord, who: str, reference: str | None) -> None:
    orders, log = desk.store.orders, desk.store.sessions
    try:
        await perform_action(
            BY_NAME[name], record, who, desk.clock.now(), orders, log, reference=reference or ""
        )
    except NeedsPerson as error:
        raise NotNow(PROBLEMS[Problem(error.problem)].sentence, facts=error.facts) from None


async def _doubt(desk: Desk, record: OrderRecord, reference: str) -> str | None:
    """What speaks against the reference. Raises NotNow when another order has it."""
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


async def _look(desk: Desk, text: str) -> OrderRecord:
    """Show what is known."""
    record = await desk.order(text)
    click.echo(f"{name_of(record)} of {record.shop}: {printable(sentence_of(record))}")
    for line in evidence(await desk.store.queries.list_attempts(record.key)):
        click.echo(printable(line))
    return record


def evidence(attempts: Sequence[Attempt]) -> Iterator[str]:
    """What was sent, when, and what came back, attempt by attempt."""
    for one in attempts:
        yield f"\nAttempt {one.number} ({one.mode}, {one.id})"
        yield f"  sent       {local(one.sent_at) or 'never'}"
        yield f"  what       {json.dumps(one.request, ensure_ascii=False)}"
        yield f"  answered   {local(one.answered_at) or 'no answer is known'}"
        if one.verdict or one.why:
            yield f"  came to    {one.verdict or '?'}: {one.why or ''}"
        if one.answer:
            yield f"  HTTP       {one.answer.status or '-'} {one.answer.error or ''}"
            yield f"  body       {one.answer.body[:LONGEST_BODY] or '(empty)'}"
        if one.reference:
            yield f"  reference  {one.reference}"
        if one.voided_at:
            yield f"  void       since {local(one.voided_at)} by {one.voided_by}"


COMMANDS = (resolve,)
