"""What could be read out of one answer of the tracking address. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bridge.order.model import Parcel, PrintStatus
from bridge.sculpteo import status_terms


@dataclass(frozen=True, slots=True)
class Reading:
    """`statuses` are told of the order, `steps` follow from the steps of its production; `unknown` holds words
    in a status's place that are not known.

    `denied` = the answer says that there is no such order. `login` = it is a page to sign in. `heading` is
    the page's own title, for people, when it says nothing else. `mentions` = it shows the order's reference.
    """

    statuses: tuple[PrintStatus, ...] = ()
    said: tuple[str, ...] = ()  # the words of `statuses`, as Sculpteo wrote them
    steps: tuple[PrintStatus, ...] = ()
    labels: tuple[str, ...] = ()  # the words of `steps`
    unknown: tuple[str, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    estimated_delivery: date | None = None
    denied: bool = False
    login: bool = False
    heading: str | None = None
    mentions: bool = False

    @property
    def tells(self) -> bool:
        """Whether it says anything of an order at all."""
        found = self.statuses or self.steps or self.unknown or self.parcels or self.estimated_delivery
        return bool(found)

    @property
    def status(self) -> PrintStatus | None:
        """One status, or None: nothing known, a word not known, or a contradiction."""
        return None if self.unknown else status_terms.least_advanced(self.statuses, self.steps)

    @property
    def words(self) -> str | None:
        """Sculpteo's own words for the status, for people."""
        texts = self.said or self.labels if self.status else (*self.said, *self.labels, *self.unknown)
        return " / ".join(dict.fromkeys(texts))[:200] or None
