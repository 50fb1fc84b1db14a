"""Which value of an option a line was sold with. Pure.

Shopify keeps `LineItem.variantTitle` with the order: the option values at the time of the sale, joined by
" / ". `LineItem.variant` is the live variant, which may have been edited since, or be gone. So the title
decides as far as it is unambiguous; where it is not, nothing is guessed and a person is asked.

https://shopify.dev/docs/api/admin-graphql/latest/objects/LineItem
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import TypeVar

from bridge.order.matching import Unmapped
from bridge.order.model import LineItem
from bridge.order.spelling import fold_case as same

V = TypeVar("V")

JOIN = " / "
PLAIN = "Default Title"  # what Shopify calls the only variant of a product without options
MOST_OPTIONS = 5  # Shopify has three; of more, no reordering is tried


IsOthers = Callable[[str], bool]
"""Whether a text is known to be a value of another option."""


def no_others(text: str) -> bool:
    """Where no other option is known."""
    return False


def resolve_sold_value(
    line: LineItem, option: str, value_of: Callable[[str], V | None], is_others: IsOthers = no_others
) -> V | Unmapped:
    """What `value_of` says of the value of `option` that the line was sold with, or why that is not known.

    `value_of` maps an option value to the configured one, or to None; `is_others` knows the values of the
    product's other options. Where the title has a word that neither explains, that word may be the value of the
    option, and a mapped word beside it another option's: a person is asked. A custom attribute of the line stands
    for the option where the product has no option of that name.
    """
    live = _find_value(line.options, option)
    typed = _find_value(line.attributes, option)
    if _has_no_title(line):
        return _map_value(option, live if live is not None else typed, value_of)
    title = "" if _is_plain(line.variant_title) else (line.variant_title or "").strip()
    values = [value for _, value in line.options if not _is_plain(value)]
    if same(title) == same(JOIN.join(values)):  # the variant is still what was sold
        return _map_value(option, live if live is not None else typed, value_of)
    if not title:  # sold while the product had no options: none can have been chosen
        return (
            _map_value(option, typed, value_of)
            if typed is not None or live is None
            else _build_unclear(line, option)
        )
    if live is None:
        return _resolve_by_title(line, option, title, typed, value_of, is_others)
    return _resolve_by_both(line, option, title, live, value_of, is_others)


def _has_no_title(line: LineItem) -> bool:
    """Whether no title is kept with the line, as with lines that are made of a variant of the catalogue."""
    return line.variant_title is None


def _is_plain(text: str | None) -> bool:
    return not text or same(text) in {"", same(PLAIN)}


def _find_value(pairs: tuple[tuple[str, str], ...], name: str) -> str | None:
    return next((value for own, value in pairs if same(own) == same(name)), None)


def _map_value(option: str, value: str | None, value_of: Callable[[str], V | None]) -> V | Unmapped:
    if value is None:
        return Unmapped(option=option)
    found = value_of(value)
    return Unmapped(option=option, value=value) if found is None else found


def _build_unclear(line: LineItem, option: str) -> Unmapped:
    """The line's word is not clear: what it was sold as, and what the live variant is now, for a person."""
    now = JOIN.join(value for _, value in line.options)
    return Unmapped(option=option, sold=line.variant_title or "", live=now)


def _resolve_by_title(
    line: LineItem,
    option: str,
    title: str,
    typed: str | None,
    value_of: Callable[[str], V | None],
    is_others: IsOthers,
) -> V | Unmapped:
    """The variant is gone, or has no option of this name any more: the title counts where all that it holds
    of known values means one and the same, and no other word of it can be the value."""
    found = _list_meanings(_list_candidates(title), value_of)
    if typed is not None:
        meant = value_of(typed)
        if not found or (meant is not None and found == [meant]):
            return _map_value(option, typed, value_of)
        return _build_unclear(line, option)
    now = {same(value) for _, value in line.options}
    if len(found) != 1 or not _is_clear(title, value_of, lambda text: is_others(text) or same(text) in now):
        return _build_unclear(line, option)
    return found[0]


def _is_clear(title: str, value_of: Callable[[str], V | None], is_others: IsOthers) -> bool:
    """Whether a word of the title can be taken for the option's value, so that every other word is another
    option's, or means the same."""
    pieces = title.split(JOIN)
    count = len(pieces)
    ours, others = set(), set()
    for i in range(count):
        for j in range(i + 1, count + 1):
            text = JOIN.join(pieces[i:j])
            if value_of(text) is not None:
                ours.add((i, j))
            if is_others(text):
                others.add((i, j))
    before = _compute_reachable_places(0, count, ours | others)
    behind = {
        count - at
        for at in _compute_reachable_places(0, count, {(count - j, count - i) for i, j in ours | others})
    }
    readings = [(i, j) for i, j in ours if i in before and j in behind]
    twice = any(j <= k for _, j in readings for k, _ in readings)
    return bool(readings) and (twice or any(one not in others for one in readings))


