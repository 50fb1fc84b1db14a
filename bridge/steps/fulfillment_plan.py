"""Which one write brings Sculpteo's parcels to the shop next. Pure.

Each decision is made on the order as it was read just before, and on nothing else but what the bridge knows to be
its own, so that a process may die between any two writes: what is in the shop already is seen there.

A parcel whose contents are known fulfills its own lines, at each of their locations, and never another line. One
of unknown contents is given one unit while more parcels are to come, and all that is left once Sculpteo says that
the order has shipped: the shop never claims that more is on its way than is known. A number beyond that joins a
fulfillment that the bridge made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.order.model import Fulfillment, FulfillmentLines, Parcel, PrintItem, ShopOrder
from bridge.steps.allocation import (
    Allocation,
    Printed,
    Units,
    allocate_units,
    collect_live_fulfillments,
    count_units_by_line,
)

MOST_LINES = 250
"""So many lines one call takes: https://shopify.dev/docs/api/usage/limits (input arrays)."""

FULFILLED_BY_OTHERS = "what it holds is fulfilled already, and the bridge has no record of doing that"
NUMBER_ELSEWHERE = "it is the new number of parcel {old}, whose fulfillment the bridge did not make"


@dataclass(frozen=True, slots=True)
class Create:
    """Tell the shop of a new shipment. `news` = the customer has not been told of these parcels yet; `whole` are
    the parcels' numbers of which nothing is left to tell after it. `awaits_number` = no parcel that it may be in is
    known, so a number that comes later belongs on it."""

    parcels: tuple[Parcel, ...]
    lines: tuple[FulfillmentLines, ...]
    news: bool = True
    whole: tuple[str, ...] = ()
    awaits_number: bool = False


@dataclass(frozen=True, slots=True)
class Extend:
    """Add numbers to a fulfillment that the bridge made."""

    parcels: tuple[Parcel, ...]
    fulfillment: Fulfillment
    news: bool = True
    whole: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """Shopify holds back what is to be fulfilled; nothing can be written until it lets go."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Impossible:
    """The shop has no place for these parcels."""

    parcels: tuple[Parcel, ...]
    why: str = FULFILLED_BY_OTHERS


Write = Create | Extend | Held | Impossible


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the next write depends on. `pending` are the numbers of parcels that are not known to be in the shop,
    `bare` the ids of the bridge's own fulfillments that wait for a number.

    `shipped` = Sculpteo says that all has left; `overdue` = and it has said so for as long as the merchant wants to
    wait for a number.
    """

    order: ShopOrder
    printed: Printed
    parcels: tuple[Parcel, ...] = ()
    pending: frozenset[str] = frozenset()
    bare: frozenset[str] = frozenset()
    shipped: bool = False
    overdue: bool = False

    @property
    def allocation(self) -> Allocation:
        return allocate_units(self.order, self.printed)


def collect_known_numbers(order: ShopOrder) -> dict[str, str]:
    """Every tracking number that is on the order's live fulfillments, and the fulfillment it is on."""
    return {
        tracking.number: fulfillment.id
        for fulfillment in collect_live_fulfillments(order)
        for tracking in fulfillment.tracking
        if tracking.number
    }


def is_over(now: Situation) -> bool:
    """Whether all that Sculpteo printed has left, and the shop knows of it."""
    if not now.shipped or now.pending or not (now.parcels or now.overdue):
        return False
    found = now.allocation
    return not found.open and not found.held


def collect_brought_numbers(now: Situation) -> tuple[str, ...]:
    """The pending numbers of which nothing is left to tell the shop."""
    plan = _Plan(now)
    return tuple(parcel.number for parcel in plan.pending if plan.is_brought(parcel))


def next_write(now: Situation) -> Write | None:
    """The one next write. None = there is nothing to tell the shop for now."""
    return _Plan(now).find_next_write()


