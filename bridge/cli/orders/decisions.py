"""Deciding about orders: one command for each action of `bridge.decisions.actions`, on one order or several."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from bridge.cli._context import resolve_decider
from bridge.cli._options import config_option, json_option, print_json, print_table
from bridge.cli._order_context import (
    CHANGED,
    NotFound,
    OrderContext,
    as_option,
    describe_record,
    format_order_total,
    format_total_cost,
    get_order_name,
    seen_option,
    with_order_context,
    yes_option,
)
from bridge.decisions.actions import (
    BY_NAME,
    Action,
    perform_action,
)
from bridge.errors import BridgeError
from bridge.order.model import Mode
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord
from bridge.order.states import State, Wait
from bridge.steps.payment import is_unpaid

SHOWN = 20  # orders that a question lists
PAGE = 200

IN_FORCE = {
    Mode.PREVIEW: "The bridge works in preview mode: nothing is sent to Sculpteo.",
    Mode.TEST: "The bridge works in test mode: Sculpteo neither makes nor bills what is ordered.",
    Mode.LIVE: "The bridge works in live mode: Sculpteo makes and bills what is ordered.",
}

HELP = {
    "approve": "Order now what waits for a person, for the end of its window, or for a limit.",
    "hold": "Keep orders from being ordered until somebody releases or approves them.",
    "release": "End a hold.",
    "retry": "Try again now what failed or waits. Nothing that is bought is bought again.",
    "cancel": "Stop orders before any money is spent.",
    "ignore": "Never print these orders.",
    "reopen": "Take up again what was cancelled or ignored here.",
    "resend": "Bring tracking numbers to the shop again, where the shop lacks them.",
    "handled": "Close an order whose parcel the shop cannot take any more, once you have seen to it yourself.",
    "print_again": "Order anew, for money, what Sculpteo says that it cancelled or took as a test.",
    "adopt": "Take over what Sculpteo makes for orders that are closed here. Nothing is ordered again.",
}


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """What became of one decision. `error` says why nothing was done."""

    order: str
    shop: str | None
    done: bool
    state: State | None
    error: str | None = None
    order_id: str | None = None


Pick = Callable[[OrderRecord], bool]


def run_decision(
    config: Path, action: Action, texts: Sequence[str], picks: tuple[State, str | None, Pick] | None,
    *, yes: bool, as_name: str | None, as_json: bool, seen: str | None = None,
) -> None:  # fmt: skip
    """Do it to the orders that are named, and to those that `picks` names by state, shop and condition. `seen` is
    the digest of what the person saw of the one order."""
    if as_json and not yes:
        raise click.UsageError("with --json nobody can be asked: say --yes as well")
    if seen is not None and (len(texts) != 1 or picks is not None):
        raise click.UsageError("--seen is of one order: name one")
    work = partial(
        _apply_to_orders,
        action=action,
        texts=texts,
        picks=picks,
        yes=yes,
        who=resolve_decider(as_name),
        seen=seen,
    )
    results = with_order_context(config, work)
    if as_json:
        print_json([_dump_result(action, result) for result in results])
    else:
        for result in results:
            click.echo(result.error or f"{result.order}: {action.done}", err=not result.done)
    if not results:
        click.echo("No order waits for that.", err=True)
    if any(not result.done for result in results):
        sys.exit(1)


async def _apply_to_orders(
    desk: OrderContext, *, action: Action, texts: Sequence[str], picks: tuple[State, str | None, Pick] | None,
    yes: bool, who: str, seen: str | None,
) -> list[DecisionResult]:  # fmt: skip
    orders: dict[int, OrderRecord] = {}
    results = []
    for text in texts:
        try:
            order = await desk.load_order(text)
        except NotFound as error:
            results.append(DecisionResult(text, None, False, None, str(error)))
        else:
            orders[order.key] = order
    if picks is not None:
        orders |= {order.key: order for order in await _select_orders(desk, action, *picks)}
    if seen is not None and any(order.decision_digest != seen for order in orders.values()):
        [order] = orders.values()
        return [
            DecisionResult(
                get_order_name(order),
                order.shop,
                False,
                order.state,
                CHANGED.format(order=get_order_name(order)),
            )
        ]
    if not yes:
        _confirm_spending(action, [order for order in orders.values() if action.is_available(order)])
    return results + [await _apply_to_order(desk, action, order, who) for order in orders.values()]


async def _select_orders(
    desk: OrderContext, action: Action, state: State, shop: str | None, pick: Pick
) -> list[OrderRecord]:
    """All orders in a state that a condition and the action fit."""
    from bridge.store.queries import OrderFilter

    found: list[OrderRecord] = []
    before: int | None = None
    while page := await desk.store.queries.list_orders(OrderFilter([state], shop), before, PAGE):
        before = page[-1].key
        keys = [order.key for order in page if pick(order)]
        complete = [await desk.store.queries.find_order(key) for key in keys]
        found += [order for order in complete if order is not None and action.is_available(order)]
    return found


def _confirm_spending(action: Action, orders: Sequence[OrderRecord]) -> None:
    """Have a person confirm what may cost money. Raises click.Abort."""
    staked = [order for order in orders if action.at_stake(order)]
    if not staked:
        return
    rows = [
        (
            *(
                get_order_name(order),
                order.shop,
                describe_record(order),
                format_prints(order),
                format_destination(order),
            ),
            *(format_order_total(order), format_total_cost([order]), order.decision_digest),
        )
        for order in staked[:SHOWN]
    ]
    print_table(("Order", "Shop", "Now", "Prints", "To", "Sold for", "Cost", "Seen"), rows)
    if len(staked) > SHOWN:
        click.echo(f"... and {len(staked) - SHOWN} more")
    count = "1 order" if len(staked) == 1 else f"{len(staked)} orders"
    click.echo(f"\n{action.label} {count}: {format_total_cost(staked)}.\n{action.sentence}")
    if staked[0].in_force:
        click.echo(IN_FORCE[staked[0].in_force])
    unpaid = [order for order in staked if action.name == "approve" and is_unpaid(order)]
    if unpaid:
        named = ", ".join(get_order_name(order) for order in unpaid)
        click.echo(f"Not paid yet: {named}. Sculpteo bills you, whether your customer pays or not.")
    click.confirm("Go on?", abort=True)


def format_prints(order: OrderRecord) -> str:
    """What would be bought, in a few words."""
    return ", ".join(f"{item.quantity} x {item.sku or item.design.uuid}" for item in order.items) or "?"


def format_destination(order: OrderRecord) -> str:
    """Where it would be sent, without the street: "69001 Lyon, FR"."""
    address = order.snapshot.address if order.snapshot else None
    if address is None:
        return "?"
    town = " ".join(filter(None, (address.postal_code, address.city)))
    return ", ".join(filter(None, (town, address.country_code))) or "?"


async def _apply_to_order(desk: OrderContext, action: Action, order: OrderRecord, who: str) -> DecisionResult:
    try:
        await perform_action(action, order, who, desk.clock.now(), desk.store.orders, desk.store.sessions)
    except BridgeError as error:
        return DecisionResult(
            get_order_name(order), order.shop, False, order.state, str(error), order.order_id
        )
    now = await desk.store.queries.find_order(order.key)
    return DecisionResult(
        get_order_name(order), order.shop, True, now.state if now else None, order_id=order.order_id
    )


def _dump_result(action: Action, result: DecisionResult) -> dict[str, Any]:
    return {
        "order": result.order,
        "shop": result.shop,
        "order_id": result.order_id,
        "action": action.name,
        "done": result.done,
        "state": result.state,
        "error": result.error,
    }


def _build_command(name: str) -> click.Command:
    action = BY_NAME[name]

    @config_option
    @click.argument("orders", nargs=-1, required=True)
    @yes_option
    @seen_option
    @as_option
    @json_option
    def run_command(
        config: Path, orders: tuple[str, ...], yes: bool, seen: str | None, as_name: str | None, as_json: bool,
    ) -> None:  # fmt: skip
        run_decision(config, action, orders, None, yes=yes, as_name=as_name, as_json=as_json, seen=seen)

    return click.command(name.replace("_", "-"), help=HELP[name])(run_command)


@click.command("approve", help=HELP["approve"])
@config_option
@click.argument("orders", nargs=-1)
@click.option("--all-waiting", is_flag=True, help="All that wait for approval, or for a --reason.")
@click.option(
    "--reason",
    "reasons",
    type=click.Choice([str(one) for one in Wait]),
    multiple=True,
    default=(str(Wait.APPROVAL),),
    show_default=True,
    help="With --all-waiting: only those that wait for this; may be given several times.",
)
@click.option("--shop", help="With --all-waiting: only orders of this shop.")
@yes_option
@seen_option
@as_option
@json_option
def approve_orders(
    config: Path, orders: tuple[str, ...], all_waiting: bool, reasons: tuple[str, ...], shop: str | None,
    yes: bool, seen: str | None, as_name: str | None, as_json: bool,
) -> None:  # fmt: skip
    picks = (State.WAITING, shop, lambda order: order.reason in reasons) if all_waiting else None
    if not orders and picks is None:
        raise click.UsageError("name orders, or say --all-waiting")
    run_decision(
        config, BY_NAME["approve"], orders, picks, yes=yes, as_name=as_name, as_json=as_json, seen=seen
    )


@click.command("retry", help=HELP["retry"])
@config_option
@click.argument("orders", nargs=-1)
@click.option("--all-stopped", is_flag=True, help="All that need a person, or those with a --problem.")
@click.option(
    "--problem",
    "problems",
    type=click.Choice([str(one) for one in Problem]),
    multiple=True,
    help="With --all-stopped: only those with this problem; may be given several times.",
)
@click.option("--shop", help="With --all-stopped: only orders of this shop.")
@yes_option
@seen_option
@as_option
@json_option
def retry_orders(
    config: Path, orders: tuple[str, ...], all_stopped: bool, problems: tuple[str, ...], shop: str | None,
    yes: bool, seen: str | None, as_name: str | None, as_json: bool,
) -> None:  # fmt: skip
    picks: tuple[State, str | None, Pick] | None = None
    if all_stopped:
        picks = (State.ATTENTION, shop, lambda order: not problems or order.problem in problems)
    if not orders and picks is None:
        raise click.UsageError("name orders, or say --all-stopped")
    run_decision(
        config, BY_NAME["retry"], orders, picks, yes=yes, as_name=as_name, as_json=as_json, seen=seen
    )


PLAIN = ("hold", "release", "cancel", "ignore", "reopen", "resend", "handled", "print_again", "adopt")
COMMANDS = (approve_orders, retry_orders, *(_build_command(name) for name in PLAIN))