def _compute_reachable_places(start: int, end: int, spans: set[tuple[int, int]]) -> set[int]:
    """The places that can be come to from `start` by going along these spans."""
    reached = {start}
    for at in range(start, end):
        if at in reached:
            reached |= {j for i, j in spans if i == at}
    return reached


def _resolve_by_both(
    line: LineItem,
    option: str,
    title: str,
    live: str,
    value_of: Callable[[str], V | None],
    is_others: IsOthers,
) -> V | Unmapped:
    """The live variant has such an option, but is otherwise than what was sold."""
    names = [same(name) for name, _ in line.options]
    values = [value for _, value in line.options]
    place = names.index(same(option))
    edited = _list_single_edits(title, values)
    if edited:  # all other options stand where they stood, so this one does, too
        meant = {same(value if at == place else live): value if at == place else live for at, value in edited}
        if len(meant) == 1:
            return _map_value(option, next(iter(meant.values())), value_of)
        return _build_unclear(line, option)
    if _is_reordered(title, values):
        found = _list_meanings(values, value_of)
        clear = len(found) == 1 and value_of(live) == found[0] and _is_clear(title, value_of, is_others)
        return found[0] if clear else _build_unclear(line, option)
    pieces = title.split(JOIN)
    found = _list_meanings(_list_candidates(title), value_of)
    if len(pieces) < len(values):
        elsewhere = {same(value) for at, value in enumerate(values) if at != place}
        clear = _is_clear(title, value_of, lambda text: is_others(text) or same(text) in elsewhere)
        return found[0] if len(found) == 1 and clear else _build_unclear(line, option)
    unmoved = {
        same(value) for at, value in enumerate(values) if at != place and _has_value_at(pieces, at, value)
    }
    clear = _is_clear(title, value_of, lambda text: is_others(text) or same(text) in unmoved)
    at_place = _list_meanings(_list_candidates_at(title, place, len(values)), value_of)
    return found[0] if len(found) == 1 and found == at_place and clear else _build_unclear(line, option)


def _has_value_at(pieces: list[str], at: int, value: str) -> bool:
    return at < len(pieces) and same(pieces[at]) == same(value)


def _list_single_edits(title: str, values: list[str]) -> list[tuple[int, str]]:
    """The places at which a single other value makes the live values the title, each with that value."""
    found = []
    for place in range(len(values)):
        before = "".join(value + JOIN for value in values[:place])
        after = "".join(JOIN + value for value in values[place + 1 :])
        middle = title[len(before) : len(title) - len(after)]
        if (
            same(before + middle + after) == same(title)
            and middle.strip()
            and _has_prefix_and_suffix(title, before, after)
        ):
            found.append((place, middle.strip()))
    return found


def _has_prefix_and_suffix(title: str, before: str, after: str) -> bool:
    text = title.casefold()
    return (
        len(before) + len(after) < len(title)
        and text.startswith(before.casefold())
        and text.endswith(after.casefold())
    )


def _is_reordered(title: str, values: list[str]) -> bool:
    if len(values) > MOST_OPTIONS:
        return False
    return any(same(JOIN.join(order)) == same(title) for order in permutations(values))


def _list_candidates(title: str) -> list[str]:
    """Everything in the title that can be a value: a value may hold " / " itself."""
    pieces = title.split(JOIN)
    count = len(pieces)
    return [JOIN.join(pieces[i:j]) for i in range(count) for j in range(i + 1, count + 1)]


def _list_candidates_at(title: str, place: int, count: int) -> list[str]:
    """What can stand at this place where the title holds `count` values."""
    pieces = title.split(JOIN)
    starts = [0] if place == 0 else range(place, len(pieces))
    after = count - place - 1
    return [
        JOIN.join(pieces[i:j])
        for i in starts
        for j in ([len(pieces)] if after == 0 else range(i + 1, len(pieces) - after + 1))
        if j > i
    ]


def _list_meanings(texts: list[str], value_of: Callable[[str], V | None]) -> list[V]:
    """What the texts mean, each meaning once."""
    found: list[V] = []
    for text in texts:
        meant = value_of(text)
        if meant is not None and meant not in found:
            found.append(meant)
    return found