class _Plan:
    """A situation, with what follows from it."""

    def __init__(self, now: Situation) -> None:
        self.now = now
        self.found = now.allocation
        self.numbers = collect_known_numbers(now.order)
        self.contents = compute_contents(now.parcels, now.printed.items)
        self.pending = [parcel for parcel in now.parcels if parcel.number in now.pending]
        self.unknown = [parcel for parcel in now.parcels if parcel.number not in self.contents]

    def find_next_write(self) -> Write | None:
        held = False
        for parcel in self.pending:
            if self._is_relabelled(parcel):
                write = self._find_relabel_write(parcel)
            elif parcel.number in self.contents:
                write = self._find_contents_write(parcel)
            else:
                continue
            if isinstance(write, Held):
                held = True
            elif write is not None:
                return write
        write = self._find_unknown_write() or self._find_number_write() or self._find_rest_write()
        if write is not None:
            return write
        return Held(self.found.holds) if held or (self.now.shipped and self.found.held) else None

    def is_brought(self, parcel: Parcel) -> bool:
        if parcel.number not in self.numbers:
            return False
        if parcel.number not in self.contents:
            return True
        rest = self._count_rest(parcel)
        left = count_units_by_line((*self.found.open, *self.found.held))
        return not any(left.get(line) for line in rest) and not self._collect_fitting_bare(parcel)

    # -- a parcel whose contents are known --

    def _count_rest(self, parcel: Parcel) -> dict[str, int]:
        """By line: what of the parcel is in no fulfillment with its number yet."""
        there: dict[str, int] = {}
        for one in collect_live_fulfillments(self.now.order):
            if any(tracking.number == parcel.number for tracking in one.tracking):
                if not one.lines:
                    return {}  # the shop does not say what is in it: it may be all of it
                for line, quantity in one.lines:
                    there[line] = there.get(line, 0) + quantity
        wanted = self.contents[parcel.number]
        rest = {line: quantity - there.get(line, 0) for line, quantity in wanted.items()}
        return {line: quantity for line, quantity in rest.items() if quantity > 0}

    def _find_contents_write(self, parcel: Parcel) -> Write | None:
        rest = self._count_rest(parcel)
        units = _take_wanted_units(self.found.open, rest)
        news = parcel.number not in self.numbers
        if units:
            now = _select_one_call(units)
            left = count_units_by_line((*self.found.open, *self.found.held))
            told = count_units_by_line(now)
            more = any(
                min(quantity, left.get(line, 0)) > told.get(line, 0) for line, quantity in rest.items()
            )
            return Create((parcel,), _group_lines(now), news, () if more else (parcel.number,))
        if _take_wanted_units(self.found.held, rest):
            return Held(self.found.holds)
        bare = self._collect_fitting_bare(parcel)
        if bare:
            return Extend((parcel,), bare[0], news, (parcel.number,) if len(bare) == 1 else ())
        if not news:
            return None
        fitting = [one for one in self.found.own if self._has_parcel_lines(one, parcel)]
        if not fitting:
            return Impossible((parcel,))
        return Extend((parcel,), _select_by_carrier(fitting, parcel), news, (parcel.number,))

    def _collect_fitting_bare(self, parcel: Parcel) -> list[Fulfillment]:
        return [one for one in self._collect_bare() if self._has_parcel_lines(one, parcel)]

    def _has_parcel_lines(self, one: Fulfillment, parcel: Parcel) -> bool:
        lines = {line for line, _ in one.lines}
        return not lines or not lines.isdisjoint(self.contents[parcel.number])

    # -- parcels of unknown contents --

    def _find_unknown_write(self) -> Write | None:
        waiting = [
            parcel
            for parcel in self.pending
            if parcel in self.unknown
            and parcel.number not in self.numbers
            and not self._is_relabelled(parcel)
        ]
        if not waiting:
            return None
        batch = tuple(one for one in waiting if one.carrier == waiting[0].carrier)
        whole = tuple(parcel.number for parcel in batch)
        if self.found.open:
            others = len({parcel.carrier for parcel in waiting}) - 1
            total = sum(one.quantity for one in (*self.found.open, *self.found.held))
            most = max(total - others, 1) if self.now.shipped else 1
            units = _select_one_call(_take_first_units(self.found.open, most))
            return Create(batch, _group_lines(units), True, whole)
        if self.found.held:
            return Held(self.found.holds)
        own = self._collect_bare() or list(self.found.own)
        return Extend(batch, _select_by_carrier(own, batch[0]), True, whole) if own else Impossible(batch)

    def _find_number_write(self) -> Write | None:
        """A fulfillment that the bridge made without a number gets those of parcels that it may be in."""
        bare, batch = self._collect_bare(), self._find_last_batch()
        return Extend(batch, bare[0], False) if bare and batch else None

    def _find_rest_write(self) -> Write | None:
        """All has shipped, and each number is in the shop: what is left is in these parcels too, or in none that
        Sculpteo tells of."""
        if not self.now.shipped or not self.found.open or self.now.pending - self.numbers.keys():
            return None
        units = _select_one_call(self.found.open)
        batch = self._find_last_batch()
        if batch:
            goes_on = self._is_further_part(batch, units[0].location)
            return Create(batch if goes_on else (), _group_lines(units), False)
        told = bool(self.now.bare)
        return Create((), _group_lines(units), not told, awaits_number=True) if self.now.overdue else None

    def _is_further_part(self, batch: Sequence[Parcel], location: str | None) -> bool:
        """Whether what is left is a further part of these parcels, which the shop takes in several fulfillments: at
        another location, or beyond the lines of one call. Else the parcels were given less than they hold."""
        numbers = {parcel.number for parcel in batch}
        theirs = [
            one
            for one in collect_live_fulfillments(self.now.order)
            if any(tracking.number in numbers for tracking in one.tracking)
        ]
        if any(len(one.lines) >= MOST_LINES for one in theirs):
            return True
        places = {one.location_id for one in theirs}
        if None in places:  # the app may not read where they were sent from
            return len({unit.location_id for unit in self.now.order.fulfillment_orders}) > 1
        return location not in places

    def _find_last_batch(self) -> tuple[Parcel, ...]:
        """The parcels of unknown contents that are in the shop, as far as the last one's carrier has them."""
        there = [parcel for parcel in self.unknown if parcel.number in self.numbers]
        return tuple(one for one in there if one.carrier == there[-1].carrier)

    def _collect_bare(self) -> list[Fulfillment]:
        return [
            one
            for one in self.found.own
            if one.id in self.now.bare and not any(tracking.number for tracking in one.tracking)
        ]

    # -- a parcel with a new number --

    def _is_relabelled(self, parcel: Parcel) -> bool:
        """Whether the parcel's former number is in the shop, or is about to be."""
        return parcel.replaces is not None and (
            parcel.replaces in self.numbers or parcel.replaces in self.now.pending
        )

    def _find_relabel_write(self, parcel: Parcel) -> Write | None:
        """It joins its former number, and nothing more counts as shipped."""
        if parcel.number in self.numbers or parcel.replaces not in self.numbers:
            return None
        own = [
            one
            for one in self.found.own
            if any(tracking.number == parcel.replaces for tracking in one.tracking)
        ]
        if not own:
            return Impossible((parcel,), NUMBER_ELSEWHERE.format(old=parcel.replaces))
        return Extend((parcel,), own[-1], True, (parcel.number,))


