"""Whether Sculpteo knows what is to be printed, asked before anything rests on it: when a person maps a line, and
when the configuration is read anew. What Sculpteo does not answer is no objection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

from bridge.mapping_review.findings import (
    Finding,
    FindingKind,
)
from bridge.mapping_review.prices import Prices
from bridge.mapping_review.variants import is_offered
from bridge.order.line_overrides import describe_designs
from bridge.order.model import Design

PATIENCE = 20.0  # seconds for which a person waits for Sculpteo


async def find_unknown_designs(
    prices: Prices, designs: Iterable[Design], *, patience: float | None = PATIENCE
) -> list[Finding]:
    """What Sculpteo does not know of these designs: a material that it does not offer, a design that it gives no
    price for. Nothing, where it does not answer within `patience` seconds (None = however long it takes)."""
    found: list[Finding] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await _check_designs(prices, list(dict.fromkeys(designs)), found)
    return found


async def _check_designs(prices: Prices, designs: list[Design], found: list[Finding]) -> None:
    offered = await prices.fetch_material_ids()
    strange = dict.fromkeys(one.material for one in designs if not is_offered(one.material, offered))
    found += (Finding(FindingKind.MATERIAL, {"material": material}) for material in strange)
    asked = [one for one in designs if is_offered(one.material, offered)]
    for design, answer in (await prices.fetch_prices(asked)).items():
        if answer is not None and answer.total is None:
            facts = {"design": describe_designs((design,)), "why": answer.problem or "it names none"}
            found.append(Finding(FindingKind.DESIGN, facts))
