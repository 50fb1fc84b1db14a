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
    discard_progress,
)
from bridge.mapping_review.variants import (
    Mapped,
    Row,
    ShopCatalog,
    add_prices,
    build_review_rows,
    collect_designs,
    find_unused_rules,
)
from bridge.order.line_overrides import LineRule
from bridge.order.model import Design


@dataclass(frozen=True, slots=True)
class MappingReview:
    """`asked_at` is the oldest answer of Sculpteo that a cost rests on; None = it was not asked."""

    stocks: tuple[ShopCatalog, ...]
    rows: tuple[Row, ...]
    dead: tuple[Finding, ...]
    at: datetime
    asked_at: datetime | None = None

    @property
    def findings(self) -> list[Finding]:
        return [*(finding for row in self.rows for finding in row.findings), *self.dead]

    @property
    def incomparable_currencies(self) -> tuple[str, ...]:
        """Currencies of prices that no cost can be compared with."""
        found = {
            row.price.currency for row in self.rows if row.cost and row.cost.currency != row.price.currency
        }
        return tuple(sorted(found))


def build_review(
    stocks: Sequence[ShopCatalog],
    mapping: Mapped,
    now: datetime,
    *,
    decisions: Iterable[LineRule] = (),
    all_shops: bool = True,
) -> MappingReview:
    """What can be said without asking Sculpteo. `decisions` are as `build_review_rows` takes them; `all_shops` = the stocks
    are those of every shop. Pure."""
    rows = build_review_rows(stocks, mapping, decisions)
    unused = find_unused_rules(rows, [stock.shop for stock in stocks], mapping, all_shops=all_shops)
    return MappingReview(tuple(stocks), tuple(rows), tuple(unused), now)


async def with_prices(
    look: MappingReview, prices: Prices, *, fresh: bool = False, on_progress: Progress = discard_progress
) -> MappingReview:
    """The look with costs and margins. Raises nothing for what Sculpteo does: what it does not answer is a
    finding of the variants that need it."""
    offered = await prices.fetch_material_ids()
    wanted = collect_designs(look.rows, offered)
    answers = await prices.fetch_prices(wanted, fresh=fresh, on_progress=on_progress)
    return add_costs(look, answers, offered)


def add_costs(
    look: MappingReview, answers: Mapping[Design, Priced | None], offered: Collection[str] | None
) -> MappingReview:
    """The look with costs and margins from Sculpteo's answers; designs that are not among them were not asked
    for yet. Pure."""
    rows = add_prices(look.rows, answers, offered)
    used = {design for row in rows for design in row.designs if row.on_sale}
    times = [answer.at for design, answer in answers.items() if answer and design in used]
    return replace(look, rows=tuple(rows), asked_at=min(times, default=None))
