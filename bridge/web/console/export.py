"""Lists as CSV files for spreadsheets: the same orders, variants or deeds as the list shows, on all of its pages.

A file is written while it is read, in pieces, and has at most `MOST` rows; one that ends there says so in its last
row. Dates and decimal signs are the reader's, and so is the separator: a spreadsheet expects `;` where numbers have a
comma. What others typed cannot become a formula
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import structlog
from aiohttp import web
from babel.numbers import get_decimal_symbol

from bridge.decisions.line_overrides import SCOPES
from bridge.mapping_review.variants import format_variant_name
from bridge.order.model import Money
from bridge.steps.mapping_overrides import is_overruled
from bridge.web.console.audit_log import (
    ACTIONS,
    OUTCOMES,
)
from bridge.web.console.catalog_refresh import SURVEYS
from bridge.web.console.chart_view import figures_of
from bridge.web.console.mapping import FILTERS, KINDS, wish_of
from bridge.web.console.navigation import STATES
from bridge.web.console.order import designed
from bridge.web.console.orders import found_orders, rows_of, wanted_of
from bridge.web.console.request_context import (
    Visit,
    add_headers,
    page,
)
from bridge.web.console.summaries import Summary

MOST = 20_000  # rows of one file
CHUNK = 200  # orders that are read at once
AT_ONCE = 2  # files that are written at the same time
LONGEST = 300.0  # seconds that one may take
FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet takes for the beginning of a formula; the last four are their wide forms."""

Cell = str | int | Decimal | datetime | date | None
Row = Sequence[Cell]

log = structlog.get_logger("bridge.console")
routes = web.RouteTableDef()
TURNS = web.AppKey("exports", asyncio.Semaphore)


def harmless(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text[:1] in {"\t", "\r", "\n"} or text.lstrip()[:1] in FORMULA else text


class Sheet:
    """Rows as lines of CSV, as the reader's spreadsheet expects them."""

    def __init__(self, visit: Visit) -> None:
        self._reader = visit.reader
        self._decimal = get_decimal_symbol(visit.reader.locale)
        self._file = io.StringIO(newline="")
        self._writer = csv.writer(self._file, delimiter=";" if self._decimal == "," else ",")

    def lines(self, rows: Iterable[Row]) -> bytes:
        self._writer.writerows([self._cell(cell) for cell in row] for row in rows)
        text = self._file.getvalue()
        self._file.seek(0)
        self._file.truncate()
        return text.encode("utf-8", "replace")

    def _cell(self, cell: Cell) -> str:
        match cell:
            case None:
                return ""
            case datetime():
                return f"{cell.astimezone(self._reader.zone):%Y-%m-%d %H:%M:%S}"
            case Decimal():
                return f"{cell:f}".replace(".", self._decimal)
            case str():
                return harmless(cell.replace("\0", ""))
            case _:
                return str(cell)


async def sent(visit: Visit, name: str, heads: Row, rows: AsyncIterator[Sequence[Row]]) -> web.StreamResponse:
    """Answer with a file of these rows, which come in pieces. 503 while others are being written."""
    turns = visit.request.app[TURNS]
    if turns.locked():
        return visit.show_wrong(503, visit.t("Other lists are being exported. Try again in a moment."))
    async with turns:
        first = await anext(rows, None) or ()  # what is wrong from the start is told as a page
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/csv; charset=utf-8",
                "Content-Disposition": f'attachment; filename="{name}-{visit.now:%Y-%m-%d}.csv"',
                "Cache-Control": "no-store",
            }
        )
        add_headers(response, visit.origin)
        await response.prepare(visit.request)
        try:
            async with asyncio.timeout(LONGEST):
                count = await _written(visit, response, heads, _after(first, rows))
                await response.write_eof()
        except ConnectionError:
            return response  # the reader has gone
        except Exception:
            log.exception("a list could not be exported", list=name)
            if visit.request.transport is not None:
                visit.request.transport.abort()  # so that nobody takes the half of a file for the whole
            return response
        await visit.note("export", "done", list=name, rows=count)
        return response


async def _after(first: Sequence[Row], rows: AsyncIterator[Sequence[Row]]) -> AsyncIterator[Sequence[Row]]:
    yield first
    async for piece in rows:
        yield piece


async def _written(
    visit: Visit, response: web.StreamResponse, heads: Row, rows: AsyncIterator[Sequence[Row]]
) -> int:
    sheet, count = Sheet(visit), 0
    await response.write(b"\xef\xbb\xbf" + sheet.lines([heads]))  # the mark by which Excel knows UTF-8
    async for piece in rows:
        taken = piece[: MOST - count]
        count += len(taken)
        await response.write(sheet.lines(taken))
        if len(taken) < len(piece):
            said = visit.reader.n(
                "Only the first {count} row is here.", "Only the first {count} rows are here.", MOST
            )
            await response.write(sheet.lines([[said]]))
            break
    return count


def _timed(visit: Visit, *labels: str) -> list[str]:
    """Heads of columns with times: the zone belongs to them."""
    return [f"{label} ({visit.reader.zone})" for label in labels]


def _money(money: Money | None) -> tuple[Cell, Cell]:
    return (money.amount, money.currency) if money else (None, None)


@routes.get("/orders.csv", allow_head=False)
@page()
async def orders_file(visit: Visit) -> web.StreamResponse:
    t = visit.t
    heads = [
        *(t("Order"), t("Shop"), t("State"), *_timed(visit, t("Since")), t("Why"), t("Customer")),
        *(t("Products"), t("SKU"), t("Units"), t("Total"), t("Currency")),
        *(t("Bought next"), *_timed(visit, t("Bought at")), t("Bought when")),
        *(
            t("Cost of the prints"),
            t("Currency of the cost"),
            t("Sculpteo's reference"),
            t("Tracking numbers"),
        ),
        *_timed(visit, t("Ordered"), t("Came in")),
    ]
    return await sent(visit, "orders", heads, _order_rows(visit))


