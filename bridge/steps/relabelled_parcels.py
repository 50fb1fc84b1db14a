"""Parcels that Sculpteo names by another number than before. Pure.

A carrier's label is sometimes replaced: the number that Sculpteo gave is gone from its page, and another one is in
its place. That is the same parcel, so nothing more has left; the customer needs the new number all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.order.model import Parcel


def with_former_numbers(known: Sequence[Parcel], told: Sequence[Parcel]) -> tuple[Parcel, ...]:
    """The parcels that Sculpteo tells of now, those that are new each with the number that it replaces.

    A number replaces one that is not told of any more, of the same carrier, and of the same contents as far as
    both are known. Where several fit, they are taken in their order.
    """
    numbers = {parcel.number for parcel in told}
    replaced = {parcel.replaces for parcel in known}
    gone = [parcel for parcel in known if parcel.number not in numbers | replaced]
    before = {parcel.number for parcel in known}
    found = []
    for parcel in told:
        former = None
        if parcel.number not in before:
            former = next((one for one in gone if _is_same_parcel(one, parcel)), None)
        if former is not None:
            gone.remove(former)
            parcel = replace(parcel, replaces=former.number)
        found.append(parcel)
    return tuple(found)


def _is_same_parcel(former: Parcel, now: Parcel) -> bool:
    alike = not former.contents or not now.contents or sorted(former.contents) == sorted(now.contents)
    return former.carrier == now.carrier and alike