def compute_contents(parcels: Sequence[Parcel], items: tuple[PrintItem, ...]) -> dict[str, dict[str, int]]:
    """By number, of the parcels whose contents Sculpteo tells: the units of each line that leave with it.

    A unit counts as leaving with the first parcel that holds a part of it. A parcel of designs that were not
    ordered tells nothing. A relabelled parcel has the contents that it had.
    """
    copies: dict[int, int] = {}
    claimed: dict[str, int] = {}
    found: dict[str, dict[str, int]] = {}
    for parcel in parcels:
        if parcel.replaces in found:
            found[parcel.number] = found[parcel.replaces]
            continue
        touched = _count_copies(parcel, items, copies)
        if not touched:
            continue
        lines: dict[str, int] = {}
        for line in touched:
            units = min(_count_begun_units(line, items, copies), _count_printed_units(line, items))
            lines[line] = units - claimed.get(line, 0)
            claimed[line] = units
        found[parcel.number] = lines
    return found


def _count_copies(parcel: Parcel, items: tuple[PrintItem, ...], copies: dict[int, int]) -> list[str]:
    """Add the parcel's copies to those of each item; gives the lines that they are of."""
    touched: dict[str, None] = {}
    for design, count in parcel.contents:
        fitting = [index for index, item in enumerate(items) if item.design.uuid == design]
        for index in fitting:
            room = items[index].quantity - copies.get(index, 0)
            put = count if index == fitting[-1] else min(count, max(room, 0))
            if put > 0:
                copies[index] = copies.get(index, 0) + put
                touched[items[index].line_item_id] = None
            count -= put
    return list(touched)


def _count_begun_units(line: str, items: tuple[PrintItem, ...], copies: Mapping[int, int]) -> int:
    """The units of a line of which at least a part has left."""
    counts = [
        -(-copies.get(index, 0) // max(item.quantity // item.line_quantity, 1))
        for index, item in enumerate(items)
        if item.line_item_id == line
    ]
    return max(counts, default=0)


def _count_printed_units(line: str, items: tuple[PrintItem, ...]) -> int:
    return next(item.line_quantity for item in items if item.line_item_id == line)


def _select_by_carrier(own: Sequence[Fulfillment], parcel: Parcel) -> Fulfillment:
    """One carrier per fulfillment, as far as there is one of this carrier: Shopify knows only one company for all
    numbers."""
    same = [
        one
        for one in own
        if any(tracking.number and tracking.company == parcel.carrier for tracking in one.tracking)
    ]
    return (same or list(own))[-1]


def _take_wanted_units(units: Iterable[Units], wanted: Mapping[str, int]) -> list[Units]:
    """As many units of each line as are wanted."""
    left = dict(wanted)
    taken = []
    for one in units:
        now = min(one.quantity, left.get(one.line_item, 0))
        if now > 0:
            left[one.line_item] -= now
            taken.append(replace(one, quantity=now))
    return taken


def _take_first_units(units: Iterable[Units], most: int) -> list[Units]:
    """The first units, `most` of them."""
    taken: list[Units] = []
    for one in units:
        if most <= 0:
            break
        taken.append(replace(one, quantity=min(one.quantity, most)))
        most -= one.quantity
    return taken


def _select_one_call(units: Sequence[Units]) -> list[Units]:
    """What one fulfillment can hold: of one location only, and no more lines than Shopify takes."""
    return [one for one in units if one.location == units[0].location][:MOST_LINES]


def _group_lines(units: Iterable[Units]) -> tuple[FulfillmentLines, ...]:
    grouped: dict[str, list[tuple[str, int]]] = {}
    for one in units:
        grouped.setdefault(one.fulfillment_order, []).append((one.row, one.quantity))
    return tuple(FulfillmentLines(unit, tuple(lines)) for unit, lines in grouped.items())