async def _order_rows(visit: Visit) -> AsyncIterator[Sequence[Row]]:
    """All pages of the list, one look at the store for each piece."""
    wanted, known = replace(wanted_of(visit), before=None), set[int]()
    while True:
        found = await found_orders(visit, wanted, CHUNK)
        keys = [record.key for record in found if record.key not in known]
        if not keys:
            return
        known.update(keys)
        yield [_order_row(visit, summary) for summary in await rows_of(visit, keys)]
        if len(found) < CHUNK:
            return
        wanted = replace(wanted, before=found[-1].key)


def _order_row(visit: Visit, summary: Summary) -> Row:
    record, purchase = summary.record, summary.purchase
    lines = [product.line for product in summary.every]
    return [
        *(record.name or record.order_id, record.shop, visit.t(STATES[record.state]), summary.since),
        *(summary.why, summary.customer),
        ", ".join(f"{product.units} × {product.name}" for product in summary.every),
        ", ".join(dict.fromkeys(line.sku for line in lines if line.sku)),
        sum(product.units for product in summary.every),
        *_money(summary.total),
        ", ".join(purchase.prints) if purchase else None,
        purchase.at if purchase else None,
        purchase.when if purchase else None,
        *_money(record.cost),
        record.reference,
        ", ".join(known.parcel.number for known in record.parcels),
        *(record.created_at, record.first_seen_at),
    ]


@routes.get("/mapping.csv", allow_head=False)
@page()
async def mapping_file(visit: Visit) -> web.StreamResponse:
    t = visit.t
    heads = [
        *("SKU", t("Variant"), t("Shop"), t("What is printed"), t("Price"), t("Cost"), t("Margin")),
        *(t("Currency"), t("Currency of the cost"), t("Findings")),
    ]
    return await sent(visit, "mapping", heads, _mapping_rows(visit))


async def _mapping_rows(visit: Visit) -> AsyncIterator[Sequence[Row]]:
    surveys, wish = visit.request.app[SURVEYS], wish_of(visit)
    survey = surveys.of(visit.console)
    if survey is None:
        return
    look = surveys.look(survey, visit.console, await visit.store.rules.list_rules())
    fits = FILTERS[wish.show][1]
    yield [
        [
            *(row.variant.sku, format_variant_name(row.variant), row.shop),
            " + ".join(designed(visit, design) for design in row.designs),
            *(
                row.price.amount,
                row.cost.amount if row.cost else None,
                row.margin.amount if row.margin else None,
            ),
            *(row.price.currency, row.cost.currency if row.cost else None),
            "; ".join(visit.t(KINDS[finding.kind]) for finding in row.findings),
        ]
        for row in look.rows
        if wish.fits(row) and fits(row)
    ]


@routes.get("/rules.csv", allow_head=False)
@page()
async def rules_file(visit: Visit) -> web.StreamResponse:
    t = visit.t
    heads = [
        *(t("Product"), "SKU", t("What"), t("Who"), *_timed(visit, t("When")), t("In order"), t("Effect")),
    ]

    async def rows() -> AsyncIterator[Sequence[Row]]:
        yield [
            [
                " · ".join((rule.title, *(value for _, value in rule.options))),
                *(rule.sku, t(SCOPES[rule.scope]), rule.who, rule.at, rule.order_name),
                t("none: the configuration maps it")
                if is_overruled(visit.world.catalog, rule)
                else t("not printed"),
            ]
            for rule in await visit.store.rules.list_rules()
        ]

    return await sent(visit, "not-printed", heads, rows())


@routes.get("/deeds.csv", allow_head=False)
@page("owner")
async def deeds_file(visit: Visit) -> web.StreamResponse:
    t = visit.t
    heads = [
        *_timed(visit, t("When")),
        t("Who"),
        t("What"),
        t("Outcome"),
        t("Order"),
        t("Details"),
        t("Address"),
    ]

    async def rows() -> AsyncIterator[Sequence[Row]]:
        before: int | None = None
        while found := await visit.store.sessions.list_audit_entries(before=before, limit=CHUNK):
            before = found[-1].key
            yield [
                [
                    *(deed.at, deed.who, t(ACTIONS.get(deed.action, deed.action))),
                    *(t(OUTCOMES.get(deed.outcome, deed.outcome)), deed.order_name),
                    ", ".join(f"{name}: {value}" for name, value in deed.facts.items() if value is not None),
                    deed.address,
                ]
                for deed in found
            ]

    return await sent(visit, "audit-log", heads, rows())


@routes.get("/figures.csv", allow_head=False)
@page()
async def figures_file(visit: Visit) -> web.StreamResponse:
    """Each of the last days, those without an order too."""
    t, currency = visit.t, visit.world.policy.currency
    heads = [t("Day"), t("Orders"), t("Hours to ship (median)"), t("Cost"), t("Margin"), t("Currency")]

    async def rows() -> AsyncIterator[Sequence[Row]]:
        figures = await figures_of(visit, patience=30)
        yield [
            [
                *(day.day, day.orders, _hours(day.time_to_ship), day.cost, day.margin, currency),
            ]
            for day in (figures.days if figures else ())
        ]

    return await sent(visit, "days", heads, rows())


def _hours(time: timedelta | None) -> Decimal | None:
    return None if time is None else round(Decimal(time.total_seconds()) / 3600, 2)
