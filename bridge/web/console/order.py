"""One order: where it stands and why, what is printed, what was sent and came back, and its history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby

from aiohttp import web

from bridge.decisions.actions import (
    Action,
    list_available_actions,
)
from bridge.decisions.line_overrides import (
    SCOPES,
    Line,
    build_lines,
)
from bridge.decisions.refusals import NotNow
from bridge.decisions.transitions import (
    find_known_reference,
    remap_order,
)
from bridge.errors import NeedsPerson, TryAgain
from bridge.i18n.formatter import mark
from bridge.order.authors import SERVICE
from bridge.order.explanations import (
    describe_next_step,
    translate_with_reasons,
)
from bridge.order.line_overrides import collect_subjects
from bridge.order.matching import NotPrinted, Unmapped
from bridge.order.model import STATUS_MEANING, Design, PrintStatus, RawAnswer
from bridge.order.problems import PROBLEMS, Problem, fill_sentence
from bridge.order.reason_codes import translate_reason
from bridge.order.records import Attempt, OrderRecord
from bridge.order.timeline import describe_event
from bridge.steps.mapping_overrides import with_overrides
from bridge.store.queries import EventRecord
from bridge.web.console.decisions import mark_of
from bridge.web.console.mapping_changes import (
    change_told,
    last_change,
    pending_change,
)
from bridge.web.console.product_pictures import PRODUCT_PICTURES
from bridge.web.console.rendering import asset
from bridge.web.console.request_context import (
    Visit,
    page,
)
from bridge.web.console.sculpteo_search import lookup_text
from bridge.web.console.summaries import summary_of
from bridge.web.console.today import rung
from bridge.web.console.today import told as in_words

LONGEST_BODY = 2000  # characters of an upstream's answer that are shown
ANSWERS = 20  # newest upstream answers that are shown

routes = web.RouteTableDef()

PAYMENTS = {
    "AUTHORIZED": mark("authorized, not taken yet"),
    "EXPIRED": mark("expired"),
    "PAID": mark("paid"),
    "PARTIALLY_PAID": mark("partially paid"),
    "PARTIALLY_REFUNDED": mark("partially refunded"),
    "PENDING": mark("pending"),
    "REFUNDED": mark("refunded"),
    "VOIDED": mark("voided"),
}
"""https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderDisplayFinancialStatus"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timeline; `times` equal ones in a row are one, `last` is the last of them."""

    at: datetime
    last: datetime
    times: int
    who: str
    sentence: str
    decided: bool  # by a person
    quiet: bool  # only word of the order, which changed nothing here


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of the order in words."""

    line: Line
    what: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """An attempt to buy, without its secrets."""

    attempt: Attempt
    request: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    kind: str
    answer: RawAnswer
    body: str


@routes.get("/orders/{key:[0-9]{1,17}}")
@page()
async def order(visit: Visit) -> web.StreamResponse:
    record = await record_of(visit)
    queries = visit.store.queries
    attempts = await queries.list_attempts(record.key)
    answers = (await queries.list_answers(record.key))[-ANSWERS:]
    alarms = await queries.list_alarms(order=record.key)
    lines = await lines_for(visit, record)
    actions = list_available_actions(record) if visit.user.may("operator") else ()
    events = await queries.list_events(record.key)
    pending = await pending_change(visit, record)
    return await visit.show(
        "order.html",
        record=record,
        told=in_words(visit, record),
        summary=summary_of(
            visit, record, await visit.store.watching.load_stalled_since({record.key: record})
        ),
        next=describe_next_step(record.state, record.due_at is not None, visit.reader.translate),
        alarms=[rung(visit, alarm) for alarm in alarms],
        actions=[one for one in actions if visit.user.may(one.role) and not _resolves(one)],
        resolutions=[one for one in actions if _resolves(one)],
        lookup=lookup_text(visit, record, attempts),
        mark=mark_of(record),
        meaning=partial(_meaning, visit),
        known_reference=find_known_reference(record),
        lines=[shown(visit, line) for line in lines],
        payment=_payment(visit, record),
        unmapped=any(line.is_unmapped for line in lines),
        mappable=visit.user.may("operator") and is_mappable(record),
        attempts=[_sent(one) for one in reversed(attempts)],
        answers=[_answered(one.kind, one.answer, attempts) for one in reversed(answers)],
        entries=entries_of(visit, events),
        remapped=change_told(visit, pending) if pending else last_change(visit, record, events),
        admin_url=_admin_url(visit, record),
        tracking_url=visit.console.tracking_page(record.reference) if record.reference else None,
        has_invoice=visit.settings.invoice.mode != "none" and record.snapshot is not None,
    )


def _meaning(visit: Visit, status: str | None) -> str | None:
    """What a status of Sculpteo means."""
    return visit.reader.translate(STATUS_MEANING[PrintStatus(status)]) if status in set(PrintStatus) else None


def _resolves(action: Action) -> bool:
    return action.name in {"placed_as", "not_placed", "drop"}


async def record_of(visit: Visit) -> OrderRecord:
    """The order that the address names. Raises 404."""
    found = await visit.store.queries.find_order(int(visit.request.match_info["key"]))
    if found is None:
        raise web.HTTPNotFound
    return found


async def lines_for(visit: Visit, record: OrderRecord) -> list[Line]:
    """Its lines, judged by the configuration and by what people decided."""
    subjects = collect_subjects(record.snapshot.lines if record.snapshot else ())
    rules = await visit.world.orders.list_line_rules(record.shop, subjects)
    return build_lines(record, with_overrides(visit.world.catalog, rules))


def is_mappable(record: OrderRecord) -> bool:
    """Whether it is not too late to say what its lines are."""
    try:
        remap_order(record, record.updated_at, ())
    except NotNow:
        return False
    return record.snapshot is not None


def shown(visit: Visit, line: Line) -> Shown:
    judged, t = line.judged, visit.t
    if isinstance(judged.match, NotPrinted):
        what = t("Not printed")
    elif isinstance(judged.match, Unmapped):
        what = t("No design is mapped")
        if judged.match.option:
            what = t("No value for {option} = {value}", option=judged.match.option, value=judged.match.value)
    else:
        what = " + ".join(designed(visit, design) for design in line.designs)
    note = None
    if judged.rule:
        scope = t(SCOPES[judged.rule.scope])
        note = t("{who} decided so: {scope}.", who=judged.rule.who, scope=scope)
    elif judged.overruled:
        scope = t(SCOPES[judged.overruled.scope])
        text = "{who} had decided not to print it ({scope}), but the configuration maps it now."
        note = t(text, who=judged.overruled.who, scope=scope)
    elif isinstance(judged.match, NotPrinted):
        note = str(translate_reason(judged.match.rule, visit.reader.translate))
    return Shown(line, what, note)


def designed(visit: Visit, design: Design) -> str:
    """A design in a few words: "2 × QfGQC4YQ · silver · scale 0.87 (cm)"."""
    copies = f"{design.quantity} × " if design.quantity > 1 else ""
    parts = [f"{copies}{design.uuid}", design.material]
    if design.scale:
        scale = visit.t("scale {scale}", scale=visit.reader.format_number(design.scale))
        parts.append(f"{scale} ({design.unit})" if design.unit else scale)
    return " · ".join(part for part in parts if part)


def _payment(visit: Visit, record: OrderRecord) -> str | None:
    status = record.snapshot.financial_status if record.snapshot else None
    return visit.t(PAYMENTS.get(status, status)) if status else None


def entries_of(visit: Visit, events: Iterable[EventRecord]) -> list[Entry]:
    """The timeline, newest first."""

    def said(event: EventRecord) -> tuple[str, str, str]:
        sentence = describe_event(
            event.kind,
            event.facts,
            source=event.source,
            target=event.target,
            reason=event.reason,
            problem=event.problem,
            t=visit.reader.translate,
        )
        return event.who, event.kind, sentence

    found = []
    for (who, kind, sentence), group in groupby(events, key=said):
        run = list(group)
        decided, quiet = who != SERVICE, kind == "news"
        found.append(Entry(run[0].at, run[-1].at, len(run), who, sentence, decided, quiet))
    return found[::-1]


def _sent(attempt: Attempt) -> Sent:
    request = json.dumps(dict(attempt.request), indent=2, ensure_ascii=False) if attempt.request else ""
    answer = attempt.answer
    body = _masked(answer.body[:LONGEST_BODY], [attempt]) if answer else None
    return Sent(attempt, _masked(request, [attempt]), body)


def _answered(kind: str, answer: RawAnswer, attempts: Sequence[Attempt]) -> Answered:
    return Answered(kind, answer, _masked(answer.body[:LONGEST_BODY], attempts))


def _masked(text: str, attempts: Sequence[Attempt]) -> str:
    """Without the secret part of the notification URLs, whoever repeats it."""
    for attempt in attempts:
        text = text.replace(attempt.token, "***")
    return text


def _admin_url(visit: Visit, record: OrderRecord) -> str | None:
    shop = visit.settings.shops.get(record.shop)
    number = record.order_id.rpartition("/")[2]
    return f"https://{shop.domain}/admin/orders/{number}" if shop and number.isdigit() else None


@routes.get("/pictures/{shop}/{number:[0-9]{1,19}}")
@page()
async def picture(visit: Visit) -> web.StreamResponse:
    """Our copy of a product's picture; where this process has none, an icon that stands for any product."""
    where = visit.request.match_info
    found = visit.request.app[PRODUCT_PICTURES].of(visit.console, where["shop"], where["number"])
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    if found is None:
        icon = asset("product.svg")
        return web.Response(status=302, headers={"Location": icon, "Cache-Control": "no-store"})
    return web.Response(body=found.body, content_type=found.kind, headers=headers)


@routes.get("/orders/{key:[0-9]{1,17}}/invoice.pdf")
@page()
async def invoice(visit: Visit) -> web.StreamResponse:
    """The invoice as it would be sent along now."""
    record = await record_of(visit)
    if record.snapshot is None:
        raise web.HTTPNotFound
    try:
        pdf = await visit.world.invoicer.prepare_invoice(record.shop, record.snapshot)
    except NeedsPerson as error:
        sentence = visit.reader.translate(PROBLEMS[Problem.INVOICE].sentence)
        return visit.show_wrong(
            409, fill_sentence(sentence, translate_with_reasons(error.facts, visit.reader.translate))
        )
    except TryAgain as error:
        return visit.show_wrong(503, visit.t("The invoice cannot be had just now: {why}.", why=error.why))
    if pdf is None:
        raise web.HTTPNotFound
    name = "".join(char for char in record.name or str(record.key) if char.isalnum() or char in "-_")
    headers = {"Content-Disposition": f'inline; filename="{name.encode("ascii", "ignore").decode()}.pdf"'}
    return web.Response(body=pdf, content_type="application/pdf", headers=headers)
