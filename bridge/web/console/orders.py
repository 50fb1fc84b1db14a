"""Orders: the list, with search and filters, as quick with a million orders as with ten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from bridge.i18n.formatter import mark
from bridge.order.records import OrderRecord
from bridge.order.states import State, Wait
from bridge.web.console.audit_log import before_of
from bridge.web.console.request_context import (
    Visit,
    page,
)
from bridge.web.console.summaries import Summary, summaries

ROWS = 50
LONGEST_SEARCH = 100  # characters

REASONS: dict[Wait, str] = {
    Wait.PAYMENT: mark("for payment"),
    Wait.UNPAID: mark("for approval before it is paid"),
    Wait.WINDOW: mark("in the approval window"),
    Wait.APPROVAL: mark("for approval"),
    Wait.HELD: mark("on hold here"),
    Wait.SHOP_HOLD: mark("on hold in Shopify"),
    Wait.RISK: mark("for a fraud review"),
    Wait.UNRATED: mark("for Shopify's fraud analysis"),
    Wait.ROUTING: mark("for Shopify's routing"),
    Wait.SCHEDULED: mark("scheduled in Shopify"),
    Wait.PAUSED: mark("since placing is paused"),
    Wait.PREVIEW: mark("in preview"),
    Wait.BEFORE_GO_LIVE: mark("from before going live"),
    Wait.WAS_TEST: mark("ordered as a test only"),
    Wait.OTHER_MODE: mark("from a rehearsal"),
    Wait.UPSTREAM: mark("for Shopify or Sculpteo to answer"),
    Wait.LIMIT_DAY: mark("for the limit of the day"),
    Wait.BOUGHT_ALREADY: mark("since Sculpteo has it already"),
    Wait.TEST_BILLED: mark("since a test order may be billed"),
}

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the list asks for."""

    text: str
    states: tuple[State, ...]
    reason: Wait | None
    shop: str | None
    before: int | None

    @property
    def filtered(self) -> bool:
        return bool(self.text or self.states or self.shop)

    def address(self, before: int | None = None, path: str = "/orders") -> str:
        """The list with the same search and filters, from below `before`."""
        asked = [("q", self.text)] if self.text else []
        asked += (
            [("state", f"waiting:{self.reason}")] if self.reason else [("state", one) for one in self.states]
        )
        asked += [("shop", self.shop)] if self.shop else []
        asked += [("before", str(before))] if before else []
        return f"{path}?{urlencode(asked)}" if asked else path

    def fits(self, record: OrderRecord) -> bool:
        return (
            (not self.states or record.state in self.states)
            and (self.reason is None or record.reason == self.reason)
            and (self.shop is None or record.shop == self.shop)
        )


@routes.get("/orders")
@page()
async def orders(visit: Visit) -> web.StreamResponse:
    wanted = wanted_of(visit)
    found = await found_orders(
        visit, wanted, ROWS + 1
    )  # one more, so that it is known whether there are more
    rows = await rows_of(visit, [record.key for record in found[:ROWS]])
    older = wanted.address(found[ROWS - 1].key) if len(found) > ROWS else None
    return await visit.show(
        "orders.html",
        rows=rows,
        older=older,
        wanted=wanted,
        here=wanted.address(wanted.before),
        reasons=REASONS,
        shops=sorted(visit.settings.shops),
    )


def wanted_of(visit: Visit) -> Wanted:
    """Raises 400 for a state, reason or shop that is none."""
    query = visit.request.query
    states: list[State] = []
    reason = None
    for text in filter(None, query.getall("state", [])):
        name, _, why_waits = text.partition(":")
        if name not in set(State) or (why_waits and why_waits not in set(Wait)):
            raise web.HTTPBadRequest
        states.append(State(name))
        reason = Wait(why_waits) if why_waits else reason
    shop = query.get("shop") or None
    text = query.get("q", "").strip()[:LONGEST_SEARCH]
    return Wanted(text, tuple(dict.fromkeys(states)), reason, shop, before_of(visit))


async def found_orders(visit: Visit, wanted: Wanted, limit: int) -> list[OrderRecord]:
    """The newest orders that the list is about, without what a list has no use for: first what the search names
    exactly."""
    exact: list[OrderRecord] = []
    if wanted.text and wanted.before is None:
        exact = [
            record for record in await visit.store.queries.search_orders(wanted.text) if wanted.fits(record)
        ]
    others = await visit.store.desk.list_orders(
        text=wanted.text,
        states=wanted.states,
        reasons=(wanted.reason,) if wanted.reason else (),
        shop=wanted.shop,
        before=wanted.before,
        limit=limit,
    )
    known = {record.key for record in exact}
    return sorted(exact, key=lambda record: -record.key) + [one for one in others if one.key not in known]


async def rows_of(visit: Visit, keys: Sequence[int]) -> list[Summary]:
    """These orders at a glance, in the same order."""
    found = await summaries(visit, keys)
    return [found[key] for key in keys if key in found]
