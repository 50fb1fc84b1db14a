"""Who asked for a purchase: books of what people, the shop and the mode did, kept beside the bridge.

They follow the events of the machine and never ask the rule that they judge (`bridge.steps.right_to_buy`).
What goes with a database that is lost is not held against the bridge: it cannot know it any more.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime

from bridge.order.model import Address, Mode, PrintItem, PrintOrder, ShopOrder
from bridge.order.policy import PaymentPolicy, Policy
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord, Transition
from bridge.order.states import State, Wait

SHOP = "acme"
APPROVES = frozenset({"approved", "print_again"})
"""Notes of the decisions that ask for the very contents that the person saw."""

OF_PAYMENT = frozenset({Wait.PAYMENT, Wait.UNPAID})
OF_COST = frozenset({Problem.LIMIT_ORDER, Problem.ABOVE_DAY_LIMIT, Wait.LIMIT_DAY})
OF_PLACE = frozenset({Problem.MOVED, Problem.LOCATION, Problem.NO_FULFILLMENT_ORDER})


def opened_by(record: OrderRecord) -> str:
    """What a yes to the order as it stands opens: "payment", "limit" or "place", where that is what a person is
    asked; else "all", which is everything but a payment that is missing."""
    asked = record.reason if record.state is State.WAITING else record.problem
    if asked in OF_PAYMENT:
        return "payment"
    return "limit" if asked in OF_COST else "place" if asked in OF_PLACE else "all"


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person asked for, as they saw it, and the mode in which they did."""

    mode: Mode
    items: frozenset[PrintItem]
    address: Address | None
    places: frozenset[str]
    opens: str = "all"

    def is_of(self, request: PrintOrder) -> bool:
        same = self.items == frozenset(request.items) and self.address == request.address
        return same and self.mode is Mode.LIVE


@dataclass(slots=True)
class Remembered:
    """What the database knows, and is gone with it."""

    mode: Mode | None = None
    change: tuple[datetime, Mode] | None = None  # when the mode last changed, and the one before
    first_seen: dict[str, tuple[Mode, datetime]] = field(default_factory=dict)
    let_go_in: dict[str, Mode] = field(default_factory=dict)  # by order: the mode of the last such decision
    placed_as_test: set[str] = field(default_factory=set)
    places: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)  # of (order, line), at first


