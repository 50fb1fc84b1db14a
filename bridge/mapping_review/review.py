"""The whole look: the shops' catalogues, the mapping, Sculpteo's prices, put together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.mapping_review.findings import Finding
from bridge.mapping_review.prices import (
    Priced,
    Prices,
    Progress,
    silent,
)
from bridge.mapping_review.variants import (
    Mapped,
    Row,
    Stock,
    asked_for,
    dead,
    lay,
    priced,
)
from bridge.order.line_overrides import LineRule
from bridge.order.model import Design


@dataclass(frozen=True, slots=True)
class Look:
    """`asked_at` is the oldest answer of Sculpteo that a cost rests on; None = it was not asked."""

    stocks: tuple[Stock, ...]
    rows: tuple[Row, ...]
    dead: tuple[Finding, ...]
    at: datetime
    asked_at: datetime | None = None

    @property
    def findings(self) -> list[Finding]:
        return [*(finding for row in self.rows for finding in row.findings), *self.dead]

    @property
    def incomparable(self) -> tuple[str, ...]:
        """Currencies of prices that no cost can be compared with."""
        found = {
            row.price.currency for row in self.rows if row.cost and row.cost.currency != row.price.currency
        }
        return tuple(sorted(found))


def looked(
    stocks: Sequence[Stock],
    mapping: Mapped,
    now: datetime,
    *,
    decisions: Iterable[LineRule] = (),
    all_shops: bool = True,
) -> Look:
    """What can be said without asking Sculpteo. `decisions` are as `lay` takes them; `all_shops` = the stocks
    are those of every shop. Pure."""
    rows = lay(stocks, mapping, decisions)
    unused = dead(rows, [stock.shop for stock in stocks], mapping, all_shops=all_shops)
    return Look(tuple(stocks), tuple(rows), tuple(unused), now)


async def with_prices(
    look: Look, prices: Prices, *, fresh: bool = False, on_progress: Progress = silent
) -> Look:
    """The look with costs and margins. Raises nothing for what Sculpteo does: what it does not answer is a
    finding of the variants that need it."""
    offered = await prices.offered()
    wanted = asked_for(look.rows, offered)
    answers = await prices.of(wanted, fresh=fresh, on_progress=on_progress)
    return costed(look, answers, offered)


def costed(look: Look, answers: Mapping[Design, Priced | None], offered: Collection[str] | None) -> Look:
    """The look with costs and margins from Sculpteo's answers; designs that are not among them were not asked
    for yet. Pure."""
    rows = priced(look.rows, answers, offered)
    used = {design for row in rows for design in row.designs if row.on_sale}
    times = [answer.at for design, answer in answers.items() if answer and design in used]
    return replace(look, rows=tuple(rows), asked_at=min(times, default=None))
