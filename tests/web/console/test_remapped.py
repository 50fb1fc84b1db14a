"""An order's page after the mapping changed, before and after the order was looked at anew."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pytest

from bridge.order.model import PrintItem
from bridge.order.records import OrderRecord, TimelineEntry, Transition
from bridge.order.states import State, Wait
from tests.support.order_factories import RING, line, unit
from tests.web.console.conftest import Site
from tests.web.console.test_orders import decide, now_is, otto, put

__all__ = ["otto"]

EARLIER = "earlier-version+decisions"


async def waiting(
    site: Site, version: str, *notes: TimelineEntry, uuid: str = "OldRing1", sku: str = "RING-S"
) -> OrderRecord:
    """An order of two rings that was matched by this version of the mapping."""
    ring = line(1, sku, 2)
    items = (PrintItem(replace(RING, uuid=uuid), 2, ring.id, 2, "RING-S"),)
    values = {"items": items, "mapping_version": version}
    change = Transition(State.WAITING, None, reason=Wait.APPROVAL, values=values, notes=notes)
    return await put(site, 1001, change, lines=(ring,), fulfillment_orders=(unit(1, ring),))


async def page_of(site: Site, order: OrderRecord) -> str:
    return unescape((await site.get(f"/orders/{order.key}"))[1])


async def test_a_changed_mapping_is_told_before_the_order_was_looked_at_anew(otto: Site) -> None:
    page = await page_of(otto, await waiting(otto, EARLIER))
    assert (
        "The mapping changed, and the order is looked at anew. So far: 2 x OldRing1 in silver, scale 0.87 (cm). "
        "From now on: 2 x QfGQC4YQ in silver, scale 0.87 (cm)."
    ) in page


async def test_a_product_that_is_not_mapped_any_more_is_told_in_the_words_of_plan(otto: Site) -> None:
    page = await page_of(otto, await waiting(otto, EARLIER, sku="GONE"))
    assert "From now on: No design is mapped to “GONE”." in page


@pytest.mark.parametrize("decisions", ["", "+decisions"])
async def test_what_was_looked_at_by_the_mapping_in_force_is_told_no_more(otto: Site, decisions: str) -> None:
    order = await waiting(otto, otto.loaded.catalog.version + decisions)
    assert "The mapping changed" not in await page_of(otto, order)


async def test_the_page_of_an_order_that_waits_says_how_the_mapping_changed_it(otto: Site) -> None:
    note = TimelineEntry("remapped", {"before": "OldRing1", "after": "QfGQC4YQ"})
    order = await waiting(otto, otto.loaded.catalog.version, note)
    found = (await page_of(otto, order)).partition('id="remapped">')[2]
    told = "The mapping changed. So far it was to be printed as OldRing1; now as QfGQC4YQ."
    assert found.startswith(told)


async def test_nothing_is_approved_on_prints_that_would_not_be_bought(otto: Site) -> None:
    order = await waiting(otto, EARLIER)
    said = await decide(otto, "approve", "Approve", order.key)
    assert "The mapping of #1001 changed" in said
    assert (await now_is(otto, order.key)).approved_at is None
