"""Mapping: each variant of the shops beside what is printed for it, its price, cost and margin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from bridge.i18n.formatter import mark
from bridge.mapping_review.findings import (
    Finding,
    FindingKind,
)
from bridge.mapping_review.review import MappingReview
from bridge.mapping_review.variants import (
    Row,
    format_variant_name,
)
from bridge.order.matching import NotPrinted, Unmapped
from bridge.web.console.catalog_refresh import SURVEYS
from bridge.web.console.request_context import (
    Visit,
    page,
)

ROWS = 100  # variants of one page
LONGEST_SEARCH = 100  # characters

KINDS: dict[FindingKind, str] = {
    FindingKind.UNMAPPED: mark("unmapped"),
    FindingKind.OPTION: mark("option without value"),
    FindingKind.NO_OPTION: mark("option missing"),
    FindingKind.NO_SKU: mark("no SKU"),
    FindingKind.DUPLICATE: mark("duplicate SKU"),
    FindingKind.DEAD: mark("dead"),
    FindingKind.MATERIAL: mark("material gone"),
    FindingKind.DESIGN: mark("design without price"),
    FindingKind.UNANSWERED: mark("no answer"),
    FindingKind.LOSS: mark("below cost"),
}
STATUSES = {
    "ACTIVE": mark("active"),
    "ARCHIVED": mark("archived"),
    "DRAFT": mark("draft"),
    "UNLISTED": mark("unlisted"),
}

Fits = Callable[[Row], bool]
FILTERS: dict[str, tuple[str, Fits]] = {
    "": (mark("All variants"), lambda row: True),
    "amiss": (mark("Amiss"), lambda row: bool(row.findings)),
    "unmapped": (mark("Unmapped"), lambda row: row.on_sale and isinstance(row.match, Unmapped)),
    "printed": (mark("Printed"), lambda row: row.on_sale and bool(row.designs)),
    "ignored": (mark("Not printed"), lambda row: row.on_sale and isinstance(row.match, NotPrinted)),
    "off": (mark("Not on sale"), lambda row: not row.on_sale),
}

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Wish:
    """Which variants a page shows: its address, read."""

    show: str = ""
    text: str = ""
    shop: str = ""
    number: int = 1

    def fits(self, row: Row) -> bool:
        """All but the filter that the tabs choose, so that they can count."""
        words = f"{row.variant.sku or ''} {format_variant_name(row.variant)}".casefold()
        return (not self.shop or row.shop == self.shop) and self.text.casefold() in words

    def link(self, **changes: object) -> str:
        """The address of the same page with something else."""
        asked = {"show": self.show, "q": self.text, "shop": self.shop, "page": self.number, **changes}
        kept = {
            key: value
            for key, value in asked.items()
            if value not in ("", None) and (key, value) != ("page", 1)
        }
        return "/mapping" + (f"?{urlencode(kept)}" if kept else "")

    @property
    def file(self) -> str:
        """The address of the same variants, all pages of them, as a file."""
        return self.link(page=1).replace("/mapping", "/mapping.csv", 1)


@dataclass(frozen=True, slots=True)
class Told:
    """A finding in words."""

    label: str
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A row in words."""

    row: Row
    name: str
    href: str
    findings: Sequence[Told]


@routes.get("/mapping")
@page()
async def mapping(visit: Visit) -> web.StreamResponse:
    surveys = visit.request.app[SURVEYS]
    survey, wish = surveys.of(visit.console), wish_of(visit)
    values: dict[str, Any] = {
        "survey": survey,
        "wish": wish,
        "progress": surveys.progress,
        "running": surveys.running,
        "shops": list(visit.settings.shops),
    }
    if survey is not None:
        look = surveys.look(survey, visit.console, await visit.store.rules.list_rules())
        values |= _values(visit, look, wish)
    return await visit.show("mapping.html", **values)


def wish_of(visit: Visit) -> Wish:
    """Raises 400 for what no link of ours has."""
    query = visit.request.query
    show, shop, number = query.get("show", ""), query.get("shop", ""), query.get("page", "1")
    sane = show in FILTERS and (not shop or shop in visit.settings.shops)
    if not sane or not (number.isascii() and number.isdigit() and 0 < len(number) < 6 and int(number)):
        raise web.HTTPBadRequest
    return Wish(show, query.get("q", "").strip()[:LONGEST_SEARCH], shop, int(number))


def _values(visit: Visit, look: MappingReview, wish: Wish) -> dict[str, Any]:
    near = [row for row in look.rows if wish.fits(row)]
    rows = [row for row in near if FILTERS[wish.show][1](row)]
    last = max(1, -(-len(rows) // ROWS))
    start = (min(wish.number, last) - 1) * ROWS
    return {
        "look": look,
        "tabs": [(name, label, sum(map(fits, near))) for name, (label, fits) in FILTERS.items()],
        "rows": [_shown(visit, row) for row in rows[start : start + ROWS]],
        "count": len(rows),
        "first": start + 1,
        "last_page": last,
        "dead": [_told(visit, finding) for finding in look.dead],
        "amiss": len(look.findings),
        "statuses": STATUSES,
    }


def _shown(visit: Visit, row: Row) -> Shown:
    domain = visit.settings.shops[row.shop].domain
    href = f"https://{domain}/admin/products/{quote(row.variant.product_id.rpartition('/')[2], safe='')}"
    return Shown(
        row, format_variant_name(row.variant), href, [_told(visit, finding, row) for finding in row.findings]
    )


def _told(visit: Visit, finding: Finding, row: Row | None = None) -> Told:
    said = visit.reader.translate
    if finding.kind is FindingKind.LOSS and row is not None:
        money = {"cost": visit.reader.format_money(row.cost), "price": visit.reader.format_money(row.price)}
        finding = Finding(finding.kind, {**finding.facts, **money})
    return Told(visit.t(KINDS[finding.kind]), finding.format_sentence(said), finding.format_remedy(said))


@routes.post("/mapping/check")
@page("operator")
async def check(visit: Visit) -> web.StreamResponse:
    """Read the shops and ask for every price anew. Pressed twice, it runs once."""
    new = visit.request.app[SURVEYS].start(visit.console, fresh=True)
    if new:
        await visit.note("survey", "done")
    text = (
        visit.t("The shops and Sculpteo are being asked.")
        if new
        else visit.t("They are being asked already.")
    )
    return visit.back_to("/mapping", text)