class Asked:
    """Told of all that happens; says of a purchase why nobody asked for it."""

    def __init__(self) -> None:
        self.started: dict[Mode, datetime] = {}  # as the shop keeps it: since when the bridge works for it
        self.approvals: dict[str, list[Approval]] = {}
        self.now = Remembered()
        self._copy = Remembered()

    # --- what happens ------------------------------------------------------------------------------------

    def backed_up(self) -> None:
        self._copy = copy.deepcopy(self.now)

    def restored(self) -> None:
        self.now = copy.deepcopy(self._copy)

    def lost(self) -> None:
        self.now = Remembered()

    def works_in(self, mode: Mode, moment: datetime) -> None:
        """A process starts in this mode, or takes it up."""
        before = self.now.mode
        if before is not mode:
            self.now.mode = mode
            self.now.change = (moment.replace(microsecond=0), before) if before else None

    def knows(self, name: str, record: OrderRecord) -> None:
        """The order is on record, in the mode that is in force."""
        assert self.now.mode is not None
        self.now.first_seen.setdefault(name, (self.now.mode, record.first_seen_at))
        if record.reference and record.mode is Mode.TEST:
            self.now.placed_as_test.add(name)

    def judged(self, name: str, change: Transition) -> None:
        """A step wrote down what of the order is printed, and so where it is sent from."""
        order, items = change.values.get("snapshot"), change.values.get("items")
        if isinstance(order, ShopOrder) and isinstance(items, tuple):
            for item in items:
                self.now.places.setdefault((name, item.line_item_id), _places(order, item.line_item_id))

    def decided(self, name: str, record: OrderRecord, change: Transition) -> None:
        """A person decided on the order as the record shows it."""
        mode, order = self.now.mode, record.snapshot
        assert mode is not None
        kinds = {note.kind for note in change.notes}
        if change.target in {State.WAITING, State.RECEIVED} and not change.values.get("held_at"):
            self.now.let_go_in[name] = mode
        if "reopened" in kinds:
            self.approvals.pop(name, None)
        if order is not None and kinds & APPROVES:
            places = frozenset[str]().union(*(_places(order, item.line_item_id) for item in record.items))
            approval = Approval(mode, frozenset(record.items), order.address, places, opened_by(record))
            self.approvals.setdefault(name, []).append(approval)

    # --- what is asked -----------------------------------------------------------------------------------

    def unasked(
        self, request: PrintOrder, order: ShopOrder, policy: Policy, unit_price: int, now: datetime
    ) -> str | None:
        """Why nobody asked for this purchase; None = somebody did. `order` is as the bridge last saw it."""
        name = order.name
        moved = self._moved(request, order)
        if moved:
            return f"{name} is sent from {moved}, and nobody asked for that"
        opened = {one.opens for one in self.approvals.get(name, ()) if one.is_of(request)}
        if not _is_paid(order, policy, now) and "payment" not in opened:
            return f"{name} is {order.financial_status}, and nobody approved to buy what is not paid"
        if "all" in opened:
            return None
        why = self._of_another_time(order, policy, now) or _by_rule(request, policy, unit_price, opened)
        approved = " with other contents, or in another mode" if self.approvals.get(name) else ""
        return f"{name} was bought at {now}: {why}; nobody approved it{approved}" if why else None

    def _of_another_time(self, order: ShopOrder, policy: Policy, now: datetime) -> str | None:
        start = policy.since.get(SHOP) or self.started[Mode.LIVE]
        if order.created_at < start:
            return f"it was made at {order.created_at}, before the shop went live at {start}"
        mode, first_seen_at = self.now.first_seen.get(order.name, (Mode.LIVE, now))
        if mode is not Mode.LIVE:
            return f"it was first seen in {mode} mode"
        if self.now.let_go_in.get(order.name, Mode.LIVE) is not Mode.LIVE:
            return "it was last let go on in a rehearsal"
        if order.name in self.now.placed_as_test:
            return "it was placed as a test"
        if self.now.change:
            moment, before = self.now.change
            if before is not Mode.LIVE and order.created_at < moment <= first_seen_at:
                return f"it was made in {before} mode and found afterwards"
        return None

    def _moved(self, request: PrintOrder, order: ShopOrder) -> str | None:
        approved = frozenset[str]().union(*(one.places for one in self.approvals.get(order.name, ())))
        for item in request.items:
            first = self.now.places.get((order.name, item.line_item_id))
            elsewhere = _places(order, item.line_item_id) - (first or frozenset()) - approved
            if first and elsewhere:
                return ", ".join(sorted(elsewhere))
        return None


def _places(order: ShopOrder, line: str) -> frozenset[str]:
    """From where this line, as far as it is not fulfilled, is sent."""
    return frozenset(
        unit.location_id
        for unit in order.fulfillment_orders
        if unit.location_id and any(row.remaining and row.line_item_id == line for row in unit.lines)
    )


def _is_paid(order: ShopOrder, policy: Policy, now: datetime) -> bool:
    """Whether the money is there, or near enough for this merchant."""
    if order.fully_paid:
        return True
    setting, until = policy.payment.get(SHOP, PaymentPolicy()), order.authorized_until
    enough = setting.rule == "authorized" and order.financial_status == "AUTHORIZED"
    return enough and until is not None and until > now + setting.ships_within


def _by_rule(request: PrintOrder, policy: Policy, unit_price: int, opened: set[str]) -> str | None:
    if policy.approval.manual:
        return "a person approves every order"
    cost = unit_price * sum(item.quantity for item in request.items)
    if policy.per_order and cost > policy.per_order.amount and "limit" not in opened:
        return f"it cost {cost}, above the limit of an order"
    return None
